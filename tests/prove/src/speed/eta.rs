//! When it will be done, asked at a tenth and at half of the way, beside when it was. The way is what the link has carried:
//! on a slow one a tenth of the bytes may be there before the first part is whole and answered for.

use std::time::Duration;

use anyhow::{Context, Result};
use rushes_bench::clips::Clips;
use rushes_bench::link::Congestion;
use rushes_bench::{Course, Direction, Way};
use serde::Serialize;
use serde_json::json;

use super::desk::{Desk, to_the_end};
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
            for (n, direction) in run.directions.iter().enumerate() {
                let within = Duration::from_secs(goals.limit_seconds);
                let asked = ask(&course, &clips, *direction, &format!("eta-{n}"), within)?;
                let told = asked.iter().map(|a| format!("{:.1} of {:.1} s at {}", a.told, a.left, a.at));
                eprintln!("    {} {direction}: {}", run.link, told.collect::<Vec<_>>().join(", "));
                errors.extend(asked.iter().map(Asked::error));
                samples.push(json!({ "link": run.link, "direction": direction, "bytes": run.bytes, "asked": asked }));
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

/// What it said was left, in seconds, and what was.
#[derive(Debug, Serialize)]
struct Asked {
    /// The share of the bytes that had crossed the link.
    at: f64,
    told: f64,
    left: f64,
}

impl Asked {
    fn error(&self) -> f64 {
        (self.told - self.left).abs() / self.left.max(0.001)
    }
}

fn ask(course: &Course, clips: &Clips, direction: Direction, prefix: &str, within: Duration) -> Result<Vec<Asked>> {
    let desk = Desk::sit_down(course)?;
    let path = clips.paths().remove(0);
    if direction == Direction::Down {
        course.seed_at(prefix, clips)?;
    }
    let into = course.scratch().folder(format!("into-{prefix}")).display().to_string();
    let key = format!("{prefix}/{}", clips.names[0]);
    let words = match direction {
        Direction::Up => vec!["put", &path, "--to", prefix],
        Direction::Down => vec!["get", &key, "--into", &into],
    };
    let mut running = desk.start(&words)?;
    let mut told: Vec<(f64, i64, i64)> = Vec::new();
    let (before, _) = desk.carried(direction)?;
    to_the_end(&mut running, within, |rows| {
        let share = (desk.carried(direction)?.0 - before) as f64 / clips.bytes() as f64;
        let eta = rows.first().and_then(|row| row["eta"].as_i64());
        for moment in [0.1, 0.5] {
            if let Some(eta) = eta
                && share >= moment
                && !told.iter().any(|(at, ..)| *at == moment)
            {
                told.push((moment, jiff::Timestamp::now().as_millisecond(), eta));
            }
        }
        Ok(())
    })?;
    anyhow::ensure!(told.len() == 2, "it was over before it could be asked: {told:?}");
    let rows = running.rows()?;
    let ended = rows.first().and_then(|row| row["endedAt"].as_i64()).context("a row without an end")?;
    let seconds = |from: i64, to: i64| (to - from) as f64 / 1_000.0;
    let asked =
        told.iter().map(|(at, when, eta)| Asked { at: *at, told: seconds(*when, *eta), left: seconds(*when, ended) });
    Ok(asked.collect())
}
