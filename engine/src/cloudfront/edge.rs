//! A distribution as a lane reads through it: ranges of clips, each held to one version, over the lane's own connections.

use std::sync::Arc;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use http::HeaderValue;
use http_body_util::{BodyExt, Limited};
use jiff::fmt::rfc2822;

use super::grant::Grant;
use super::refusal;
use super::resource;
use super::signer::{Permission, Signer, now};
use crate::credentials::Purse;
use crate::error::{Code, Error};
use crate::parts::Part;
use crate::profile::{CloudFront, Profile};
use crate::s3::{Answer, Class, Range, Refusal};
use crate::wire::{Obstacle, Wire};

/// Of a refusal's body.
const LONGEST: usize = 16 << 10;

/// Cheap to clone; clones share what was signed.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    domain: String,
    signer: Arc<Signer>,
    wire: Wire,
}

impl Edge {
    /// `apart` is for the grant function, which the lane's own connections do not lead to.
    pub(crate) fn new(
        profile: &Profile,
        edge: &CloudFront,
        purse: &Purse,
        credentials: SharedCredentialsProvider,
        wire: &Wire,
        apart: Wire,
    ) -> Edge {
        let grant = |url: &str| Grant { url: url.to_owned(), credentials, wire: apart };
        let signer = Arc::new(Signer::new(profile, &edge.signer, purse, grant));
        Edge { domain: edge.domain.clone(), signer, wire: wire.clone() }
    }

    /// Part of exactly the version that `etag` names.
    pub(crate) async fn get(&self, key: &str, etag: &str, range: Part) -> Answer<Range> {
        let address = resource(&self.domain, key).map_err(|e| refusal::not_here(e.message))?;
        let shown = self.signer.permission(&address).await?;
        if let Some(shown) = &shown
            && !shown.policy.covers(address.as_str())
        {
            return Err(refusal::other_path(&self.domain, shown));
        }
        let (first, last) = (range.offset, range.offset + range.length - 1);
        let signed = shown.as_ref().filter(|shown| !shown.in_cookies).map(|shown| shown.signed.on(&address));
        let mut request = http::Request::get(signed.as_ref().map_or(&address, |signed| signed.expose()).as_str())
            .header("range", format!("bytes={first}-{last}"))
            .header("if-match", etag);
        if let Some(shown) = shown.as_ref().filter(|shown| shown.in_cookies) {
            let cookies: Vec<String> =
                shown.signed.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            let mut cookies = HeaderValue::from_str(&cookies.join("; ")).map_err(|e| self.lost(e))?;
            // Nobody who prints the request prints these.
            cookies.set_sensitive(true);
            request = request.header("cookie", cookies);
        }
        let request = request.body(SdkBody::empty()).map_err(|e| self.lost(e))?;
        let request = request.try_into().map_err(|e| self.lost(e))?;
        let answer = self.wire.call(request).await.map_err(|e| match Obstacle::within(&e) {
            Some(obstacle) => obstacle.into(),
            None => self.lost(e),
        })?;
        match answer.status().as_u16() {
            206 => self.held(answer, etag, range),
            200 => Err(refusal::whole(&self.domain)),
            403 => Err(self.denied(answer, shown.as_ref()).await),
            status => Err(refusal::by_status(&self.domain, status)),
        }
    }

    /// Only the very range of the very version.
    fn held(&self, answer: HttpResponse, etag: &str, range: Part) -> Answer<Range> {
        let header = |name: &str| answer.headers().get(name);
        let last = range.offset + range.length - 1;
        let right = header("content-range").is_some_and(|r| r.starts_with(&format!("bytes {}-{last}/", range.offset)));
        let length = header("content-length").and_then(|length| length.parse().ok());
        if !right || length != Some(range.length) {
            return Err(refusal::whole(&self.domain));
        }
        // One that says no ETag could give anything.
        if header("etag") != Some(etag) {
            return Err(refusal::other_version(&self.domain));
        }
        Ok(Range::of(answer.into_body()))
    }

    async fn denied(&self, answer: HttpResponse, shown: Option<&Permission>) -> Refusal {
        self.signer.forget().await;
        let clock = answer.headers().get("date").and_then(|date| rfc2822::parse(date).ok());
        let clock = clock.map(|at| at.timestamp().as_second());
        let body = Limited::new(answer.into_body(), LONGEST).collect().await;
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        let said = String::from_utf8_lossy(&body);
        let code =
            said.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
        refusal::denied(&self.domain, code, shown, now(), clock)
    }

    fn lost(&self, cause: impl std::fmt::Display) -> Refusal {
        let message = format!("CloudFront at {} cannot be reached. It goes on by itself.", self.domain);
        Refusal { class: Class::Network, error: Error::new(Code::Offline, message).because(cause), status: None }
    }
}
