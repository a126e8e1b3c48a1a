//! Windows, and any system that has no file of its own: nothing is asked. Everything written counts as acknowledged,
//! which is late by one socket buffer. See docs/PLATFORMS.md.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpSocket, TcpStream};

use super::Told;
use crate::uplink::Uplink;

pub(in crate::wire) fn tune(_: &TcpStream) -> bool {
    false
}

/// Before connecting: from an address of this interface. Windows sends what has one interface's address through that
/// interface (the strong host model, its default since Vista).
pub(in crate::wire) fn bind(socket: &TcpSocket, uplink: &Uplink, to: SocketAddr) -> io::Result<()> {
    let own = uplink.addresses.iter().find(|own| own.is_ipv6() == to.is_ipv6());
    let own = own.ok_or_else(|| io::Error::other(format!("{} has no address of that kind", uplink.label)))?;
    socket.bind(SocketAddr::new(*own, 0))
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
