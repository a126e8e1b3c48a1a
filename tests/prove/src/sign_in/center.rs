//! IAM Identity Center as far as a client sees it: our own server, named as such, since no emulator here knows these calls.
//! It follows the published protocols: SSO-OIDC (RFC 8628's device authorization, refresh tokens that are good once) and
//! the access portal's list and keys of roles. The person's browser is one request to the page that it names.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::ledger::Ledger;
use super::server::{Answer, Server, json as answered, refusal};

pub const START: &str = "https://rushes-practice.awsapps.com/start";
pub const ACCOUNTS: [(&str, &str); 2] = [("111111111111", "Newsroom"), ("222222222222", "Archive")];
pub const ROLES: [&str; 2] = ["Editor", "Reporter"];
pub const CLIENT_SECRET: &str = "client-secret-of-the-stand-in";
const CODE: &str = "ABCD-EFGH";

#[derive(Clone)]
pub struct Center {
    ledger: Ledger,
    keys_hold: Duration,
    tokens_hold: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    count: u32,
    said_yes: bool,
    /// Access tokens, and when each ends.
    access: Vec<(String, Instant)>,
    /// Refresh tokens that were not used yet.
    refresh: BTreeSet<String>,
    renewals: u32,
    signed_out: bool,
}

impl Center {
    /// Serves until the answer is dropped.
    pub async fn open(ledger: Ledger, keys_hold: Duration, tokens_hold: Duration) -> Result<(Center, Server)> {
        let center = Center { ledger, keys_hold, tokens_hold, state: Arc::default() };
        let own = center.clone();
        let server = Server::start(move |request| {
            let center = own.clone();
            async move { center.answer(request).await }
        })
        .await?;
        Ok((center, server))
    }

    /// How often an access token was renewed, and whether somebody has signed out.
    pub fn figures(&self) -> (u32, bool) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.renewals, state.signed_out)
    }

    /// Everything secret that was given out.
    pub fn secrets(&self) -> Vec<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let access = state.access.iter().map(|(token, _)| token.clone());
        access.chain(state.refresh.iter().cloned()).collect()
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Answer> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let query = head.uri.query().unwrap_or("").to_owned();
        let host = head.headers.get("host").and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
        let token = head.headers.get("x-amz-sso_bearer_token").and_then(|v| v.to_str().ok()).unwrap_or("");
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match (head.method, head.uri.path()) {
            (Method::POST, "/client/register") => {
                let end = jiff::Timestamp::now().as_second() + 90 * 24 * 3600;
                answered(
                    StatusCode::OK,
                    &json!({
                        "clientId": "rushes-client", "clientSecret": CLIENT_SECRET,
                        "clientIdIssuedAt": 0, "clientSecretExpiresAt": end,
                    }),
                )
            }
            (Method::POST, "/device_authorization") if said["startUrl"] == START => {
                let page = format!("http://{host}/device");
                answered(
                    StatusCode::OK,
                    &json!({
                        "deviceCode": "device-code-of-the-stand-in", "userCode": CODE, "verificationUri": page,
                        "verificationUriComplete": format!("{page}?user_code={CODE}"), "expiresIn": 600, "interval": 1,
                    }),
                )
            }
            (Method::POST, "/device_authorization") => refusal(StatusCode::BAD_REQUEST, "InvalidRequestException"),
            (Method::GET, "/device") if query == format!("user_code={CODE}") => {
                state.said_yes = true;
                answered(StatusCode::OK, &json!("You may close this page."))
            }
            (Method::POST, "/token") => self.token(&mut state, &said),
            (Method::GET, path @ ("/assignment/accounts" | "/assignment/roles" | "/federation/credentials")) => {
                if !state.access.iter().any(|(known, end)| known == token && Instant::now() < *end) {
                    return refusal(StatusCode::UNAUTHORIZED, "UnauthorizedException");
                }
                self.portal(path, &query)
            }
            (Method::POST, "/logout") => {
                state.access.retain(|(known, _)| known != token);
                state.signed_out = true;
                answered(StatusCode::OK, &json!({}))
            }
            (method, path) => anyhow::bail!("Identity Center's stand-in does not know {method} {path}"),
        }
    }

    fn token(&self, state: &mut State, said: &Value) -> Result<Answer> {
        match said["grantType"].as_str().context("a grant type")? {
            "urn:ietf:params:oauth:grant-type:device_code" if !state.said_yes => {
                return refusal(StatusCode::BAD_REQUEST, "AuthorizationPendingException");
            }
            "urn:ietf:params:oauth:grant-type:device_code" => {}
            "refresh_token" if state.refresh.remove(said["refreshToken"].as_str().unwrap_or("")) => state.renewals += 1,
            _ => return refusal(StatusCode::BAD_REQUEST, "InvalidGrantException"),
        }
        state.count += 1;
        let (access, refresh) = (
            format!("access-token-{:032x}", rand::random::<u128>()),
            format!("refresh-token-{:032x}", rand::random::<u128>()),
        );
        state.access.push((access.clone(), Instant::now() + self.tokens_hold));
        state.refresh.insert(refresh.clone());
        answered(
            StatusCode::OK,
            &json!({
                "accessToken": access, "tokenType": "Bearer", "expiresIn": self.tokens_hold.as_secs(), "refreshToken": refresh,
            }),
        )
    }

    fn portal(&self, path: &str, query: &str) -> Result<Answer> {
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        match path {
            "/assignment/accounts" => {
                let accounts = ACCOUNTS.map(|(id, name)| json!({ "accountId": id, "accountName": name }));
                answered(StatusCode::OK, &json!({ "accountList": accounts }))
            }
            "/assignment/roles" => {
                let account = value("account_id").context("an account")?;
                let roles = ROLES.map(|role| json!({ "roleName": role, "accountId": account }));
                answered(StatusCode::OK, &json!({ "roleList": roles }))
            }
            _ if value("role_name").is_some_and(|role| ROLES.contains(&role)) => {
                let keys = self.ledger.give(self.keys_hold, Duration::ZERO);
                answered(
                    StatusCode::OK,
                    &json!({ "roleCredentials": {
                        "accessKeyId": keys.id, "secretAccessKey": keys.secret, "sessionToken": keys.token,
                        "expiration": keys.end.as_millisecond(),
                    }}),
                )
            }
            _ => refusal(StatusCode::FORBIDDEN, "ForbiddenException"),
        }
    }
}
