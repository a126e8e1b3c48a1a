//! When it will be done, asked at a tenth and at half of the way, beside when it was.

use std::time::Duration;

use anyhow::{Context, Result};
use rushes_bench::clips::Clips;
use rushes_bench::link::Congestion;
use rushes_bench::{Course, Direction, Way};
use serde_json::json;

use super::desk::{Desk, acked, to_the_end};
use super::{Goals, aside};
use crate::evidence::Shown;

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let (mut errors, mut samples) = (Vec::new(), Vec::new());
        for run in &goals.eta_runs {
            let way: Way = run.link.parse()?;
            let course = Course::open(&way, Congestion::Cubic)?;
            let clips = Clips::make(course.scratch(), 1, run.bytes)?;
            for direction in &run.directions {
                let asked = ask(&course, &clips, *direction, Duration::from_secs(goals.limit_seconds))?;
                let told = asked.iter().map(|(share, error)| format!("{:.1} % at {share}", error * 100.0));
                eprintln!("    {} {direction}: off by {}", run.link, told.collect::<Vec<_>>().join(", "));
                errors.extend(asked.iter().map(|(_, error)| *error));
                samples.push(json!({ "link": run.link, "direction": direction, "bytes": run.bytes, "off": asked }));
            }
        }
        let median = rushes_bench::sample::median(&errors).context("nothing was asked")?;
        let worst = errors.iter().copied().fold(0.0, f64::max);
        Ok(Shown {
            figure: format!(
                "median {:.1} %, worst {:.1} % of {} answers in {} runs",
                median * 100.0,
                worst * 100.0,
                errors.len(),
                samples.len()
            ),
            passes: median <= goals.eta_error,
            samples: json!(samples),
        })
    })
    .await
}

/// For each moment of asking: how far the answer was off, as a share of the time that was then really left.
fn ask(course: &Course, clips: &Clips, direction: Direction, within: Duration) -> Result<Vec<(f64, f64)>> {
    let desk = Desk::sit_down(course)?;
    let path = clips.paths().remove(0);
    let prefix = format!("eta-{direction}");
    if direction == Direction::Down {
        course.seed_at(&prefix, clips)?;
    }
    let into = course.scratch().folder(format!("into-{direction}")).display().to_string();
    let key = format!("{prefix}/{}", clips.names[0]);
    let words = match direction {
        Direction::Up => vec!["put", &path, "--to", &prefix],
        Direction::Down => vec!["get", &key, "--into", &into],
    };
    let mut running = desk.start(&words)?;
    let mut told: Vec<(f64, i64, i64)> = Vec::new();
    to_the_end(&mut running, within, |rows| {
        let share = acked(rows) as f64 / clips.bytes() as f64;
        for moment in [0.1, 0.5] {
            let eta = rows.first().and_then(|row| row["eta"].as_i64());
            if let Some(eta) = eta
                && share >= moment
                && !told.iter().any(|(at, ..)| *at == moment)
            {
                told.push((moment, now(), eta));
            }
        }
        Ok(())
    })?;
    let rows = running.rows()?;
    let ended = rows.first().and_then(|row| row["endedAt"].as_i64()).context("a row without an end")?;
    let off = |(moment, asked, eta): &(f64, i64, i64)| {
        (*moment, ((eta - ended).abs() as f64) / (ended - asked).max(1) as f64)
    };
    let off: Vec<(f64, f64)> = told.iter().map(off).collect();
    anyhow::ensure!(off.len() == 2, "it was over before it could be asked: {told:?}");
    Ok(off)
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
