//! Rushes itself, by its command line, with a home of its own for each run.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use rushes_rig::env::Env;

use super::{Direction, Job, Launch};

pub fn launch(job: &Job<'_>) -> Result<Launch> {
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
    Ok(Launch { command, env: Env::new().with("RUSHES_HOME", job.folder.join("home")) })
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
