//! IAM Identity Center: a sign-in in the browser (RFC 8628, device authorization), the tokens that it brings and their
//! renewal, the accounts and roles that they open, and the keys of one of these.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_sso::Client as Portal;
use aws_sdk_sso::config::{BehaviorVersion, Region};
use aws_sdk_ssooidc::Client as Oidc;
use aws_sdk_ssooidc::operation::create_token::CreateTokenOutput;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use zeroize::Zeroizing;

use super::kept::Tokens;
use super::refusals::{in_time, sort};
use super::tools::endpoint;
use crate::api::Account;
use crate::clock;
use crate::error::{Code, Error, Result};
use crate::profile::IdentityCenter;
use crate::transfer::UnixMs;
use crate::wire::{Common, Wire};

const WHO: &str = "IAM Identity Center";
/// What people see in the browser beside the question.
const NAME: &str = "Rushes";
/// All that is asked for: to list accounts and roles, and to get their keys.
const SCOPE: &str = "sso:account:access";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REFRESH_GRANT: &str = "refresh_token";
/// RFC 8628's, where the server says nothing.
const INTERVAL: Duration = Duration::from_secs(5);
/// Tokens are renewed this long before they end, or when a third of their time is left.
const AHEAD: i64 = 10 * 60 * 1000;
/// More accounts or roles than anybody chooses from.
const MOST_PAGES: usize = 50;

/// A sign-in that waits for somebody's browser.
pub(crate) struct Asked {
    start_url: String,
    region: String,
    client_id: String,
    client_secret: Zeroizing<String>,
    device: Zeroizing<String>,
    interval: Duration,
    /// What the browser's page shows as well, so that people see that it is theirs.
    pub code: String,
    pub page: String,
    pub until: UnixMs,
}

/// What asking once more brought.
pub(crate) enum Said {
    NotYet,
    /// Not yet, and more seldom.
    Slower,
    Yes(Box<Tokens>),
}

fn oidc(common: &Common, region: &str) -> Result<Oidc> {
    let mut config = aws_sdk_ssooidc::config::Builder::new()
        .behavior_version(aws_sdk_ssooidc::config::BehaviorVersion::latest())
        .region(aws_sdk_ssooidc::config::Region::new(region.to_owned()))
        .http_client(Wire::new(common, None))
        .retry_config(RetryConfig::disabled());
    config.set_endpoint_url(endpoint("AWS_ENDPOINT_URL_SSO_OIDC")?);
    Ok(Oidc::from_conf(config.build()))
}

fn portal(common: &Common, region: &str) -> Result<Portal> {
    let mut config = aws_sdk_sso::config::Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .http_client(Wire::new(common, None))
        .retry_config(RetryConfig::disabled());
    config.set_endpoint_url(endpoint("AWS_ENDPOINT_URL_SSO")?);
    Ok(Portal::from_conf(config.build()))
}

fn nonsense(what: &str) -> Error {
    Error::new(Code::StoreRefused, format!("{WHO} answered without {what}. Try again."))
}

pub(crate) async fn ask(common: &Common, start_url: &str, region: &str) -> Result<Asked> {
    let oidc = oidc(common, region)?;
    let registered = in_time(WHO, async {
        let asked = oidc.register_client().client_name(NAME).client_type("public").scopes(SCOPE).send().await;
        asked.map_err(|e| sort(&e, WHO))
    })
    .await?;
    let client_id = registered.client_id.ok_or_else(|| nonsense("a client"))?;
    let client_secret = Zeroizing::new(registered.client_secret.ok_or_else(|| nonsense("a client"))?);
    let began = in_time(WHO, async {
        let asked = oidc
            .start_device_authorization()
            .client_id(&client_id)
            .client_secret(client_secret.as_str())
            .start_url(start_url)
            .send()
            .await;
        asked.map_err(|e| match e.meta().code() {
            Some("InvalidRequestException") => {
                let sentence =
                    "IAM Identity Center does not know that start page in this region. Correct either of them.";
                Error::new(Code::BadInput, sentence).because(e.meta().message().unwrap_or_default())
            }
            _ => sort(&e, WHO),
        })
    })
    .await?;
    let page = began.verification_uri_complete.or(began.verification_uri).ok_or_else(|| nonsense("a page"))?;
    // A browser is sent there.
    check_page(&page)?;
    Ok(Asked {
        start_url: start_url.to_owned(),
        region: region.to_owned(),
        client_id,
        client_secret,
        device: Zeroizing::new(began.device_code.ok_or_else(|| nonsense("a device code"))?),
        interval: u64::try_from(began.interval).ok().filter(|s| *s > 0).map_or(INTERVAL, Duration::from_secs),
        code: began.user_code.ok_or_else(|| nonsense("a code"))?,
        page,
        until: clock::now() + i64::from(began.expires_in.max(60)) * 1000,
    })
}

fn check_page(page: &str) -> Result<()> {
    let url = url::Url::parse(page).map_err(|e| nonsense("a page").because(e))?;
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && crate::profile::is_loopback(&url);
    if is_safe { Ok(()) } else { Err(nonsense("a page that may be opened")) }
}

impl Asked {
    pub(crate) fn interval(&self) -> Duration {
        self.interval
    }

    /// Whether somebody has said yes in the browser.
    pub(crate) async fn look(&self, common: &Common) -> Result<Said> {
        let asked = async {
            let asked = oidc(common, &self.region)?
                .create_token()
                .client_id(&self.client_id)
                .client_secret(self.client_secret.as_str())
                .grant_type(DEVICE_GRANT)
                .device_code(self.device.as_str())
                .send()
                .await;
            match asked {
                Ok(output) => Ok(Said::Yes(Box::new(self.tokens(output)?))),
                Err(error) => said_no(&error),
            }
        };
        in_time(WHO, asked).await
    }

    fn tokens(&self, output: CreateTokenOutput) -> Result<Tokens> {
        Ok(Tokens {
            start_url: self.start_url.clone(),
            region: self.region.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            access_until: end_of(&output),
            access_life: life_of(&output),
            access: Zeroizing::new(output.access_token.ok_or_else(|| nonsense("a token"))?),
            refresh: output.refresh_token.map(Zeroizing::new),
        })
    }
}

fn life_of(output: &CreateTokenOutput) -> i64 {
    i64::from(output.expires_in.max(1)) * 1000
}

fn end_of(output: &CreateTokenOutput) -> UnixMs {
    clock::now() + life_of(output)
}

fn said_no<E>(error: &SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>) -> Result<Said>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.meta().code() {
        Some("AuthorizationPendingException") => Ok(Said::NotYet),
        Some("SlowDownException") => Ok(Said::Slower),
        Some("ExpiredTokenException") => {
            Err(Error::new(Code::SignInNeeded, "Nobody signed in in the browser in time. Begin again."))
        }
        Some("AccessDeniedException") => Err(Error::new(
            Code::SignInNeeded,
            "The sign-in was refused in the browser. Begin again, and allow it there.",
        )),
        _ => Err(sort(error, WHO)),
    }
}

/// Tokens that still hold for a while: these, or new ones in their place.
pub(super) async fn renewed(common: &Common, tokens: &Tokens) -> Result<Option<Tokens>> {
    let left = tokens.access_until - clock::now();
    if left > AHEAD.min(tokens.access_life / 3) {
        return Ok(None);
    }
    let Some(refresh) = &tokens.refresh else {
        return if left > 0 { Ok(None) } else { Err(signed_out(&tokens.start_url)) };
    };
    let asked = async {
        let asked = oidc(common, &tokens.region)?
            .create_token()
            .client_id(&tokens.client_id)
            .client_secret(tokens.client_secret.as_str())
            .grant_type(REFRESH_GRANT)
            .refresh_token(refresh.as_str())
            .send()
            .await;
        asked.map_err(|e| match e.meta().code() {
            Some(
                "InvalidGrantException"
                | "ExpiredTokenException"
                | "InvalidClientException"
                | "UnauthorizedClientException",
            ) => signed_out(&tokens.start_url),
            _ => sort(&e, WHO),
        })
    };
    match in_time(WHO, asked).await {
        Ok(output) => Ok(Some(Tokens {
            access_until: end_of(&output),
            access_life: life_of(&output),
            access: Zeroizing::new(output.access_token.ok_or_else(|| nonsense("a token"))?),
            refresh: output.refresh_token.map(Zeroizing::new).or_else(|| tokens.refresh.clone()),
            ..tokens.clone()
        })),
        // It is tried again with the next keys; these tokens hold a little longer.
        Err(error) if left > 0 && error.code != Code::SignInNeeded => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn signed_out(start_url: &str) -> Error {
    Error::new(
        Code::SignInNeeded,
        format!("You are not signed in at {start_url} any more. Sign in again; what was sent is kept."),
    )
}

pub(crate) async fn accounts(common: &Common, tokens: &Tokens) -> Result<Vec<Account>> {
    let portal = portal(common, &tokens.region)?;
    let (mut accounts, mut next) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let page = in_time(WHO, async {
            let asked = portal.list_accounts().access_token(tokens.access.as_str()).set_next_token(next.clone()).send();
            asked.await.map_err(|e| sort(&e, WHO))
        })
        .await?;
        accounts.extend(page.account_list().iter().filter_map(|account| {
            let id = account.account_id()?.to_owned();
            Some(Account { name: account.account_name().unwrap_or(&id).to_owned(), id })
        }));
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    accounts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(accounts)
}

pub(crate) async fn roles(common: &Common, tokens: &Tokens, account: &str) -> Result<Vec<String>> {
    let portal = portal(common, &tokens.region)?;
    let (mut roles, mut next) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let page = in_time(WHO, async {
            let asked = portal.list_account_roles().access_token(tokens.access.as_str()).account_id(account);
            asked.set_next_token(next.clone()).send().await.map_err(|e| sort(&e, WHO))
        })
        .await?;
        roles.extend(page.role_list().iter().filter_map(|role| role.role_name().map(str::to_owned)));
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    roles.sort();
    Ok(roles)
}

/// The keys of the account and role that were chosen.
pub(super) async fn keys(common: &Common, center: &IdentityCenter, tokens: &Tokens) -> Result<Credentials> {
    if center.account.is_empty() || center.role.is_empty() {
        return Err(Error::new(Code::SignInNeeded, "Choose the account and the role that you work with."));
    }
    let portal = portal(common, &tokens.region)?;
    let answer = in_time(WHO, async {
        let asked = portal.get_role_credentials().access_token(tokens.access.as_str());
        let answer = asked.account_id(&center.account).role_name(&center.role).send().await;
        answer.map_err(|e| match e.meta().code() {
            Some("UnauthorizedException") => signed_out(&center.start_url),
            Some("ForbiddenException" | "ResourceNotFoundException") => {
                let sentence = format!(
                    "You may not use the role {} in account {}. Choose another one, or ask IT for it.",
                    center.role, center.account
                );
                Error::new(Code::AccessDenied, sentence).because(sort(&e, WHO).detail)
            }
            _ => sort(&e, WHO),
        })
    })
    .await?;
    let keys = answer.role_credentials.ok_or_else(|| nonsense("keys"))?;
    let end = u64::try_from(keys.expiration).ok().filter(|end| *end > 0);
    Ok(Credentials::new(
        keys.access_key_id.ok_or_else(|| nonsense("keys"))?,
        keys.secret_access_key.ok_or_else(|| nonsense("keys"))?,
        keys.session_token,
        end.map(|end| SystemTime::UNIX_EPOCH + Duration::from_millis(end)),
        "rushes",
    ))
}

/// Tells Identity Center that these tokens are done with. Where it does not hear, they end by themselves.
pub(super) async fn sign_out(common: &Common, tokens: &Tokens) {
    let asked = async {
        let answer = portal(common, &tokens.region)?.logout().access_token(tokens.access.as_str()).send().await;
        answer.map(|_| ()).map_err(|e| sort(&e, WHO))
    };
    if let Err(error) = in_time(WHO, asked).await {
        tracing::info!(%error, "Identity Center did not hear the sign-out");
    }
}
