//! A second bucket in another region, which the first one copies to. It is read from when it is nearer, or when the first
//! region is down. What has not been copied yet is told apart from what never was by our own index: a dead source cannot be
//! asked. Uploads go to it only where IT allowed that, the bucket copies back, and the first region is down.

use super::{Address, Can, Kind, Route, Way, prices};
use crate::profile::Profile;

pub(super) fn way(profile: &Profile) -> Option<Way> {
    let replica = profile.routes.replica.clone()?;
    if replica.bucket == profile.bucket {
        return Some(Way::Closed(
            Kind::Replica,
            format!("{} is the newsroom's own bucket. A replica is another one, in another region.", replica.bucket),
        ));
    }
    Some(Way::Open(Route {
        kind: Kind::Replica,
        can: Can::READ,
        address: Address::S3 {
            by_path: replica.endpoint.is_some() || replica.bucket.contains('.'),
            bucket: replica.bucket,
            region: replica.region,
            endpoint: replica.endpoint,
            accelerate: false,
            dual_stack: false,
        },
        price: prices::DIRECT,
    }))
}
