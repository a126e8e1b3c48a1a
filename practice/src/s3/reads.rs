//! Reading objects: get, head, attributes.
//! May not live here: lists (`lists.rs`).

use std::ops;

use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use s3s::dto::{
    Checksum as ToldChecksum, ChecksumMode, ETag, GetObjectAttributesInput, GetObjectAttributesOutput,
    GetObjectAttributesParts, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, ObjectAttributes,
    ObjectPart, Range, StorageClass, StreamingBlob,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::conditions::Reading;
use super::errors::custom;
use super::objects::encryption;
use super::stated::{tell, told_kind};
use super::{Practice, about, check_version, timestamp};
use crate::store::{Kind, Object, Part, stream};

/// The most parts that one answer tells.
const PARTS_LIMIT: usize = 1000;

/// Which bytes of an object an answer is about.
struct View<'a> {
    object: &'a Object,
    bytes: ops::Range<u64>,
    /// Whether a range or part was asked for: then the answer is 206.
    partial: bool,
    part: Option<&'a Part>,
}

impl<'a> View<'a> {
    fn of(object: &'a Object, range: Option<Range>, part_number: Option<i32>) -> S3Result<Self> {
        let whole = View { object, bytes: 0..object.size, partial: false, part: None };
        match (range, part_number) {
            (None, None) => Ok(whole),
            (Some(_), Some(_)) => {
                Err(s3_error!(InvalidRequest, "Cannot specify both Range header and partNumber query parameter"))
            }
            (Some(range), None) => {
                let bytes = range.check(object.size).map_err(|_| unsatisfiable(object.size))?;
                Ok(View { bytes, partial: true, ..whole })
            }
            (None, Some(number)) => {
                let mut start = 0;
                for part in &object.parts {
                    if i32::from(part.number) == number {
                        return Ok(View { bytes: start..start + part.size, partial: true, part: Some(part), ..whole });
                    }
                    start += part.size;
                }
                let message = "The requested partnumber is not satisfiable";
                Err(custom("InvalidPartNumber", StatusCode::RANGE_NOT_SATISFIABLE, message))
            }
        }
    }

    fn length(&self) -> Option<i64> {
        i64::try_from(self.bytes.end - self.bytes.start).ok()
    }

    fn content_range(&self) -> Option<String> {
        let ops::Range { start, end } = self.bytes;
        // An empty part has no last byte to name.
        (self.partial && start < end).then(|| format!("bytes {start}-{}/{}", end - 1, self.object.size))
    }

    /// Only for objects of several parts, and only when a part was asked for.
    fn parts_count(&self) -> Option<i32> {
        self.part.filter(|_| self.object.upload.is_some())?;
        i32::try_from(self.object.parts.len()).ok()
    }

    /// The checksum of exactly these bytes, where one is known: clients compare it with what they receive.
    fn checksum(&self) -> Option<(crate::store::Algorithm, Kind, String)> {
        let Object { checksum, .. } = self.object;
        match self.part {
            Some(part) if checksum.kind == Kind::Composite => {
                let sum = part.told_sum();
                Some((sum.algorithm, Kind::Composite, sum.base64()))
            }
            _ if self.bytes == (0..self.object.size) => {
                Some((checksum.algorithm, checksum.kind, checksum.text.clone()))
            }
            _ => None,
        }
    }
}

fn unsatisfiable(size: u64) -> S3Error {
    let mut error = s3_error!(InvalidRange, "The requested range is not satisfiable");
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
        headers.insert(CONTENT_RANGE, value);
    }
    error.set_headers(headers);
    error
}

/// Sets the fields that GetObject's and HeadObject's outputs have in common.
macro_rules! describe {
    ($output:expr, $view:expr, $mode:expr) => {{
        let (output, view) = (&mut $output, &$view);
        let object = view.object;
        let about = &object.about;
        output.accept_ranges = Some("bytes".into());
        output.cache_control = about.cache_control.clone();
        output.content_disposition = about.content_disposition.clone();
        output.content_encoding = about.content_encoding.clone();
        output.content_language = about.content_language.clone();
        output.content_length = view.length();
        output.content_range = view.content_range();
        output.content_type = Some(about.content_type.clone().unwrap_or_else(|| "binary/octet-stream".into()));
        output.e_tag = Some(ETag::Strong(object.etag.clone()));
        output.expires = about::told_expires(about.expires.as_deref());
        output.last_modified = Some(timestamp(object.modified));
        output.metadata = Some(about.metadata.clone().into_iter().collect());
        output.parts_count = view.parts_count();
        output.server_side_encryption = encryption(about);
        output.storage_class = about.storage_class.clone().map(StorageClass::from);
        output.website_redirect_location = about.website_redirect_location.clone();
        if $mode.as_ref().is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
            && let Some((algorithm, kind, text)) = view.checksum()
        {
            output.checksum_type = Some(told_kind(kind));
            tell!(output, algorithm, text);
        }
    }};
}

pub(super) fn get(practice: &Practice, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
    let input = req.input;
    check_version(input.version_id.as_deref())?;
    let object = practice.store.object(&input.bucket, &input.key)?;
    let reading = Reading {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    reading.check(&object)?;
    let view = View::of(&object, input.range, input.part_number)?;
    let mut output = GetObjectOutput::default();
    describe!(output, view, input.checksum_mode);
    output.tag_count = i32::try_from(object.about.tags.len()).ok().filter(|count| *count > 0);
    output.body = Some(StreamingBlob::wrap(stream(&practice.store, &object, view.bytes.clone())));
    Ok(answer(output, &view))
}

pub(super) fn head(practice: &Practice, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = req.input;
    check_version(input.version_id.as_deref())?;
    let object = practice.store.object(&input.bucket, &input.key)?;
    let reading = Reading {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    reading.check(&object)?;
    let view = View::of(&object, input.range, input.part_number)?;
    let mut output = HeadObjectOutput::default();
    describe!(output, view, input.checksum_mode);
    Ok(answer(output, &view))
}

fn answer<T>(output: T, view: &View<'_>) -> S3Response<T> {
    if view.partial { S3Response::with_status(output, StatusCode::PARTIAL_CONTENT) } else { S3Response::new(output) }
}

pub(super) fn attributes(
    practice: &Practice,
    req: S3Request<GetObjectAttributesInput>,
) -> S3Result<GetObjectAttributesOutput> {
    let input = req.input;
    check_version(input.version_id.as_deref())?;
    let object = practice.store.object(&input.bucket, &input.key)?;
    // The header may list several in one line, or come several times.
    let asked: Vec<&str> = input.object_attributes.iter().flat_map(|a| a.as_str().split(',')).map(str::trim).collect();
    let wants = |attribute: &str| asked.contains(&attribute);
    let mut output =
        GetObjectAttributesOutput { last_modified: Some(timestamp(object.modified)), ..Default::default() };
    if wants(ObjectAttributes::ETAG) {
        output.e_tag = Some(ETag::Strong(object.etag.clone()));
    }
    if wants(ObjectAttributes::OBJECT_SIZE) {
        output.object_size = i64::try_from(object.size).ok();
    }
    if wants(ObjectAttributes::STORAGE_CLASS) {
        output.storage_class = Some(about::told_class(&object.about).to_owned().into());
    }
    if wants(ObjectAttributes::CHECKSUM) {
        let mut checksum =
            ToldChecksum { checksum_type: Some(told_kind(object.checksum.kind)), ..ToldChecksum::default() };
        tell!(checksum, object.checksum.algorithm, object.checksum.text.clone());
        output.checksum = Some(checksum);
    }
    if wants(ObjectAttributes::OBJECT_PARTS) && object.upload.is_some() {
        output.object_parts = Some(parts(&object, input.part_number_marker, input.max_parts));
    }
    Ok(output)
}

fn parts(object: &Object, marker: Option<i32>, limit: Option<i32>) -> GetObjectAttributesParts {
    let marker = marker.unwrap_or(0);
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).map_or(PARTS_LIMIT, |l| l.min(PARTS_LIMIT));
    let mut rest = object.parts.iter().filter(|part| i32::from(part.number) > marker);
    let parts: Vec<ObjectPart> = rest.by_ref().take(limit).map(told_part).collect();
    GetObjectAttributesParts {
        is_truncated: Some(rest.next().is_some()),
        max_parts: i32::try_from(limit).ok(),
        next_part_number_marker: parts.last().and_then(|part| part.part_number),
        part_number_marker: Some(marker),
        parts: Some(parts),
        total_parts_count: i32::try_from(object.parts.len()).ok(),
    }
}

fn told_part(part: &Part) -> ObjectPart {
    let mut told = ObjectPart {
        part_number: Some(part.number.into()),
        size: i64::try_from(part.size).ok(),
        ..ObjectPart::default()
    };
    tell!(told, part.told_sum().algorithm, part.told_sum().base64());
    told
}
