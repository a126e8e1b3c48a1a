//! What happens when the network goes, and when it is back. A lane on which nothing moves is told from a slow one by
//! opening a connection: where that succeeds while the old ones stay silent, they belong to a network that is no more,
//! and all begins with new ones. Transfers that wait because they were offline go on the moment the bucket's host answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::core::Core;
use crate::transfer::{Change, Status, TransferId, Why};

/// Nothing moved on the lane for so long, with requests in flight: longer than a lost packet or two explain.
pub(crate) const SILENT: Duration = Duration::from_secs(3);
/// How often the host is tried, and how long one try has.
const EVERY: Duration = Duration::from_millis(700);
const TRY: Duration = Duration::from_millis(1_500);
/// Once the host answers, the old connections have this long to move again: ours ask at least once a second.
const GRACE: Duration = Duration::from_millis(1_300);
/// The computer slept when the clock on the wall went so much further than the one that stands still in sleep.
const SLEPT: Duration = Duration::from_secs(10);

/// One look-out at a time.
#[derive(Debug, Default)]
pub(crate) struct LookOut(AtomicBool);

/// Tries the host until it answers and whatever is silent or waiting has gone on.
pub(crate) fn look_out(core: &Arc<Core>) {
    if core.look_out.0.swap(true, Ordering::AcqRel) {
        return;
    }
    let core = core.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = core.closing.cancelled() => {}
            () = until_back(&core) => {}
        }
        core.look_out.0.store(false, Ordering::Release);
    });
}

async fn until_back(core: &Arc<Core>) {
    let mut gone = false;
    loop {
        let before = core.wire.meter().moved();
        let reached = core.wire.reach(TRY).await;
        if reached {
            if gone {
                requeue(core);
            }
            tokio::time::sleep(GRACE).await;
            if core.wire.meter().moved() == before && core.in_flight() {
                tracing::info!("the host answers and the old connections are silent: new ones");
                core.wire.renew();
            }
            return;
        }
        gone = true;
        if !core.in_flight() && offline(core).is_empty() {
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Those that waited for the network need not wait for their turn.
fn requeue(core: &Arc<Core>) {
    for id in offline(core) {
        // Refused only where the user was quicker.
        let _ = core.change(id, Change::Requeue);
    }
}

fn offline(core: &Arc<Core>) -> Vec<TransferId> {
    let live = core.live();
    let waits = |status: &Status| matches!(status, Status::Waiting { why: Why::Offline, .. });
    live.all().filter(|one| waits(&one.transfer.life.status)).map(|one| one.transfer.id).collect()
}

/// Notices that the computer slept: every connection is then of the past, though none has said so yet.
#[derive(Debug)]
pub(crate) struct Sleep {
    awake: Instant,
    wall: SystemTime,
}

impl Sleep {
    pub(crate) fn begin() -> Sleep {
        Sleep { awake: Instant::now(), wall: SystemTime::now() }
    }

    /// Looked at now and then.
    pub(crate) fn look(&mut self, core: &Arc<Core>) {
        let wall = self.wall.elapsed().unwrap_or_default();
        let slept = wall.saturating_sub(self.awake.elapsed()) > SLEPT;
        *self = Sleep::begin();
        if slept {
            tracing::info!("the computer slept: new connections");
            core.wire.renew();
            core.forget_pace();
            requeue(core);
        }
    }
}
