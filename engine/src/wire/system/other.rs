//! Windows, and any system that has no file of its own: nothing is asked. Everything written counts as acknowledged,
//! which is late by one socket buffer. See docs/PLATFORMS.md.

use tokio::net::TcpStream;

use super::RoundTrip;

pub(in crate::wire) fn tune(_: &TcpStream) {}

#[derive(Debug)]
pub(in crate::wire) struct Probe;

pub(in crate::wire) fn probe(_: &TcpStream) -> Probe {
    Probe
}

impl Probe {
    pub(in crate::wire) fn unacked(&self) -> u64 {
        0
    }

    pub(in crate::wire) fn round_trip(&self) -> Option<RoundTrip> {
        None
    }
}
