//! Whether CloudFront would serve what is asked for, as "Serve private content with signed URLs and signed cookies" of its
//! developer guide has it: canned and custom policies, in an address or in cookies, over SHA-1 or SHA-256.
//! Pure. Checked with ring, so that a mistake of the signer's own crate is not made twice.

use std::collections::HashMap;
use std::net::IpAddr;

use ring::signature::{RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use super::keys::from_addresses;

/// Public halves (PKCS#1, DER) by their pairs' IDs: the distribution's key group.
pub type KeyGroup = HashMap<String, Vec<u8>>;

/// What is asked for, and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `https://HOST/PATH?QUERY`, as it was sent.
    pub address: &'a str,
    /// As in the header.
    pub cookies: &'a str,
    pub client: IpAddr,
    /// Seconds since 1970.
    pub now: i64,
}

/// CloudFront's code and message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(pub &'static str, pub &'static str);

const NO_KEY: Refusal = Refusal("MissingKey", "Missing Key-Pair-Id query parameter or cookie value");
const NO_SIGNATURE: Refusal = Refusal("MissingSignature", "Missing Signature query parameter or cookie value");
const NO_POLICY: Refusal = Refusal("MissingPolicy", "Missing Policy or Expires query parameter or cookie value");
const UNKNOWN: Refusal = Refusal("InvalidKey", "Unknown Key");
const MALFORMED: Refusal = Refusal("MalformedPolicy", "Malformed Policy");
const DENIED: Refusal = Refusal("AccessDenied", "Access denied");

/// What stands behind an address for CloudFront alone.
const ITS_OWN: [&str; 5] = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];

/// Whether it is allowed.
pub fn judge(group: &KeyGroup, asked: &Asked<'_>) -> Result<(), Refusal> {
    let (bare, mut said) = parted(asked.address);
    // Who signs an address is not asked for cookies.
    if said.is_empty() {
        said = cookies(asked.cookies);
    }
    let value = |name: &str| said.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let key = group.get(value("Key-Pair-Id").ok_or(NO_KEY)?).ok_or(UNKNOWN)?;
    let signature = from_addresses(value("Signature").ok_or(NO_SIGNATURE)?).ok_or(DENIED)?;
    let policy = match (value("Policy"), value("Expires")) {
        (Some(policy), _) => from_addresses(policy).ok_or(MALFORMED)?,
        (None, Some(until)) => canned(&bare, until)?.into_bytes(),
        (None, None) => return Err(NO_POLICY),
    };
    let verified = match value("Hash-Algorithm") {
        None | Some("SHA1") => {
            UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, key).verify(&policy, &signature)
        }
        Some("SHA256") => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(&policy, &signature),
        Some(_) => return Err(DENIED),
    };
    verified.map_err(|_| DENIED)?;
    allows(&policy, &bare, asked)
}

/// The address without CloudFront's own parameters, and those.
fn parted(address: &str) -> (String, HashMap<String, String>) {
    let Some((before, query)) = address.split_once('?') else { return (address.to_owned(), HashMap::new()) };
    let is_its_own = |pair: &&str| ITS_OWN.contains(&pair.split('=').next().unwrap_or_default());
    let (own, rest): (Vec<&str>, Vec<&str>) = query.split('&').partition(is_its_own);
    let own = url::form_urlencoded::parse(own.join("&").as_bytes()).into_owned().collect();
    (if rest.is_empty() { before.to_owned() } else { format!("{before}?{}", rest.join("&")) }, own)
}

fn cookies(header: &str) -> HashMap<String, String> {
    let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(|(name, value)| Some((name.strip_prefix("CloudFront-")?.to_owned(), value.to_owned()))).collect()
}

/// What CloudFront itself makes of an address and the time that stands behind it.
fn canned(bare: &str, until: &str) -> Result<String, Refusal> {
    let until: i64 = until.parse().map_err(|_| MALFORMED)?;
    Ok(format!(
        r#"{{"Statement":[{{"Resource":"{bare}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{until}}}}}}}]}}"#
    ))
}

fn allows(policy: &[u8], bare: &str, asked: &Asked<'_>) -> Result<(), Refusal> {
    let policy: Value = serde_json::from_slice(policy).map_err(|_| MALFORMED)?;
    let [statement] = policy["Statement"].as_array().map(Vec::as_slice).ok_or(MALFORMED)? else {
        return Err(MALFORMED);
    };
    // Without a resource it is for all that the key group protects.
    let resource = match &statement["Resource"] {
        Value::Null => "*",
        named => named.as_str().ok_or(MALFORMED)?,
    };
    let condition = &statement["Condition"];
    let until = condition["DateLessThan"]["AWS:EpochTime"].as_i64().ok_or(MALFORMED)?;
    let from = match &condition["DateGreaterThan"] {
        Value::Null => i64::MIN,
        from => from["AWS:EpochTime"].as_i64().ok_or(MALFORMED)?,
    };
    let is_meant = match &condition["IpAddress"] {
        Value::Null => true,
        ip => within(asked.client, ip["AWS:SourceIp"].as_str().ok_or(MALFORMED)?).ok_or(MALFORMED)?,
    };
    let is_allowed = asked.now < until && asked.now > from && is_meant && matches(resource.as_bytes(), bare.as_bytes());
    if is_allowed { Ok(()) } else { Err(DENIED) }
}

/// `*` stands for any number of characters, `?` for exactly one.
fn matches(wildcard: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < text.len() {
        match wildcard.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(c) if *c == b'?' || *c == text[read] => (at, read) = (at + 1, read + 1),
            // The last star takes one more.
            _ => match &mut star {
                Some((begun, taken)) => {
                    *taken += 1;
                    (at, read) = (*begun + 1, *taken);
                }
                None => return false,
            },
        }
    }
    wildcard[at..].iter().all(|c| *c == b'*')
}

/// None if that is no range. CloudFront's conditions know IPv4 only.
fn within(client: IpAddr, range: &str) -> Option<bool> {
    let (net, length) = range.split_once('/').unwrap_or((range, "32"));
    let (net, length): (std::net::Ipv4Addr, u32) = (net.parse().ok()?, length.parse().ok().filter(|n| *n <= 32)?);
    let IpAddr::V4(client) = client else { return Some(false) };
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    Some(u32::from(client) & mask == u32::from(net) & mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_cloudfronts() {
        for (wildcard, text, is) in [
            ("*", "https://d/a", true),
            ("https://d/a/*", "https://d/a/b/c.mxf", true),
            ("https://d/a/*.mxf", "https://d/a/b.mxf.mxf", true),
            ("https://d/a/?.mxf", "https://d/a/b.mxf", true),
            ("https://d/a/?.mxf", "https://d/a/bb.mxf", false),
            ("https://d/a/*", "https://d/b/a/", false),
            ("http*://d/*x", "https://d/xyx", true),
            ("https://d/a", "https://d/ab", false),
        ] {
            assert_eq!(matches(wildcard.as_bytes(), text.as_bytes()), is, "{wildcard} {text}");
        }
    }

    #[test]
    fn ranges_are_ipv4() {
        let client: IpAddr = "192.0.2.77".parse().unwrap();
        for (range, is) in [
            ("192.0.2.77", Some(true)),
            ("192.0.2.0/24", Some(true)),
            ("0.0.0.0/0", Some(true)),
            ("192.0.2.76/32", Some(false)),
            ("192.0.2.0/33", None),
            ("office", None),
        ] {
            assert_eq!(within(client, range), is, "{range}");
        }
        assert_eq!(within("::1".parse().unwrap(), "0.0.0.0/0"), Some(false));
    }

    #[test]
    fn an_address_is_signed_without_what_is_for_cloudfront() {
        let (bare, own) = parted("https://d/a?x=1&Expires=9&Signature=a~b-&y&Key-Pair-Id=K");
        assert_eq!(bare, "https://d/a?x=1&y");
        assert_eq!(
            (own["Expires"].as_str(), own["Signature"].as_str(), own["Key-Pair-Id"].as_str()),
            ("9", "a~b-", "K")
        );
        assert_eq!(cookies("a=b; CloudFront-Policy=p_; CloudFront-Key-Pair-Id=K").len(), 2);
    }
}
