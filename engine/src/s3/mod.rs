//! The bucket, and the only room that names aws_sdk_s3. One request each, no retries: the drivers own those. What a
//! store answers when it refuses is sorted in `refusal`; what it offers, the first upload finds out.

mod multipart;
mod objects;
pub(crate) mod outside;
mod own;
mod refusal;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, IdentityCache, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use serde::{Deserialize, Serialize};

use crate::credentials::Caller;
use crate::integrity::Checksum;
use crate::keys::Template;
use crate::profile::Profile;
use crate::route::Address;
use crate::transfer::UnixMs;
use crate::wire::Wire;

pub(crate) use multipart::{AckedPart, Completed, ListedPart, PartSum};
pub(crate) use objects::{Range, Wanted};
pub(crate) use own::{Only, Own};
pub(crate) use refusal::{Class, Refusal};

pub(crate) type Answer<T> = Result<T, Refusal>;

/// What a store checks uploads with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Offers {
    /// Full-object CRC64NVME, sent as trailers: AWS, and stores that keep up with it.
    WholeCrc64,
    /// Content-MD5 on each part, which S3-compatible stores have always checked.
    PartMd5,
}

/// One profile's bucket, by one route.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    client: Client,
    /// Its name, or an access point's ARN.
    bucket: String,
    region: String,
    /// The address that an S3-compatible store is reached at; absent for AWS.
    endpoint: Option<String>,
    caller: Caller,
    /// What all keys of the own bureau begin with. Its keys may be for that alone.
    own: String,
}

/// What a store says of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    pub size: u64,
    /// With its quotation marks, as it is compared.
    pub etag: String,
    pub version: Option<String>,
    pub modified: UnixMs,
    /// Of the whole object, the most trusted that there is.
    pub checksum: Option<Checksum>,
    pub content_type: String,
    pub storage_class: String,
    pub metadata: HashMap<String, String>,
}

impl Store {
    /// `None` where the address is of an edge, which does not speak S3.
    pub(crate) fn new(profile: &Profile, address: &Address, caller: Caller, wire: &Wire) -> Option<Store> {
        let Address::S3 { bucket, region, endpoint, by_path, accelerate, dual_stack } = address else { return None };
        let mut config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .credentials_provider(caller.provider())
            // Keys are held and renewed in one place, and it is not the SDK: see `credentials`.
            .identity_cache(IdentityCache::no_cache())
            .http_client(wire.clone())
            // One owner of retries and of stalls, and it is not the SDK.
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            // Checksums are asked for by name where the store takes them.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .force_path_style(*by_path)
            .accelerate(*accelerate)
            .use_dual_stack(*dual_stack);
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        Some(Store {
            client: Client::from_conf(config.build()),
            bucket: bucket.clone(),
            region: region.clone(),
            endpoint: profile.endpoint.clone(),
            caller,
            own: Template::parse(&profile.key_template).map(|t| t.prefix(&profile.bureau)).unwrap_or_default(),
        })
    }

    /// A refusal in this bucket's words, of what was asked for by IAM's name, on a key or prefix.
    fn refused<E>(&self, error: aws_sdk_s3::error::SdkError<E>, action: &str, on: &str) -> Refusal
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let (bucket, region, endpoint) = (&self.bucket, &self.region, self.endpoint.as_deref());
        let refusal = refusal::sort(error, &refusal::Names { bucket, region, endpoint, action, on });
        match refusal.class {
            Class::RanOut if !self.caller.ran_out() => Refusal { class: Class::Credentials, ..refusal },
            _ => refusal,
        }
    }
}
