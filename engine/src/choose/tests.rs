//! What the choice must do on lanes with known rates that change. The simulation is `simulation`'s.

use std::sync::atomic::{AtomicU64, Ordering};

use super::simulation::{Course, Lane, Outcome, World, random_world, run};
use super::{Chooser, View};

const MBIT: f64 = 125.0;

fn lane(uplink: u32, mbit: f64, trip: f64) -> Lane {
    Lane { uplink, way: Course::steady(mbit * MBIT), trip, each: 64_000.0 / trip * 4.0 }
}

fn ended(world: &World) -> Outcome {
    run(world, None).expect("an end")
}

/// Milliseconds that the best fixed choice of lanes needs, known afterwards.
fn best_fixed(world: &World) -> f64 {
    let n = world.lanes.len() as u32;
    let subsets = (1u32..1 << n).map(|bits| (0..n).filter(|lane| bits & (1 << lane) != 0).collect::<Vec<_>>());
    subsets.filter_map(|only| run(world, Some(&only))).map(|o| o.took).fold(f64::INFINITY, f64::min)
}

/// How many random worlds: enough for a change that spoils the choice to be seen. `make prove TOPIC=routes` asks for more.
const WORLDS: u64 = 40;

#[test]
fn random_worlds_are_nearly_as_fast_as_the_best_choice_known_afterwards() {
    let worlds: u64 = std::env::var("RUSHES_WORLDS").map_or(WORLDS, |worlds| worlds.parse().expect("a number"));
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let next = AtomicU64::new(0);
    let worse = |seed| {
        let world = random_world(seed);
        ended(&world).took / best_fixed(&world)
    };
    let some = || std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed)).take_while(|seed| *seed < worlds);
    let mut worse: Vec<f64> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(|| some().map(worse).collect::<Vec<_>>())).collect();
        all.into_iter().flat_map(|some| some.join().expect("no panic")).collect()
    });
    worse.sort_by(f64::total_cmp);
    let at = |share: f64| worse[(worse.len() as f64 * share) as usize];
    let (median, p99) = (at(0.5), at(0.99));
    println!("{worlds} worlds: median {median:.3}, p99 {p99:.3}, worst {:.3}", at(0.9999));
    assert!(median <= 1.05, "in the median {median:.3} times as long");
    // Of few, the very worst would be one.
    assert!(worlds < 1_000 || p99 <= 1.15, "at p99 {p99:.3} times as long");
    assert!(at(0.95) <= 1.15, "at p95 {:.3} times as long", at(0.95));
}

#[test]
fn uplinks_add_up() {
    let world = World {
        uplinks: vec![Course::steady(60.0 * MBIT), Course::steady(60.0 * MBIT)],
        lanes: vec![lane(0, 1_000.0, 20.0), lane(1, 1_000.0, 20.0)],
        bytes: 500e6,
        queues: false,
    };
    let share = world.bytes / ended(&world).took / (120.0 * MBIT);
    assert!(share > 0.9, "{share:.2} of their sum");
}

#[test]
fn one_way_that_fills_the_uplink_is_not_mixed_with_a_longer_one() {
    let world = World {
        uplinks: vec![Course::steady(60.0 * MBIT)],
        lanes: vec![lane(0, 1_000.0, 180.0), lane(0, 1_000.0, 20.0)],
        bytes: 500e6,
        queues: false,
    };
    let outcome = ended(&world);
    let near = outcome.moved[1] / world.bytes;
    assert!(near > 0.85, "the near way carried {near:.2}");
}

#[test]
fn a_link_that_shows_its_queue_is_not_tried_with_a_second_way() {
    let world = World {
        uplinks: vec![Course::steady(60.0 * MBIT)],
        lanes: vec![lane(0, 1_000.0, 180.0), lane(0, 1_000.0, 20.0)],
        bytes: 500e6,
        queues: true,
    };
    let outcome = ended(&world);
    assert_eq!(outcome.moved[0], 0.0, "the far way was tried");
}

#[test]
fn a_second_way_is_added_where_the_first_does_not_fill_the_uplink() {
    let world = World {
        uplinks: vec![Course::steady(100.0 * MBIT)],
        lanes: vec![lane(0, 30.0, 20.0), lane(0, 40.0, 90.0)],
        bytes: 500e6,
        queues: false,
    };
    let share = world.bytes / ended(&world).took / (70.0 * MBIT);
    assert!(share > 0.85, "{share:.2} of what both carry");
}

#[test]
fn a_lane_that_dies_is_left_within_seconds_and_taken_again_when_it_returns() {
    let dies = Course(vec![(0.0, 1_000.0 * MBIT), (10_000.0, 0.0), (30_000.0, 1_000.0 * MBIT)]);
    let world = World {
        uplinks: vec![Course::steady(60.0 * MBIT), Course::steady(20.0 * MBIT)],
        lanes: vec![Lane { way: dies, ..lane(0, 0.0, 20.0) }, lane(1, 1_000.0, 40.0)],
        bytes: 600e6,
        queues: false,
    };
    let outcome = ended(&world);
    assert!(outcome.stall < 2_000.0, "nothing moved for {:.0} ms", outcome.stall);
    let (_, last) = outcome.used[0].unwrap();
    assert!(last > 45_000.0, "it was last used at {last:.0} ms");
}

#[test]
fn the_last_part_does_not_wait_for_a_lane_that_is_slow() {
    // A phone at a fiftieth of the office's rate: a part on it takes 50 s.
    let world = World {
        uplinks: vec![Course::steady(100.0 * MBIT), Course::steady(MBIT)],
        lanes: vec![lane(0, 1_000.0, 20.0), lane(1, 1_000.0, 60.0)],
        bytes: 300e6,
        queues: false,
    };
    let alone = run(&world, Some(&[0])).unwrap().took;
    let took = ended(&world).took;
    assert!(took <= alone * 1.05, "{took:.0} ms with the phone, {alone:.0} without");
}

#[test]
fn never_much_worse_than_the_best_single_lane() {
    for seed in 5_000..5_040 {
        let world = random_world(seed);
        let single = (0..world.lanes.len() as u32).filter_map(|lane| run(&world, Some(&[lane]))).map(|o| o.took);
        let best = single.fold(f64::INFINITY, f64::min);
        let took = ended(&world).took;
        assert!(took <= best * 1.12 + 2_000.0, "seed {seed}: {took:.0} ms, the best lane alone {best:.0}");
    }
}

#[test]
fn a_way_that_was_never_used_goes_first_once_where_its_kind_is_better() {
    let view = |lane: u32, rank: u32, remembered: Option<f64>| View {
        lane,
        uplink: 0,
        alive: true,
        metered: false,
        bare: true,
        queue: None,
        probe: None,
        moved: 0,
        in_flight: 0,
        room: 4,
        climbing: false,
        sturdy: false,
        trip: None,
        remembered,
        rank,
        price: 0.0,
    };
    let first = |lanes: &[View]| {
        let mut chooser = Chooser::default();
        chooser.feed(0, 60_000_000, lanes);
        lanes.iter().map(|view| view.lane).find(|lane| chooser.is_on(*lane))
    };
    assert_eq!(first(&[view(1, 4, Some(1_700.0)), view(2, 2, None)]), Some(2));
    assert_eq!(first(&[view(1, 4, Some(1_700.0)), view(2, 2, Some(900.0))]), Some(1));
    assert_eq!(first(&[view(1, 2, Some(1_700.0)), view(2, 4, None)]), Some(1));
    assert_eq!(first(&[view(1, 4, None), view(2, 2, None)]), Some(2));
}
