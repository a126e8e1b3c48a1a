//! The limits of inotify, each at its lowest while files arrive. They are the whole system's: each is put back at the end, and
//! held for no longer than its stage takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rushes_rig::seaweed::Seaweed;
use rushes_rig::{Scratch, until};
use serde_json::{Value, json};

use super::Goals;
use super::ingest::Ingest;
use crate::evidence::Shown;
use crate::person::LONG;

/// Folders that are there before.
const FOLDERS: u32 = 40;

/// A limit as it was, put back when this is dropped.
struct Lowered {
    path: PathBuf,
    before: String,
}

impl Lowered {
    fn to(name: &str, value: u32) -> Result<Lowered> {
        let path = Path::new("/proc/sys/fs/inotify").join(name);
        let before = fs::read_to_string(&path)?;
        let lowered = Lowered { path, before };
        fs::write(&lowered.path, value.to_string()).with_context(|| format!("{name} cannot be set: run it as root"))?;
        Ok(lowered)
    }
}

impl Drop for Lowered {
    fn drop(&mut self) {
        if let Err(error) = fs::write(&self.path, &self.before) {
            eprintln!("{} could not be put back to {}: {error}", self.path.display(), self.before.trim());
        }
    }
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let mut stages = Vec::new();
    let mut passes = true;
    let mut figures = Vec::new();
    for (limit, value) in [("max_user_watches", 1), ("max_user_instances", 0), ("max_queued_events", 1)] {
        let stage = stage(goals, limit, value).await.with_context(|| limit.to_owned())?;
        passes &= stage["missed"] == 0 && stage["wrong"] == 0 && stage["said"].as_bool() == Some(true);
        figures.push(format!(
            "{limit} = {value}: {} of {} there, {} s, said {}",
            goals.limited - stage["missed"].as_u64().unwrap_or(0) as u32,
            goals.limited,
            stage["seconds"],
            stage["sentences"].as_array().and_then(|all| all.last()).unwrap_or(&Value::Null)
        ));
        stages.push(stage);
    }
    Ok(Shown { figure: figures.join("; "), passes, samples: json!(stages) })
}

async fn stage(goals: &Goals, limit: &str, value: u32) -> Result<Value> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let witness = seaweed.bucket().witness()?;
    let root = scratch.folder("ingest");
    (0..FOLDERS).for_each(|n| drop(scratch.folder(format!("ingest/before-{n:02}"))));
    let mut ingest = Ingest::new(&scratch, seaweed.bucket())?;
    ingest.add(&root, &[]).await?;
    let lowered = Lowered::to(limit, value)?;
    ingest.start()?;
    until("it was looked at", LONG, async || {
        Ok(ingest.folders()?.iter().any(|row| row["lastLook"].is_i64()).then_some(()))
    })
    .await?;
    let begun = Instant::now();
    let mut wanted = Vec::new();
    for n in 0..goals.limited {
        // In folders that were there, and in new ones, three deep.
        let place = match n % 4 {
            0 => format!("new-{:02}/a/b/{n:04}.mxf", n % 60),
            _ => format!("before-{:02}/{n:04}.mxf", n % FOLDERS),
        };
        let path = root.join(&place);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(&path, format!("{n} {}", "x".repeat((n as usize * 37) % 9_000)))?;
        wanted.push(place);
        if n % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }
    wanted.sort();
    let all = until("all of it is there", LONG, async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok((witness.keys("").await?.len() >= wanted.len()).then_some(()))
    });
    let _ = all.await;
    let seconds = begun.elapsed().as_secs();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let keys = witness.keys("").await?;
    let missed = wanted.iter().filter(|key| keys.binary_search(key).is_err()).count();
    let mut wrong = keys.iter().filter(|key| wanted.binary_search(key).is_err()).count();
    for key in keys.iter().filter(|key| wanted.binary_search(key).is_ok()) {
        wrong += usize::from(!witness.same(key, &root.join(key)).await?);
    }
    let sentences = ingest.sentences()?;
    drop(lowered);
    let said = sentences.iter().any(|sentence| sentence.contains(limit));
    ingest.stop().await?;
    Ok(json!({
        "limit": limit, "value": value, "missed": missed, "wrong": wrong, "seconds": seconds, "said": said,
        "sentences": sentences,
    }))
}
