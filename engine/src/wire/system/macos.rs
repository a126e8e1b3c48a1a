//! macOS: getsockopt(2), netinet/tcp.h. Written from the documentation: see docs/PLATFORMS.md.
#![allow(unsafe_code)]

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::os::fd::{AsRawFd, RawFd};

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};

use super::Told;
use crate::uplink::Uplink;

/// The system offers no other congestion control to an application.
pub(in crate::wire) fn tune(_: &TcpStream) -> bool {
    false
}

/// Before connecting: through this interface and no other. IP_BOUND_IF, IPV6_BOUND_IF.
pub(in crate::wire) fn bind(socket: &TcpSocket, uplink: &Uplink, to: SocketAddr) -> io::Result<()> {
    let (socket, index) = (SockRef::from(socket), NonZeroU32::new(uplink.index));
    if to.is_ipv6() { socket.bind_device_by_index_v6(index) } else { socket.bind_device_by_index_v4(index) }
}

/// Valid only while its socket is open: see `Counts`.
#[derive(Debug)]
pub(in crate::wire) struct Probe(RawFd);

pub(in crate::wire) fn probe(stream: &TcpStream) -> Probe {
    Probe(stream.as_raw_fd())
}

impl Probe {
    /// SO_NWRITE: bytes in the send buffer, sent or not, that were not acknowledged.
    pub(in crate::wire) fn unacked(&self) -> u64 {
        let mut bytes: libc::c_int = 0;
        let mut length = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: value and length point to what the option is documented to write: one int.
        let answer = unsafe {
            libc::getsockopt(self.0, libc::SOL_SOCKET, libc::SO_NWRITE, (&raw mut bytes).cast(), &mut length)
        };
        if answer == 0 { u64::try_from(bytes).unwrap_or(0) } else { 0 }
    }

    /// Not asked here.
    pub(in crate::wire) fn told(&self) -> Option<Told> {
        None
    }

    /// Cannot be told to.
    pub(in crate::wire) fn keep_to(&self, _: u64) {}
}
