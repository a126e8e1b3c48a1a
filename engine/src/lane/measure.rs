//! Feeds a direction's pace with what its connections measured, as long as anything is in flight, and sees that
//! connections lie ready where more are coming.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::core::Core;
use crate::pace::{Ceiling, Sample};
use crate::reach;
use crate::transfer::Direction;

/// Often enough for a doubling at every round trip of a near path; two or three system calls a connection each time.
const LOOK: Duration = Duration::from_millis(50);

/// Runs as long as the engine.
pub(crate) async fn measure(core: Arc<Core>, direction: Direction) {
    let began = Instant::now();
    let slots = core.slots(direction);
    let mut ceiling = Ceiling::default();
    loop {
        tokio::select! {
            () = core.closing.cancelled() => return,
            () = slots.begun.notified() => {}
        }
        let mut last = (core.wire.meter().moved(), Instant::now());
        loop {
            let meter = core.wire.meter();
            let look = meter.look();
            if look.moved != last.0 {
                last = (look.moved, Instant::now());
            } else if last.1.elapsed() > reach::SILENT {
                reach::look_out(&core);
            }
            let now = began.elapsed().as_millis() as u64;
            let path = look.path.map(|(trip, least)| (millis(trip), millis(least)));
            // Going down, it is the store's side that sends.
            let sample = match direction {
                Direction::Up => Sample { now, moved: look.arrived, path, sturdy: look.sturdy, ..Sample::default() },
                Direction::Down => Sample { now, moved: look.moved.down, path, ..Sample::default() },
            };
            let (used, ready) = slots.feed(sample);
            let mut rate = None;
            if direction == Direction::Up {
                rate = ceiling.feed(now, look.arrived, look.busy, path);
                meter.keep_to(rate);
            }
            tracing::trace!(
                ?direction,
                moved = sample.moved,
                ?path,
                used,
                allowed = slots.allowed(),
                ready,
                ?rate,
                "pace"
            );
            core.wire.open_ahead(ready);
            if used == 0 || core.closing.is_cancelled() {
                ceiling.rest();
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
