//! A multi-region access point: reads only, each signed for all regions at once (SigV4A). What stands in for it at the
//! edge takes no other signature, and every signature is checked again by OpenSSL (`sigv4a.py`), not by who made it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_bench::clips::Clips;
use rushes_rig::child::Child;
use rushes_rig::{footage, pypi, seaweed};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::stage::{HOME, MULTI_REGION, MULTI_REGION_HOST, Stage};
use super::world::{ACCESS_POINT, REGION_FROM_EDGE, Route};
use super::{Goals, aside};
use crate::evidence::Shown;

const CLIP: u64 = 60_000_000;
/// For Python to begin.
const STARTED_WITHIN: Duration = Duration::from_secs(20);
/// Longer than the row.
const FOR_GOOD: Duration = Duration::from_secs(3_600);

/// Serves until dropped.
struct AccessPoint {
    python: PathBuf,
    folder: PathBuf,
    _child: Child,
}

/// What the independent verifier has found.
#[derive(Debug, Deserialize)]
struct Verdict {
    requests: usize,
    /// By method.
    verified: BTreeMap<String, usize>,
    ranges: usize,
    /// With one byte of the path, the regions or the date another one.
    refused_when_changed: BTreeMap<String, usize>,
    taken_when_changed: Vec<Value>,
    awscrt: String,
}

impl AccessPoint {
    fn start(stage: &Stage) -> Result<AccessPoint> {
        let python = pypi::signatures()?.join("bin/python");
        let folder = stage.scratch.fresh("access-point")?;
        fs::write(folder.join("access_point.py"), include_str!("access_point.py"))?;
        fs::write(folder.join("sigv4a.py"), include_str!("sigv4a.py"))?;
        let mut command = stage.world.edge.command(&python);
        command.arg(folder.join("access_point.py")).arg(ACCESS_POINT.to_string());
        command.arg(&stage.tls.certificate).arg(&stage.tls.key);
        command.arg(format!("{REGION_FROM_EDGE}:8080")).arg(seaweed::BUCKET);
        command.arg(folder.join("record.jsonl")).arg(MULTI_REGION_HOST);
        let mut child = Child::start(command, &stage.env(), &folder)?;
        let record = folder.join("record.jsonl");
        let serves = async || Ok(record.is_file().then_some(()));
        Handle::current().block_on(child.ready("the access point serves", STARTED_WITHIN, serves))?;
        Ok(AccessPoint { python, folder, _child: child })
    }

    fn verdict(&self, stage: &Stage) -> Result<(Verdict, Value)> {
        let mut command = std::process::Command::new(&self.python);
        command.arg(self.folder.join("sigv4a.py")).arg(self.folder.join("record.jsonl")).arg(MULTI_REGION_HOST);
        stage.env().apply(&mut command);
        let output = command.output()?;
        ensure!(output.status.success(), "sigv4a.py: {}", String::from_utf8_lossy(&output.stderr));
        let whole: Value = serde_json::from_slice(&output.stdout).context("what sigv4a.py has found")?;
        Ok((serde_json::from_value(whole.clone())?, whole))
    }
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let stage = Stage::open(&goals.terrain)?;
        let point = AccessPoint::start(&stage)?;
        let clips = Clips::make(&stage.scratch, 1, CLIP)?;
        let ctl = stage.ctl()?;
        let file = clips.paths().remove(0);
        let options = ["--bucket", seaweed::BUCKET, "--region", HOME, "--multi-region", MULTI_REGION, "--json"];
        let run = |words: &[&str]| Handle::current().block_on(ctl.run(&[&options[..], words].concat()));

        let up = run(&["put", &file, "--to", "there"])?;
        ensure!(up.status == Some(0), "up: {}", up.stderr);
        // From here on nothing but the access point answers.
        stage.world.cut(Route::Far, FOR_GOOD)?;
        let into = stage.scratch.fresh("into")?;
        let down = run(&["get", "there/clip-1.mxf", "--into", &into.display().to_string()])?;
        let landed = into.join("clip-1.mxf");
        let is_same = down.status == Some(0) && footage::same(&landed, Path::new(&file))?;

        let (verdict, whole) = point.verdict(&stage)?;
        let count = |method: &str| verdict.verified.get(method).copied().unwrap_or(0);
        let (gets, heads) = (count("GET"), count("HEAD"));
        let all = ["path", "regions", "date"].iter().all(|what| {
            verdict.refused_when_changed.get(*what).is_some_and(|refused| *refused == verdict.requests)
        });
        let passes = is_same
            && verdict.requests > 0
            && gets + heads == verdict.requests
            && heads > 0
            && verdict.ranges > 1
            && all
            && verdict.taken_when_changed.is_empty()
            && verdict.awscrt == "verified";
        let figure = format!(
            "{} of {} signatures verified ({gets} GET, {} of them ranges, {heads} HEAD; no PUT); {}; changed: {} taken; \
             awscrt: {}",
            gets + heads,
            verdict.requests,
            verdict.ranges,
            if is_same { "landed exact" } else { "did not land" },
            verdict.taken_when_changed.len(),
            verdict.awscrt
        );
        let samples = json!({ "verdict": whole, "said": down.stderr, "last": down.rows() });
        Ok(Shown { figure, passes, samples })
    })
    .await
}
