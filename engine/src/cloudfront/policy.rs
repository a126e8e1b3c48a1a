//! What a signature allows: an address or a wildcard, until when, from when, for whom.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
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
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statements<'a> {
    #[serde(borrow)]
    statement: [Statement<'a>; 1],
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    #[serde(borrow)]
    resource: Cow<'a, str>,
    #[serde(borrow)]
    condition: Condition<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Condition<'a> {
    date_less_than: Epoch,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    ip_address: Option<SourceIp<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_greater_than: Option<Epoch>,
}

#[derive(Serialize, Deserialize)]
struct Epoch {
    #[serde(rename = "AWS:EpochTime")]
    seconds: Seconds,
}

#[derive(Serialize, Deserialize)]
struct SourceIp<'a> {
    #[serde(borrow, rename = "AWS:SourceIp")]
    range: Cow<'a, str>,
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
            ip_address: range.map(|range| SourceIp { range: range.into() }),
            date_greater_than: self.from.map(|seconds| Epoch { seconds }),
        };
        let statement = Statement { resource: self.resource.as_str().into(), condition };
        serde_json::to_string(&Statements { statement: [statement] }).map_err(Error::internal)
    }

    /// What somebody else has signed. `None` where it is no policy of one statement, which is all that CloudFront knows.
    pub fn parse(text: &[u8]) -> Option<Policy> {
        let Statements { statement: [statement] } = serde_json::from_slice(text).ok()?;
        let Condition { date_less_than, date_greater_than, ip_address } = statement.condition;
        Some(Policy {
            resource: statement.resource.into_owned(),
            until: date_less_than.seconds,
            from: date_greater_than.map(|epoch| epoch.seconds),
            ip: ip_address.map(|ip| ip.range.into_owned()),
        })
    }

    /// Whether the address is among those that it allows: in a resource a `*` stands for any characters and a `?` for one.
    pub fn covers(&self, address: &str) -> bool {
        matches(self.resource.as_bytes(), address.as_bytes())
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

/// Goes back to the last star only, so that no pattern takes long.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), star) {
            (Some(b'*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(c), _) if *c == b'?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            (_, Some((at, from))) => {
                star = Some((at, from + 1));
                (p, t) = (at + 1, from + 1);
            }
            _ => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

/// What stands in a path, and behind it, as it is.
pub(super) const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
