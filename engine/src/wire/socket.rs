//! A TCP connection that counts: what was handed to the system, what the other side has acknowledged, what came in. The
//! counts outlive the socket, so that a lane's totals never fall.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::system::{Probe, Told, probe, tune};
use super::throttle::{Throttles, Turns};

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
    /// What will have been written when that is through, and the length of its body.
    due: AtomicU64,
    body: AtomicU64,
    /// What it was last told to keep to, in bytes a second; 0 is nothing.
    ceiling: AtomicU64,
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

    fn told(&self) -> Option<Told> {
        locked(&self.probe).as_ref().and_then(Probe::told)
    }

    /// A request goes out on it, with so many bytes of body.
    pub(super) fn begin(&self, body: u64) {
        self.body.store(body, Ordering::Relaxed);
        self.due.store(self.written.load(Ordering::Relaxed) + body, Ordering::Relaxed);
        self.busy.store(true, Ordering::Relaxed);
    }

    /// Its answer is through.
    pub(super) fn end(&self) {
        self.busy.store(false, Ordering::Relaxed);
    }

    /// Of its request's body, what is not acknowledged yet; `None` where nothing is on its way just now.
    fn left(&self) -> Option<u64> {
        let unacked = self.unacked();
        let left = self.not_acked(unacked);
        (self.busy.load(Ordering::Relaxed) && unacked > 0 && left > 0).then_some(left)
    }

    fn not_acked(&self, unacked: u64) -> u64 {
        (self.due.load(Ordering::Relaxed) + unacked).saturating_sub(self.written.load(Ordering::Relaxed))
    }

    /// Of its request's body, what is acknowledged, while the request is not answered.
    fn under_way(&self) -> u64 {
        let body = self.body.load(Ordering::Relaxed);
        let busy = body > 0 && self.busy.load(Ordering::Relaxed);
        if busy { body.saturating_sub(self.not_acked(self.unacked())) } else { 0 }
    }

    fn keep_to(&self, rate: u64) {
        let last = self.ceiling.load(Ordering::Relaxed);
        // What is nearly the same is not worth a system call.
        if last == rate || last > 0 && rate > 0 && last.abs_diff(rate) < last / 32 {
            return;
        }
        self.ceiling.store(rate, Ordering::Relaxed);
        if let Some(probe) = locked(&self.probe).as_ref() {
            probe.keep_to(rate);
        }
    }
}

/// All connections of a lane.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Sockets>);

#[derive(Debug, Default)]
struct Sockets {
    open: Vec<Weak<Counts>>,
    closed: Moved,
    arrived: u64,
    sturdy: bool,
    path: Option<(Duration, Duration)>,
    /// The least round trip of any connection that there was, opening it included.
    bare: Option<Duration>,
}

impl Sockets {
    fn saw(&mut self, trip: Duration) {
        self.bare = Some(self.bare.map_or(trip, |bare| bare.min(trip)));
    }

    fn open(&self) -> Vec<Arc<Counts>> {
        self.open.iter().filter_map(Weak::upgrade).collect()
    }
}

/// All connections of a lane at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub moved: Moved,
    /// Bytes that have arrived at the other side, in whatever order where the system tells that: smoother than what is
    /// acknowledged, and not exact.
    pub arrived: u64,
    /// The path as the busy connections see it: the lower quartile of their smoothed round trips, and the least of any.
    /// `None` where the system does not tell or nothing is under way.
    pub path: Option<(Duration, Duration)>,
    /// The least round trip of any connection.
    pub least: Option<Duration>,
    /// Connections that carry a request.
    pub busy: usize,
    /// What these connections send keeps its rate at a loss, as far as the system could be told to.
    pub sturdy: bool,
}

impl Meter {
    pub fn moved(&self) -> Moved {
        let sockets = locked(&self.0);
        sockets.open.iter().filter_map(Weak::upgrade).fold(sockets.closed, |sum, counts| sum + counts.moved())
    }

    pub fn connections(&self) -> usize {
        locked(&self.0).open.len()
    }

    pub fn look(&self) -> Look {
        let (open, mut look) = {
            let sockets = locked(&self.0);
            let look = Look {
                moved: sockets.closed,
                arrived: sockets.arrived,
                path: None,
                least: None,
                busy: 0,
                sturdy: sockets.sturdy,
            };
            (sockets.open(), look)
        };
        let mut trips = Vec::new();
        for counts in open {
            let (moved, told) = (counts.moved(), counts.told());
            look.moved = look.moved + moved;
            look.arrived += told.map_or(moved.up, |told| told.arrived);
            let Some(trip) = told.and_then(|told| told.round_trip) else { continue };
            look.least = Some(look.least.map_or(trip.least, |least| least.min(trip.least)));
            if counts.busy.load(Ordering::Relaxed) {
                trips.push(trip.now);
            }
        }
        trips.sort_unstable();
        look.busy = trips.len();
        // A queue is every connection's; what only some see is their own.
        look.path = trips.get(trips.len() / 4).copied().zip(look.least);
        let mut sockets = locked(&self.0);
        sockets.path = look.path;
        look.least.into_iter().for_each(|least| sockets.saw(least));
        drop(sockets);
        look
    }

    /// Bytes of requests' bodies that the other side's TCP has, and that the store has not answered for yet.
    pub fn under_way(&self) -> u64 {
        let open = locked(&self.0).open();
        open.iter().map(|counts| counts.under_way()).sum()
    }

    /// The path without any queue, as far as any connection since the last change of networks has seen it. A connection that
    /// was opened while a queue stood has never seen less.
    pub fn bare(&self) -> Option<Duration> {
        locked(&self.0).bare
    }

    /// A connection was opened in so long.
    pub(super) fn saw(&self, trip: Duration) {
        locked(&self.0).saw(trip);
    }

    /// The network is another one.
    pub(super) fn forget_bare(&self) {
        locked(&self.0).bare = None;
    }

    /// The path as it was at the last look.
    pub fn path(&self) -> Option<(Duration, Duration)> {
        locked(&self.0).path
    }

    /// All that is sent together keeps to this many bytes a second, as far as the system can be told to. Who has more of
    /// its request before it has the greater share: so those that began together end together.
    pub fn keep_to(&self, rate: Option<u64>) {
        let open = locked(&self.0).open();
        let left: Vec<Option<u64>> = open.iter().map(|counts| rate.and_then(|_| counts.left())).collect();
        let sending: Vec<f64> = left.iter().flatten().map(|left| *left as f64).collect();
        let mean = sending.iter().sum::<f64>() / sending.len().max(1) as f64;
        let weight = |left: f64| (left / mean).clamp(SHARE_LEAST, SHARE_MOST);
        let all: f64 = sending.iter().map(|left| weight(*left)).sum();
        for (counts, left) in open.iter().zip(left) {
            let own = match (rate, left) {
                (Some(rate), Some(left)) => (rate as f64 * weight(left as f64) / all).max(RATE_LEAST) as u64,
                // It may have to say something short: a head, a handshake, an abort.
                _ => 0,
            };
            counts.keep_to(own);
        }
    }
}

/// What a connection may have of its fair share.
const SHARE_LEAST: f64 = 0.6;
const SHARE_MOST: f64 = 1.6;
/// Bytes a second: none is held so low that it would look dead.
const RATE_LEAST: f64 = 4_000.0;

/// See the file's head.
pub(super) struct Socket {
    stream: TcpStream,
    counts: Arc<Counts>,
    meter: Arc<Meter>,
    throttles: Arc<Throttles>,
    /// The uplink that it goes through, by the system's name; empty where the system does not tell.
    uplink: String,
    generation: u64,
    turns_up: Turns,
    turns_down: Turns,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, meter: Arc<Meter>, throttles: Arc<Throttles>, uplink: String) -> Socket {
        let sturdy = tune(&stream);
        let counts = Arc::new(Counts {
            written: AtomicU64::new(0),
            read: AtomicU64::new(0),
            busy: AtomicBool::new(false),
            due: AtomicU64::new(0),
            body: AtomicU64::new(0),
            ceiling: AtomicU64::new(0),
            probe: Mutex::new(Some(probe(&stream))),
        });
        {
            let mut sockets = locked(&meter.0);
            sockets.open.push(Arc::downgrade(&counts));
            sockets.sturdy = sturdy;
        }
        let (generation, throttle) = throttles.on(&uplink);
        let (turns_up, turns_down) = (throttle.up(), throttle.down());
        Socket { stream, counts, meter, throttles, uplink, generation, turns_up, turns_down }
    }

    pub(super) fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// Its uplink may have figures of its own since, or none any more.
    fn keep_up_with_limits(&mut self) {
        if self.throttles.generation() != self.generation {
            let (generation, throttle) = self.throttles.on(&self.uplink);
            self.generation = generation;
            (self.turns_up, self.turns_down) = (throttle.up(), throttle.down());
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut sockets = locked(&self.meter.0);
        let moved = self.counts.moved();
        let arrived = self.counts.told().map_or(moved.up, |told| told.arrived);
        *locked(&self.counts.probe) = None;
        sockets.closed = sockets.closed + moved;
        sockets.arrived += arrived;
        sockets.open.retain(|open| !std::ptr::eq(open.as_ptr(), Arc::as_ptr(&self.counts)));
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.keep_up_with_limits();
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
        self.keep_up_with_limits();
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
        self.keep_up_with_limits();
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
