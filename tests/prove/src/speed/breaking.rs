//! A breaking clip dropped on a link that four files fill.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rushes_bench::clips::Clips;
use rushes_bench::link::Congestion;
use rushes_bench::{Course, Direction, Way};
use serde_json::json;

use super::desk::{Desk, acked, to_the_end, until};
use super::{Goals, aside};
use crate::evidence::Shown;

const LONG: Duration = Duration::from_secs(120);

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let way: Way = "bureau".parse()?;
        let course = Course::open(&way, Congestion::Cubic)?;
        let four = Clips::make(course.scratch(), 4, goals.clip_bytes)?;
        let one = Clips::make(course.scratch(), 1, goals.breaking_bytes)?;
        let desk = Desk::sit_down(&course)?;
        let paths = four.paths();
        let put = [&["put"], &paths.iter().map(String::as_str).collect::<Vec<_>>()[..], &["--to", "four"]].concat();
        let mut others = desk.start(&put)?;
        until(&mut others, LONG, |rows| Ok(acked(rows) > goals.clip_bytes / 2))?;

        // One part at the link's rate: the strictest reading of one part's time.
        let grace = goals.breaking_seconds + goals.part_bytes as f64 * 8.0 / (goals.bureau_mbit * 1e6);
        let dropped = Instant::now();
        let (_, before) = desk.carried(Direction::Up)?;
        let clip = one.paths().remove(0);
        let mut breaking = desk.start(&["put", &clip, "--to", "hot", "--breaking"])?;
        let mut moments = Vec::new();
        let mut from = None;
        to_the_end(&mut breaking, LONG, |rows| {
            let (at, (_, carried)) = (dropped.elapsed().as_secs_f64(), desk.carried(Direction::Up)?);
            if at >= grace && from.is_none() {
                from = Some(carried);
            }
            moments.push(json!({ "seconds": at, "carried": carried - before, "acked": acked(rows) }));
            Ok(())
        })?;
        let landed = dropped.elapsed().as_secs_f64();
        let (_, after) = desk.carried(Direction::Up)?;
        let counted = after - from.context("it was over before there was anything to measure")?;
        // All that was not breaking's from the drop on is held to have gone in the time that counts; headers of its own
        // requests and what went twice are held to be others'. No figure is too good.
        let others_bytes = (after - before).saturating_sub(goals.breaking_bytes);
        let share = 1.0 - others_bytes as f64 / counted as f64;
        others.kill()?;
        Ok(Shown {
            figure: format!(
                "at least {:.1} % from {grace:.1} s on; landed after {landed:.1} s, {:.0} Mb/s from the drop on",
                share * 100.0,
                goals.breaking_bytes as f64 * 8.0 / 1e6 / landed
            ),
            passes: share >= goals.breaking_share,
            samples: json!(moments),
        })
    })
    .await
}
