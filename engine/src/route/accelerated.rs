//! S3 Transfer Acceleration: the nearest edge takes the bytes, and AWS's own network carries them to the region. Needs the
//! bucket's consent, which takes up to half an hour to work, and a name without dots; has no path style and no IPv6 beside
//! it. What is not about objects stays with the region.

use super::{Acceleration, Can, Kind, Route, Said, Way, aws, prices};
use crate::profile::Profile;

pub(super) fn way(profile: &Profile, said: &Said) -> Option<Way> {
    if !profile.accelerate || profile.endpoint.is_some() {
        return None;
    }
    let bucket = &profile.bucket;
    let closed = |why: String| Some(Way::Closed(Kind::Accelerated, why));
    if bucket.contains('.') {
        return closed(format!(
            "Acceleration works for no bucket with a dot in its name, such as {bucket}. IT needs another bucket for it."
        ));
    }
    if said.acceleration == Some(Acceleration::Suspended) {
        return closed(is_off(bucket));
    }
    Some(Way::Open(Route {
        kind: Kind::Accelerated,
        can: Can::ALL,
        address: aws(profile, true, false),
        price: prices::ACCELERATED,
    }))
}

/// As the reporter is told, and IT.
pub(crate) fn is_off(bucket: &str) -> String {
    format!(
        "Acceleration is off for {bucket}. IT can switch it on in the bucket's properties; it takes effect within half an hour."
    )
}
