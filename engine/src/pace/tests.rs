//! What the pace must do on links with known rates, delays, losses and noise. `UPDATE_PLOTS=1` draws the courses into
//! docs/pace.

use std::fmt::Write as _;

use super::simulation::{BUREAU, Course, HOTEL, Job, Link, NEAR, REMOTE, Way, run, side_by_side};
use super::*;

const MIB: f64 = 1_048_576.0;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of five seeds.
fn over_seeds(figure: impl Fn(u64) -> f64) -> f64 {
    median((0..5).map(figure).collect())
}

#[test]
fn far_and_lossy_links_are_filled_within_seconds_and_kept_full() {
    for (name, link, least) in [("bureau", BUREAU, 0.85), ("remote", REMOTE, 0.8)] {
        let share =
            over_seeds(|seed| run(seed, 30_000.0, Job::endless(MIB), |_| link).share(link.rate, 8_000.0, 30_000.0));
        assert!(share >= least, "{name}: {share:.2} of the link");
        let reached = over_seeds(|seed| {
            run(seed, 30_000.0, Job::endless(MIB), |_| link).reached(link.rate, 0.7).unwrap_or(f64::MAX)
        });
        assert!(reached <= 5_000.0, "{name}: 70 % after {reached:.0} ms");
    }
}

#[test]
fn a_hundred_connections_are_reached_where_each_carries_little() {
    let allowed = over_seeds(|seed| run(seed, 10_000.0, Job::endless(MIB), |_| REMOTE).at(9_900.0).allowed as f64);
    assert!(allowed >= 90.0, "{allowed} on the remote link");
}

#[test]
fn a_slow_uplink_is_not_smothered() {
    for seed in 0..5 {
        let course = run(seed, 60_000.0, Job::endless(5.0 * MIB), |_| HOTEL);
        let at = course.at(20_000.0);
        assert!(at.allowed <= 4, "{} requests on 2 Mb/s", at.allowed);
        let share = course.share(HOTEL.rate, 10_000.0, 60_000.0);
        assert!(share > 0.9, "{share:.2} of the rate");
    }
}

#[test]
fn a_near_link_needs_few() {
    let allowed =
        over_seeds(|seed| run(seed, 20_000.0, Job::endless(32.0 * MIB), |_| NEAR).at(19_000.0).allowed as f64);
    assert!(allowed <= 32.0, "{allowed} requests beside the store");
}

#[test]
fn a_link_that_changes_is_followed() {
    let worse = |at: f64| if at < 20_000.0 { BUREAU } else { REMOTE };
    let share = over_seeds(|seed| run(seed, 60_000.0, Job::endless(MIB), worse).share(REMOTE.rate, 30_000.0, 60_000.0));
    assert!(share >= 0.75, "{share:.2} after it became remote");
    let better = |at: f64| if at < 20_000.0 { Link { rate: 2_500.0, ..BUREAU } } else { BUREAU };
    let share =
        over_seeds(|seed| run(seed, 90_000.0, Job::endless(MIB), better).share(BUREAU.rate, 60_000.0, 90_000.0));
    assert!(share >= 0.7, "{share:.2} after it became ten times as fast");
}

/// Of two that send as fast as they can over one link, the one that came later has a fair share soon, and neither the link
/// nor the other is lost to it.
#[test]
fn two_on_one_link_share_it() {
    for (name, link, way) in [
        ("bureau, down", BUREAU, Way::Down),
        ("bureau, up", sturdy(BUREAU), Way::Up),
        ("remote, down", REMOTE, Way::Down),
        ("hotel, up", HOTEL, Way::Up),
    ] {
        let job = Job { bytes: f64::INFINITY, ..file(way) };
        let shares = |seed: u64| {
            let courses = side_by_side(seed, 90_000.0, &[(job, 0.0), (job, 20_000.0)], |_| link);
            [0, 1].map(|i| courses[i].share(link.rate, 50_000.0, 90_000.0))
        };
        let all: Vec<[f64; 2]> = (0..5).map(shares).collect();
        let later = median(all.iter().map(|[first, later]| later / (first + later)).collect());
        let both = median(all.iter().map(|[first, later]| first + later).collect());
        assert!((0.33..=0.67).contains(&later), "{name}: the later one has {later:.2} of what both carry");
        assert!(both > 0.8, "{name}: together {both:.2} of the link");
    }
}

#[test]
fn nothing_is_learnt_from_having_little_to_send() {
    let mut pace = Pace::default();
    for tick in 0..400u64 {
        pace.feed(Sample {
            now: tick * 50,
            moved: tick * 100_000,
            in_flight: 2,
            wanting: false,
            path: Some((20.0, 20.0)),
            sturdy: false,
        });
    }
    assert_eq!(pace.allowed(), START_MIDDLE);
}

fn file(way: Way) -> Job {
    Job { bytes: 500e6, request: if way == Way::Up { 5.0 * MIB } else { MIB }, way }
}

/// As it is going up with BBR.
fn sturdy(link: Link) -> Link {
    Link { halves: false, ..link }
}

/// The share of the link that one file of 500 MB gets, from command to proof, by the simulation.
fn whole(link: Link, way: Way) -> f64 {
    let job = file(way);
    let took = over_seeds(|seed| run(seed, 600_000.0, job, |_| link).took.unwrap_or(f64::MAX));
    job.bytes / took / link.rate
}

/// The emulator's own runs must come out near these: the rows of far links compare them.
#[test]
fn whole_files_are_foretold() {
    let mut told = serde_json::Map::new();
    for (name, link) in [("bureau", BUREAU), ("remote", REMOTE)] {
        for (way, share) in [("down", whole(link, Way::Down)), ("up", whole(sturdy(link), Way::Up))] {
            told.insert(format!("{name} {way}"), ((share * 1_000.0).round() / 1_000.0).into());
        }
    }
    is_kept("simulated.json", &serde_json::to_string_pretty(&told).unwrap());
}

#[test]
fn the_courses_are_drawn() {
    for (name, link, job, seconds) in [
        ("bureau-down", BUREAU, file(Way::Down), 25.0),
        ("bureau-up", sturdy(BUREAU), file(Way::Up), 25.0),
        ("remote-down", REMOTE, file(Way::Down), 95.0),
        ("remote-up", sturdy(REMOTE), file(Way::Up), 95.0),
        ("hotel-up", HOTEL, Job { bytes: 40e6, ..file(Way::Up) }, 180.0),
    ] {
        let course = run(1, seconds * 1_000.0, job, |_| link);
        is_kept(&format!("{name}.svg"), &draw(name, &course, link.rate, seconds));
    }
}

/// What the simulation says stands in docs/pace, as long as the pace is this one.
fn is_kept(name: &str, told: &str) {
    let folder = format!("{}/../docs/pace", env!("CARGO_MANIFEST_DIR"));
    let path = format!("{folder}/{name}");
    if std::env::var_os("UPDATE_PLOTS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, format!("{}\n", told.trim())).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let is_same = kept.trim() == told.trim();
    assert!(is_same, "docs/pace/{name} is of another pace: UPDATE_PLOTS=1 makes it anew");
}

/// Goodput and requests in flight over time, the link's rate and the most requests being the top.
fn draw(name: &str, course: &Course, rate: f64, seconds: f64) -> String {
    let (width, height) = (640.0, 220.0);
    let line = |value: &dyn Fn(&super::simulation::Moment) -> f64| {
        let mut points = String::new();
        for moment in course.moments.iter().step_by(4) {
            let (x, y) = (moment.at / (seconds * 1_000.0) * width, height - value(moment).min(1.05) * height * 0.9);
            let _ = write!(points, "{x:.0},{y:.0} ");
        }
        points
    };
    let goodput = line(&|m| m.goodput / rate);
    let allowed = line(&|m| m.allowed as f64 / MOST as f64);
    let top = height * 0.1;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -24 {w} {h}" font-family="sans-serif" font-size="12">
<rect x="-8" y="-24" width="{w}" height="{h}" fill="#fff"/>
<text x="0" y="-8">{name}, {seconds} s: goodput (the line: {mbit:.0} Mb/s) and requests in flight (the line: {MOST})</text>
<path d="M0 {top}H{width}" stroke="#999" stroke-dasharray="4 4"/>
<polyline points="{goodput}" fill="none" stroke="#c77700" stroke-width="2"/>
<polyline points="{allowed}" fill="none" stroke="#2b6cb0" stroke-width="2"/>
<text x="4" y="{goodput_y}" fill="#c77700">goodput</text><text x="72" y="{goodput_y}" fill="#2b6cb0">in flight</text>
</svg>
"##,
        w = width + 16.0,
        h = height + 32.0,
        mbit = rate * 8.0 / 1_000.0,
        goodput_y = height - 4.0,
    )
}
