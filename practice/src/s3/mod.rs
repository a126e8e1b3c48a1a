//! The S3 calls, as s3s hands them over: each goes to the file of its topic, which asks the store and spells the
//! answer. Calls that are not here answer NotImplemented.
//! May not live here: files, locks, HTTP.

mod about;
mod buckets;
mod conditions;
mod errors;
mod lists;
mod objects;
mod reads;
mod stated;
mod uploads;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use s3s::dto::*;
use s3s::{S3, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use crate::store::Store;

/// The S3 side of a store.
pub(crate) struct Practice {
    pub(crate) store: Arc<Store>,
}

type Answer<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl S3 for Practice {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> Answer<CreateBucketOutput> {
        buckets::create(self, req).await.map(S3Response::new)
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> Answer<DeleteBucketOutput> {
        buckets::delete(self, req).await.map(S3Response::new)
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        buckets::head(self, req).map(S3Response::new)
    }

    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> Answer<ListBucketsOutput> {
        buckets::list(self, req).map(S3Response::new)
    }

    async fn get_bucket_location(&self, req: S3Request<GetBucketLocationInput>) -> Answer<GetBucketLocationOutput> {
        buckets::location(self, &req.input.bucket).map(S3Response::new)
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        objects::put(self, req).await.map(S3Response::new)
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> Answer<CopyObjectOutput> {
        objects::copy(self, req).await.map(S3Response::new)
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        objects::delete(self, req).await.map(S3Response::new)
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> Answer<DeleteObjectsOutput> {
        objects::delete_many(self, req).await.map(S3Response::new)
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        reads::get(self, req)
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        reads::head(self, req)
    }

    async fn get_object_attributes(
        &self,
        req: S3Request<GetObjectAttributesInput>,
    ) -> Answer<GetObjectAttributesOutput> {
        reads::attributes(self, req).map(S3Response::new)
    }

    async fn get_object_tagging(&self, req: S3Request<GetObjectTaggingInput>) -> Answer<GetObjectTaggingOutput> {
        objects::get_tags(self, &req.input).map(S3Response::new)
    }

    async fn put_object_tagging(&self, req: S3Request<PutObjectTaggingInput>) -> Answer<PutObjectTaggingOutput> {
        objects::put_tags(self, req.input).await.map(S3Response::new)
    }

    async fn delete_object_tagging(
        &self,
        req: S3Request<DeleteObjectTaggingInput>,
    ) -> Answer<DeleteObjectTaggingOutput> {
        objects::delete_tags(self, req.input).await.map(S3Response::new)
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> Answer<ListObjectsOutput> {
        lists::v1(self, req.input).map(S3Response::new)
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> Answer<ListObjectsV2Output> {
        lists::v2(self, req.input).map(S3Response::new)
    }

    async fn list_object_versions(&self, req: S3Request<ListObjectVersionsInput>) -> Answer<ListObjectVersionsOutput> {
        lists::versions(self, req.input).map(S3Response::new)
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        lists::uploads(self, req.input).map(S3Response::new)
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        uploads::create(self, req).await.map(S3Response::new)
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        uploads::put_part(self, req).await.map(S3Response::new)
    }

    async fn upload_part_copy(&self, req: S3Request<UploadPartCopyInput>) -> Answer<UploadPartCopyOutput> {
        uploads::copy_part(self, req).await.map(S3Response::new)
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        uploads::list_parts(self, req).map(S3Response::new)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        uploads::complete(self, req).await.map(S3Response::new)
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        uploads::abort(self, req).await.map(S3Response::new)
    }

    // What a bucket may have and none has here: answered as S3 answers when it was never set up.

    async fn get_bucket_versioning(
        &self,
        req: S3Request<GetBucketVersioningInput>,
    ) -> Answer<GetBucketVersioningOutput> {
        buckets::nothing(self, &req.input.bucket).map(S3Response::new)
    }

    async fn get_bucket_accelerate_configuration(
        &self,
        req: S3Request<GetBucketAccelerateConfigurationInput>,
    ) -> Answer<GetBucketAccelerateConfigurationOutput> {
        buckets::nothing(self, &req.input.bucket).map(S3Response::new)
    }

    async fn get_bucket_logging(&self, req: S3Request<GetBucketLoggingInput>) -> Answer<GetBucketLoggingOutput> {
        buckets::nothing(self, &req.input.bucket).map(S3Response::new)
    }

    async fn get_bucket_notification_configuration(
        &self,
        req: S3Request<GetBucketNotificationConfigurationInput>,
    ) -> Answer<GetBucketNotificationConfigurationOutput> {
        buckets::nothing(self, &req.input.bucket).map(S3Response::new)
    }

    async fn get_bucket_acl(&self, req: S3Request<GetBucketAclInput>) -> Answer<GetBucketAclOutput> {
        buckets::acl(self, &req.input.bucket).map(S3Response::new)
    }

    async fn get_object_acl(&self, req: S3Request<GetObjectAclInput>) -> Answer<GetObjectAclOutput> {
        buckets::object_acl(self, &req.input.bucket, &req.input.key).map(S3Response::new)
    }

    async fn get_bucket_cors(&self, req: S3Request<GetBucketCorsInput>) -> Answer<GetBucketCorsOutput> {
        Err(buckets::unset(
            self,
            &req.input.bucket,
            S3ErrorCode::NoSuchCORSConfiguration,
            "The CORS configuration does not exist",
        ))
    }

    async fn get_bucket_lifecycle_configuration(
        &self,
        req: S3Request<GetBucketLifecycleConfigurationInput>,
    ) -> Answer<GetBucketLifecycleConfigurationOutput> {
        Err(buckets::unset(
            self,
            &req.input.bucket,
            S3ErrorCode::NoSuchLifecycleConfiguration,
            "The lifecycle configuration does not exist",
        ))
    }

    async fn get_bucket_policy(&self, req: S3Request<GetBucketPolicyInput>) -> Answer<GetBucketPolicyOutput> {
        Err(buckets::unset(
            self,
            &req.input.bucket,
            S3ErrorCode::NoSuchBucketPolicy,
            "The bucket policy does not exist",
        ))
    }

    async fn get_bucket_policy_status(
        &self,
        req: S3Request<GetBucketPolicyStatusInput>,
    ) -> Answer<GetBucketPolicyStatusOutput> {
        Err(buckets::unset(
            self,
            &req.input.bucket,
            S3ErrorCode::NoSuchBucketPolicy,
            "The bucket policy does not exist",
        ))
    }

    async fn get_bucket_tagging(&self, req: S3Request<GetBucketTaggingInput>) -> Answer<GetBucketTaggingOutput> {
        Err(buckets::unset(self, &req.input.bucket, S3ErrorCode::NoSuchTagSet, "The TagSet does not exist"))
    }

    async fn get_bucket_replication(
        &self,
        req: S3Request<GetBucketReplicationInput>,
    ) -> Answer<GetBucketReplicationOutput> {
        Err(buckets::unset(
            self,
            &req.input.bucket,
            S3ErrorCode::ReplicationConfigurationNotFoundError,
            "The replication configuration was not found",
        ))
    }

    async fn get_bucket_ownership_controls(
        &self,
        req: S3Request<GetBucketOwnershipControlsInput>,
    ) -> Answer<GetBucketOwnershipControlsOutput> {
        Err(buckets::unset(
            self,
            &req.input.bucket,
            S3ErrorCode::OwnershipControlsNotFoundError,
            "The bucket ownership controls were not found",
        ))
    }

    async fn get_bucket_website(&self, req: S3Request<GetBucketWebsiteInput>) -> Answer<GetBucketWebsiteOutput> {
        Err(buckets::unset(
            self,
            &req.input.bucket,
            S3ErrorCode::NoSuchWebsiteConfiguration,
            "The specified bucket does not have a website configuration",
        ))
    }

    async fn get_object_lock_configuration(
        &self,
        req: S3Request<GetObjectLockConfigurationInput>,
    ) -> Answer<GetObjectLockConfigurationOutput> {
        Err(buckets::unset(
            self,
            &req.input.bucket,
            S3ErrorCode::ObjectLockConfigurationNotFoundError,
            "Object Lock configuration does not exist for this bucket",
        ))
    }

    async fn get_bucket_encryption(
        &self,
        req: S3Request<GetBucketEncryptionInput>,
    ) -> Answer<GetBucketEncryptionOutput> {
        Err(buckets::unset_named(
            self,
            &req.input.bucket,
            "ServerSideEncryptionConfigurationNotFoundError",
            "The server side encryption configuration was not found",
        ))
    }

    async fn get_public_access_block(
        &self,
        req: S3Request<GetPublicAccessBlockInput>,
    ) -> Answer<GetPublicAccessBlockOutput> {
        Err(buckets::unset_named(
            self,
            &req.input.bucket,
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
        ))
    }
}

/// Of Unix seconds.
fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// There is one user, who owns everything.
fn owner() -> Owner {
    Owner { display_name: Some("practice".into()), id: Some("practice".repeat(8)) }
}

/// How many entries a page may have: what is asked for, at most `most`.
fn limit(asked: Option<i32>, name: &str, most: usize) -> S3Result<usize> {
    let Some(asked) = asked else { return Ok(most) };
    let asked = usize::try_from(asked);
    asked.map(|asked| asked.min(most)).map_err(|_| s3_error!(InvalidArgument, "Argument {name} must not be negative"))
}

/// Versioning is never on here: the one version of an object is `null`.
fn check_version(asked: Option<&str>) -> S3Result<()> {
    match asked {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(InvalidArgument, "Invalid version id specified")),
    }
}
