//! How many bytes of a socket's send queue the other side has not acknowledged: one system call, another on each system.
//! Where a system does not tell, everything written counts as acknowledged, which is late by one socket buffer.

use tokio::net::TcpStream;

/// Valid only while its socket is open: see `Counts`.
#[derive(Debug)]
pub(super) struct Probe(#[cfg(unix)] std::os::fd::RawFd);

#[cfg(unix)]
pub(super) fn probe(stream: &TcpStream) -> Probe {
    Probe(std::os::fd::AsRawFd::as_raw_fd(stream))
}

#[cfg(not(unix))]
pub(super) fn probe(_: &TcpStream) -> Probe {
    Probe()
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
impl Probe {
    pub(super) fn unacked(&self) -> u64 {
        let mut bytes: libc::c_int = 0;
        // SIOCOUTQ, which Linux gives the number of TIOCOUTQ: tcp(7).
        // SAFETY: the call writes one int through a pointer to one int, and fails on anything that is not a socket.
        let answer = unsafe { libc::ioctl(self.0, libc::TIOCOUTQ, &mut bytes) };
        if answer == 0 { u64::try_from(bytes).unwrap_or(0) } else { 0 }
    }
}

#[cfg(target_os = "macos")]
#[allow(unsafe_code)]
impl Probe {
    /// SO_NWRITE of getsockopt(2): bytes in the send buffer, sent or not, that were not acknowledged.
    pub(super) fn unacked(&self) -> u64 {
        let mut bytes: libc::c_int = 0;
        let mut length = size_of::<libc::c_int>() as libc::socklen_t;
        // SAFETY: value and length point to what the option is documented to write: one int.
        let answer = unsafe {
            libc::getsockopt(self.0, libc::SOL_SOCKET, libc::SO_NWRITE, (&raw mut bytes).cast(), &mut length)
        };
        if answer == 0 { u64::try_from(bytes).unwrap_or(0) } else { 0 }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
impl Probe {
    pub(super) fn unacked(&self) -> u64 {
        0
    }
}
