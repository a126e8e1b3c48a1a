//! A program run to its end, and what it took: time, processor, memory.
//! May not live here: what the program does.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rushes_rig::env::Env;
use rushes_rig::warden;
use rustix::process::{Pid, Signal, kill_process_group};
use wait4::Wait4 as _;

/// How often its memory is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// How much of what it said an error shows.
const LAST_WORDS: usize = 600;

#[derive(Clone, Debug)]
pub struct Spent {
    /// From its start to its end.
    pub wall: Duration,
    /// User and system.
    pub cpu: Duration,
    /// The most memory that it had at once.
    pub peak_rss: u64,
    pub how: How,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    Well,
    /// It took longer than it was given.
    Cut,
    /// With the end of what it said.
    Badly(String),
}

/// Runs it on this thread, so in the network that this thread is in. Its output goes to the file `log`.
pub fn run(mut command: Command, env: &Env, log: &Path, limit: Duration) -> Result<Spent> {
    env.apply(&mut command);
    let file = File::create(log).with_context(|| log.display().to_string())?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
    warden::group(child.id());

    let (is_over, was_cut) = (AtomicBool::new(false), AtomicBool::new(false));
    let id = child.id();
    let (ended, peak_rss) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !is_over.load(Ordering::Acquire) {
                peak = peak.max(high_water(id).unwrap_or(0));
                if began.elapsed() > limit && !was_cut.swap(true, Ordering::AcqRel) {
                    end(id);
                }
                std::thread::sleep(GLANCE);
            }
            peak
        });
        let ended = child.wait4().map(|used| (used, began.elapsed()));
        is_over.store(true, Ordering::Release);
        (ended, watch.join().unwrap_or(0))
    });
    // What it may have started.
    end(id);
    warden::ended(id);
    let (used, wall) = ended?;
    let how = match used.status {
        status if status.success() => How::Well,
        _ if was_cut.load(Ordering::Acquire) => How::Cut,
        status => {
            let status = status.code().map_or(format!("signal {:?}", status.signal()), |code| format!("status {code}"));
            How::Badly(format!("{status}: {}", last_words(log)))
        }
    };
    Ok(Spent { wall, cpu: used.rusage.utime + used.rusage.stime, peak_rss, how })
}

/// Its own, from the kernel's account of its memory. What wait4 tells would be ours where that is larger: a child is
/// at first a copy of its parent.
fn high_water(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn end(id: u32) {
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // All of it may have ended.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn last_words(log: &Path) -> String {
    let said = fs::read(log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said[said.len().saturating_sub(LAST_WORDS)..]).into_owned();
    said.trim().replace('\n', " / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Spent {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run(command, &Env::new(), &folder.path().join("log"), limit).unwrap()
    }

    #[test]
    fn time_and_processor_are_told_apart() {
        let slept = shell("sleep 0.3", Duration::from_secs(20));
        assert_eq!(slept.how, How::Well);
        assert!(slept.wall >= Duration::from_millis(300) && slept.cpu < Duration::from_millis(200), "{slept:?}");
        assert!(slept.peak_rss > 100_000, "{slept:?}");
    }

    #[test]
    fn what_takes_too_long_is_cut_with_all_it_started() {
        let spent = shell("sleep 60 & sleep 60", Duration::from_millis(200));
        assert_eq!(spent.how, How::Cut);
        assert!(spent.wall < Duration::from_secs(20), "{spent:?}");
    }

    #[test]
    fn a_bad_end_is_told_in_its_own_words() {
        let spent = shell("echo no such bucket; exit 3", Duration::from_secs(20));
        assert_eq!(spent.how, How::Badly("status 3: no such bucket".to_owned()));
    }
}
