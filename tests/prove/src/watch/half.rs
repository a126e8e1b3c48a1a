//! A half-copied file that is left alone while its writer has it open.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::{Scratch, footage, until};
use serde_json::json;

use super::Goals;
use super::ingest::Ingest;
use crate::evidence::Shown;
use crate::person::LONG;

const CLIP: u64 = 40_000_000;

pub async fn row(goals: &Goals) -> Result<Shown> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let witness = seaweed.bucket().witness()?;
    let folder = scratch.folder("ingest");
    let mut ingest = Ingest::new(&scratch, seaweed.bucket())?;
    ingest.add(&folder, &[]).await?;
    ingest.start()?;
    let whole = scratch.join("whole.mxf");
    footage::random(&whole, CLIP, 1)?;
    let bytes = std::fs::read(&whole)?;
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    let mut file = std::fs::File::create(folder.join("half.mxf"))?;
    file.write_all(first)?;
    file.sync_all()?;

    let begun = Instant::now();
    let (mut looks, mut sent_early, mut said) = (0u32, 0u32, 0u32);
    let mut sentence = String::new();
    while begun.elapsed() < Duration::from_secs(goals.half_seconds) {
        tokio::time::sleep(Duration::from_secs(5)).await;
        looks += 1;
        let keys = witness.keys("").await?.len() + witness.unfinished().await?.len();
        sent_early += u32::from(keys > 0);
        let folders = ingest.folders()?;
        let held = folders.iter().flat_map(|row| row["held"].as_array().cloned().unwrap_or_default());
        if let Some(why) = held.into_iter().find(|held| held["name"] == "half.mxf") {
            said += 1;
            sentence = why["why"].as_str().unwrap_or_default().to_owned();
        }
    }
    let waited = begun.elapsed().as_secs();
    file.write_all(rest)?;
    drop(file);
    let closed = Instant::now();
    until("it goes up when it is whole", LONG, async || Ok((witness.keys("").await? == ["half.mxf"]).then_some(())))
        .await?;
    let took = closed.elapsed().as_secs_f64();
    let same = witness.same("half.mxf", &folder.join("half.mxf")).await?;
    ingest.stop().await?;
    // The first seconds are for it to be found.
    let passes = sent_early == 0 && said + 2 >= looks && same && waited >= goals.half_seconds;
    let figure = format!(
        "not sent in {waited} s, looked at {looks} times; said {said} times: \u{201c}{sentence}\u{201d}; {took:.1} s after it \
         was closed it was in the bucket, bit-exact: {same}"
    );
    Ok(Shown {
        figure,
        passes,
        samples: json!({ "looks": looks, "sent_early": sent_early, "said": said, "after": took }),
    })
}
