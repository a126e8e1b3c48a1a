//! Hostile keys in a bucket, brought down by the real command line into one folder.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rushes_rig::Scratch;
use rushes_rig::ctl::Rushesctl;
use rushes_rig::env::Env;
use rushes_rig::mutate::{Mutator, corpus};
use rushes_rig::practice::Practice;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use serde_json::json;

use super::watch::Watched;
use super::{Done, has_panicked, text};
use crate::built;
use crate::person::LONG;

/// So many are asked for in one command.
const AT_ONCE: usize = 50;
const SEED: u64 = 41;
/// S3's own limit, in bytes.
const LONGEST: usize = 1024;

pub(super) async fn all(count: u32) -> Result<Done> {
    let scratch = Scratch::new();
    let (practice, seaweed) = (Practice::start(&scratch).await?, Seaweed::start(&scratch).await?);
    let keys = hostile(count as usize)?;
    let mut done = Done { count: keys.len(), ..Done::default() };
    let mut samples = Vec::new();
    for (store, bucket) in [("practice", practice.bucket()), ("SeaweedFS", seaweed.bucket())] {
        let put = stocked(bucket, &keys).await?;
        let user = scratch.folder(format!("{store}/user"));
        let outside = scratch.folder(format!("{store}/outside"));
        let chosen = scratch.folder(format!("{store}/outside/deep/chosen"));
        let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?
            .with(&bucket.env())
            .with(&Env::new().with("HOME", &user));
        let watched = Watched::from_now(&[&user]);
        for some in put.chunks(AT_ONCE) {
            let mut words: Vec<String> = bucket.options().map(str::to_owned).to_vec();
            words.extend(["--json", "get", "--into", text(&chosen)?, "--"].map(str::to_owned));
            words.extend(some.iter().map(|(key, _)| key.clone()));
            let ended = ctl.spawn(&words)?.wait(LONG).await?;
            done.panics += usize::from(has_panicked(&ended));
            let undone: Vec<_> = ended.rows().into_iter().filter(|row| row["state"] != "done").collect();
            let why: Vec<_> = undone.iter().map(|row| (&row["key"], &row["state"], &row["error"])).collect();
            ensure!(ended.status == Some(0), "{store}: {why:?} {}", ended.stderr);
        }
        let (found, beside) = contents(&outside, &chosen)?;
        let wanted: Vec<String> =
            put.iter().map(|(_, content)| content.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        ensure!(found == wanted, "{store}: {} files for {} keys", found.len(), wanted.len());
        let changed = watched.changed();
        done.outside += beside + changed.len();
        ensure!(put.len() * 2 > keys.len(), "{store} took {} keys only", put.len());
        samples.push(json!({ "store": store, "taken by it": put.len(), "files": found.len(), "changed": changed }));
    }
    done.taken = done.count;
    done.samples = json!({ "stores": samples, "keys": keys });
    Ok(done)
}

/// Each with a content of its own. A store may refuse some: those that it lists are what counts.
async fn stocked(bucket: &Bucket, keys: &[String]) -> Result<Vec<(String, String)>> {
    let witness = bucket.witness()?;
    for (i, key) in keys.iter().enumerate() {
        let _ = witness.put(key, format!("content {i}").into_bytes()).await;
    }
    let mut put = Vec::new();
    // An argument ends at a zero.
    for key in witness.keys("").await?.into_iter().filter(|key| !key.contains('\0') && !key.ends_with('/')) {
        if let Ok(bytes) = witness.get(&key).await {
            put.push((key, String::from_utf8(bytes.to_vec())?));
        }
    }
    Ok(put)
}

/// What the files in the folder hold, and how many are beside it.
fn contents(outside: &Path, chosen: &Path) -> Result<(Vec<String>, usize)> {
    let (mut found, mut beside) = (Vec::new(), 0);
    for entry in walkdir::WalkDir::new(outside) {
        let entry = entry?;
        if entry.file_type().is_dir() {
            continue;
        }
        if entry.path().parent() == Some(chosen) && entry.file_type().is_file() {
            found.push(std::fs::read_to_string(entry.path())?);
        } else {
            beside += 1;
        }
    }
    found.sort();
    Ok((found, beside))
}

fn hostile(count: usize) -> Result<Vec<String>> {
    let steps = [
        "../",
        "..\\",
        "..//",
        "./../",
        ".. /",
        "%2e%2e/",
        "..;/",
        "....//",
        "/",
        "\\",
        "//",
        "C:\\",
        "C:",
        "~/",
        "\\\\host\\share\\",
        "file:///",
        "\u{2025}/",
        "\u{ff0e}\u{ff0e}/",
        "a/../../",
    ];
    let targets = [
        "etc/cron.d/x",
        "x",
        "root/.ssh/authorized_keys",
        "windows/system32/x.dll",
        ".bashrc",
        "CON",
        "nul.txt",
        "COM1",
        "x.",
        "x ",
        ".",
        "..",
        "clip.mxf.part",
        "a:b:$DATA",
        "-rf",
        "--into=/etc",
        "$(id)",
        "`id`",
        "%n%s",
        "x\u{202e}fxm.exe",
        "x\u{200b}",
        "<img src=x onerror=alert(1)>",
        "x\ny",
        "x\ty",
        "x\u{7f}",
        "x\u{1}",
        "é",
        "e\u{301}",
        "ﷺ",
        "🎥",
        "x?*|\"<>",
    ];
    let mut keys: BTreeSet<String> = BTreeSet::new();
    for target in targets {
        keys.insert(target.to_owned());
        for step in steps {
            keys.insert(format!("{step}{target}"));
        }
    }
    keys.insert("x".repeat(LONGEST));
    keys.insert(format!("{}.mxf", "é".repeat(500)));
    let mut mutator = Mutator::new(SEED, corpus(&built::workspace().join("tests/corpus/keys"))?);
    let mut random = StdRng::seed_from_u64(SEED);
    while keys.len() < count {
        let mut key: String = String::from_utf8_lossy(&mutator.input()).into_owned();
        let mut most = random.random_range(1..=LONGEST).min(key.len());
        while !key.is_char_boundary(most) {
            most -= 1;
        }
        key.truncate(most);
        if !key.is_empty() && !key.ends_with('/') {
            keys.insert(key);
        }
    }
    Ok(keys.into_iter().collect())
}
