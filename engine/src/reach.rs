//! What happens when the network goes, and when it is back. A lane on which nothing moves is told from a slow one by
//! opening a connection: where that succeeds while the old ones stay silent, they belong to a network that is no more,
//! and all begins with new ones. Where it does not, and the profile has other lanes, the lane is dead: what was under way on
//! it goes by the others, until it answers again. Transfers that wait because they were offline go on the moment the
//! bucket's host answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::core::Core;
use crate::lane::Lane;
use crate::transfer::{Change, Status, TransferId, Why};

/// Nothing moved on the lane for so long, with requests in flight: longer than a lost packet or two explain.
const SILENT: Duration = Duration::from_secs(3);
/// Beside other lanes it is asked much sooner whether it lives, and given so long to answer; both beyond two round trips.
const DOUBTFUL: Duration = Duration::from_millis(400);
const ANSWERS: Duration = Duration::from_millis(800);
/// A path that was not measured.
const FAR: Duration = Duration::from_millis(300);
/// How often the host is tried, and how long one try has.
const EVERY: Duration = Duration::from_millis(700);
const TRY: Duration = Duration::from_millis(1_500);
/// Once the host answers, the old connections have this long to move again: ours ask at least once a second.
const GRACE: Duration = Duration::from_millis(1_300);
/// The computer slept when the clock on the wall went so much further than the one that stands still in sleep.
const SLEPT: Duration = Duration::from_secs(10);

/// One look-out at a time, and one doubt.
#[derive(Debug, Default)]
pub(crate) struct LookOut {
    looking: AtomicBool,
    doubting: AtomicBool,
    dead: AtomicBool,
}

impl LookOut {
    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }
}

/// Nothing has moved on the lane for so long, though requests are in flight on it.
pub(crate) fn silent(core: &Arc<Core>, lane: &Arc<Lane>, since: Duration, trip: Option<Duration>) {
    if since > SILENT {
        look_out(core, lane);
    }
    if since > DOUBTFUL + 2 * trip.unwrap_or(FAR) {
        doubt(core, lane);
    }
}

/// Something failed on a lane, or stands still. Where its profile has others, it is asked whether it lives. Answers
/// whether it is known to be dead.
pub(crate) fn doubt(core: &Arc<Core>, lane: &Arc<Lane>) -> bool {
    if lane.look_out.is_dead() {
        return true;
    }
    if !core.has_other(lane) || lane.look_out.doubting.swap(true, Ordering::AcqRel) {
        return false;
    }
    let (core, lane) = (core.clone(), lane.clone());
    tokio::spawn(async move {
        let before = lane.wire.meter().moved();
        let trip = lane.wire.meter().path().map_or(FAR, |(now, _)| now);
        let answers = lane.wire.reach(ANSWERS + 2 * trip).await;
        if !answers && lane.wire.meter().moved() == before {
            // Another may have died meanwhile: the last one of a direction is kept.
            let (somewhere, wholly) = core.give_up(lane.id);
            if somewhere {
                tracing::info!(lane = lane.id, route = %lane.route.kind, "the lane is dead: the others carry on");
                lane.look_out.dead.store(true, Ordering::Release);
                // What has no other way may yet outlast it.
                if wholly {
                    lane.wire.renew();
                }
                look_out(&core, &lane);
            }
        }
        lane.look_out.doubting.store(false, Ordering::Release);
    });
    false
}

/// Tries the host until it answers and whatever is silent or waiting has gone on.
pub(crate) fn look_out(core: &Arc<Core>, lane: &Arc<Lane>) {
    if lane.look_out.looking.swap(true, Ordering::AcqRel) {
        return;
    }
    let (core, lane) = (core.clone(), lane.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = core.closing.cancelled() => {}
            () = until_back(&core, &lane) => {}
        }
        lane.look_out.looking.store(false, Ordering::Release);
    });
}

async fn until_back(core: &Arc<Core>, lane: &Lane) {
    let mut gone = false;
    loop {
        let before = lane.wire.meter().moved();
        if lane.wire.reach(TRY).await {
            revive(core, lane);
            if gone {
                requeue(core);
            }
            tokio::time::sleep(GRACE).await;
            if lane.wire.meter().moved() == before && core.moves(lane.id) {
                tracing::info!(lane = lane.id, "the host answers and the old connections are silent: new ones");
                lane.wire.renew();
            }
            return;
        }
        gone = true;
        if !core.in_flight() && offline(core).is_empty() {
            // Nobody waits for it. Whoever needs it next finds out.
            revive(core, lane);
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn revive(core: &Core, lane: &Lane) {
    if lane.look_out.dead.swap(false, Ordering::AcqRel) {
        tracing::info!(lane = lane.id, route = %lane.route.kind, "the lane is back");
        // Its number may stand for other connections by now.
        if core.lanes.get(lane.id).is_ok_and(|now| Arc::ptr_eq(&now.look_out, &lane.look_out)) {
            core.revive(lane.id);
        }
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
            core.lanes.renew();
            core.forget_pace();
            requeue(core);
        }
    }
}
