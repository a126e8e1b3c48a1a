//! What went wrong with a request, sorted by what can be done about it, in one table. The sentences are the reporter's;
//! S3's own words go into the detail. Request headers and signatures never do.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::{RequestId, RequestIdExt};
use aws_smithy_runtime_api::http::Response;

use crate::error::{Code, Error, chain};
use crate::rights::action;
use crate::route;
use crate::wire::Obstacle;

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

impl From<&Obstacle> for Refusal {
    fn from(obstacle: &Obstacle) -> Refusal {
        let error = obstacle.told();
        let class = match error.code {
            // Asked again and again with what it does not accept, a proxy may lock the account.
            Code::ProxyCredentials => Class::Credentials,
            Code::BadInput => Class::Fail,
            // Another network, or a word with IT, and it is gone.
            _ => Class::Network,
        };
        Refusal { class, error, status: None }
    }
}

pub(super) struct Names<'a> {
    pub bucket: &'a str,
    pub region: &'a str,
    pub endpoint: Option<&'a str>,
    /// What IAM calls that which was asked for.
    pub action: &'a str,
    /// The key or prefix that it was asked of; empty for the bucket itself.
    pub on: &'a str,
}

impl Names<'_> {
    fn store(&self) -> &str {
        self.endpoint.unwrap_or("AWS")
    }

    /// The bucket, or the first folder in it: keys are long, and may come from a bucket that holds what nobody expects.
    fn place(&self) -> String {
        let Some((folder, _)) = self.on.split_once('/') else { return self.bucket.to_owned() };
        let folder: String = folder.chars().take(MOST_OF_FOLDER).filter(|c| !c.is_control()).collect();
        format!("{}/{folder}/", self.bucket)
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
    // What stands in the way is nobody at the store.
    if let Some(obstacle) = Obstacle::within(&error) {
        return obstacle.into();
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
                s3_code => by_code(s3_code, status, said, raw, names),
            };
            let mut detail = format!(
                "{} {}: {} (request {}, {})",
                status,
                meta.code().unwrap_or("without a code"),
                meta.message().unwrap_or("no message"),
                meta.request_id().or_else(|| header(raw, "x-amz-request-id")).unwrap_or("unnumbered"),
                meta.extended_request_id().unwrap_or("-"),
            );
            if code == Code::AccessDenied {
                detail.push_str(&format!("; asked for {} on {}/{}", names.action, names.bucket, names.on));
            }
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

/// So much of a folder's name is shown.
const MOST_OF_FOLDER: usize = 60;

/// The permission that S3 itself names in "User: … is not authorized to perform: s3:PutObject on resource: …".
fn named(said: &str) -> Option<&str> {
    let (_, after) = said.split_once("not authorized to perform: ")?;
    let action = after.split_whitespace().next()?;
    let (service, call) = action.split_once(':')?;
    let is_word =
        |word: &str| (1..=64).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (is_word(service) && is_word(call)).then_some(action)
}

fn denied(said: &str, names: &Names<'_>) -> String {
    let action = named(said).unwrap_or(names.action);
    // A key that encrypts the bucket is not in it.
    let at = if action.starts_with("s3:") { "in" } else { "for" };
    format!("Your keys may not do {action} {at} {}. Ask IT for that permission, then retry.", names.place())
}

fn by_code(s3_code: &str, status: u16, said: &str, raw: &Response, names: &Names<'_>) -> (Class, Code, String) {
    let bucket = names.bucket;
    match (s3_code, status) {
        // Reading is allowed, or S3 would name that: the object is not there, and only who may list is told so.
        ("AccessDenied", _) if names.action == action::GET && named(said) == Some(action::LIST) => {
            (Class::NoObject, Code::NoSuchKey, "The clip is not in the bucket (any more).".into())
        }
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
            denied(said, names),
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

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::SdkBody;

    use super::*;

    /// Every class of the table, by what stores really answer.
    #[test]
    fn refusals_by_table() {
        let names = names(action::PUT, "Nairobi/a.mxf");
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
            let (got, is, message) = by_code(s3_code, status, "", &raw, &names);
            assert_eq!((got, is), (class, code), "{s3_code} {status}");
            assert!(message.ends_with('.'), "{message}");
        }
    }

    fn names<'a>(action: &'a str, on: &'a str) -> Names<'a> {
        Names { bucket: "footage", region: "eu-central-1", endpoint: None, action, on }
    }

    fn refused(said: &str, names: &Names<'_>) -> (Class, Code, String) {
        let raw = Response::new(403.try_into().unwrap(), SdkBody::empty());
        by_code("AccessDenied", 403, said, &raw, names)
    }

    /// The permission that is missing stands in the sentence, and where it is missing.
    #[test]
    fn a_missing_permission_is_named() {
        for (action, on, sentence) in [
            (action::PUT, "Manila/2026-11-22/a.mxf", "Your keys may not do s3:PutObject in footage/Manila/."),
            (action::PUT, "a.mxf", "Your keys may not do s3:PutObject in footage."),
            (action::ABORT, "Manila/a.mxf", "Your keys may not do s3:AbortMultipartUpload in footage/Manila/."),
            (action::LIST_PARTS, "Manila/a", "Your keys may not do s3:ListMultipartUploadParts in footage/Manila/."),
            (action::GET, "Manila/a", "Your keys may not do s3:GetObject in footage/Manila/."),
            (action::LIST, "", "Your keys may not do s3:ListBucket in footage."),
            (action::LIST, "Manila/", "Your keys may not do s3:ListBucket in footage/Manila/."),
            (action::ACCELERATION, "", "Your keys may not do s3:GetAccelerateConfiguration in footage."),
            (action::GET, "a\u{1b}[2J/b", "Your keys may not do s3:GetObject in footage/a[2J/."),
        ] {
            let (class, code, message) = refused("Access Denied", &names(action, on));
            assert_eq!((class, code), (Class::Fail, Code::AccessDenied));
            assert_eq!(message, format!("{sentence} Ask IT for that permission, then retry."));
        }
        let long = "x".repeat(500);
        assert!(refused("", &names(action::GET, &format!("{long}/a"))).2.len() < 200);
    }

    /// S3 knows best which one it was.
    #[test]
    fn the_permission_that_s3_names_goes_before_ours() {
        let told = |action: &str| {
            format!(
                "User: arn:aws:iam::123456789012:user/box is not authorized to perform: {action} on resource: \
                 \"arn:aws:s3:::footage/Manila/a.mxf\" because no identity-based policy allows the {action} action"
            )
        };
        let put = names(action::PUT, "Manila/a.mxf");
        for (action, at) in
            [("s3:PutObjectTagging", "in"), ("kms:GenerateDataKey", "for"), ("s3-object-lambda:GetObject", "for")]
        {
            let (class, code, message) = refused(&told(action), &put);
            assert_eq!((class, code), (Class::Fail, Code::AccessDenied));
            assert!(message.starts_with(&format!("Your keys may not do {action} {at} footage/Manila/.")), "{message}");
        }
        // What is no name of a permission is not shown as one.
        for nonsense in ["everything", "s3:", "s3:<b>", "s3:Put\u{1b}[2J", ":PutObject", ""] {
            assert!(refused(&told(nonsense), &put).2.contains(" s3:PutObject in"), "{nonsense:?}");
        }
        assert!(refused(&format!("is not authorized to perform: s3:{}", "x".repeat(500)), &put).2.len() < 200);
    }

    /// To keys that may read and not list, S3 says nothing else of what is not there.
    #[test]
    fn a_reading_that_is_refused_for_want_of_a_listing_found_no_object() {
        let told = "User: u is not authorized to perform: s3:ListBucket on resource: \"arn:aws:s3:::footage\"";
        let of = |action, on| {
            let (class, code, _) = refused(told, &names(action, on));
            (class, code)
        };
        assert_eq!(of(action::GET, "Nairobi/a.mxf"), (Class::NoObject, Code::NoSuchKey));
        assert_eq!(of(action::LIST, ""), (Class::Fail, Code::AccessDenied));
        assert_eq!(of(action::PUT, "Nairobi/a.mxf"), (Class::Fail, Code::AccessDenied));
    }
}
