//! A bureau's desk: `rushesctl` at the client's end of a course, started, watched and asked while it works.
//! May not live here: what must come of it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rushes_bench::{Course, Direction};
use rushes_rig::ctl::{Running, Rushesctl};
use serde_json::Value;

use crate::built;

/// How often what happens is looked at.
pub const LOOK: Duration = Duration::from_millis(250);

pub struct Desk<'a> {
    course: &'a Course,
    ctl: Rushesctl,
}

impl<'a> Desk<'a> {
    pub fn sit_down(course: &'a Course) -> Result<Desk<'a>> {
        Desk::with(course, &built::release("rushesctl"))
    }

    /// Where speed is not what is measured, the binary that was built with this program will do.
    pub fn with(course: &'a Course, binary: &Path) -> Result<Desk<'a>> {
        let ctl = Rushesctl::new(course.scratch(), binary)?.with(&course.bucket().env());
        Ok(Desk { course, ctl })
    }

    /// Over the link.
    pub fn start(&self, words: &[&str]) -> Result<Running> {
        let options = self.course.bucket().options();
        let all: Vec<&str> = options.iter().copied().chain(["--json"]).chain(words.iter().copied()).collect();
        self.course.at_client(|| self.ctl.spawn(&all))?
    }

    /// IP bytes that have arrived so far in this direction, and TCP payload that set out.
    pub fn carried(&self, direction: Direction) -> Result<(u64, u64)> {
        let stats = self.course.link().context("a course without a link")?.stats()?;
        let way = match direction {
            Direction::Up => &stats.up,
            Direction::Down => &stats.down,
        };
        Ok((way.carried_bytes, rushes_bench::sample::payload(&stats, direction)))
    }
}

pub fn acked(rows: &[Value]) -> u64 {
    rows.iter().filter_map(|row| row["acked"].as_u64()).sum()
}

/// Looks until `seen` is so; errors when the command ends before, or after `within`.
pub fn until(running: &mut Running, within: Duration, mut seen: impl FnMut(&[Value]) -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !seen(&running.rows()?)? {
        ensure!(begun.elapsed() < within, "waited {within:?} in vain");
        ensure!(running.is_running()?, "it ended too early: {:?}", running.lines()?.last());
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Looks on until it has ended, and well.
pub fn to_the_end(running: &mut Running, within: Duration, mut look: impl FnMut(&[Value]) -> Result<()>) -> Result<()> {
    let begun = Instant::now();
    while running.is_running()? {
        ensure!(begun.elapsed() < within, "it took longer than {within:?}");
        look(&running.rows()?)?;
        std::thread::sleep(LOOK);
    }
    let last = running.rows()?;
    let all_done = !last.is_empty() && last.iter().all(|row| row["state"] == "done");
    ensure!(all_done, "it ended badly: {last:?}");
    Ok(())
}
