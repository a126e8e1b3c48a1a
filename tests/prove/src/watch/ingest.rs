//! An ingest box: `rushesctl watch`, as it is shipped, on folders that were added to it, started, killed and asked how it is doing.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::{Running, Rushesctl};
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, until};
use serde_json::Value;

use crate::built;

pub(super) struct Ingest {
    pub ctl: Rushesctl,
    place: Vec<String>,
    running: Option<Running>,
}

impl Ingest {
    pub(super) fn new(scratch: &Scratch, bucket: &Bucket) -> Result<Ingest> {
        let ctl = Rushesctl::new(scratch, built::release("rushesctl"))?.with(&bucket.env());
        Ok(Ingest { ctl, place: bucket.options().map(str::to_owned).into(), running: None })
    }

    /// Keeps a watch folder.
    pub(super) async fn add(&self, folder: &Path, more: &[&str]) -> Result<()> {
        let mut words = self.words(&["watch", "add"]);
        words.push(folder.display().to_string());
        words.extend(more.iter().map(|word| (*word).to_owned()));
        self.ctl.run(&words).await?.ok().map(|_| ())
    }

    fn words(&self, more: &[&str]) -> Vec<String> {
        let mut words = self.place.clone();
        words.push("--json".to_owned());
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words
    }

    pub(super) fn start(&mut self) -> Result<()> {
        self.running = Some(self.ctl.spawn(&self.words(&["watch"]))?);
        Ok(())
    }

    /// As a power cut would.
    pub(super) fn kill(&mut self) -> Result<()> {
        self.running.take().context("it does not run")?.kill()
    }

    /// As somebody who logs off would.
    pub(super) async fn stop(&mut self) -> Result<()> {
        let running = self.running.take().context("it does not run")?;
        running.interrupt()?;
        running.wait(Duration::from_secs(60)).await.map(|_| ())
    }

    pub(super) fn id(&self) -> Result<u32> {
        self.running.as_ref().map(Running::id).context("it does not run")
    }

    /// The last that it said of each of its folders.
    pub(super) fn folders(&mut self) -> Result<Vec<Value>> {
        let running = self.running.as_mut().context("it does not run")?;
        ensure!(running.is_running()?, "rushesctl watch ended by itself");
        let mut folders: Vec<Value> = Vec::new();
        for line in running.lines()?.into_iter().filter(|line| line["folder"].is_object()) {
            match folders.iter_mut().find(|one| one["folder"]["id"] == line["folder"]["id"]) {
                Some(one) => *one = line,
                None => folders.push(line),
            }
        }
        Ok(folders)
    }

    /// Every sentence that it ever said of why it looks.
    pub(super) fn sentences(&self) -> Result<Vec<String>> {
        let lines = self.running.as_ref().context("it does not run")?.lines()?;
        let mut said: Vec<String> =
            lines.iter().filter_map(|line| line["byLooks"].as_str().map(str::to_owned)).collect();
        said.dedup();
        Ok(said)
    }

    /// Waits until so many files of all its folders are in the bucket.
    pub(super) async fn until_sent(&mut self, files: u64, within: Duration) -> Result<()> {
        let what = format!("{files} files are sent");
        until(what, within, async || {
            let sent: u64 = self.folders()?.iter().filter_map(|folder| folder["sent"].as_u64()).sum();
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok((sent >= files).then_some(()))
        })
        .await
    }
}
