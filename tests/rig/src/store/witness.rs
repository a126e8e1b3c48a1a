//! Looks into a bucket with AWS's own client and its default connector, so that no mistake of the product's client can
//! hide in what the test sees.
//! May not live here: opinions about what should be there.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Error, Result};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
};
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, ChecksumMode, VersioningConfiguration};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use bytes::Bytes;

use super::Bucket;

/// What Rushes keeps for itself in a bucket, and among it the claims of keys.
const OWN: &str = ".rushes/";
const CLAIMS: &str = ".rushes/claims/";
/// The folder of a card's hash lists.
const HASH_LISTS: &str = "ascmhl";

#[derive(Clone, Debug)]
pub struct Witness {
    client: Client,
    bucket: String,
}

/// What HEAD says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub size: u64,
    /// With its quotation marks.
    pub etag: String,
    /// Of the whole object or of its parts, see `checksum_type`; in base64, as on the wire.
    pub crc64nvme: Option<String>,
    /// `FULL_OBJECT` or `COMPOSITE`, where the store says so.
    pub checksum_type: Option<String>,
    pub content_type: Option<String>,
    pub metadata: std::collections::BTreeMap<String, String>,
}

/// A multipart upload that was begun and neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub key: String,
    pub upload_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub number: i32,
    pub size: u64,
    pub etag: String,
}

impl Witness {
    pub(super) fn new(bucket: &Bucket) -> Result<Witness> {
        let keys = Credentials::new(&bucket.keys.id, &bucket.keys.secret, None, None, "rushes-rig");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(bucket.region.clone()))
            .endpoint_url(&bucket.endpoint)
            .force_path_style(true)
            .credentials_provider(keys)
            // Not every store takes the trailers that are the default.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .http_client(connector(bucket.ca.as_deref())?)
            .build();
        Ok(Witness { client: Client::from_conf(config), bucket: bucket.name.clone() })
    }

    /// The client itself, for what only one test asks.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Makes the bucket.
    pub async fn create(&self) -> Result<()> {
        self.client.create_bucket().bucket(&self.bucket).send().await.map_err(told)?;
        Ok(())
    }

    /// From now on the bucket keeps what is written over or deleted.
    pub async fn keep_versions(&self) -> Result<()> {
        let kept = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let asked = self.client.put_bucket_versioning().bucket(&self.bucket).versioning_configuration(kept);
        asked.send().await.map_err(told)?;
        Ok(())
    }

    /// Writes an object over whatever is there.
    pub async fn put(&self, key: &str, bytes: impl Into<Bytes>) -> Result<()> {
        let body = ByteStream::from(bytes.into());
        self.client.put_object().bucket(&self.bucket).key(key).body(body).send().await.map_err(told)?;
        Ok(())
    }

    /// The whole object, in memory.
    pub async fn get(&self, key: &str) -> Result<Bytes> {
        let got = self.client.get_object().bucket(&self.bucket).key(key).send().await.map_err(told)?;
        Ok(got.body.collect().await?.into_bytes())
    }

    /// Whether the object has the very bytes of the file, read as they come.
    pub async fn same(&self, key: &str, path: &Path) -> Result<bool> {
        let mut file = File::open(path).with_context(|| path.display().to_string())?;
        let mut got = self.client.get_object().bucket(&self.bucket).key(key).send().await.map_err(told)?;
        if got.content_length() != Some(i64::try_from(file.metadata()?.len())?) {
            return Ok(false);
        }
        let mut expected = Vec::new();
        while let Some(bytes) = got.body.try_next().await? {
            expected.resize(bytes.len(), 0);
            // The file may have shrunk meanwhile, which is a difference.
            if file.read_exact(&mut expected).is_err() || expected != bytes {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// None if it is not there.
    pub async fn head(&self, key: &str) -> Result<Option<Head>> {
        let asked = self.client.head_object().bucket(&self.bucket).key(key).checksum_mode(ChecksumMode::Enabled);
        let head = match asked.send().await {
            Ok(head) => head,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_not_found()) => return Ok(None),
            Err(error) => return Err(told(error)),
        };
        Ok(Some(Head {
            size: u64::try_from(head.content_length().unwrap_or_default())?,
            etag: head.e_tag().unwrap_or_default().to_owned(),
            crc64nvme: head.checksum_crc64_nvme().map(str::to_owned),
            checksum_type: head.checksum_type().map(|kind| kind.as_str().to_owned()),
            content_type: head.content_type().map(str::to_owned),
            metadata: head.metadata().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect(),
        }))
    }

    /// The keys that begin with `prefix`, in S3's order. What Rushes keeps for itself is no clip: see
    /// [`claims`](Witness::claims).
    pub async fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        let mut keys = self.all_keys(prefix).await?;
        keys.retain(|key| !key.starts_with(OWN) && !key.split('/').any(|folder| folder == HASH_LISTS));
        Ok(keys)
    }

    /// The hash lists of cards and their chains.
    pub async fn hash_lists(&self) -> Result<Vec<String>> {
        let keys = self.all_keys("").await?;
        Ok(keys.into_iter().filter(|key| key.split('/').any(|folder| folder == HASH_LISTS)).collect())
    }

    /// The keys that are claimed.
    pub async fn claims(&self) -> Result<Vec<String>> {
        let claims = self.all_keys(CLAIMS).await?;
        Ok(claims.into_iter().filter_map(|claim| claim.strip_prefix(CLAIMS).map(str::to_owned)).collect())
    }

    async fn all_keys(&self, prefix: &str) -> Result<Vec<String>> {
        let asked = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut pages = asked.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            keys.extend(page.map_err(told)?.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        }
        Ok(keys)
    }

    /// Those of the whole bucket.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>> {
        let mut unfinished = Vec::new();
        let (mut key, mut id) = (None, None);
        loop {
            let asked = self.client.list_multipart_uploads().bucket(&self.bucket);
            let page = asked.set_key_marker(key).set_upload_id_marker(id).send().await.map_err(told)?;
            unfinished.extend(page.uploads().iter().map(|upload| Unfinished {
                key: upload.key().unwrap_or_default().to_owned(),
                upload_id: upload.upload_id().unwrap_or_default().to_owned(),
            }));
            if page.is_truncated() != Some(true) {
                return Ok(unfinished);
            }
            (key, id) = (page.next_key_marker().map(str::to_owned), page.next_upload_id_marker().map(str::to_owned));
        }
    }

    pub async fn parts(&self, upload: &Unfinished) -> Result<Vec<Part>> {
        let asked = self.client.list_parts().bucket(&self.bucket).key(&upload.key).upload_id(&upload.upload_id);
        let mut pages = asked.into_paginator().send();
        let mut parts = Vec::new();
        while let Some(page) = pages.next().await {
            for part in page.map_err(told)?.parts() {
                parts.push(Part {
                    number: part.part_number().unwrap_or_default(),
                    size: u64::try_from(part.size().unwrap_or_default())?,
                    etag: part.e_tag().unwrap_or_default().to_owned(),
                });
            }
        }
        Ok(parts)
    }

    /// Begins a multipart upload, as somebody else's program would that then forgets it.
    pub async fn begin(&self, key: &str) -> Result<Unfinished> {
        let begun = self.client.create_multipart_upload().bucket(&self.bucket).key(key).send().await.map_err(told)?;
        let upload_id = begun.upload_id().context("an upload ID")?.to_owned();
        Ok(Unfinished { key: key.to_owned(), upload_id })
    }

    pub async fn put_part(&self, upload: &Unfinished, number: i32, bytes: impl Into<Bytes>) -> Result<()> {
        let asked = self.client.upload_part().bucket(&self.bucket).key(&upload.key).upload_id(&upload.upload_id);
        asked.part_number(number).body(ByteStream::from(bytes.into())).send().await.map_err(told)?;
        Ok(())
    }

    pub async fn abort(&self, upload: &Unfinished) -> Result<()> {
        let asked = self.client.abort_multipart_upload().bucket(&self.bucket).key(&upload.key);
        asked.upload_id(&upload.upload_id).send().await.map_err(told)?;
        Ok(())
    }

    pub async fn delete(&self, key: &str) -> Result<()> {
        self.client.delete_object().bucket(&self.bucket).key(key).send().await.map_err(told)?;
        Ok(())
    }
}

fn connector(ca: Option<&Path>) -> Result<SharedHttpClient> {
    let Some(ca) = ca else { return Ok(Builder::new().build_http()) };
    let pem = std::fs::read(ca).with_context(|| ca.display().to_string())?;
    let trusted = TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(pem)).build()?;
    Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(trusted).build_https())
}

/// The SDK's own words for an error say little without their causes.
fn told<E: std::error::Error + Send + Sync + 'static>(error: SdkError<E>) -> Error {
    anyhow::anyhow!("{}", DisplayErrorContext(error))
}
