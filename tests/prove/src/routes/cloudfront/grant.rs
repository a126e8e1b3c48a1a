//! Our stand-in for the agency's grant function, which signs a policy for whoever AWS knows; see docs/GRANT.md. AWS checks
//! the caller's signature before a function is run; here only who calls, and for which region and service, is looked at.
//! `rushes-prove grant 127.0.0.1:8082 '{"accessKey": …}'`
//! May not live here: the product's side of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, header};
use rushes_bench::link::Namespace;
use rushes_rig::child::Child;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::door::{self, Answer};
use super::keys::{for_addresses, now, sign};

/// In a network that has nobody else there.
pub const LISTENS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8082);

/// What it grants, and to whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grants {
    /// The only caller that it knows.
    pub access_key: String,
    pub region: String,
    /// What this caller may read: `https://d111111abcdef8.cloudfront.net/manila/*`.
    pub resource: String,
    /// From now on, in seconds; less than none for one that has ended.
    pub lasts: i64,
    pub ip: Option<String>,
    pub key_pair_id: String,
    pub private: PathBuf,
    /// `SHA1` or `SHA256`.
    pub hash: String,
}

/// In that network.
pub fn start(network: &Namespace, folder: &Path, grants: &Grants) -> Result<Child> {
    let words = ["grant".to_owned(), LISTENS.to_string(), serde_json::to_string(grants)?];
    door::start(network, folder, &words, LISTENS)
}

/// The sub-command.
pub async fn serve(words: &[&str]) -> Result<()> {
    let [listens, grants] = words else { anyhow::bail!("where it listens, and what it grants") };
    let grants: Grants = serde_json::from_str(grants)?;
    door::serve(listens.parse()?, async move |request| answer(&grants, request).await).await
}

async fn answer(grants: &Grants, request: Request<Incoming>) -> Result<Answer> {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let is_known = authorization.is_some_and(|said| is_caller(grants, said));
    let is_right = request.method() == Method::POST && request.uri().path() == "/";
    let body = request.into_body().collect().await.context("the request's body")?.to_bytes();
    // Nothing that the caller says decides what is granted.
    let says_nothing = serde_json::from_slice::<Value>(&body).is_ok_and(|body| body == json!({}));
    let (status, body) = match (is_known, is_right && says_nothing) {
        (false, _) => (StatusCode::FORBIDDEN, json!({ "Message": "Forbidden" })),
        (true, false) => (StatusCode::BAD_REQUEST, json!({ "message": "POST {} to /" })),
        (true, true) => (StatusCode::OK, granted(grants)?),
    };
    println!("{status}");
    let answer = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    Ok(answer.body(Full::from(body.to_string()))?)
}

/// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/lambda/aws4_request, SignedHeaders=…, Signature=…`
fn is_caller(grants: &Grants, authorization: &str) -> bool {
    let Some(words) = authorization.strip_prefix("AWS4-HMAC-SHA256 ") else { return false };
    let word = |name: &str| words.split(',').find_map(|word| word.trim().strip_prefix(name)?.strip_prefix('='));
    let scope: Vec<&str> = word("Credential").unwrap_or_default().split('/').collect();
    let signed: Vec<&str> = word("SignedHeaders").unwrap_or_default().split(';').collect();
    let is_scope = matches!(scope[..], [key, date, region, "lambda", "aws4_request"]
        if key == grants.access_key && date.len() == 8 && region == grants.region);
    let is_hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_scope && signed.contains(&"host") && signed.contains(&"x-amz-date") && word("Signature").is_some_and(is_hex)
}

fn granted(grants: &Grants) -> Result<Value> {
    let until = now()? + grants.lasts;
    let mut condition = json!({ "DateLessThan": { "AWS:EpochTime": until } });
    if let Some(ip) = &grants.ip {
        condition["IpAddress"] = json!({ "AWS:SourceIp": ip });
    }
    let policy = json!({ "Statement": [{ "Resource": grants.resource, "Condition": condition }] }).to_string();
    Ok(json!({
        "keyPairId": grants.key_pair_id,
        "policy": for_addresses(policy.as_bytes()),
        "signature": for_addresses(&sign(&grants.private, &grants.hash, &policy)?),
        "hashAlgorithm": grants.hash,
        "expires": until,
    }))
}
