//! The ways to a bucket, a small file each: what it can do, how it addresses the bucket, what it needs, what it costs, and
//! why it is closed where it is. Pure: what the bucket has said of itself is an argument. Who measures ways is `lane`.

mod accelerated;
mod cloudfront;
mod direct;
mod dual_stack;
mod endpoint;
mod multi_region;
pub mod prices;
mod private_link;
mod replica;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use self::accelerated::is_off as acceleration_is_off;
use self::prices::Price;
use crate::profile::Profile;

/// In the order in which they are tried where nothing is known of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    Endpoint,
    PrivateLink,
    Accelerated,
    CloudFront,
    Direct,
    DualStack,
    MultiRegion,
    Replica,
}

/// What a way carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Can {
    /// Bytes up: files and parts.
    pub put: bool,
    /// Bytes down.
    pub get: bool,
    /// Lists, and all that begins, completes and aborts uploads.
    pub list: bool,
    pub head: bool,
}

impl Can {
    const ALL: Can = Can { put: true, get: true, list: true, head: true };
    const READ: Can = Can { put: false, get: true, list: false, head: true };
}

/// How a way names the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// As S3's own clients do.
    S3 {
        /// A bucket's name, or an access point's ARN.
        bucket: String,
        region: String,
        /// Absent: AWS's own for the region.
        endpoint: Option<String>,
        /// `host/bucket/key` instead of `bucket.host/key`.
        by_path: bool,
        accelerate: bool,
        dual_stack: bool,
    },
    /// An edge that knows one bucket, with addresses that are signed for it.
    Edge { domain: String },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    pub kind: Kind,
    pub can: Can,
    pub address: Address,
    pub price: Price,
}

/// One that the profile has, and whether it can be used.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    Open(Route),
    /// With the sentence that says why, and what to do.
    Closed(Kind, String),
}

/// What a bucket said of its transfer acceleration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Acceleration {
    /// Not asked, or it may not be told to these keys: it is tried.
    #[default]
    Unknown,
    Enabled,
    Suspended,
}

/// What was found out of a profile's buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Absent: nobody has asked yet.
    pub acceleration: Option<Acceleration>,
    /// Why the edge does not let this profile read.
    pub edge: Option<String>,
    /// The replica copies back, and both buckets tell of what arrives: then a multi-region access point may take uploads.
    pub two_way: bool,
}

impl Kind {
    pub const fn label(self) -> &'static str {
        match self {
            Kind::Endpoint => "Endpoint",
            Kind::PrivateLink => "Private link",
            Kind::Accelerated => "Accelerated",
            Kind::CloudFront => "CloudFront",
            Kind::Direct => "Direct",
            Kind::DualStack => "Direct, IPv6",
            Kind::MultiRegion => "Multi-region",
            Kind::Replica => "Replica",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// The profile's ways, in the order of their kinds.
pub fn all(profile: &Profile, said: &Said) -> Vec<Way> {
    let mut ways: Vec<Way> = [
        endpoint::way(profile),
        private_link::way(profile),
        accelerated::way(profile, said),
        cloudfront::way(profile, said),
        direct::way(profile),
        dual_stack::way(profile),
        multi_region::way(profile, said),
        replica::way(profile),
    ]
    .into_iter()
    .flatten()
    .collect();
    ways.sort_by_key(Way::kind);
    ways
}

impl Way {
    pub fn kind(&self) -> Kind {
        match self {
            Way::Open(route) => route.kind,
            Way::Closed(kind, _) => *kind,
        }
    }

    pub fn open(self) -> Option<Route> {
        match self {
            Way::Open(route) => Some(route),
            Way::Closed(..) => None,
        }
    }
}

impl Route {
    /// Whether an upload begun by one of AWS's own names may go on by this one: all of them lead to one bucket.
    pub fn joins_uploads(&self) -> bool {
        matches!(self.kind, Kind::Direct | Kind::DualStack | Kind::Accelerated | Kind::PrivateLink | Kind::Endpoint)
    }
}

/// Buckets with a dot in their names are named in the path: no certificate is for two labels below S3's name.
fn aws(profile: &Profile, accelerate: bool, dual_stack: bool) -> Address {
    Address::S3 {
        bucket: profile.bucket.clone(),
        region: profile.region.clone(),
        endpoint: None,
        by_path: !accelerate && profile.bucket.contains('.'),
        accelerate,
        dual_stack,
    }
}

#[cfg(test)]
mod tests;
