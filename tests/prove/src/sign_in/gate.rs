//! A gate before a store that asks for no keys: it looks at every request's signature as S3 does, refuses keys that have
//! ended in S3's words, and counts the parts that went through. Named in the docs as ours: no store here that we did not
//! write both checks session tokens and lets them end within a minute.
//! May not live here: who gives keys out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::ledger::{Ledger, Verdict};
use super::server::{Answer, Server, whole};
use super::signature;

#[derive(Clone)]
pub struct Gate {
    ledger: Ledger,
    store: SocketAddr,
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
    pub async fn open(ledger: Ledger, store: SocketAddr) -> Result<(Gate, Server)> {
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let gate = Gate { ledger, store, client, counts: Arc::default() };
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

    fn verdict(&self, request: &Request<Incoming>) -> Option<(StatusCode, &'static str)> {
        let Some(shown) = signature::of(request) else { return Some((StatusCode::FORBIDDEN, "AccessDenied")) };
        match self.ledger.look(&shown.key, shown.token.as_deref()) {
            Verdict::Unknown if shown.token.is_some() => Some((StatusCode::BAD_REQUEST, "InvalidToken")),
            Verdict::Unknown => Some((StatusCode::FORBIDDEN, "InvalidAccessKeyId")),
            Verdict::Expired => Some((StatusCode::BAD_REQUEST, "ExpiredToken")),
            Verdict::Known { secret } if shown.is_by(&secret, request) => None,
            Verdict::Known { .. } => Some((StatusCode::FORBIDDEN, "SignatureDoesNotMatch")),
        }
    }

    async fn pass(&self, request: Request<Incoming>) -> Result<Answer> {
        if let Some((status, code)) = self.verdict(&request) {
            *self.counts.lock().unwrap_or_else(PoisonError::into_inner).refused.entry(code).or_default() += 1;
            // What is sent is read, so that the answer is heard.
            let _ = request.into_body().collect().await;
            let body = format!("<Error><Code>{code}</Code><Message>The gate says so.</Message></Error>");
            let answer = Response::builder().status(status).header(header::CONTENT_TYPE, "application/xml");
            return Ok(answer.body(whole(body))?);
        }
        let part = part_of(request.method(), request.uri());
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().context("a path")?.as_str();
        head.uri = format!("http://{}{path}", self.store).parse()?;
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
