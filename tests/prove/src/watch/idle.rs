//! What it costs to watch when nothing happens.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use rushes_rig::Scratch;
use rushes_rig::practice::Practice;
use serde_json::json;

use super::Goals;
use super::ingest::Ingest;
use crate::evidence::Shown;

/// In each of a folder's folders.
const EACH: u32 = 50;
/// For all of it to go up, and to be at rest.
const HOURS: Duration = Duration::from_secs(3 * 3600);
const CALM: Duration = Duration::from_secs(45);

pub async fn row(goals: &Goals) -> Result<Shown> {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await?;
    let mut ingest = Ingest::new(&scratch, practice.bucket())?;
    for n in 0..goals.idle_folders {
        let root = scratch.folder(format!("folder-{n:02}"));
        for file in 0..goals.idle_files / goals.idle_folders {
            let within = root.join(format!("DAY{:03}", file / EACH));
            fs::create_dir_all(&within)?;
            fs::write(
                within.join(format!("clip-{n:02}-{file:05}.xml")),
                format!("<clip n=\"{n}\" file=\"{file:05}\"/>"),
            )?;
        }
        ingest.add(&root, &[]).await?;
    }
    ingest.start()?;
    let filled = Cost::of(ingest.id()?)?;
    ingest.until_sent(u64::from(goals.idle_files), HOURS).await?;
    tokio::time::sleep(CALM).await;
    // As it is after it has sent it all, and as it is after the next start.
    let mut measured = Vec::new();
    for when in ["after all was sent", "after a start"] {
        if when != "after all was sent" {
            ingest.stop().await?;
            ingest.start()?;
            ingest.until_sent(u64::from(goals.idle_files), HOURS).await?;
            tokio::time::sleep(CALM).await;
        }
        let before = Cost::of(ingest.id()?)?;
        tokio::time::sleep(Duration::from_secs(goals.idle_seconds)).await;
        let after = Cost::of(ingest.id()?)?;
        let share = (after.seconds - before.seconds) / goals.idle_seconds as f64;
        measured.push((when, share, after.bytes));
    }
    ingest.stop().await?;
    let passes = measured.iter().all(|(_, share, bytes)| *share <= goals.idle_share && *bytes <= goals.idle_bytes);
    let figure: Vec<String> = measured
        .iter()
        .map(|(when, share, bytes)| format!("{when}: {:.2} % of a core, {:.0} MB", share * 100.0, *bytes as f64 / 1e6))
        .collect();
    let samples = json!({ "measured": measured, "seconds": goals.idle_seconds, "cpu_before": filled.seconds });
    Ok(Shown { figure: figure.join("; "), passes, samples })
}

/// What a process has taken so far, and what it holds.
struct Cost {
    seconds: f64,
    bytes: u64,
}

impl Cost {
    fn of(id: u32) -> Result<Cost> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name, in brackets, may hold anything.
        let after = stat.rsplit_once(')').context("a process's name")?.1;
        let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
        let kib: u64 = line.split_whitespace().nth(1).context("a figure")?.parse()?;
        // Linux counts in hundredths of a second for programs, whatever it counts in itself.
        Ok(Cost { seconds: ticks as f64 / 100.0, bytes: kib * 1024 })
    }
}
