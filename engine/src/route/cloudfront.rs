//! CloudFront in front of the bucket: the nearest edge keeps what an office has fetched, and the next office has it from
//! there. It reads only. Addresses are signed by the agency's grant function, or by a key whose private half is in the
//! keychain.

use super::{Address, Can, Kind, Route, Said, Way, prices};
use crate::profile::Profile;

pub(super) fn way(profile: &Profile, said: &Said) -> Option<Way> {
    let edge = profile.routes.cloudfront.as_ref()?;
    if let Some(why) = &said.edge {
        return Some(Way::Closed(Kind::CloudFront, why.clone()));
    }
    Some(Way::Open(Route {
        kind: Kind::CloudFront,
        can: Can { get: true, ..Can::default() },
        address: Address::Edge { domain: edge.domain.clone() },
        price: prices::CLOUDFRONT,
    }))
}
