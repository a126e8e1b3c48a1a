//! When a file is whole. Pure: what it looks like, whether it has a writer and the time come in as arguments. It is whole when
//! it was the same at several looks and no program has it open for writing. Where nobody can tell who writes, as on a network
//! drive, it must have been the same for longer. One that was renamed into its place while nobody writes it is whole at once.

use std::cmp::Ordering;

use crate::journal::watching::Sight;

/// So many looks in a row must be the same.
pub(super) const LOOKS: u32 = 3;
/// Looks that follow each other sooner count as one.
const APART_MS: i64 = 900;
/// A file that grew over so many looks, and is as large as this, may be a recording.
const GROWN: u32 = 3;
const LEAST_RECORDING: u64 = 16 << 20;

/// What holds in one folder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// For how long a file must be the same where nobody can tell who writes it.
    pub quiet_ms: i64,
    /// Whether all who could write there are on this computer.
    pub is_local: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    Waits(Why),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It was another at the last look, or was not looked at often enough.
    Changes,
    /// A program has it open for writing.
    Open,
    /// Whole as far as anybody can see; so many milliseconds more of that are waited for.
    Quiet { left_ms: i64 },
}

/// A file that is not known to be whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settling {
    pub sight: Sight,
    /// How many looks in a row were the same, and since when.
    times: u32,
    since: i64,
    /// When the last one was that counted.
    looked: i64,
    /// Nothing but the last rename has touched it, as far as was seen.
    renamed: bool,
    grown: u32,
    pub verdict: Verdict,
}

impl Settling {
    pub(super) fn new(sight: Sight, renamed: bool, now: i64) -> Settling {
        Settling { sight, times: 1, since: now, looked: now, renamed, grown: 0, verdict: Verdict::Waits(Why::Changes) }
    }

    /// Another look, with what was heard since the last: that something happened to it, or that it was renamed to its place.
    pub(super) fn look(&mut self, sight: Sight, renamed: bool, now: i64) {
        let is_same = self.sight.size == sight.size && self.sight.modified == sight.modified;
        if sight.inode != self.sight.inode {
            *self = Settling::new(sight, renamed, now);
        } else if is_same {
            self.renamed |= renamed;
            if now - self.looked >= APART_MS {
                (self.times, self.looked) = (self.times.saturating_add(1), now);
            }
        } else {
            let is_apart = now - self.looked >= APART_MS;
            self.grown = match sight.size.cmp(&self.sight.size) {
                Ordering::Less => 0,
                Ordering::Equal => self.grown,
                Ordering::Greater => self.grown.saturating_add(u32::from(is_apart)),
            };
            (self.times, self.since, self.renamed) = (1, now, renamed);
            if is_apart {
                self.looked = now;
            }
        }
        self.sight = sight;
    }

    /// Whether it is time to find out who has it open.
    pub(super) fn may_be_whole(&self) -> bool {
        self.renamed || self.times >= LOOKS
    }

    /// `writer`: whether some program has it open for writing; `None` where the system cannot tell.
    pub(super) fn judge(&mut self, writer: Option<bool>, rules: Rules, now: i64) -> Verdict {
        let same_ms = self.same_ms(now);
        self.verdict = match writer {
            Some(true) => {
                // What it writes last may still be to come when it lets go.
                (self.times, self.since, self.looked, self.renamed) = (1, now, now, false);
                Verdict::Waits(Why::Open)
            }
            Some(false) if rules.is_local && self.may_be_whole() => Verdict::Whole,
            _ if self.times < LOOKS || (writer == Some(false) && rules.is_local) => Verdict::Waits(Why::Changes),
            _ if same_ms < rules.quiet_ms => Verdict::Waits(Why::Quiet { left_ms: rules.quiet_ms - same_ms }),
            _ => Verdict::Whole,
        };
        self.verdict
    }

    /// For how long it was the same.
    pub(super) fn same_ms(&self, now: i64) -> i64 {
        (now - self.since).max(0)
    }

    /// Whether it is being shot, as far as its growth tells. What it holds is another's to say.
    pub(super) fn grows(&self, writer: Option<bool>) -> bool {
        self.grown >= GROWN && self.sight.size >= LEAST_RECORDING && writer != Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: Rules = Rules { quiet_ms: 10_000, is_local: true };
    const FAR: Rules = Rules { quiet_ms: 60_000, is_local: false };
    const WHOLE: Verdict = Verdict::Whole;

    fn sight(size: u64) -> Sight {
        Sight { size, modified: size as i64, inode: 7 }
    }

    /// Looks a second apart, of these sizes and with these writers; at which of them it was held to be whole.
    fn whole_at(rules: Rules, looks: &[(u64, Option<bool>)], renamed: bool) -> Option<usize> {
        let mut file = Settling::new(sight(looks[0].0), renamed, 0);
        looks.iter().enumerate().position(|(i, (size, writer))| {
            let now = i as i64 * 1_000;
            if i > 0 {
                file.look(sight(*size), false, now);
            }
            file.judge(*writer, rules, now) == WHOLE
        })
    }

    fn steady(n: usize, writer: Option<bool>) -> Vec<(u64, Option<bool>)> {
        vec![(5, writer); n]
    }

    #[test]
    fn a_file_is_whole_when_it_was_the_same_at_three_looks_and_nobody_writes() {
        let (none, open, unknown) = (Some(false), Some(true), None);
        for (what, rules, looks, at) in [
            ("nobody writes", LOCAL, steady(10, none), Some(2)),
            ("somebody writes, and pauses", LOCAL, steady(700, open), None),
            ("nobody can tell, here", LOCAL, steady(20, unknown), Some(10)),
            ("nobody can tell, far away", FAR, steady(100, unknown), Some(60)),
            ("far away nobody here writes: that says nothing", FAR, steady(100, none), Some(60)),
            ("far away somebody here writes", FAR, steady(700, open), None),
            ("it grows", LOCAL, (1..50).map(|n| (n, none)).collect(), None),
            ("it grows, then rests", LOCAL, [1, 2, 3, 3, 3, 3].map(|n| (n, none)).to_vec(), Some(4)),
            ("it is cut, then rests", LOCAL, [9, 9, 2, 2, 2].map(|n| (n, none)).to_vec(), Some(4)),
        ] {
            assert_eq!(whole_at(rules, &looks, false), at, "{what}");
        }
        let closes: Vec<_> = steady(5, open).into_iter().chain(steady(5, none)).collect();
        assert_eq!(whole_at(LOCAL, &closes, false), Some(6), "it is looked at again after it was let go");
        let pauses: Vec<_> = (0..120).map(|n| (1 + n / 30, unknown)).collect();
        assert_eq!(whole_at(FAR, &pauses, false), None, "a slow writer who pauses for half a minute");
    }

    #[test]
    fn what_is_renamed_into_place_is_whole_at_once_unless_somebody_writes_or_nobody_can_tell() {
        assert_eq!(whole_at(LOCAL, &steady(5, Some(false)), true), Some(0));
        assert_eq!(whole_at(LOCAL, &steady(5, Some(true)), true), None);
        assert_eq!(whole_at(LOCAL, &steady(20, None), true), Some(10));
        assert_eq!(whole_at(FAR, &steady(100, Some(false)), true), Some(60));
        // Saved by rename while it was looked at: another file.
        let mut file = Settling::new(sight(5), false, 0);
        file.look(Sight { inode: 8, ..sight(5) }, true, 1_000);
        assert_eq!(file.judge(Some(false), LOCAL, 1_000), WHOLE);
        // Written to after the rename: as any other.
        let mut file = Settling::new(sight(5), true, 0);
        file.look(sight(6), false, 1_000);
        assert_eq!(file.judge(Some(false), LOCAL, 1_000), Verdict::Waits(Why::Changes));
    }

    #[test]
    fn why_it_waits_is_said() {
        let mut file = Settling::new(sight(5), false, 0);
        assert_eq!(file.judge(Some(true), LOCAL, 0), Verdict::Waits(Why::Open));
        let mut file = Settling::new(sight(5), false, 0);
        (1..5).for_each(|n| file.look(sight(5), false, n * 1_000));
        assert_eq!(file.judge(None, FAR, 4_000), Verdict::Waits(Why::Quiet { left_ms: 56_000 }));
    }

    #[test]
    fn a_recording_grows_and_is_large() {
        let grown = |sizes: &[u64]| {
            let mut file = Settling::new(sight(sizes[0]), false, 0);
            sizes.iter().enumerate().skip(1).for_each(|(n, size)| file.look(sight(*size), false, n as i64 * 1_000));
            file
        };
        let mib = |n: u64| n << 20;
        assert!(grown(&[mib(5), mib(10), mib(15), mib(20)]).grows(Some(true)));
        assert!(grown(&[mib(5), mib(10), mib(15), mib(20)]).grows(None));
        assert!(!grown(&[mib(5), mib(10), mib(15), mib(20)]).grows(Some(false)));
        assert!(!grown(&[mib(1), mib(2), mib(3), mib(4)]).grows(Some(true)));
        assert!(!grown(&[mib(20), mib(20), mib(20), mib(20)]).grows(Some(true)));
        assert!(!grown(&[mib(5), mib(10), mib(3), mib(20)]).grows(Some(true)));
    }
}
