//! Straight to the bucket's region. Always there for a bucket at AWS, costs nothing going up, and is what all others are
//! measured against.

use super::{Can, Kind, Route, Way, aws, prices};
use crate::profile::Profile;

pub(super) fn way(profile: &Profile) -> Option<Way> {
    let is_aws = profile.endpoint.is_none();
    is_aws.then(|| {
        Way::Open(Route {
            kind: Kind::Direct,
            can: Can::ALL,
            address: aws(profile, false, false),
            price: prices::DIRECT,
        })
    })
}
