//! What docs/PROMISES.md promises, each promise in its own file, of an engine in this process against real stores. One
//! program: sixteen of them, each with all of the engine in it, would fill a disk.

mod cancel;
mod cards;
mod claims;
mod downloads;
mod ingest;
mod keys;
mod portals;
mod proof;
mod receipt;
mod recording;
mod regions;
mod resume;
mod rights;
mod source;
#[path = "../support/mod.rs"]
mod support;
mod twins;
mod watching;
