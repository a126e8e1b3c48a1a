//! Why the storage refuses a request: S3's reasons, without S3's spelling of them.
//! May not live here: error codes, status codes and XML (`s3/errors.rs`).

use std::io;

/// Why a request was refused. Nothing has changed when one is returned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the bucket does not exist")]
    NoSuchBucket,
    #[error("the bucket exists already")]
    BucketExists,
    #[error("the bucket still holds objects")]
    BucketNotEmpty,
    #[error("the key does not exist")]
    NoSuchKey,
    #[error("the multipart upload does not exist; it may have been aborted or completed")]
    NoSuchUpload,
    /// If-Match or If-None-Match does not hold.
    #[error("a precondition does not hold")]
    PreconditionFailed,
    #[error("part {number} was not uploaded, or its ETag or checksum is another one")]
    InvalidPart { number: u16 },
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    #[error("part {number} is smaller than the least size of a part, and is not the last one")]
    EntityTooSmall { number: u16 },
    /// A stated checksum is not that of the bytes; which one is named.
    #[error("the {0} that was stated is not that of the bytes received")]
    BadDigest(&'static str),
    /// The request contradicts itself or the upload that it belongs to.
    #[error("{0}")]
    Contradiction(String),
    /// The body ended before or after the length that was announced.
    #[error("the body is not as long as was announced")]
    IncompleteBody,
    /// The client vanished in the middle of a body, or the body's own signature is wrong.
    #[error("the body could not be read")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the disk refused")]
    Disk(#[from] io::Error),
}
