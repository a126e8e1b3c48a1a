//! A store that speaks S3 and is not AWS: its own address, with buckets in the path or before the host. What it supports is
//! found out by the first upload, not assumed.

use super::{Address, Can, Kind, Route, Way, prices};
use crate::profile::Profile;

pub(super) fn way(profile: &Profile) -> Option<Way> {
    let endpoint = profile.endpoint.clone()?;
    Some(Way::Open(Route {
        kind: Kind::Endpoint,
        can: Can::ALL,
        address: Address::S3 {
            bucket: profile.bucket.clone(),
            region: profile.region.clone(),
            endpoint: Some(endpoint),
            by_path: !profile.routes.host_style,
            accelerate: false,
            dual_stack: false,
        },
        price: prices::NONE,
    }))
}
