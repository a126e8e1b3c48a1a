//! What the tests stand on: a practice newsroom in a temporary folder, and clients for it.

use std::fmt::Debug;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_smithy_runtime_api::http::Response;
use rushes_practice::{BUCKET, Keys, REGION, Serving, serve};
use tempfile::TempDir;

pub const B: &str = BUCKET;
/// The least size of a part that is not the last, in bytes.
pub const PART: usize = 5 * 1024 * 1024;

pub struct Practice {
    pub serving: Serving,
    pub keys: Keys,
    /// As SDKs come: computes and sends CRC32 in a signed trailer.
    pub s3: Client,
    /// Sends checksums only where they are asked for.
    pub plain: Client,
    pub root: Arc<TempDir>,
}

impl Practice {
    pub async fn new() -> Self {
        Self::reopen(Arc::new(tempfile::tempdir().expect("a temporary folder"))).await
    }

    pub async fn reopen(root: Arc<TempDir>) -> Self {
        let keys = Keys::fresh();
        let serving = serve(root.path(), keys.clone(), None).await.expect("served");
        let s3 = Client::from_conf(config(&serving.endpoint(), &keys).build());
        let plain = Client::from_conf(quiet(config(&serving.endpoint(), &keys)).build());
        Self { serving, keys, s3, plain, root }
    }

    /// Stops, and serves the same folder again.
    pub async fn again(self) -> Self {
        let Self { serving, root, .. } = self;
        serving.stop().await;
        Self::reopen(root).await
    }

    pub fn config(&self) -> Builder {
        config(&self.serving.endpoint(), &self.keys)
    }

    pub async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) -> String {
        let put = self.plain.put_object().bucket(B).key(key).body(ByteStream::from(bytes.into())).send().await;
        put.expect("put").e_tag.expect("an ETag")
    }

    pub async fn get(&self, key: &str) -> Vec<u8> {
        let got = self.plain.get_object().bucket(B).key(key).send().await.expect("got");
        got.body.collect().await.expect("the whole body").to_vec()
    }

    pub async fn exists(&self, key: &str) -> bool {
        self.plain.head_object().bucket(B).key(key).send().await.is_ok()
    }

    pub async fn create(&self, key: &str) -> String {
        let created = self.plain.create_multipart_upload().bucket(B).key(key).send().await;
        created.expect("created").upload_id.expect("an upload ID")
    }

    /// Uploads parts 1, 2, … and returns what Complete wants to know of them.
    pub async fn parts(&self, key: &str, upload: &str, parts: &[&[u8]]) -> Vec<CompletedPart> {
        let mut completed = Vec::new();
        for (number, bytes) in (1..).zip(parts) {
            let part = self.plain.upload_part().bucket(B).key(key).upload_id(upload).part_number(number);
            let part = part.body(ByteStream::from(bytes.to_vec())).send().await.expect("a part");
            completed.push(CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).build());
        }
        completed
    }

    /// All of a multipart upload.
    pub async fn multipart(&self, key: &str, parts: &[&[u8]]) {
        let upload = self.create(key).await;
        let list = list(self.parts(key, &upload, parts).await);
        let complete = self.plain.complete_multipart_upload().bucket(B).key(key).upload_id(upload);
        complete.multipart_upload(list).send().await.expect("completed");
    }

    /// Files of bytes and of descriptions being written, which is what may be left over.
    pub fn files(&self, folder: &str) -> usize {
        std::fs::read_dir(self.root.path().join(folder)).expect("a folder").count()
    }
}

/// Explicit everything: never the default chain, which asks the environment and the network.
pub fn config(endpoint: &str, keys: &Keys) -> Builder {
    let secret = keys.secret_access_key.as_str();
    Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(&keys.access_key_id, secret, None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

pub fn quiet(config: Builder) -> Builder {
    config
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
}

pub fn list(parts: Vec<CompletedPart>) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder().set_parts(Some(parts)).build()
}

/// The code and the status of a refusal. A HEAD has no body, so its code may be empty.
pub fn refusal<T: Debug, E: ProvideErrorMetadata + Debug>(result: Result<T, SdkError<E, Response>>) -> (String, u16) {
    let error = result.expect_err("it should have been refused");
    let status = error.raw_response().map_or(0, |response| response.status().as_u16());
    (error.code().unwrap_or_default().to_owned(), status)
}

/// Asserts that a request was refused with this code and status.
#[track_caller]
pub fn refused<T: Debug, E: ProvideErrorMetadata + Debug>(
    result: Result<T, SdkError<E, Response>>,
    code: &str,
    status: u16,
) {
    assert_eq!(refusal(result), (code.to_owned(), status));
}

/// Bytes that differ with the seed and do not repeat.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}
