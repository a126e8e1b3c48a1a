//! The most that lanes carried for a while, since this network was joined: what a clip that went by others is compared with.
//! Not what they carry on average: at a transfer's end, and beside others, that is less than they could. Pure.

use std::collections::HashMap;

use crate::transfer::Direction;

/// Milliseconds: shorter ones show bursts.
const WHILE: u64 = 2_000;
/// A look that is later than this was not looking all the time.
const GAP: u64 = 1_000;
/// Bytes: what moved less was not carrying.
const LEAST: u64 = 500_000;

#[derive(Debug, Default)]
pub(crate) struct Best(HashMap<(u32, Direction), Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// Where the while began, when it was last looked, and what had moved by the former.
    since: u64,
    last: u64,
    moved: u64,
    /// Bytes a millisecond.
    best: Option<f64>,
}

impl Best {
    /// At `now` (milliseconds, on a clock that never goes back) so much has moved in all.
    pub(super) fn note(&mut self, lane: u32, direction: Direction, now: u64, moved: u64) {
        let begun = Seen { since: now, last: now, moved, best: None };
        let seen = self.0.entry((lane, direction)).or_insert(begun);
        let (span, bytes) = (now.saturating_sub(seen.since), moved.saturating_sub(seen.moved));
        let was_away = now.saturating_sub(seen.last) > GAP;
        seen.last = now;
        if !was_away && span < WHILE {
            return;
        }
        if !was_away && bytes >= LEAST {
            let rate = bytes as f64 / span as f64;
            seen.best = Some(seen.best.map_or(rate, |best| best.max(rate)));
        }
        (seen.since, seen.moved) = (now, moved);
    }

    /// Bytes a millisecond.
    pub(crate) fn of(&self, lane: u32, direction: Direction) -> Option<f64> {
        self.0.get(&(lane, direction))?.best
    }

    /// The network is another one.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_while_counts_and_neither_a_tail_nor_a_gap_spoils_it() {
        let (mut best, mut moved, mut now) = (Best::default(), 0, 0);
        let mut go = |best: &mut Best, ms: u64, rate: u64| {
            for _ in 0..ms / 50 {
                (now, moved) = (now + 50, moved + 50 * rate);
                best.note(1, Direction::Up, now, moved);
            }
        };
        go(&mut best, 1_900, 3_000);
        assert_eq!(best.of(1, Direction::Up), None);
        go(&mut best, 4_100, 3_000);
        assert_eq!(best.of(1, Direction::Up), Some(3_000.0));
        // The last parts dribble in; then nobody looks for a minute.
        go(&mut best, 6_000, 20);
        assert_eq!(best.of(1, Direction::Up), Some(3_000.0));
        best.note(1, Direction::Up, 100_000, 900_000_000);
        assert_eq!(best.of(1, Direction::Up), Some(3_000.0));
        assert_eq!((best.of(1, Direction::Down), best.of(2, Direction::Up)), (None, None));
        best.forget();
        assert_eq!(best.of(1, Direction::Up), None);
    }
}
