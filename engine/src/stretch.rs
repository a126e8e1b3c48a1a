//! Which bytes of a download are there, and which are fetched next. Pure. The plan's ranges say what counts on disk;
//! stretches say what one request fetches: several ranges where the link is fast, the rest of one where another request
//! was given up half-way.

use std::collections::{BTreeMap, VecDeque};

use crate::integrity::Crc64;
use crate::parts::Part;

/// Bytes `at .. end` of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub at: u64,
    pub end: u64,
}

impl Stretch {
    pub fn length(&self) -> u64 {
        self.end - self.at
    }
}

/// What is open, in order; neighbours are joined, so that one request can take them together.
#[derive(Clone, Debug, Default)]
pub struct Open(VecDeque<Stretch>);

impl Open {
    /// Those of the plan's parts that are not acknowledged.
    pub fn of(missing: impl IntoIterator<Item = Part>) -> Open {
        let mut open = Open::default();
        for part in missing {
            open.put_back(Stretch { at: part.offset, end: part.offset + part.length });
        }
        open
    }

    pub fn put_back(&mut self, stretch: Stretch) {
        if stretch.length() == 0 {
            return;
        }
        let place = self.0.partition_point(|s| s.at < stretch.at);
        self.0.insert(place, stretch);
        if place + 1 < self.0.len() && self.0[place].end == self.0[place + 1].at {
            self.0[place].end = self.0[place + 1].end;
            self.0.remove(place + 1);
        }
        if place > 0 && self.0[place - 1].end == self.0[place].at {
            self.0[place - 1].end = self.0[place].end;
            self.0.remove(place);
        }
    }

    /// The first bytes that are open, at most `span`, cut at a border of the plan's ranges of `each` bytes where there
    /// is one.
    pub fn take(&mut self, span: u64, each: u64) -> Option<Stretch> {
        let first = self.0.front_mut()?;
        let wanted = first.at.saturating_add(span.max(1));
        let cut = if wanted >= first.end {
            first.end
        } else {
            let border = wanted / each * each;
            if border > first.at { border } else { (first.at / each + 1) * each }
        };
        let taken = Stretch { at: first.at, end: cut.min(first.end) };
        first.at = taken.end;
        if first.length() == 0 {
            self.0.pop_front();
        }
        Some(taken)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn bytes(&self) -> u64 {
        self.0.iter().map(Stretch::length).sum()
    }
}

/// What has been written of the plan's parts that are not whole yet.
#[derive(Clone, Debug, Default)]
pub struct Coverage(BTreeMap<u64, (u64, Crc64)>);

impl Coverage {
    /// `stretch` was written, and has this checksum. It lies within one part and overlaps nothing that was there.
    pub fn add(&mut self, stretch: Stretch, crc: Crc64) {
        self.0.insert(stretch.at, (stretch.end, crc));
    }

    /// All of it.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|(from, (to, _))| to - from).sum()
    }

    /// The part's checksum, once all of it is there; then it is forgotten here.
    pub fn whole(&mut self, part: Part) -> Option<Crc64> {
        let end = part.offset + part.length;
        let mut at = part.offset;
        let mut pieces = Vec::new();
        for (from, (to, crc)) in self.0.range(part.offset..end) {
            if *from != at {
                return None;
            }
            pieces.push((*crc, to - from));
            at = *to;
        }
        if at != end {
            return None;
        }
        let gone: Vec<u64> = self.0.range(part.offset..end).map(|(from, _)| *from).collect();
        for from in gone {
            self.0.remove(&from);
        }
        Some(Crc64::combine(pieces))
    }
}

/// How much one request fetches: what its connection carries in a while, so that the round trip between requests costs
/// little; never so much that the slots run out of work together.
pub fn span(open: u64, slots: usize, rate_of_one: Option<f64>, each: u64) -> u64 {
    /// In milliseconds.
    const WHILE: f64 = 5_000.0;
    const MOST: u64 = 64 << 20;
    let fair = open / (2 * slots.max(1) as u64);
    let good = rate_of_one.map_or(each, |bytes_a_ms| (bytes_a_ms * WHILE) as u64);
    good.min(fair).clamp(each, MOST.max(each))
}

/// What is worth taking from a request under way: `left` bytes of it at its own `rate` (bytes a millisecond) would take
/// much longer than the round trip (milliseconds) that another connection needs to begin. All of it where it stands still, or
/// where it drips and half of it is not worth a request.
pub fn theft(stretch: Stretch, rate: f64, round_trip: f64) -> Option<u64> {
    /// The smallest half that is worth a request of its own.
    const LEAST: u64 = 32 << 10;
    /// And what so little may take, in milliseconds.
    const DRIPS: f64 = 1_500.0;
    let left = stretch.length();
    if rate <= 0.0 {
        return Some(stretch.at);
    }
    let takes = left as f64 / rate;
    let worth = takes > 4.0 * round_trip + 300.0;
    if left < 2 * LEAST {
        // What is only slow as all others are would be slow again.
        return (takes > 4.0 * round_trip + DRIPS).then_some(stretch.at);
    }
    worth.then(|| {
        // The thief starts a round trip later: the victim keeps what it brings meanwhile, and half of the rest.
        let ahead = (rate * round_trip) as u64;
        stretch.at + ahead.min(left / 2) + (left - ahead.min(left / 2)) / 2
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::parts::ranges;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// However stretches are taken, given back half done and taken again, every byte is fetched exactly once and
        /// every part comes out whole with its right checksum.
        #[test]
        fn all_of_it_is_fetched_exactly_once(
            size in 1u64..4_000_000,
            turns in prop::collection::vec((1u64..3_000_000, 0u8..=4), 1..50),
        ) {
            let plan = ranges(size).unwrap();
            let each = plan[0].length;
            let bytes: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
            let mut open = Open::of(plan.clone());
            let mut coverage = Coverage::default();
            let mut fetched = 0;
            for (span, quarters) in turns.into_iter().cycle() {
                let Some(stretch) = open.take(span, each) else { break };
                // At least something, so that it ends.
                let got = (stretch.length() * u64::from(quarters) / 4).max(stretch.length().min(4_096));
                let reached = stretch.at + got;
                let mut at = stretch.at;
                while at < reached {
                    let to = reached.min((at / each + 1) * each);
                    coverage.add(Stretch { at, end: to }, Crc64::of(&bytes[at as usize..to as usize]));
                    at = to;
                }
                fetched += got;
                open.put_back(Stretch { at: reached, end: stretch.end });
            }
            prop_assert!(open.is_empty());
            prop_assert_eq!(fetched, size);
            for part in plan {
                let its = &bytes[part.offset as usize..(part.offset + part.length) as usize];
                prop_assert_eq!(coverage.whole(part), Some(Crc64::of(its)));
            }
        }

        #[test]
        fn a_theft_leaves_both_something(at in 0u64..1_000_000, left in 1u64..100_000_000, rate in 0.01f64..1e6, trip in 0.1f64..600.0) {
            let stretch = Stretch { at, end: at + left };
            if let Some(cut) = theft(stretch, rate, trip) {
                prop_assert!(cut < stretch.end && (cut > stretch.at || left < 64 << 10));
            }
        }
    }

    #[test]
    fn thefts_by_table() {
        let stretch = Stretch { at: 0, end: 1 << 20 };
        assert_eq!(theft(stretch, 0.0, 180.0), Some(0), "what stands still is taken whole");
        assert_eq!(theft(stretch, 100_000.0, 180.0), None, "it is through before another begins");
        assert!(theft(stretch, 200.0, 180.0).is_some());
        assert_eq!(theft(Stretch { at: 7, end: 40_000 }, 10.0, 180.0), Some(7), "a little that drips");
    }

    #[test]
    fn spans_by_table() {
        let mib = 1 << 20;
        assert_eq!(span(500 * mib, 4, None, mib), mib, "nothing is known yet");
        assert_eq!(span(500 * mib, 128, Some(195.0), mib), mib, "a far connection");
        assert_eq!(span(500 * mib, 4, Some(250_000.0), mib), 500 * mib / 8, "a near one");
        assert_eq!(span(2 * mib, 4, Some(250_000.0), mib), mib, "the end");
    }
}
