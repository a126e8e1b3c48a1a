//! When a request's connection has stopped: no byte moved for too long. Progress is what counts, never a part's time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;

use super::socket::Counts;

/// A request whose connection moves no byte for this long while bytes are waiting to be acknowledged is cut off.
const STALLED: Duration = Duration::from_secs(20);
/// And one that has sent everything, when no answer begins for this long, and for as long as its body needs at this rate,
/// in bytes a second: a proxy near by may have taken it all, and have a slow line behind it.
const NO_ANSWER: Duration = Duration::from_secs(25);
const BEHIND_PROXY: u64 = 100_000;
/// S3 may think for a while over a Complete. No answer is waited for longer than this.
const NO_WORD: Duration = Duration::from_secs(90);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
#[error("no byte moved for {} s", .0.as_secs())]
pub(super) struct Stalled(Duration);

/// How long an answer may take to begin once everything is sent.
pub(super) fn patience(method: &Method, body_bytes: u64) -> Duration {
    match *method {
        Method::POST => NO_WORD,
        _ => (NO_ANSWER + Duration::from_secs(body_bytes / BEHIND_PROXY)).min(NO_WORD),
    }
}

/// Comes back when the connection has moved nothing for too long.
pub(super) async fn watch(counts: &Arc<Counts>, no_answer: Duration) -> Stalled {
    let mut last = counts.moved();
    let mut since = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let moved = counts.moved();
        if moved != last {
            (last, since) = (moved, Instant::now());
        }
        let patience = if counts.waits_for_acks() { STALLED } else { no_answer };
        if since.elapsed() >= patience {
            return Stalled(patience);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_not_waited_for_as_long_as_a_part_behind_a_proxy_or_a_complete() {
        let seconds = |method, bytes| patience(&method, bytes).as_secs();
        assert_eq!(seconds(Method::PUT, 500_000), 30);
        assert_eq!(seconds(Method::PUT, 5 << 20), 77);
        assert_eq!(seconds(Method::PUT, 64 << 20), 90);
        assert_eq!((seconds(Method::GET, 0), seconds(Method::POST, 4_000)), (25, 90));
    }
}
