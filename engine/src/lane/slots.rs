//! Slots: each is one request that may be in flight on a lane, in one direction. Who gets a freed slot is decided in
//! `queue`; on which lane, in `choose`; how many there are, in `pace`, which `measure` feeds. This file only hands them out
//! and takes them back.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::preempt::{Gate, is_shut};
use super::state::{OnLane, Opened, State, Waiter, Want};
use crate::choose::View;
use crate::pace::Sample;
use crate::queue::Place;
use crate::transfer::TransferId;

/// What all requests of a direction hold of their bytes, and the bounds of each one's share. Smaller pieces cost more
/// turns between the threads that read and write the disk and those that serve the connections.
const BUFFERS: usize = 16 << 20;
const PIECE_LEAST: usize = 64 << 10;
const PIECE_MOST: usize = 2 << 20;

/// How long nothing new begins after the bucket asked for patience.
const BREATHER: Duration = Duration::from_secs(1);

/// One direction's slots. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    state: Arc<Mutex<State>>,
    /// The first slot was taken after none was.
    pub(super) begun: Arc<Notify>,
}

/// The right to have one request in flight. Goes back when it is dropped, however the request ended; and to the next one
/// already when all was sent, so that the link is used while the store's answer is on its way.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Slots,
    request: Arc<Request>,
}

/// What a slot and its gate share.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) id: TransferId,
    lane: u32,
    bytes: u64,
    stage: Mutex<Stage>,
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

impl Slots {
    /// Of a direction in which no request can take over from another.
    pub(crate) fn of_wholes() -> Slots {
        let slots = Slots::default();
        slots.locked().to_begin = Some(HashMap::new());
        slots
    }

    /// These are the lanes of a profile from now on. What an earlier one of the same number has learnt holds.
    pub(crate) fn open(&self, profile: &str, lanes: Vec<Opened>) {
        {
            let mut state = self.locked();
            let gone: Vec<u32> = state.lanes.iter().filter(|(_, l)| l.is_of(profile)).map(|(id, _)| *id).collect();
            let mut before: HashMap<u32, OnLane> = HashMap::new();
            for id in gone {
                before.extend(state.lanes.remove(&id).map(|lane| (id, lane)));
            }
            for opened in lanes {
                let id = opened.lane;
                let lane = match before.remove(&id) {
                    Some(known) => OnLane { alive: opened.alive, opened, gone: false, ..known },
                    None => OnLane::new(opened),
                };
                state.lanes.insert(id, lane);
            }
            // What still flies on a lane that is no more must find its place when it lands.
            for (id, lane) in before.into_iter().filter(|(_, lane)| !lane.flying.is_empty()) {
                state.lanes.insert(id, OnLane { gone: true, ..lane });
            }
            state.choose();
        }
        self.hand_out();
    }

    /// Waits for a slot. To stop waiting, drop the future.
    pub(crate) async fn take(&self, place: Place, want: Want) -> Slot {
        let (give, given) = oneshot::channel();
        self.locked().waiting.join(place, Waiter { give, want }, |waiter| waiter.give.is_closed());
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
            for flying in state.lanes.values_mut().filter_map(|lane| lane.flying.get_mut(&place.id)) {
                flying.breaking = place.breaking;
            }
            state.note_urgent();
        }
        self.hand_out();
    }

    /// How many requests of a profile's transfers may have bytes to move.
    pub(crate) fn allowed(&self, profile: &str) -> usize {
        self.locked().allowed(profile)
    }

    /// How many of all profiles'.
    pub(crate) fn allowed_in_all(&self) -> usize {
        self.locked().allowed_in_all()
    }

    /// The lanes on which a profile's next requests begin.
    pub(crate) fn on(&self, profile: &str) -> Vec<u32> {
        self.locked().on(profile).map(|(id, _)| id).collect()
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

    /// The path of this lane takes so long there and back: known before its first request in this direction.
    pub(crate) fn begin_over(&self, lane: u32, path: Duration) {
        if let Some(lane) = self.locked().lanes.get_mut(&lane) {
            lane.pace.begin_over(path.as_secs_f64() * 1_000.0);
        }
    }

    /// How much each request of this direction may hold of its bytes at a time: all of them share one budget, so that
    /// memory does not grow with their number.
    pub(crate) fn piece(&self) -> usize {
        (BUFFERS / self.allowed_in_all().max(1)).clamp(PIECE_LEAST, PIECE_MOST)
    }

    pub(crate) fn used(&self) -> usize {
        self.locked().lanes.values().map(|lane| lane.used().1).sum()
    }

    /// What a lane's requests that have bytes to move are for.
    pub(super) fn bytes(&self, lane: u32) -> u64 {
        self.locked().lanes.get(&lane).map_or(0, |lane| lane.bytes)
    }

    /// Whether a lane has a request in flight.
    pub(crate) fn uses(&self, lane: u32) -> bool {
        self.locked().lanes.get(&lane).is_some_and(|lane| !lane.flying.is_empty())
    }

    /// Nobody waits for one, and some are free: requests of this transfer that are only a second try may have them.
    pub(crate) fn spare(&self, id: TransferId, profile: &str) -> usize {
        let state = self.locked();
        let urgent = state.urgent.borrow();
        if is_shut(id, &urgent) {
            return 0;
        }
        let moving: usize = state.on(profile).map(|(_, lane)| lane.moving(&urgent)).sum();
        state.allowed(profile).saturating_sub(moving + state.wanting(profile))
    }

    /// A request has handed its last byte on.
    pub(super) fn sent(&self, request: &Request) {
        {
            let mut state = self.locked();
            let mut stage = request.stage.lock().unwrap_or_else(PoisonError::into_inner);
            if *stage != Stage::Sending {
                return;
            }
            *stage = Stage::Sent;
            if let Some(lane) = state.lanes.get_mut(&request.lane) {
                lane.bytes -= request.bytes;
                lane.answering += request.bytes;
                if let Some(flying) = lane.flying.get_mut(&request.id) {
                    flying.requests -= 1;
                    flying.answering += 1;
                }
            }
            state.note_urgent();
        }
        self.hand_out();
    }

    /// What the fullest of a profile's lanes carries now, as a share of the most that it has carried.
    pub(crate) fn fullness(&self, profile: &str) -> f64 {
        self.locked().on(profile).map(|(_, lane)| lane.pace.fullness()).fold(0.0, f64::max)
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
            state.lanes.values_mut().for_each(|lane| lane.pace.halve());
        }
        let slots = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(BREATHER).await;
            slots.hand_out();
        });
    }

    /// What was learnt is of another network.
    pub(crate) fn forget(&self) {
        let mut state = self.locked();
        for lane in state.lanes.values_mut() {
            lane.pace.forget();
            lane.trip = None;
        }
        state.chooser.forget();
        state.choose();
    }

    /// A lane is reached again.
    pub(crate) fn revive(&self, lane: u32) {
        {
            let mut state = self.locked();
            let Some(known) = state.lanes.get_mut(&lane).filter(|known| !known.alive) else { return };
            known.alive = true;
            state.choose();
        }
        self.hand_out();
    }

    /// A lane is not reached: where the profile has another for what waits, nothing more begins on it. Answers whether that
    /// is so.
    pub(crate) fn give_up(&self, lane: u32) -> bool {
        {
            let mut state = self.locked();
            if !state.has_other(lane) {
                return false;
            }
            if let Some(known) = state.lanes.get_mut(&lane) {
                known.alive = false;
            }
            state.choose();
        }
        self.hand_out();
        true
    }

    /// Whether parts may begin on a lane.
    pub(crate) fn is_usable(&self, lane: u32) -> bool {
        self.locked().lanes.get(&lane).is_some_and(OnLane::is_usable)
    }

    /// Whether parts of a profile may begin on any lane.
    pub(crate) fn any_usable(&self, profile: &str) -> bool {
        self.locked().lanes.values().any(|lane| lane.is_usable() && lane.is_of(profile))
    }

    /// Whether something should be moving on a lane: a request that does not stand back for something breaking.
    pub(crate) fn moves(&self, lane: u32) -> bool {
        let state = self.locked();
        let urgent = state.urgent.borrow();
        let flying = state.lanes.get(&lane).into_iter().flat_map(|lane| &lane.flying);
        flying.into_iter().any(|(id, flying)| !is_shut(*id, &urgent) && flying.requests + flying.answering > 0)
    }

    /// These lanes, of all there are, go through networks that are only for what is breaking.
    pub(crate) fn set_metered(&self, lanes: &BTreeSet<u32>) {
        {
            let mut state = self.locked();
            if state.metered == *lanes {
                return;
            }
            state.metered.clone_from(lanes);
            state.choose();
        }
        self.hand_out();
    }

    /// A profile's lanes that are reached all are for what is breaking only.
    pub(crate) fn is_metered(&self, profile: &str) -> bool {
        let state = self.locked();
        let mut own = state.lanes.iter().filter(|(_, lane)| lane.is_usable() && lane.is_of(profile)).peekable();
        own.peek().is_some() && own.all(|(id, _)| state.metered.contains(id))
    }

    /// Whether the lane's profile has another one that is reached and that takes the same.
    pub(crate) fn has_other(&self, lane: u32) -> bool {
        self.locked().has_other(lane)
    }

    /// What a lane measured. Answers with how many requests it has, and how many connections should lie ready for more.
    /// `under_way` is what the other side has of requests that are not answered; `bare`, whether its path is known without a
    /// queue.
    pub(super) fn feed(&self, lane: u32, sample: Sample, under_way: u64, bare: bool) -> (usize, usize) {
        let mut state = self.locked();
        let state = &mut *state;
        let Some(profile) = state.lanes.get(&lane).map(|lane| lane.opened.profile.clone()) else { return (0, 0) };
        let wanting = state.chooser.is_on(lane) && state.wanting(&profile) > 0;
        let urgent = state.urgent.borrow();
        let Some(lane) = state.lanes.get_mut(&lane) else { return (0, 0) };
        lane.moved = sample.moved;
        lane.sturdy = sample.sturdy;
        (lane.under_way, lane.bare) = (under_way, bare);
        lane.trip = sample.path.map(|(now, _)| now).or(lane.trip);
        lane.queue = sample.path.filter(|_| !lane.flying.is_empty()).map(|(now, least)| now - least);
        if lane.flying.is_empty() {
            return (0, if wanting { lane.pace.ready() } else { 0 });
        }
        lane.pace.feed(Sample { in_flight: lane.moving(&urgent), wanting, ..sample });
        (lane.used().1, if wanting { lane.pace.ready() } else { 0 })
    }

    /// Bytes a millisecond that a lane carried while its pace was found, since this process began.
    pub(crate) fn learnt(&self, lane: u32) -> Option<f64> {
        self.locked().chooser.learnt(lane)
    }

    /// A part of so many bytes is slow on a lane: the other one that would be through with it in half the time.
    pub(crate) fn rescue(&self, id: TransferId, lane: u32, profile: &str, part: u64) -> Option<u32> {
        let state = self.locked();
        // It is slow because it stands back.
        if is_shut(id, &state.urgent.borrow()) {
            return None;
        }
        let slow = state.lanes.get(&lane)?;
        let requests: usize = slow.flying.values().map(|flying| flying.requests).sum();
        // Of each, about as much as of the others.
        let left = (slow.bytes + slow.answering).saturating_sub(slow.under_way) / requests.max(1) as u64;
        let is_own = |view: &View| state.lanes.get(&view.lane).is_some_and(|lane| lane.is_of(profile));
        let own: Vec<View> = state.views(false).into_iter().filter(is_own).collect();
        state.chooser.rescue(part, left, lane, &own)
    }

    /// What a connection that was opened on a lane just now waited in a queue, in milliseconds.
    pub(super) fn probed(&self, lane: u32, queue: f64) {
        if let Some(lane) = self.locked().lanes.get_mut(&lane) {
            lane.probe = Some((Instant::now(), queue));
        }
    }

    /// After all lanes were fed: which of them parts begin on. So many bytes are not there yet. Answers with the lanes whose
    /// queue should be looked at.
    pub(super) fn choose(&self, left: u64) -> Vec<u32> {
        {
            let mut state = self.locked();
            let begun: u64 = state.lanes.values().map(|lane| lane.bytes + lane.answering).sum();
            state.rest = left.saturating_sub(begun);
            state.choose();
        }
        self.hand_out();
        self.locked().chooser.asks().collect()
    }

    fn hand_out(&self) {
        // A slot whose taker has gone comes back through Drop, which locks: so it is given outside the lock.
        loop {
            let (give, request) = {
                let mut state = self.locked();
                let Some((place, waiter, lane)) = state.next() else { return };
                let Some(id) = lane else { continue };
                if state.is_idle() {
                    self.begun.notify_one();
                }
                let bytes = waiter.want.bytes;
                let Some(lane) = state.lanes.get_mut(&id) else { continue };
                lane.bytes += bytes;
                let flying = lane.flying.entry(place.id).or_default();
                flying.requests += 1;
                flying.breaking = place.breaking;
                state.rest = state.rest.saturating_sub(bytes);
                state.note_urgent();
                (waiter.give, Request { id: place.id, lane: id, bytes, stage: Mutex::default() })
            };
            let _ = give.send(Slot { slots: self.clone(), request: Arc::new(request) });
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// The lane on which its request goes.
    pub(crate) fn lane(&self) -> u32 {
        self.request.lane
    }

    /// Where its request waits while something breaking has the link.
    pub(crate) fn gate(&self) -> Gate {
        Gate::of(&self.slots, &self.request, self.slots.locked().urgent.subscribe())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        {
            let mut state = self.slots.locked();
            let mut stage = self.request.stage.lock().unwrap_or_else(PoisonError::into_inner);
            let was_sent = std::mem::replace(&mut *stage, Stage::Gone) == Stage::Sent;
            if let Some(lane) = state.lanes.get_mut(&self.request.lane) {
                *(if was_sent { &mut lane.answering } else { &mut lane.bytes }) -= self.request.bytes;
                if let Some(flying) = lane.flying.get_mut(&self.request.id) {
                    *(if was_sent { &mut flying.answering } else { &mut flying.requests }) -= 1;
                    if flying.requests + flying.answering == 0 {
                        lane.flying.remove(&self.request.id);
                    }
                }
                if lane.gone && lane.flying.is_empty() {
                    state.lanes.remove(&self.request.lane);
                }
            }
            state.note_urgent();
        }
        self.slots.hand_out();
    }
}

#[cfg(test)]
mod tests;
