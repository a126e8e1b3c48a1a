//! Roles, assumed at AWS STS; and the session that an MFA device's code brings, with which a role is assumed again and
//! again for a day and a half.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::{BehaviorVersion, Region};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use zeroize::Zeroizing;

use super::kept::Session;
use super::refusals::{in_time, sort};
use super::tools::endpoint;
use crate::error::{Code, Error, Result};
use crate::profile::{Profile, Role};
use crate::wire::{Common, Wire};

const WHO: &str = "AWS STS";
/// The longest that AWS gives somebody who has shown an MFA device.
const SESSION: Duration = Duration::from_secs(36 * 3600);
/// One that ends sooner is not begun with.
const SOON: i64 = 60 * 1000;

fn sts(common: &Common, region: &str, credentials: Credentials) -> Result<Client> {
    let mut config = aws_sdk_sts::config::Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .http_client(Wire::new(common, None))
        .retry_config(RetryConfig::disabled());
    config.set_endpoint_url(endpoint("AWS_ENDPOINT_URL_STS")?);
    Ok(Client::from_conf(config.build()))
}

/// What a device's six digits open, kept so that nobody is asked again with every hour's keys.
pub(super) async fn session(
    common: &Common,
    region: &str,
    keys: Credentials,
    mfa: &str,
    code: &str,
) -> Result<Session> {
    let code = code.trim();
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::new(Code::BadInput, "The code of the MFA device has six digits."));
    }
    let of_key = keys.access_key_id().to_owned();
    let sts = sts(common, region, keys)?;
    let answer = in_time(WHO, async {
        let asked = sts.get_session_token().serial_number(mfa).token_code(code);
        let answer = asked.duration_seconds(SESSION.as_secs() as i32).send().await;
        answer.map_err(|e| match e.meta().code() {
            Some("AccessDenied" | "MultiFactorAuthenticationFailed" | "ValidationError") => {
                let sentence = "AWS does not take that code. Wait for the device's next one, and give it.";
                Error::new(Code::SignInNeeded, sentence).because(sort(&e, WHO).detail)
            }
            _ => sort(&e, WHO),
        })
    })
    .await?;
    let keys = answer.credentials.ok_or_else(no_keys)?;
    Ok(Session {
        mfa: mfa.to_owned(),
        of_key,
        access_key_id: keys.access_key_id,
        secret_access_key: Zeroizing::new(keys.secret_access_key),
        token: Zeroizing::new(keys.session_token),
        until: keys.expiration.to_millis().unwrap_or_default(),
    })
}

/// A session's own keys, where it is of this device and these keys and still holds.
pub(super) fn of_session(session: &Session, mfa: &str, key: &str, now: i64) -> Option<Credentials> {
    (session.mfa == mfa && session.of_key == key && session.until - now > SOON).then(|| {
        Credentials::new(
            session.access_key_id.as_str(),
            session.secret_access_key.as_str(),
            Some(session.token.to_string()),
            None,
            "rushes",
        )
    })
}

pub(super) fn code_needed() -> Error {
    Error::new(Code::SignInNeeded, "The code of your MFA device is needed. Give it; what was sent is kept.")
}

pub(super) async fn assume(common: &Common, profile: &Profile, role: &Role, with: Credentials) -> Result<Credentials> {
    let sts = sts(common, &profile.region, with)?;
    let answer = in_time(WHO, async {
        let asked = sts.assume_role().role_arn(&role.arn).role_session_name(session_name(&profile.bureau));
        let answer = asked.set_external_id(role.external_id.clone()).send().await;
        answer.map_err(|e| match e.meta().code() {
            Some("AccessDenied") => {
                let sentence = format!(
                    "You may not assume {}. Ask IT for sts:AssumeRole on it{}.",
                    role.arn,
                    if role.external_id.is_some() { ", and for the right external ID" } else { "" }
                );
                Error::new(Code::AccessDenied, sentence).because(sort(&e, WHO).detail)
            }
            _ => sort(&e, WHO),
        })
    })
    .await?;
    let keys = answer.credentials.ok_or_else(no_keys)?;
    let end = SystemTime::try_from(keys.expiration).ok();
    Ok(Credentials::new(keys.access_key_id, keys.secret_access_key, Some(keys.session_token), end, "rushes"))
}

fn no_keys() -> Error {
    Error::new(Code::StoreRefused, "AWS STS answered without keys. Try again.")
}

/// What AWS's own logs say who it was.
fn session_name(bureau: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "+=,.@-".contains(c) { c } else { '-' };
    let name: String = format!("rushes-{bureau}").chars().map(safe).take(64).collect();
    name.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_of_one_device_and_one_key_and_ends() {
        let secret = || Zeroizing::new("s".to_owned());
        let session = Session {
            mfa: "device".into(),
            of_key: "A".into(),
            access_key_id: "T".into(),
            secret_access_key: secret(),
            token: secret(),
            until: 1_000_000,
        };
        assert!(of_session(&session, "device", "A", 0).is_some());
        assert!(of_session(&session, "another", "A", 0).is_none());
        assert!(of_session(&session, "device", "B", 0).is_none());
        assert!(of_session(&session, "device", "A", 999_000).is_none());
    }

    #[test]
    fn a_session_is_named_after_the_bureau() {
        assert_eq!(session_name("Nairobi"), "rushes-Nairobi");
        assert_eq!(session_name(""), "rushes");
        assert!(session_name(&"Zürich bureau ".repeat(9)).len() <= 64);
    }
}
