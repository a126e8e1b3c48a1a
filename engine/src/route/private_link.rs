//! An interface endpoint of the agency's own network (AWS PrivateLink), which offices reach by Direct Connect or VPN:
//! nothing crosses the internet. Its name stands in for S3's, with the word `bucket.` before it; buckets are named in the
//! path, which every such endpoint takes.

use super::{Address, Can, Kind, Route, Way, prices};
use crate::profile::Profile;

pub(super) fn way(profile: &Profile) -> Option<Way> {
    let endpoint = profile.routes.private_link.clone().filter(|_| profile.endpoint.is_none())?;
    Some(Way::Open(Route {
        kind: Kind::PrivateLink,
        can: Can::ALL,
        address: Address::S3 {
            bucket: profile.bucket.clone(),
            region: profile.region.clone(),
            endpoint: Some(endpoint),
            by_path: true,
            accelerate: false,
            dual_stack: false,
        },
        price: prices::PRIVATE_LINK,
    }))
}
