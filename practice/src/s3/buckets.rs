//! Buckets, and the answers about what a bucket of the practice newsroom does not have.
//! May not live here: what is in a bucket.

use http::StatusCode;
use s3s::dto::{
    Bucket as ToldBucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput,
    DeleteBucketOutput, GetBucketAclOutput, GetBucketLocationOutput, GetObjectAclOutput, Grant, Grantee,
    HeadBucketInput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput, Permission, Type,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::{Practice, owner, timestamp};
use crate::REGION;
use crate::store::BucketFacts;

pub(super) async fn create(practice: &Practice, req: S3Request<CreateBucketInput>) -> S3Result<CreateBucketOutput> {
    let input = req.input;
    if input.object_lock_enabled_for_bucket == Some(true) {
        return Err(s3_error!(NotImplemented, "The practice newsroom has no object lock."));
    }
    let configuration = input.create_bucket_configuration;
    let constraint = configuration.and_then(|c| c.location_constraint).map(|region| region.as_str().to_owned());
    let region = constraint.filter(|region| !region.is_empty() && region != REGION);
    let location = format!("/{}", input.bucket);
    practice.store.run(move |store| store.create_bucket(&input.bucket, region)).await?;
    Ok(CreateBucketOutput { location: Some(location) })
}

pub(super) async fn delete(practice: &Practice, req: S3Request<DeleteBucketInput>) -> S3Result<DeleteBucketOutput> {
    practice.store.run(move |store| store.delete_bucket(&req.input.bucket)).await?;
    Ok(DeleteBucketOutput::default())
}

pub(super) fn head(practice: &Practice, req: S3Request<HeadBucketInput>) -> S3Result<HeadBucketOutput> {
    let facts = practice.store.bucket(&req.input.bucket)?;
    Ok(HeadBucketOutput { bucket_region: Some(region(&facts).to_owned()), ..HeadBucketOutput::default() })
}

pub(super) fn location(practice: &Practice, bucket: &str) -> S3Result<GetBucketLocationOutput> {
    // Nothing is said of us-east-1, as ever.
    let region = practice.store.bucket(bucket)?.region;
    Ok(GetBucketLocationOutput { location_constraint: region.map(BucketLocationConstraint::from) })
}

fn region(facts: &BucketFacts) -> &str {
    facts.region.as_deref().unwrap_or(REGION)
}

pub(super) fn list(practice: &Practice, req: S3Request<ListBucketsInput>) -> S3Result<ListBucketsOutput> {
    let input = req.input;
    let prefix = input.prefix.clone().unwrap_or_default();
    let limit = input.max_buckets.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let all = practice.store.buckets();
    let mut rest = all
        .iter()
        .filter(|facts| facts.name.starts_with(&prefix))
        .filter(|facts| input.bucket_region.as_ref().is_none_or(|wanted| wanted == region(facts)))
        .filter(|facts| input.continuation_token.as_ref().is_none_or(|after| facts.name > *after));
    let buckets: Vec<ToldBucket> = rest.by_ref().take(limit).map(told).collect();
    let more = rest.next().is_some();
    Ok(ListBucketsOutput {
        continuation_token: buckets.last().filter(|_| more).and_then(|bucket| bucket.name.clone()),
        buckets: Some(buckets),
        owner: Some(owner()),
        prefix: input.prefix,
    })
}

fn told(facts: &BucketFacts) -> ToldBucket {
    ToldBucket {
        name: Some(facts.name.clone()),
        creation_date: Some(timestamp(facts.created)),
        bucket_region: Some(region(facts).to_owned()),
    }
}

/// What S3 answers when something was never set up, for a bucket that exists.
pub(super) fn unset(practice: &Practice, bucket: &str, code: S3ErrorCode, what: &'static str) -> S3Error {
    match practice.store.bucket(bucket) {
        Ok(_) => S3Error::with_message(code, what),
        Err(refusal) => refusal.into(),
    }
}

/// [`unset`] for what s3s has no code for; all of them are 404.
pub(super) fn unset_named(practice: &Practice, bucket: &str, code: &'static str, what: &'static str) -> S3Error {
    match practice.store.bucket(bucket) {
        Ok(_) => super::errors::custom(code, StatusCode::NOT_FOUND, what),
        Err(refusal) => refusal.into(),
    }
}

/// An empty answer, for a bucket that exists.
pub(super) fn nothing<T: Default>(practice: &Practice, bucket: &str) -> S3Result<T> {
    practice.store.bucket(bucket)?;
    Ok(T::default())
}

/// The owner may do everything, and nobody else anything.
pub(super) fn acl(practice: &Practice, bucket: &str) -> S3Result<GetBucketAclOutput> {
    practice.store.bucket(bucket)?;
    Ok(GetBucketAclOutput { grants: Some(vec![full_control()]), owner: Some(owner()) })
}

pub(super) fn object_acl(practice: &Practice, bucket: &str, key: &str) -> S3Result<GetObjectAclOutput> {
    practice.store.object(bucket, key)?;
    let (grants, owner) = (Some(vec![full_control()]), Some(owner()));
    Ok(GetObjectAclOutput { grants, owner, ..GetObjectAclOutput::default() })
}

fn full_control() -> Grant {
    let owner = owner();
    let grantee = Grantee {
        display_name: owner.display_name,
        email_address: None,
        id: owner.id,
        type_: Type::from_static(Type::CANONICAL_USER),
        uri: None,
    };
    Grant { grantee: Some(grantee), permission: Some(Permission::from_static(Permission::FULL_CONTROL)) }
}
