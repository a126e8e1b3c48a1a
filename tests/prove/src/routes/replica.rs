//! The first region goes for good in mid-transfer, and a second one has copies.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rushes_bench::clips::Clips;
use rushes_rig::ctl::{Ended, Running, Rushesctl};
use rushes_rig::{footage, seaweed};
use serde::Serialize;
use serde_json::json;
use tokio::runtime::Handle;

use super::second::Second;
use super::stage::{HOME, REPLICA, REPLICA_HOME, Stage};
use super::world::{Route, Terrain};
use super::{Goals, aside};
use crate::evidence::Shown;

/// How often what arrives is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// What the first region must have brought in the last second before the cut.
const IN_USE: u64 = 500_000;
/// What arrives in a look that is no progress: handshakes, acknowledgements.
const NOISE: u64 = 20_000;
/// Longer than the row.
const FOR_GOOD: Duration = Duration::from_secs(3_600);
/// Clips beside the long one.
const SHORT: u64 = 20_000_000;
/// How long a command waits for what does not come by itself.
const PATIENCE: &str = "20";

/// What came of the cut.
#[derive(Debug, Serialize)]
struct Outcome {
    /// Bytes that the first region had brought by then, and in the last second of it: cutting what carries nothing would
    /// show nothing.
    by_first: u64,
    lately: u64,
    /// The longest time in which nothing arrived, in seconds.
    stall: f64,
    /// After the last byte.
    tail: f64,
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        // The first region is the nearer one, so it is in use.
        let terrain = Terrain {
            far_ms: goals.replica_first_ms,
            far_loss_percent: goals.terrain.near_loss_percent,
            ..goals.terrain
        };
        let stage = Stage::open(&terrain)?;
        stage.world.plug(1, false)?;
        let second = Second::open(&stage, goals.replica_ms)?;
        let long = Clips::make(&stage.scratch, 1, goals.replica_bytes)?.paths().remove(0);
        let short = |name: &str, seed| -> Result<String> {
            let path = stage.scratch.join(name);
            footage::random(&path, SHORT, seed)?;
            Ok(path.display().to_string())
        };
        let (later, fresh) = (short("later.mxf", 11)?, short("fresh.mxf", 12)?);
        second.hold(&stage, &long, "there", true)?;
        second.hold(&stage, &later, "there", true)?;
        second.hold(&stage, &fresh, "there", false)?;

        let ctl = stage.ctl()?;
        let replica = format!("{REPLICA}@{REPLICA_HOME}");
        let options = ["--bucket", seaweed::BUCKET, "--region", HOME, "--replica", &replica, "--patience", PATIENCE];
        let into = stage.scratch.fresh("into")?;
        let to = into.display().to_string();
        let all = |words: &[&str]| -> Vec<String> {
            options.iter().chain(&["--json"]).chain(words).map(|word| (*word).to_owned()).collect()
        };
        // From now on this office knows what is there.
        let listed = Handle::current().block_on(ctl.run(&all(&["ls", "there/"])))?;
        ensure!(listed.status == Some(0) && listed.stdout.contains("fresh.mxf"), "ls: {}", listed.stderr);

        let mut running = ctl.spawn(&all(&["get", "there/clip-1.mxf", "--into", &to]))?;
        let outcome = cut(&stage, &goals, &mut running)?;
        eprintln!("    {outcome:?}");
        let done = running.rows()?.iter().all(|row| row["state"] == "done");
        let is_exact = done && same(&into.join("clip-1.mxf"), &long)?;

        let fetch = |key: &str| -> Result<(Ended, f64)> {
            let begun = Instant::now();
            let ended = get(&ctl, &all(&["get", key, "--into", &to]), goals.limit_seconds)?;
            Ok((ended, begun.elapsed().as_secs_f64()))
        };
        let (new, took) = fetch("there/later.mxf")?;
        let new_lands = new.status == Some(0) && same(&into.join("later.mxf"), &later)?;
        let (fresh, _) = fetch("there/fresh.mxf")?;
        let (stranger, _) = fetch("there/never.mxf")?;
        let says = |ended: &Ended, what: &str| ended.stdout.contains(what) || ended.stderr.contains(what);
        // It is tried again now and then.
        let mut states = fresh.lines.iter().filter(|line| line["state"] == "waiting");
        let waits = states.any(|line| line["error"].to_string().contains("not copied to"));
        let told_apart = says(&stranger, "cannot be asked") && !says(&stranger, "not copied to");

        let by_replica = second.asked()?;
        let reads_only = by_replica.iter().all(|asked| ["GET", "HEAD"].contains(&asked.method.as_str()));
        let passes = outcome.stall <= goals.replica_stall_seconds
            && outcome.lately > IN_USE
            && is_exact
            && new_lands
            && waits
            && told_apart
            && reads_only;
        let yes = |is: bool, what: &str| if is { what.to_owned() } else { format!("NOT: {what}") };
        let figure = format!(
            "{} MB by the first region at the cut; stall {:.1} s; {}; {} ({took:.1} s); {}; {}",
            outcome.by_first / 1_000_000,
            outcome.stall,
            yes(is_exact, "lands exact"),
            yes(new_lands, "a new one lands"),
            yes(waits, "one not copied waits and says so"),
            yes(told_apart, "an unknown one is told apart"),
        );
        let samples = json!({
            "outcome": outcome, "new": new.rows(), "not_copied": fresh.rows(), "unknown": stranger.rows(),
            "said": [new.stderr, fresh.stderr, stranger.stderr], "asked_of_replica": by_replica.len(),
        });
        Ok(Shown { figure, passes, samples })
    })
    .await
}

/// Takes the first region away once a fourth of the clip is here, and sees the download to its end.
fn cut(stage: &Stage, goals: &Goals, running: &mut Running) -> Result<Outcome> {
    let began = Instant::now();
    let in_time = || -> Result<()> {
        ensure!(began.elapsed().as_secs() < goals.limit_seconds, "it took too long");
        Ok(())
    };
    let by_first = || Ok::<u64, anyhow::Error>(stage.world.carried(Route::Far)?.down.carried_bytes);
    let acked = |running: &Running| -> Result<u64> {
        Ok(running.rows()?.first().and_then(|row| row["acked"].as_u64()).unwrap_or(0))
    };
    let (before, mut seen) = (by_first()?, Vec::new());
    while acked(running)? < goals.replica_bytes / 4 {
        ensure!(running.is_running()?, "it was over before the region was: {:?}", running.rows()?);
        in_time()?;
        seen.push((Instant::now(), by_first()? - before));
        std::thread::sleep(LOOK);
    }
    stage.world.cut(Route::Far, FOR_GOOD)?;
    let cut = Instant::now();
    let by_first = seen.last().map_or(0, |(_, came)| *came);
    let second_ago = seen.iter().rfind(|(at, _)| at.elapsed() >= Duration::from_secs(1));
    let lately = by_first - second_ago.map_or(0, |(_, came)| *came);
    let arrived = || stage.world.through(0).map(|(_, came)| came);
    let (mut last, mut since, mut stall) = (arrived()?, cut, Duration::ZERO);
    while running.is_running()? {
        in_time()?;
        let now = arrived()?;
        if now > last + NOISE {
            stall = stall.max(since.elapsed());
            (last, since) = (now, Instant::now());
        }
        std::thread::sleep(LOOK);
    }
    // The proof and the disk's own time are no stall.
    let tail = since.elapsed().as_secs_f64();
    Ok(Outcome { by_first, lately, stall: stall.as_secs_f64(), tail })
}

fn get(ctl: &Rushesctl, words: &[String], seconds: u64) -> Result<Ended> {
    Handle::current().block_on(async { ctl.spawn(words)?.wait(Duration::from_secs(seconds)).await })
}

fn same(landed: &Path, file: &str) -> Result<bool> {
    Ok(landed.is_file() && footage::same(landed, Path::new(file))?)
}
