//! One uplink: which of its lanes are used. The best begins alone; once its pace is found, each of the others is tried
//! beside it, and stays where all together carry more. Then it is tried without the one that carries least: what does not
//! miss it gives it up. Trials are made again after a while, and at once when what was found does not hold any more.

use std::collections::{BTreeMap, VecDeque};

use super::View;

/// Trying one beside the others is worth it where they carry so many times as much; going on without one, where they still
/// carry so much.
const WORTH_MORE: f64 = 1.06;
const WORTH_LESS: f64 = 0.97;
/// What carries so many times as much need not be tried to the end.
const PLAINLY: f64 = 1.3;
/// A trial lasts so many round trips of the lane that is tried, within these milliseconds; and longer while it climbs.
const TRIAL_TRIPS: f64 = 8.0;
const TRIAL: (f64, f64) = (1_600.0, 4_000.0);
const TRIAL_MOST: f64 = 6_000.0;
/// What is carried is the mean of so many milliseconds, in which nothing was changed.
const WINDOW: f64 = 700.0;
/// The first lane has found its pace when in a window and a half it carries no more than so many times what it did in the
/// same before; and it has so long for that, in milliseconds.
const STEADY: f64 = 1.03;
const FIRST_MOST: f64 = 6_000.0;
/// Between two rounds of trials, in milliseconds: longer after every round that changed nothing.
const REST: (f64, f64) = (8_000.0, 240_000.0);
/// What was found holds no more when so much less is carried for so long, in milliseconds.
const FALLEN: f64 = 0.8;
const FALLEN_FOR: f64 = 2_000.0;
/// A queue of so many milliseconds stands where a link is full; one that the other lane's packets wait in as well, or half of
/// it, is in a link that both share: a second way does not make that carry more.
const STANDS: f64 = 20.0;
const SHARED: f64 = 0.5;
/// A lane that carries nothing and waits so long, in milliseconds, waits in what is shared, whatever the other waits: a packet
/// that was lost looks like a long queue.
const WAITS: f64 = 40.0;
/// How long the answer to a look at that is waited for, in milliseconds.
const LOOK: f64 = 2_000.0;
/// With less than so many seconds to go nothing is tried.
const SHORT: f64 = 8.0;

#[derive(Clone, Debug, Default)]
pub struct Mix {
    on: Vec<u32>,
    stage: Stage,
    /// Lanes that this round of trials has not tried yet.
    untried: Vec<u32>,
    /// Those that could be used at the last look.
    known: Vec<u32>,
    /// What all on it carried when the last trial was decided, and since when it is much less.
    found: f64,
    fallen_since: Option<f64>,
    rest: f64,
    changed: bool,
    /// Whose queues are to be looked at, and since when.
    asks: Vec<u32>,
    looks_since: Option<f64>,
    /// One was added since it was last found that all are needed.
    may_thin: bool,
    /// When, and the bytes that each lane had moved: of a little more than two windows.
    course: VecDeque<(f64, BTreeMap<u32, u64>)>,
    /// Since when the same lanes are on, and nothing flies on others.
    quiet_since: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Stage {
    /// Nothing was begun.
    #[default]
    Empty,
    First {
        since: f64,
    },
    /// Tried with one more, beside what they carried before.
    With {
        lane: u32,
        before: f64,
        since: f64,
    },
    Without {
        lane: u32,
        before: f64,
        since: f64,
    },
    Settled {
        until: f64,
    },
}

impl Mix {
    pub(super) fn is_on(&self, lane: u32) -> bool {
        self.on.contains(&lane)
    }

    pub(super) fn asks(&self) -> &[u32] {
        &self.asks
    }

    pub(super) fn feed(&mut self, now: u64, seconds_left: f64, lanes: &[View]) {
        let now = now as f64;
        let view = |lane: u32| lanes.iter().find(|view| view.lane == lane);
        let is_alive = |lane: &u32| view(*lane).is_some_and(|view| view.alive);
        self.remember(now, lanes);
        let lost_one = self.on.iter().any(|lane| !is_alive(lane));
        self.on.retain(is_alive);
        self.untried.retain(is_alive);
        let came: Vec<u32> = alive(lanes).filter(|lane| !self.known.contains(lane)).collect();
        self.known = alive(lanes).collect();
        if self.on.is_empty() {
            return self.begin(now, lanes);
        }
        if !came.is_empty() {
            // A way that came, or came back, may be the best.
            self.untried.extend(came.into_iter().filter(|lane| !self.on.contains(lane)));
            if let Stage::Settled { until } = &mut self.stage {
                *until = until.min(now);
            }
        }
        if lost_one {
            // What is left may not be what one would choose now.
            self.try_all(lanes);
            self.settle(now, 0.0, 0.0);
        }
        let flies = |lane: u32| view(lane).is_some_and(|view| view.in_flight > 0);
        if !self.on.iter().any(|lane| flies(*lane)) {
            // Nothing is sent: time that passes says nothing.
            if let Stage::First { since } | Stage::With { since, .. } | Stage::Without { since, .. } = &mut self.stage {
                *since = now;
            }
            self.quiet_since = now;
            return;
        }
        if lanes.iter().any(|other| other.in_flight > 0 && !self.on.contains(&other.lane)) {
            self.quiet_since = now;
        }
        let climbing = |lane: u32| view(lane).is_some_and(|view| view.climbing);
        let trial = |lane: u32| {
            let trip = view(lane).and_then(|view| view.trip).unwrap_or(TRIAL.0 / TRIAL_TRIPS);
            (trip * TRIAL_TRIPS).clamp(TRIAL.0, TRIAL.1)
        };
        // The same lanes, by themselves, for a whole window.
        let is_quiet = now - self.quiet_since >= WINDOW;
        let carried = self.mean(now - WINDOW, now);
        match self.stage {
            Stage::Empty => self.begin(now, lanes),
            Stage::First { since } => {
                let half = 1.5 * WINDOW;
                let (late, early) = (self.mean(now - half, now), self.mean(now - 2.0 * half, now - half));
                let is_steady = now - since >= 2.0 * half && late <= early * STEADY;
                if is_steady && !climbing(self.on[0]) || now - since > FIRST_MOST {
                    self.try_all(lanes);
                    self.settle(now, 0.0, carried);
                }
            }
            Stage::With { lane, before, since } => {
                let spent = now - since;
                let is_plain = spent >= WINDOW && carried > before * PLAINLY;
                if !is_plain && (spent < trial(lane) || climbing(lane) && spent < TRIAL_MOST) {
                    return;
                }
                if carried > before * WORTH_MORE {
                    (self.changed, self.may_thin) = (true, true);
                    self.settle(now, 0.0, carried);
                } else {
                    self.on.retain(|other| *other != lane);
                    self.settle(now, 0.0, before);
                }
            }
            Stage::Without { lane, before, since } => {
                if now - since < trial(lane) || !is_quiet && now - since < TRIAL_MOST {
                    return;
                }
                let without = carried - self.mean_of(lane, now - WINDOW, now);
                if without < before * WORTH_LESS {
                    self.on.push(lane);
                    self.may_thin = false;
                }
                self.settle(now, 0.0, without.max(before * WORTH_LESS));
            }
            Stage::Settled { until } => {
                if is_quiet {
                    self.watch(now, carried, lanes);
                }
                if now < until || !is_quiet || seconds_left < SHORT {
                    return;
                }
                match self.next_untried(lanes) {
                    Some(lane) if self.waits_to_know(now, lane, lanes) => {}
                    Some(lane) if self.shares_a_full_link(lane, lanes) => self.tried(lane),
                    Some(lane) => {
                        self.tried(lane);
                        self.on.push(lane);
                        self.stage = Stage::With { lane, before: carried, since: now };
                    }
                    // With what came, another may not be missed any more: the farthest, since what is last on it ends last.
                    None if self.may_thin && self.on.len() > 1 => {
                        let trip = |lane: &u32| view(*lane).and_then(|view| view.trip).unwrap_or(0.0);
                        let farthest = self.on.iter().copied().max_by(|a, b| trip(a).total_cmp(&trip(b)));
                        if let Some(lane) = farthest {
                            self.on.retain(|other| *other != lane);
                            self.stage = Stage::Without { lane, before: carried, since: now };
                        }
                    }
                    None => {
                        // This round is over.
                        self.rest = if self.changed { REST.0 } else { (self.rest * 2.0).clamp(REST.0, REST.1) };
                        self.changed = false;
                        self.try_all(lanes);
                        self.settle(now, self.rest, carried);
                    }
                }
            }
        }
    }

    fn remember(&mut self, now: f64, lanes: &[View]) {
        self.course.push_back((now, lanes.iter().map(|view| (view.lane, view.moved)).collect()));
        while self.course.front().is_some_and(|(then, _)| now - then > 3.0 * WINDOW + 500.0) {
            self.course.pop_front();
        }
    }

    /// Bytes a millisecond that all of them carried between two moments.
    fn mean(&self, from: f64, to: f64) -> f64 {
        let lanes: Vec<u32> = self.course.back().map(|(_, moved)| moved.keys().copied().collect()).unwrap_or_default();
        lanes.into_iter().map(|lane| self.mean_of(lane, from, to)).sum()
    }

    fn mean_of(&self, lane: u32, from: f64, to: f64) -> f64 {
        let at = |moment: f64| self.course.iter().rfind(|(then, _)| *then <= moment).or(self.course.front());
        let (Some((then, before)), Some((now, after))) = (at(from), at(to)) else { return 0.0 };
        let (Some(before), Some(after)) = (before.get(&lane), after.get(&lane)) else { return 0.0 };
        if now > then { after.saturating_sub(*before) as f64 / (now - then) } else { 0.0 }
    }

    /// The lane that was best when it was last used; else the nearest. One that was never used here and would be better by
    /// its kind goes first: what it is, is learnt once.
    fn begin(&mut self, now: f64, lanes: &[View]) {
        let used = lanes.iter().filter(|view| view.alive && view.remembered.is_some()).map(|view| view.rank).min();
        let new = |view: &View| view.remembered.is_none() && used.is_some_and(|used| view.rank < used);
        let any_new = lanes.iter().any(|view| view.alive && new(view));
        let alive = lanes.iter().filter(|view| view.alive && (!any_new || new(view)));
        let best = alive.min_by(|a, b| {
            let remembered = |view: &View| -view.remembered.unwrap_or(0.0);
            let trip = |view: &View| view.trip.unwrap_or(f64::INFINITY);
            remembered(a).total_cmp(&remembered(b)).then(trip(a).total_cmp(&trip(b))).then(a.rank.cmp(&b.rank))
        });
        self.on = best.map(|view| view.lane).into_iter().collect();
        self.stage = if self.on.is_empty() { Stage::Empty } else { Stage::First { since: now } };
        self.fallen_since = None;
    }

    fn try_all(&mut self, lanes: &[View]) {
        self.untried = alive(lanes).filter(|lane| !self.on.contains(lane)).collect();
    }

    /// The longest queue that what is on stands in. Who receives hardly measures one: a look at it tells.
    fn queue(&self, lanes: &[View]) -> f64 {
        let on = lanes.iter().filter(|view| self.on.contains(&view.lane));
        on.flat_map(|view| [view.queue, view.probe]).flatten().fold(0.0, f64::max)
    }

    /// Whether it is still to be seen whether a lane shares what is full. Only of one whose path is known without a queue.
    fn waits_to_know(&mut self, now: f64, lane: u32, lanes: &[View]) -> bool {
        let tells = |view: &&View| view.lane == lane || self.on.contains(&view.lane);
        let unseen = |view: &&View| view.bare && view.probe.is_none();
        let asks: Vec<u32> = lanes.iter().filter(tells).filter(unseen).map(|view| view.lane).collect();
        let since = *self.looks_since.get_or_insert(now);
        if asks.is_empty() || now - since >= LOOK {
            return false;
        }
        self.asks = asks;
        true
    }

    fn shares_a_full_link(&mut self, lane: u32, lanes: &[View]) -> bool {
        self.asks.clear();
        self.looks_since = None;
        let (queue, view) = (self.queue(lanes), lanes.iter().find(|view| view.lane == lane));
        queue >= STANDS && view.and_then(|view| view.probe).is_some_and(|probe| probe >= (queue * SHARED).min(WAITS))
    }

    fn tried(&mut self, lane: u32) {
        self.untried.retain(|other| *other != lane);
    }

    /// The most promising first.
    fn next_untried(&self, lanes: &[View]) -> Option<u32> {
        let promise = |lane: &u32| {
            let view = lanes.iter().find(|view| view.lane == *lane);
            view.map_or(f64::INFINITY, |view| view.trip.unwrap_or(1_000.0) - view.remembered.unwrap_or(0.0))
        };
        self.untried.iter().copied().min_by(|a, b| promise(a).total_cmp(&promise(b)))
    }

    fn settle(&mut self, now: f64, rest: f64, found: f64) {
        self.stage = Stage::Settled { until: now + rest };
        self.quiet_since = now;
        self.found = found;
        self.fallen_since = None;
    }

    /// Much less than was found, for long: the trials begin anew.
    fn watch(&mut self, now: f64, carried: f64, lanes: &[View]) {
        self.found = self.found.max(carried);
        if carried >= self.found * FALLEN {
            self.fallen_since = None;
        } else if now - *self.fallen_since.get_or_insert(now) > FALLEN_FOR {
            self.try_all(lanes);
            self.rest = 0.0;
            self.settle(now, 0.0, carried);
        }
    }
}

fn alive(lanes: &[View]) -> impl Iterator<Item = u32> + '_ {
    lanes.iter().filter(|view| view.alive).map(|view| view.lane)
}

#[cfg(test)]
impl Mix {
    /// These, whatever comes.
    pub(super) fn always(on: Vec<u32>) -> Mix {
        Mix { on, stage: Stage::Settled { until: f64::INFINITY }, ..Mix::default() }
    }
}
