//! A slow uplink behind a deep queue: it is to be filled, and the others at the table are to be able to work.

use anyhow::{Context, Result};
use rushes_bench::{Direction, Tool};
use serde_json::json;

use super::{Goals, aside, runs};
use crate::evidence::Shown;

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let samples = runs("hotel", &[Tool::Rushes], Direction::Up, (1, goals.slow_bytes), 1, goals.limit_seconds)?;
        let run = samples.first().filter(|run| run.is_right).context("the run did not end well")?;
        let share = run.share.context("no share of the rate")?;
        let ping = run.ping.as_ref().context("no ping")?;
        let passes = share >= goals.slow_share && ping.p95_ms < goals.slow_ping_ms;
        let figure = format!(
            "{:.1} %; ping median {:.0} ms, 95 of 100 below {:.0} ms, the longest {:.0} ms",
            share * 100.0,
            ping.median_ms,
            ping.p95_ms,
            ping.max_ms
        );
        Ok(Shown { figure, passes, samples: json!(samples) })
    })
    .await
}
