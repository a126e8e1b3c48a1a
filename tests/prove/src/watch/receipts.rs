//! A card's receipt, read by others' tools: the reference tool for ASC MHL and the standard's schema. What happens to a card and
//! to a bucket afterwards is found, by them and by `rushesctl verify`, which downloads nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::{Ended, Rushesctl};
use rushes_rig::proxy::Proxy;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage, pypi};
use serde_json::{Value, json};

use super::Goals;
use crate::built;
use crate::evidence::Shown;

const SENT_WITHIN: Duration = Duration::from_secs(900);

/// What was tried, and whether it went as it must.
#[derive(Default)]
struct Tried {
    all: Vec<Value>,
    failed: Vec<String>,
}

impl Tried {
    fn note(&mut self, what: &str, as_it_must: bool, said: &str) {
        eprintln!("  {} {what}", if as_it_must { "ok  " } else { "FAIL" });
        if !as_it_must {
            self.failed.push(what.to_owned());
        }
        let said: String = said.chars().take(4_000).collect();
        self.all.push(json!({ "what": what, "as it must": as_it_must, "said": said }));
    }
}

/// The reference tool, and the card that it is run on.
struct Tool {
    bin: PathBuf,
    card: PathBuf,
}

impl Tool {
    fn run(&self, program: &str, words: &[&str], on: &Path) -> Result<(bool, String)> {
        let output = Command::new(self.bin.join(program)).args(words).arg(on).output()?;
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        Ok((output.status.success(), said))
    }

    /// That each must end as `well` says, and name this file where it is given.
    fn must(&self, tried: &mut Tried, words: &[&str], well: bool, named: Option<&str>) -> Result<()> {
        let program = if words[0] == "verify" { "ascmhl-debug" } else { "ascmhl" };
        let (ended_well, said) = self.run(program, words, &self.card)?;
        let names = named.is_none_or(|named| said.contains(named));
        let what = format!("{program} {}{}", words.join(" "), if well { "" } else { ", must find it" });
        tried.note(&what, ended_well == well && names, &said);
        Ok(())
    }

    /// Every list and the chain against the standard's schema.
    fn schema(&self, tried: &mut Tried) -> Result<()> {
        let schemas = built::workspace().join("tests/prove/src/watch/schema");
        for there in std::fs::read_dir(self.card.join("ascmhl"))? {
            let path = there?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_chain = name.ends_with(".xml");
            let schema = schemas.join(if is_chain { "ASCMHLDirectory.xsd" } else { "ASCMHL.xsd" });
            let mut words = vec!["xsd-schema-check", "-xsd", schema.to_str().context("a readable path")?];
            if is_chain {
                words.push("-df");
            }
            let (well, said) = self.run("ascmhl-debug", &words, &path)?;
            tried.note(&format!("schema: {name}"), well, &said);
        }
        Ok(())
    }
}

/// A card as cameras write it: clips of all sizes with a sidecar each, an index, an empty folder, what systems leave.
fn card(at: &Path, goals: &Goals) -> Result<usize> {
    let clips = goals.receipt_files / 2;
    std::fs::create_dir_all(at.join("CONTENTS/VOICE"))?;
    std::fs::create_dir_all(at.join("CONTENTS/VIDEO"))?;
    std::fs::create_dir_all(at.join("CONTENTS/CLIP"))?;
    // Each is half as large again as the one before, until one is as large as they shall be in all.
    let weights: Vec<f64> = (0..clips).map(|n| 1.0 + f64::from(n % 12).powi(2)).collect();
    let whole: f64 = weights.iter().sum();
    for (n, weight) in (0u32..).zip(&weights) {
        let bytes = (goals.receipt_bytes as f64 * weight / whole) as u64;
        footage::random(&at.join(format!("CONTENTS/VIDEO/{n:04} é.MXF")), bytes, u64::from(n))?;
        footage::random(&at.join(format!("CONTENTS/CLIP/{n:04}.XML")), 2_000, u64::from(n) + 10_000)?;
    }
    std::fs::write(at.join("LASTCLIP.TXT"), "0059\n")?;
    std::fs::write(at.join(".DS_Store"), "a file browser's")?;
    Ok(clips as usize * 2 + 1)
}

fn words(bucket: &Bucket, words: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = bucket.options().map(str::to_owned).into();
    all.push("--json".into());
    all.extend(words.iter().map(|word| (*word).to_owned()));
    all
}

/// How many of each kind, and the first path that is not the same.
fn told(ended: &Ended) -> (usize, Option<(String, String)>) {
    let found = ended.lines.iter().filter_map(|line| Some((line["path"].as_str()?, line["found"].as_str()?)));
    let other = found.clone().find(|(_, found)| *found != "same");
    (found.filter(|(_, found)| *found == "same").count(), other.map(|(path, found)| (path.into(), found.into())))
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let bin = tokio::task::spawn_blocking(pypi::ascmhl).await??.join("bin");
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let witness = seaweed.bucket().witness()?;
    witness.keep_versions().await?;
    let proxy = Proxy::before(seaweed.bucket()).await?;
    let bucket = seaweed.bucket().through(&proxy);
    let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?.with(&bucket.env());
    let root = scratch.join("A001R2EC");
    let files = card(&root, goals)?;
    let tool = Tool { bin, card: root.clone() };
    let mut tried = Tried::default();

    // Whoever copied the card first made the first generation, by another hash.
    tool.must(&mut tried, &["create", "-h", "md5"], true, None)?;
    let begun = Instant::now();
    let put = ctl.spawn(&words(&bucket, &["put", root.to_str().context("a readable path")?, "--to", "in"]))?;
    let put = put.wait(SENT_WITHIN).await?.ok()?;
    let sent_in = begun.elapsed();
    let receipt = put.lines.iter().rfind(|line| line["receipt"].is_object()).context("no receipt was told of")?;
    let (batch, state) = (receipt["batch"].to_string(), receipt["receipt"]["state"].as_str().unwrap_or_default());
    tried.note("rushesctl put: safe to wipe", state == "safe", &receipt.to_string());
    let path = receipt["receipt"]["path"].as_str().context("where the receipt is")?.to_owned();
    tried.note("it is the second generation", path.contains("/ascmhl/0002_A001R2EC_"), &path);

    for words in [&["verify", "-v"][..], &["verify", "-dh", "-v"], &["diff", "-v"], &["info", "-v"]] {
        tool.must(&mut tried, words, true, None)?;
    }
    tool.schema(&mut tried)?;
    let lists = witness.hash_lists().await?;
    let kept = lists.iter().find(|key| key.contains("/0002_")).context("no receipt in the bucket")?;
    tried.note("the bucket has the same", witness.get(kept).await? == std::fs::read(&path)?, kept);
    let listed = ctl.run(&words(&bucket, &["ls"])).await?.ok()?.lines.len();
    tried.note("no list shows it", listed == files, &listed.to_string());

    // A year later, without a byte of a clip.
    proxy.forget_requests();
    let begun = Instant::now();
    let verified = ctl.run(&words(&bucket, &["verify", &path])).await?;
    let verified_in = begun.elapsed();
    let came: u64 = proxy.requests().iter().map(|request| request.received).sum();
    let only_heads =
        proxy.requests().iter().filter(|request| request.target.contains("/in/")).all(|r| r.method == "HEAD");
    let (same, other) = told(&verified);
    let well = verified.status == Some(0) && same == files && only_heads;
    tried.note("rushesctl verify", well, &format!("{same} same, {other:?}, {came} bytes came"));

    // Generations of others and ours, one after the other.
    tool.must(&mut tried, &["create", "-h", "c4"], true, None)?;
    let again = ctl.run(&words(&bucket, &["receipt", &batch])).await?;
    tried.note(
        "a fourth generation of ours",
        again.status == Some(0) && again.stdout.contains("/0004_"),
        &again.stdout,
    );
    tool.must(&mut tried, &["verify", "-v"], true, None)?;
    tool.must(&mut tried, &["verify", "-dh"], true, None)?;
    tool.schema(&mut tried)?;

    // One byte of the card turns, and its time says nothing of it.
    let name = "0007 é.MXF";
    let clip = root.join("CONTENTS/VIDEO").join(name);
    let modified = std::fs::metadata(&clip)?.modified()?;
    flip(&clip)?;
    std::fs::File::options().write(true).open(&clip)?.set_modified(modified)?;
    tool.must(&mut tried, &["verify"], false, Some(name))?;
    let verified = ctl.run(&words(&bucket, &["verify", &path, "--files"])).await?;
    let (same, other) = told(&verified);
    let is_it = other.as_ref().is_some_and(|(path, found)| path.ends_with(name) && found == "fileChanged");
    let well = verified.status == Some(1) && same == 2 * files - 1 && is_it;
    tried.note("rushesctl verify --files finds the flipped byte", well, &format!("{same} same, {other:?}"));
    let again = ctl.run(&words(&bucket, &["receipt", &batch])).await?;
    let well = again.status == Some(1) && again.stdout.contains(name) && !again.stdout.contains("\"safe\"");
    tried.note("it is not said to be safe any more", well, &again.stdout);
    flip(&clip)?;
    std::fs::File::options().write(true).open(&clip)?.set_modified(modified)?;
    tool.must(&mut tried, &["verify"], true, None)?;

    // Somebody puts something of the same size at a key, and takes another away.
    let key = "in/A001R2EC/CONTENTS/CLIP/0003.XML";
    witness.put(key, vec![7u8; 2_000]).await?;
    let verified = ctl.run(&words(&bucket, &["verify", &path])).await?;
    let (same, other) = told(&verified);
    let is_it = other.as_ref().is_some_and(|(path, found)| key.ends_with(path.as_str()) && found == "replaced");
    let well = verified.status == Some(1) && same == files - 1 && is_it && verified.stdout.contains("still kept");
    tried.note("rushesctl verify finds the other object", well, &format!("{same} same, {other:?}"));
    witness.client().delete_object().bucket(&bucket.name).key("in/A001R2EC/LASTCLIP.TXT").send().await?;
    let verified = ctl.run(&words(&bucket, &["verify", &path])).await?;
    let well = verified.lines.iter().any(|line| line["path"] == "LASTCLIP.TXT" && line["found"] == "missing");
    tried.note("rushesctl verify finds what is gone", verified.status == Some(1) && well, &verified.stderr);

    ensure!(!tried.all.is_empty(), "nothing was tried");
    let passes = tried.failed.is_empty();
    let failed = if passes { String::new() } else { format!("; not as it must: {}", tried.failed.join(", ")) };
    let figure = format!(
        "{files} files, {:.0} MB: sent, read again and receipted in {:.1} s; ascmhl 1.2 verifies files, folders and schema over \
         four generations, two of them its own; verified by {files} HEADs in {:.1} s and {:.0} kB; a flipped byte found by both, \
         another object under a key and one that is gone by rushesctl; {} of {} trials as they must{failed}",
        goals.receipt_bytes as f64 / 1e6,
        sent_in.as_secs_f64(),
        verified_in.as_secs_f64(),
        came as f64 / 1e3,
        tried.all.len() - tried.failed.len(),
        tried.all.len(),
    );
    Ok(Shown { figure, passes, samples: json!({ "trials": tried.all }) })
}

fn flip(path: &Path) -> Result<()> {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::File::options().read(true).write(true).open(path)?;
    let at = file.metadata()?.len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at)?;
    file.write_all_at(&[byte[0] ^ 1], at)?;
    Ok(())
}
