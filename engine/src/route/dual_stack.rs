//! Straight to the region, by the names that also have IPv6 addresses: some networks carry IPv6 by a shorter way, or have
//! nothing else.

use super::{Can, Kind, Route, Way, aws, prices};
use crate::profile::Profile;

pub(super) fn way(profile: &Profile) -> Option<Way> {
    let wanted = profile.endpoint.is_none() && profile.routes.dual_stack;
    wanted.then(|| {
        Way::Open(Route {
            kind: Kind::DualStack,
            can: Can::ALL,
            address: aws(profile, false, true),
            price: prices::DIRECT,
        })
    })
}
