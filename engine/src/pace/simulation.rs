//! A far link on paper: connections that find their speed as TCP's do, a queue that fills, packets that get lost. Small
//! enough to run thousands of seconds in a test, near enough to the emulated links that what is tuned here holds there.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Pace, Sample};

/// A step, in milliseconds.
const STEP: f64 = 10.0;
const PACKET: f64 = 1_448.0;
/// Packets that a connection may send before the first answer.
const FIRST_WINDOW: f64 = 10.0;
/// Round trips before the first byte of a request on a connection that is not open yet, and on one that is.
const FRESH_TRIPS: f64 = 3.0;
const READY_TRIPS: f64 = 1.0;

#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// Bytes a millisecond.
    pub rate: f64,
    /// Milliseconds there and back, without a queue.
    pub path: f64,
    /// Of packets.
    pub loss: f64,
    /// Milliseconds of the rate.
    pub queue: f64,
    /// The sender halves at a loss (cubic, reno), or goes by the rate that it measured (BBR).
    pub halves: bool,
}

/// 200 Mb/s, 180 ms, 0.1 %; 50 Mb/s, 300 ms, 1 %; 2 Mb/s behind a second of queue; this computer.
pub(super) const BUREAU: Link = Link { rate: 25_000.0, path: 180.0, loss: 0.001, queue: 100.0, halves: true };
pub(super) const REMOTE: Link = Link { rate: 6_250.0, path: 300.0, loss: 0.01, queue: 100.0, halves: true };
pub(super) const HOTEL: Link = Link { rate: 250.0, path: 100.0, loss: 0.0, queue: 1_000.0, halves: false };
pub(super) const NEAR: Link = Link { rate: 500_000.0, path: 0.3, loss: 0.0, queue: 5.0, halves: true };

#[derive(Clone, Debug)]
struct Connection {
    /// Milliseconds until its first byte.
    silent: f64,
    /// Packets in flight.
    window: f64,
    growing: bool,
    /// Of the request that it carries.
    left: f64,
}

/// What happened at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub at: f64,
    pub allowed: usize,
    /// Bytes a millisecond, over the last second.
    pub goodput: f64,
}

pub(super) struct Course {
    pub moments: Vec<Moment>,
}

impl Course {
    /// Bytes a millisecond between two moments, as a share of `rate`.
    pub(super) fn share(&self, rate: f64, from: f64, to: f64) -> f64 {
        let between: Vec<&Moment> = self.moments.iter().filter(|m| m.at >= from && m.at < to).collect();
        between.iter().map(|m| m.goodput).sum::<f64>() / between.len().max(1) as f64 / rate
    }

    /// When the goodput first reached this share of `rate`, in milliseconds.
    pub(super) fn reached(&self, rate: f64, share: f64) -> Option<f64> {
        self.moments.iter().find(|m| m.goodput >= rate * share).map(|m| m.at)
    }

    pub(super) fn at(&self, at: f64) -> Moment {
        *self.moments.iter().rfind(|m| m.at <= at).unwrap_or(&self.moments[0])
    }
}

/// `for_ms` of a transfer that never runs out of work, in requests of `request` bytes. `link` may change with time.
pub(super) fn run(seed: u64, for_ms: f64, request: f64, link: impl Fn(f64) -> Link) -> Course {
    let mut random = StdRng::seed_from_u64(seed);
    let mut pace = Pace::default();
    let mut flying: Vec<Connection> = Vec::new();
    let mut ready = 0usize;
    let (mut queue, mut moved, mut least) = (0.0f64, 0.0f64, f64::MAX);
    let mut moments = Vec::new();
    let mut last_second: std::collections::VecDeque<f64> = std::collections::VecDeque::new();
    let mut at = 0.0;
    while at < for_ms {
        let link = link(at);
        let trip = link.path + queue / link.rate;
        least = least.min(link.path);
        while flying.len() < pace.allowed() {
            let open = ready > 0;
            ready -= usize::from(open);
            let trips = if open { READY_TRIPS } else { FRESH_TRIPS };
            flying.push(Connection { silent: trip * trips, window: FIRST_WINDOW, growing: true, left: request });
        }
        // What each would send in this step if the link were its own.
        let wants: Vec<f64> = flying
            .iter_mut()
            .map(|c| {
                c.silent -= STEP;
                if c.silent > 0.0 { 0.0 } else { (c.window * PACKET / trip * STEP).min(c.left) }
            })
            .collect();
        let offered: f64 = wants.iter().sum();
        let carried = link.rate * STEP;
        queue += offered - carried.min(queue + offered);
        let full = link.queue * link.rate;
        let dropped = (queue - full).max(0.0);
        queue = queue.min(full);
        let share = if offered > 0.0 { (offered - dropped) / offered } else { 0.0 };
        for (c, want) in flying.iter_mut().zip(&wants) {
            if *want <= 0.0 {
                continue;
            }
            let got = want * share * (1.0 - link.loss);
            c.left -= got;
            moved += got;
            let packets = want / PACKET;
            let unlucky = 1.0 - (1.0 - link.loss).powf(packets);
            let crowded = dropped > 0.0 && random.random_bool((packets / 20.0).min(0.5));
            if (link.halves && random.random_bool(unlucky)) || crowded {
                // Cubic gives back three tenths, BBR next to nothing.
                c.window = (c.window * if link.halves { 0.7 } else { 0.95 }).max(2.0);
                c.growing = false;
            } else if c.growing {
                c.window *= 2f64.powf(STEP / trip);
            } else if link.halves {
                c.window += STEP / trip * 1.5;
            }
            if !link.halves {
                // It does not send more than twice what the path holds.
                c.window = c.window.min((2.0 * link.rate * link.path / PACKET).max(8.0));
            }
        }
        let before = flying.len();
        flying.retain(|c| c.left > 0.0);
        ready += before - flying.len();
        at += STEP;
        // What stands in the queue has not arrived.
        let delivered = moved - queue;
        last_second.push_back(delivered);
        if last_second.len() > 100 {
            last_second.pop_front();
        }
        let second = last_second.len() as f64 * STEP;
        let goodput = (delivered - last_second.front().copied().unwrap_or(0.0)) / second;
        if ((at / STEP) as u64).is_multiple_of(5) {
            let noise = random.random_range(-0.05..0.05) * link.path;
            pace.feed(Sample {
                now: at as u64,
                moved: delivered as u64,
                in_flight: flying.len().max(1),
                wanting: true,
                path: Some(((trip + noise).max(least), least)),
                sturdy: !link.halves,
            });
            ready = ready.max(pace.ready());
            moments.push(Moment { at, allowed: pace.allowed(), goodput });
        }
    }
    Course { moments }
}
