//! Lanes that die in mid-transfer: an uplink, then the way to the edge.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use rushes_bench::clips::Clips;
use rushes_rig::ctl::Running;
use serde_json::json;

use super::front::Asked;
use super::stage::Stage;
use super::world::Route;
use super::{Goals, aside};
use crate::evidence::Shown;

/// How often what arrives is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Before anything is cut all is in use.
const RUN_UP: Duration = Duration::from_secs(12);
/// What a lane carries that is in use again, in bytes over the second before.
const IN_USE: u64 = 500_000;
/// An answer that set out so long before a cut has arrived.
const ARRIVED: f64 = 1.5;

/// What is cut.
#[derive(Clone, Copy, Debug)]
enum What {
    Uplink,
    Edge,
}

/// What came of one cut.
#[derive(Debug)]
struct Outcome {
    /// The longest time in which nothing arrived by any way, in seconds.
    stall: f64,
    /// After it returned, in seconds.
    back: Option<f64>,
    /// Seconds since 1970.
    at: f64,
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let stage = Stage::open(&goals.terrain)?;
        let clips = Clips::make(&stage.scratch, 1, goals.cut_bytes)?;
        let ctl = stage.ctl()?;
        let files = clips.paths();
        let words = [&stage.options()[..], &["--json", "put", &files[0], "--to", "up"]].concat();
        let mut running = ctl.spawn(&words)?;
        let mut outcomes = Vec::new();
        for what in [What::Uplink, What::Edge] {
            std::thread::sleep(RUN_UP);
            let outcome = cut(&stage, &goals, what, &mut running)?;
            eprintln!("    {what:?}: {outcome:?}");
            outcomes.push(outcome);
        }
        let begun = Instant::now();
        while running.is_running()? {
            ensure!(begun.elapsed().as_secs() < goals.limit_seconds, "it took too long");
            std::thread::sleep(LOOK);
        }
        let rows = running.rows()?;
        ensure!(!rows.is_empty() && rows.iter().all(|row| row["state"] == "done"), "it ended badly: {rows:?}");
        let (edge, region) = stage.asked()?;
        let again: usize = outcomes.iter().map(|outcome| again(&edge, &region, outcome.at)).sum();
        let passes = again == 0
            && outcomes.iter().all(|outcome| {
                outcome.stall <= goals.stall_seconds && outcome.back.is_some_and(|back| back <= goals.back_seconds)
            });
        let told: Vec<String> = ["uplink", "edge"]
            .iter()
            .zip(&outcomes)
            .map(|(what, outcome)| {
                let back = outcome.back.map_or("not back".to_owned(), |back| format!("back after {back:.1} s"));
                format!("{what}: stall {:.1} s, {back}", outcome.stall)
            })
            .collect();
        let figure = format!("{}; {again} acknowledged parts again", told.join("; "));
        let samples = json!(outcomes.iter().map(|o| (o.stall, o.back, o.at)).collect::<Vec<_>>());
        Ok(Shown { figure, passes, samples })
    })
    .await
}

fn cut(stage: &Stage, goals: &Goals, what: What, running: &mut Running) -> Result<Outcome> {
    let arrived = || -> Result<u64> {
        let by = |route| Ok::<u64, anyhow::Error>(stage.world.carried(route)?.up.carried_bytes);
        Ok(by(Route::Near)? + by(Route::Far)?)
    };
    // What the lane that is cut has carried.
    let its = || match what {
        What::Uplink => stage.world.through(0).map(|(out, _)| out),
        What::Edge => Ok(stage.world.carried(Route::Near)?.up.carried_bytes),
    };
    let length = Duration::from_secs_f64(goals.cut_seconds);
    let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
    match what {
        What::Uplink => stage.world.uplink(0, false)?,
        What::Edge => stage.world.cut(Route::Near, length)?,
    }
    let began = Instant::now();
    let (mut last, mut since, mut stall) = (arrived()?, Instant::now(), Duration::ZERO);
    while began.elapsed() < length {
        ensure!(running.is_running()?, "it was over before the cut was");
        let now = arrived()?;
        // A packet that is sent again and again is no progress.
        if now > last + 20_000 {
            (last, since) = (now, Instant::now());
        }
        stall = stall.max(since.elapsed());
        std::thread::sleep(LOOK);
    }
    if let What::Uplink = what {
        stage.world.uplink(0, true)?;
    }
    let returned = Instant::now();
    let mut seen = vec![(Instant::now(), its()?)];
    let mut back = None;
    while returned.elapsed().as_secs_f64() < 2.0 * goals.back_seconds && back.is_none() && running.is_running()? {
        std::thread::sleep(LOOK);
        seen.push((Instant::now(), its()?));
        let second = seen.iter().rfind(|(then, _)| then.elapsed() >= Duration::from_secs(1));
        let carried = second.zip(seen.last()).map_or(0, |((_, then), (_, now))| now - then);
        back = (carried > IN_USE).then(|| returned.elapsed().as_secs_f64());
    }
    Ok(Outcome { stall: stall.as_secs_f64(), back, at })
}

/// Parts that the store had answered for well before `at`, and that came again after.
fn again(edge: &[Asked], region: &[Asked], at: f64) -> usize {
    let parts = || edge.iter().chain(region).filter(|asked| asked.status == 200 && asked.method == "PUT");
    let number = |asked: &Asked| asked.path.split("partNumber=").nth(1)?.split('&').next().map(str::to_owned);
    let mut before: HashMap<String, bool> = HashMap::new();
    for asked in parts().filter(|asked| asked.at < at - ARRIVED) {
        before.extend(number(asked).map(|number| (number, true)));
    }
    parts().filter(|asked| asked.at > at).filter_map(number).filter(|number| before.contains_key(number)).count()
}
