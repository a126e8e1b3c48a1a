//! A gate before a real store: it looks at every request's signature and session token as S3 does, refuses keys that have
//! ended in S3's words, counts the parts that go through, and signs what it passes on with the store's own keys. Named in
//! the docs as ours: no store here that we did not write lets session tokens end within a minute.
//! May not live here: who gives keys out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use rushes_rig::store::{Bucket, Keys};

use super::ledger::{Ledger, Verdict};
use super::server::{Answer, Server, whole};
use super::signature::{self, Shown};

#[derive(Clone)]
pub struct Gate {
    ledger: Ledger,
    store: String,
    keys: Keys,
    client: Client<HttpConnector, BoxBody<Bytes, hyper::Error>>,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// How often each part of each upload was taken.
    pub parts: BTreeMap<(String, String), u32>,
    /// Requests that were refused for their keys, by the code that was said.
    pub refused: BTreeMap<&'static str, u32>,
}

impl Gate {
    /// Serves until the answer is dropped.
    pub async fn open(ledger: Ledger, store: &Bucket) -> Result<(Gate, Server)> {
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let (store, keys) = (store.endpoint.trim_end_matches('/').to_owned(), store.keys.clone());
        let gate = Gate { ledger, store, keys, client, counts: Arc::default() };
        let own = gate.clone();
        let server = Server::start(move |request| {
            let gate = own.clone();
            async move { gate.pass(request).await }
        })
        .await?;
        Ok((gate, server))
    }

    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn verdict(&self, shown: Option<&Shown>, head: &Parts) -> Option<(StatusCode, &'static str)> {
        let Some(shown) = shown else { return Some((StatusCode::FORBIDDEN, "AccessDenied")) };
        match self.ledger.look(&shown.key, shown.token.as_deref()) {
            Verdict::Unknown if shown.token.is_some() => Some((StatusCode::BAD_REQUEST, "InvalidToken")),
            Verdict::Unknown => Some((StatusCode::FORBIDDEN, "InvalidAccessKeyId")),
            Verdict::Expired => Some((StatusCode::BAD_REQUEST, "ExpiredToken")),
            Verdict::Known { secret } if shown.is_by(&secret, head) => None,
            Verdict::Known { .. } => Some((StatusCode::FORBIDDEN, "SignatureDoesNotMatch")),
        }
    }

    async fn pass(&self, request: Request<Incoming>) -> Result<Answer> {
        let (mut head, body) = request.into_parts();
        let shown = signature::of(&head);
        if let Some((status, code)) = self.verdict(shown.as_ref(), &head) {
            *self.counts.lock().unwrap_or_else(PoisonError::into_inner).refused.entry(code).or_default() += 1;
            // What is sent is read, so that the answer is heard.
            let _ = body.collect().await;
            let body = format!("<Error><Code>{code}</Code><Message>The gate says so.</Message></Error>");
            let answer = Response::builder().status(status).header(header::CONTENT_TYPE, "application/xml");
            return Ok(answer.body(whole(body))?);
        }
        let part = part_of(&head.method, &head.uri);
        let path = head.uri.path_and_query().context("a path")?.as_str().to_owned();
        shown.and_then(|shown| shown.again_by(&self.keys.id, &self.keys.secret, &mut head)).context("signing again")?;
        head.uri = format!("{}{path}", self.store).parse()?;
        let answer = self.client.request(Request::from_parts(head, body.boxed())).await?;
        if answer.status().is_success()
            && let Some(part) = part
        {
            *self.counts.lock().unwrap_or_else(PoisonError::into_inner).parts.entry(part).or_default() += 1;
        }
        Ok(answer.map(|body| body.boxed()))
    }
}

/// The upload's ID and the part's number.
fn part_of(method: &Method, uri: &Uri) -> Option<(String, String)> {
    let value = |name: &str| {
        let query = uri.query()?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    (method == Method::PUT).then(|| Some((value("uploadId")?, value("partNumber")?))).flatten()
}
