//! Every action of IAM's that a request of Rushes needs, by its name: the same name stands in the policies and in the
//! sentence that says which permission is missing.

/// Whole files, and all of a multipart upload up to its end: Create, UploadPart and Complete.
pub const PUT: &str = "s3:PutObject";
pub const ABORT: &str = "s3:AbortMultipartUpload";
/// The parts of one upload.
pub const LIST_PARTS: &str = "s3:ListMultipartUploadParts";
/// The unfinished uploads of a bucket. IAM knows no condition that keeps it to a prefix.
pub const LIST_UPLOADS: &str = "s3:ListBucketMultipartUploads";
/// GET and HEAD.
pub const GET: &str = "s3:GetObject";
pub const DELETE: &str = "s3:DeleteObject";
/// It also makes S3 answer that a key is not there, in place of a refusal.
pub const LIST: &str = "s3:ListBucket";
pub const ACCELERATION: &str = "s3:GetAccelerateConfiguration";
/// A Lambda function behind its URL. AWS asks for both of them, the second one with the condition that it came by the URL.
pub const CALL_URL: &str = "lambda:InvokeFunctionUrl";
pub const CALL: &str = "lambda:InvokeFunction";
/// Of a bucket that is encrypted with a key of the agency's own.
pub const DECRYPT: &str = "kms:Decrypt";
pub const DATA_KEY: &str = "kms:GenerateDataKey";

/// How a bucket is set up, to be read and not to be changed.
pub const SETTINGS: [&str; 8] = [
    ACCELERATION,
    "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotification",
    "s3:GetReplicationConfiguration",
    "s3:GetBucketLogging",
    "s3:GetBucketVersioning",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketPolicy",
];
