//! When things will be done. Pure. Transfers are finished one after the other, in the order of `queue`, so the end of each is
//! the end of those before it plus its own bytes, at the rate that the link really gives.

use std::collections::VecDeque;

use crate::transfer::UnixMs;

/// How far back the rate for an ETA looks, in milliseconds: long enough to be calm, short enough to notice a new link.
const CALM_MS: i64 = 10_000;
/// How long it takes at the most to find out how fast a link is, in milliseconds.
const BEGINNING_MS: i64 = 4_000;
/// Less says nothing.
const YOUNG_MS: i64 = 1_000;
/// And the rate that is shown.
const SHOWN_MS: i64 = 3_000;

/// Round trips from when the last byte could be sent to the proof: the last ones go slower than the link could carry them,
/// then the store answers for the part, and for the whole.
pub const TRIPS_AFTER: u32 = 4;

/// Samples of a counter that only grows.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    samples: VecDeque<(UnixMs, u64)>,
}

impl Rate {
    /// `total` bytes had moved at `now`.
    pub fn sample(&mut self, now: UnixMs, total: u64) {
        // A clock set back would make every span negative.
        if self.samples.back().is_some_and(|(last, _)| *last > now) {
            self.samples.clear();
        }
        self.samples.push_back((now, total));
        while self.samples.len() > 2 && self.samples[1].0 <= now - CALM_MS - BEGINNING_MS {
            self.samples.pop_front();
        }
    }

    /// Bytes a second, for people.
    pub fn shown(&self) -> u64 {
        self.over(SHOWN_MS)
    }

    /// Bytes a second, for forecasts, without how it began to move: it began more slowly than it goes on.
    pub fn calm(&self) -> u64 {
        let begun = self.samples.iter().zip(self.samples.iter().skip(1)).find(|(a, b)| b.1 > a.1).map(|(a, _)| a.0);
        let (Some(begun), Some((now, _))) = (begun, self.samples.back()) else { return 0 };
        let since = now - begun;
        self.over((since - BEGINNING_MS.min(since / 2)).clamp(YOUNG_MS, CALM_MS))
    }

    fn over(&self, span: i64) -> u64 {
        let Some((now, total)) = self.samples.back() else { return 0 };
        let first = self.samples.iter().find(|(at, _)| *at >= now - span).or(self.samples.front());
        let Some((then, before)) = first else { return 0 };
        let elapsed = (now - then).max(0) as u64;
        total.saturating_sub(*before).saturating_mul(1000).checked_div(elapsed).unwrap_or(0)
    }
}

/// The end of each of these, which are finished in this order, `rate` bytes a second. `None` while nothing moves.
pub fn ends(now: UnixMs, rate: u64, bytes_left: impl IntoIterator<Item = u64>) -> Vec<Option<UnixMs>> {
    let mut before: u64 = 0;
    bytes_left
        .into_iter()
        .map(|left| {
            before = before.saturating_add(left);
            let span = before.checked_mul(1000)?.checked_div(rate)?;
            now.checked_add(i64::try_from(span).ok()?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_link_is_forecast_exactly() {
        let mut rate = Rate::default();
        for tick in 0..100 {
            rate.sample(tick * 200, tick as u64 * 200_000);
        }
        assert_eq!((rate.shown(), rate.calm()), (1_000_000, 1_000_000));
        assert_eq!(ends(0, 1_000_000, [5_000_000, 1_000_000]), [Some(5_000), Some(6_000)]);
    }

    #[test]
    fn what_began_slowly_is_forecast_by_how_it_goes_now() {
        let mut rate = Rate::default();
        for tick in 0..30 {
            let moved = if tick < 10 { 0 } else { (tick - 10) * 200_000 };
            rate.sample(tick as i64 * 200, if tick < 20 { moved / 10 } else { 200_000 + (tick - 20) * 200_000 });
        }
        assert_eq!(rate.calm(), 1_000_000);
    }

    #[test]
    fn a_stopped_link_forecasts_nothing_rather_than_for_ever() {
        let mut rate = Rate::default();
        for tick in 0..200 {
            rate.sample(tick * 200, 77);
        }
        assert_eq!(rate.calm(), 0);
        assert_eq!(ends(0, 0, [1]), [None]);
        assert_eq!(Rate::default().shown(), 0);
    }

    #[test]
    fn a_clock_set_back_is_survived() {
        let mut rate = Rate::default();
        rate.sample(1_000_000, 10);
        rate.sample(5, 20);
        rate.sample(1_005, 1_020);
        assert_eq!(rate.shown(), 1_000);
    }
}
