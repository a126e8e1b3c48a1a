//! What the keychain holds of a profile. Nothing of it is ever written anywhere else, shown, or logged.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::api::Keys;
use crate::error::{Error, Result};
use crate::transfer::UnixMs;

/// More than any of it takes, in bytes.
pub(super) const ROOM: usize = 64 << 10;

/// The names of the keys' fields are those under which earlier versions kept keys alone.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Kept {
    /// Empty where no keys were typed in.
    pub access_key_id: String,
    pub secret_access_key: Zeroizing<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloudfront_key: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
}

/// A sign-in at IAM Identity Center.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tokens {
    /// Where it was: it is shown nowhere else.
    pub start_url: String,
    pub region: String,
    /// Of this installation, as Identity Center knows it.
    pub client_id: String,
    pub client_secret: Zeroizing<String>,
    pub access: Zeroizing<String>,
    pub access_until: UnixMs,
    /// How long it held when it came, in milliseconds.
    pub access_life: i64,
    pub refresh: Option<Zeroizing<String>>,
}

/// Keys that somebody's MFA code brought.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    /// The device that gave the code.
    pub mfa: String,
    /// The long-lived keys that it was given with: it does not outlive them.
    pub of_key: String,
    pub access_key_id: String,
    pub secret_access_key: Zeroizing<String>,
    pub token: Zeroizing<String>,
    pub until: UnixMs,
}

impl Kept {
    pub(super) fn to_text(&self) -> Result<Zeroizing<String>> {
        // With room for all of it from the start: a buffer that grows leaves what it held behind.
        let mut text = Zeroizing::new(Vec::with_capacity(ROOM));
        serde_json::to_writer(&mut *text, self).map_err(Error::internal)?;
        let bytes = std::mem::take(&mut *text);
        String::from_utf8(bytes).map(Zeroizing::new).map_err(|e| Error::internal(e.utf8_error()))
    }

    pub(super) fn of_text(text: &str) -> Option<Kept> {
        serde_json::from_str(text).ok()
    }

    /// With these keys; a key that signs for CloudFront stays, where no other is given.
    pub(super) fn with_keys(mut self, keys: Keys) -> Kept {
        let given = keys.access_key_id;
        if !given.is_empty() {
            if self.access_key_id != given {
                self.session = None;
            }
            (self.access_key_id, self.secret_access_key) = (given, keys.secret_access_key);
            self.session_token = keys.session_token;
        }
        self.cloudfront_key = keys.cloudfront_key.or(self.cloudfront_key);
        self
    }

    /// The keys that were typed in.
    pub(super) fn keys(&self) -> Option<Keys> {
        (!self.access_key_id.is_empty()).then(|| Keys {
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.clone(),
            session_token: self.session_token.clone(),
            cloudfront_key: self.cloudfront_key.clone(),
        })
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(…)")
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({}, …)", self.start_url)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session(until {}, …)", self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(id: &str) -> Keys {
        let secret = Zeroizing::new("secret".to_owned());
        Keys { access_key_id: id.into(), secret_access_key: secret, session_token: None, cloudfront_key: None }
    }

    #[test]
    fn what_an_earlier_version_kept_is_read() {
        let text = r#"{"accessKeyId":"A","secretAccessKey":"s","sessionToken":null}"#;
        let kept = Kept::of_text(text).unwrap();
        assert_eq!(kept.keys().unwrap().access_key_id, "A");
        assert!(kept.tokens.is_none());
    }

    #[test]
    fn an_mfa_session_ends_with_the_keys_that_it_was_begun_with() {
        let secret = || Zeroizing::new("x".to_owned());
        let session = Session {
            mfa: "m".into(),
            of_key: "A".into(),
            access_key_id: "T".into(),
            secret_access_key: secret(),
            token: secret(),
            until: 1,
        };
        let kept = Kept { session: Some(session), ..Kept::default().with_keys(keys("A")) };
        assert!(kept.clone().with_keys(keys("A")).session.is_some());
        assert!(kept.with_keys(keys("B")).session.is_none());
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let shown = format!("{:?}", Kept::default().with_keys(keys("A")));
        assert_eq!(shown, "Kept(…)");
    }
}
