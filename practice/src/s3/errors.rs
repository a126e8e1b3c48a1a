//! The storage's refusals in S3's words, and the errors of request bodies.
//! May not live here: decisions.

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, s3_error};

use crate::store::Refusal;

impl From<Refusal> for S3Error {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::NoSuchBucket => S3ErrorCode::NoSuchBucket,
            Refusal::BucketExists => S3ErrorCode::BucketAlreadyOwnedByYou,
            Refusal::BucketNotEmpty => S3ErrorCode::BucketNotEmpty,
            Refusal::NoSuchKey => S3ErrorCode::NoSuchKey,
            Refusal::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            Refusal::PreconditionFailed => S3ErrorCode::PreconditionFailed,
            Refusal::InvalidPart { .. } => S3ErrorCode::InvalidPart,
            Refusal::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
            Refusal::EntityTooSmall { .. } => S3ErrorCode::EntityTooSmall,
            Refusal::BadDigest(_) => S3ErrorCode::BadDigest,
            Refusal::Contradiction(_) => S3ErrorCode::InvalidRequest,
            Refusal::IncompleteBody => S3ErrorCode::IncompleteBody,
            Refusal::Body(source) => return of_body(&source.to_string()),
            Refusal::Disk(error) => {
                return s3_error!(InternalError, "The practice newsroom's disk refused: {}", error.kind());
            }
        };
        S3Error::with_message(code, capitalised(&refusal.to_string()))
    }
}

/// What went wrong while a body was read. s3s checks the body's own signatures in streams whose errors are private
/// types: only their text tells them apart. `tests/signatures.rs` holds each.
fn of_body(text: &str) -> S3Error {
    if text.contains("Sha256Mismatch") {
        custom(
            "XAmzContentSHA256Mismatch",
            StatusCode::BAD_REQUEST,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    } else if text.contains("SignatureMismatch") {
        s3_error!(SignatureDoesNotMatch, "The signature of a chunk of the body is wrong.")
    } else {
        s3_error!(IncompleteBody, "The body ended early or is not framed as announced.")
    }
}

/// An error with a code that s3s does not know.
pub(super) fn custom(code: &'static str, status: StatusCode, message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(status);
    error
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
