//! Slots: each is one request that may be in flight on a lane, in one direction. Who gets a freed slot is decided in
//! `queue`; how many there are, in `pace`, which `measure` feeds. This file only hands them out and takes them back.

mod measure;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use crate::pace::{Pace, Sample};
use crate::queue::{Line, Place};

pub(crate) use measure::measure;

/// The lane of this version: this computer's network, by the profile's route. The strip's colours go by it.
pub(crate) const ONLY_LANE: u32 = 1;

/// The name of its uplink, as far as limits go by it: whichever the system chooses.
pub(crate) const ONLY_UPLINK: &str = "";

/// What all requests of a direction hold of their bytes, and the bounds of each one's share. Smaller pieces cost more
/// turns between the threads that read and write the disk and those that serve the connections.
const BUFFERS: usize = 16 << 20;
const PIECE_LEAST: usize = 64 << 10;
const PIECE_MOST: usize = 1 << 20;

/// How long nothing new begins after the bucket asked for patience.
const BREATHER: Duration = Duration::from_secs(1);

/// One direction's slots. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    state: Arc<Mutex<State>>,
    /// The first slot was taken after none was.
    begun: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    pace: Pace,
    used: usize,
    /// Of those, by breaking transfers.
    breaking: usize,
    /// The bucket asked for patience: none is handed out before.
    not_before: Option<Instant>,
    waiting: Line<oneshot::Sender<Slot>>,
}

/// The right to have one request in flight. Goes back when it is dropped, however the request ended.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Slots,
    breaking: bool,
}

impl Slots {
    /// Waits for a slot. To stop waiting, drop the future.
    pub(crate) async fn take(&self, place: Place) -> Slot {
        let (give, given) = oneshot::channel();
        self.locked().waiting.join(place, give, oneshot::Sender::is_closed);
        self.hand_out();
        // The sender is dropped only with the slot in it or with all slots; the latter outlive every driver.
        match given.await {
            Ok(slot) => slot,
            Err(_) => std::future::pending().await,
        }
    }

    /// The transfer's place is another now: what it waits for here, it waits for there.
    pub(crate) fn put(&self, place: Place) {
        self.locked().waiting.put(place);
    }

    pub(crate) fn allowed(&self) -> usize {
        self.locked().pace.allowed()
    }

    /// How much each request of this direction may hold of its bytes at a time: all of them share one budget, so that
    /// memory does not grow with their number.
    pub(crate) fn piece(&self) -> usize {
        (BUFFERS / self.allowed().max(1)).clamp(PIECE_LEAST, PIECE_MOST)
    }

    pub(crate) fn used(&self) -> usize {
        self.locked().used
    }

    /// Nobody waits for one, and some are free: requests that are only a second try may have them.
    pub(crate) fn spare(&self) -> usize {
        let state = self.locked();
        let waiting = state.waiting.count(oneshot::Sender::is_closed);
        state.pace.allowed().saturating_sub(state.used + waiting)
    }

    /// What it carries now, as a share of the most that it has carried.
    pub(crate) fn fullness(&self) -> f64 {
        self.locked().pace.fullness()
    }

    /// The bucket asked to slow down, which one request heard and all heed: half as many, after a pause.
    pub(crate) fn slow_down(&self) {
        {
            let mut state = self.locked();
            if state.not_before.is_some_and(|until| until > Instant::now()) {
                return;
            }
            state.not_before = Some(Instant::now() + BREATHER);
            state.pace.halve();
        }
        let slots = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(BREATHER).await;
            slots.hand_out();
        });
    }

    /// What was learnt is of another network.
    pub(crate) fn forget(&self) {
        self.locked().pace.forget();
    }

    /// Answers with how many are in use and how many connections should lie ready for more.
    fn feed(&self, now: u64, moved: u64, path: Option<(f64, f64)>) -> (usize, usize) {
        let (used, ready) = {
            let mut state = self.locked();
            let wanting = state.waiting.count(oneshot::Sender::is_closed) > 0;
            let sample = Sample { now, moved, in_flight: state.used, wanting, path };
            state.pace.feed(sample);
            (state.used, if wanting { state.pace.ready() } else { 0 })
        };
        self.hand_out();
        (used, ready)
    }

    fn hand_out(&self) {
        // A slot whose taker has gone comes back through Drop, which locks: so it is given outside the lock.
        loop {
            let (next, breaking) = {
                let mut state = self.locked();
                let resting = state.not_before.is_some_and(|until| until > Instant::now());
                if resting || state.used >= state.pace.allowed() {
                    return;
                }
                let Some(breaking) = state.waiting.first().map(|place| place.breaking) else { return };
                // While breaking has a request in flight, no other begins one, even where slots are free: the link is its.
                if state.breaking > 0 && !breaking {
                    return;
                }
                let Some(next) = state.waiting.pop() else { return };
                if next.is_closed() {
                    continue;
                }
                state.used += 1;
                state.breaking += usize::from(breaking);
                if state.used == 1 {
                    self.begun.notify_one();
                }
                (next, breaking)
            };
            let _ = next.send(Slot { slots: self.clone(), breaking });
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        {
            let mut state = self.slots.locked();
            state.used -= 1;
            state.breaking -= usize::from(self.breaking);
        }
        self.slots.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(id: i64) -> Place {
        Place::new(id, &Default::default(), true, 0)
    }

    #[tokio::test]
    async fn a_freed_slot_goes_to_the_first_in_the_queue_and_none_is_lost() {
        let slots = Slots::default();
        let mut held = Vec::new();
        for _ in 0..slots.allowed() {
            held.push(slots.take(place(1)).await);
        }
        let late = tokio::spawn({
            let slots = slots.clone();
            async move { slots.take(place(9)).await }
        });
        let early = tokio::spawn({
            let slots = slots.clone();
            async move { slots.take(place(2)).await }
        });
        let gone = tokio::spawn({
            let slots = slots.clone();
            async move { slots.take(place(1)).await }
        });
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        gone.abort();
        let _ = gone.await;
        held.pop();
        let slot = early.await.unwrap();
        assert!(!late.is_finished());
        drop(slot);
        late.await.unwrap();
        drop(held);
        assert_eq!(slots.locked().used, 0);
    }
}
