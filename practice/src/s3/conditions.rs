//! If-Match and its kin: on reading, on writing, and on the source of a copy.
//! May not live here: when a write is decided (that is at publishing, in the store).

use http::header::{ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue};
use s3s::dto::{ETag, ETagCondition, Timestamp, TimestampFormat};
use s3s::{S3Error, S3Result, s3_error};

use super::timestamp;
use crate::store::{Condition, Object};

/// The conditions of a read.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl Reading {
    /// As RFC 9110 orders them: an ETag given makes the date of the same kind irrelevant.
    pub(super) fn check(&self, object: &Object) -> S3Result<()> {
        let modified = timestamp(object.modified);
        let stale = match &self.if_match {
            Some(condition) => !matches(condition, object),
            None => self.if_unmodified_since.as_ref().is_some_and(|since| modified > *since),
        };
        if stale {
            return Err(precondition_failed());
        }
        let unchanged = match &self.if_none_match {
            Some(condition) => matches(condition, object),
            None => self.if_modified_since.as_ref().is_some_and(|since| modified <= *since),
        };
        if unchanged { Err(not_modified(object)) } else { Ok(()) }
    }

    /// Of the source of a copy: whatever does not hold is a failed precondition.
    pub(super) fn check_source(&self, object: &Object) -> S3Result<()> {
        self.check(object).map_err(|_| precondition_failed())
    }
}

/// The condition of a write. If-None-Match takes only `*`, as in S3.
pub(super) fn writing(if_match: Option<&ETagCondition>, if_none_match: Option<&ETagCondition>) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::None),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Condition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Is { etag: etag.value().to_owned() }),
        _ => Err(s3_error!(
            NotImplemented,
            "Of If-Match and If-None-Match only one may be given, and If-None-Match takes only the value *."
        )),
    }
}

fn matches(condition: &ETagCondition, object: &Object) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == object.etag,
    }
}

fn precondition_failed() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

/// 304 has no body, so what the client caches by goes into headers.
fn not_modified(object: &Object) -> S3Error {
    let mut headers = HeaderMap::new();
    if let Ok(etag) = ETag::Strong(object.etag.clone()).to_http_header() {
        headers.insert(ETAG, etag);
    }
    let mut date = Vec::new();
    if timestamp(object.modified).format(TimestampFormat::HttpDate, &mut date).is_ok()
        && let Ok(date) = HeaderValue::from_bytes(&date)
    {
        headers.insert(LAST_MODIFIED, date);
    }
    let mut error = s3_error!(NotModified);
    error.set_headers(headers);
    error
}
