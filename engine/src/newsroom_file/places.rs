//! The places that a newsroom leads to: where footage and signed requests would go, and whose network that is. Pure: no name
//! is looked up, since asking for one already tells somebody.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;
use url::{Host, Url};

use super::{bad, words};
use crate::error::{Error, Result};
use crate::profile::Profile;

/// What may change without anything going elsewhere. All else is a place, what later versions add among it.
const HARMLESS: [&str; 7] = [
    "name",
    "bureau",
    "keyTemplate",
    "zone",
    // These two are AWS's own doors to the same bucket.
    "accelerate",
    "routes.dualStack",
    "routes.oneWayUploads",
];

/// Whose network an address is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// This computer, or what only it can reach: other programs, a cloud machine's own keys.
    Here,
    /// An office's own network.
    Office,
    Aws,
    World,
}

/// Somewhere that requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which value of the profile it is.
    pub path: String,
    /// As it stands in the file.
    pub address: String,
    pub at: Where,
}

impl Place {
    /// Whether requests are signed for it with the user's own keys. An edge gets signatures that are made for it.
    pub(super) fn gets_keys(&self) -> bool {
        self.path != EDGE
    }

    /// Whether it is for nobody but AWS to see what is sent. A function at AWS is anybody's.
    pub(super) fn is_awss(&self) -> bool {
        self.at == Where::Aws && !self.path.ends_with(".function")
    }
}

const EDGE: &str = "routes.cloudfront.domain";

/// Every value of a profile by its path, such as `routes.replica.bucket`; what is absent is left out.
pub(super) fn values(profile: &Profile) -> Result<Vec<(String, Value)>> {
    let mut values = Vec::new();
    flatten("", serde_json::to_value(profile).map_err(Error::internal)?, &mut values);
    Ok(values)
}

fn flatten(path: &str, value: Value, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&if path.is_empty() { name } else { format!("{path}.{name}") }, value, into);
            }
        }
        value => into.push((path.to_owned(), value)),
    }
}

pub(super) fn is_place(path: &str) -> bool {
    !HARMLESS.contains(&path)
}

/// Every address in it.
pub(super) fn all(profile: &Profile) -> Result<Vec<Place>> {
    let addresses = values(profile)?.into_iter().filter_map(|(path, value)| {
        let text = value.as_str()?;
        let url = if path == EDGE { format!("https://{text}") } else { text.to_owned() };
        let url = Url::parse(&url).ok().filter(Url::has_host)?;
        Some(Place { at: whose(&url.host()?.to_owned()), address: text.to_owned(), path })
    });
    Ok(addresses.collect())
}

/// A file from outside may not have Rushes ask this computer's own services.
pub(super) fn refuse(profile: &Profile) -> Result<()> {
    match all(profile)?.into_iter().find(|place| place.at == Where::Here) {
        Some(place) => {
            let sentence = "This newsroom file leads to this computer itself. No newsroom of another office is here; do not \
                            trust it, and ask your IT.";
            Err(bad(sentence).because(words::short(&place.address)))
        }
        None => Ok(()),
    }
}

fn whose(host: &Host) -> Where {
    match host {
        Host::Ipv4(ip) => of_v4(*ip),
        Host::Ipv6(ip) => of_v6(*ip),
        Host::Domain(name) => of_name(name.trim_end_matches('.')),
    }
}

fn of_name(name: &str) -> Where {
    let within = |domain: &str| name == domain || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    let here = ["localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", "metadata.google.internal"];
    let office = ["local", "internal", "lan", "intranet", "corp", "home.arpa"];
    if here.into_iter().any(within) || name.is_empty() {
        Where::Here
    } else if ["amazonaws.com", "amazonaws.com.cn", "on.aws", "cloudfront.net", "awsapps.com"].into_iter().any(within) {
        Where::Aws
    } else if !name.contains('.') || office.into_iter().any(within) {
        Where::Office
    } else {
        Where::World
    }
}

fn of_v4(ip: Ipv4Addr) -> Where {
    let [first, second, ..] = ip.octets();
    // A request to 0.0.0.0 reaches this computer; link-local addresses are where cloud machines ask for their keys.
    let is_here = ip.is_loopback() || first == 0 || ip.is_link_local() || ip.is_multicast() || ip.is_broadcast();
    match is_here {
        true => Where::Here,
        false if ip.is_private() || (first == 100 && second & 0xc0 == 64) => Where::Office,
        false => Where::World,
    }
}

fn of_v6(ip: Ipv6Addr) -> Where {
    /// The same as 169.254.169.254.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    if ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local() || ip == METADATA {
        return Where::Here;
    }
    match (within(ip), ip.is_unique_local()) {
        (Some(ip), _) => of_v4(ip),
        (None, true) => Where::Office,
        (None, false) => Where::World,
    }
}

/// The IPv4 address that some kinds of IPv6 addresses stand for.
fn within(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let last = |a: u16, b: u16| Ipv4Addr::from(u32::from(a) << 16 | u32::from(b));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff | 0, a, b] | [0x64, 0xff9b, 0, 0, 0, 0, a, b] | [0x64, 0xff9b, 1, _, _, _, a, b] => {
            Some(last(a, b))
        }
        [0x2002, a, b, ..] => Some(last(a, b)),
        _ => None,
    }
}
