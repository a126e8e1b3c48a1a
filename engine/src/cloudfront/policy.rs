//! What a signature allows: an address or a wildcard, until when, from when, for whom.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use url::Url;

use crate::error::{Code, Error, Result};

/// Seconds since 1970, as CloudFront's conditions have them.
type Seconds = i64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// An address of the distribution, as it is asked for and encoded as there; a `*` stands for any characters.
    pub resource: String,
    pub until: Seconds,
    pub from: Option<Seconds>,
    /// An IPv4 address or range. A distribution that also answers IPv6 must not have such a condition.
    pub ip: Option<String>,
}

// CloudFront compares signatures of exactly these words: no space, in this order. What only custom policies have
// stands as botocore writes it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statements<'a> {
    statement: [Statement<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    resource: &'a str,
    condition: Condition<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Condition<'a> {
    date_less_than: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<SourceIp<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_greater_than: Option<Epoch>,
}

#[derive(Serialize)]
struct Epoch {
    #[serde(rename = "AWS:EpochTime")]
    seconds: Seconds,
}

#[derive(Serialize)]
struct SourceIp<'a> {
    #[serde(rename = "AWS:SourceIp")]
    range: &'a str,
}

impl Policy {
    /// One address until then, and nothing else: what need not be sent, since CloudFront knows it from the address.
    pub fn canned(resource: impl Into<String>, until: Seconds) -> Policy {
        Policy { resource: resource.into(), until, from: None, ip: None }
    }

    /// The text that is signed.
    pub fn text(&self) -> Result<String> {
        let range = self.ip.as_ref().map(|ip| if ip.contains('/') { ip.clone() } else { format!("{ip}/32") });
        let condition = Condition {
            date_less_than: Epoch { seconds: self.until },
            ip_address: range.as_deref().map(|range| SourceIp { range }),
            date_greater_than: self.from.map(|seconds| Epoch { seconds }),
        };
        let statement = Statement { resource: &self.resource, condition };
        serde_json::to_string(&Statements { statement: [statement] }).map_err(Error::internal)
    }

    /// Whether CloudFront can tell it from the address alone.
    pub fn is_canned(&self) -> bool {
        self.from.is_none() && self.ip.is_none() && !self.resource.contains('*')
    }
}

/// The address of an object, encoded before it is signed. Keys are hostile: one with a segment that an address takes for a
/// step between folders has none here, and is fetched by another way.
pub fn resource(domain: &str, key: &str) -> Result<Url> {
    let none = || Error::new(Code::BadInput, format!("{domain} cannot be asked for this clip by its name."));
    if key.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(none());
    }
    let path: Vec<String> = key.split('/').map(|segment| utf8_percent_encode(segment, PLAIN).to_string()).collect();
    Url::parse(&format!("https://{domain}/{}", path.join("/"))).map_err(|e| none().because(e))
}

/// What stands in a path, and behind it, as it is.
pub(super) const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
