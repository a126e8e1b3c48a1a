//! Buckets by both styles of address, and what is not here answered as S3 answers it.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, RestoreRequest};
use rushes_practice::BUCKET;

use crate::common::{B, Practice, quiet, refused};
use crate::wire::{request, status};

#[tokio::test]
async fn the_bucket_is_there_from_the_start_and_others_can_be_made_and_removed() {
    let practice = Practice::new().await;
    let s3 = practice.s3.clone();
    let head = s3.head_bucket().bucket(BUCKET).send().await.expect("there");
    assert_eq!(head.bucket_region(), Some("us-east-1"));
    s3.create_bucket().bucket("another.bucket").send().await.expect("made");
    let region = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    s3.create_bucket().bucket("con").create_bucket_configuration(region).send().await.expect("made");
    refused(s3.create_bucket().bucket("con").send().await, "BucketAlreadyOwnedByYou", 409);
    refused(s3.create_bucket().bucket("No_Bucket").send().await, "InvalidBucketName", 400);
    s3.put_object().bucket("con").key("x").body(ByteStream::from_static(b"x")).send().await.expect("put");
    refused(s3.delete_bucket().bucket("con").send().await, "BucketNotEmpty", 409);

    let practice = practice.again().await;
    let s3 = practice.s3.clone();
    let listed = s3.list_buckets().send().await.expect("a list");
    let names: Vec<_> = listed.buckets().iter().filter_map(|bucket| bucket.name()).collect();
    assert_eq!(names, ["another.bucket", "con", BUCKET]);
    let location = |bucket: &str| s3.get_bucket_location().bucket(bucket).send();
    let told = location("con").await.expect("a location").location_constraint;
    assert_eq!(told, Some(BucketLocationConstraint::EuWest1));
    assert!(location(BUCKET).await.expect("a location").location_constraint.is_none_or(|l| l.as_str().is_empty()));
    s3.delete_object().bucket("con").key("x").send().await.expect("deleted");
    for bucket in ["con", "another.bucket"] {
        s3.delete_bucket().bucket(bucket).send().await.expect("removed");
        refused(s3.head_bucket().bucket(bucket).send().await, "NotFound", 404);
        refused(s3.delete_bucket().bucket(bucket).send().await, "NoSuchBucket", 404);
    }
    assert_eq!(practice.files("buckets"), 1);
}

#[tokio::test]
async fn a_bucket_goes_with_its_unfinished_uploads() {
    let practice = Practice::new().await;
    practice.s3.create_bucket().bucket("short-lived").send().await.expect("made");
    let create = practice.s3.create_multipart_upload().bucket("short-lived").key("x").send().await;
    let upload = create.expect("created").upload_id.expect("an ID");
    let part = practice.plain.upload_part().bucket("short-lived").key("x").upload_id(upload).part_number(1);
    part.body(ByteStream::from_static(b"x")).send().await.expect("a part");
    practice.s3.delete_bucket().bucket("short-lived").send().await.expect("removed");
    assert_eq!(practice.files("segments"), 0);
}

#[tokio::test]
async fn hosts_under_localhost_name_the_bucket() {
    let practice = Practice::new().await;
    practice.put("key", "by path").await;
    let port = practice.serving.address().port();
    // The names need no resolver: only the Host header tells the bucket. A presigned URL covers it.
    for host in ["s3.localhost", "localhost"] {
        let config = quiet(practice.config()).force_path_style(false).endpoint_url(format!("http://{host}:{port}"));
        let client = Client::from_conf(config.build());
        let expires = aws_sdk_s3::presigning::PresigningConfig::expires_in(std::time::Duration::from_secs(60));
        let get = client.get_object().bucket(B).key("key").presigned(expires.expect("a minute")).await.expect("a URL");
        assert!(get.uri().starts_with(&format!("http://{B}.{host}:{port}/key?")), "{}", get.uri());
        let answer = request("GET", get.uri(), &[], b"").await;
        assert!(status(&answer) == 200 && answer.ends_with("by path"), "{answer}");
    }
}

#[tokio::test]
async fn what_was_never_set_up_is_answered_as_s3_answers_it() {
    let practice = Practice::new().await;
    let s3 = &practice.s3;
    assert_eq!(s3.get_bucket_versioning().bucket(B).send().await.expect("versioning").status, None);
    assert_eq!(s3.get_bucket_accelerate_configuration().bucket(B).send().await.expect("acceleration").status, None);
    let told = s3.get_bucket_notification_configuration().bucket(B).send().await.expect("notifications");
    assert!(told.queue_configurations().is_empty() && told.event_bridge_configuration().is_none());
    assert!(s3.get_bucket_logging().bucket(B).send().await.expect("logging").logging_enabled().is_none());
    assert_eq!(s3.get_bucket_acl().bucket(B).send().await.expect("an ACL").grants().len(), 1);
    refused(s3.get_bucket_lifecycle_configuration().bucket(B).send().await, "NoSuchLifecycleConfiguration", 404);
    refused(s3.get_bucket_policy().bucket(B).send().await, "NoSuchBucketPolicy", 404);
    refused(s3.get_bucket_cors().bucket(B).send().await, "NoSuchCORSConfiguration", 404);
    refused(s3.get_bucket_tagging().bucket(B).send().await, "NoSuchTagSet", 404);
    refused(s3.get_bucket_replication().bucket(B).send().await, "ReplicationConfigurationNotFoundError", 404);
    refused(s3.get_bucket_encryption().bucket(B).send().await, "ServerSideEncryptionConfigurationNotFoundError", 404);
    refused(s3.get_public_access_block().bucket(B).send().await, "NoSuchPublicAccessBlockConfiguration", 404);
    refused(s3.get_object_lock_configuration().bucket(B).send().await, "ObjectLockConfigurationNotFoundError", 404);
    refused(s3.get_bucket_policy().bucket("no-such-bucket").send().await, "NoSuchBucket", 404);
}

#[tokio::test]
async fn what_cannot_be_done_here_says_so_and_never_500() {
    let practice = Practice::new().await;
    practice.put("clip", "x").await;
    let s3 = &practice.s3;
    let versioning = aws_sdk_s3::types::VersioningConfiguration::builder().status("Enabled".into()).build();
    let put = s3.put_bucket_versioning().bucket(B).versioning_configuration(versioning).send().await;
    refused(put, "NotImplemented", 501);
    let restore =
        s3.restore_object().bucket(B).key("clip").restore_request(RestoreRequest::builder().build()).send().await;
    refused(restore, "NotImplemented", 501);
    refused(s3.get_object_torrent().bucket(B).key("clip").send().await, "NotImplemented", 501);
    let customer = s3.put_object().bucket(B).key("c").sse_customer_algorithm("AES256").sse_customer_key("a2V5");
    refused(customer.body(ByteStream::from_static(b"x")).send().await, "NotImplemented", 501);
}
