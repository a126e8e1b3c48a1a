//! The engine of Rushes: everything that works without a window. See docs/ARCHITECTURE.md for the rooms, in the order
//! that a byte meets them. Nothing here knows Tauri, the window or the command line.

mod add;
pub mod api;
pub mod attach;
mod clock;
mod conductor;
mod core;
pub mod credentials;
pub mod deadline;
mod drive;
mod engine;
pub mod error;
mod eta;
mod footage;
mod gauge;
mod hedge;
pub mod home;
pub mod integrity;
mod journal;
pub mod keys;
mod lane;
pub mod limit;
mod live;
pub mod names;
mod pace;
pub mod parts;
mod portal;
mod positioned;
pub mod profile;
mod queue;
mod reach;
mod s3;
mod serve;
mod sink;
mod source;
mod standing;
mod stretch;
pub mod threads;
pub mod transfer;
mod update;
pub mod uplink;
mod watch;
mod wire;
mod wishes;

pub use conductor::Scope;
