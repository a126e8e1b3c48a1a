//! How fast all connections of a lane together may send. Pure: it is fed samples and says a rate. Many connections that
//! each look for their own rate fill the path's queue until it overflows: what is lost there goes again, those that lost
//! more fall behind, and everybody else at the table waits. So once a queue shows that the link's rate was found, the sum
//! is held where the queue stays short, and shared out: then all parts arrive together.

use std::collections::VecDeque;

/// Milliseconds between two decisions: a round trip, within these.
const STEP: (f64, f64) = (100.0, 400.0);
/// The goodput is looked at over so many round trips, and at least so many milliseconds.
const TRIPS: f64 = 2.0;
const WINDOW_LEAST: f64 = 400.0;

/// The queue that is kept: a share of the bare path's round trip, within these milliseconds, and beside that the time of
/// a few packets, which on a slow link is longer.
const SHARE: f64 = 0.2;
const TARGET: (f64, f64) = (8.0, 40.0);
const PACKETS: f64 = 12.0 * 1_500.0;
/// An answer may wait for the connection's second packet, and then a little: that is no queue.
const PAIR: f64 = 2.0 * 1_500.0;
const PAIR_MOST: f64 = 40.0;

/// In one step the rate rises by this share at an empty queue, and falls by it for every target's length that the queue is
/// too long, up to so many.
const TURN: f64 = 0.03;
/// What was left to drain a queue is soon taken back: with the queue nearly empty and the rate below the best goodput, and
/// what connections do not use of their shares, it rises so many times as fast.
const BACK: f64 = 3.0;
const EMPTY: f64 = -0.7;
const UNUSED: f64 = 1.1;
const OVER_MOST: f64 = 3.0;
/// And for as long as the queue is so, the rate is that much less or more beside it: this ends the swinging.
const PUSH: f64 = 0.1;
/// The bounds, as shares of the best goodput; and what that is forgotten by in one step.
const LEAST: f64 = 0.7;
const MOST: f64 = 1.35;
const FORGOTTEN: f64 = 0.005;

/// A queue that stays for so long, in milliseconds, whatever is sent, is somebody else's: then we are in nobody's way by
/// holding back, and hold back no more for a while.
const NOT_OURS: f64 = 4_000.0;
const LET_BE: f64 = 20_000.0;

#[derive(Clone, Debug, Default)]
pub struct Ceiling {
    /// Bytes a millisecond; absent while the link's rate was not found.
    rate: Option<f64>,
    /// By how much the queue is too long, in lengths of the target: from -1.
    over: f64,
    best: f64,
    seen: VecDeque<(f64, u64)>,
    stepped: f64,
    /// Since when the queue is long though little is sent; until when that is let be.
    crowded_since: Option<f64>,
    let_be_until: f64,
}

impl Ceiling {
    /// Bytes a second, `None` for as fast as it goes. At `now` (milliseconds) so many bytes had `arrived` from so many
    /// connections, and the path took so long (milliseconds): as it is, and at the least.
    pub fn feed(&mut self, now: u64, arrived: u64, senders: usize, path: Option<(f64, f64)>) -> Option<u64> {
        if let Some((trip, least)) = path {
            self.look(now as f64, arrived, senders.max(1) as f64, trip, least);
        }
        self.rate.map(|rate| (rate * (1.0 - PUSH * self.over) * 1_000.0) as u64)
    }

    /// Nothing is under way: time that passes now says nothing.
    pub fn rest(&mut self) {
        self.seen.clear();
        self.crowded_since = None;
    }

    fn look(&mut self, now: f64, arrived: u64, senders: f64, trip: f64, least: f64) {
        let window = (least * TRIPS).max(WINDOW_LEAST);
        self.seen.push_back((now, arrived));
        while self.seen.len() > 2 && self.seen[1].0 <= now - window {
            self.seen.pop_front();
        }
        let Some((then, before)) = self.seen.front().copied() else { return };
        if now - then < window * 0.9 || now - self.stepped < trip.clamp(STEP.0, STEP.1) {
            return;
        }
        self.stepped = now;
        let goodput = arrived.saturating_sub(before) as f64 / (now - then);
        if goodput <= 0.0 {
            return;
        }
        self.best = (self.best * (1.0 - FORGOTTEN)).max(goodput);
        let queue = (trip - least).max(0.0);
        let target =
            (least * SHARE).clamp(TARGET.0, TARGET.1) + PACKETS / goodput + (PAIR * senders / goodput).min(PAIR_MOST);
        let Some(rate) = self.rate else {
            // A queue of this length: the link's rate has been found.
            if queue > target && now >= self.let_be_until {
                self.rate = Some(goodput);
            }
            return;
        };
        let over = (queue / target - 1.0).min(OVER_MOST);
        self.over = over;
        let back = if over < EMPTY && rate < self.best * UNUSED { BACK } else { 1.0 };
        let next = rate * (1.0 - TURN * over * back);
        let next = next.clamp(self.best * LEAST, self.best * MOST);
        self.rate = Some(next);
        if over < 1.0 || next > self.best * (LEAST + 0.1) {
            self.crowded_since = None;
        } else if now - *self.crowded_since.get_or_insert(now) > NOT_OURS {
            *self = Ceiling { let_be_until: now + LET_BE, ..Ceiling::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Connections do not use quite all that they may: they find their rate, wait for an answer, lose a packet.
    const USED: f64 = 0.85;

    /// A link of `rate` bytes a millisecond with a queue of `most` milliseconds, filled by senders that would send twice
    /// its rate. Answers with the goodput and the queue of the second half.
    fn run(rate: impl Fn(f64) -> f64, path: f64, most: f64, others: f64, seconds: f64) -> (f64, f64) {
        let (mut ceiling, mut told) = (Ceiling::default(), None);
        let (mut queue, mut arrived, mut late) = (0.0f64, 0.0f64, Vec::new());
        let mut trips: VecDeque<f64> = VecDeque::new();
        for tick in 0..(seconds * 100.0) as u64 {
            let now = tick as f64 * 10.0;
            let rate = rate(now);
            let offered = told.map_or(rate * 2.0, |told: u64| (told as f64 / 1_000.0 * USED).min(rate * 2.0)) * 10.0;
            let moved = (queue + offered).min(rate * 10.0);
            queue = (queue + offered - moved).min(most * rate);
            arrived += moved;
            // What is measured is of a round trip ago.
            trips.push_back(path + queue / rate + others);
            let trip = if trips.len() as f64 * 10.0 > path { trips.pop_front().unwrap() } else { path };
            if tick % 5 == 0 {
                told = ceiling.feed(now as u64, arrived as u64, 4, Some((trip, path)));
            }
            if now > seconds * 500.0 {
                late.push((moved / 10.0 / rate, queue / rate));
            }
        }
        let mean = |of: fn(&(f64, f64)) -> f64| late.iter().map(of).sum::<f64>() / late.len() as f64;
        (mean(|l| l.0), mean(|l| l.1))
    }

    #[test]
    fn links_are_kept_full_and_their_queues_short() {
        for (name, rate, path, most, longest) in [
            ("bureau", 25_000.0, 180.0, 100.0, 40.0),
            ("remote", 6_250.0, 300.0, 100.0, 60.0),
            ("hotel", 250.0, 100.0, 1_000.0, 150.0),
            ("metro", 62_500.0, 10.0, 50.0, 25.0),
        ] {
            let (share, queue) = run(|_| rate, path, most, 0.0, 60.0);
            assert!(share > 0.96 && queue < longest, "{name}: {share:.2} of the link, a queue of {queue:.0} ms");
        }
    }

    #[test]
    fn a_link_that_becomes_faster_or_slower_is_followed() {
        let (share, _) = run(|now| if now < 20_000.0 { 2_500.0 } else { 12_500.0 }, 180.0, 100.0, 0.0, 60.0);
        assert!(share > 0.9, "{share:.2} after it became five times as fast");
        let (share, queue) = run(|now| if now < 20_000.0 { 12_500.0 } else { 2_500.0 }, 180.0, 100.0, 0.0, 120.0);
        assert!(share > 0.95 && queue < 60.0, "{share:.2}, {queue:.0} ms after it became a fifth");
    }

    #[test]
    fn somebody_elses_queue_is_no_reason_to_hold_back_for_long() {
        let (share, _) = run(|_| 2_500.0, 50.0, 100.0, 80.0, 100.0);
        assert!(share > 0.8, "{share:.2} beside a queue that is not ours");
    }
}
