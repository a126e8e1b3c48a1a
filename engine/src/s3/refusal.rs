//! What went wrong with a request, sorted by what can be done about it, in one table. The sentences are the reporter's;
//! S3's own words go into the detail. Request headers and signatures never do.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::{RequestId, RequestIdExt};
use aws_smithy_runtime_api::http::Response;

use crate::error::{Code, Error};
use crate::route;

/// What a driver does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Send it again: the store stumbled, or bytes were damaged on the way.
    Again,
    /// Send it again later: the store asked for patience.
    Later,
    /// The network or the store is not there: wait for it.
    Network,
    /// The keys: wait for the user.
    Credentials,
    /// The keys have run out, and new ones are got: send it again.
    RanOut,
    /// There is no such multipart upload (any more).
    NoUpload,
    /// The parts named in a Complete are not the parts that the store has.
    WrongParts,
    /// There is no such object.
    NoObject,
    /// An If-Match or If-None-Match did not hold.
    Condition,
    /// The store does not know this call or option.
    Unsupported,
    /// This way to the bucket is closed. Others may be open.
    NoWay,
    /// This way does not have this object, or not this version of it. Others may.
    NotHere,
    /// It will not get better by itself.
    Fail,
}

#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub class: Class,
    pub error: Error,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
}

pub(super) struct Names<'a> {
    pub bucket: &'a str,
    pub region: &'a str,
    pub endpoint: Option<&'a str>,
}

impl Names<'_> {
    fn store(&self) -> &str {
        self.endpoint.unwrap_or("AWS")
    }
}

pub(super) fn sort<E>(error: SdkError<E>, names: &Names<'_>) -> Refusal
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    // What our own credentials provider said is the truth, whichever way the SDK wrapped it.
    if let Some(ours) = find_ours(&error) {
        let class = match ours.code {
            Code::Offline => Class::Network,
            Code::Throttled => Class::Later,
            Code::AccessDenied => Class::Fail,
            _ => Class::Credentials,
        };
        return Refusal { class, error: ours, status: None };
    }
    match &error {
        SdkError::ServiceError(answered) => {
            let meta = answered.err().meta();
            let raw = answered.raw();
            let status = raw.status().as_u16();
            let said = meta.message().unwrap_or("");
            let (class, code, message) = match meta.code().unwrap_or("") {
                // S3 has no code of its own for it.
                "InvalidRequest" if said.contains("Transfer Acceleration") => {
                    (Class::NoWay, Code::StoreRefused, route::acceleration_is_off(names.bucket))
                }
                s3_code => by_code(s3_code, status, raw, names),
            };
            let detail = format!(
                "{} {}: {} (request {}, {})",
                status,
                meta.code().unwrap_or("without a code"),
                meta.message().unwrap_or("no message"),
                meta.request_id().or_else(|| header(raw, "x-amz-request-id")).unwrap_or("unnumbered"),
                meta.extended_request_id().unwrap_or("-"),
            );
            Refusal { class, error: Error::new(code, message).because(detail), status: Some(status) }
        }
        SdkError::ResponseError(answered) => {
            let status = answered.raw().status().as_u16();
            let message = format!("{} gave an answer that is not S3's. It is tried again.", names.store());
            Refusal {
                class: Class::Again,
                error: Error::new(Code::StoreRefused, message).because(chain(&error)),
                status: Some(status),
            }
        }
        SdkError::ConstructionFailure(_) => Refusal {
            class: Class::Fail,
            error: Error::new(Code::BadInput, "This request cannot be made; check the profile.").because(chain(&error)),
            status: None,
        },
        // Dispatch and time-outs, and what the SDK may add: no answer came.
        _ => Refusal {
            class: Class::Network,
            error: Error::new(
                Code::Offline,
                format!("{} cannot be reached. It goes on by itself when the network is back.", names.store()),
            )
            .because(chain(&error)),
            status: None,
        },
    }
}

const DENIED: [&str; 3] = ["AccessDenied", "AllAccessDisabled", "AccountProblem"];

fn by_code(s3_code: &str, status: u16, raw: &Response, names: &Names<'_>) -> (Class, Code, String) {
    let bucket = names.bucket;
    match (s3_code, status) {
        ("NoSuchUpload", _) => (
            Class::NoUpload,
            Code::StoreRefused,
            "The unfinished upload is gone from the bucket; it begins again.".into(),
        ),
        ("InvalidPart" | "InvalidPartOrder", _) => (
            Class::WrongParts,
            Code::StoreRefused,
            "The bucket holds other parts than were sent; they are compared.".into(),
        ),
        ("NoSuchBucket", _) => (
            Class::Fail,
            Code::NoSuchBucket,
            format!(
                "There is no bucket named {bucket} at {}. Correct the newsroom's bucket, then retry.",
                names.store()
            ),
        ),
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _) | (_, 301) => {
            let place =
                header(raw, "x-amz-bucket-region").map_or("another region".to_owned(), |r| format!("region {r}"));
            (
                Class::Fail,
                Code::NoSuchBucket,
                format!(
                    "The bucket {bucket} is in {place}, not in {}. Correct the newsroom's region, then retry.",
                    names.region
                ),
            )
        }
        ("PreconditionFailed" | "ConditionalRequestConflict", _) | (_, 412) => (
            Class::Condition,
            Code::ObjectChanged,
            "The clip in the bucket changed meanwhile. Retry to take the new one.".into(),
        ),
        ("InvalidRange", _) | (_, 416) => (
            Class::Condition,
            Code::ObjectChanged,
            "The clip in the bucket became shorter. Retry to take the new one.".into(),
        ),
        (
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "AuthFailure"
            | "UnrecognizedClientException",
            _,
        ) => (
            Class::Credentials,
            Code::WrongCredentials,
            format!("{} does not accept the keys for {bucket}. Enter them again, then retry.", names.store()),
        ),
        ("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired", _) => (
            Class::RanOut,
            Code::KeysRanOut,
            format!("The keys for {bucket} have run out. Enter new ones, then retry."),
        ),
        // The SDK has taken the store's time from this answer, and signs with that from now on.
        ("RequestTimeTooSkewed" | "RequestExpired", _) => (
            Class::Again,
            Code::ClockSkewed,
            "This computer's clock is wrong, and S3 refuses it. Set the time, then retry.".into(),
        ),
        (
            "SlowDown" | "Throttling" | "ThrottlingException" | "TooManyRequests" | "RequestLimitExceeded" | "Busy",
            _,
        )
        | (_, 429 | 503) => {
            (Class::Later, Code::Throttled, "The store asked to slow down. It goes on in a moment.".into())
        }
        (
            "RequestTimeout"
            | "IncompleteBody"
            | "BadDigest"
            | "InvalidDigest"
            | "XAmzContentChecksumMismatch"
            | "XAmzContentSHA256Mismatch"
            | "OperationAborted",
            _,
        ) => (Class::Again, Code::StoreRefused, "Bytes were damaged or lost on the way; they are sent again.".into()),
        ("NotImplemented" | "MethodNotAllowed", _) | (_, 405 | 501) => {
            (Class::Unsupported, Code::StoreRefused, "This store cannot do that.".into())
        }
        ("NoSuchKey" | "NoSuchVersion" | "NotFound", _) | (_, 404) => {
            (Class::NoObject, Code::NoSuchKey, "The clip is not in the bucket (any more).".into())
        }
        ("EntityTooLarge", _) => (Class::Fail, Code::TooLarge, "The store takes no file as large as this one.".into()),
        (_, 500..) => (Class::Again, Code::StoreRefused, format!("{} stumbled. It is tried again.", names.store())),
        (code, status) if DENIED.contains(&code) || matches!(status, 401 | 403) => (
            // A bare one, or one that nobody knows, may be a proxy's, or damaged on its way: it must say so more than once.
            if DENIED.contains(&code) { Class::Fail } else { Class::Again },
            Code::AccessDenied,
            format!("Your keys may not do this in {bucket}. Ask IT for the right, then retry."),
        ),
        _ => (Class::Fail, Code::StoreRefused, format!("{} refused the request.", names.store())),
    }
}

fn header<'a>(raw: &'a Response, name: &str) -> Option<&'a str> {
    raw.headers().get(name)
}

fn find_ours(error: &(dyn StdError + 'static)) -> Option<Error> {
    let mut cause = Some(error);
    while let Some(e) = cause {
        if let Some(ours) = e.downcast_ref::<Error>() {
            return Some(ours.clone());
        }
        cause = e.source();
    }
    None
}

/// All causes, the outermost first.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        text.push_str(": ");
        text.push_str(&e.to_string());
        cause = e.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::SdkBody;

    use super::*;

    /// Every class of the table, by what stores really answer.
    #[test]
    fn refusals_by_table() {
        let names = Names { bucket: "footage", region: "eu-central-1", endpoint: None };
        for (s3_code, status, class, code) in [
            ("InternalError", 500, Class::Again, Code::StoreRefused),
            ("", 502, Class::Again, Code::StoreRefused),
            ("RequestTimeout", 400, Class::Again, Code::StoreRefused),
            ("BadDigest", 400, Class::Again, Code::StoreRefused),
            ("IncompleteBody", 400, Class::Again, Code::StoreRefused),
            ("SlowDown", 503, Class::Later, Code::Throttled),
            ("ServiceUnavailable", 503, Class::Later, Code::Throttled),
            ("", 429, Class::Later, Code::Throttled),
            ("ExpiredToken", 400, Class::RanOut, Code::KeysRanOut),
            ("InvalidAccessKeyId", 403, Class::Credentials, Code::WrongCredentials),
            ("SignatureDoesNotMatch", 403, Class::Credentials, Code::WrongCredentials),
            ("RequestTimeTooSkewed", 403, Class::Again, Code::ClockSkewed),
            ("AccessDenied", 403, Class::Fail, Code::AccessDenied),
            ("", 403, Class::Again, Code::AccessDenied),
            ("AccesqDenied", 403, Class::Again, Code::AccessDenied),
            ("NoSuchBucket", 404, Class::Fail, Code::NoSuchBucket),
            ("PermanentRedirect", 301, Class::Fail, Code::NoSuchBucket),
            ("NoSuchUpload", 404, Class::NoUpload, Code::StoreRefused),
            ("NoSuchKey", 404, Class::NoObject, Code::NoSuchKey),
            ("InvalidPart", 400, Class::WrongParts, Code::StoreRefused),
            ("PreconditionFailed", 412, Class::Condition, Code::ObjectChanged),
            ("ConditionalRequestConflict", 409, Class::Condition, Code::ObjectChanged),
            ("InvalidRange", 416, Class::Condition, Code::ObjectChanged),
            ("NotImplemented", 501, Class::Unsupported, Code::StoreRefused),
            ("EntityTooLarge", 400, Class::Fail, Code::TooLarge),
            ("SomethingNew", 400, Class::Fail, Code::StoreRefused),
        ] {
            let raw = Response::new(status.try_into().unwrap(), SdkBody::empty());
            let (got, is, message) = by_code(s3_code, status, &raw, &names);
            assert_eq!((got, is), (class, code), "{s3_code} {status}");
            assert!(message.ends_with('.'), "{message}");
        }
    }
}
