//! STS by moto, which we did not write; and a door before it that has the keys end within a minute, which moto does not, and
//! that holds to what moto lets pass: the external ID, and the device's code.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::ledger::{Ledger, Verdict};
use super::server::{Answer, Server, whole};
use super::signature;

pub const EXTERNAL_ID: &str = "rushes-and-agency-7";
pub const MFA: &str = "arn:aws:iam::123456789012:mfa/reporter";
pub const CODE: &str = "123456";

#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub sessions: u32,
    pub roles: u32,
}

#[derive(Clone)]
pub struct Door {
    ledger: Ledger,
    moto: SocketAddr,
    life: Duration,
    asked: Arc<Mutex<Asked>>,
}

impl Door {
    /// Serves until the answer is dropped.
    pub async fn open(ledger: Ledger, moto: SocketAddr, life: Duration) -> Result<(Door, Server)> {
        let door = Door { ledger, moto, life, asked: Arc::default() };
        let own = door.clone();
        let server = Server::start(move |request| {
            let door = own.clone();
            async move { door.pass(request).await }
        })
        .await?;
        Ok((door, server))
    }

    pub fn asked(&self) -> Asked {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn pass(&self, request: Request<Incoming>) -> Result<Answer> {
        let (head, body) = request.into_parts();
        let shown = signature::of(&head);
        let body = body.collect().await?.to_bytes();
        let said = String::from_utf8_lossy(&body).into_owned();
        let value = |name: &str| {
            let pairs = url::form_urlencoded::parse(said.as_bytes());
            pairs.into_iter().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
        };
        let action = value("Action").unwrap_or_default();
        let caller = shown.as_ref().map(|shown| self.ledger.look(&shown.key, shown.token.as_deref()));
        let with_session = shown.as_ref().is_some_and(|shown| shown.token.is_some());
        let right = match action.as_str() {
            "GetSessionToken" => {
                value("TokenCode").as_deref() == Some(CODE) && value("SerialNumber").as_deref() == Some(MFA)
            }
            // The role trusts whoever has shown the device, and says the ID.
            "AssumeRole" => with_session && value("ExternalId").as_deref() == Some(EXTERNAL_ID),
            _ => false,
        };
        if !right || !matches!(caller, Some(Verdict::Known { .. })) {
            let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>The door says so.</Message></Error></ErrorResponse>";
            let answer = Response::builder().status(StatusCode::FORBIDDEN).header(header::CONTENT_TYPE, "text/xml");
            return Ok(answer.body(whole(body))?);
        }
        let mut forwarded = Request::post(format!("http://{}/", self.moto));
        for name in [header::CONTENT_TYPE, header::AUTHORIZATION, header::HOST] {
            if let Some(value) = head.headers.get(&name) {
                forwarded = forwarded.header(name, value);
            }
        }
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(forwarded.body(Full::new(body))?).await?;
        let (head, body) = answer.into_parts();
        let text = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        let text = if head.status.is_success() { self.shortened(&action, text)? } else { text };
        let answer = Response::builder().status(head.status).header(header::CONTENT_TYPE, "text/xml");
        Ok(answer.body(whole(text))?)
    }

    /// A role's keys end soon. A session's do not: a person is asked for the code once.
    fn shortened(&self, action: &str, text: String) -> Result<String> {
        let inside = |tag: &str| -> Result<String> {
            let (_, rest) = text.split_once(&format!("<{tag}>")).with_context(|| format!("no {tag} in {text}"))?;
            Ok(rest.split_once('<').context("an end")?.0.to_owned())
        };
        let (id, secret, token) = (inside("AccessKeyId")?, inside("SecretAccessKey")?, inside("SessionToken")?);
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_role = action == "AssumeRole";
        if is_role {
            asked.roles += 1
        } else {
            asked.sessions += 1
        }
        let life = if is_role { self.life } else { Duration::from_secs(12 * 3600) };
        let given = self.ledger.enter(id, secret, Some(token), life, Duration::ZERO);
        Ok(text.replace(&inside("Expiration")?, &given.end.to_string()))
    }
}
