//! What the office's networks carry by all ways at once, beside other tools on the region's own.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use rushes_bench::clips::Clips;
use rushes_bench::spent::How;
use rushes_bench::{Direction, Tool};
use serde::Serialize;
use serde_json::json;

use super::stage::Stage;
use super::world::Route;
use super::{Goals, aside};
use crate::evidence::Shown;

/// How often what happens is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// One run of Rushes: how long it took, and what each way had carried after each look.
struct Run {
    seconds: f64,
    /// Seconds since the start, and bytes by the edge and by the region.
    course: Vec<(f64, u64, u64)>,
}

fn rushes(stage: &Stage, goals: &Goals, direction: Direction, clips: &Clips) -> Result<Run> {
    let ctl = stage.ctl()?;
    let into = stage.scratch.fresh("into")?;
    let (into, files) = (into.display().to_string(), clips.paths());
    let mut words = stage.options();
    words.push("--json");
    match direction {
        Direction::Up => words.extend(["put", &files[0], "--to", "up"]),
        Direction::Down => words.extend(["get", "up/clip-1.mxf", "--into", &into]),
    }
    let by = |route| -> Result<u64> {
        let stats = stage.world.carried(route)?;
        Ok(if direction == Direction::Up { stats.up.carried_bytes } else { stats.down.carried_bytes })
    };
    let before = (by(Route::Near)?, by(Route::Far)?);
    let began = Instant::now();
    let mut running = ctl.spawn(&words)?;
    let mut course = Vec::new();
    while running.is_running()? {
        ensure!(began.elapsed().as_secs() < goals.limit_seconds, "it took too long");
        course.push((began.elapsed().as_secs_f64(), by(Route::Near)? - before.0, by(Route::Far)? - before.1));
        std::thread::sleep(LOOK);
    }
    let seconds = began.elapsed().as_secs_f64();
    let rows = running.rows()?;
    ensure!(!rows.is_empty() && rows.iter().all(|row| row["state"] == "done"), "it ended badly: {rows:?}");
    Ok(Run { seconds, course })
}

/// Another tool's run.
#[derive(Debug, Serialize)]
struct Peer {
    name: &'static str,
    /// What it took; of one that was cut, the least that it would have.
    seconds: f64,
    /// What it had moved of the clips by the time that it was cut, at most: what was sent again is in it.
    moved: Option<f64>,
}

impl Peer {
    /// Errors where it ended badly: that would say nothing of its speed.
    fn run(stage: &Stage, goals: &Goals, name: &'static str, clips: &Clips) -> Result<Peer> {
        let tool: Tool = name.parse()?;
        let sent = || Ok::<u64, anyhow::Error>(stage.world.carried(Route::Far)?.up.carried_bytes);
        let before = sent()?;
        let spent = stage.peer(tool, Direction::Up, clips, name, Duration::from_secs(goals.limit_seconds))?;
        let sent = (sent()? - before) as f64 / clips.bytes() as f64;
        let (seconds, moved) = match spent.how {
            How::Well => (spent.wall.as_secs_f64(), None),
            How::Cut => (goals.limit_seconds as f64, Some(sent.min(1.0))),
            How::Badly(why) => bail!("{name} ended badly: {why}"),
        };
        Ok(Peer { name, seconds, moved })
    }

    fn beside(&self, ours: f64) -> String {
        let ratio = self.seconds / ours;
        match self.moved {
            None => format!("{ratio:.2} × {}", self.name),
            Some(moved) => {
                let (name, seconds, moved) = (self.name, self.seconds, moved * 100.0);
                format!("> {ratio:.2} × {name} (cut at {seconds:.0} s, {moved:.0} % moved)")
            }
        }
    }
}

impl Run {
    /// After how long the edge has carried most of every following second.
    fn on_edge_since(&self) -> Option<f64> {
        let seconds: Vec<_> = self.course.windows(5).map(|w| (w[0].0, w[4].1 - w[0].1, w[4].2 - w[0].2)).collect();
        let last_other = seconds.iter().rposition(|(_, near, far)| far > near);
        seconds.get(last_other.map_or(0, |i| i + 1)).map(|(at, ..)| *at)
    }
}

pub async fn one(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let stage = Stage::open(&goals.terrain)?;
        stage.world.plug(1, false)?;
        let clips = Clips::make(&stage.scratch, 1, goals.clip_bytes)?;
        let ours = rushes(&stage, &goals, Direction::Up, &clips)?;
        let share = goals.clip_bytes as f64 * 8.0 / 1e6 / ours.seconds / goals.terrain.uplink_mbit;
        eprintln!("    rushes: {:.1} s, {:.1} %", ours.seconds, share * 100.0);
        let mut peers = Vec::new();
        for name in ["rclone", "aws-crt", "rclone-100"] {
            let peer = Peer::run(&stage, &goals, name, &clips)?;
            eprintln!("    {name}: {}", peer.beside(ours.seconds));
            peers.push(peer);
        }
        let since = ours.on_edge_since();
        let at_least = |name: &str| if name == "rclone-100" { goals.by_hand_ratio } else { goals.as_they_come_ratio };
        let passes = share >= goals.one_share
            && since.is_some_and(|since| since <= goals.best_within_seconds)
            && peers.iter().all(|peer| peer.seconds / ours.seconds >= at_least(peer.name));
        let beside: Vec<String> = peers.iter().map(|peer| peer.beside(ours.seconds)).collect();
        let since = since.map_or("never".to_owned(), |since| format!("after {since:.1} s"));
        let figure = format!("{:.1} %, on the edge {since}, {}", share * 100.0, beside.join(", "));
        Ok(Shown { figure, passes, samples: json!({ "course": ours.course, "peers": peers }) })
    })
    .await
}

pub async fn two(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let stage = Stage::open(&goals.terrain)?;
        let clips = Clips::make(&stage.scratch, 1, goals.clip_bytes)?;
        let mut shares = Vec::new();
        for direction in [Direction::Up, Direction::Down] {
            let run = rushes(&stage, &goals, direction, &clips)?;
            let share = goals.clip_bytes as f64 * 8.0 / 1e6 / run.seconds / (2.0 * goals.terrain.uplink_mbit);
            let through = [stage.world.through(0)?, stage.world.through(1)?];
            eprintln!("    {direction}: {:.1} s, {:.1} %, through each {through:?}", run.seconds, share * 100.0);
            shares.push((share, run.course));
        }
        let passes = shares.iter().all(|(share, _)| *share >= goals.two_share);
        let figure = format!("up {:.1} %, down {:.1} %", shares[0].0 * 100.0, shares[1].0 * 100.0);
        Ok(Shown { figure, passes, samples: json!(shares) })
    })
    .await
}
