//! Acceleration under its real names, and its traps.

use anyhow::{Context, Result, ensure};
use rushes_bench::clips::Clips;
use rushes_rig::seaweed;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::stage::{ELSEWHERE, HOME, Stage};
use super::{Goals, aside};
use crate::evidence::Shown;

const CLIP: u64 = 60_000_000;

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let stage = Stage::open(&goals.terrain)?;
        let clips = Clips::make(&stage.scratch, 1, CLIP)?;
        let ctl = stage.ctl()?;
        let file = clips.paths().remove(0);
        let run = |words: &[&str]| Handle::current().block_on(ctl.run(words));
        let say = |words: &[&str]| {
            let all: Vec<&str> = stage.options().into_iter().chain(["--json"]).chain(words.iter().copied()).collect();
            run(&all)
        };
        let up = say(&["put", &file, "--to", "there"])?;
        ensure!(up.status == Some(0), "up: {}", up.stderr);
        let into = stage.scratch.fresh("into")?;
        let down = say(&["get", "there/clip-1.mxf", "--into", &into.display().to_string()])?;
        ensure!(down.status == Some(0), "down: {}", down.stderr);
        let is_same = std::fs::read(into.join("clip-1.mxf"))? == std::fs::read(&file)?;
        let (edge, region) = stage.asked()?;
        let accelerated = format!("{}.s3-accelerate.amazonaws.com", seaweed::BUCKET);
        let moved = |method: &str| -> u64 {
            let mine = edge.iter().filter(|asked| asked.host == accelerated && asked.method == method);
            mine.map(|asked| if method == "PUT" { asked.received } else { asked.sent }).sum()
        };
        let (up_by_edge, down_by_edge) = (moved("PUT"), moved("GET"));
        let control_stays = !edge.iter().any(|asked| asked.method == "POST" || asked.path.contains("list-type"));
        let asks_state = region.iter().any(|asked| asked.path.contains("accelerate"));

        stage.accelerate(false)?;
        let suspended = run(&[&stage.options()[..], &["--json", "put", &file, "--to", "suspended"]].concat())?;
        let ways = say(&["routes"])?;
        let still_lands = suspended.status == Some(0);
        let dotted = run(&["--bucket", "a.b", "--region", HOME, "--accelerate", "ls"])?;
        let mismatch = run(&["--bucket", seaweed::BUCKET, "--region", ELSEWHERE, "ls"])?;
        let sentences = json!({
            "suspended": ways.stdout,
            "dot": dotted.stderr,
            "region": mismatch.stderr,
        });
        let says = |text: &Value, what: &str| text.as_str().is_some_and(|text| text.contains(what));
        let passes = is_same
            && up_by_edge + down_by_edge > CLIP
            && up_by_edge > 0
            && down_by_edge > 0
            && control_stays
            && asks_state
            && still_lands
            && says(&sentences["suspended"], "Acceleration is off for")
            && says(&sentences["dot"], "dot in its name")
            && says(&sentences["region"], &format!("region {HOME}, not in {ELSEWHERE}"));
        let megabytes = |bytes: u64| bytes / 1_000_000;
        let figure = format!(
            "{} of {} MB up and {} of {} MB down through the edge; suspended: {}; dot and region: their sentences",
            megabytes(up_by_edge),
            megabytes(CLIP),
            megabytes(down_by_edge),
            megabytes(CLIP),
            if still_lands { "lands by the region" } else { "does not land" },
        );
        let last = suspended.lines.last().cloned().context("no line")?;
        let samples = json!({ "sentences": sentences, "suspended": last, "edge": edge.len(), "region": region.len() });
        Ok(Shown { figure, passes, samples })
    })
    .await
}
