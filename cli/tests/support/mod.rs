//! `rushesctl` under test: a home of its own, a bucket from the environment.
#![allow(dead_code)]

use rushes_rig::Scratch;
use rushes_rig::ctl::{Ended, Rushesctl};
use rushes_rig::store::Bucket;
use serde_json::Value;

pub fn ctl(scratch: &Scratch) -> Rushesctl {
    Rushesctl::new(scratch, env!("CARGO_BIN_EXE_rushesctl")).unwrap()
}

/// The words that name a bucket on the command line; its keys come from the environment.
pub fn place(bucket: &Bucket) -> Vec<String> {
    ["--endpoint", &bucket.endpoint, "--region", &bucket.region, "--bucket", &bucket.name].map(str::to_owned).into()
}

/// `rushesctl --json WORDS` on this bucket.
pub fn words(bucket: &Bucket, words: &[&str]) -> Vec<String> {
    let mut all = place(bucket);
    all.push("--json".into());
    all.extend(words.iter().map(|word| (*word).to_owned()));
    all
}

/// The code of the error that a command ended with.
pub fn code(ended: &Ended) -> &str {
    let error = ended.lines.iter().rev().find_map(|line| line.get("code").or_else(|| line["error"].get("code")));
    error.and_then(Value::as_str).unwrap_or_else(|| panic!("no code in {ended:#?}"))
}
