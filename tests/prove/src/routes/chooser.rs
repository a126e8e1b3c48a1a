//! The choice of lanes on paper: the engine's own simulation (`engine/src/choose/simulation.rs`), on many more random
//! worlds than its test has. It is built for tests alone, so it is run as one.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

use super::{Goals, aside};
use crate::built;
use crate::evidence::Shown;

const TEST: &str = "choose::tests::random_worlds_are_nearly_as_fast_as_the_best_choice_known_afterwards";

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--quiet", "--workspace", "--lib", TEST, "--", "--exact", "--nocapture"]);
        let worlds = goals.worlds.to_string();
        let output = cargo.current_dir(built::workspace()).env("RUSHES_WORLDS", &worlds).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let why = || format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        // It says so also where its own, looser, bounds are not held.
        let line = said.lines().find(|line| line.starts_with(&format!("{worlds} worlds: "))).with_context(why)?;
        let figure = |name: &str| -> Option<f64> {
            line.split(&format!("{name} ")).nth(1)?.split(',').next()?.trim().parse().ok()
        };
        let (median, p99) = figure("median").zip(figure("p99")).context("no figures")?;
        let passes = median <= goals.worlds_median && p99 <= goals.worlds_p99;
        let percent = |ratio: f64| (ratio - 1.0) * 100.0;
        Ok(Shown {
            figure: format!("{worlds} worlds: median {:+.1} %, p99 {:+.1} %", percent(median), percent(p99)),
            passes,
            samples: json!({ "line": line, "worst": figure("worst") }),
        })
    })
    .await
}
