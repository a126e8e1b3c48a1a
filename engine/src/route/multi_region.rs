//! A multi-region access point: one name for several buckets, each request led to the nearest (Global Accelerator
//! underneath), signed for all regions at once (SigV4A). What is put through it lands in whichever bucket was nearest: with
//! replication one way only it may strand there and raise no alert. So it reads, and takes whole files only where both
//! buckets copy to each other and tell of what arrives; never parts of an upload that was begun elsewhere.

use super::{Address, Can, Kind, Route, Said, Way, prices};
use crate::profile::Profile;

pub(super) fn way(profile: &Profile, said: &Said) -> Option<Way> {
    let arn = profile.routes.multi_region.clone().filter(|_| profile.endpoint.is_none())?;
    Some(Way::Open(Route {
        kind: Kind::MultiRegion,
        can: Can { put: said.two_way, ..Can::READ },
        address: Address::S3 {
            bucket: arn,
            region: profile.region.clone(),
            endpoint: None,
            by_path: false,
            accelerate: false,
            dual_stack: false,
        },
        price: prices::MULTI_REGION,
    }))
}
