//! Rows, their figures and their raw samples: a line each on the screen, a file each under target/prove/TOPIC/.
//! May not live here: what any row does.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What a row has shown.
#[derive(Debug)]
pub struct Shown {
    /// What was measured, in a few words.
    pub figure: String,
    pub passes: bool,
    /// Everything that the figure was made of.
    pub samples: Value,
}

pub struct Evidence {
    topic: String,
    only: Option<u32>,
    folder: PathBuf,
    commit: String,
    passed: RefCell<Vec<bool>>,
}

impl Evidence {
    pub fn begin(topic: &str, only: Option<u32>) -> Result<Evidence> {
        let folder = crate::built::target().join("prove").join(topic);
        std::fs::create_dir_all(&folder)?;
        let said = |arguments: &[&str]| -> Result<String> {
            let output = Command::new("git").args(arguments).current_dir(crate::built::workspace()).output()?;
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let mut commit = said(&["rev-parse", "HEAD"])?;
        if !said(&["status", "--porcelain"])?.is_empty() {
            commit.push_str(" with changes");
        }
        println!("{topic} on {commit}");
        Ok(Evidence { topic: topic.to_owned(), only, folder, commit, passed: RefCell::default() })
    }

    /// The thresholds of this topic. Where they cannot be read, that is said, and no row runs.
    pub fn goals<T: DeserializeOwned>(&self) -> Option<T> {
        self.read_goals().inspect_err(|error| eprintln!("{error:?}")).ok()
    }

    fn read_goals<T: DeserializeOwned>(&self) -> Result<T> {
        let mut all: toml::Table = toml::from_str(include_str!("../goals.toml"))?;
        let mine = all.remove(&self.topic).context("a topic without goals")?;
        Ok(mine.try_into()?)
    }

    /// Where rows leave what is worth looking at.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs one row, unless another one was asked for. A row that ends in an error has failed, with that as its figure.
    pub async fn row(&self, number: u32, what: &str, goal: &str, run: impl Future<Output = Result<Shown>>) {
        if self.only.is_some_and(|only| only != number) {
            return;
        }
        let begun = Instant::now();
        eprintln!("row {number}: {what} …");
        let shown = run.await.unwrap_or_else(|error| Shown {
            figure: format!("{error:#}").replace('\n', " "),
            passes: false,
            samples: json!({ "error": format!("{error:?}") }),
        });
        let verdict = if shown.passes { "pass" } else { "fail" };
        println!("PROVE {number} {what} | {} | {goal} | {verdict}", shown.figure);
        let kept = json!({
            "topic": self.topic, "row": number, "what": what, "goal": goal, "figure": shown.figure, "verdict": verdict,
            "commit": self.commit, "command": format!("make prove TOPIC={} ROW={number}", self.topic),
            "seconds": begun.elapsed().as_secs(), "at": jiff::Zoned::now().to_string(), "samples": shown.samples,
        });
        let kept = serde_json::to_string_pretty(&kept).unwrap_or_default();
        if let Err(error) = std::fs::write(self.folder.join(format!("row-{number}.json")), kept) {
            eprintln!("the samples of row {number} could not be kept: {error}");
        }
        self.passed.borrow_mut().push(shown.passes);
    }

    pub fn all_passed(&self) -> bool {
        let passed = self.passed.borrow();
        !passed.is_empty() && passed.iter().all(|passed| *passed)
    }
}
