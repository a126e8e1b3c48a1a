//! Far links on one computer, and transfers over them, measured: Rushes' and those of the tools that a producer would
//! use instead.
//!
//! - [`link`]: two networks and what lies between them;
//! - [`course`]: a link with a store at its far end, where a tool moves clips once;
//! - [`tools`], [`clips`]: who moves what; [`spent`]: what that took;
//! - [`sample`], [`report`]: what was seen, and how it is shown.
//!
//! May not live here: anything of the engine. Made for Linux; links need root.

pub mod clips;
pub mod course;
pub mod link;
mod plot;
pub mod report;
pub mod sample;
pub mod spent;
pub mod tools;

pub use course::{Course, Way};
pub use sample::Sample;
pub use tools::{Direction, Job, Launch, Tool};
