//! Lists: objects in both versions of the call, object versions, multipart uploads.
//! May not live here: the order and the paging (`store/listing.rs`).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput,
    ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
    MultipartUpload, Object as ToldObject, ObjectVersion,
};
use s3s::{S3Result, s3_error};

use super::stated::{told_algorithm, told_kind};
use super::{Practice, about, limit, owner, timestamp};
use crate::store::{Algorithm, ListRequest, Object, Upload, UploadsRequest};

/// The most entries of one page.
const PAGE_LIMIT: usize = 1000;

/// What `encoding-type=url` leaves as it is. A space becomes %20: decoders that know only `+` know that too.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/');

/// How the names of an answer are written.
#[derive(Clone, Copy)]
struct Spelling {
    url: bool,
}

impl Spelling {
    fn of(asked: Option<&EncodingType>) -> S3Result<Self> {
        match asked.map(EncodingType::as_str) {
            None => Ok(Self { url: false }),
            Some(EncodingType::URL) => Ok(Self { url: true }),
            Some(_) => Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request")),
        }
    }

    fn write(self, name: &str) -> String {
        if self.url { Cow::from(utf8_percent_encode(name, ENCODED)).into_owned() } else { name.to_owned() }
    }

    fn prefixes(self, prefixes: &[String]) -> Option<Vec<CommonPrefix>> {
        let told = |prefix: &String| CommonPrefix { prefix: Some(self.write(prefix)) };
        (!prefixes.is_empty()).then(|| prefixes.iter().map(told).collect())
    }
}

/// An empty parameter is as good as none.
fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

pub(super) fn v2(practice: &Practice, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let limit = limit(input.max_keys, "max-keys", PAGE_LIMIT)?;
    let after = match &input.continuation_token {
        Some(token) => Some(place(token)?),
        None => given(input.start_after.as_ref()),
    };
    let prefix = input.prefix.clone().unwrap_or_default();
    let request = ListRequest { prefix, delimiter: given(input.delimiter.as_ref()), after, limit };
    let page = practice.store.list(&input.bucket, &request)?;
    let with_owner = input.fetch_owner == Some(true);
    let contents: Vec<_> = page.objects.iter().map(|object| told(object, spelling, with_owner)).collect();
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(spelling.write(&request.prefix)),
        max_keys: i32::try_from(limit).ok(),
        key_count: i32::try_from(contents.len() + page.prefixes.len()).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_deref().map(token),
        contents: Some(contents).filter(|contents| !contents.is_empty()),
        common_prefixes: spelling.prefixes(&page.prefixes),
        delimiter: input.delimiter.map(|delimiter| spelling.write(&delimiter)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|after| spelling.write(&after)),
        request_charged: None,
    })
}

/// Opaque to clients, who would otherwise have to encode what is in a key.
fn token(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

fn place(token: &str) -> S3Result<String> {
    let place = URL_SAFE_NO_PAD.decode(token).ok().and_then(|raw| String::from_utf8(raw).ok());
    place
        .filter(|place| !place.is_empty())
        .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

pub(super) fn v1(practice: &Practice, input: ListObjectsInput) -> S3Result<ListObjectsOutput> {
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let limit = limit(input.max_keys, "max-keys", PAGE_LIMIT)?;
    let request = ListRequest {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: given(input.delimiter.as_ref()),
        after: given(input.marker.as_ref()),
        limit,
    };
    let page = practice.store.list(&input.bucket, &request)?;
    let contents: Vec<_> = page.objects.iter().map(|object| told(object, spelling, true)).collect();
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(spelling.write(&request.prefix)),
        marker: Some(spelling.write(&input.marker.unwrap_or_default())),
        max_keys: i32::try_from(limit).ok(),
        is_truncated: Some(page.next.is_some()),
        contents: Some(contents).filter(|contents| !contents.is_empty()),
        common_prefixes: spelling.prefixes(&page.prefixes),
        // Without a delimiter clients go on from the last key, and S3 does not tell it again.
        next_marker: page.next.filter(|_| request.delimiter.is_some()).map(|next| spelling.write(&next)),
        delimiter: input.delimiter.map(|delimiter| spelling.write(&delimiter)),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

fn told(object: &Object, spelling: Spelling, with_owner: bool) -> ToldObject {
    ToldObject {
        checksum_algorithm: Some(vec![told_algorithm(object.checksum.algorithm)]),
        checksum_type: Some(told_kind(object.checksum.kind)),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        key: Some(spelling.write(&object.key)),
        last_modified: Some(timestamp(object.modified)),
        owner: with_owner.then(owner),
        restore_status: None,
        size: i64::try_from(object.size).ok(),
        storage_class: Some(about::told_class(&object.about).to_owned().into()),
    }
}

/// Versioning is never on here, so that each object has the one version `null`.
pub(super) fn versions(practice: &Practice, input: ListObjectVersionsInput) -> S3Result<ListObjectVersionsOutput> {
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let limit = limit(input.max_keys, "max-keys", PAGE_LIMIT)?;
    let request = ListRequest {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: given(input.delimiter.as_ref()),
        after: given(input.key_marker.as_ref()),
        limit,
    };
    let page = practice.store.list(&input.bucket, &request)?;
    let versions: Vec<_> = page.objects.iter().map(|object| told_version(object, spelling)).collect();
    let next = page.next.as_deref();
    Ok(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(spelling.write(&request.prefix)),
        key_marker: Some(spelling.write(&input.key_marker.unwrap_or_default())),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        max_keys: i32::try_from(limit).ok(),
        is_truncated: Some(next.is_some()),
        next_key_marker: next.map(|next| spelling.write(next)),
        next_version_id_marker: next.map(|_| "null".into()),
        versions: Some(versions).filter(|versions| !versions.is_empty()),
        common_prefixes: spelling.prefixes(&page.prefixes),
        delimiter: input.delimiter.map(|delimiter| spelling.write(&delimiter)),
        encoding_type: input.encoding_type,
        ..ListObjectVersionsOutput::default()
    })
}

fn told_version(object: &Object, spelling: Spelling) -> ObjectVersion {
    let told = told(object, spelling, true);
    ObjectVersion {
        checksum_algorithm: told.checksum_algorithm,
        checksum_type: told.checksum_type,
        e_tag: told.e_tag,
        is_latest: Some(true),
        key: told.key,
        last_modified: told.last_modified,
        owner: told.owner,
        restore_status: None,
        size: told.size,
        storage_class: Some(about::told_class(&object.about).to_owned().into()),
        version_id: Some("null".into()),
    }
}

pub(super) fn uploads(practice: &Practice, input: ListMultipartUploadsInput) -> S3Result<ListMultipartUploadsOutput> {
    let spelling = Spelling::of(input.encoding_type.as_ref())?;
    let limit = limit(input.max_uploads, "max-uploads", PAGE_LIMIT)?;
    let request = UploadsRequest {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: given(input.delimiter.as_ref()),
        after_key: given(input.key_marker.as_ref()),
        after_id: given(input.upload_id_marker.as_ref()),
        limit,
    };
    let page = practice.store.list_uploads(&input.bucket, &request)?;
    let uploads: Vec<_> = page.uploads.iter().map(|upload| told_upload(upload, spelling)).collect();
    let (next_key, next_id) = page.next.unzip();
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: Some(spelling.write(&request.prefix)),
        key_marker: Some(spelling.write(&input.key_marker.unwrap_or_default())),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        max_uploads: i32::try_from(limit).ok(),
        is_truncated: Some(next_key.is_some()),
        next_key_marker: next_key.map(|key| spelling.write(&key)),
        next_upload_id_marker: next_id,
        uploads: Some(uploads).filter(|uploads| !uploads.is_empty()),
        common_prefixes: spelling.prefixes(&page.prefixes),
        delimiter: input.delimiter.map(|delimiter| spelling.write(&delimiter)),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

fn told_upload(upload: &Upload, spelling: Spelling) -> MultipartUpload {
    MultipartUpload {
        checksum_algorithm: Some(told_algorithm(upload.algorithm.unwrap_or(Algorithm::Crc64Nvme))),
        checksum_type: Some(told_kind(upload.kind)),
        initiated: Some(timestamp(upload.initiated)),
        initiator: None,
        key: Some(spelling.write(&upload.key)),
        owner: Some(owner()),
        storage_class: Some(about::told_class(&upload.about).to_owned().into()),
        upload_id: Some(upload.id.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_so_that_every_decoder_reads_them() {
        let spelling = Spelling { url: true };
        assert_eq!(spelling.write("test_file(3).png"), "test_file%283%29.png");
        assert_eq!(spelling.write("a b/c+d\u{1}é"), "a%20b/c%2Bd%01%C3%A9");
        assert_eq!(Spelling { url: false }.write("a b"), "a b");
    }

    #[test]
    fn a_token_leads_back_to_its_place_and_anything_else_is_refused() {
        assert_eq!(place(&token("a/é\n")).ok().as_deref(), Some("a/é\n"));
        assert!(place("").is_err());
        assert!(place("not a token!").is_err());
    }
}
