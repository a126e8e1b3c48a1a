//! Feeds a direction's pace with what its connections measured, as long as anything is in flight, and sees that
//! connections lie ready where more are coming.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::core::Core;
use crate::reach;
use crate::transfer::Direction;

/// Often enough for a doubling at every round trip of a near path; one system call a connection each time.
const LOOK: Duration = Duration::from_millis(50);

/// Runs as long as the engine.
pub(crate) async fn measure(core: Arc<Core>, direction: Direction) {
    let began = Instant::now();
    let slots = core.slots(direction);
    loop {
        tokio::select! {
            () = core.closing.cancelled() => return,
            () = slots.begun.notified() => {}
        }
        let mut last = (core.wire.meter().moved(), Instant::now());
        loop {
            let meter = core.wire.meter();
            let all = meter.moved();
            if all != last.0 {
                last = (all, Instant::now());
            } else if last.1.elapsed() > reach::SILENT {
                reach::look_out(&core);
            }
            let moved = match direction {
                Direction::Up => all.up,
                Direction::Down => all.down,
            };
            let path = meter.round_trip().map(|(now, least)| (millis(now), millis(least)));
            let (used, ready) = slots.feed(began.elapsed().as_millis() as u64, moved, path);
            tracing::trace!(?direction, moved, ?path, used, allowed = slots.allowed(), ready, "pace");
            core.wire.open_ahead(ready);
            if used == 0 || core.closing.is_cancelled() {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
