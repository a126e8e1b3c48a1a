//! "For the 18:00": what a typed time of day means, and whether a transfer will make it. Pure: the zone and the present
//! moment are arguments.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::transfer::UnixMs;

/// When a transfer must have landed. The zone is kept with it, so that it is read as it was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    pub at: UnixMs,
    /// IANA name, such as `Europe/Zurich`.
    pub zone: String,
}

/// Whether it will be made. Milliseconds; forecasts move, so none of these is a promise before it has landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum Verdict {
    /// It lands this much before.
    Made { spare: i64 },
    /// It lands this much after, or is over and nobody knows when it lands: then `by` is how long it is over.
    Missed { by: i64 },
    /// There is no forecast, and it is not over yet.
    Unknown,
}

impl Deadline {
    /// `lands`: when it landed, or will as far as is known.
    pub fn verdict(&self, lands: Option<UnixMs>, now: UnixMs) -> Verdict {
        match lands {
            Some(lands) if lands <= self.at => Verdict::Made { spare: self.at.saturating_sub(lands) },
            Some(lands) => Verdict::Missed { by: lands.saturating_sub(self.at) },
            None if now > self.at => Verdict::Missed { by: now.saturating_sub(self.at) },
            None => Verdict::Unknown,
        }
    }
}

/// The next time that clocks in `zone` show `typed` ("18:00", "7:30", "1800"). Refused in words where it is no time of
/// day, or `zone` is no IANA name.
pub fn next(typed: &str, zone: &str, now: UnixMs) -> Result<Deadline> {
    let time = time_of_day(typed).ok_or_else(|| {
        Error::new(Code::BadInput, format!("“{}” is not a time of day. Write it like 18:00.", typed.trim()))
    })?;
    let known = zone_named(zone)?;
    let now = Timestamp::from_millisecond(now).map_err(Error::internal)?.to_zoned(known);
    // Where a clock change skips the time, it is as long after midnight as it would have been.
    let on =
        |days: i64| now.date().checked_add(days.days()).ok()?.to_datetime(time).to_zoned(now.time_zone().clone()).ok();
    let next = on(0).filter(|today| *today > now).or_else(|| on(1));
    let next = next.ok_or_else(|| Error::internal("no such time in the calendar"))?;
    Ok(Deadline { at: next.timestamp().as_millisecond(), zone: zone.to_owned() })
}

/// A zone by its IANA name.
pub fn zone_named(zone: &str) -> Result<TimeZone> {
    TimeZone::get(zone).map_err(|e| {
        let sentence = format!("{zone} is not a time zone that this computer knows. Write it like Europe/Zurich.");
        Error::new(Code::BadInput, sentence).because(e)
    })
}

fn time_of_day(typed: &str) -> Option<Time> {
    let typed = typed.trim();
    let (hour, minute) = match typed.split_once([':', '.']) {
        Some(split) => split,
        None if typed.len() == 4 && typed.is_ascii() => typed.split_at(2),
        None => return None,
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() && text.len() <= 2;
    if !digits(hour) || !digits(minute) || minute.len() != 2 {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(at: &str) -> UnixMs {
        at.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn a_time_of_day_is_the_next_one_in_the_newsrooms_zone() {
        for (typed, zone, now, meant) in [
            ("18:00", "Europe/Zurich", "2026-11-22T16:59:00Z", "2026-11-22T17:00:00Z"),
            // That very minute is over.
            ("18:00", "Europe/Zurich", "2026-11-22T17:00:00Z", "2026-11-23T17:00:00Z"),
            ("7.30", "Africa/Nairobi", "2026-11-22T10:00:00Z", "2026-11-23T04:30:00Z"),
            ("0015", "America/New_York", "2026-11-22T10:00:00Z", "2026-11-23T05:15:00Z"),
            // Summer time began that night: clocks went from 02:00 to 03:00.
            ("02:30", "Europe/Zurich", "2026-03-28T22:00:00Z", "2026-03-29T01:30:00Z"),
            // And ended: 02:30 comes twice; the first is meant.
            ("02:30", "Europe/Zurich", "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z"),
        ] {
            assert_eq!(next(typed, zone, ms(now)).unwrap().at, ms(meant), "{typed} {zone} at {now}");
        }
    }

    #[test]
    fn what_is_no_time_or_no_zone_is_refused_in_words() {
        for typed in ["", "24:00", "18", "18:0", "six", "18:60", "-1:00", "+1:00", "１８:00", "18:00:00"] {
            assert_eq!(next(typed, "UTC", 0).unwrap_err().code, Code::BadInput, "{typed}");
        }
        assert!(next("18:00", "Mars/Olympus", 0).unwrap_err().message.contains("Mars/Olympus"));
    }

    #[test]
    fn there_are_three_answers() {
        let deadline = Deadline { at: 1_000, zone: "UTC".into() };
        assert_eq!(deadline.verdict(Some(1_000), 0), Verdict::Made { spare: 0 });
        assert_eq!(deadline.verdict(Some(400), 0), Verdict::Made { spare: 600 });
        assert_eq!(deadline.verdict(Some(1_500), 0), Verdict::Missed { by: 500 });
        assert_eq!(deadline.verdict(None, 0), Verdict::Unknown);
        assert_eq!(deadline.verdict(None, 1_200), Verdict::Missed { by: 200 });
    }
}
