//! AWS's signature, version 4, as it stands in a request: read, and computed again by ring. The product signs with another
//! library.

use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use ring::{digest, hmac};

const TOKEN: &str = "x-amz-security-token";

pub struct Shown {
    pub key: String,
    pub token: Option<String>,
    scope: Vec<String>,
    signed: Vec<String>,
    signature: String,
}

/// What a request shows; `None` where it is not signed.
pub fn of(head: &Parts) -> Option<Shown> {
    let said = head.headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let word = |name: &str| said.split(',').find_map(|word| word.trim().strip_prefix(name)?.strip_prefix('='));
    let (key, scope) = word("Credential")?.split_once('/')?;
    let token = head.headers.get(TOKEN).and_then(|value| value.to_str().ok());
    Some(Shown {
        key: key.to_owned(),
        token: token.map(str::to_owned),
        scope: scope.split('/').map(str::to_owned).collect(),
        signed: word("SignedHeaders")?.split(';').map(str::to_owned).collect(),
        signature: word("Signature")?.to_owned(),
    })
}

impl Shown {
    /// Whether the secret made it, over this request; and over its token, where there is one.
    pub fn is_by(&self, secret: &str, head: &Parts) -> bool {
        let covers_token = self.token.is_none() || self.signed.iter().any(|name| name == TOKEN);
        covers_token && self.made_by(secret, head).is_some_and(|made| made == self.signature)
    }

    /// The same request by other keys, which need no token.
    pub fn again_by(mut self, key: &str, secret: &str, head: &mut Parts) -> Option<()> {
        head.headers.remove(TOKEN);
        self.signed.retain(|name| name != TOKEN);
        let made = self.made_by(secret, head)?;
        let (scope, signed) = (self.scope.join("/"), self.signed.join(";"));
        let said = format!("AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, Signature={made}");
        head.headers.insert(AUTHORIZATION, said.parse().ok()?);
        Some(())
    }

    fn made_by(&self, secret: &str, head: &Parts) -> Option<String> {
        let [date, region, service, end] = &self.scope[..] else { return None };
        let scope = self.scope.join("/");
        let (moment, canonical) = (value(head, "x-amz-date")?, self.canonical(head)?);
        let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(sha256(&canonical).as_ref()));
        let mut key = sign(format!("AWS4{secret}").as_bytes(), date);
        for word in [region, service, end] {
            key = sign(key.as_ref(), word);
        }
        Some(hex(sign(key.as_ref(), &to_sign).as_ref()))
    }

    fn canonical(&self, head: &Parts) -> Option<String> {
        let mut pairs: Vec<String> = head.uri.query().unwrap_or("").split('&').map(with_value).collect();
        pairs.retain(|pair| pair != "=");
        pairs.sort();
        let headers: Option<Vec<String>> =
            self.signed.iter().map(|name| Some(format!("{name}:{}\n", value(head, name)?))).collect();
        Some(format!(
            "{}\n{}\n{}\n{}\n{}\n{}",
            head.method,
            head.uri.path(),
            pairs.join("&"),
            headers?.concat(),
            self.signed.join(";"),
            value(head, "x-amz-content-sha256")?,
        ))
    }
}

fn with_value(pair: &str) -> String {
    if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") }
}

fn value(head: &Parts, name: &str) -> Option<String> {
    let values: Vec<&str> =
        head.headers.get_all(name).iter().map(|value| value.to_str().map(str::trim)).collect::<Result<_, _>>().ok()?;
    (!values.is_empty()).then(|| values.join(","))
}

fn sign(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn sha256(text: &str) -> digest::Digest {
    digest::digest(&digest::SHA256, text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
