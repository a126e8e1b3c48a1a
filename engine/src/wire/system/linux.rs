//! Linux: tcp(7), linux/tcp.h.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

use super::RoundTrip;

/// Made for loss: it sends at the rate that it measured instead of halving at every lost packet. On the far links that
/// were tried it carries twice what the default does.
const CONGESTION: &str = "bbr";
/// Names another one, or with an empty value the system's own: for measuring.
const CONGESTION_WISH: &str = "RUSHES_CONGESTION";
/// linux/tcp.h, from 6.15. Without it a connection that slept through an outage of a minute asks again only after
/// another one.
const TCP_RTO_MAX_MS: libc::c_int = 44;
const RTO_MAX_MS: libc::c_int = 1_000;

/// After connecting: a route may have set its own congestion control, which is then replaced. What the system refuses
/// stays as it was.
pub(in crate::wire) fn tune(stream: &TcpStream) {
    let wish = std::env::var(CONGESTION_WISH);
    let congestion = wish.as_deref().unwrap_or(CONGESTION);
    if !congestion.is_empty() {
        let _ = SockRef::from(stream).set_tcp_congestion(congestion.as_bytes());
    }
    let longest = RTO_MAX_MS;
    // SAFETY: the option is documented to read one int, and one int is what is pointed to.
    unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            TCP_RTO_MAX_MS,
            (&raw const longest).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        );
    }
}

/// Valid only while its socket is open: see `Counts`.
#[derive(Debug)]
pub(in crate::wire) struct Probe(RawFd);

pub(in crate::wire) fn probe(stream: &TcpStream) -> Probe {
    Probe(stream.as_raw_fd())
}

/// The head of `struct tcp_info`, as far as it is used here. The kernel fills what it has of the length it is given.
#[repr(C)]
#[derive(Default)]
struct Measured {
    flags: [u8; 8],
    rto_to_rcv_ssthresh: [u32; 15],
    rtt_us: u32,
    rttvar_to_total_retrans: [u32; 8],
    pacing_to_bytes_received: [u64; 4],
    segs_and_notsent: [u32; 3],
    min_rtt_us: u32,
}

impl Probe {
    /// Bytes of the send queue that the other side has not acknowledged.
    pub(in crate::wire) fn unacked(&self) -> u64 {
        let mut bytes: libc::c_int = 0;
        // SIOCOUTQ, which Linux gives the number of TIOCOUTQ.
        // SAFETY: the call writes one int through a pointer to one int, and fails on anything that is not a socket.
        let answer = unsafe { libc::ioctl(self.0, libc::TIOCOUTQ, &mut bytes) };
        if answer == 0 { u64::try_from(bytes).unwrap_or(0) } else { 0 }
    }

    pub(in crate::wire) fn round_trip(&self) -> Option<RoundTrip> {
        let mut told = Measured::default();
        let mut length = size_of::<Measured>() as libc::socklen_t;
        // SAFETY: the call writes at most `length` bytes into a plain struct of that size, in which any bytes are valid.
        let answer =
            unsafe { libc::getsockopt(self.0, libc::IPPROTO_TCP, libc::TCP_INFO, (&raw mut told).cast(), &mut length) };
        let whole = answer == 0 && length as usize == size_of::<Measured>();
        // The kernel's word for "not measured yet" is all ones.
        (whole && told.rtt_us > 0 && told.min_rtt_us != u32::MAX && told.min_rtt_us > 0).then(|| RoundTrip {
            now: Duration::from_micros(told.rtt_us.into()),
            least: Duration::from_micros(told.min_rtt_us.into()),
        })
    }
}

const _: () = assert!(size_of::<Measured>() == 152);
