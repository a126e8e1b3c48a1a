//! Thousands of files, dropped in every way that files are dropped, on a disk and on a network drive, while Rushes is killed.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rushes_rig::practice::Practice;
use rushes_rig::{Scratch, footage, until};
use serde_json::json;

use super::Goals;
use super::far::Far;
use super::ingest::Ingest;
use crate::evidence::Shown;

/// For all of it to go up.
const HOURS: Duration = Duration::from_secs(3 * 3600);
/// Longer than a file is waited for on a network drive: what goes up by then was one too many.
const AFTER: Duration = Duration::from_secs(90);
/// One in so many is written slowly: each takes a thread, and minutes.
const SLOW: u32 = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Cp,
    Rsync,
    Mv,
    SaveByRename,
    Slowly,
}

/// One file: how large, where, and how it comes there.
#[derive(Clone, Debug)]
struct Drop {
    number: u32,
    bytes: u64,
    place: String,
    is_far: bool,
    way: Way,
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await?;
    let witness = practice.bucket().witness()?;
    let far = Far::mount(&scratch).await?;
    let near = scratch.folder("near");
    let mut ingest = Ingest::new(&scratch, practice.bucket())?;
    ingest.add(&near, &[]).await?;
    ingest.add(&far.here, &[]).await?;
    ingest.start()?;

    let drops = drops(goals);
    let total: u64 = drops.iter().map(|one| one.bytes).sum();
    let roots = (near.clone(), far.there.clone());
    let root_of = move |one: &Drop| if one.is_far { roots.1.clone() } else { roots.0.clone() };
    let made = Arc::<AtomicU32>::default();
    let begun = Instant::now();
    let making = tokio::task::spawn_blocking({
        let (drops, made, staging, root_of) = (drops.clone(), made.clone(), scratch.folder("staging"), root_of.clone());
        let pause = Duration::from_secs(goals.pause_seconds);
        move || -> Result<()> {
            let mut slow: Vec<JoinHandle<Result<()>>> = Vec::new();
            for one in &drops {
                slow.extend(make(one, &staging, &root_of(one), pause)?);
                made.fetch_add(1, Ordering::Relaxed);
            }
            for one in slow {
                one.join().map_err(|_| anyhow::anyhow!("a slow writer panicked"))??;
            }
            Ok(())
        }
    });
    let mut kills = Vec::new();
    for kill in 1..=goals.dropped_kills {
        let at = goals.dropped * kill / (goals.dropped_kills + 1);
        until("enough is dropped for the next kill", HOURS, async || {
            tokio::time::sleep(Duration::from_millis(100)).await;
            ensure!(!making.is_finished() || made.load(Ordering::Relaxed) >= at, "making files failed");
            Ok((made.load(Ordering::Relaxed) >= at).then_some(()))
        })
        .await?;
        ingest.kill()?;
        kills.push(json!({ "made": made.load(Ordering::Relaxed), "there": witness.keys("").await?.len() }));
        tokio::time::sleep(Duration::from_secs(2)).await;
        ingest.start()?;
    }
    making.await??;
    let made_in = begun.elapsed().as_secs();

    let mut wanted: Vec<String> = drops.iter().map(|one| one.place.clone()).collect();
    wanted.sort();
    let there = until("all of it is there", HOURS, async || {
        tokio::time::sleep(Duration::from_secs(2)).await;
        ingest.folders()?;
        Ok((witness.keys("").await?.len() >= wanted.len()).then_some(()))
    });
    there.await?;
    let took = begun.elapsed().as_secs();
    tokio::time::sleep(AFTER).await;
    let keys = witness.keys("").await?;
    let surplus = keys.iter().filter(|key| wanted.binary_search(key).is_err()).count();
    let (mut exact, mut wrong) = (0u32, Vec::new());
    for one in &drops {
        let path = root_of(one).join(&one.place);
        match keys.binary_search(&one.place).is_ok() && witness.same(&one.place, &path).await? {
            true => exact += 1,
            false => wrong.push(format!("{one:?}")),
        }
    }
    let unfinished = witness.unfinished().await?.len();
    ingest.stop().await?;
    let passes =
        exact == goals.dropped && surplus == 0 && unfinished == 0 && kills.len() == goals.dropped_kills as usize;
    let figure = format!(
        "{exact} of {} bit-exact, {surplus} more than once or under another name, {unfinished} uploads left; {:.1} GB in \
         {took} s, {} kills",
        goals.dropped,
        total as f64 / 1e9,
        kills.len()
    );
    let ways = [Way::Cp, Way::Rsync, Way::Mv, Way::SaveByRename, Way::Slowly]
        .map(|way| (format!("{way:?}"), drops.iter().filter(|one| one.way == way).count()));
    let samples = json!({
        "ways": ways, "far": drops.iter().filter(|one| one.is_far).count(), "bytes": total, "made_in": made_in,
        "all_there_in": took, "kills": kills, "wrong": wrong,
    });
    Ok(Shown { figure, passes, samples })
}

/// Sizes over the whole span, the small ones more often: bent until they come to what was asked for in all.
fn drops(goals: &Goals) -> Vec<Drop> {
    let mut random = StdRng::seed_from_u64(8);
    let chances: Vec<f64> = (0..goals.dropped).map(|_| random.random_range(0.0..1.0)).collect();
    let span = goals.dropped_most as f64 / goals.dropped_least as f64;
    let size = |chance: f64, bend: f64| (goals.dropped_least as f64 * span.powf(chance.powf(bend))) as u64;
    let (mut low, mut high) = (0.1f64, 10.0f64);
    for _ in 0..60 {
        let bend = (low + high) / 2.0;
        let total: u64 = chances.iter().map(|chance| size(*chance, bend)).sum();
        if total > goals.dropped_bytes { low = bend } else { high = bend }
    }
    let one = |(number, chance): (u32, f64)| Drop {
        number,
        bytes: size(chance, high),
        place: format!("DAY{:02}/clip-{number:04}.mxf", number % 40),
        is_far: number % 2 == 1,
        way: match (number / 2) % SLOW {
            0 => Way::Slowly,
            n => [Way::Cp, Way::Rsync, Way::Mv, Way::SaveByRename][n as usize % 4],
        },
    };
    (0..).zip(chances).map(one).collect()
}

/// Makes it, and puts it where it is to go. What is written slowly goes on by itself.
fn make(one: &Drop, staging: &Path, root: &Path, pause: Duration) -> Result<Option<JoinHandle<Result<()>>>> {
    let made = staging.join(format!("{:04}.mxf", one.number));
    footage::random(&made, one.bytes, u64::from(one.number))?;
    let to = root.join(&one.place);
    fs::create_dir_all(to.parent().context("a folder")?)?;
    match one.way {
        Way::Cp => run(Command::new("cp").arg(&made).arg(&to))?,
        Way::Rsync => run(Command::new("rsync").arg("-a").arg(&made).arg(&to))?,
        Way::Mv => run(Command::new("mv").arg(&made).arg(&to))?,
        Way::SaveByRename => {
            let temporary = to.with_file_name(format!(".{:04}.mxf.swp", one.number));
            fs::copy(&made, &temporary)?;
            fs::rename(&temporary, &to)?;
        }
        Way::Slowly => {
            return Ok(Some(std::thread::spawn(move || slowly(&made, &to, pause))));
        }
    }
    if one.way != Way::Mv {
        fs::remove_file(&made)?;
    }
    Ok(None)
}

/// In three pieces, with a rest between each.
fn slowly(made: &Path, to: &Path, pause: Duration) -> Result<()> {
    let mut bytes = Vec::new();
    File::open(made)?.read_to_end(&mut bytes)?;
    fs::remove_file(made)?;
    let mut file = File::create(to)?;
    let third = bytes.len() / 3;
    for piece in [&bytes[..third], &bytes[third..2 * third]] {
        file.write_all(piece)?;
        file.flush()?;
        std::thread::sleep(pause);
    }
    Ok(file.write_all(&bytes[2 * third..])?)
}

fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let done = command.output().with_context(|| format!("{name}: is it installed?"))?;
    ensure!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
