//! Slots: each is one request that may be in flight on a lane, in one direction. Who gets a freed slot is decided in
//! `queue`; how many there are, in `pace`, which `measure` feeds. This file only hands them out and takes them back.

mod measure;
mod preempt;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot, watch};

use crate::pace::{Pace, Sample};
use crate::queue::{Line, Place};
use crate::transfer::TransferId;

pub(crate) use measure::measure;
pub(crate) use preempt::{DROP, Gate};
use preempt::{Urgent, is_shut};

/// The lane of this version: this computer's network, by the profile's route. The strip's colours go by it.
pub(crate) const ONLY_LANE: u32 = 1;

/// What all requests of a direction hold of their bytes, and the bounds of each one's share. Smaller pieces cost more
/// turns between the threads that read and write the disk and those that serve the connections.
const BUFFERS: usize = 16 << 20;
const PIECE_LEAST: usize = 64 << 10;
const PIECE_MOST: usize = 2 << 20;

/// This share of what is in flight is called the last.
const LAST: usize = 2;

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
    /// Requests in flight, by their transfer.
    flying: HashMap<TransferId, Flying>,
    /// The breaking ones among them, as the gates of the others see them.
    urgent: watch::Sender<Urgent>,
    /// The bucket asked for patience: none is handed out before.
    not_before: Option<Instant>,
    waiting: Line<oneshot::Sender<Slot>>,
    /// Where no request can take over from another: how many are still to begin, of each transfer that has begun.
    to_begin: Option<HashMap<TransferId, usize>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flying {
    /// Those that have bytes to move.
    requests: usize,
    /// Those that have sent everything and wait for the store's word.
    answering: usize,
    breaking: bool,
}

/// The right to have one request in flight. Goes back when it is dropped, however the request ended; and to the next one
/// already when all was sent, so that the link is used while the store's answer is on its way.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Slots,
    id: TransferId,
    stage: Arc<Mutex<Stage>>,
}

/// How far a slot's request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Sending,
    /// It waits for the store's word.
    Sent,
    /// The slot went back. What is left of the request, such as its body, may learn that late.
    Gone,
}

impl State {
    /// Those that have bytes to move, and all of them.
    fn used(&self) -> (usize, usize) {
        self.flying.values().fold((0, 0), |(sending, all), f| (sending + f.requests, all + f.requests + f.answering))
    }

    /// Of those in use, the ones that move: beside breaking, only its own.
    fn moving(&self) -> usize {
        let urgent = self.urgent.borrow();
        self.flying.iter().filter(|(id, _)| !is_shut(**id, &urgent)).map(|(_, flying)| flying.requests).sum()
    }

    /// How many may have bytes to move now. A part has to go as a whole: if the last ones waited for their turn, they would
    /// begin when the others end, and each would go alone over a link that one connection does not fill. So the last few
    /// begin beside those before them.
    fn allowed(&self) -> usize {
        let allowed = self.pace.allowed();
        match &self.to_begin {
            Some(all) if (1..=allowed / LAST).contains(&all.values().sum()) => allowed + allowed / LAST,
            _ => allowed,
        }
    }

    fn breaking(&self) -> usize {
        self.flying.values().filter(|flying| flying.breaking).map(|flying| flying.requests).sum()
    }

    /// How many wait that may have one now.
    fn wanting(&self) -> usize {
        let urgent = self.urgent.borrow();
        self.waiting.count(|place, who| !who.is_closed() && (place.breaking || urgent.is_empty()))
    }

    /// After any change of `flying`.
    fn note_urgent(&self) {
        let now: Urgent = self.flying.iter().filter(|(_, flying)| flying.breaking).map(|(id, _)| *id).collect();
        self.urgent.send_if_modified(|urgent| {
            let is_other = *urgent != now;
            *urgent = now;
            is_other
        });
    }
}

impl Slots {
    /// Of a direction in which no request can take over from another.
    pub(crate) fn of_wholes() -> Slots {
        let slots = Slots::default();
        slots.locked().to_begin = Some(HashMap::new());
        slots
    }

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
        {
            let mut state = self.locked();
            state.waiting.put(place);
            if let Some(flying) = state.flying.get_mut(&place.id) {
                flying.breaking = place.breaking;
            }
            state.note_urgent();
        }
        self.hand_out();
    }

    pub(crate) fn allowed(&self) -> usize {
        self.locked().pace.allowed()
    }

    /// So many requests of this transfer are still to begin.
    pub(crate) fn to_begin(&self, id: TransferId, requests: usize) {
        if let Some(all) = &mut self.locked().to_begin {
            match requests {
                0 => all.remove(&id),
                requests => all.insert(id, requests),
            };
        }
    }

    /// The path takes so long there and back: known before the first request of this direction.
    pub(crate) fn begin_over(&self, path: Duration) {
        self.locked().pace.begin_over(path.as_secs_f64() * 1_000.0);
    }

    /// How much each request of this direction may hold of its bytes at a time: all of them share one budget, so that
    /// memory does not grow with their number.
    pub(crate) fn piece(&self) -> usize {
        (BUFFERS / self.allowed().max(1)).clamp(PIECE_LEAST, PIECE_MOST)
    }

    pub(crate) fn used(&self) -> usize {
        self.locked().used().1
    }

    /// Nobody waits for one, and some are free: requests of this transfer that are only a second try may have them.
    pub(crate) fn spare(&self, id: TransferId) -> usize {
        let state = self.locked();
        if is_shut(id, &state.urgent.borrow()) {
            return 0;
        }
        state.pace.allowed().saturating_sub(state.moving() + state.wanting())
    }

    /// A request of this transfer has handed its last byte on.
    fn sent(&self, id: TransferId, stage: &Mutex<Stage>) {
        {
            let mut state = self.locked();
            let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
            if *stage != Stage::Sending {
                return;
            }
            *stage = Stage::Sent;
            if let Some(flying) = state.flying.get_mut(&id) {
                flying.requests -= 1;
                flying.answering += 1;
            }
            state.note_urgent();
        }
        self.hand_out();
    }

    /// What it carries now, as a share of the most that it has carried.
    pub(crate) fn fullness(&self) -> f64 {
        self.locked().pace.fullness()
    }

    /// The bucket asked to slow down, which one request heard and all heed: half as many, after a pause. What more of
    /// those that are under way hear meanwhile is the same word.
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
    fn feed(&self, sample: Sample) -> (usize, usize) {
        let (used, ready) = {
            let mut state = self.locked();
            let wanting = state.wanting() > 0;
            let sample = Sample { in_flight: state.moving(), wanting, ..sample };
            state.pace.feed(sample);
            (state.used().1, if wanting { state.pace.ready() } else { 0 })
        };
        self.hand_out();
        (used, ready)
    }

    fn hand_out(&self) {
        // A slot whose taker has gone comes back through Drop, which locks: so it is given outside the lock.
        loop {
            let (next, id) = {
                let mut state = self.locked();
                let resting = state.not_before.is_some_and(|until| until > Instant::now());
                let Some(place) = state.waiting.first().copied() else { return };
                // What breaking holds still is not in its way; and beside it no other begins, even where slots are free.
                let (busy, all) = if place.breaking { (state.breaking(), 0) } else { state.used() };
                let is_held = is_shut(place.id, &state.urgent.borrow()) && !place.breaking;
                if resting || is_held || busy >= state.allowed() || all >= 2 * state.pace.allowed() {
                    return;
                }
                let Some(next) = state.waiting.pop() else { return };
                if next.is_closed() {
                    continue;
                }
                if state.flying.is_empty() {
                    self.begun.notify_one();
                }
                let flying = state.flying.entry(place.id).or_default();
                flying.requests += 1;
                flying.breaking = place.breaking;
                state.note_urgent();
                (next, place.id)
            };
            let _ = next.send(Slot { slots: self.clone(), id, stage: Arc::default() });
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Where its request waits while something breaking has the link.
    pub(crate) fn gate(&self) -> Gate {
        Gate::of(self, self.slots.locked().urgent.subscribe())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        {
            let mut state = self.slots.locked();
            let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
            let was_sent = std::mem::replace(&mut *stage, Stage::Gone) == Stage::Sent;
            if let Some(flying) = state.flying.get_mut(&self.id) {
                *(if was_sent { &mut flying.answering } else { &mut flying.requests }) -= 1;
                if flying.requests + flying.answering == 0 {
                    state.flying.remove(&self.id);
                }
            }
            state.note_urgent();
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
        assert_eq!(slots.used(), 0);
    }
    #[tokio::test]
    async fn when_the_bucket_asks_for_patience_no_transfer_begins_a_request_and_then_half_as_many() {
        let slots = Slots::default();
        let all = slots.allowed();
        let first = slots.take(place(1)).await;
        // Every request that was under way hears it.
        for _ in 0..3 {
            slots.slow_down();
        }
        assert_eq!(slots.allowed(), all / 2);
        let begun = Instant::now();
        let second = tokio::time::timeout(BREATHER / 2, slots.take(place(2))).await;
        assert!(second.is_err(), "another transfer began a request while the bucket rested");
        let _second = slots.take(place(2)).await;
        assert!(begun.elapsed() >= BREATHER);
        let third = tokio::time::timeout(BREATHER / 4, slots.take(place(2))).await;
        assert!(third.is_err(), "more than half as many");
        drop(first);
        slots.take(place(2)).await;
    }
}
