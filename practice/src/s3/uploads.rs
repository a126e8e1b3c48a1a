//! Multipart uploads: create, parts, complete, abort, list the parts.
//! May not live here: listing the uploads of a bucket (`lists.rs`).

use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CompletedPart, CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, ListPartsInput,
    ListPartsOutput, Part as ToldPart, Range, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::about::{self, about};
use super::conditions::{self, Reading};
use super::objects::{LARGEST_BODY, body, encryption, source};
use super::stated::{self, Expected, stated, tell, told_algorithm, told_kind};
use super::{Practice, owner, timestamp};
use crate::store::{Algorithm, Claim, Finish, Kind, Part, Upload, Whole, receive, stream};

const PART_NUMBERS: std::ops::RangeInclusive<u16> = 1..=10_000;
/// The most parts that one answer tells.
const PARTS_LIMIT: usize = 1000;

pub(super) async fn create(
    practice: &Practice,
    req: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let input = req.input;
    let about = about!(input);
    let encrypted = encryption(&about);
    let algorithm = stated::named(input.checksum_algorithm.as_ref())?;
    let kind = kind_of(algorithm, stated::kind(input.checksum_type.as_ref())?)?;
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let id = practice.store.run(move |store| store.create_upload(&bucket, &key, about, algorithm, kind)).await?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        // Told only to those who asked, as S3 does.
        checksum_algorithm: algorithm.map(told_algorithm),
        checksum_type: algorithm.map(|_| told_kind(kind)),
        server_side_encryption: encrypted,
        ..CreateMultipartUploadOutput::default()
    })
}

/// The type of an upload's checksum, when it may be so.
fn kind_of(algorithm: Option<Algorithm>, asked: Option<Kind>) -> S3Result<Kind> {
    match (algorithm, asked) {
        (None, None) => Ok(Kind::FullObject),
        (None, Some(_)) => Err(s3_error!(
            InvalidRequest,
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
        )),
        (Some(algorithm), None) => Ok(algorithm.default_kind()),
        (Some(algorithm), Some(kind)) => {
            let possible = match kind {
                Kind::FullObject => algorithm.combines(),
                Kind::Composite => algorithm != Algorithm::Crc64Nvme,
            };
            if possible {
                return Ok(kind);
            }
            Err(s3_error!(
                InvalidRequest,
                "The {} checksum type cannot be used with the {} checksum algorithm.",
                kind.name(),
                algorithm.name().to_lowercase()
            ))
        }
    }
}

fn part_number(stated: i32) -> S3Result<u16> {
    u16::try_from(stated)
        .ok()
        .filter(|number| PART_NUMBERS.contains(number))
        .ok_or_else(|| s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}

pub(super) async fn put_part(practice: &Practice, req: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
    let mut input = req.input;
    let number = part_number(input.part_number)?;
    let expected = Expected::of(&req.headers, input.content_md5.as_ref(), &stated!(input))?;
    let (size, body) = body(input.content_length, input.body.take())?;
    let store = &practice.store;
    let (algorithm, kind, encrypted) = store.upload(&input.bucket, &input.key, &input.upload_id, |upload| {
        (upload.algorithm, upload.kind, encryption(&upload.about))
    })?;
    check_algorithm(algorithm, kind, expected.algorithm())?;

    let received = receive(Arc::clone(store), body, size, expected.algorithm().or(algorithm)).await?;
    let told = received.hashed.wanted.clone().unwrap_or_else(|| received.hashed.crc64nvme.clone());
    expected.check(&received, req.trailing_headers.as_ref())?;
    let part =
        store.run(move |store| store.put_part(&input.bucket, &input.key, &input.upload_id, number, received)).await?;

    let mut output = UploadPartOutput {
        e_tag: Some(ETag::Strong(part.etag)),
        server_side_encryption: encrypted,
        ..UploadPartOutput::default()
    };
    tell!(output, told.algorithm, told.base64());
    Ok(output)
}

/// A part must come with the checksum that its upload was created for; a full-object one may come without.
fn check_algorithm(created: Option<Algorithm>, kind: Kind, stated: Option<Algorithm>) -> S3Result<()> {
    let Some(created) = created.filter(|created| stated != Some(*created)) else { return Ok(()) };
    if stated.is_none() && kind == Kind::FullObject {
        return Ok(());
    }
    Err(s3_error!(
        InvalidRequest,
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
        created.name().to_lowercase(),
        stated.map_or("null".into(), |algorithm| algorithm.name().to_lowercase())
    ))
}

pub(super) async fn copy_part(
    practice: &Practice,
    req: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    let input = req.input;
    let number = part_number(input.part_number)?;
    let (from_bucket, from_key) = source(&input.copy_source)?;
    let store = &practice.store;
    let from = store.object(from_bucket, from_key)?;
    let reading = Reading {
        if_match: input.copy_source_if_match,
        if_none_match: input.copy_source_if_none_match,
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    reading.check_source(&from)?;
    let range = copied_range(input.copy_source_range.as_deref(), from.size)?;
    let size = range.end - range.start;
    if size > LARGEST_BODY {
        return Err(s3_error!(InvalidRequest, "The specified copy source is larger than the maximum allowable size"));
    }
    let (algorithm, encrypted) = store
        .upload(&input.bucket, &input.key, &input.upload_id, |upload| (upload.algorithm, encryption(&upload.about)))?;

    let received = receive(Arc::clone(store), stream(store, &from, range), size, algorithm).await?;
    let part =
        store.run(move |store| store.put_part(&input.bucket, &input.key, &input.upload_id, number, received)).await?;

    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.etag.clone())),
        last_modified: Some(timestamp(part.modified)),
        ..CopyPartResult::default()
    };
    tell!(result, part.told_sum().algorithm, part.told_sum().base64());
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(result),
        server_side_encryption: encrypted,
        ..UploadPartCopyOutput::default()
    })
}

/// Unlike a GET, both ends must be named and lie within the source.
fn copied_range(stated: Option<&str>, size: u64) -> S3Result<std::ops::Range<u64>> {
    let Some(stated) = stated else { return Ok(0..size) };
    match Range::parse(stated) {
        Ok(Range::Int { first, last: Some(last) }) if last < size => Ok(first..last + 1),
        Ok(Range::Int { last: Some(_), .. }) => {
            Err(s3_error!(InvalidArgument, "Range specified is not valid for source object of size: {size}"))
        }
        _ => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy"
        )),
    }
}

pub(super) async fn complete(
    practice: &Practice,
    req: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    let input = req.input;
    let condition = conditions::writing(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let checksum = match stated!(input)[..] {
        [] => None,
        [(algorithm, text)] => Some((algorithm, text.to_owned())),
        _ => return Err(s3_error!(InvalidRequest, "Expecting a single x-amz-checksum- header.")),
    };
    let whole = Whole {
        checksum,
        kind: stated::kind(input.checksum_type.as_ref())?,
        size: input.mpu_object_size.and_then(|size| u64::try_from(size).ok()),
    };
    let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    if parts.is_empty() {
        return Err(s3_error!(MalformedXML, "You must specify at least one part"));
    }
    let claims = parts.iter().map(claim).collect::<S3Result<_>>()?;
    let finish = Finish { claims, whole, condition };
    let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id);
    let object = practice.store.run(move |store| store.complete(&bucket, &key, &id, &finish)).await?;

    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        checksum_type: Some(told_kind(object.checksum.kind)),
        server_side_encryption: encryption(&object.about),
        ..CompleteMultipartUploadOutput::default()
    };
    tell!(output, object.checksum.algorithm, object.checksum.text.clone());
    Ok(output)
}

fn claim(part: &CompletedPart) -> S3Result<Claim> {
    let number = part_number(part.part_number.unwrap_or(0))?;
    let etag = part.e_tag.as_ref().ok_or_else(|| s3_error!(MalformedXML, "A part has no ETag."))?;
    let sums = stated!(part).into_iter().map(|(algorithm, text)| stated::parse(algorithm, text));
    Ok(Claim { number, etag: etag.value().to_owned(), sums: sums.collect::<S3Result<_>>()? })
}

pub(super) async fn abort(
    practice: &Practice,
    req: S3Request<AbortMultipartUploadInput>,
) -> S3Result<AbortMultipartUploadOutput> {
    let input = req.input;
    practice.store.run(move |store| store.abort(&input.bucket, &input.key, &input.upload_id)).await?;
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) fn list_parts(practice: &Practice, req: S3Request<ListPartsInput>) -> S3Result<ListPartsOutput> {
    let input = req.input;
    let marker = input.part_number_marker.unwrap_or(0);
    let limit = super::limit(input.max_parts, "max-parts", PARTS_LIMIT)?;
    let look = |upload: &Upload| {
        let mut rest = upload.parts.values().filter(|part| i32::from(part.number) > marker);
        let parts: Vec<ToldPart> = rest.by_ref().take(limit).map(told_part).collect();
        ListPartsOutput {
            is_truncated: Some(limit > 0 && rest.next().is_some()),
            next_part_number_marker: Some(parts.last().and_then(|part| part.part_number).unwrap_or(0)),
            parts: Some(parts),
            checksum_algorithm: Some(told_algorithm(upload.algorithm.unwrap_or(Algorithm::Crc64Nvme))),
            checksum_type: Some(told_kind(upload.kind)),
            storage_class: Some(about::told_class(&upload.about).to_owned().into()),
            ..ListPartsOutput::default()
        }
    };
    let page = practice.store.upload(&input.bucket, &input.key, &input.upload_id, look)?;
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        max_parts: i32::try_from(limit).ok(),
        part_number_marker: Some(marker),
        owner: Some(owner()),
        ..page
    })
}

fn told_part(part: &Part) -> ToldPart {
    let mut told = ToldPart {
        part_number: Some(part.number.into()),
        size: i64::try_from(part.size).ok(),
        e_tag: Some(ETag::Strong(part.etag.clone())),
        last_modified: Some(timestamp(part.modified)),
        ..ToldPart::default()
    };
    tell!(told, part.told_sum().algorithm, part.told_sum().base64());
    told
}
