//! Which lanes are used, and which of them gets the next part. Pure: it is shown what each lane carries and says what to do.
//!
//! Lanes of different uplinks add up, so each uplink is a matter of its own (`mix`). On one uplink the best lane is used
//! first; the others are tried beside it, and kept only while all together carry more: what fills the link already is not
//! made faster by a second way, only dearer. A part goes to the lane that will be through with it first, and waits for a
//! faster lane where a slow one would be the last to end (`part`).

mod mix;

use std::collections::BTreeMap;

pub use mix::Mix;

/// What is known of a lane in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    pub lane: u32,
    /// Lanes of one uplink share what it carries.
    pub uplink: u32,
    /// It can be used at all: it is reached, and the bucket takes it.
    pub alive: bool,
    /// Through a network that is only for what is breaking: to that it is one lane more, to all else it is not there.
    pub metered: bool,
    /// Bytes that have moved on it since any beginning.
    pub moved: u64,
    /// Requests that have bytes to move.
    pub in_flight: usize,
    /// How many more may.
    pub room: usize,
    /// Its number of requests is still being found: what it carries says little of what it could.
    pub climbing: bool,
    /// Each connection finds the link's rate in time, losses or not: few will do.
    pub sturdy: bool,
    /// Milliseconds there and back, where it was measured.
    pub trip: Option<f64>,
    /// Milliseconds by which what flies on it waits in a queue, as far as its connections tell.
    pub queue: Option<f64>,
    /// How long its path is without a queue was seen: then a look at its queue says something.
    pub bare: bool,
    /// And by which a connection that was just opened on it waited: see [`Chooser::asks`].
    pub probe: Option<f64>,
    /// Bytes a millisecond that it carried when it was last used on this network.
    pub remembered: Option<f64>,
    /// Where nothing else tells two lanes apart: the smaller goes first.
    pub rank: u32,
    /// Dollars a gigabyte.
    pub price: f64,
}

/// One direction's choice.
#[derive(Clone, Debug, Default)]
pub struct Chooser {
    mixes: BTreeMap<u32, Mix>,
    /// Bytes a millisecond that each lane carries, or carried when it was last used for long.
    goodput: BTreeMap<u32, Goodput>,
}

/// Smoothed over about a second.
#[derive(Clone, Copy, Debug, Default)]
struct Goodput {
    now: f64,
    /// Requests that had bytes to move, smoothed alike; and the most that one of them carried.
    flying: f64,
    each: f64,
    last: Option<(u64, u64)>,
    /// What it carried when its pace had been found.
    learnt: Option<f64>,
}

const SMOOTHED: f64 = 700.0;
/// What one request carried at most is forgotten by so much at each look.
const FORGETS: f64 = 0.999;
/// While each of many requests carries so much of what one did at most, more of them carry more.
const ADDS: f64 = 0.7;

impl Goodput {
    /// Its requests do not take from each other yet.
    fn adds(&self) -> bool {
        self.now >= self.each * self.flying * ADDS
    }

    fn feed(&mut self, now: u64, rest: u64, view: &View) {
        let Some((then, before)) = self.last.replace((now, view.moved)) else { return };
        let span = now.saturating_sub(then) as f64;
        if span <= 0.0 {
            return;
        }
        let rate = view.moved.saturating_sub(before) as f64 / span;
        let weight = (span / SMOOTHED).min(1.0);
        self.now += (rate - self.now) * weight;
        self.flying += (view.in_flight as f64 - self.flying) * weight;
        if self.flying > 0.5 {
            self.each = (self.each * FORGETS).max(self.now / self.flying);
        }
        // What the last ones drip says nothing of what it can.
        if view.in_flight > 0 && !view.climbing && rest > 0 {
            let learnt = self.learnt.unwrap_or(self.now);
            self.learnt = Some(learnt + (self.now - learnt) * weight);
        }
    }
}

impl Chooser {
    /// At `now` (milliseconds, on a clock that never goes back), with so many bytes still to begin.
    pub fn feed(&mut self, now: u64, rest: u64, lanes: &[View]) {
        self.measure(now, rest, lanes);
        self.mixes.retain(|uplink, _| lanes.iter().any(|view| view.uplink == *uplink));
        for view in lanes {
            self.mixes.entry(view.uplink).or_default();
        }
        let all: f64 = self.goodput.values().map(|goodput| goodput.now).sum();
        // What is over soon is not worth trying anything for.
        let seconds_left = if all > 0.0 { rest as f64 / all / 1_000.0 } else { f64::INFINITY };
        for (uplink, mix) in &mut self.mixes {
            let own: Vec<View> = lanes.iter().filter(|view| view.uplink == *uplink).copied().collect();
            mix.feed(now, seconds_left, &own);
        }
    }

    fn measure(&mut self, now: u64, rest: u64, lanes: &[View]) {
        for view in lanes {
            self.goodput.entry(view.lane).or_default().feed(now, rest, view);
        }
        self.goodput.retain(|lane, _| lanes.iter().any(|view| view.lane == *lane));
    }

    /// The network is another one: what was learnt is of the past.
    pub fn forget(&mut self) {
        *self = Chooser::default();
    }

    /// Whether parts may begin on it now.
    pub fn is_on(&self, lane: u32) -> bool {
        self.mixes.values().any(|mix| mix.is_on(lane))
    }

    /// The lanes whose queue should be looked at, by opening a connection: whether they share a link that is full already is
    /// known before anything is tried on them.
    pub fn asks(&self) -> impl Iterator<Item = u32> + '_ {
        self.mixes.values().flat_map(Mix::asks).copied()
    }

    /// Bytes a second that it carries now.
    pub fn carries(&self, lane: u32) -> u64 {
        self.goodput.get(&lane).map_or(0, |goodput| (goodput.now * 1_000.0) as u64)
    }

    /// Bytes a millisecond that it carried while its pace was found; for the next start.
    pub fn learnt(&self, lane: u32) -> Option<f64> {
        self.goodput.get(&lane)?.learnt
    }

    /// The lane for a part of so many bytes, when `rest` bytes, it among them, are still to begin. `ahead` is what is in
    /// flight on a lane and has not moved. `None` where the part waits: no lane has room, or a faster one will be through
    /// with it sooner than one that has. Where the part cannot go by any that is on, it goes by whichever there is.
    pub fn part(&self, part: u64, rest: u64, lanes: &[View], ahead: impl Fn(u32) -> u64) -> Option<u32> {
        let any_on = lanes.iter().any(|view| view.alive && self.is_on(view.lane));
        let on: Vec<(&View, f64, f64)> = lanes
            .iter()
            .filter(|view| view.alive && (self.is_on(view.lane) || view.metered || !any_on))
            .map(|view| (view, self.expected(view), ahead(view.lane) as f64))
            .collect();
        let idle = on.iter().all(|(view, ..)| view.in_flight == 0);
        let ends = |(view, rate, ahead): &(&View, f64, f64)| view.trip.unwrap_or(0.0) + (ahead + part as f64) / rate;
        // Where there are others, one part says what a lane is that was never used; and none takes more than it will soon be
        // through with: what it has, no other can take over.
        let alone = lanes.iter().filter(|view| view.alive).count() == 1;
        let soon = |(view, rate, ahead): &(&View, f64, f64)| {
            let adds = || !view.sturdy && self.goodput.get(&view.lane).is_some_and(Goodput::adds);
            (ahead + part as f64) / rate <= SOON || adds()
        };
        let may = |lane: &&(&View, f64, f64)| {
            let view = lane.0;
            view.room > 0 && (alone || view.in_flight == 0 || self.is_known(view) && soon(lane))
        };
        let mut with_room: Vec<&(&View, f64, f64)> = on.iter().filter(may).collect();
        with_room.sort_by(|a, b| ends(a).total_cmp(&ends(b)).then(a.0.rank.cmp(&b.0.rank)));
        let fits = |candidate: &&(&View, f64, f64)| {
            // When all would be through that is left, if this lane did nothing more.
            let others = on.iter().filter(|other| other.0.lane != candidate.0.lane && other.0.in_flight > 0);
            let (rate, before) = others.fold((0.0, 0.0), |(rate, before), (_, r, a)| (rate + r, before + a));
            rate <= 0.0 || ends(candidate) <= (before + rest as f64) / rate
        };
        let first = with_room.first().copied();
        with_room.into_iter().find(fits).or(first.filter(|_| idle)).map(|(view, ..)| view.lane)
    }

    /// When nothing is left to begin: the lane that takes over a part of which `left` bytes have still to move on `from`, one
    /// of its requests. It sends the whole part, and is worth it where it is through in half the time all the same.
    pub fn rescue(&self, part: u64, left: u64, from: u32, lanes: &[View]) -> Option<u32> {
        let slow = lanes.iter().find(|view| view.lane == from)?;
        let each = self.goodput.get(&from).map_or(0.0, |goodput| goodput.now) / slow.in_flight.max(1) as f64;
        let alone = left as f64 / each.max(LEAST / 10.0);
        let takes = |view: &View| {
            let rate = self.expected(view) / (view.in_flight + 1) as f64;
            view.trip.unwrap_or(FAR) + part as f64 / rate.max(LEAST)
        };
        let others = lanes.iter().filter(|view| view.lane != from && view.alive && view.room > 0);
        let best = others.filter(|view| self.is_on(view.lane)).min_by(|a, b| takes(a).total_cmp(&takes(b)))?;
        (takes(best) * 2.0 < alone).then_some(best.lane)
    }

    fn is_known(&self, view: &View) -> bool {
        let moves = self.goodput.get(&view.lane).is_some_and(|goodput| goodput.now > 0.0 || goodput.learnt.is_some());
        moves || view.remembered.is_some()
    }

    /// Bytes a millisecond that the lane is expected to carry: what it does, what it did, or a guess by its distance.
    fn expected(&self, view: &View) -> f64 {
        let goodput = self.goodput.get(&view.lane).copied().unwrap_or_default();
        let used = (view.in_flight > 0).then_some(goodput.now).filter(|now| *now > 0.0);
        let known = match (used, goodput.learnt.or(view.remembered)) {
            // While it climbs it may yet carry what it has carried before.
            (Some(now), Some(learnt)) if view.climbing => Some(now.max(learnt)),
            (Some(now), _) => Some(now),
            (None, learnt) => learnt,
        };
        known.unwrap_or_else(|| GUESS / view.trip.unwrap_or(FAR)).max(LEAST)
    }
}

/// A lane that was never used: one window of a beginner's connection each round trip, times a few connections.
const GUESS: f64 = 4.0 * 64_000.0;
const FAR: f64 = 200.0;
/// Milliseconds in which a lane among others must be through with all that it is given.
const SOON: f64 = 6_000.0;
/// Bytes a millisecond: none is expected to take for ever.
const LEAST: f64 = 0.5;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
