//! The tools that are compared, a row each: how each is told to move the same files.
//! May not live here: measuring them.

mod aws_crt;
mod rclone;
mod rushes;
mod s5cmd;

use std::fmt::{Display, Formatter};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::{Result, bail};
use rushes_rig::env::Env;
use rushes_rig::store::Bucket;
use serde::{Deserialize, Serialize};

use crate::clips::Clips;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Up,
    Down,
}

impl Display for Direction {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Direction::Up => "up",
            Direction::Down => "down",
        })
    }
}

/// What a user who knows the tool sets by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// In all.
    pub connections: usize,
    pub part_mib: usize,
}

impl Tuning {
    /// Tools count connections for each file.
    fn for_each(self, clips: &Clips) -> usize {
        (self.connections / clips.names.len().max(1)).max(1)
    }
}

const AT_32: Tuning = Tuning { connections: 32, part_mib: 8 };
const AT_100: Tuning = Tuning { connections: 100, part_mib: 5 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// As it is shipped: its release build.
    Rushes,
    /// With the system's own congestion control, as on systems that offer no other.
    RushesCubic,
    Rclone(Option<Tuning>),
    S5cmd(Option<Tuning>),
    /// AWS's native transfer client, which version 2 of its command line uses.
    AwsCrt,
}

impl Tool {
    pub const ALL: [Tool; 9] = [
        Tool::Rushes,
        Tool::RushesCubic,
        Tool::Rclone(None),
        Tool::Rclone(Some(AT_32)),
        Tool::Rclone(Some(AT_100)),
        Tool::S5cmd(None),
        Tool::S5cmd(Some(AT_32)),
        Tool::S5cmd(Some(AT_100)),
        Tool::AwsCrt,
    ];

    /// Ready to be started. What it needs is installed if it is not there, so this may take a while the first time.
    pub fn launch(self, job: &Job<'_>) -> Result<Launch> {
        let mut launch = match self {
            Tool::Rushes => rushes::launch(job, false)?,
            Tool::RushesCubic => rushes::launch(job, true)?,
            Tool::Rclone(tuning) => rclone::launch(job, tuning)?,
            Tool::S5cmd(tuning) => s5cmd::launch(job, tuning)?,
            Tool::AwsCrt => aws_crt::launch(job)?,
        };
        // Nothing that this computer's user has configured.
        launch.env = job.bucket.env().with("HOME", job.folder).and(&launch.env);
        Ok(launch)
    }
}

impl Display for Tool {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let (name, tuning) = match self {
            Tool::Rushes => ("rushes", None),
            Tool::RushesCubic => ("rushes-cubic", None),
            Tool::Rclone(tuning) => ("rclone", *tuning),
            Tool::S5cmd(tuning) => ("s5cmd", *tuning),
            Tool::AwsCrt => ("aws-crt", None),
        };
        match tuning {
            None => f.pad(name),
            Some(tuning) => f.pad(&format!("{name}-{}", tuning.connections)),
        }
    }
}

impl FromStr for Tool {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Tool> {
        let found = Tool::ALL.into_iter().find(|tool| tool.to_string() == name);
        match found {
            Some(tool) => Ok(tool),
            None => bail!("no tool is named {name}; there are {}", Tool::ALL.map(|tool| tool.to_string()).join(", ")),
        }
    }
}

/// What a tool is to move, from where to where.
pub struct Job<'a> {
    pub direction: Direction,
    /// As the client is told of it.
    pub bucket: &'a Bucket,
    /// Keys are this, a slash, and the clip's name.
    pub prefix: &'a str,
    pub clips: &'a Clips,
    /// Where clips that come down are put.
    pub into: &'a Path,
    /// For the tool's own files.
    pub folder: &'a Path,
}

impl Job<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    /// Each clip's local file and its key.
    fn pairs(&self) -> impl Iterator<Item = (PathBuf, String)> {
        let folder = match self.direction {
            Direction::Up => &self.clips.folder,
            Direction::Down => self.into,
        };
        self.clips.names.iter().map(move |name| (folder.join(name), self.key(name)))
    }

    /// The one clip, if there is just one: tools have a shorter way for it.
    fn only(&self) -> Option<(PathBuf, String)> {
        let mut pairs = self.pairs();
        pairs.next().filter(|_| pairs.next().is_none())
    }
}

pub struct Launch {
    pub command: Command,
    pub env: Env,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_found_by_the_names_they_show() {
        for tool in Tool::ALL {
            assert_eq!(tool.to_string().parse::<Tool>().unwrap(), tool);
        }
        let error = "scp".parse::<Tool>().unwrap_err().to_string();
        assert!(error.contains("rushes, rushes-cubic, rclone, rclone-32, rclone-100, s5cmd"), "{error}");
    }

    #[test]
    fn connections_are_shared_by_the_files() {
        let clips = |count| Clips { folder: PathBuf::new(), names: vec![String::new(); count], bytes_each: 1 };
        assert_eq!([1, 4, 1000].map(|count| AT_100.for_each(&clips(count))), [100, 25, 1]);
    }
}
