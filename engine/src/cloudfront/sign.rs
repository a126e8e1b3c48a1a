//! Signatures, and where they stand.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::utf8_percent_encode;
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding, Signer};
use serde::Deserialize;
use sha1_for_rsa::Sha1;
use url::Url;

use super::Policy;
use super::policy::PLAIN;
use crate::error::{Code, Error, Result};

/// What is signed over. CloudFront assumes SHA-1 where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Hash {
    #[default]
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
}

impl Hash {
    const fn said(self) -> Option<&'static str> {
        match self {
            Hash::Sha1 => None,
            Hash::Sha256 => Some("SHA256"),
        }
    }
}

/// A key pair of a distribution's key group, with its private half. Shows nothing of it.
#[derive(Clone)]
pub struct KeyPair {
    id: String,
    key: RsaPrivateKey,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.id)
    }
}

/// A policy with its signature, as it goes into addresses and cookies. Whoever has both may read: shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    pub key_pair_id: String,
    /// As CloudFront writes base64 in addresses.
    pub policy: String,
    pub signature: String,
    pub hash: Hash,
    /// Where CloudFront knows the policy from the address: when it ends.
    canned: Option<i64>,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({}, {:?}, …)", self.key_pair_id, self.hash)
    }
}

/// An address that opens what it names to whoever has it. Written into a log or an error it has neither query nor key: only
/// the scheme and the host.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(Url);

impl SignedUrl {
    /// The whole of it, to be asked for.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl KeyPair {
    /// `pem` is the private half, PKCS#1 or PKCS#8.
    pub fn new(id: impl Into<String>, pem: &str) -> Result<KeyPair> {
        let key = RsaPrivateKey::from_pkcs8_pem(pem).or_else(|_| RsaPrivateKey::from_pkcs1_pem(pem));
        let key = key.map_err(|_| {
            // What is wrong with it might tell of it.
            Error::new(
                Code::BadInput,
                "That is not a private RSA key in PEM. Give the one that belongs to the key pair.",
            )
        })?;
        Ok(KeyPair { id: id.into(), key })
    }

    pub fn sign(&self, policy: &Policy, hash: Hash) -> Result<Signed> {
        let text = policy.text()?;
        let signature = match hash {
            Hash::Sha1 => SigningKey::<Sha1>::new(self.key.clone()).sign(text.as_bytes()).to_vec(),
            Hash::Sha256 => SigningKey::<Sha256>::new(self.key.clone()).sign(text.as_bytes()).to_vec(),
        };
        Ok(Signed {
            key_pair_id: self.id.clone(),
            policy: for_addresses(text.as_bytes()),
            signature: for_addresses(&signature),
            hash,
            canned: policy.is_canned().then_some(policy.until),
        })
    }
}

impl Signed {
    /// What another signer gave, as it stands in cookies. `None` where its words could not stand there.
    pub fn given(key_pair_id: String, policy: String, signature: String, hash: Hash) -> Option<Signed> {
        let is_plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_~".contains(&b));
        let are_plain = [&key_pair_id, &policy, &signature].into_iter().all(|text| is_plain(text));
        are_plain.then_some(Signed { key_pair_id, policy, signature, hash, canned: None })
    }

    /// The policy's text.
    pub fn text(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.policy.replace('-', "+").replace('_', "=").replace('~', "/")).ok()
    }

    /// The address with what CloudFront wants to see behind it.
    pub fn on(&self, address: &Url) -> SignedUrl {
        let until = self.canned.map(|until| ("Expires", until.to_string()));
        let mut said = vec![until.unwrap_or_else(|| ("Policy", self.policy.clone()))];
        said.extend([("Signature", self.signature.clone()), ("Key-Pair-Id", self.key_pair_id.clone())]);
        said.extend(self.hash.said().map(|hash| ("Hash-Algorithm", hash.to_owned())));
        // A form's encoding would write ~ otherwise than AWS's own signers do.
        let said = said.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, PLAIN)));
        let query: Vec<String> = address.query().map(str::to_owned).into_iter().chain(said).collect();
        let mut signed = address.clone();
        signed.set_query(Some(&query.join("&")));
        SignedUrl(signed)
    }

    /// Names and values of the cookies that say the same for whatever a wildcard allows.
    pub fn cookies(&self) -> Vec<(&'static str, String)> {
        let mut cookies = vec![
            ("CloudFront-Policy", self.policy.clone()),
            ("CloudFront-Signature", self.signature.clone()),
            ("CloudFront-Key-Pair-Id", self.key_pair_id.clone()),
        ];
        cookies.extend(self.hash.said().map(|said| ("CloudFront-Hash-Algorithm", said.to_owned())));
        cookies
    }
}

/// Base64 without the characters that mean something in an address.
fn for_addresses(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "-").replace('=', "_").replace('/', "~")
}
