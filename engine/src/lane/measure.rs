//! Feeds a direction's paces and its choice of lanes with what their connections measured, as long as anything is in flight,
//! and sees that connections lie ready where more are coming.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Lane, Slots};
use tokio::task::JoinHandle;

use crate::core::Core;
use crate::pace::{Ceiling, Sample};
use crate::reach;
use crate::transfer::Direction;
use crate::wire::Moved;

/// Often enough for a doubling at every round trip of a near path; two or three system calls a connection each time.
const LOOK: Duration = Duration::from_millis(50);

/// A look at a queue that takes longer says nothing.
const LONGEST_QUEUE: Duration = Duration::from_millis(1_500);

/// Runs as long as the engine.
pub(crate) async fn measure(core: Arc<Core>, direction: Direction) {
    let began = Instant::now();
    let slots = core.slots(direction);
    let mut watched: HashMap<u32, Watched> = HashMap::new();
    loop {
        tokio::select! {
            () = core.closing.cancelled() => return,
            () = slots.begun.notified() => {}
        }
        watched.values_mut().for_each(|lane| lane.since = Instant::now());
        loop {
            let mut used = 0;
            for lane in core.lanes.all() {
                let watched = watched.entry(lane.id).or_default();
                used += watched.look(&core, &lane, slots, direction, began);
            }
            for asked in slots.choose(core.live().left(direction)) {
                if let Some(watched) = watched.get_mut(&asked) {
                    watched.look_at_queue(&core, asked, slots);
                }
            }
            if used == 0 || core.closing.is_cancelled() {
                watched.values_mut().for_each(|lane| lane.ceiling.rest());
                core.remember_lanes(direction);
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// One lane as it was at the last look.
struct Watched {
    moved: Moved,
    /// Since when nothing more has moved, though something should.
    since: Instant,
    ceiling: Ceiling,
    /// A connection is being opened to see how long its queue is.
    looking: Option<JoinHandle<()>>,
}

impl Default for Watched {
    fn default() -> Self {
        Watched { moved: Moved::default(), since: Instant::now(), ceiling: Ceiling::default(), looking: None }
    }
}

impl Watched {
    /// Opens a connection on a lane: what it takes longer than the bare path is the queue before it.
    fn look_at_queue(&mut self, core: &Arc<Core>, lane: u32, slots: &Slots) {
        if self.looking.as_ref().is_some_and(|looking| !looking.is_finished()) {
            return;
        }
        let Ok(lane) = core.lanes.get(lane) else { return };
        let Some(bare) = lane.wire.meter().bare() else { return };
        let slots = slots.clone();
        self.looking = Some(tokio::spawn(async move {
            if let Some(took) = lane.wire.connects_in(LONGEST_QUEUE).await {
                slots.probed(lane.id, millis(took.saturating_sub(bare)));
            }
        }));
    }

    /// Answers with how many requests the lane has.
    fn look(
        &mut self,
        core: &Arc<Core>,
        lane: &Arc<Lane>,
        slots: &Slots,
        direction: Direction,
        began: Instant,
    ) -> usize {
        let meter = lane.wire.meter();
        let look = meter.look();
        if look.moved != self.moved || !slots.moves(lane.id) {
            (self.moved, self.since) = (look.moved, Instant::now());
        } else {
            reach::silent(core, lane, self.since.elapsed(), look.path.map(|(trip, _)| trip));
        }
        let now = began.elapsed().as_millis() as u64;
        let path = look.path.map(|(trip, least)| (millis(trip), millis(least)));
        // Going down, it is the store's side that sends.
        let sample = match direction {
            Direction::Up => Sample { now, moved: look.arrived, path, sturdy: look.sturdy, ..Sample::default() },
            Direction::Down => Sample { now, moved: look.moved.down, path, ..Sample::default() },
        };
        let under_way = match direction {
            Direction::Up => meter.under_way(),
            // Half of what is asked for has come, on average: a request that is slow is helped by others.
            Direction::Down => slots.bytes(lane.id) / 2,
        };
        core.best().note(lane.id, direction, now, sample.moved);
        let (used, ready) = slots.feed(lane.id, sample, under_way, meter.bare().is_some());
        let mut rate = None;
        if direction == Direction::Up {
            rate = self.ceiling.feed(now, look.arrived, look.busy, path);
            meter.keep_to(rate);
        }
        tracing::trace!(?direction, lane = lane.id, moved = sample.moved, ?path, used, ready, ?rate, "pace");
        lane.wire.open_ahead(ready);
        used
    }
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
