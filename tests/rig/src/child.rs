//! Child processes: each the head of a process group of its own, its output in a file, killed with the whole group when
//! dropped.
//! May not live here: what a particular program is told or says.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, ensure};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::env::Env;
use crate::{until, warden};

/// How much of a log an error shows.
const TAIL_LINES: usize = 25;

/// A program that was started, and all that it starts.
#[derive(Debug)]
pub struct Child {
    name: String,
    child: std::process::Child,
    log: PathBuf,
    /// The whole group was killed, and its number may by now be somebody else's.
    gone: bool,
}

/// A child's standard streams, where they are not nothing in and all out into the log.
#[derive(Default)]
pub(crate) struct Streams {
    /// Given to it by [`Child::stdin`].
    pub(crate) asks: bool,
    /// Its standard output goes into this file of its own, which somebody reads.
    pub(crate) out: Option<File>,
}

impl Child {
    /// Starts it, with its output in a file of its own in `folder`: `NAME.log`, or `NAME-2.log`, and so on.
    pub fn start(command: Command, env: &Env, folder: &Path) -> Result<Child> {
        let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut name = program.clone();
        let mut number = 1;
        while let Err(taken) = File::create_new(folder.join(format!("{name}.log"))) {
            ensure!(taken.kind() == ErrorKind::AlreadyExists, "{}: {taken}", folder.display());
            number += 1;
            name = format!("{program}-{number}");
        }
        Child::start_as(&name, command, env, folder, Streams::default())
    }

    /// With a name for its log, which it continues if there is one, and for errors.
    pub(crate) fn start_as(
        name: &str,
        mut command: Command,
        env: &Env,
        folder: &Path,
        streams: Streams,
    ) -> Result<Child> {
        env.apply(&mut command);
        let log = folder.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).with_context(|| log.display().to_string())?;
        let stdout = match streams.out {
            None => file.try_clone()?,
            Some(own) => own,
        };
        let child = command
            .stdin(if streams.asks { Stdio::piped() } else { Stdio::null() })
            .stdout(stdout)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} cannot be started ({})", command.get_program().display()))?;
        warden::group(child.id());
        Ok(Child { name: name.to_owned(), child, log, gone: false })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard input, once.
    pub(crate) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| self.name.clone())
    }

    /// Kills it alone, as if it had crashed. What it started lives on until this is dropped.
    pub fn kill(&mut self) -> Result<()> {
        if self.ended()?.is_none() {
            kill_process(pid(self.id()), Signal::KILL)?;
            self.child.wait()?;
        }
        Ok(())
    }

    /// Kills it and all that it started, at once.
    pub fn kill_all(&mut self) {
        if std::mem::replace(&mut self.gone, true) {
            return;
        }
        // None of them may be left, or not yet reaped: there is nothing more to do then.
        let _ = kill_process_group(pid(self.id()), Signal::KILL);
        let _ = self.child.wait();
        warden::ended(self.id());
    }

    /// Sends it a signal by number, such as 15 to ask for its end.
    pub fn signal(&self, signal: i32) -> Result<()> {
        let signal = Signal::from_named_raw(signal).context("no such signal")?;
        Ok(kill_process(pid(self.id()), signal)?)
    }

    /// Waits for its end.
    pub async fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let ended = until(format!("{} ends", self.name), within, async || self.ended()).await;
        ended.map_err(|error| self.explain(error))
    }

    /// Waits until `ready` gives something. Errors at once, with the end of the log, when the child ends before.
    pub async fn ready<T>(
        &mut self,
        what: impl Display,
        within: Duration,
        mut ready: impl AsyncFnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let waited = until(what, within, async || {
            if let Some(got) = ready().await? {
                return Ok(Some(got));
            }
            match self.ended()? {
                Some(status) => Err(anyhow!("{} ended with {}", self.name, shown(status))),
                None => Ok(None),
            }
        });
        waited.await.map_err(|error| self.explain(error))
    }

    /// All that it said so far.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The end of what it said.
    pub fn tail(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// The error with the end of the log.
    pub fn explain(&self, error: Error) -> Error {
        anyhow!("{error:#}\n{} ends with:\n{}", self.log.display(), self.tail())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill_all();
    }
}

pub(crate) fn pid(id: u32) -> Pid {
    i32::try_from(id).ok().and_then(Pid::from_raw).expect("a process has an ID above 0")
}

fn shown(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}
