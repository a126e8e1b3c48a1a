//! What requests say about an object besides its bytes: headers, metadata, tags, and what is refused among them.
//! May not live here: bytes and checksums.

use std::collections::BTreeMap;

use http::StatusCode;
use s3s::dto::{
    ContentEncoding, Expires, Metadata, ObjectCannedACL, SSECustomerAlgorithm, ServerSideEncryption, StorageClass,
    Tag as ToldTag, Timestamp, TimestampFormat,
};
use s3s::{S3Result, s3_error};
use url::form_urlencoded;

use super::errors::custom;
use crate::store::{About, Tag};

/// The most bytes of all metadata names and values together.
const METADATA_LIMIT: usize = 2 * 1024;
const TAGS_LIMIT: usize = 10;
const TAG_KEY_LIMIT: usize = 128;
const TAG_VALUE_LIMIT: usize = 256;

/// Classes whose objects can be read at once. The archives would need RestoreObject, which is not here.
const STORAGE_CLASSES: [&str; 5] = ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"];

/// The `About` of a PutObject, CopyObject or CreateMultipartUpload input, which name their fields alike. What is
/// refused is returned from the function around it.
macro_rules! about {
    ($input:expr) => {{
        use crate::s3::about;
        let input = &$input;
        about::refuse_locks(
            input.object_lock_mode.is_some()
                || input.object_lock_legal_hold_status.is_some()
                || input.object_lock_retain_until_date.is_some(),
        )?;
        about::refuse_acl(input.acl.as_ref())?;
        crate::store::About {
            content_type: input.content_type.clone(),
            cache_control: input.cache_control.clone(),
            content_disposition: input.content_disposition.clone(),
            content_encoding: about::content_encoding(input.content_encoding.as_ref()),
            content_language: input.content_language.clone(),
            expires: about::expires(input.expires.as_ref())?,
            website_redirect_location: input.website_redirect_location.clone(),
            storage_class: about::storage_class(input.storage_class.as_ref())?,
            encrypted: about::encrypted(input.server_side_encryption.as_ref(), input.sse_customer_algorithm.as_ref())?,
            metadata: about::metadata(input.metadata.as_ref())?,
            tags: about::tags_of_header(input.tagging.as_deref())?,
        }
    }};
}

pub(super) use about;

/// `aws-chunked` says how the body travelled, not what the object is.
pub(super) fn content_encoding(stated: Option<&ContentEncoding>) -> Option<String> {
    let kept: Vec<_> = stated?.split(',').map(str::trim).filter(|c| !c.eq_ignore_ascii_case("aws-chunked")).collect();
    Some(kept.join(", ")).filter(|encoding| !encoding.is_empty())
}

/// As an HTTP date.
pub(super) fn expires(stated: Option<&Expires>) -> S3Result<Option<String>> {
    let Some(stated) = stated else { return Ok(None) };
    let mut text = Vec::new();
    stated
        .format(TimestampFormat::HttpDate, &mut text)
        .map_err(|_| s3_error!(InvalidArgument, "Expires is not a date."))?;
    Ok(String::from_utf8(text).ok())
}

pub(super) fn told_expires(kept: Option<&str>) -> Option<Expires> {
    Timestamp::parse(TimestampFormat::HttpDate, kept?).ok()
}

pub(super) fn storage_class(stated: Option<&StorageClass>) -> S3Result<Option<String>> {
    match stated.map(StorageClass::as_str) {
        None | Some("STANDARD") => Ok(None),
        Some(class) if STORAGE_CLASSES.contains(&class) => Ok(Some(class.to_owned())),
        Some(_) => Err(s3_error!(InvalidStorageClass, "The practice newsroom has no such storage class.")),
    }
}

pub(super) fn told_class(about: &About) -> &str {
    about.storage_class.as_deref().unwrap_or(StorageClass::STANDARD)
}

/// SSE-S3 is agreed to and told again; keys of customers or of KMS are not here.
pub(super) fn encrypted(
    stated: Option<&ServerSideEncryption>,
    customer: Option<&SSECustomerAlgorithm>,
) -> S3Result<bool> {
    match (stated.map(ServerSideEncryption::as_str), customer) {
        (None, None) => Ok(false),
        (Some("AES256"), None) => Ok(true),
        _ => Err(s3_error!(NotImplemented, "The practice newsroom has no encryption keys.")),
    }
}

/// As buckets of today do, whose owner owns all objects.
pub(super) fn refuse_acl(stated: Option<&ObjectCannedACL>) -> S3Result<()> {
    match stated.map(ObjectCannedACL::as_str) {
        None | Some("private" | "bucket-owner-full-control") => Ok(()),
        Some(_) => Err(s3_error!(AccessControlListNotSupported, "The bucket does not allow ACLs")),
    }
}

pub(super) fn refuse_locks(asked: bool) -> S3Result<()> {
    if asked { Err(s3_error!(InvalidRequest, "Bucket is missing Object Lock Configuration")) } else { Ok(()) }
}

pub(super) fn metadata(stated: Option<&Metadata>) -> S3Result<BTreeMap<String, String>> {
    let metadata: BTreeMap<_, _> = stated.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    if metadata.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > METADATA_LIMIT {
        return Err(s3_error!(MetadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size."));
    }
    Ok(metadata)
}

/// `desk=world&story=harbour`, URL-encoded.
pub(super) fn tags_of_header(stated: Option<&str>) -> S3Result<Vec<Tag>> {
    let pairs = form_urlencoded::parse(stated.unwrap_or_default().as_bytes());
    checked(pairs.map(|(key, value)| Tag { key: key.into_owned(), value: value.into_owned() }).collect())
}

pub(super) fn tags_of_set(stated: Vec<ToldTag>) -> S3Result<Vec<Tag>> {
    let tag = |tag: ToldTag| Tag { key: tag.key.unwrap_or_default(), value: tag.value.unwrap_or_default() };
    checked(stated.into_iter().map(tag).collect())
}

pub(super) fn told_tags(tags: &[Tag]) -> Vec<ToldTag> {
    tags.iter().map(|tag| ToldTag { key: Some(tag.key.clone()), value: Some(tag.value.clone()) }).collect()
}

fn checked(tags: Vec<Tag>) -> S3Result<Vec<Tag>> {
    if tags.len() > TAGS_LIMIT {
        return Err(custom("BadRequest", StatusCode::BAD_REQUEST, "Object tags cannot be greater than 10"));
    }
    for (at, tag) in tags.iter().enumerate() {
        if tag.key.is_empty() || tag.key.chars().count() > TAG_KEY_LIMIT {
            return Err(s3_error!(InvalidTag, "The TagKey you have provided is invalid"));
        }
        if tag.value.chars().count() > TAG_VALUE_LIMIT {
            return Err(s3_error!(InvalidTag, "The TagValue you have provided is invalid"));
        }
        if tags[..at].iter().any(|other| other.key == tag.key) {
            return Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_chunked_is_no_encoding_of_the_object() {
        let kept = |stated: &str| content_encoding(Some(&stated.to_owned()));
        assert_eq!(kept("aws-chunked"), None);
        assert_eq!(kept("gzip, aws-chunked"), Some("gzip".into()));
        assert_eq!(kept("br"), Some("br".into()));
    }

    #[test]
    fn tags_are_decoded_and_those_that_s3_refuses_are_refused() {
        let tags = tags_of_header(Some("desk=world%20news&story=a+b")).unwrap_or_default();
        assert_eq!(
            tags.iter().map(|t| (&*t.key, &*t.value)).collect::<Vec<_>>(),
            [("desk", "world news"), ("story", "a b")]
        );
        assert!(tags_of_header(Some("a=1&a=2")).is_err());
        assert!(tags_of_header(Some("=1")).is_err());
        let eleven: Vec<_> = (0..11).map(|n| format!("k{n}=v")).collect();
        assert!(tags_of_header(Some(&eleven.join("&"))).is_err());
    }
}
