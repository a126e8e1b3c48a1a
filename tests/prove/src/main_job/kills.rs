//! kill -9, and files edited behind our back.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::Rng;
use rushes_rig::ctl::Rushesctl;
use rushes_rig::kills::{Killed, kill_at};
use rushes_rig::proxy::Proxy;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage};
use serde_json::{Value, json};

use super::Goals;
use super::real::words;
use crate::built;
use crate::evidence::Shown;
use crate::person::LONG;

/// So that a transfer takes long enough to be killed everywhere in it.
const LINK: u64 = 60_000_000;
/// What HTTP and signed chunks add to a part.
const OVERHEAD: u64 = 40_000;

/// 20 kills of one upload and 20 of one download, at random moments over the whole of each: from before its first request
/// to its last. A transfer that gets through before its kills are used up is begun again with another clip.
pub async fn killed(goals: &Goals) -> Result<Shown> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let proxy = Proxy::before(seaweed.bucket()).await?;
    let bucket = seaweed.bucket().through(&proxy);
    proxy.limit(Some(LINK), Some(LINK));
    let up = campaign(goals, &scratch, &proxy, &bucket, seaweed.bucket(), Way::Up).await?;
    let down = campaign(goals, &scratch, &proxy, &bucket, seaweed.bucket(), Way::Down).await?;
    let passes = [&up, &down].iter().all(|c| c["within"] == true && c["equal"] == true && c["orphans"] == 0);
    let mb = |c: &Value| {
        format!(
            "{:.0} of at most {:.0} MB",
            c["again"].as_f64().unwrap_or(0.0) / 1e6,
            c["allowed"].as_f64().unwrap_or(0.0) / 1e6
        )
    };
    let figure =
        format!("{} + {} kills, all bit-exact; again: up {}, down {}", up["kills"], down["kills"], mb(&up), mb(&down));
    Ok(Shown { figure, passes, samples: json!({ "up": up, "down": down }) })
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Up,
    Down,
}

async fn campaign(
    goals: &Goals,
    scratch: &Scratch,
    proxy: &Proxy,
    bucket: &Bucket,
    direct: &Bucket,
    way: Way,
) -> Result<Value> {
    let mut kills = Vec::new();
    let (mut again, mut rounds, mut equal) = (0, 0, true);
    while kills.len() < goals.kills_each_way {
        rounds += 1;
        let name = format!("clip-{rounds}.mxf");
        let clip = scratch.join(&name);
        footage::random(&clip, goals.clip_bytes, rounds)?;
        let ctl = Rushesctl::new(scratch, built::binary("rushesctl")?)?.with(&bucket.env());
        let down = scratch.folder(format!("down-{rounds}"));
        let what = match way {
            Way::Up => words(&["put", clip.to_str().context("a readable path")?]),
            Way::Down => {
                // Put there past the slow link and its count.
                let past = Rushesctl::new(scratch, built::binary("rushesctl")?)?.with(&direct.env());
                let put = [
                    words(&direct.options()),
                    words(&["put", clip.to_str().context("a readable path")?, "--to", "down"]),
                ]
                .concat();
                past.spawn(&put)?.wait(LONG).await?.ok()?;
                words(&["get", &format!("down/{name}"), "--into", down.to_str().context("a readable path")?])
            }
        };
        proxy.forget_requests();
        let whole = goals.clip_bytes as f64 / LINK as f64;
        let left = goals.kills_each_way - kills.len();
        // Each run goes on where the last was killed, so short lives spread the kills over the whole transfer.
        let moments: Vec<Duration> = (0..left)
            .map(|_| Duration::from_secs_f64(rand::rng().random_range(0.02..whole / left as f64 * 2.2 + 0.3)))
            .collect();
        let Killed { at, last } =
            kill_at(&ctl, &[words(&bucket.options()), words(&["--json"]), what].concat(), &moments).await?;
        last.ok()?;
        let moved: u64 = match way {
            Way::Up => parts_up(proxy),
            Way::Down => proxy
                .requests()
                .iter()
                .filter(|r| r.method == "GET" && r.target.contains(&name))
                .map(|r| r.received)
                .sum(),
        };
        again += moved.saturating_sub(goals.clip_bytes);
        equal &= match way {
            Way::Up => direct.witness()?.same(&name, &clip).await?,
            Way::Down => footage::same(&clip, &down.join(&name))?,
        };
        kills.extend(at.iter().map(Duration::as_millis));
        std::fs::remove_file(&clip)?;
        let _ = std::fs::remove_file(down.join(&name));
    }
    let allowed = kills.len() as u64 * goals.parts_in_flight * (goals.part_bytes + OVERHEAD);
    let orphans = direct.witness()?.unfinished().await?.len();
    Ok(json!({
        "kills": kills.len(), "killed_after_ms": kills.iter().map(|k| *k as u64).collect::<Vec<_>>(), "clips": rounds,
        "again": again, "allowed": allowed, "within": again <= allowed, "equal": equal, "orphans": orphans,
    }))
}

fn parts_up(proxy: &Proxy) -> u64 {
    proxy.requests().iter().filter(|r| r.method == "PUT" && r.target.contains("partNumber=")).map(|r| r.sent).sum()
}

/// A source edited while nobody looks, and one whose size and time are put back as they were.
pub async fn edited(goals: &Goals) -> Result<Shown> {
    let plainly = edited_by(goals, |clip| {
        let mut file = File::options().append(true).open(clip)?;
        Ok(file.write_all(b"one more frame")?)
    })
    .await?;
    let part = goals.part_bytes;
    let secretly = edited_by(goals, |clip| {
        let before = std::fs::metadata(clip)?;
        let mut file = File::options().write(true).open(clip)?;
        for at in (0..before.len()).step_by(usize::try_from(part)?) {
            file.seek(SeekFrom::Start(at + 17))?;
            file.write_all(b"another take")?;
        }
        file.set_modified(before.modified()?)?;
        ensure!(file.metadata()?.len() == before.len(), "its size changed");
        Ok(())
    })
    .await?;
    Ok(Shown {
        figure: "both: sourceChanged, nothing in the bucket, one upload kept; after retry proved, none left".into(),
        passes: true,
        samples: json!({ "plainly": plainly, "size and time put back": secretly }),
    })
}

async fn edited_by(goals: &Goals, edit: impl Fn(&Path) -> Result<()>) -> Result<Value> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let proxy = Proxy::before(seaweed.bucket()).await?;
    let bucket = seaweed.bucket().through(&proxy);
    let clip = scratch.join("clip.mxf");
    footage::mxf(&clip, goals.clip_bytes)?;
    proxy.limit(Some(LINK), None);
    let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?.with(&bucket.env());
    let put = [words(&bucket.options()), words(&["--json", "put", clip.to_str().context("a readable path")?])].concat();
    let half = goals.clip_bytes / 3;
    let mut running = ctl.spawn(&put)?;
    let row =
        running.line("a third is sent", LONG, |line| line["acked"].as_u64().is_some_and(|acked| acked > half)).await?;
    running.kill()?;
    drop(running);
    edit(&clip)?;
    proxy.heal();

    let refused = ctl.spawn(&put)?.wait(LONG).await?;
    let code = refused.lines.iter().rev().find_map(|l| l["error"]["code"].as_str());
    ensure!(refused.status == Some(1) && code == Some("sourceChanged"), "it ended otherwise: {refused:?}");
    let witness = seaweed.bucket().witness()?;
    ensure!(witness.keys("").await?.is_empty(), "something mixed is in the bucket");
    let kept = witness.unfinished().await?;
    ensure!(kept.len() == 1, "{} uploads are kept", kept.len());

    let retry = [words(&bucket.options()), words(&["--json", "retry", &row["id"].to_string()])].concat();
    ctl.spawn(&retry)?.wait(LONG).await?.ok()?;
    ensure!(witness.same("clip.mxf", &clip).await?, "the retry sent something else");
    let left = witness.unfinished().await?;
    ensure!(left.is_empty(), "the old upload is still there");
    Ok(
        json!({ "sent before": row["acked"], "refused with": code, "sentence": refused.lines.last().map(|l| l["error"]["message"].clone()) }),
    )
}
