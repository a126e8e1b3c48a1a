//! One seed: hundreds of transfers through the proxy, killed now and then, until every one has ended; then the bucket and
//! the files are looked at.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rushes_rig::ctl::{Ended, Rushesctl};
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage};
use serde_json::{Value, json};

use super::Goals;
use super::faults::Plan;
use super::proxy::Proxy;
use crate::built;

/// One command, whatever it meets: a few stalls one after the other.
const LONG: Duration = Duration::from_secs(600);
/// How often a command is given again that ended with something undone: keys that "ran out" want somebody to act.
const AGAIN: usize = 30;

pub struct Outcome {
    pub faults: BTreeMap<String, u32>,
    pub transfers: usize,
    pub exact: usize,
    pub orphans: usize,
    pub seconds: u64,
    pub runs: Value,
}

struct Clip {
    path: PathBuf,
    name: String,
}

pub async fn run(goals: &Goals, seed: u64) -> Result<Outcome> {
    let begun = Instant::now();
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let plan = Arc::new(Plan::new(seed));
    // Kept beside the samples: what a campaign found is looked for there.
    let log = built::target().join(format!("prove/speed/chaos-{seed}.log"));
    let proxy = Proxy::before(seaweed.bucket().address(), plan.clone(), &log).await?;
    let bucket = Bucket { endpoint: format!("http://{}", proxy.address), ..seaweed.bucket().clone() };
    let mut random = StdRng::seed_from_u64(seed);
    let up = clips(&scratch, "up", goals.up, goals, &mut random)?;
    let down = clips(&scratch, "down", goals.down, goals, &mut random)?;
    let direct = Rushesctl::new(&scratch, built::release("rushesctl"))?.with(&seaweed.bucket().env());
    let paths: Vec<&str> = down.iter().filter_map(|clip| clip.path.to_str()).collect();
    direct
        .spawn(&[&seaweed.bucket().options()[..], &["put"], &paths, &["--to", "seed"]].concat())?
        .wait(LONG)
        .await?
        .ok()?;

    let ctl = Rushesctl::new(&scratch, built::release("rushesctl"))?.with(&bucket.env());
    let paths: Vec<&str> = up.iter().filter_map(|clip| clip.path.to_str()).collect();
    let put = [&bucket.options()[..], &["--json", "put"], &paths, &["--to", "chaos"]].concat();
    let sent = to_the_end(&ctl, &put, goals.kills, &mut random, &plan).await.context("up")?;
    let into = scratch.folder("into");
    let keys: Vec<String> = down.iter().map(|clip| format!("seed/{}", clip.name)).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let folder = into.display().to_string();
    let get = [&bucket.options()[..], &["--json", "get"], &keys, &["--into", &folder]].concat();
    let got = to_the_end(&ctl, &get, goals.kills, &mut random, &plan).await.context("down")?;

    let witness = seaweed.bucket().witness()?;
    let mut exact = 0;
    for clip in &up {
        exact += usize::from(witness.same(&format!("chaos/{}", clip.name), &clip.path).await?);
    }
    for clip in &down {
        exact += usize::from(footage::same(&clip.path, &into.join(&clip.name))?);
    }
    let mut faults = plan.all_met();
    faults.insert("kill".into(), sent.kills + got.kills);
    Ok(Outcome {
        faults,
        transfers: up.len() + down.len(),
        exact,
        orphans: witness.unfinished().await?.len(),
        seconds: begun.elapsed().as_secs(),
        runs: json!({ "up": sent.runs, "down": got.runs }),
    })
}

fn clips(
    scratch: &Scratch,
    way: &str,
    (large, medium, small): (usize, usize, usize),
    goals: &Goals,
    random: &mut StdRng,
) -> Result<Vec<Clip>> {
    let folder = scratch.folder(format!("clips-{way}"));
    let mut clips = Vec::new();
    for n in 0..large + medium + small {
        let bytes = match n {
            n if n < large => random.random_range(goals.large_bytes..goals.large_bytes * 5 / 4),
            n if n < large + medium => random.random_range(5_300_000..16_000_000),
            _ => random.random_range(0..1_500_000),
        };
        let name = format!("{way}-{n:03}.mxf");
        footage::random(&folder.join(&name), bytes, random.random())?;
        clips.push(Clip { path: folder.join(&name), name });
    }
    Ok(clips)
}

struct Done {
    kills: u32,
    runs: Vec<Value>,
}

/// Kills the command so often, and then gives it again until everything it was asked for is done and proved.
async fn to_the_end(ctl: &Rushesctl, words: &[&str], kills: u32, random: &mut StdRng, plan: &Plan) -> Result<Done> {
    let mut runs = Vec::new();
    let mut killed = 0;
    for _ in 0..kills * 2 {
        if killed == kills {
            break;
        }
        let mut running = ctl.spawn(words)?;
        tokio::time::sleep(Duration::from_millis(random.random_range(300..2_500))).await;
        if running.is_running()? {
            killed += 1;
            running.kill()?;
        }
    }
    for _ in 0..AGAIN {
        let begun = Instant::now();
        let ended = ctl.spawn(words)?.wait(LONG).await?;
        let said = errors(&ended);
        eprintln!(
            "    status {:?} after {:.0} s; faults so far {:?}",
            ended.status,
            begun.elapsed().as_secs_f64(),
            plan.all_met()
        );
        runs.push(json!({ "status": ended.status, "seconds": begun.elapsed().as_secs(), "said": said }));
        if ended.status == Some(0) {
            return Ok(Done { kills: killed, runs });
        }
        // Only what wants somebody to act may end it: anything else is to go on by itself.
        let only_keys = !said.is_empty() && said.keys().all(|code| code == "wrongCredentials");
        ensure!(only_keys, "it ended with {said:?}; in full: {:?}", details(&ended));
    }
    anyhow::bail!("not done after {AGAIN} runs: {runs:?}")
}

/// The codes of those that were not done when it ended.
pub fn errors(ended: &Ended) -> BTreeMap<String, usize> {
    let mut codes = BTreeMap::new();
    for row in ended.rows().iter().filter(|row| row["state"] != "done") {
        let code = row["error"]["code"].as_str().unwrap_or("none").to_owned();
        *codes.entry(code).or_default() += 1;
    }
    codes
}

/// What each that failed says to IT.
fn details(ended: &Ended) -> Vec<String> {
    let failed = ended.lines.iter().filter(|row| row["state"] == "failed");
    failed.map(|row| format!("{} {}: {}", row["name"], row["error"]["code"], row["error"]["detail"])).collect()
}
