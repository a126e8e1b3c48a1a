//! What means harm: newsroom files, key templates and keys through the real command line, and everything that is parsed from
//! outside by fuzzers for as long as the goals say, all at once.

mod files;
mod fuzz;
mod keys;
mod templates;
mod watch;

use anyhow::{Context, Result};
use rushes_rig::ctl::Ended;
use serde_json::json;

use super::Goals;
use crate::evidence::Shown;

/// Shorter or longer fuzzing than the goals ask for, in seconds, while somebody works on it. The row then does not pass.
const SECONDS: &str = "RUSHES_FUZZ_SECONDS";

pub use fuzz::run as fuzz;

pub async fn row(goals: &Goals) -> Result<Shown> {
    let other = std::env::var(SECONDS).ok().and_then(|seconds| seconds.parse::<u64>().ok());
    let seconds = other.unwrap_or(goals.fuzz_seconds);
    let fuzzers = fuzz::start(seconds)?;
    let (files, templates, keys) =
        tokio::try_join!(files::all(goals.hostile), templates::all(goals.hostile), keys::all(goals.hostile))?;
    let fuzzed = fuzz::ended(fuzzers, seconds).await?;
    let panics = files.panics + templates.panics + keys.panics + fuzzed.findings;
    let outside = files.outside + templates.outside + keys.outside;
    Ok(Shown {
        figure: format!(
            "{} files ({} could be taken), {} templates ({} could), {} keys; {} inputs in {} fuzzers × {seconds} s: {panics} \
             panics, {outside} writes outside, {} requests to unconfirmed addresses",
            files.count,
            files.taken,
            templates.count,
            templates.taken,
            keys.count,
            fuzzed.inputs,
            fuzzed.fuzzers,
            files.caught
        ),
        passes: panics == 0
            && outside == 0
            && files.caught == 0
            && seconds >= goals.fuzz_seconds
            && [files.count, templates.count, keys.count].into_iter().all(|count| count >= goals.hostile as usize)
            && files.taken > 0
            && templates.taken > 0,
        samples: json!({
            "files": files.samples, "templates": templates.samples, "keys": keys.samples, "fuzzers": fuzzed.samples,
        }),
    })
}

/// What one kind of input did.
#[derive(Debug, Default)]
struct Done {
    count: usize,
    /// How many of them were no mistake.
    taken: usize,
    panics: usize,
    /// Files that are where none may be.
    outside: usize,
    /// Connections to addresses that nobody had confirmed.
    caught: usize,
    samples: serde_json::Value,
}

/// Whether a command ended as one that panicked, or was ended by a signal.
fn has_panicked(ended: &Ended) -> bool {
    !matches!(ended.status, Some(0..=2)) || ended.stderr.contains("panicked at")
}

fn text(path: &std::path::Path) -> Result<&str> {
    path.to_str().context("a readable path")
}
