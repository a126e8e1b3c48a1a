//! Our stand-in for CloudFront's front door: a small server that nginx asks about each request (`auth_request`) before it
//! looks into its cache. It says yes, or no with CloudFront's code and message.
//! `rushes-prove verifier 127.0.0.1:8081 KEYPAIRID=PUBLIC.der …`
//! May not live here: what is allowed; that is `verdict`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::{Request, header};
use rushes_bench::link::Namespace;
use rushes_rig::child::Child;

use super::door::{self, Answer};
use super::keys::{Pair, now, said};
use super::verdict::{Asked, KeyGroup, Refusal, judge};

/// In a network that has nobody else.
pub const LISTENS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

/// What nginx tells it.
pub const ADDRESS: &str = "x-asked-address";
pub const CLIENT: &str = "x-asked-by";
/// What it tells nginx.
pub const CODE: &str = "x-refused-code";
pub const MESSAGE: &str = "x-refused-message";

/// In that network, with these in its key group.
pub fn start(network: &Namespace, folder: &Path, group: &[&Pair]) -> Result<Child> {
    let mut words = vec!["verifier".to_owned(), LISTENS.to_string()];
    words.extend(group.iter().map(|pair| format!("{}={}", pair.id, said(&pair.public))));
    door::start(network, folder, &words, LISTENS)
}

/// The sub-command.
pub async fn serve(words: &[&str]) -> Result<()> {
    let (listens, pairs) = words.split_first().context("where it listens")?;
    let mut group = KeyGroup::new();
    for pair in pairs {
        let (id, path) = pair.split_once('=').context("KEYPAIRID=PUBLIC.der")?;
        group.insert(id.to_owned(), std::fs::read(path).with_context(|| path.to_owned())?);
    }
    door::serve(listens.parse()?, async move |request| answer(&group, &request)).await
}

fn answer(group: &KeyGroup, request: &Request<Incoming>) -> Result<Answer> {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let asked = Asked {
        address: header(ADDRESS),
        cookies: header(header::COOKIE.as_str()),
        client: header(CLIENT).parse()?,
        now: now()?,
    };
    let mut answer = Answer::default();
    if let Err(Refusal(code, message)) = judge(group, &asked) {
        // Signatures are not written down: what is allowed here is a test's, but the habit is not.
        println!("{} {} {code}", asked.client, asked.address.split('?').next().unwrap_or_default());
        *answer.status_mut() = StatusCode::FORBIDDEN;
        answer.headers_mut().insert(CODE, code.parse()?);
        answer.headers_mut().insert(MESSAGE, message.parse()?);
    }
    Ok(answer)
}
