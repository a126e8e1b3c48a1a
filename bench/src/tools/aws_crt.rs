//! AWS's native transfer client (CRT), as it comes, driven through Python: the command line that PyPI has is version 1,
//! which knows nothing of it.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use rushes_rig::env::Env;
use rushes_rig::pypi;

use super::{Job, Launch};

pub fn launch(job: &Job<'_>) -> Result<Launch> {
    let script = job.folder.join("aws_crt.py");
    fs::write(&script, include_str!("aws_crt.py"))?;
    let mut command = Command::new(pypi::aws()?.join("bin/python"));
    let ca = job.bucket.ca.as_ref().context("https only")?;
    command.arg(script).arg(job.direction.to_string()).args([&job.bucket.endpoint, &job.bucket.name]).arg(ca);
    for (file, key) in job.pairs() {
        command.arg(file).arg(key);
    }
    Ok(Launch { command, env: Env::new() })
}
