//! Linux: tcp(7), linux/tcp.h.
#![allow(unsafe_code)]

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};

use super::{RoundTrip, Told};
use crate::uplink::Uplink;

/// Made for loss: it sends at the rate that it measured instead of halving at every lost packet. On the far links that
/// were tried it carries twice what the default does.
const CONGESTION: &str = "bbr";
/// Names another one, or with an empty value the system's own: for measuring.
const CONGESTION_WISH: &str = "RUSHES_CONGESTION";
/// linux/tcp.h, from 6.15. Without it a connection that slept through an outage of a minute asks again only after
/// another one.
const TCP_RTO_MAX_MS: libc::c_int = 44;
const RTO_MAX_MS: libc::c_int = 1_000;
/// What may lie in the system's buffer without being sent yet, in bytes: more would be out of our hands, so that nothing
/// could go before it, and a request would seem to be through long before it is.
const NOT_SENT: libc::c_int = 128 << 10;

/// After connecting: a route may have set its own congestion control, which is then replaced. What the system refuses
/// stays as it was. Answers whether the connection bears losses.
pub(in crate::wire) fn tune(stream: &TcpStream) -> bool {
    let wish = std::env::var(CONGESTION_WISH);
    let congestion = wish.as_deref().unwrap_or(CONGESTION);
    let sturdy = !congestion.is_empty()
        && SockRef::from(stream).set_tcp_congestion(congestion.as_bytes()).is_ok()
        && congestion == CONGESTION;
    for (option, value) in [(TCP_RTO_MAX_MS, RTO_MAX_MS), (libc::TCP_NOTSENT_LOWAT, NOT_SENT)] {
        // SAFETY: both options are documented to read one int, and one int is what is pointed to.
        unsafe {
            libc::setsockopt(
                stream.as_raw_fd(),
                libc::IPPROTO_TCP,
                option,
                (&raw const value).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            );
        }
    }
    sturdy
}

/// Before connecting: through this interface and no other. SO_BINDTODEVICE, for programs without rights since Linux 5.7.
pub(in crate::wire) fn bind(socket: &TcpSocket, uplink: &Uplink, _: SocketAddr) -> io::Result<()> {
    SockRef::from(socket).bind_device(Some(uplink.name.as_bytes()))
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
    rto_and_ato: [u32; 2],
    snd_mss: u32,
    rcv_mss_to_rcv_ssthresh: [u32; 12],
    rtt_us: u32,
    rttvar_to_total_retrans: [u32; 8],
    pacing_to_bytes_received: [u64; 4],
    segs_and_notsent: [u32; 3],
    min_rtt_us: u32,
    data_segs: [u32; 2],
    delivery_rate_to_sndbuf_limited: [u64; 4],
    /// Packets that have arrived, in whatever order.
    delivered: u32,
    delivered_ce: u32,
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

    pub(in crate::wire) fn told(&self) -> Option<Told> {
        let told = self.measured()?;
        // The kernel's word for "not measured yet" is all ones.
        let is_measured = told.rtt_us > 0 && told.min_rtt_us != u32::MAX && told.min_rtt_us > 0;
        let round_trip = is_measured.then(|| RoundTrip {
            now: Duration::from_micros(told.rtt_us.into()),
            least: Duration::from_micros(told.min_rtt_us.into()),
        });
        Some(Told { arrived: u64::from(told.delivered) * u64::from(told.snd_mss), round_trip })
    }

    /// Sends no faster than this many bytes a second; 0 is as fast as it goes. Where the system refuses, it does not.
    pub(in crate::wire) fn keep_to(&self, rate: u64) {
        let rate = if rate == 0 { u64::MAX } else { rate };
        // SAFETY: the option is documented to read an unsigned long, which is what is pointed to on a 64-bit system; of a
        // shorter one the kernel takes an unsigned int, hence the length.
        unsafe {
            libc::setsockopt(
                self.0,
                libc::SOL_SOCKET,
                libc::SO_MAX_PACING_RATE,
                (&raw const rate).cast(),
                size_of::<libc::c_ulong>() as libc::socklen_t,
            );
        }
    }

    fn measured(&self) -> Option<Measured> {
        let mut told = Measured::default();
        let mut length = size_of::<Measured>() as libc::socklen_t;
        // SAFETY: the call writes at most `length` bytes into a plain struct of that size, in which any bytes are valid.
        let answer =
            unsafe { libc::getsockopt(self.0, libc::IPPROTO_TCP, libc::TCP_INFO, (&raw mut told).cast(), &mut length) };
        (answer == 0 && length as usize == size_of::<Measured>()).then_some(told)
    }
}

const _: () = assert!(size_of::<Measured>() == 200);
