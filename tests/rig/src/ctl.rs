//! The command line as a script uses it: arguments in, lines of JSON and an exit status out.
//! May not live here: what the lines mean.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::child::{Child, Streams};
use crate::env::Env;
use crate::{Scratch, until};

/// For a command that is not given a time of its own.
const ENDED_WITHIN: Duration = Duration::from_secs(120);

/// `rushesctl` with a home of its own.
#[derive(Clone, Debug)]
pub struct Rushesctl {
    binary: PathBuf,
    home: PathBuf,
    env: Env,
    /// Each command's output goes into a folder in it.
    folder: PathBuf,
}

/// A command that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// None if a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    /// Those lines of stdout that are JSON.
    pub lines: Vec<Value>,
    pub stderr: String,
}

/// A command that may still run. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Rushesctl {
    /// `binary` is `env!("CARGO_BIN_EXE_rushesctl")` in the command line's own tests; `RUSHESCTL_BIN` has precedence.
    pub fn new(scratch: &Scratch, binary: impl AsRef<Path>) -> Result<Rushesctl> {
        let binary = match std::env::var_os("RUSHESCTL_BIN").filter(|v| !v.is_empty()) {
            Some(named) => PathBuf::from(named),
            None => binary.as_ref().to_owned(),
        };
        ensure!(binary.is_file(), "{} is not there: build rushesctl, or set RUSHESCTL_BIN", binary.display());
        let folder = scratch.fresh("ctl")?;
        // Not made: that is the program's own first deed.
        let home = folder.join("home");
        Ok(Rushesctl { binary, home, env: Env::new(), folder })
    }

    /// With these over what it had: a bucket's keys, a keychain's session.
    #[must_use]
    pub fn with(mut self, env: &Env) -> Rushesctl {
        self.env = self.env.and(env);
        self
    }

    /// With somebody else's home, such as the window's.
    #[must_use]
    pub fn at(mut self, home: &Path) -> Rushesctl {
        home.clone_into(&mut self.home);
        self
    }

    /// `RUSHES_HOME`.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Runs a command to its end, whatever its exit status.
    pub async fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Result<Ended> {
        self.spawn(arguments)?.wait(ENDED_WITHIN).await
    }

    /// As [`run`](Rushesctl::run), with this on its standard input.
    pub async fn run_with_input(&self, arguments: &[impl AsRef<OsStr>], input: &str) -> Result<Ended> {
        let mut running = self.start(arguments, true)?;
        running.child.stdin().context("its input")?.write_all(input.as_bytes())?;
        running.wait(ENDED_WITHIN).await
    }

    /// Starts a command.
    pub fn spawn(&self, arguments: &[impl AsRef<OsStr>]) -> Result<Running> {
        self.start(arguments, false)
    }

    fn start(&self, arguments: &[impl AsRef<OsStr>], asks: bool) -> Result<Running> {
        let folder = tempfile::Builder::new().prefix("run-").tempdir_in(&self.folder)?.keep();
        let (stdout, stderr) = (folder.join("stdout"), folder.join("rushesctl.log"));
        // Whoever runs the tests in the background lets them ignore interrupts, which a child would inherit.
        let mut command = Command::new("/usr/bin/env");
        command.arg("--default-signal=INT").arg(&self.binary).args(arguments).current_dir(&folder);
        let env = self.env.clone().with("RUSHES_HOME", &self.home);
        let streams = Streams { asks, out: Some(File::create(&stdout)?) };
        let child = Child::start_as("rushesctl", command, &env, &folder, streams)?;
        Ok(Running { child, stdout, stderr })
    }
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far, the whole lines that are JSON.
    pub fn lines(&self) -> Result<Vec<Value>> {
        Ok(json_lines(&read(&self.stdout)?))
    }

    /// The last that it has said of each transfer so far, in the order in which they were first named.
    pub fn rows(&self) -> Result<Vec<Value>> {
        Ok(last_rows(self.lines()?))
    }

    /// Waits for a line of JSON of which `wanted` is true, and returns the first such. Errors if the command ends
    /// without one.
    pub async fn line(&mut self, what: &str, within: Duration, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let stdout = &self.stdout;
        let find = || Ok::<_, anyhow::Error>(json_lines(&read(stdout)?).into_iter().find(|line| wanted(line)));
        match self.child.ready(what, within, async || find()).await {
            Ok(line) => Ok(line),
            // It may have said it with its last breath, after we looked and before it ended.
            Err(error) => find()?.ok_or_else(|| error.context(self.last_words())),
        }
    }

    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.ended()?.is_none())
    }

    /// Kills it as a crash or a power cut would.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()
    }

    /// As Ctrl-C does.
    pub fn interrupt(&self) -> Result<()> {
        self.child.signal(2)
    }

    /// Waits for its end. After that, nothing that it started is left.
    pub async fn wait(mut self, within: Duration) -> Result<Ended> {
        let ended = until("rushesctl ends", within, async || self.child.ended()).await;
        let status = ended.with_context(|| self.last_words())?;
        self.child.kill_all();
        let (stdout, stderr) = (read(&self.stdout)?, read(&self.stderr)?);
        Ok(Ended { status: status.code(), lines: json_lines(&stdout), stdout, stderr })
    }

    fn last_words(&self) -> String {
        let stdout = read(&self.stdout).unwrap_or_default();
        let last: Vec<&str> = stdout.lines().rev().take(10).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        format!("stdout ends with:\n{}\nstderr ends with:\n{}", last.join("\n"), self.child.tail())
    }
}

impl Ended {
    /// The last that it said of each transfer, in the order in which they were first named.
    pub fn rows(&self) -> Vec<Value> {
        last_rows(self.lines.clone())
    }

    /// Errors, with what it said, unless it ended with 0.
    pub fn ok(self) -> Result<Ended> {
        ensure!(self.status == Some(0), "status {:?}\nstdout:\n{}\nstderr:\n{}", self.status, self.stdout, self.stderr);
        Ok(self)
    }
}

fn last_rows(lines: Vec<Value>) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    for line in lines.into_iter().filter(|line| line["id"].is_i64() && line["state"].is_string()) {
        match rows.iter_mut().find(|row| row["id"] == line["id"]) {
            Some(row) => *row = line,
            None => rows.push(line),
        }
    }
    rows
}

fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last line is left out until it is whole.
fn json_lines(stdout: &str) -> Vec<Value> {
    let lines = stdout.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}
