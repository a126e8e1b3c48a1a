//! Writing objects: put, copy, delete, tag.
//! May not live here: reading them (`reads.rs`) and multipart uploads (`uploads.rs`).

use std::sync::Arc;

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
    ETagCondition, Error as ToldError, GetObjectTaggingInput, GetObjectTaggingOutput, MetadataDirective,
    ObjectIdentifier, PutObjectInput, PutObjectOutput, PutObjectTaggingInput, PutObjectTaggingOutput,
    ServerSideEncryption, StreamingBlob, TaggingDirective,
};
use s3s::stream::ByteStream as _;
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::about::{self, about};
use super::conditions::{self, Reading};
use super::stated::{self, Expected, stated, tell};
use super::{Practice, check_version, timestamp};
use crate::store::{About, Condition, Object, receive, stream};

/// The most bytes that one request may bring, and that one may copy.
pub(super) const LARGEST_BODY: u64 = 5 * 1024 * 1024 * 1024;
/// The most keys of one DeleteObjects.
const DELETE_LIMIT: usize = 1000;

pub(super) async fn put(practice: &Practice, req: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
    let mut input = req.input;
    if input.write_offset_bytes.is_some() {
        return Err(s3_error!(NotImplemented, "Appending is not implemented."));
    }
    let about = about!(input);
    let condition = conditions::writing(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let expected = Expected::of(&req.headers, input.content_md5.as_ref(), &stated!(input))?;
    let (size, body) = body(input.content_length, input.body.take())?;
    practice.store.would_refuse(&input.bucket, &input.key, &condition)?;

    let received = receive(Arc::clone(&practice.store), body, size, expected.algorithm()).await?;
    expected.check(&received, req.trailing_headers.as_ref())?;
    let (bucket, key) = (input.bucket, input.key);
    let put = move |store: &crate::store::Store| store.put(&bucket, &key, about, received, &condition, None);
    let object = practice.store.run(put).await?;

    let mut output = PutObjectOutput {
        e_tag: Some(ETag::Strong(object.etag.clone())),
        checksum_type: Some(stated::told_kind(object.checksum.kind)),
        server_side_encryption: encryption(&object.about),
        ..PutObjectOutput::default()
    };
    tell!(output, object.checksum.algorithm, object.checksum.text.clone());
    Ok(output)
}

/// The announced length in bytes, and the body.
pub(super) fn body(length: Option<i64>, body: Option<StreamingBlob>) -> S3Result<(u64, StreamingBlob)> {
    let body = body.ok_or_else(|| s3_error!(IncompleteBody))?;
    let exact = || body.remaining_length().exact().and_then(|length| u64::try_from(length).ok());
    let length = length
        .and_then(|length| u64::try_from(length).ok())
        .or_else(exact)
        .ok_or_else(|| s3_error!(MissingContentLength, "You must provide the Content-Length HTTP header."))?;
    if length > LARGEST_BODY {
        return Err(s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed size"));
    }
    Ok((length, body))
}

pub(super) async fn copy(practice: &Practice, req: S3Request<CopyObjectInput>) -> S3Result<CopyObjectOutput> {
    let input = req.input;
    let (from_bucket, from_key) = source(&input.copy_source)?;
    let from = practice.store.object(from_bucket, from_key)?;
    let reading = Reading {
        if_match: input.copy_source_if_match.clone(),
        if_none_match: input.copy_source_if_none_match.clone(),
        if_modified_since: input.copy_source_if_modified_since.clone(),
        if_unmodified_since: input.copy_source_if_unmodified_since.clone(),
    };
    reading.check_source(&from)?;
    if from.size > LARGEST_BODY {
        return Err(s3_error!(InvalidRequest, "The specified copy source is larger than the maximum allowable size"));
    }
    let stated = about!(input);
    let about = copied_about(&input, &from, stated);
    if (from_bucket, from_key) == (&*input.bucket, &*input.key) && about == from.about && !replaces(&input) {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata, storage class, website redirect location or encryption attributes."
        ));
    }
    practice.store.bucket(&input.bucket)?;

    let wanted = stated::named(input.checksum_algorithm.as_ref())?.unwrap_or(from.checksum.algorithm);
    let bytes = stream(&practice.store, &from, 0..from.size);
    let received = receive(Arc::clone(&practice.store), bytes, from.size, Some(wanted)).await?;
    let (bucket, key) = (input.bucket, input.key);
    let put = move |store: &crate::store::Store| store.put(&bucket, &key, about, received, &Condition::None, None);
    let object = practice.store.run(put).await?;

    let mut result = CopyObjectResult {
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(timestamp(object.modified)),
        checksum_type: Some(stated::told_kind(object.checksum.kind)),
        ..CopyObjectResult::default()
    };
    tell!(result, object.checksum.algorithm, object.checksum.text.clone());
    Ok(CopyObjectOutput {
        copy_object_result: Some(result),
        server_side_encryption: encryption(&object.about),
        ..CopyObjectOutput::default()
    })
}

/// Bucket and key. Access points are not here.
pub(super) fn source(source: &CopySource) -> S3Result<(&str, &str)> {
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            check_version(version_id.as_deref())?;
            Ok((bucket, key))
        }
        _ => Err(s3_error!(NotImplemented, "The practice newsroom has no access points.")),
    }
}

fn replaces(input: &CopyObjectInput) -> bool {
    input.metadata_directive.as_ref().is_some_and(|d| d.as_str() == MetadataDirective::REPLACE)
}

/// Each directive says whether what the source has or what the request states holds; the storage class and the
/// encryption are never copied.
fn copied_about(input: &CopyObjectInput, from: &Object, stated: About) -> About {
    let tags = match input.tagging_directive.as_ref().map(TaggingDirective::as_str) {
        Some(TaggingDirective::REPLACE) => stated.tags.clone(),
        _ => from.about.tags.clone(),
    };
    let kept = if replaces(input) { stated.clone() } else { from.about.clone() };
    About { tags, storage_class: stated.storage_class, encrypted: stated.encrypted, ..kept }
}

pub(super) async fn delete(practice: &Practice, req: S3Request<DeleteObjectInput>) -> S3Result<DeleteObjectOutput> {
    let input = req.input;
    check_version(input.version_id.as_deref())?;
    if input.if_match_last_modified_time.is_some() || input.if_match_size.is_some() {
        return Err(s3_error!(NotImplemented, "Of the preconditions only If-Match is implemented."));
    }
    let condition = conditions::writing(input.if_match.as_ref(), None)?;
    practice.store.run(move |store| store.delete(&input.bucket, &input.key, &condition)).await?;
    Ok(DeleteObjectOutput::default())
}

pub(super) async fn delete_many(
    practice: &Practice,
    req: S3Request<DeleteObjectsInput>,
) -> S3Result<DeleteObjectsOutput> {
    let DeleteObjectsInput { bucket, delete, .. } = req.input;
    if delete.objects.is_empty() || delete.objects.len() > DELETE_LIMIT {
        return Err(s3_error!(MalformedXML, "The XML you provided was not well-formed or did not validate."));
    }
    practice.store.bucket(&bucket)?;
    let quiet = delete.quiet.unwrap_or(false);
    let mut output = DeleteObjectsOutput::default();
    for object in delete.objects {
        let key = object.key.clone();
        match delete_one(practice, &bucket, object).await {
            Ok(()) if quiet => {}
            Ok(()) => {
                let deleted = DeletedObject { key: Some(key), ..DeletedObject::default() };
                output.deleted.get_or_insert_default().push(deleted);
            }
            Err(error) => output.errors.get_or_insert_default().push(told_error(key, &error)),
        }
    }
    Ok(output)
}

async fn delete_one(practice: &Practice, bucket: &str, object: ObjectIdentifier) -> S3Result<()> {
    check_version(object.version_id.as_deref())?;
    let condition = conditions::writing(object.e_tag.map(ETagCondition::ETag).as_ref(), None)?;
    let bucket = bucket.to_owned();
    practice.store.run(move |store| store.delete(&bucket, &object.key, &condition)).await?;
    Ok(())
}

fn told_error(key: String, error: &S3Error) -> ToldError {
    ToldError {
        code: Some(error.code().as_str().to_owned()),
        key: Some(key),
        message: error.message().map(ToOwned::to_owned),
        version_id: None,
    }
}

pub(super) fn get_tags(practice: &Practice, input: &GetObjectTaggingInput) -> S3Result<GetObjectTaggingOutput> {
    check_version(input.version_id.as_deref())?;
    let object = practice.store.object(&input.bucket, &input.key)?;
    Ok(GetObjectTaggingOutput { tag_set: about::told_tags(&object.about.tags), version_id: None })
}

pub(super) async fn put_tags(practice: &Practice, input: PutObjectTaggingInput) -> S3Result<PutObjectTaggingOutput> {
    check_version(input.version_id.as_deref())?;
    let tags = about::tags_of_set(input.tagging.tag_set)?;
    practice.store.run(move |store| store.retag(&input.bucket, &input.key, &tags)).await?;
    Ok(PutObjectTaggingOutput::default())
}

pub(super) async fn delete_tags(
    practice: &Practice,
    input: DeleteObjectTaggingInput,
) -> S3Result<DeleteObjectTaggingOutput> {
    check_version(input.version_id.as_deref())?;
    practice.store.run(move |store| store.retag(&input.bucket, &input.key, &[])).await?;
    Ok(DeleteObjectTaggingOutput::default())
}

pub(super) fn encryption(about: &About) -> Option<ServerSideEncryption> {
    about.encrypted.then(|| ServerSideEncryption::from_static(ServerSideEncryption::AES256))
}
