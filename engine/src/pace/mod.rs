//! How many requests a direction of a lane has in flight. Pure: it is fed samples and says a number. Three things are
//! watched: the bytes that the other side acknowledged, how full the path's queue is, and whether there was enough to send.
//!
//! It begins with few. While the path shows no queue, every round that finds all requests in use doubles them: over a far
//! or lossy link each connection carries little, and only their number fills it. A queue, or a number beyond which nothing
//! more arrives, ends the climb. From then on it tries a little more or a little less now and then, keeps what carried more,
//! and gives back what carried nothing: fewer requests in flight finish sooner and lose less when the laptop is closed.

mod ceiling;

pub use ceiling::Ceiling;

/// The fewest that are worth having: one is answered while the other sends.
const LEAST: usize = 2;
const START: usize = 4;
/// Neither near nor far it may be a hotel's slow line, which one fills: what more of them have half sent when the laptop is
/// closed is lost.
const START_MIDDLE: usize = 1;
/// Over a path so long, in milliseconds, every round of the climb costs: it begins with more, and connections lie ready
/// for two rounds, since a handshake takes longer than one.
const FAR: f64 = 120.0;
const START_FAR: usize = 16;
/// So many sturdy connections are given time to find their speed before more are added.
const SETTLE: usize = 32;
/// They are still finding it while a round carries so much more than the one before.
const GROWING: f64 = 1.2;
/// Beyond this the links that were measured gained nothing.
pub const MOST: usize = 128;

/// A round is this much longer than the path, so that its acknowledgements are in it.
const ROUND: f64 = 1.25;
/// Rounds are no shorter, in milliseconds: on a near path they would measure noise. And no longer.
const ROUND_LEAST: f64 = 100.0;
const ROUND_MOST: f64 = 1_000.0;
/// Assumed of a path that was not measured.
const PATH: f64 = 80.0;

/// The queue at which the climb pauses: this share of the bare path's round trip, and at least so many milliseconds. A
/// sender that looks for its rate fills a queue for a moment.
const QUEUE_SHARE: f64 = 0.25;
const QUEUE_LEAST: f64 = 90.0;
/// Sturdy connections leave a queue only where they have found the link's rate.
const QUEUE_SEEN: f64 = 20.0;
/// After so many rounds of it the climb has ended.
const QUEUE_ROUNDS: u32 = 6;
/// A path shorter than this, in milliseconds, loses nothing between one request and the next: then fewer will do.
const NEAR: f64 = 20.0;
/// A queue that people at the same table notice, in milliseconds beyond the bare path: fewer, at once.
const SMOTHERED: f64 = 200.0;

/// The climb has ended when twice as many have carried less than this much more.
const WORTH_DOUBLING: f64 = 1.15;
/// On a near path each of few fills its part of the link, and every one costs the processor: more must carry much more.
const WORTH_NEAR: f64 = 1.4;
/// Bytes a millisecond that no office's network exceeds by much: what few carry so is not held back by their number.
const PLENTY: f64 = 125_000.0;
/// Later, what a try must gain, and what giving back may lose.
const WORTH_MORE: f64 = 1.05;
const WORTH_CLIMBING: f64 = 1.15;
const WORTH_FEWER: f64 = 1.0;
/// A try is judged over so many round trips, and at least so long, in milliseconds.
const TRIAL_TRIPS: f64 = 8.0;
const TRIAL_LEAST: f64 = 1_500.0;
/// Between tries, in trials: more after every one that changed nothing.
const REST_MOST: u32 = 8;

/// What was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Milliseconds, on a clock that never goes back.
    pub now: u64,
    /// Bytes acknowledged in this direction, since any beginning.
    pub moved: u64,
    pub in_flight: usize,
    /// There is more to send than may be in flight.
    pub wanting: bool,
    /// Milliseconds there and back: as it is, and the least there was.
    pub path: Option<(f64, f64)>,
    /// Each connection finds the link's rate in time, losses or not: what few carry says less of the link than of their
    /// age.
    pub sturdy: bool,
}

#[derive(Clone, Debug)]
pub struct Pace {
    allowed: usize,
    most: usize,
    phase: Phase,
    /// Where the current span of measurement began.
    from: Option<Sample>,
    /// How many of the span's samples found every request in use, and how many did not.
    used: (u32, u32),
    /// The path is a long one, or a short one; its connections are sturdy.
    far: bool,
    near: bool,
    sturdy: bool,
    /// The queue of the span's samples, summed, and their number.
    queue: (f64, u32),
    /// The least round trip of a path that has become longer, and of the current span, in milliseconds.
    longer: f64,
    least_now: f64,
    /// Bytes a millisecond, of the last span and of the best.
    goodput: (f64, f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// The goodput of the last two rounds, newest first, in bytes a millisecond. On a near path a round in which more
    /// connections were opened is not `settled` and not judged: it grows by itself. Nor is the very first, but far off.
    Climb { before: [f64; 2], full_rounds: u32, crowded_rounds: u32, settled: bool },
    /// The number is kept; after `left` spans something is tried. `next_rest` is for after that.
    Rest { left: u32, next_rest: u32, more_next: bool },
    /// Fewer, since the path looked smothered at `kept` requests. A queue then gets shorter or carries as much; where
    /// neither is so, it was no queue: the path itself has become longer.
    Relief { kept: usize, goodput: f64, queue: f64, settled: bool },
    /// Tried from `kept`, which carried `goodput`. The first span after a change is not judged.
    Try { kept: usize, goodput: f64, settled: bool, next_rest: u32 },
}

const BEGINNING: Phase = Phase::Climb { before: [0.0; 2], full_rounds: 0, crowded_rounds: 0, settled: false };

impl Default for Pace {
    fn default() -> Self {
        Pace::up_to(MOST)
    }
}

impl Pace {
    pub fn up_to(most: usize) -> Pace {
        Pace {
            allowed: START.min(most),
            most,
            phase: BEGINNING,
            from: None,
            used: (0, 0),
            far: false,
            near: false,
            sturdy: false,
            queue: (0.0, 0),
            longer: 0.0,
            least_now: f64::MAX,
            goodput: (0.0, 0.0),
        }
    }

    /// The number is still being found.
    pub fn is_climbing(&self) -> bool {
        matches!(self.phase, Phase::Climb { .. })
    }

    pub fn allowed(&self) -> usize {
        self.allowed
    }

    /// What is carried now, as a share of the most that was carried.
    pub fn fullness(&self) -> f64 {
        let (now, best) = self.goodput;
        if best > 0.0 { now / best } else { 0.0 }
    }

    /// How many connections should lie ready beyond those in use: while climbing, those of the next round.
    pub fn ready(&self) -> usize {
        match self.phase {
            // A handshake is soon done there.
            Phase::Climb { .. } if self.near => 0,
            Phase::Climb { .. } => {
                let times = if self.far { 4 } else { 2 };
                let most = if self.sturdy { SETTLE * 2 } else { self.most };
                (self.allowed * times).min(most).saturating_sub(self.allowed)
            }
            _ => 0,
        }
    }

    /// The network is another one, or all stood still: what was learnt is of the past.
    pub fn forget(&mut self) {
        *self = Pace::up_to(self.most);
    }

    /// The store itself cannot take as much, whatever the link could.
    pub fn halve(&mut self) {
        self.allowed = (self.allowed / 2).max(LEAST);
        self.rest(REST_MOST, false);
    }

    /// The path is known to take so many milliseconds there and back.
    pub fn begin_over(&mut self, least: f64) {
        let is_fresh = self.goodput.1 == 0.0;
        if least >= FAR && !self.far {
            self.far = true;
            if is_fresh {
                self.allowed = self.allowed.max(START_FAR.min(self.most));
            }
        } else if (NEAR..FAR).contains(&least) && is_fresh {
            self.allowed = START_MIDDLE;
        }
    }

    pub fn feed(&mut self, sample: Sample) {
        self.sturdy = sample.sturdy;
        if let Some((_, least)) = sample.path {
            self.begin_over(least);
        }
        let Some(from) = self.from else {
            self.from = Some(sample);
            return;
        };
        if sample.in_flight == 0 {
            // Nothing is under way: nothing to learn.
            self.restart(None);
            return;
        }
        if sample.wanting && sample.in_flight >= self.allowed {
            self.used.0 += 1
        } else {
            self.used.1 += 1
        }
        let (now, least) = sample.path.unwrap_or((PATH, PATH));
        let least = least.max(self.longer).min(now);
        let queue = now - least;
        self.near = least < NEAR;
        self.least_now = self.least_now.min(now);
        self.queue = (self.queue.0 + queue, self.queue.1 + 1);
        let elapsed = sample.now.saturating_sub(from.now) as f64;
        let span = match self.phase {
            Phase::Climb { .. } => (least * ROUND).clamp(ROUND_LEAST, ROUND_MOST),
            _ => (now * TRIAL_TRIPS).max(TRIAL_LEAST),
        };
        let smothered = queue > SMOTHERED.max(least);
        if elapsed < span && !(smothered && elapsed > now) {
            return;
        }
        let goodput = sample.moved.saturating_sub(from.moved) as f64 / elapsed.max(1.0);
        self.goodput = (goodput, self.goodput.1.max(goodput));
        let queue = self.queue.0 / f64::from(self.queue.1);
        let crowded = queue > (least * QUEUE_SHARE).max(if sample.sturdy { QUEUE_SEEN } else { QUEUE_LEAST });
        let used = self.used.0 > self.used.1;
        let least_now = self.least_now;
        self.restart(Some(sample));
        match self.phase {
            Phase::Relief { kept, goodput: before, queue: was, settled } => {
                let fewer_carry_less = goodput < before * 0.75 && queue > was * 0.75;
                if !settled {
                    self.phase = Phase::Relief { kept, goodput: before, queue: was, settled: true };
                } else if fewer_carry_less {
                    self.longer = least_now;
                    self.allowed = kept;
                    self.phase = BEGINNING;
                } else if smothered && self.allowed > LEAST {
                    self.relieve(goodput, queue);
                } else {
                    self.rest(REST_MOST, false);
                }
            }
            _ if smothered && self.allowed > LEAST => self.relieve(goodput, queue),
            Phase::Climb { .. } => self.climb(goodput, crowded, used),
            Phase::Rest { left, next_rest, more_next } => {
                if left > 0 {
                    self.phase = Phase::Rest { left: left - 1, next_rest, more_next };
                } else if used {
                    self.attempt(goodput, next_rest, more_next && !crowded);
                }
            }
            Phase::Try { kept, goodput: before, settled, next_rest } => {
                if !settled {
                    self.phase = Phase::Try { kept, goodput: before, settled: true, next_rest };
                } else {
                    self.judge(kept, before, goodput, next_rest, used);
                }
            }
        }
    }

    fn climb(&mut self, goodput: f64, crowded: bool, used: bool) {
        let Phase::Climb { before, full_rounds, crowded_rounds, settled } = self.phase else { return };
        if crowded && goodput > 0.0 {
            if self.sturdy || crowded_rounds + 1 >= QUEUE_ROUNDS {
                // Sturdy connections, held by the ceiling, carry as much in any number near this one.
                return self.rest(if self.sturdy { REST_MOST } else { 2 }, false);
            }
            self.phase = Phase::Climb { before, full_rounds, crowded_rounds: crowded_rounds + 1, settled };
            return;
        }
        if !used || goodput <= 0.0 {
            // Not enough to send yet, or nothing has arrived: neither says anything of the link.
            return;
        }
        // Where it is not far, a queue shows a round after those that make it.
        if (self.near || full_rounds == 0 && !self.far) && !settled {
            self.phase = Phase::Climb { before, full_rounds, crowded_rounds, settled: true };
            return;
        }
        if self.near && goodput >= PLENTY {
            return self.rest(REST_MOST, false);
        }
        let newer = [goodput, before[0]];
        if self.sturdy && self.allowed >= SETTLE && goodput > before[0] * GROWING {
            self.phase = Phase::Climb { before: newer, full_rounds, crowded_rounds, settled };
            return;
        }
        // Far off, a doubling shows after its connections have found their own speed: two rounds later.
        let (enough, worth) = if self.near { (1, before[0] * WORTH_NEAR) } else { (4, before[1] * WORTH_DOUBLING) };
        if full_rounds >= enough && goodput < worth {
            if self.near {
                self.allowed = (self.allowed / 2).max(LEAST);
            }
            return self.rest(1, !self.near);
        }
        if self.allowed >= self.most {
            return self.rest(4, false);
        }
        self.allowed = (self.allowed * 2).min(self.most);
        self.phase = Phase::Climb { before: newer, full_rounds: full_rounds + 1, crowded_rounds, settled: false };
    }

    fn relieve(&mut self, goodput: f64, queue: f64) {
        self.phase = Phase::Relief { kept: self.allowed, goodput, queue, settled: false };
        self.allowed = (self.allowed / 2).max(LEAST);
    }

    fn attempt(&mut self, goodput: f64, next_rest: u32, more: bool) {
        let kept = self.allowed;
        // Fewer may cost, for as long as the try lasts: a smaller step.
        let tried = match more {
            true => (kept + (kept / 4).max(1)).min(self.most),
            false => kept.saturating_sub((kept / 8).max(1)).max(LEAST),
        };
        if tried == kept {
            return self.rest(next_rest, !more);
        }
        self.allowed = tried;
        self.phase = Phase::Try { kept, goodput, settled: false, next_rest };
    }

    fn judge(&mut self, kept: usize, before: f64, goodput: f64, next_rest: u32, used: bool) {
        let more = self.allowed > kept;
        let worth = if more { goodput > before * WORTH_MORE && used } else { goodput > before * WORTH_FEWER };
        if more && used && goodput > before * WORTH_CLIMBING {
            // A quarter more carried nearly a quarter more: there is much room.
            self.phase = Phase::Climb { before: [goodput, before], full_rounds: 0, crowded_rounds: 0, settled: false };
        } else if worth {
            self.rest(0, more);
        } else {
            self.allowed = kept;
            self.rest(next_rest, !more);
        }
    }

    fn rest(&mut self, spans: u32, more_next: bool) {
        self.phase = Phase::Rest { left: spans, next_rest: (spans * 2).clamp(1, REST_MOST), more_next };
    }

    fn restart(&mut self, from: Option<Sample>) {
        self.from = from;
        self.used = (0, 0);
        self.queue = (0.0, 0);
        self.least_now = f64::MAX;
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
