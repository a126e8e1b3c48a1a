//! What can go wrong when a practice newsroom is opened, served or filled, by what the caller can do about it.
//! May not live here: the refusals of single S3 requests (`store/refusal.rs`).

use std::io;
use std::path::PathBuf;

/// Why a practice newsroom could not be opened, served or filled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// Another process serves this folder. Attach to `endpoint` where it is known; it is unknown while that process
    /// is still starting.
    #[error("another process serves this practice newsroom already")]
    ServedAlready { endpoint: Option<String> },
    /// The port that was asked for is taken, by whomever.
    #[error("port {port} is taken")]
    PortTaken { port: u16 },
    /// No port of the loopback address could be listened on.
    #[error("cannot listen on 127.0.0.1")]
    Listen(#[source] io::Error),
    /// The folder cannot be made, read or written: no permission, a full disk, a file in its place.
    #[error("cannot use the folder {}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// The sample clips could not be put into the bucket.
    #[error("cannot put the sample clips")]
    Fill(#[source] io::Error),
}
