//! What a test of the ways to a bucket found. Shapes only, as they are shown and as they are kept; who tests is `compare`.

use serde::{Deserialize, Serialize};

use crate::route::Kind;
use crate::transfer::UnixMs;

/// All ways of a profile, tested one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct RouteTest {
    pub at: UnixMs,
    /// What people call the network that the system preferred.
    pub network: String,
    pub lanes: Vec<LaneTest>,
    /// Why bytes were not moved, where they were not.
    pub note: Option<String>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct LaneTest {
    /// As [`LaneRow::id`](super::LaneRow::id).
    pub lane: u32,
    pub uplink: String,
    pub kind: Kind,
    /// What people call it.
    pub route: String,
    /// Milliseconds, as on [`WayRow`](super::WayRow); of this test alone.
    pub connect_ms: Option<u32>,
    pub first_byte_ms: Option<u32>,
    /// Bytes a second from the first byte on; absent where nothing was read.
    pub rate: Option<u64>,
    /// How many were read.
    pub bytes: u64,
    /// Why it did not get through.
    pub trouble: Option<String>,
}
