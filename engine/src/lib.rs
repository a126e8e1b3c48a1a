//! The engine of Rushes: everything that works without a window. See docs/ARCHITECTURE.md for the rooms, in the order
//! that a byte meets them. Nothing here knows Tauri, the window or the command line.

mod add;
pub mod api;
pub mod attach;
mod clock;
mod conductor;
mod core;
pub mod credentials;
mod drive;
mod engine;
pub mod error;
mod eta;
mod footage;
mod hedge;
pub mod home;
pub mod integrity;
mod journal;
pub mod keys;
mod lane;
mod live;
pub mod names;
mod pace;
pub mod parts;
mod positioned;
pub mod profile;
mod queue;
mod reach;
mod s3;
mod serve;
mod sink;
mod source;
mod stretch;
pub mod transfer;
mod update;
mod watch;
mod wire;

pub use conductor::Scope;
