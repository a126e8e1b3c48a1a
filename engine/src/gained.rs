//! What the ways beside the plain one gained on a clip, in one sentence and from measurement; no sentence where that cannot
//! be told. Pure: what was measured is an argument.

use std::time::Duration;

/// How a clip went, from nothing to all of it.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub bytes: u64,
    /// All that moved meanwhile in its direction: what shared the link with it would have shared the plain way too.
    pub moved: u64,
    pub took: Duration,
    pub carried: Vec<Carried>,
    /// The plain way's name, and the bytes a millisecond that it is known to carry at best on this network.
    pub plain: (&'static str, f64),
}

/// What one lane's acknowledged parts come to.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    /// What people call it.
    pub name: String,
    pub bytes: u64,
    /// Dollars beyond what the plain way asks for as much.
    pub extra: f64,
    /// It is the plain way.
    pub plain: bool,
}

/// Of the time that the plain way would have taken: less is within what its figure is worth.
const WORTH_SAYING: f64 = 0.1;
/// What moves beside the clip's own bytes though nothing else is on its way: TLS, HTTP, second tries.
const OVERHEAD: f64 = 1.15;
const CENT: f64 = 0.01;

pub(crate) fn sentence(course: &Course) -> Option<String> {
    let helpers: Vec<&Carried> = course.carried.iter().filter(|lane| !lane.plain && lane.bytes > 0).collect();
    let carried: u64 = course.carried.iter().map(|lane| lane.bytes).sum();
    let (plain, known) = course.plain;
    if helpers.is_empty() || carried < course.bytes || known <= 0.0 {
        return None;
    }
    let took = course.took.as_secs_f64() * 1_000.0;
    // What it carried of this very clip it can carry.
    let own: u64 = course.carried.iter().filter(|lane| lane.plain).map(|lane| lane.bytes).sum();
    let rate = known.max(own as f64 / took);
    let alone_moved = if course.moved as f64 <= course.bytes as f64 * OVERHEAD { course.bytes } else { course.moved };
    let alone = alone_moved as f64 / rate;
    let saved = alone - took;
    let names = listed(&helpers);
    let cost: f64 = course.carried.iter().map(|lane| lane.extra).sum();
    if saved >= alone * WORTH_SAYING && saved >= 1_000.0 {
        let price = dollars(cost).map_or_else(String::new, |cost| format!(", for {cost}"));
        return Some(format!("{names} saved about {} on this clip{price}.", about(saved)));
    }
    // Between nothing and what is worth saying, nothing is said.
    let cost = dollars(cost).filter(|_| saved <= 0.0)?;
    Some(format!("{names} cost {cost} and saved nothing: {plain} was as fast."))
}

fn listed(helpers: &[&Carried]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for lane in helpers {
        if !names.contains(&lane.name.as_str()) {
            names.push(&lane.name);
        }
    }
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Nothing where it cost nothing, or less than the plain way.
fn dollars(cost: f64) -> Option<String> {
    match cost {
        cost if cost <= 0.0 => None,
        cost if cost < CENT / 2.0 => Some("less than a cent".to_owned()),
        cost => Some(format!("${cost:.2}")),
    }
}

fn about(ms: f64) -> String {
    let seconds = (ms / 1_000.0).round() as u64;
    let minutes = (ms / 60_000.0).round() as u64;
    match seconds {
        0..=59 => format!("{seconds} s"),
        _ if minutes < 60 => format!("{minutes} min"),
        _ if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIP: u64 = 500_000_000;

    fn lane(name: &str, bytes: u64, price: f64) -> Carried {
        let extra = price * bytes as f64 / 1e9;
        Carried { name: name.into(), bytes, extra, plain: name == "Direct" }
    }

    /// A clip by these lanes in so many seconds, where Direct alone is known to need so many.
    fn said(took: u64, alone: u64, carried: Vec<Carried>) -> Option<String> {
        let plain = ("Direct", CLIP as f64 / (alone as f64 * 1_000.0));
        sentence(&Course { bytes: CLIP, moved: CLIP, took: Duration::from_secs(took), carried, plain })
    }

    fn accelerated() -> Vec<Carried> {
        vec![lane("Direct", 0, 0.0), lane("Accelerated", CLIP, 0.04)]
    }

    #[test]
    fn what_was_saved_is_said_with_its_price() {
        let expected = "Accelerated saved about 6 min on this clip, for $0.02.";
        assert_eq!(said(100, 460, accelerated()).unwrap(), expected);
        let two = vec![lane("Direct", CLIP / 5, 0.0), lane("Direct by Phone", CLIP / 5 * 4, 0.0)];
        assert_eq!(said(40, 100, two).unwrap(), "Direct by Phone saved about 1 min on this clip.");
        let three = vec![lane("Accelerated", CLIP - 2, 0.001), lane("Replica", 1, 0.0), lane("Multi-region", 1, 0.0)];
        let expected =
            "Accelerated, Replica and Multi-region saved about 1 h 30 min on this clip, for less than a cent.";
        assert_eq!(said(600, 6_000, three).unwrap(), expected);
    }

    #[test]
    fn what_cost_money_and_saved_nothing_is_said_too() {
        let expected = "Accelerated cost $0.02 and saved nothing: Direct was as fast.";
        assert_eq!(said(100, 100, accelerated()).unwrap(), expected);
        assert_eq!(said(100, 90, accelerated()).unwrap(), expected);
        // An edge that is cheaper than the bucket cost nothing.
        assert_eq!(said(100, 90, vec![lane("CloudFront", CLIP, -0.005)]), None);
    }

    #[test]
    fn what_cannot_be_told_is_not_said() {
        // Less than a tenth is within what the figure is worth.
        assert_eq!(said(91, 100, accelerated()), None);
        assert!(said(90, 100, accelerated()).is_some());
        assert_eq!(said(10, 100, vec![lane("Direct", CLIP, 0.0)]), None);
        // Part of it was there before, or nobody knows by which lane it came.
        assert_eq!(said(10, 100, vec![lane("Accelerated", CLIP / 2, 0.04)]), None);
        let unknown =
            Course { bytes: CLIP, moved: CLIP, took: Duration::ZERO, carried: accelerated(), plain: ("Direct", 0.0) };
        assert_eq!(sentence(&unknown), None);
    }

    #[test]
    fn the_plain_way_is_taken_to_carry_at_least_what_it_carried_of_the_clip() {
        let half = vec![lane("Direct", CLIP / 2, 0.0), lane("Accelerated", CLIP / 2, 0.04)];
        // Said to need an hour, it was through with half in a minute.
        assert_eq!(said(60, 3_600, half).unwrap(), "Accelerated saved about 1 min on this clip, for $0.01.");
    }

    #[test]
    fn clips_that_shared_the_link_would_have_shared_the_plain_way() {
        let plain = ("Direct", CLIP as f64 / 100_000.0);
        let course =
            |moved| Course { bytes: CLIP, moved, took: Duration::from_secs(100), carried: accelerated(), plain };
        // Alone it took as long as Direct would have. Beside another one of its size, Direct would have taken twice as long.
        assert!(sentence(&course(CLIP + CLIP / 10)).unwrap().contains("saved nothing"));
        assert!(sentence(&course(2 * CLIP)).unwrap().contains("saved about 2 min"));
    }
}
