//! Real footage, through the window and through the command line, against a store of ours and one that is not; and a
//! real drag.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::Rushesctl;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage};
use serde_json::{Value, json};

use super::Goals;
use crate::built;
use crate::evidence::Shown;
use crate::person::{LONG, Person, Theme, crc64};

pub async fn footage(goals: &Goals) -> Result<Shown> {
    let scratch = Scratch::new();
    let clips = [scratch.join("market_fire_live.mxf"), scratch.join("harbour_wide_angle.mp4")];
    footage::mxf(&clips[0], goals.clip_bytes)?;
    footage::mp4(&clips[1], goals.clip_bytes)?;
    let seaweed = Seaweed::start(&scratch).await?;
    let person = Person::new(Theme::Dark).await?;
    let window = person.opens().await?;
    let mut samples = Vec::new();

    // Through the window, on the practice newsroom and then on SeaweedFS.
    person.chooses_practice(&window).await?;
    person.drops(&window, &clips, "Row three").await?;
    let rows = person.waits_for_done(&window, 2, LONG).await?;
    let practice = person.practice_bucket().await?;
    for (clip, row) in paired(&clips, &rows)? {
        samples.push(checked("window", "practice", &practice, clip, row["key"].as_str().context("no key")?).await?);
    }
    for (i, clip) in clips.iter().enumerate() {
        person.fetches(&window, &stem(clip)).await?;
        person.waits_for_done(&window, 3 + i, LONG).await?;
        let here = person.downloads().join(clip.file_name().context("no name")?);
        ensure!(footage::same(clip, &here)?, "{} came down otherwise", clip.display());
        std::fs::remove_file(here)?;
    }
    window.click("profile-switcher").await?;
    window.click("profile-add").await?;
    person.connects(&window, "SeaweedFS", seaweed.bucket()).await?;
    window.click("clear-finished").await?;
    person.drops(&window, &clips, "Row three").await?;
    let rows = person.waits_for_done(&window, 2, LONG).await?;
    for (clip, row) in paired(&clips, &rows)? {
        let key = row["key"].as_str().context("no key")?;
        samples.push(checked("window", "SeaweedFS", seaweed.bucket(), clip, key).await?);
    }
    for (i, clip) in clips.iter().enumerate() {
        person.fetches(&window, &stem(clip)).await?;
        person.waits_for_done(&window, 3 + i, LONG).await?;
        let here = person.downloads().join(clip.file_name().context("no name")?);
        ensure!(footage::same(clip, &here)?, "{} came down otherwise", clip.display());
    }

    // Through the command line, on the same two.
    let ctl = person.ctl()?;
    for (store, bucket) in [("practice", &practice), ("SeaweedFS", seaweed.bucket())] {
        let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?.with(&bucket.env());
        for clip in &clips {
            let key = round_trip(&ctl, &scratch, bucket, clip).await?;
            samples.push(checked("rushesctl", store, bucket, clip, &key).await?);
        }
    }
    drop(ctl);
    window.close().await?;
    let good = samples.iter().filter(|s| s["proved"] == true && s["listed"] == true).count();
    Ok(Shown {
        figure: format!("{good} of {} proved and equal", samples.len()),
        passes: good == 8,
        samples: json!(samples),
    })
}

fn paired<'a>(clips: &'a [std::path::PathBuf], rows: &'a [Value]) -> Result<Vec<(&'a Path, &'a Value)>> {
    clips
        .iter()
        .map(|clip| {
            let name = clip.file_name().map(|n| n.to_string_lossy().into_owned());
            let row =
                rows.iter().find(|row| row["name"].as_str() == name.as_deref()).context("a clip without a row")?;
            Ok((clip.as_path(), row))
        })
        .collect()
}

fn stem(clip: &Path) -> String {
    clip.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Up and down by the command line; the key that it got.
async fn round_trip(ctl: &Rushesctl, scratch: &Scratch, bucket: &Bucket, clip: &Path) -> Result<String> {
    let place = words(&bucket.options());
    let clip_name = clip.to_str().context("a readable path")?;
    let put = ctl
        .spawn(&[place.clone(), words(&["--json", "put", clip_name, "--to", "ctl"])].concat())?
        .wait(LONG)
        .await?
        .ok()?;
    let row = put.lines.last().context("no row")?;
    ensure!(row["state"] == "done" && row["proof"]["by"] == "wholeObject", "{row}");
    let key = row["key"].as_str().context("no key")?.to_owned();
    let listed = ctl.run(&[place.clone(), words(&["--json", "ls", "ctl/"])].concat()).await?.ok()?;
    ensure!(listed.lines.iter().any(|l| l["key"] == key.as_str() && l["size"] == row["size"]), "not listed: {key}");
    let down = scratch.folder("down");
    let into = down.to_str().context("a readable path")?;
    ctl.spawn(&[place, words(&["get", &key, "--into", into])].concat())?.wait(LONG).await?.ok()?;
    let here = down.join(clip.file_name().context("no name")?);
    ensure!(footage::same(clip, &here)?, "{key} came down otherwise");
    std::fs::remove_file(here)?;
    Ok(key)
}

pub fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What another client sees of it, beside the file.
async fn checked(by: &str, store: &str, bucket: &Bucket, clip: &Path, key: &str) -> Result<Value> {
    let witness = bucket.witness()?;
    let head = witness.head(key).await?.with_context(|| format!("{key} is not there"))?;
    let ours = crc64(clip)?;
    let listed = witness.keys(key).await?.iter().any(|k| k == key);
    let size = std::fs::metadata(clip)?.len();
    let proved = head.size == size && head.crc64nvme.as_deref().is_none_or(|theirs| theirs == ours);
    Ok(json!({
        "by": by, "store": store, "key": key, "bytes": size, "ours": ours, "theirs": head.crc64nvme, "proved": proved, "listed": listed,
    }))
}

pub async fn drag() -> Result<Shown> {
    let person = Person::new(Theme::Light).await?;
    let window = person.opens().await?;
    person.chooses_practice(&window).await?;
    let folder = person.scratch.folder("drop");
    let mut dropped = Vec::new();
    for (i, name) in ["one.mxf", "two.mp4", "three é.mov"].iter().enumerate() {
        footage::random(&folder.join(name), 9_000_000, i as u64)?;
        dropped.push(folder.join(name));
    }
    let card = person.scratch.folder("drop/CARD");
    footage::random(&card.join("A001.mxf"), 9_000_000, 7)?;
    dropped.push(card);
    person.drops(&window, &dropped, "Row four").await?;
    let rows = person.waits_for_done(&window, 4, LONG).await?;
    let keys: Vec<&str> = rows.iter().filter_map(|row| row["key"].as_str()).collect();
    ensure!(keys.iter().any(|key| key.ends_with("/CARD/A001.mxf")), "the folder's structure is not in {keys:?}");
    window.close().await?;
    Ok(Shown { figure: format!("{} rows, all Done", rows.len()), passes: rows.len() == 4, samples: json!(rows) })
}
