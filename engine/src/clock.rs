//! The one place that asks what time it is. Pure files take the time as an argument instead.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::transfer::UnixMs;

pub fn now() -> UnixMs {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(UnixMs::MAX))
}

/// Today where this computer is, as keys write it: `2026-11-22`.
pub fn today() -> String {
    jiff::Zoned::now().date().to_string()
}

/// When today began, where this computer is.
pub fn midnight() -> UnixMs {
    jiff::Zoned::now().start_of_day().map_or(0, |t| t.timestamp().as_millisecond())
}
