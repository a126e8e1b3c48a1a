//! A fresh Debian, made for the purpose, with Rust and Node and nothing else of ours: what the README says, and nothing
//! that it does not say. The script beside this file does it; this one reads what it said.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::json;

use super::Goals;
use crate::built;
use crate::evidence::Shown;

pub async fn run() -> Result<Shown> {
    let (said, minutes) = in_fresh_clone("run").await?;
    let told = [
        "Dropped on the window",
        "Sent in",
        "Proved",
        "Listed under Footage",
        "Compared: bit for bit",
        "A picture of the window",
    ];
    let missing: Vec<&&str> = told.iter().filter(|part| !said.contains(**part)).collect();
    ensure!(missing.is_empty(), "the story lacks {missing:?}");
    Ok(Shown {
        figure: format!("exit 0 after {minutes:.1} min from nothing; {} steps told, picture left", told.len()),
        passes: true,
        samples: json!({ "minutes": minutes, "said": tail(&said) }),
    })
}

pub async fn test(goals: &Goals) -> Result<Shown> {
    let (said, minutes) = in_fresh_clone("test").await?;
    let passed: u32 = said.matches("test result: ok.").count() as u32;
    Ok(Shown {
        figure: format!("green in {minutes:.1} min from nothing, {passed} test programs"),
        passes: minutes < goals.make_test_minutes && passed > 10,
        samples: json!({ "minutes": minutes, "said": tail(&said) }),
    })
}

/// What `make WHAT` said in a clone of this commit on a machine made for it, and how long it took.
async fn in_fresh_clone(what: &str) -> Result<(String, f64)> {
    let script = built::workspace().join("tests/prove/fresh.sh");
    let room = built::target().join("prove/fresh");
    let what = what.to_owned();
    let (status, said, log, minutes) = tokio::task::spawn_blocking(move || {
        let begun = Instant::now();
        let log = built::target().join(format!("prove/fresh-{what}.log"));
        // One file for both streams, so that what was said stays in its order.
        let into = std::fs::File::create(&log)?;
        let mut command = Command::new(script);
        command.arg(&what).arg(room).arg(built::workspace()).stdout(into.try_clone()?).stderr(into);
        let status = command.status()?;
        let said = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
        std::io::Result::Ok((status, said, log, begun.elapsed().as_secs_f64() / 60.0))
    })
    .await??;
    ensure!(status.success(), "it ended with {status}; all that it said is in {}", log.display());
    // The machine itself took a while to make; the script says how long the command took.
    let own = said.lines().rev().find_map(|line| line.strip_prefix("FRESH seconds ")?.trim().parse::<f64>().ok());
    Ok((said, own.map_or(minutes, |seconds| seconds / 60.0)))
}

fn tail(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
