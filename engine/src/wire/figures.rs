//! What a lane's requests met with: how long connecting and the first byte took, and how many failed. Told request by
//! request, never byte by byte; what bytes do is in `socket`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;

/// How much the newest weighs: about the last four requests count.
const NEWEST: f64 = 0.25;

/// One lane's.
#[derive(Debug, Default)]
pub(super) struct Figures(Mutex<Seen>);

/// One lane's, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// TCP and TLS, to a connection that takes a request. Looking up the name is not in it.
    pub connect: Span,
    /// From a request without a body to the head of its answer, on an open connection. Of one with a body it would say
    /// how long that took.
    pub first_byte: Span,
    /// Requests that got no answer, or no whole one, or one that says the store stumbled or wants patience.
    pub errors: u32,
}

/// Something that takes a while, again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    pub usual: Option<Duration>,
    pub last: Option<Duration>,
    /// How often it was measured.
    pub count: u32,
}

impl Span {
    fn note(&mut self, took: Duration) {
        let usual = self.usual.map_or(took, |usual| usual.mul_f64(1.0 - NEWEST) + took.mul_f64(NEWEST));
        *self = Span { usual: Some(usual), last: Some(took), count: self.count.saturating_add(1) };
    }

    /// The last one, where it was measured after `before` was looked at.
    pub fn since(self, before: Span) -> Option<Duration> {
        self.last.filter(|_| self.count > before.count)
    }
}

impl Figures {
    pub(super) fn connected(&self, took: Duration) {
        self.locked().connect.note(took);
    }

    pub(super) fn answered(&self, took: Duration) {
        self.locked().first_byte.note(took);
    }

    pub(super) fn failed(&self) {
        let mut seen = self.locked();
        seen.errors = seen.errors.saturating_add(1);
    }

    pub(super) fn seen(&self) -> Seen {
        *self.locked()
    }

    fn locked(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers that are the way's or the store's fault; what S3 refuses for a reason is none.
pub(super) fn is_failure(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_follows_the_newest_and_a_single_slow_one_does_not_make_it() {
        let figures = Figures::default();
        let before = figures.seen();
        for ms in [100, 100, 100, 900] {
            figures.connected(Duration::from_millis(ms));
        }
        let connect = figures.seen().connect;
        assert_eq!(connect.usual, Some(Duration::from_millis(300)));
        assert_eq!(connect.since(before.connect), Some(Duration::from_millis(900)));
        assert_eq!(connect.since(connect), None);
        for _ in 0..20 {
            figures.connected(Duration::from_millis(900));
        }
        assert!(figures.seen().connect.usual > Some(Duration::from_millis(890)));
    }

    #[test]
    fn what_the_store_refuses_for_a_reason_is_no_failure() {
        let failures = [500, 503, 429, 408].map(|code| StatusCode::from_u16(code).unwrap());
        let others = [200, 206, 403, 404, 412].map(|code| StatusCode::from_u16(code).unwrap());
        assert!(failures.into_iter().all(is_failure));
        assert!(!others.into_iter().any(is_failure));
    }
}
