//! The practice newsroom: an S3 server on plain files and on loopback only, for trying Rushes without an account and
//! for tests.
//!
//! ```no_run
//! # async fn example() -> Result<(), rushes_practice::Trouble> {
//! use rushes_practice::{BUCKET, Keys, serve};
//!
//! let keys = Keys::fresh();
//! let practice = serve("practice".as_ref(), keys.clone(), None).await?;
//! practice.fill().await?;
//! println!("{} has {BUCKET}, for {}", practice.endpoint(), keys.access_key_id);
//! practice.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! `server` opens and serves a folder; `front`, `host` and `access` see to a request before it is understood; `s3`
//! understands it; `store` keeps what is true. Each knows only those named after it. What is promised, and proved by
//! `tests/`:
//!
//! - An object or part is there whole or not at all, and stays after a kill or a power cut once it was acknowledged.
//! - Preconditions are decided at the moment of publishing: of writers that race, one wins.
//! - A read that was begun ends with the bytes it began with, whatever happens to the object.
//! - Checksums are checked where they are stated, and CRC64NVME is known of every object and part.
//! - Keys are only keys: none is ever part of a path.
//!
//! May not live here: anything of the engine. Of Rushes this crate knows two names of metadata, in `clips`.

mod access;
mod clips;
mod front;
mod host;
mod keys;
mod s3;
mod server;
mod store;
mod trouble;

pub use keys::Keys;
pub use server::{Serving, serve};
pub use trouble::Trouble;

/// The bucket that is there from the start, and that [`Serving::fill`] fills.
pub const BUCKET: &str = "practice-footage";
/// The region that clients are to name.
pub const REGION: &str = "us-east-1";
