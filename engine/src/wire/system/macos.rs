//! macOS: getsockopt(2), netinet/tcp.h. Written from the documentation: see docs/PLATFORMS.md.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, RawFd};

use tokio::net::TcpStream;

use super::Told;

/// The system offers no other congestion control to an application.
pub(in crate::wire) fn tune(_: &TcpStream) -> bool {
    false
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
