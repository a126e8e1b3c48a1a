//! A TCP connection that counts: what was handed to the system, what the other side has acknowledged, what came in. The
//! counts outlive the socket, so that a lane's totals never fall.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::system::{Probe, RoundTrip, probe};
use super::throttle::{Throttle, Turns};

/// Bytes, TLS and HTTP included, since the lane began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Acknowledged by the other side's TCP: not what is in a buffer here.
    pub up: u64,
    pub down: u64,
}

impl std::ops::Add for Moved {
    type Output = Moved;
    fn add(self, other: Moved) -> Moved {
        Moved { up: self.up + other.up, down: self.down + other.down }
    }
}

/// One connection's counts.
#[derive(Debug)]
pub(super) struct Counts {
    written: AtomicU64,
    read: AtomicU64,
    /// Carries a request.
    busy: AtomicBool,
    /// Asks the system how much is not acknowledged; gone once the socket is closed, since its number is then reused.
    probe: Mutex<Option<Probe>>,
}

impl Counts {
    pub(super) fn moved(&self) -> Moved {
        let unacked = self.unacked();
        Moved {
            up: self.written.load(Ordering::Relaxed).saturating_sub(unacked),
            down: self.read.load(Ordering::Relaxed),
        }
    }

    pub(super) fn waits_for_acks(&self) -> bool {
        self.unacked() > 0
    }

    fn unacked(&self) -> u64 {
        locked(&self.probe).as_ref().map_or(0, Probe::unacked)
    }

    fn round_trip(&self) -> Option<RoundTrip> {
        locked(&self.probe).as_ref().and_then(Probe::round_trip)
    }

    /// A request goes out on it.
    pub(super) fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::Relaxed);
    }
}

/// All connections of a lane.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Sockets>);

#[derive(Debug, Default)]
struct Sockets {
    open: Vec<Weak<Counts>>,
    closed: Moved,
}

impl Meter {
    pub fn moved(&self) -> Moved {
        let sockets = locked(&self.0);
        sockets.open.iter().filter_map(Weak::upgrade).fold(sockets.closed, |sum, counts| sum + counts.moved())
    }

    pub fn connections(&self) -> usize {
        locked(&self.0).open.len()
    }

    /// The path as the busy connections see it: the median of their smoothed round trips, and the least of any. `None`
    /// where the system does not tell or nothing is under way.
    pub fn round_trip(&self) -> Option<(Duration, Duration)> {
        let open: Vec<Arc<Counts>> = locked(&self.0).open.iter().filter_map(Weak::upgrade).collect();
        let least = open.iter().filter_map(|counts| counts.round_trip()).map(|trip| trip.least).min()?;
        let mut now: Vec<Duration> = open
            .iter()
            .filter(|counts| counts.busy.load(Ordering::Relaxed))
            .filter_map(|counts| counts.round_trip())
            .map(|trip| trip.now)
            .collect();
        now.sort_unstable();
        Some((*now.get(now.len() / 2)?, least))
    }
}

/// See the file's head.
pub(super) struct Socket {
    stream: TcpStream,
    counts: Arc<Counts>,
    meter: Arc<Meter>,
    turns_up: Turns,
    turns_down: Turns,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, meter: Arc<Meter>, throttle: &Throttle) -> Socket {
        let counts = Arc::new(Counts {
            written: AtomicU64::new(0),
            read: AtomicU64::new(0),
            busy: AtomicBool::new(false),
            probe: Mutex::new(Some(probe(&stream))),
        });
        locked(&meter.0).open.push(Arc::downgrade(&counts));
        Socket { stream, counts, meter, turns_up: throttle.up(), turns_down: throttle.down() }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut sockets = locked(&self.meter.0);
        let moved = self.counts.moved();
        *locked(&self.counts.probe) = None;
        sockets.closed = sockets.closed + moved;
        sockets.open.retain(|open| !std::ptr::eq(open.as_ptr(), Arc::as_ptr(&self.counts)));
    }
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.counts.clone())
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = if self.turns_down.are_counted() {
            let turn = ready!(self.turns_down.poll_take(cx, buffer.remaining()));
            let mut piece = ReadBuf::new(buffer.initialize_unfilled_to(turn));
            let polled = Pin::new(&mut self.stream).poll_read(cx, &mut piece);
            let filled = piece.filled().len();
            buffer.advance(filled);
            self.turns_down.give_back(turn - filled);
            polled
        } else {
            Pin::new(&mut self.stream).poll_read(cx, buffer)
        };
        self.counts.read.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let turn = ready!(self.turns_up.poll_take(cx, bytes.len()));
        let polled = Pin::new(&mut self.stream).poll_write(cx, &bytes[..turn]);
        self.turns_up.give_back(turn - written(&polled));
        if let Poll::Ready(Ok(n)) = polled {
            self.counts.written.fetch_add(n as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.turns_up.are_counted() {
            let first = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
            return self.poll_write(cx, first);
        }
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        if let Poll::Ready(Ok(n)) = polled {
            self.counts.written.fetch_add(n as u64, Ordering::Relaxed);
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

fn written(polled: &Poll<io::Result<usize>>) -> usize {
    match polled {
        Poll::Ready(Ok(n)) => *n,
        _ => 0,
    }
}

/// The counts are plain numbers: a panic elsewhere cannot leave them half made.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
