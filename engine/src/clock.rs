//! The one place that asks what time it is. Pure files take the time as an argument instead.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::transfer::UnixMs;

pub fn now() -> UnixMs {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(UnixMs::MAX))
}

/// Date and time of day where this computer is, as keys write them.
pub fn here() -> jiff::civil::DateTime {
    jiff::Zoned::now().datetime()
}

/// When today began, where this computer is.
pub fn midnight() -> UnixMs {
    jiff::Zoned::now().start_of_day().map_or(0, |t| t.timestamp().as_millisecond())
}

/// This moment as clocks in `zone` show it; where the system knows no such zone, as they do here.
pub fn now_in(zone: &str) -> jiff::Zoned {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::get(zone).unwrap_or_else(|_| jiff::tz::TimeZone::system()))
}

/// This computer's time zone, by its IANA name; `UTC` where the system tells none.
pub fn zone() -> String {
    jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}
