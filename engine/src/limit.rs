//! How much of the link may be used: a figure for each direction, a schedule by hour and weekday, and other figures for
//! an uplink by its name. Pure: the moment, in its zone, is an argument. Who keeps to it is `wire::throttle`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime};
use jiff::{ToSpan, Zoned};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::transfer::UnixMs;

/// Below this a part of 5 MiB takes minutes, and stalls cannot be told from patience: 0.1 Mb/s, in bytes a second.
pub const LEAST: u64 = 12_500;
const MOST_SPANS: usize = 50;
const DAY: u16 = 24 * 60;

/// Bytes a second. Absent: as much as the link gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    pub up: Option<u64>,
    pub down: Option<u64>,
}

/// A stretch of the week in which other limits hold as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// 1 is Monday, 7 is Sunday.
    pub days: Vec<u8>,
    /// Minutes after midnight, 0 to 1439.
    pub from: u16,
    /// Minutes after midnight, 1 to 1440; not after `from` means on the day after.
    pub to: u16,
    pub limits: Limits,
}

/// What holds on one uplink: of all that apply at a moment, the lowest figure of each direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub always: Limits,
    pub schedule: Vec<Span>,
}

/// All that was set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct LimitSettings {
    pub plan: Plan,
    /// Instead of `plan`, on the network interfaces of these names (`wlan0`).
    #[serde(default)]
    pub uplinks: BTreeMap<String, Plan>,
    /// The network interfaces that somebody pays for by the byte: only breaking clips go through them.
    #[serde(default)]
    pub metered: BTreeSet<String>,
}

/// What holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct InForce {
    pub limits: Limits,
    /// When something else holds; absent where that is never, or not within the week.
    pub until: Option<UnixMs>,
}

impl Limits {
    fn lowest(self, other: Limits) -> Limits {
        let low = |a: Option<u64>, b: Option<u64>| [a, b].into_iter().flatten().min();
        Limits { up: low(self.up, other.up), down: low(self.down, other.down) }
    }

    fn check(self) -> Result<()> {
        if [self.up, self.down].into_iter().flatten().any(|figure| figure < LEAST) {
            return Err(Error::new(
                Code::BadInput,
                "A limit must leave at least 0.1 Mb/s; pause transfers to stop them.",
            ));
        }
        Ok(())
    }
}

impl Span {
    fn covers(&self, at: DateTime) -> bool {
        let on = |date: Date| self.days.contains(&(date.weekday().to_monday_one_offset() as u8));
        let minute = at.hour() as u16 * 60 + at.minute() as u16;
        if self.from < self.to {
            return on(at.date()) && (self.from..self.to).contains(&minute);
        }
        let yesterday = at.date().yesterday().is_ok_and(on);
        on(at.date()) && minute >= self.from || yesterday && minute < self.to
    }
}

impl Plan {
    fn allowed(&self, at: DateTime) -> Limits {
        let now = self.schedule.iter().filter(|span| span.covers(at));
        now.fold(self.always, |limits, span| limits.lowest(span.limits))
    }

    /// What holds at this moment, in the zone that the schedule is meant in, and until when.
    pub fn in_force(&self, now: &Zoned) -> InForce {
        let limits = self.allowed(now.datetime());
        let edges = self.schedule.iter().flat_map(|span| [span.from, span.to % DAY]);
        let mut edges: Vec<u16> = edges.collect();
        edges.sort_unstable();
        edges.dedup();
        let today = now.date();
        let until = (0..=8i64).flat_map(|day| edges.iter().map(move |edge| (day, *edge))).find_map(|(day, edge)| {
            let date = today.checked_add(day.days()).ok()?;
            let there = date.at((edge / 60) as i8, (edge % 60) as i8, 0, 0).to_zoned(now.time_zone().clone()).ok()?;
            (there > *now && self.allowed(there.datetime()) != limits).then(|| there.timestamp().as_millisecond())
        });
        InForce { limits, until }
    }

    fn check(&self) -> Result<()> {
        self.always.check()?;
        if self.schedule.len() > MOST_SPANS {
            return Err(Error::new(Code::BadInput, "A schedule holds at most 50 lines."));
        }
        for span in &self.schedule {
            span.limits.check()?;
            if span.limits == Limits::default() {
                return Err(Error::new(Code::BadInput, "Give each line of the schedule a figure, or remove it."));
            }
            if span.days.is_empty() || span.days.iter().any(|day| !(1..=7).contains(day)) {
                return Err(Error::new(Code::BadInput, "Choose the days of each line of the schedule."));
            }
            if span.from >= DAY || span.to == 0 || span.to > DAY || span.from == span.to {
                return Err(Error::new(
                    Code::BadInput,
                    "A line of the schedule must begin and end at different times.",
                ));
            }
        }
        Ok(())
    }
}

impl LimitSettings {
    /// What holds on this uplink.
    pub fn on(&self, uplink: &str) -> &Plan {
        self.uplinks.get(uplink).unwrap_or(&self.plan)
    }

    /// Says in a sentence what cannot be.
    pub fn checked(self) -> Result<LimitSettings> {
        self.plan.check()?;
        self.uplinks.values().try_for_each(Plan::check)?;
        if self
            .uplinks
            .keys()
            .chain(&self.metered)
            .any(|name| name.is_empty() || name.len() > 64 || name.chars().any(char::is_control))
        {
            return Err(Error::new(Code::BadInput, "That is not the name of a network interface."));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MBIT: u64 = 125_000;

    fn at(moment: &str) -> Zoned {
        format!("{moment}[Europe/Zurich]").parse().unwrap()
    }

    fn up(mbits: u64) -> Limits {
        Limits { up: Some(mbits * MBIT), down: None }
    }

    fn office() -> Plan {
        let hours = Span { days: vec![1, 2, 3, 4, 5], from: 8 * 60, to: 18 * 60, limits: up(20) };
        Plan { always: Limits { up: Some(80 * MBIT), down: Some(50 * MBIT) }, schedule: vec![hours] }
    }

    #[test]
    fn office_hours_hold_on_weekdays_and_say_until_when() {
        // 2026-11-20 was a Friday.
        for (moment, megabits, until) in [
            ("2026-11-20T07:59:59", 80, "2026-11-20T08:00:00"),
            ("2026-11-20T08:00:00", 20, "2026-11-20T18:00:00"),
            ("2026-11-20T17:59:59", 20, "2026-11-20T18:00:00"),
            ("2026-11-20T18:00:00", 80, "2026-11-23T08:00:00"),
            ("2026-11-22T12:00:00", 80, "2026-11-23T08:00:00"),
        ] {
            let now = office().in_force(&at(moment));
            assert_eq!(now.limits, Limits { up: Some(megabits * MBIT), down: Some(50 * MBIT) }, "{moment}");
            assert_eq!(now.until, Some(at(until).timestamp().as_millisecond()), "{moment}");
        }
    }

    #[test]
    fn a_night_goes_on_after_midnight_and_days_are_those_it_begins_on() {
        let friday_night = Span { days: vec![5], from: 22 * 60, to: 6 * 60, limits: up(5) };
        let plan = Plan { always: Limits::default(), schedule: vec![friday_night] };
        for (moment, holds) in [
            ("2026-11-20T21:59:00", false),
            ("2026-11-20T23:00:00", true),
            ("2026-11-21T05:59:00", true),
            ("2026-11-21T06:00:00", false),
            ("2026-11-20T03:00:00", false),
        ] {
            assert_eq!(plan.in_force(&at(moment)).limits.up.is_some(), holds, "{moment}");
        }
        assert_eq!(
            plan.in_force(&at("2026-11-20T23:00:00")).until,
            Some(at("2026-11-21T06:00:00").timestamp().as_millisecond())
        );
    }

    #[test]
    fn the_lowest_figure_counts_and_what_never_changes_says_so() {
        let all_day = Span { days: (1..=7).collect(), from: 0, to: DAY, limits: up(90) };
        let plan = Plan { always: up(80), schedule: vec![all_day] };
        assert_eq!(plan.in_force(&at("2026-11-20T12:00:00")), InForce { limits: up(80), until: None });
        assert_eq!(Plan::default().in_force(&at("2026-11-20T12:00:00")), InForce::default());
    }

    #[test]
    fn the_clock_change_moves_the_moment_and_not_the_hour() {
        let plan = Plan {
            always: Limits::default(),
            schedule: vec![Span { days: (1..=7).collect(), from: 8 * 60, to: 9 * 60, limits: up(20) }],
        };
        // 09:00 is one hour sooner in the night in which clocks go forward.
        let until = plan.in_force(&at("2026-03-28T09:00:00")).until.unwrap();
        assert_eq!(until - at("2026-03-28T09:00:00").timestamp().as_millisecond(), 22 * 3_600_000);
    }

    #[test]
    fn an_uplink_has_its_own_plan_or_the_general_one() {
        let settings = LimitSettings {
            plan: office(),
            uplinks: [("wwan0".to_owned(), Plan { always: up(2), schedule: vec![] })].into(),
            metered: BTreeSet::new(),
        };
        assert_eq!(settings.on("wwan0").always, up(2));
        assert_eq!(settings.on(""), &office());
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_words() {
        let span = |days: &[u8], from, to, limits| Span { days: days.to_vec(), from, to, limits };
        for span in [
            span(&[], 0, 60, up(1)),
            span(&[0], 0, 60, up(1)),
            span(&[8], 0, 60, up(1)),
            span(&[1], 60, 60, up(1)),
            span(&[1], 1440, 60, up(1)),
            span(&[1], 0, 1441, up(1)),
            span(&[1], 0, 60, Limits::default()),
            span(&[1], 0, 60, Limits { up: Some(0), down: None }),
        ] {
            let plan = Plan { always: Limits::default(), schedule: vec![span.clone()] };
            let settings = LimitSettings { plan, ..LimitSettings::default() };
            assert_eq!(settings.checked().unwrap_err().code, Code::BadInput, "{span:?}");
        }
    }
}
