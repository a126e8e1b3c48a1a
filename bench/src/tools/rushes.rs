//! Rushes itself, by its command line, with a home of its own for each run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use rushes_rig::env::Env;

use super::{Direction, Job, Launch};

pub fn launch(job: &Job<'_>, systems_congestion: bool) -> Result<Launch> {
    let mut command = Command::new(binary()?);
    command.args(job.bucket.options()).arg("--json");
    match job.direction {
        Direction::Up => {
            command.arg("put").args(job.pairs().map(|(file, _)| file)).args(["--to", job.prefix]);
        }
        Direction::Down => {
            command.arg("get").args(job.pairs().map(|(_, key)| key)).arg("--into").arg(job.into);
        }
    }
    let env = Env::new().with("RUSHES_HOME", job.folder.join("home"));
    // An empty wish leaves the connection as the system, here the link's route, made it.
    let env = if systems_congestion { env.with("RUSHES_CONGESTION", "") } else { env };
    Ok(Launch { command, env })
}

/// The release build, wherever this program was built; `RUSHESCTL_BIN` has precedence.
fn binary() -> Result<PathBuf> {
    let named = std::env::var_os("RUSHESCTL_BIN").filter(|value| !value.is_empty());
    let here = std::env::current_exe()?;
    let target = here.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let binary = match (named, target) {
        (Some(named), _) => PathBuf::from(named),
        (None, target) => target.unwrap_or(&here).join("release/rushesctl"),
    };
    ensure!(binary.is_file(), "{} is not there: cargo build --release -p rushes-cli", binary.display());
    Ok(binary)
}
