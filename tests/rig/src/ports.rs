//! Ports for children, which are told theirs before they listen.
//! May not live here: servers of this process, which listen on port 0.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use anyhow::{Result, bail};
use rand::Rng as _;

/// Below what systems give out by themselves, to connections and to port 0.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A TCP port that no other holder of a `Port` has, in this process or another.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// The UDP port of the same number is the claim: nobody else wants it, and it ends with this process.
    _claim: UdpSocket,
}

impl Port {
    pub fn claim() -> Result<Port> {
        for _ in 0..1000 {
            let number = rand::rng().random_range(RANGE);
            let Ok(claim) = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)) else { continue };
            // Somebody who makes no claims may listen there.
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Port { number, _claim: claim });
            }
        }
        bail!("no port is free between {} and {}", RANGE.start, RANGE.end)
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}
