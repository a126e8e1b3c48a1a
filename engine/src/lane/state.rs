//! What one direction's slots stand on: the lanes, what flies on them, who waits. It finds out whose turn it is and on which
//! lane; it hands nothing out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::preempt::{Urgent, is_shut};
use super::slots::Slot;
use crate::choose::{Chooser, View};
use crate::pace::Pace;
use crate::queue::{Line, Place};
use crate::transfer::TransferId;

/// So long holds what a look at a queue said.
const PROBED: Duration = Duration::from_secs(3);
/// This share of what is in flight is called the last.
const LAST: usize = 2;

#[derive(Debug)]
pub(super) struct State {
    pub(super) began: Instant,
    pub(super) lanes: BTreeMap<u32, OnLane>,
    /// Those through networks that are only for what is breaking.
    pub(super) metered: BTreeSet<u32>,
    pub(super) chooser: Chooser,
    /// Bytes that no request is for yet, as it was at the last look.
    pub(super) rest: u64,
    /// The breaking transfers that have requests in flight, as the gates of the others see them.
    pub(super) urgent: watch::Sender<Urgent>,
    /// The bucket asked for patience: none is handed out before.
    pub(super) not_before: Option<Instant>,
    pub(super) waiting: Line<Waiter>,
    /// Where no request can take over from another: how many are still to begin, of each transfer that has begun.
    pub(super) to_begin: Option<HashMap<TransferId, usize>>,
}

impl Default for State {
    fn default() -> Self {
        State {
            began: Instant::now(),
            lanes: BTreeMap::new(),
            metered: BTreeSet::new(),
            chooser: Chooser::default(),
            rest: u64::MAX,
            urgent: watch::Sender::default(),
            not_before: None,
            waiting: Line::default(),
            to_begin: None,
        }
    }
}

/// A lane that carries this direction, as it is set up. See [`Slots::open`].
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub lane: u32,
    pub profile: Arc<str>,
    /// Lanes of the same are on one network.
    pub uplink: String,
    /// Where nothing else tells two lanes apart: the smaller goes first.
    pub rank: u32,
    /// Dollars a gigabyte.
    pub price: f64,
    /// Bytes a millisecond that it carried when it was last used on this network.
    pub remembered: Option<f64>,
    /// Not known to be out of reach.
    pub alive: bool,
}

/// What is known of a lane, and in flight on it.
#[derive(Debug)]
pub(super) struct OnLane {
    pub(super) opened: Opened,
    /// It is reached, as far as this direction goes: the last one of it is never given up.
    pub(super) alive: bool,
    /// The profile has it no more: what flies on it only lands.
    pub(super) gone: bool,
    pub(super) pace: Pace,
    pub(super) flying: HashMap<TransferId, Flying>,
    /// Of the requests that have bytes to move: of how many.
    pub(super) bytes: u64,
    /// And of those that wait for the store's word.
    pub(super) answering: u64,
    /// Of both, what the other side has already.
    pub(super) under_way: u64,
    /// Since any beginning.
    pub(super) moved: u64,
    /// See `View::sturdy`.
    pub(super) sturdy: bool,
    /// Milliseconds there and back, and how many of them are a queue's.
    pub(super) trip: Option<f64>,
    pub(super) queue: Option<f64>,
    /// Its path is known without a queue.
    pub(super) bare: bool,
    /// When its queue was last looked at by a connection of its own, and what that was.
    pub(super) probe: Option<(Instant, f64)>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flying {
    /// Those that have bytes to move.
    pub(super) requests: usize,
    /// Those that have sent everything and wait for the store's word.
    pub(super) answering: usize,
    pub(super) breaking: bool,
}

/// Who waits for a slot, and for what.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) give: oneshot::Sender<Slot>,
    pub(super) want: Want,
}

/// What a slot is wanted for.
#[derive(Clone, Debug)]
pub(crate) struct Want {
    /// Any of this profile's lanes will do.
    pub profile: Arc<str>,
    /// About so many bytes will move.
    pub bytes: u64,
    /// On this lane and no other.
    pub only: Option<u32>,
    /// On none of these.
    pub except: Vec<u32>,
}

impl OnLane {
    /// Those that have bytes to move, and all of them.
    pub(super) fn used(&self) -> (usize, usize) {
        self.flying.values().fold((0, 0), |(sending, all), f| (sending + f.requests, all + f.requests + f.answering))
    }

    /// Of those in use, the ones that move: beside breaking, only its own.
    pub(super) fn moving(&self, urgent: &Urgent) -> usize {
        self.flying.iter().filter(|(id, _)| !is_shut(**id, urgent)).map(|(_, flying)| flying.requests).sum()
    }

    fn breaking(&self) -> usize {
        self.flying.values().filter(|flying| flying.breaking).map(|flying| flying.requests).sum()
    }
}

impl State {
    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    pub(super) fn is_idle(&self) -> bool {
        self.lanes.values().all(|lane| lane.flying.is_empty())
    }

    /// How many may have bytes to move now on a lane. A part has to go as a whole: if the last ones waited for their turn,
    /// they would begin when the others end, and each would go alone over a link that one connection does not fill. So the
    /// last few begin beside those before them.
    fn allowed_on(&self, lane: &OnLane) -> usize {
        let allowed = lane.pace.allowed();
        match &self.to_begin {
            Some(all) if (1..=allowed / LAST).contains(&all.values().sum()) => allowed + allowed / LAST,
            _ => allowed,
        }
    }

    /// Whether a lane's profile has another one that is reached and that takes the same.
    pub(super) fn has_other(&self, lane: u32) -> bool {
        let Some(known) = self.lanes.get(&lane) else { return false };
        let takes = |other: u32| !self.metered.contains(&other) || self.metered.contains(&lane);
        self.lanes
            .iter()
            .any(|(id, other)| *id != lane && other.is_usable() && other.is_of(&known.opened.profile) && takes(*id))
    }

    /// Those of a profile that parts begin on now.
    pub(super) fn on<'a>(&'a self, profile: &'a str) -> impl Iterator<Item = (u32, &'a OnLane)> {
        let urgent = !self.urgent.borrow().is_empty();
        let is_on = move |id: u32| self.chooser.is_on(id) || urgent && self.metered.contains(&id);
        let on = self.lanes.iter().filter(move |(id, lane)| lane.is_usable() && is_on(**id) && lane.is_of(profile));
        on.map(|(id, lane)| (*id, lane))
    }

    /// How many of a profile's requests may have bytes to move.
    pub(super) fn allowed(&self, profile: &str) -> usize {
        match self.on(profile).map(|(_, lane)| lane.pace.allowed()).sum() {
            0 => Pace::default().allowed(),
            allowed => allowed,
        }
    }

    /// How many of all profiles' that move anything, or would if any did.
    pub(super) fn allowed_in_all(&self) -> usize {
        let mut profiles: Vec<&str> = self.lanes.values().map(|lane| &*lane.opened.profile).collect();
        profiles.sort_unstable();
        profiles.dedup();
        let all = |used: bool| {
            let moves = |profile: &&str| self.lanes.values().any(|lane| lane.is_of(profile) && !lane.flying.is_empty());
            let those = profiles.iter().filter(move |profile| !used || moves(profile));
            those.map(|profile| self.allowed(profile))
        };
        match all(true).sum() {
            0 => all(false).max().unwrap_or_else(|| Pace::default().allowed()),
            allowed => allowed,
        }
    }

    /// How many wait that may have one now, on a lane of this profile.
    pub(super) fn wanting(&self, profile: &str) -> usize {
        let urgent = self.urgent.borrow();
        let of = |waiter: &Waiter| !waiter.give.is_closed() && *waiter.want.profile == *profile;
        self.waiting.count(|place, waiter| of(waiter) && (place.breaking || urgent.is_empty()))
    }

    /// After any change of what flies.
    pub(super) fn note_urgent(&self) {
        let flying = self.lanes.values().flat_map(|lane| &lane.flying);
        let now: Urgent = flying.filter(|(_, flying)| flying.breaking).map(|(id, _)| *id).collect();
        self.urgent.send_if_modified(|urgent| {
            let is_other = *urgent != now;
            *urgent = now;
            is_other
        });
    }

    /// All lanes as the choice looks at them; for something breaking, which nothing else is in the way of.
    pub(super) fn views(&self, breaking: bool) -> Vec<View> {
        let urgent = self.urgent.borrow();
        // Lanes of several profiles over one network are no matter of one choice.
        let group = |lane: &OnLane| (lane.opened.profile.clone(), lane.opened.uplink.clone());
        let groups: BTreeSet<(Arc<str>, String)> = self.lanes.values().map(group).collect();
        let view = |(id, lane): (&u32, &OnLane)| {
            let uplink = groups.iter().position(|known| *known == group(lane)).unwrap_or_default();
            let (busy, all) = if breaking { (lane.breaking(), 0) } else { lane.used() };
            let is_full = all >= 2 * lane.pace.allowed();
            View {
                lane: *id,
                uplink: uplink as u32,
                alive: lane.is_usable() && (breaking || !self.metered.contains(id)),
                metered: self.metered.contains(id),
                moved: lane.moved,
                in_flight: lane.moving(&urgent),
                room: if is_full { 0 } else { self.allowed_on(lane).saturating_sub(busy) },
                climbing: lane.pace.is_climbing(),
                sturdy: lane.sturdy,
                trip: lane.trip,
                queue: lane.queue,
                bare: lane.bare,
                probe: lane.probe.filter(|(at, _)| at.elapsed() < PROBED).map(|(_, queue)| queue),
                remembered: lane.opened.remembered,
                rank: lane.opened.rank,
                price: lane.opened.price,
            }
        };
        self.lanes.iter().map(view).collect()
    }

    pub(super) fn choose(&mut self) {
        let (now, views) = (self.now(), self.views(false));
        let on = |chooser: &Chooser| views.iter().map(|view| view.lane).filter(|lane| chooser.is_on(*lane)).collect();
        let before: Vec<u32> = on(&self.chooser);
        self.chooser.feed(now, self.rest, &views);
        let after: Vec<u32> = on(&self.chooser);
        if before != after {
            let carries: Vec<(u32, u64)> = after.iter().map(|lane| (*lane, self.chooser.carries(*lane))).collect();
            let queues: Vec<_> = views.iter().map(|view| (view.lane, view.trip, view.queue, view.probe)).collect();
            tracing::debug!(?before, ?carries, ?queues, "lanes in use");
        }
    }

    /// Takes the first out of the line for whom there is a slot, with its lane; or one that has left, without.
    pub(super) fn next(&mut self) -> Option<(Place, Waiter, Option<u32>)> {
        if self.not_before.is_some_and(|until| until > Instant::now()) {
            return None;
        }
        let (others, breaking) = (self.views(false), self.views(true));
        // Whoever wants the same of the same lanes is answered the same.
        let mut denied: Vec<(bool, Arc<str>, Vec<u32>)> = Vec::new();
        let (lanes, chooser, urgent, rest) = (&self.lanes, &self.chooser, self.urgent.borrow(), self.rest);
        let find = |place: &Place, waiter: &Waiter| {
            if waiter.give.is_closed() {
                return Some(None);
            }
            let want = &waiter.want;
            // Beside something breaking no other begins, even where slots are free.
            let is_held = is_shut(place.id, &urgent) && !place.breaking;
            let is_same = |(b, profile, except): &(bool, Arc<str>, Vec<u32>)| {
                *b == place.breaking && *profile == want.profile && *except == want.except
            };
            let is_denied = denied.iter().any(is_same);
            if is_held || is_denied && want.only.is_none() {
                return None;
            }
            let is_own = |view: &&View| {
                lanes.get(&view.lane).is_some_and(|lane| lane.is_of(&want.profile))
                    && want.only.is_none_or(|only| only == view.lane)
                    && !want.except.contains(&view.lane)
            };
            let views = if place.breaking { &breaking } else { &others };
            let own: Vec<View> = views.iter().filter(is_own).copied().collect();
            let ahead = |lane: u32| {
                lanes.get(&lane).map_or(0, |lane| (lane.bytes + lane.answering).saturating_sub(lane.under_way))
            };
            let chosen = chooser.part(want.bytes, rest, &own, ahead);
            if chosen.is_none() && want.only.is_none() {
                denied.push((place.breaking, want.profile.clone(), want.except.clone()));
            }
            chosen.map(Some)
        };
        self.waiting.serve(find)
    }
}

impl OnLane {
    pub(super) fn is_usable(&self) -> bool {
        self.alive && !self.gone
    }

    pub(super) fn is_of(&self, profile: &str) -> bool {
        *self.opened.profile == *profile
    }
}

impl OnLane {
    pub(super) fn new(opened: Opened) -> OnLane {
        OnLane {
            alive: opened.alive,
            opened,
            gone: false,
            pace: Pace::default(),
            flying: HashMap::new(),
            bytes: 0,
            answering: 0,
            under_way: 0,
            moved: 0,
            sturdy: false,
            trip: None,
            queue: None,
            bare: false,
            probe: None,
        }
    }
}
