//! The agency's grant function: a Lambda behind a function URL that only the agency's own callers may call. It is asked with
//! the user's keys, looks at who asks, and answers with a signed policy for what that one may read, for a short while. See
//! docs/GRANT.md.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use url::Url;

use super::refusal;
use super::signer::{Permission, now};
use super::{Hash, Policy, Signed, SignedUrl};
use crate::error::{Error, Result};
use crate::profile::function_region;
use crate::s3::Answer;
use crate::wire::{Obstacle, Wire};

/// A cold function takes seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// Policies are a few hundred bytes, signatures too.
const LONGEST: usize = 16 << 10;
/// It takes no wish: what may be read follows from who asks.
const ASKED: &[u8] = b"{}";

pub(super) struct Grant {
    pub url: String,
    pub credentials: SharedCredentialsProvider,
    /// Of its own: a lane's connections go to its edge.
    pub wire: Wire,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Granted {
    key_pair_id: String,
    policy: String,
    signature: String,
    #[serde(default)]
    hash_algorithm: Hash,
}

fn read(answer: &[u8]) -> Option<Permission> {
    let Granted { key_pair_id, policy, signature, hash_algorithm } = serde_json::from_slice(answer).ok()?;
    let signed = Signed::given(key_pair_id, policy, signature, hash_algorithm)?;
    let policy = Policy::parse(&signed.text()?)?;
    Some(Permission { signed, policy, in_cookies: true })
}

/// For `crate::outside`: what was granted, and the address of a clip with it.
pub(crate) fn granted(answer: &[u8]) -> Option<(Policy, SignedUrl)> {
    let permission = read(answer)?;
    let _ = (permission.lasts(now(), 0), permission.signed.cookies());
    let address = super::resource("d111111abcdef8.cloudfront.net", "Nairobi/clip.mxf").ok()?;
    Some((permission.policy.clone(), permission.signed.on(&address)))
}

impl Grant {
    pub(super) async fn ask(&self) -> Answer<Permission> {
        let asked = tokio::time::timeout(PATIENCE, self.asked()).await;
        let answer = asked.unwrap_or_else(|_| Err(refusal::grant_silent(&self.url, "no answer within 15 s")))?;
        let permission = read(&answer).ok_or_else(|| refusal::grant_nonsense(&self.url))?;
        if !permission.lasts(now(), 0) {
            return Err(refusal::ran_out(&self.url, permission.policy.until));
        }
        Ok(permission)
    }

    async fn asked(&self) -> Answer<Vec<u8>> {
        let silent = |cause: String| refusal::grant_silent(&self.url, &cause);
        let request = self.request().await.map_err(refusal::no_key)?;
        let answer = self.wire.call(request).await.map_err(|e| match Obstacle::within(&e) {
            Some(obstacle) => obstacle.into(),
            None => silent(e.to_string()),
        })?;
        let status = answer.status().as_u16();
        // What AWS says itself has a type. A function may answer so too: then its author meant it so.
        let by_aws = answer.headers().get("x-amzn-errortype").is_some_and(|kind| kind.starts_with("AccessDenied"));
        let body = Limited::new(answer.into_body(), LONGEST).collect().await;
        let body = body.map_err(|e| silent(e.to_string()))?.to_bytes().to_vec();
        match status {
            200 => Ok(body),
            // What it says may hold anything; IT looks into the function's own log.
            _ => Err(refusal::grant_refused(&self.url, status, by_aws)),
        }
    }

    async fn request(&self) -> Result<aws_smithy_runtime_api::client::orchestrator::HttpRequest> {
        let identity = self.credentials.provide_credentials().await.map_err(Error::internal)?.into();
        let host = Url::parse(&self.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let region = function_region(&self.url).unwrap_or_default();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name("lambda")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(Error::internal)?
            .into();
        let url = format!("{}/", self.url.trim_end_matches('/'));
        let headers = [("host", host.as_str()), ("content-type", "application/json")];
        let signable = SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(ASKED));
        let (instructions, _) =
            sign(signable.map_err(Error::internal)?, &params).map_err(Error::internal)?.into_parts();
        let mut request = http::Request::post(&url)
            .header("content-type", "application/json")
            .body(SdkBody::from(ASKED))
            .map_err(Error::internal)?;
        instructions.apply_to_request_http1x(&mut request);
        request.try_into().map_err(Error::internal)
    }
}
