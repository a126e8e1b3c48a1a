//! Windows, and any system that has no file of its own: nothing is asked. Everything written counts as acknowledged,
//! which is late by one socket buffer. See docs/PLATFORMS.md.

use tokio::net::TcpStream;

use super::Told;

pub(in crate::wire) fn tune(_: &TcpStream) -> bool {
    false
}

#[derive(Debug)]
pub(in crate::wire) struct Probe;

pub(in crate::wire) fn probe(_: &TcpStream) -> Probe {
    Probe
}

impl Probe {
    pub(in crate::wire) fn unacked(&self) -> u64 {
        0
    }

    pub(in crate::wire) fn told(&self) -> Option<Told> {
        None
    }

    /// Cannot be told to.
    pub(in crate::wire) fn keep_to(&self, _: u64) {}
}
