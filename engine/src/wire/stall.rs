//! When a request's connection has stopped: no byte moved for too long. Progress is what counts, never a part's time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::socket::Counts;

/// A request whose connection moves no byte for this long while bytes are waiting to be acknowledged is cut off.
const STALLED: Duration = Duration::from_secs(20);
/// And one that has sent everything, when no answer begins for this long. S3 may think for a while over a Complete.
const NO_ANSWER: Duration = Duration::from_secs(90);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
#[error("no byte moved for {} s", .0.as_secs())]
pub(super) struct Stalled(Duration);

/// Comes back when the connection has moved nothing for too long.
pub(super) async fn watch(counts: &Arc<Counts>) -> Stalled {
    let mut last = counts.moved();
    let mut since = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let moved = counts.moved();
        if moved != last {
            (last, since) = (moved, Instant::now());
        }
        let patience = if counts.waits_for_acks() { STALLED } else { NO_ANSWER };
        if since.elapsed() >= patience {
            return Stalled(patience);
        }
    }
}
