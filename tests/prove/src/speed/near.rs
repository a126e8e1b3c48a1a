//! What a transfer costs this computer: processor and memory, on loopback over TLS.

use anyhow::{Context, Result};
use rushes_bench::{Direction, Tool};
use serde_json::json;

use super::{Goals, aside, median_of, runs};
use crate::evidence::Shown;

pub async fn cpu(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let peers: Vec<Tool> = ["rclone", "rclone-32", "s5cmd", "s5cmd-32", "aws-crt"]
            .iter()
            .map(|name| name.parse())
            .collect::<Result<_>>()?;
        let tools: Vec<Tool> = std::iter::once(Tool::Rushes).chain(peers.iter().copied()).collect();
        let (mut figures, mut all, mut passes) = (Vec::new(), Vec::new(), true);
        for direction in [Direction::Up, Direction::Down] {
            let size = (1, goals.clip_bytes);
            let samples = runs("loopback", &tools, direction, size, goals.cpu_rounds, goals.limit_seconds)?;
            let of = |tool| median_of(&samples, tool, |sample| sample.cpu_seconds_per_gb());
            let ours = of(Tool::Rushes).context("a run of Rushes did not end well")?;
            let best = peers.iter().filter_map(|peer| of(*peer).map(|cost| (cost, *peer)));
            let (theirs, peer) = best.min_by(|a, b| a.0.total_cmp(&b.0)).context("no peer ended well")?;
            passes &= ours <= theirs * goals.cpu_ratio;
            figures.push(format!("{direction} {ours:.2} s/GB, {:.2} × {peer} ({theirs:.2})", ours / theirs));
            all.extend(samples);
        }
        Ok(Shown { figure: figures.join("; "), passes, samples: json!(all) })
    })
    .await
}

pub async fn memory(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let (mut figures, mut all, mut passes) = (Vec::new(), Vec::new(), true);
        let sizes = [(1, goals.large_bytes), (goals.many_files, goals.many_bytes_each)];
        for (files, bytes) in sizes {
            for direction in [Direction::Up, Direction::Down] {
                let samples = runs("loopback", &[Tool::Rushes], direction, (files, bytes), 1, 4 * goals.limit_seconds)?;
                let run = samples.first().filter(|run| run.is_right).with_context(|| {
                    let why = samples.first().and_then(|run| run.failure.clone()).unwrap_or_default();
                    format!("{files} files {direction}: {why}")
                })?;
                passes &= run.peak_rss_bytes <= goals.memory_bytes;
                figures.push(format!(
                    "{files} × {} MB {direction} {} MB",
                    bytes / 1_000_000,
                    run.peak_rss_bytes / 1_000_000
                ));
                all.extend(samples);
            }
        }
        Ok(Shown { figure: figures.join(", "), passes, samples: json!(all) })
    })
    .await
}
