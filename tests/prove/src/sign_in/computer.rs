//! Where a container, a cloud instance and a program of the AWS tools get their keys: three real addresses on loopback, as
//! AWS documents them (the container credential endpoint with its token, instance metadata version 2, credential_process).

use std::time::Duration;

use anyhow::Result;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::ledger::Ledger;
use super::server::{Answer, Server, json as answered, whole};

pub const TOKEN: &str = "authorization-of-the-container";
const SESSION: &str = "session-of-the-instance";
const ROLE: &str = "ingest";

/// Serves until the answer is dropped. Keys hold `life`, and are refused `early` before that.
pub async fn open(ledger: Ledger, life: Duration, early: Duration) -> Result<Server> {
    Server::start(move |request| {
        let ledger = ledger.clone();
        async move { answer(&ledger, life, early, &request) }
    })
    .await
}

fn answer(ledger: &Ledger, life: Duration, early: Duration, request: &Request<Incoming>) -> Result<Answer> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let text = |text: &str| Ok(Response::new(whole(text.to_owned())));
    let refused = |status: StatusCode| answered(status, &json!({}));
    let keys = || -> Value {
        let keys = ledger.give(life, early);
        json!({
            "Version": 1, "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": jiff::Timestamp::now().to_string(),
            "AccessKeyId": keys.id, "SecretAccessKey": keys.secret, "Token": keys.token, "SessionToken": keys.token,
            "Expiration": keys.end.to_string(),
        })
    };
    let role = "/latest/meta-data/iam/security-credentials";
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/container") if header("authorization") == Some(TOKEN) => answered(StatusCode::OK, &keys()),
        (&Method::GET, "/container") => refused(StatusCode::UNAUTHORIZED),
        (&Method::GET, "/process") => answered(StatusCode::OK, &keys()),
        (&Method::PUT, "/latest/api/token") => {
            let answer = Response::builder().header("x-aws-ec2-metadata-token-ttl-seconds", "21600");
            Ok(answer.body(whole(SESSION))?)
        }
        (&Method::GET, _) if header("x-aws-ec2-metadata-token") != Some(SESSION) => refused(StatusCode::UNAUTHORIZED),
        (&Method::GET, path) if path.trim_end_matches('/') == role => text(ROLE),
        (&Method::GET, path) if path == format!("{role}/{ROLE}") => answered(StatusCode::OK, &keys()),
        _ => refused(StatusCode::NOT_FOUND),
    }
}
