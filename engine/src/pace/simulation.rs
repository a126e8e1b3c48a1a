//! A far link on paper: connections that find their speed as TCP's do, a queue that fills, packets that get lost. Small
//! enough to run thousands of seconds in a test, near enough to the emulated links that what is tuned here holds there.

use std::collections::VecDeque;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Ceiling, Pace, START, Sample};

/// A step, in milliseconds.
const STEP: f64 = 10.0;
const PACKET: f64 = 1_448.0;
/// What of the link's rate is payload.
const PAYLOAD: f64 = PACKET / 1_500.0;
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
    /// Milliseconds from the command to the proof, where it came to its end.
    pub took: Option<f64>,
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

/// What is to be moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    /// Infinite where it never runs out.
    pub bytes: f64,
    /// Of one request.
    pub request: f64,
    pub way: Way,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    /// Every request carries its part to the end, and the ceiling holds all of them together.
    Up,
    /// Requests that end early take over half of what the slowest still has.
    Down,
}

impl Way {
    /// Round trips before the first request, and from the last byte to the proof: a handshake, a HEAD; going up also a
    /// Create, one byte that finds out what the store takes, a list, the last answer and a Complete.
    fn trips(self) -> (f64, f64) {
        match self {
            Way::Up => (6.0, 2.0),
            Way::Down => (3.0, 0.0),
        }
    }
}

impl Job {
    pub(super) fn endless(request: f64) -> Job {
        Job { bytes: f64::INFINITY, request, way: Way::Down }
    }
}

/// What the ceiling gives each, beside the mean, by what it has still to send.
const WEIGHT: (f64, f64) = (0.6, 1.6);
/// Less than this is not worth a request of its own.
const WORTH_TAKING: f64 = 128.0 * 1_024.0;

/// One of those that share a link.
struct Run {
    random: StdRng,
    job: Job,
    pace: Pace,
    ceiling: Ceiling,
    told: Option<u64>,
    flying: Vec<Connection>,
    /// Connections that lie open.
    ready: usize,
    /// Bytes that no request has yet.
    open: f64,
    /// What lies in the link's queue: its own, and the others'.
    queue: f64,
    beside: f64,
    moved: f64,
    least: f64,
    at: f64,
    last_second: VecDeque<f64>,
    course: Course,
}

/// One course over a link that may change with time, `for_ms` at the most.
pub(super) fn run(seed: u64, for_ms: f64, job: Job, link: impl Fn(f64) -> Link) -> Course {
    side_by_side(seed, for_ms, &[(job, 0.0)], link).remove(0)
}

/// Several on one link, who know nothing of each other and begin when they begin (milliseconds).
pub(super) fn side_by_side(seed: u64, for_ms: f64, jobs: &[(Job, f64)], link: impl Fn(f64) -> Link) -> Vec<Course> {
    let begun = |(i, (job, _)): (usize, &(Job, f64))| Run::of(seed + 1_000 * i as u64, *job);
    let mut runs: Vec<Run> = jobs.iter().enumerate().map(begun).collect();
    let mut at = 0.0;
    while at < for_ms && runs.iter().any(|run| run.course.took.is_none()) {
        let link = link(at);
        let all: f64 = runs.iter().map(|run| run.queue).sum();
        let mut wants: Vec<Vec<f64>> = Vec::new();
        for (run, (_, begins)) in runs.iter_mut().zip(jobs) {
            run.at = at;
            run.beside = all - run.queue;
            let on = at >= *begins && run.course.took.is_none();
            wants.push(if on { run.wants(&link) } else { Vec::new() });
        }
        let offered: f64 = wants.iter().flatten().sum();
        let (drained, dropped) = link.carry(all, offered);
        let share = if offered > 0.0 { (offered - dropped) / offered } else { 0.0 };
        at += STEP;
        for (run, wants) in runs.iter_mut().zip(&wants) {
            let own = run.queue + wants.iter().sum::<f64>() * share;
            run.queue = (own - drained * own / (all + offered * share).max(1.0)).max(0.0);
            if !wants.is_empty() || run.queue > 0.0 {
                run.send(&link, wants, share, dropped > 0.0);
            }
            run.at = at;
            run.look(&link);
        }
    }
    runs.into_iter().map(|run| run.course).collect()
}

impl Link {
    /// Of what lies in the queue and is offered now, what goes on in this step, and what does not fit.
    fn carry(&self, queued: f64, offered: f64) -> (f64, f64) {
        let rate = self.rate * PAYLOAD;
        let drained = (rate * STEP).min(queued + offered);
        (drained, (queued + offered - drained - self.queue * rate).max(0.0))
    }
}

impl Run {
    fn of(seed: u64, job: Job) -> Run {
        Run {
            random: StdRng::seed_from_u64(seed),
            job,
            pace: Pace::default(),
            ceiling: Ceiling::default(),
            told: None,
            flying: Vec::new(),
            // Opened beside what goes before.
            ready: START,
            open: job.bytes,
            queue: 0.0,
            beside: 0.0,
            moved: 0.0,
            least: f64::MAX,
            at: 0.0,
            last_second: VecDeque::new(),
            course: Course { moments: Vec::new(), took: None },
        }
    }

    fn look(&mut self, link: &Link) {
        if self.course.took.is_some() {
            return;
        }
        let delivered = self.moved - self.queue;
        if self.open <= 0.0 && self.flying.is_empty() && self.queue < 1.0 {
            let (before, after) = self.job.way.trips();
            self.course.took = Some(self.at + link.path * (before + after + 0.5));
            return;
        }
        let goodput = self.over_last_second(delivered);
        if ((self.at / STEP) as u64).is_multiple_of(5) {
            self.feed(link, delivered);
            self.course.moments.push(Moment { at: self.at, allowed: self.pace.allowed(), goodput });
        }
    }

    fn trip(&self, link: &Link) -> f64 {
        link.path + (self.queue + self.beside) / (link.rate * PAYLOAD)
    }

    fn begin_requests(&mut self, link: &Link) {
        while self.flying.len() < self.pace.allowed() {
            let left = self.job.request.min(self.open);
            let left = if left > 0.0 { left } else { self.taken_over() };
            if left <= 0.0 {
                return;
            }
            if self.open > 0.0 {
                self.open -= left;
            }
            let open = self.ready > 0;
            self.ready -= usize::from(open);
            let trips = if open { READY_TRIPS } else { FRESH_TRIPS };
            self.flying.push(Connection { silent: self.trip(link) * trips, window: FIRST_WINDOW, growing: true, left });
        }
    }

    /// Half of what the request with the most before it still has.
    fn taken_over(&mut self) -> f64 {
        let most = self.flying.iter_mut().max_by(|a, b| a.left.total_cmp(&b.left));
        match most {
            Some(most) if self.job.way == Way::Down && most.left > 2.0 * WORTH_TAKING => {
                most.left /= 2.0;
                most.left
            }
            _ => 0.0,
        }
    }

    /// What each request would send in this step if the link were its own.
    fn wants(&mut self, link: &Link) -> Vec<f64> {
        self.begin_requests(link);
        let trip = self.trip(link);
        // Whoever comes to a full link never sees it empty.
        self.least = self.least.min(trip);
        let mean = self.flying.iter().map(|c| c.left).sum::<f64>() / self.flying.len().max(1) as f64;
        let weight = |left: f64| (left / mean).clamp(WEIGHT.0, WEIGHT.1);
        let weights: f64 = self.flying.iter().map(|c| weight(c.left)).sum();
        let held = self.told.map(|rate| rate as f64 / 1_000.0 * STEP / weights);
        let mut wants = Vec::with_capacity(self.flying.len());
        for c in &mut self.flying {
            c.silent -= STEP;
            let want = if c.silent > 0.0 { 0.0 } else { (c.window * PACKET / trip * STEP).min(c.left) };
            wants.push(held.map_or(want, |held| want.min(held * weight(c.left))));
        }
        wants
    }

    /// Of what was wanted, this share found room.
    fn send(&mut self, link: &Link, wants: &[f64], share: f64, overflows: bool) {
        let trip = link.path + (self.queue + self.beside) / (link.rate * PAYLOAD);
        for (c, want) in self.flying.iter_mut().zip(wants) {
            if *want <= 0.0 {
                continue;
            }
            let got = want * share * (1.0 - link.loss);
            c.left -= got;
            self.moved += got;
            let packets = want / PACKET;
            let unlucky = 1.0 - (1.0 - link.loss).powf(packets);
            let crowded = overflows && self.random.random_bool((packets / 20.0).min(0.5));
            if (link.halves && self.random.random_bool(unlucky)) || crowded {
                // Cubic gives back three tenths, BBR next to nothing.
                c.window = (c.window * if link.halves { 0.7 } else { 0.95 }).max(2.0);
                c.growing = false;
            } else if c.growing {
                c.window *= 2f64.powf(STEP / trip);
            } else if link.halves {
                c.window += STEP / trip * 1.5;
            } else {
                // It looks for a quarter more in one of eight round trips.
                c.window *= 1.0 + 0.25 / 8.0 * STEP / trip;
            }
            if !link.halves {
                // It does not send more than twice what the path holds.
                c.window = c.window.min((2.0 * link.rate * link.path / PACKET).max(8.0));
            }
        }
        let before = self.flying.len();
        // Of the last packet of a request nothing is left out by rounding.
        self.flying.retain(|c| c.left > 1.0);
        self.ready += before - self.flying.len();
    }

    fn over_last_second(&mut self, delivered: f64) -> f64 {
        self.last_second.push_back(delivered);
        if self.last_second.len() > 100 {
            self.last_second.pop_front();
        }
        let second = self.last_second.len() as f64 * STEP;
        (delivered - self.last_second.front().copied().unwrap_or(0.0)) / second
    }

    fn feed(&mut self, link: &Link, delivered: f64) {
        let noise = self.random.random_range(-0.05..0.05) * link.path;
        let path = Some(((self.trip(link) + noise).max(self.least), self.least));
        self.pace.feed(Sample {
            now: self.at as u64,
            moved: delivered as u64,
            in_flight: self.flying.len().max(1),
            wanting: self.open > 0.0,
            path,
            sturdy: !link.halves,
        });
        if self.job.way == Way::Up {
            self.told = self.ceiling.feed(self.at as u64, delivered as u64, self.flying.len(), path);
        }
        self.ready = self.ready.max(self.pace.ready());
    }
}
