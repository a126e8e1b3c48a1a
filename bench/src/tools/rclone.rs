//! rclone, as it comes and tuned by hand.

use std::process::Command;

use anyhow::Result;
use rushes_rig::env::Env;
use rushes_rig::pypi;

use super::{Direction, Job, Launch, Tuning};

pub fn launch(job: &Job<'_>, tuning: Option<Tuning>) -> Result<Launch> {
    let mut command = Command::new(pypi::rclone()?);
    let store = format!(":s3,provider=Other,env_auth=true,force_path_style=true,endpoint='{}':", job.bucket.endpoint);
    let bucket = format!("{store}{}", job.bucket.name);
    let (verb, here, there) = match job.only() {
        Some((file, key)) => ("copyto", file, format!("{bucket}/{key}")),
        None => {
            let folder = if job.direction == Direction::Up { &job.clips.folder } else { job.into };
            ("copy", folder.to_owned(), format!("{bucket}/{}", job.prefix))
        }
    };
    command.args([verb, "--config", "/dev/null", "--s3-no-check-bucket"]);
    command.args(job.bucket.ca.iter().flat_map(|ca| ["--ca-cert".into(), ca.clone()]));
    command.args(["--transfers", &job.clips.names.len().to_string()]);
    if let Some(tuning) = tuning {
        let (connections, part) = (tuning.for_each(job.clips).to_string(), format!("{}M", tuning.part_mib));
        command.args(["--s3-upload-concurrency", &connections, "--s3-chunk-size", &part, "--s3-disable-checksum"]);
        command.args(["--multi-thread-streams", &connections, "--multi-thread-chunk-size", &part]);
        command.args(["--multi-thread-cutoff", "16M"]);
    }
    match job.direction {
        Direction::Up => command.arg(here).arg(there),
        Direction::Down => command.arg(there).arg(here),
    };
    Ok(Launch { command, env: Env::new() })
}
