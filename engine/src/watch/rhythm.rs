//! How often a folder is looked at: as seldom as events allow, and never so often that looking costs more than a small share of
//! a processor. Pure: costs and time come in as arguments.

use std::time::{Duration, Instant};

use super::events::Deaf;
use super::settle::Rules;
use super::tree::Extent;

/// While files settle.
const STEP: Duration = Duration::from_secs(1);
/// The same on a network drive: each look is a way there and back.
const FAR_STEP: Duration = Duration::from_secs(5);
/// Between looks at what has changed, and at everything, where events come.
const CHANGED: Duration = Duration::from_secs(30);
const EVERYTHING: Duration = Duration::from_secs(15 * 60);
/// The same where they do not all come.
const DEAF_CHANGED: Duration = Duration::from_secs(2);
const DEAF_EVERYTHING: Duration = Duration::from_secs(30);
/// Everything, on a network drive.
const FAR: Duration = Duration::from_secs(10);
/// A look is followed by so many times as long without one: where events come, and where they do not.
const DEAR: u32 = 1_000;
const DEAR_DEAF: u32 = 50;
/// What is settling is looked at for no more than a tenth of the time.
const DEAR_STEP: u32 = 10;
/// How long a file must be the same, where nobody can tell who writes it.
const QUIET_S: u32 = 10;
const FAR_QUIET_S: u32 = 60;
/// Events that come together are heard together.
const BREATH: Duration = Duration::from_millis(200);

pub(super) struct Rhythm {
    quiet_seconds: Option<u32>,
    network: Option<&'static str>,
    deaf: Option<Deaf>,
    /// When these are due. Absent: now.
    changed: Option<Instant>,
    everything: Option<Instant>,
    /// What the look that is under way, or was last, looks at, beside what settles.
    now: LooksAt,
    /// What the last look cost, and the last at everything.
    cost: Duration,
    whole_cost: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LooksAt {
    Settling,
    Changed,
    Everything,
}

impl Rhythm {
    pub(super) fn new(quiet_seconds: Option<u32>) -> Rhythm {
        Rhythm {
            quiet_seconds,
            network: None,
            deaf: None,
            changed: None,
            everything: None,
            now: LooksAt::Settling,
            cost: Duration::ZERO,
            whole_cost: Duration::ZERO,
        }
    }

    pub(super) fn set_network(&mut self, network: Option<&'static str>) {
        self.network = network;
    }

    pub(super) fn set_deaf(&mut self, deaf: Option<Deaf>) {
        self.deaf = deaf;
    }

    pub(super) fn rules(&self) -> Rules {
        let usual = if self.network.is_some() { FAR_QUIET_S } else { QUIET_S };
        let quiet = self.quiet_seconds.unwrap_or(usual);
        Rules { quiet_ms: i64::from(quiet) * 1_000, is_local: self.network.is_none() }
    }

    /// All of it is looked at next.
    pub(super) fn begin_anew(&mut self) {
        (self.changed, self.everything) = (None, None);
    }

    /// What is to be looked at now, beside what settles.
    pub(super) fn extents(&mut self, missed: bool, young: bool, now: Instant) -> Vec<Extent> {
        let due = |at: Option<Instant>| at.is_none_or(|at| at <= now);
        self.now = if missed || due(self.everything) {
            LooksAt::Everything
        } else if young || due(self.changed) {
            LooksAt::Changed
        } else {
            LooksAt::Settling
        };
        match self.now {
            LooksAt::Everything => vec![Extent::Everything],
            LooksAt::Changed => vec![Extent::Changed],
            LooksAt::Settling => Vec::new(),
        }
    }

    /// What the look cost, and that it is over.
    pub(super) fn took(&mut self, cost: Duration, now: Instant) {
        self.cost = cost;
        if self.now == LooksAt::Everything {
            self.whole_cost = cost;
            self.everything = Some(now + self.between().1);
        }
        if self.now != LooksAt::Settling {
            self.changed = Some(now + self.between().0);
        }
    }

    /// From one look at what has changed, and at everything, to the next.
    fn between(&self) -> (Duration, Duration) {
        let (changed, everything, dear) = match (self.network, self.deaf) {
            (Some(_), _) => (FAR, FAR, DEAR_DEAF),
            (None, Some(_)) => (DEAF_CHANGED, DEAF_EVERYTHING, DEAR_DEAF),
            (None, None) => (CHANGED, EVERYTHING, DEAR),
        };
        // To ask folders costs less than to ask files: it is held to what the last look cost, whichever that was.
        let everything = everything.max(self.whole_cost * dear);
        (changed.max(self.cost * dear).min(everything), everything)
    }

    /// How long nothing need be done, unless something is heard.
    pub(super) fn rest(&self, settles: bool, underway: bool, now: Instant) -> Duration {
        let until = |at: Option<Instant>| at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let next = until(self.changed).min(until(self.everything)).max(BREATH);
        let step = if self.network.is_some() { FAR_STEP } else { STEP };
        let step = step.max(self.cost * DEAR_STEP);
        match (settles, underway) {
            (true, _) => step.min(next),
            (false, true) => STEP.min(next),
            (false, false) => next,
        }
    }

    /// How long it is listened on after something was heard.
    pub(super) fn breath(&self) -> Duration {
        BREATH.max(self.cost * DEAR_STEP)
    }

    /// Why events are not enough, and what is done instead: a sentence.
    pub(super) fn by_looks(&self, lost: u32) -> Option<String> {
        let (changed, everything) = self.between();
        let often = format!("it is looked at every {} seconds instead", changed.as_secs().max(1));
        let limit = |name: &str| {
            format!("This system's limit {name} is reached, so not everything that happens here is told: {often}.")
        };
        if let Some(kind) = self.network {
            return Some(format!(
                "This folder is on a network drive ({kind}), where nothing tells what other computers write: {often}, and a \
                 file goes once it is the same for {} seconds.",
                self.rules().quiet_ms / 1_000
            ));
        }
        match self.deaf {
            Some(Deaf::Watches) => Some(limit("fs.inotify.max_user_watches")),
            Some(Deaf::Instances) => Some(limit("fs.inotify.max_user_instances")),
            Some(Deaf::Other) => Some(format!("This system does not tell what happens in this folder: {often}.")),
            None if lost > 0 => Some(format!(
                "More happened here than this system keeps word of (fs.inotify.max_queued_events), {lost} times: the whole \
                 folder was looked through each time, and is anyway every {} minutes.",
                everything.as_secs() / 60
            )),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_looked_at_more_often_where_less_is_told_and_never_for_much_of_the_time() {
        let now = Instant::now();
        let spaced = |network, deaf, cost_ms| {
            let mut rhythm = Rhythm::new(None);
            (rhythm.network, rhythm.deaf) = (network, deaf);
            assert!(matches!(rhythm.extents(false, false, now)[..], [Extent::Everything]));
            rhythm.took(Duration::from_millis(cost_ms), now);
            let (changed, everything) = rhythm.between();
            (changed.as_secs(), everything.as_secs())
        };
        assert_eq!(spaced(None, None, 10), (30, 900));
        assert_eq!(spaced(None, None, 200), (200, 900));
        assert_eq!(spaced(None, None, 2_000), (2_000, 2_000));
        assert_eq!(spaced(None, Some(Deaf::Watches), 10), (2, 30));
        assert_eq!(spaced(Some("NFS"), None, 10), (10, 10));
        assert_eq!(spaced(Some("NFS"), None, 1_000), (50, 50));
    }

    #[test]
    fn what_settles_is_looked_at_every_second_and_what_was_missed_at_once() {
        let now = Instant::now();
        let mut rhythm = Rhythm::new(Some(7));
        assert_eq!(rhythm.rest(false, false, now), BREATH);
        rhythm.extents(false, false, now);
        rhythm.took(Duration::from_millis(1), now);
        assert_eq!(rhythm.rest(true, false, now), STEP);
        assert_eq!(rhythm.rest(false, true, now), STEP);
        assert_eq!(rhythm.rest(false, false, now), CHANGED);
        assert!(rhythm.extents(false, false, now).is_empty());
        assert!(matches!(rhythm.extents(false, true, now)[..], [Extent::Changed]));
        assert!(matches!(rhythm.extents(true, false, now)[..], [Extent::Everything]));
        assert!(matches!(rhythm.extents(false, false, now + CHANGED)[..], [Extent::Changed]));
        assert!(matches!(rhythm.extents(false, false, now + EVERYTHING)[..], [Extent::Everything]));
        assert_eq!(rhythm.rules().quiet_ms, 7_000);
        assert_eq!(rhythm.by_looks(0), None);
        assert!(rhythm.by_looks(2).unwrap().contains("max_queued_events"));
        rhythm.set_network(Some("NFS"));
        assert!(rhythm.by_looks(0).unwrap().contains("NFS"));
    }
}
