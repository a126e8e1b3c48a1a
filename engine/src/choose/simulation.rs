//! Lanes on paper: uplinks with a rate each, ways with a rate each, all of which change with time, and files that go over
//! them part by part. Bytes flow like water: how single connections find their speed is `pace`'s, here a lane takes some
//! rounds to come to what it carries.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Chooser, Mix, View};

/// A step, in milliseconds.
const STEP: u64 = 50;
const PART: f64 = 5_242_880.0;
/// What stands before a full uplink, in milliseconds.
const QUEUE: f64 = 60.0;

/// A rate that changes: from each moment (milliseconds) on, so many bytes a millisecond.
#[derive(Clone, Debug)]
pub(super) struct Course(pub Vec<(f64, f64)>);

impl Course {
    pub(super) fn steady(rate: f64) -> Course {
        Course(vec![(0.0, rate)])
    }

    fn at(&self, now: f64) -> f64 {
        self.0.iter().rfind(|(from, _)| *from <= now).map_or(0.0, |(_, rate)| *rate)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub uplink: u32,
    /// What the way carries beyond the uplink; 0 is dead.
    pub way: Course,
    /// Milliseconds there and back.
    pub trip: f64,
    /// What one connection carries, in bytes a millisecond.
    pub each: f64,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub uplinks: Vec<Course>,
    pub lanes: Vec<Lane>,
    pub bytes: f64,
    /// A queue stands where an uplink is full, and all its lanes wait in it. Where senders keep to the rate, there is none.
    pub queues: bool,
}

#[derive(Clone, Debug, Default)]
struct State {
    /// Milliseconds that its packets wait.
    queue: f64,
    allowed: usize,
    /// When it last doubled.
    doubled: f64,
    climbing: bool,
    /// When its first byte moves, what is left of it, and whether it was taken over before.
    requests: Vec<(f64, f64, bool)>,
    moved: f64,
    dead_for: f64,
}

/// What came of one run.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// Milliseconds.
    pub took: f64,
    /// By lane.
    pub moved: Vec<f64>,
    /// When bytes last moved on each lane, and first.
    pub used: Vec<Option<(f64, f64)>>,
    /// The longest time in which nothing moved at all.
    pub stall: f64,
}

/// With the lanes `only`, always; or, without, as the chooser has it. `None` where it does not end.
pub(super) fn run(world: &World, only: Option<&[u32]>) -> Option<Outcome> {
    let mut chooser = Chooser::default();
    if let Some(only) = only {
        let mut by_uplink: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for lane in only {
            by_uplink.entry(world.lanes[*lane as usize].uplink).or_default().push(*lane);
        }
        chooser.mixes = by_uplink.into_iter().map(|(uplink, lanes)| (uplink, Mix::always(lanes))).collect();
    }
    let begin = |_: &Lane| State { allowed: 4, climbing: true, ..State::default() };
    let mut states: Vec<State> = world.lanes.iter().map(begin).collect();
    let mut open = world.bytes;
    let (mut now, mut still) = (0u64, 0u64);
    let mut outcome = Outcome { took: 0.0, moved: vec![0.0; states.len()], used: vec![None; states.len()], stall: 0.0 };
    while now < 3_600_000 {
        let at = now as f64;
        let views = views(world, &states, at);
        match only {
            Some(_) => chooser.measure(now, open as u64, &views),
            None => chooser.feed(now, open as u64, &views),
        }
        begin_requests(&mut chooser, world, &mut states, &mut open, at);
        if open <= 0.0 {
            rescue(&chooser, world, &mut states, at);
        }
        let moved = flow(world, &mut states, &mut open, at, &mut outcome);
        now += STEP;
        still = if moved > 0.0 { 0 } else { still + STEP };
        outcome.stall = outcome.stall.max(still as f64);
        if open <= 0.0 && states.iter().all(|state| state.requests.is_empty()) {
            outcome.took = now as f64;
            return Some(outcome);
        }
    }
    None
}

fn views(world: &World, states: &[State], at: f64) -> Vec<View> {
    let view = |(i, (lane, state)): (usize, (&Lane, &State))| View {
        metered: false,
        bare: true,
        queue: world.queues.then_some(state.queue).filter(|_| !state.requests.is_empty()),
        probe: Some(if world.queues { state.queue } else { 0.0 }),
        lane: i as u32,
        uplink: lane.uplink,
        // What stands still for more than a second is held to be dead, as the engine does it.
        alive: state.dead_for < 1_200.0 && (lane.way.at(at) > 0.0 || state.dead_for > 0.0),
        moved: state.moved as u64,
        in_flight: state.requests.len(),
        room: state.allowed.saturating_sub(state.requests.len()),
        climbing: state.climbing,
        sturdy: false,
        trip: Some(lane.trip),
        remembered: None,
        rank: i as u32,
        price: 0.0,
    };
    world.lanes.iter().zip(states).enumerate().map(view).collect()
}

fn begin_requests(chooser: &mut Chooser, world: &World, states: &mut [State], open: &mut f64, at: f64) {
    while *open > 0.0 {
        let views = views(world, states, at);
        let ahead: Vec<u64> = states.iter().map(|s| s.requests.iter().map(|r| r.1).sum::<f64>() as u64).collect();
        let part = PART.min(*open);
        let Some(lane) = chooser.part(part as u64, *open as u64, &views, |lane| ahead[lane as usize]) else { return };
        *open -= part;
        let trip = world.lanes[lane as usize].trip;
        states[lane as usize].requests.push((at + trip, part, false));
    }
}

/// The request that would be the last to end, where another lane is through with its part sooner.
fn rescue(chooser: &Chooser, world: &World, states: &mut [State], at: f64) {
    let views = views(world, states, at);
    let each = |i: usize| {
        states[i]
            .requests
            .iter()
            .enumerate()
            .filter(|(_, (.., again))| !again)
            .map(move |(n, (_, left, _))| (i, n, *left))
    };
    let all = (0..states.len()).flat_map(each);
    let slow = all.max_by(|a, b| {
        let takes = |(i, _, left): &(usize, usize, f64)| {
            left / (chooser.goodput[&(*i as u32)].now + 1e-6) * states[*i].requests.len() as f64
        };
        takes(a).total_cmp(&takes(b))
    });
    let Some((from, n, left)) = slow else { return };
    if let Some(lane) = chooser.rescue(PART as u64, left as u64, from as u32, &views) {
        states[from].requests.remove(n);
        states[lane as usize].requests.push((at + world.lanes[lane as usize].trip, PART, true));
    }
}

/// One step of bytes; answers with how many moved.
fn flow(world: &World, states: &mut [State], open: &mut f64, at: f64, outcome: &mut Outcome) -> f64 {
    let step = STEP as f64;
    let wants: Vec<f64> = world
        .lanes
        .iter()
        .zip(states.iter())
        .map(|(lane, state)| {
            let sending = state.requests.iter().filter(|(from, ..)| *from <= at).count() as f64;
            (sending * lane.each).min(lane.way.at(at))
        })
        .collect();
    let mut all = 0.0;
    for (i, (lane, state)) in world.lanes.iter().zip(states.iter_mut()).enumerate() {
        let on_uplink: f64 = (0..wants.len()).filter(|j| world.lanes[*j].uplink == lane.uplink).map(|j| wants[j]).sum();
        state.queue = if on_uplink > world.uplinks[lane.uplink as usize].at(at) { QUEUE } else { 0.0 };
        let rate = wants[i] * (world.uplinks[lane.uplink as usize].at(at) / on_uplink.max(1e-9)).min(1.0);
        let sending = state.requests.iter().filter(|(from, ..)| *from <= at).count();
        if sending > 0 && rate <= 0.0 {
            state.dead_for += step;
            if state.dead_for >= 1_200.0 {
                // Its parts go again by other lanes.
                *open += PART * state.requests.drain(..).count() as f64;
            }
        } else if rate > 0.0 || lane.way.at(at) > 0.0 {
            state.dead_for = 0.0;
        }
        let mut moved = 0.0;
        for (from, left, _) in &mut state.requests {
            if *from <= at {
                let got = (rate * step / sending as f64).min(*left);
                *left -= got;
                moved += got;
            }
        }
        state.requests.retain(|(_, left, _)| *left > 1.0);
        state.moved += moved;
        outcome.moved[i] += moved;
        all += moved;
        if moved > 0.0 {
            let first = outcome.used[i].map_or(at, |used| used.0);
            outcome.used[i] = Some((first, at));
        }
        if sending > 0 && at - state.doubled > lane.trip.max(100.0) * 1.5 {
            // While each connection carries what it can, more of them carry more; later it tries that now and then.
            let is_full = rate < sending as f64 * lane.each * 0.95;
            state.climbing = !is_full && state.allowed < 128;
            if state.climbing && sending >= state.allowed {
                state.allowed = (state.allowed * 2).min(128);
                state.doubled = at;
            }
        }
    }
    all
}

/// Some uplinks and ways of a laptop somewhere, at random.
pub(super) fn random_world(seed: u64) -> World {
    let mut random = StdRng::seed_from_u64(seed);
    let mut mbit = |from: f64, to: f64| 125.0 * from * (to / from).powf(random.random::<f64>());
    let uplinks: Vec<f64> = (0..if mbit(0.0001, 1.0) > 3.0 { 2 } else { 1 }).map(|_| mbit(8.0, 400.0)).collect();
    let mut random = StdRng::seed_from_u64(seed ^ 0x5eed);
    let mut lanes = Vec::new();
    for (i, uplink) in uplinks.iter().enumerate() {
        for _ in 0..random.random_range(1..=3) {
            let rate = uplink * 0.15 * (20.0f64).powf(random.random::<f64>());
            let trip = 15.0 * (20.0f64).powf(random.random::<f64>());
            let each = (64_000.0 / trip * (8.0f64).powf(random.random::<f64>())).max(10.0);
            let mut course = vec![(0.0, rate)];
            let mut at = 0.0;
            while random.random_bool(0.5) && course.len() < 5 {
                at += random.random_range(10_000.0..60_000.0);
                course.push((at, rate * random.random_range(0.3..1.6)));
            }
            lanes.push(Lane { uplink: i as u32, way: Course(course), trip, each });
        }
    }
    let all: f64 = uplinks.iter().sum();
    let bytes = (all * random.random_range(40_000.0..120_000.0)).clamp(100e6, 6e9);
    World { uplinks: uplinks.into_iter().map(Course::steady).collect(), lanes, bytes, queues: seed.is_multiple_of(2) }
}
