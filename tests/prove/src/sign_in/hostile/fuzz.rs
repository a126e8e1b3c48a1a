//! Fuzzers, a process each, so that one that ends in a signal is seen: the committed corpus, changed at random, for as long as
//! is asked. What broke a promise is kept, with the seed that makes it again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rushes_engine::outside::{KINDS, Kind};
use rushes_rig::Scratch;
use rushes_rig::child::Child;
use rushes_rig::env::Env;
use rushes_rig::mutate::{Mutator, corpus};
use serde_json::{Value, json};

use crate::built;

/// Inputs that come from one seed: a block is made again in a moment.
const BLOCK: u64 = 1000;
const MOST_FINDINGS: usize = 20;
/// For the last input, and for leaving.
const LEAVES_WITHIN: Duration = Duration::from_secs(120);
/// What one input may take, on a machine that is busy.
const SLOW: Duration = Duration::from_secs(10);

pub(super) struct Fuzzer {
    kind: Kind,
    seed: u64,
    folder: PathBuf,
    child: Child,
    _scratch: std::rc::Rc<Scratch>,
}

pub(super) struct Fuzzed {
    pub fuzzers: usize,
    pub inputs: u64,
    pub findings: usize,
    pub samples: Value,
}

pub(super) fn start(seconds: u64) -> Result<Vec<Fuzzer>> {
    let scratch = std::rc::Rc::new(Scratch::new());
    let kept = built::target().join("prove/sign-in/fuzz");
    std::fs::create_dir_all(&kept)?;
    let start = |kind: Kind| {
        let seed: u64 = rand::random();
        let mut command = Command::new(std::env::current_exe()?);
        let folder = scratch.fresh(kind.name)?;
        command.args(["fuzz", kind.name, &seconds.to_string(), &seed.to_string()]).arg(&kept).arg(folder.join("said"));
        let child = Child::start(command, &Env::new(), &folder)?;
        eprintln!("fuzzing {} for {seconds} s, seed {seed}", kind.name);
        Ok(Fuzzer { kind, seed, folder, child, _scratch: scratch.clone() })
    };
    KINDS.into_iter().map(start).collect()
}

pub(super) async fn ended(fuzzers: Vec<Fuzzer>, seconds: u64) -> Result<Fuzzed> {
    let mut all = Fuzzed { fuzzers: fuzzers.len(), inputs: 0, findings: 0, samples: Value::Null };
    let mut samples = Vec::new();
    for Fuzzer { kind, seed, folder, mut child, .. } in fuzzers {
        let status = child.wait(Duration::from_secs(seconds) + LEAVES_WITHIN).await;
        let said = std::fs::read_to_string(folder.join("said")).unwrap_or_default();
        let last: Value = serde_json::from_str(&said).unwrap_or(Value::Null);
        match (status, last["inputs"].as_u64(), last["findings"].as_array()) {
            (Ok(_), Some(inputs), Some(findings)) if last["end"] == true => {
                all.inputs += inputs;
                all.findings += findings.len();
                ensure!(last["seconds"].as_u64() >= Some(seconds), "{} ended early: {last}", kind.name);
            }
            // A signal, such as a stack that ran over, or an input that does not end.
            (status, ..) => {
                eprintln!("{}, seed {seed}: {status:?}, last said {last}; {}", kind.name, child.tail());
                all.findings += 1;
            }
        }
        samples.push(json!({ "kind": kind.name, "seed": seed, "said": last }));
    }
    all.samples = json!(samples);
    Ok(all)
}

/// In a thread of its own: what is fuzzed may bring a runtime, and this program has one.
pub fn run(words: &[&str]) -> Result<()> {
    std::thread::scope(|scope| scope.spawn(|| fuzzes(words)).join())
        .unwrap_or_else(|_| bail!("the fuzzer itself broke"))
}

/// `rushes-prove fuzz KIND SECONDS SEED FOLDER FILE`: runs one, keeps what it finds in the folder, and says in the file how it
/// goes.
fn fuzzes(words: &[&str]) -> Result<()> {
    let [name, seconds, seed, kept, said] = words else { bail!("fuzz KIND SECONDS SEED FOLDER FILE") };
    let kind = KINDS.into_iter().find(|kind| kind.name == *name).context("no such kind")?;
    let (seconds, seed): (u64, u64) = (seconds.parse()?, seed.parse()?);
    let seeds = corpus(&built::workspace().join("tests/corpus").join(kind.name))?;
    std::panic::set_hook(Box::new(|_| ()));
    let begun = Instant::now();
    let (mut inputs, mut findings, mut slowest) = (0u64, Vec::new(), Duration::ZERO);
    for block in 0.. {
        if begun.elapsed() >= Duration::from_secs(seconds) || findings.len() >= MOST_FINDINGS {
            break;
        }
        let so_far = json!({ "kind": kind.name, "seed": seed, "block": block, "inputs": inputs, "findings": findings });
        std::fs::write(said, so_far.to_string())?;
        let mut mutator = Mutator::new(seed.wrapping_add(block), seeds.clone());
        for _ in 0..BLOCK {
            if findings.len() >= MOST_FINDINGS {
                break;
            }
            let input = mutator.input();
            let taken = Instant::now();
            let broken = catch_unwind(AssertUnwindSafe(|| (kind.take)(&input)));
            slowest = slowest.max(taken.elapsed());
            inputs += 1;
            if broken.is_err() || taken.elapsed() > SLOW {
                findings.push(keep(Path::new(kept), kind.name, seed, inputs, &input)?);
            }
        }
    }
    let took = begun.elapsed();
    let all = json!({
        "kind": kind.name, "seed": seed, "end": true, "inputs": inputs, "findings": findings, "seconds": took.as_secs(),
        "slowest_ms": slowest.as_millis() as u64,
    });
    Ok(std::fs::write(said, all.to_string())?)
}

fn keep(folder: &Path, kind: &str, seed: u64, number: u64, input: &[u8]) -> Result<String> {
    let path = folder.join(format!("{kind}-{seed}-{number}"));
    std::fs::write(&path, input)?;
    Ok(path.display().to_string())
}
