//! What `make run` shows where there is no display: one clip dropped on the real window, sent, proved, listed, fetched
//! and compared, in sentences, with a picture of the window.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rushes_rig::footage;

use crate::built;
use crate::person::{Person, SOON, Theme, crc64};

const CLIP: u64 = 60_000_000;
const LATER: Duration = Duration::from_secs(180);

pub async fn tell() -> Result<()> {
    let person = Person::new(Theme::Dark).await?;
    let window = person.opens().await?;
    println!("Rushes is open on a virtual display, on its first run.");
    person.chooses_practice(&window).await?;
    println!("The practice newsroom is in use: an S3 bucket of its own on this computer, its keys in the keychain.");

    let clip = person.scratch.join("harbour_fire_live.mxf");
    footage::mxf(&clip, CLIP)?;
    let size = std::fs::metadata(&clip)?.len();
    let (kind, seconds) = footage::probe(&clip)?;
    println!("A real clip: {} of {:.1} MB, {kind}, {seconds:.0} s.", name(&clip), size as f64 / 1e6);

    let begun = Instant::now();
    person.drops(&window, &[&clip], "Harbour fire").await?;
    println!("Dropped on the window with a real drag, with the slug “Harbour fire”.");
    let rows = person.waits_for_done(&window, 1, LATER).await?;
    println!("Sent in {:.1} s; its key is {}.", begun.elapsed().as_secs_f64(), rows[0]["key"].as_str().unwrap_or("?"));
    let proof = window.text("row-proof", SOON, |text| text.contains("CRC64NVME")).await?;
    println!("Proved: “{}”.", proof.replace('\n', " "));
    let bucket = person.practice_bucket().await?;
    let head = bucket.witness()?.head(rows[0]["key"].as_str().unwrap_or_default()).await?;
    let theirs = head.and_then(|head| head.crc64nvme);
    ensure!(theirs.as_deref() == Some(&crc64(&clip)?), "the bucket's checksum is {theirs:?}");
    println!("Another client agrees: the bucket's own CRC64NVME is {}.", theirs.unwrap_or_default());

    person.fetches(&window, "harbour_fire_live").await?;
    println!("Listed under Footage, and fetched from there.");
    person.waits_for_done(&window, 2, LATER).await?;
    let fetched = person.downloads().join(name(&clip));
    ensure!(footage::same(&clip, &fetched)?, "what came down is not what went up");
    println!("Compared: bit for bit what was dropped.");

    let picture = built::target().join("run/window.png");
    std::fs::create_dir_all(picture.parent().unwrap_or(&picture))?;
    window.screenshot(&picture).await?;
    window.close().await?;
    println!("A picture of the window: {}", picture.display());
    Ok(())
}

fn name(path: &std::path::Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
