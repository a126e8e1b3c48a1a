//! AWS's signature, version 4, as it stands in a request: read, and computed again by ring. The product signs with another
//! library.

use hyper::Request;
use hyper::header::AUTHORIZATION;
use ring::{digest, hmac};

pub struct Shown {
    pub key: String,
    pub token: Option<String>,
    scope: Vec<String>,
    signed: Vec<String>,
    signature: String,
}

/// What a request shows; `None` where it is not signed.
pub fn of<B>(request: &Request<B>) -> Option<Shown> {
    let said = request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let word = |name: &str| said.split(',').find_map(|word| word.trim().strip_prefix(name)?.strip_prefix('='));
    let (key, scope) = word("Credential")?.split_once('/')?;
    let token = request.headers().get("x-amz-security-token").and_then(|value| value.to_str().ok());
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
    pub fn is_by<B>(&self, secret: &str, request: &Request<B>) -> bool {
        let [date, region, service, end] = &self.scope[..] else { return false };
        if self.token.is_some() && !self.signed.iter().any(|name| name == "x-amz-security-token") {
            return false;
        }
        let Some(canonical) = self.canonical(request) else { return false };
        let Some(moment) = value(request, "x-amz-date") else { return false };
        let scope = self.scope.join("/");
        let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(sha256(&canonical).as_ref()));
        let mut key = sign(format!("AWS4{secret}").as_bytes(), date);
        for word in [region, service, end] {
            key = sign(key.as_ref(), word);
        }
        hex(sign(key.as_ref(), &to_sign).as_ref()) == self.signature
    }

    fn canonical<B>(&self, request: &Request<B>) -> Option<String> {
        let mut pairs: Vec<String> = request.uri().query().unwrap_or("").split('&').map(with_value).collect();
        pairs.retain(|pair| pair != "=");
        pairs.sort();
        let headers: Option<Vec<String>> =
            self.signed.iter().map(|name| Some(format!("{name}:{}\n", value(request, name)?))).collect();
        Some(format!(
            "{}\n{}\n{}\n{}\n{}\n{}",
            request.method(),
            request.uri().path(),
            pairs.join("&"),
            headers?.concat(),
            self.signed.join(";"),
            value(request, "x-amz-content-sha256")?,
        ))
    }
}

fn with_value(pair: &str) -> String {
    if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") }
}

fn value<B>(request: &Request<B>, name: &str) -> Option<String> {
    let values: Vec<&str> = request
        .headers()
        .get_all(name)
        .iter()
        .map(|value| value.to_str().map(str::trim))
        .collect::<Result<_, _>>()
        .ok()?;
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
