//! A network of its own on this computer: a namespace with a name that `ip netns` knows.
//! May not live here: links between two of them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, anyhow, ensure};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Where `ip netns` keeps them.
const FOLDER: &str = "/run/netns";
/// Names are this, the maker's process, a number, and whose it is.
const PREFIX: &str = "rushes-bench-";

/// Taken down, with all that runs in it, when dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// A new one with nothing in it but loopback.
    pub fn create(whose: &str) -> Result<Namespace> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}-{whose}", std::process::id());
        ip(["netns", "add", &name]).context("network namespaces need root")?;
        let namespace = Namespace { name };
        namespace.ip(["link", "set", "lo", "up"])?;
        // Nobody shall ask for routers on a link that is being measured.
        namespace.sysctl("net/ipv6/conf/default/disable_ipv6", "1")?;
        Ok(namespace)
    }

    /// One that another process of ours holds, to be entered.
    pub fn enter_named<T: Send>(name: &str, run: impl FnOnce() -> T + Send) -> Result<T> {
        let door = Path::new(FOLDER).join(name);
        let door = File::open(&door).with_context(|| door.display().to_string())?;
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| -> Result<T> {
                move_into_link_name_space(door.as_fd(), Some(LinkNameSpaceType::Network)).context("setns")?;
                Ok(run())
            });
            inside.join().map_err(|panic| {
                let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                anyhow!("a thread inside {name} has panicked: {said}")
            })?
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs it on a thread that is inside. Sockets made there stay inside, and processes started there, whoever holds
    /// them later: everything that a test can do can so be done on either end of a link.
    pub fn enter<T: Send>(&self, run: impl FnOnce() -> T + Send) -> Result<T> {
        Namespace::enter_named(&self.name, run)
    }

    /// The same for what is async, on a runtime of its own, which ends with it.
    pub fn enter_async<T: Send>(&self, run: impl AsyncFnOnce() -> Result<T> + Send) -> Result<T> {
        self.enter(|| block_on(run))?
    }

    /// A command that will run inside, for those who cannot be on a thread of ours.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// Runs iproute2's `ip` on it.
    pub fn ip<const N: usize>(&self, arguments: [&str; N]) -> Result<()> {
        ip(["-n", &self.name].iter().chain(&arguments))
    }

    /// Writes a kernel setting that each namespace has for itself, where this kernel has it.
    pub fn sysctl(&self, path: &str, value: &str) -> Result<()> {
        let path = PathBuf::from("/proc/sys").join(path);
        self.enter(|| match path.exists() {
            true => fs::write(&path, value).with_context(|| path.display().to_string()),
            false => Ok(()),
        })?
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        take_down(&self.name);
    }
}

/// The same on a thread and a runtime of its own in the network that we are in, whatever runtime we are on.
pub fn here_async<T: Send>(run: impl AsyncFnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| scope.spawn(|| block_on(run)).join()).map_err(|_| anyhow!("a thread has panicked"))?
}

fn block_on<T>(run: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}

/// Takes down what processes of ours that were killed have left.
pub fn sweep() {
    let Ok(folder) = fs::read_dir(FOLDER) else { return };
    for entry in folder.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if maker(&name).is_some_and(|maker| !Path::new("/proc").join(maker.to_string()).exists()) {
            take_down(&name);
        }
    }
}

/// The process that made the namespace of that name, if it was one of ours.
fn maker(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

fn take_down(name: &str) {
    // A namespace lives on, without its name, as long as somebody is in it.
    let inside = Command::new("ip").args(["netns", "pids", name]).stderr(Stdio::null()).output();
    let inside = inside.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    for pid in inside.lines().filter_map(|line| Pid::from_raw(line.trim().parse().ok()?)) {
        // It may have ended by itself.
        let _ = kill_process(pid, Signal::KILL);
    }
    let _ = ip(["netns", "del", name]);
}

/// Runs iproute2's `ip`.
pub(super) fn ip(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<()> {
    run(Command::new("ip").args(arguments))
}

pub(super) fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}", said.trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_leftovers_are_swept() {
        assert_eq!(maker("rushes-bench-4711-0-client"), Some(4711));
        for other in ["rushes-4711-0-client", "bench-4711", "rushes-bench-x-0", "vpn"] {
            assert_eq!(maker(other), None, "{other}");
        }
    }
}
