//! What a socket can be asked and told that differs between the systems: one file each. Where a system does not tell, the
//! rest of the engine does without: pace then goes by goodput alone.

use std::time::Duration;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "macos")), path = "other.rs")]
mod this;

pub(super) use this::{Probe, bind, probe, tune};

/// What the system tells of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Bytes that have arrived at the other side in whatever order, handshake included: behind a lost packet this goes
    /// on, where what is acknowledged in order stands still and then jumps.
    pub arrived: u64,
    /// `None` before it was measured.
    pub round_trip: Option<RoundTrip>,
}

/// How long a packet takes there and back, as the system measured it on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RoundTrip {
    /// Smoothed over the last few.
    pub now: Duration,
    /// The least there was: the path without a queue.
    pub least: Duration,
}
