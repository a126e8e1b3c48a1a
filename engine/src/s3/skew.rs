//! The store's time, where this computer's clock is wrong: a request is signed with the time, and S3 refuses one that is
//! a quarter of an hour off. The first refusal tells S3's own time; from then on requests are signed with that.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;

/// A correction smaller than this cures nothing that S3 refuses.
const WORTH: i64 = 30;
/// Requests that were signed before a correction are refused for so long after it, in seconds: a part takes its time.
const SIGNED_BEFORE: i64 = 300;

/// Cheap to clone; clones share the correction.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreTime {
    /// Seconds that the store is ahead of this computer.
    ahead: Arc<AtomicI64>,
    /// When that was last news, in seconds of this computer's clock.
    since: Arc<AtomicI64>,
}

impl TimeSource for StoreTime {
    fn now(&self) -> SystemTime {
        let ahead = self.ahead.load(Ordering::Relaxed);
        let by = Duration::from_secs(ahead.unsigned_abs());
        if ahead < 0 { SystemTime::now() - by } else { SystemTime::now() + by }
    }
}

impl StoreTime {
    /// The store told its time in an answer's Date header. Whether trying again may help: that was news, or was lately.
    pub(super) fn correct(&self, date: Option<&str>) -> bool {
        let theirs =
            date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|zoned| zoned.timestamp().as_second());
        let ours = jiff::Timestamp::now().as_second();
        let Some(theirs) = theirs else { return false };
        let ahead = theirs - ours;
        let before = self.ahead.swap(ahead, Ordering::Relaxed);
        if (ahead - before).abs() >= WORTH {
            tracing::warn!(seconds = ahead, "this computer's clock is wrong; the store's is used for signing");
            self.since.store(ours, Ordering::Relaxed);
        }
        (ours - self.since.load(Ordering::Relaxed)).abs() < SIGNED_BEFORE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stores_time_is_taken_over_once() {
        let time = StoreTime::default();
        let in_an_hour = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let date = jiff::fmt::rfc2822::to_string(&in_an_hour.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        assert!(time.correct(Some(&date)));
        assert!(time.correct(Some(&date)), "of a request that was signed before");
        time.since.fetch_sub(SIGNED_BEFORE, Ordering::Relaxed);
        assert!(!time.correct(Some(&date)), "it has been tried");
        let ahead = time.now().duration_since(SystemTime::now()).unwrap();
        assert!(ahead > Duration::from_secs(3_500) && ahead < Duration::from_secs(3_700));
        assert!(!time.correct(None) && !time.correct(Some("yesterday")));
    }
}
