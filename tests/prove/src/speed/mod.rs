//! The fastest way up and down a bad line: Rushes beside the tools that a producer would use instead, over emulated far
//! links, through the release build of `rushesctl`. A file here for each group of rows.

mod breaking;
pub mod desk;
mod eta;
mod far;
mod near;
mod slow;
mod trouble;

use std::process::ExitCode;

use anyhow::Result;
use rushes_bench::clips::Clips;
use rushes_bench::link::Congestion;
use rushes_bench::{Course, Direction, Sample, Tool, Way};
use serde::Deserialize;

use crate::chaos;
use crate::evidence::Evidence;

#[derive(Clone, Debug, Deserialize)]
pub struct Goals {
    clip_bytes: u64,
    /// A run that takes longer than this is cut, in seconds.
    limit_seconds: u64,
    rounds: usize,
    /// How near to what it comes to over the emulated links the pace's simulation must be.
    simulation_within: f64,
    far: Vec<Far>,
    slow_bytes: u64,
    slow_share: f64,
    slow_ping_ms: f64,
    cpu_ratio: f64,
    cpu_rounds: usize,
    memory_bytes: u64,
    large_bytes: u64,
    many_files: usize,
    many_bytes_each: u64,
    bureau_mbit: f64,
    part_bytes: u64,
    breaking_bytes: u64,
    breaking_seconds: f64,
    breaking_share: f64,
    eta_error: f64,
    eta_runs: Vec<EtaRun>,
    trouble_bytes: u64,
    outage_seconds: f64,
    lossy_percent: f64,
    lossy_seconds: f64,
    /// Of the speed before, what is called full.
    full_share: f64,
    again_seconds: f64,
    chaos: chaos::Goals,
    /// What may set out beside what was not acknowledged: packets that get lost go twice, and headers are bytes too.
    again_share: f64,
}

/// Runs of which is asked when they will be done.
#[derive(Clone, Debug, Deserialize)]
struct EtaRun {
    link: String,
    directions: Vec<Direction>,
    bytes: u64,
}

/// A row over a far link.
#[derive(Clone, Debug, Deserialize)]
pub struct Far {
    row: u32,
    link: String,
    direction: Direction,
    files: usize,
    /// With the congestion control of most systems, where the row is not of Rushes as shipped.
    cubic: bool,
    /// Where they are not as many as elsewhere.
    rounds: Option<usize>,
    /// Of the link's rate. Absent where only the ratio counts.
    share: Option<f64>,
    /// Beside the best peer at 100 connections in the same run. Absent where the row asks for none.
    ratio: Option<f64>,
}

pub async fn prove(evidence: &Evidence) {
    let Some(goals) = evidence.goals::<Goals>() else { return };
    for far in &goals.far {
        evidence.row(far.row, &far.what(), &far.goal(goals.simulation_within), far::row(&goals, far)).await;
    }
    let what = "2 Mb/s behind a queue of 1 s, 40 MB up, a ping beside it";
    let goal = format!("≥ {:.0} % of the rate, ping < {} ms", goals.slow_share * 100.0, goals.slow_ping_ms);
    evidence.row(5, what, &goal, slow::row(&goals)).await;
    let goal = format!("≤ {:.1} × the best of rclone, s5cmd, aws-crt, up and down", goals.cpu_ratio);
    evidence.row(6, "loopback over TLS, CPU seconds a GB", &goal, near::cpu(&goals)).await;
    let goal = format!("≤ {} MB each", goals.memory_bytes / 1_000_000);
    evidence.row(7, "peak memory, one 5 GB file and 10,000 of 1 MB", &goal, near::memory(&goals)).await;
    prove_behaviour(&goals, evidence).await;
}

/// More rows of the same kind.
async fn prove_behaviour(goals: &Goals, evidence: &Evidence) {
    let goal =
        format!("≥ {:.0} % of what the link carries within 3 s and one part's time", goals.breaking_share * 100.0);
    evidence.row(8, "breaking on a link full of four files", &goal, breaking::row(goals)).await;
    let goal = format!("median error ≤ {:.0} %", goals.eta_error * 100.0);
    evidence.row(9, "ETA at 10 % and 50 %, ten runs on four links", &goal, eta::row(goals)).await;
    let goal = format!("full speed ≤ {:.0} s after; nothing acknowledged again", goals.again_seconds);
    evidence.row(10, "outage of 60 s, reset of all, lossy minute, on bureau", &goal, trouble::row(goals)).await;
    evidence.row(11, &goals.chaos.what(), &goals.chaos.goal(), chaos::row(&goals.chaos)).await;
}

/// The fault campaign by itself, with these seeds or those of the row.
pub async fn chaos(seeds: &[&str]) -> ExitCode {
    let seeds: Result<Vec<u64>, _> = seeds.iter().map(|seed| seed.parse()).collect();
    let evidence = Evidence::begin("speed", Some(11));
    let goals = evidence.as_ref().ok().and_then(|evidence| evidence.goals::<Goals>());
    let (Ok(seeds), Ok(evidence), Some(goals)) = (seeds, &evidence, goals) else {
        eprintln!("seeds are whole numbers");
        return ExitCode::from(2);
    };
    let goals = goals.chaos.with_seeds(seeds);
    evidence.row(11, &goals.what(), &goals.goal(), chaos::row(&goals)).await;
    if evidence.all_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Blocks; on a thread that may.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}

/// Tools in turn, so many rounds, over one link.
fn runs(
    way: &str,
    tools: &[Tool],
    direction: Direction,
    (files, bytes): (usize, u64),
    rounds: usize,
    limit_seconds: u64,
) -> Result<Vec<Sample>> {
    let way: Way = way.parse()?;
    let course = Course::open(&way, Congestion::Cubic)?;
    let clips = Clips::make(course.scratch(), files, bytes)?;
    let mut samples = Vec::new();
    for round in 0..rounds {
        for tool in tools {
            let limit = std::time::Duration::from_secs(limit_seconds);
            let sample = course.run_once(*tool, direction, &clips, limit)?;
            eprintln!(
                "    {} {} {}: {:.1} s, {:.1} Mb/s, {:.0} MB, {:.1} CPU s/GB{}",
                sample.link,
                sample.direction,
                sample.tool,
                sample.wall_seconds,
                sample.goodput_mbit,
                sample.peak_rss_bytes as f64 / 1e6,
                sample.cpu_seconds_per_gb(),
                sample.failure.as_ref().map(|why| format!(" ({why})")).unwrap_or_default(),
            );
            samples.push(Sample { round, ..sample });
        }
    }
    Ok(samples)
}

/// The median over the rounds of one tool, where all of them went well.
fn median_of(samples: &[Sample], tool: Tool, figure: impl Fn(&Sample) -> f64) -> Option<f64> {
    let mine: Vec<&Sample> = samples.iter().filter(|sample| sample.tool == tool.to_string()).collect();
    let all_right = !mine.is_empty() && mine.iter().all(|sample| sample.is_right);
    let figures: Vec<f64> = mine.into_iter().map(figure).collect();
    rushes_bench::sample::median(&figures).filter(|_| all_right)
}
