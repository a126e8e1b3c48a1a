//! Faults that no client can outlive: what they are called, and that nothing is lost or left behind.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::Rushesctl;
use rushes_rig::proxy::Proxy as Link;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::{Bucket, Keys};
use rushes_rig::{Scratch, footage};
use serde_json::{Value, json};

use super::campaign::errors;
use crate::built;
use crate::main_job::bad_input::full_disk;

const LONG: Duration = Duration::from_secs(180);
const CLIP: u64 = 70_000_000;

/// Each fault with the code that it ended with.
pub async fn all() -> Result<Value> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 1)?;
    let source = changed_source(&scratch, &seaweed).await.context("changed source")?;
    let keys = revoked_keys(&scratch, &seaweed).await.context("revoked keys")?;
    let disk =
        full_disk(&ctl(&scratch, seaweed.bucket())?, &scratch, seaweed.bucket(), &clip).await.context("full disk")?;
    let orphans = seaweed.bucket().witness()?.unfinished().await?.len();
    Ok(json!({ "sourceChanged": source, "wrongCredentials": keys, "diskFull": disk, "orphans": orphans }))
}

fn ctl(scratch: &Scratch, bucket: &Bucket) -> Result<Rushesctl> {
    Ok(Rushesctl::new(scratch, built::release("rushesctl"))?.with(&bucket.env()))
}

/// A source that grows while it is sent. Cancelled afterwards: nothing of it stays.
async fn changed_source(scratch: &Scratch, seaweed: &Seaweed) -> Result<Value> {
    let link = Link::before(seaweed.bucket()).await?;
    link.limit(Some(20_000_000), None);
    let bucket = seaweed.bucket().through(&link);
    let clip = scratch.join("growing.mxf");
    footage::random(&clip, CLIP, 2)?;
    let ctl = ctl(scratch, &bucket)?;
    let path = clip.display().to_string();
    let mut running = ctl.spawn(&[&bucket.options()[..], &["--json", "put", &path, "--to", "fatal"]].concat())?;
    let row = running.line("something is sent", LONG, |line| line["acked"].as_u64().is_some_and(|n| n > 0)).await?;
    std::fs::OpenOptions::new().append(true).open(&clip)?.write_all(b"one more frame")?;
    let ended = running.wait(LONG).await?;
    let said = errors(&ended);
    ensure!(said.keys().eq(["sourceChanged"]), "{said:?}");
    let id = row["id"].to_string();
    ctl.run(&[&bucket.options()[..], &["--json", "cancel", &id]].concat()).await?.ok()?;
    ensure!(seaweed.bucket().witness()?.head("fatal/growing.mxf").await?.is_none(), "something of it is in the bucket");
    Ok(json!(said))
}

/// Keys that the store does not know (any more); with good ones the same command goes on and is proved.
async fn revoked_keys(scratch: &Scratch, seaweed: &Seaweed) -> Result<Value> {
    let good = seaweed.bucket();
    let revoked = Bucket { keys: Keys::random(), ..good.clone() };
    let path = scratch.join("clip.mxf").display().to_string();
    let bad = ctl(scratch, &revoked)?;
    let put = [&good.options()[..], &["--json", "put", &path, "--to", "fatal"]].concat();
    let said = errors(&bad.spawn(&put)?.wait(LONG).await?);
    ensure!(said.keys().eq(["wrongCredentials"]), "{said:?}");
    let ended = bad.clone().with(&good.env()).spawn(&put)?.wait(LONG).await?;
    ensure!(ended.status == Some(0), "with good keys: {:?}", errors(&ended));
    ensure!(good.witness()?.same("fatal/clip.mxf", &scratch.join("clip.mxf")).await?, "it arrived with other bytes");
    Ok(json!(said))
}
