//! Where runs take place: a link with a store at its far end, or the store on loopback. One run at a time.
//! May not live here: which runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_rig::seaweed::{Seaweed, Wishes};
use rushes_rig::store::{Bucket, Witness};
use rushes_rig::{Scratch, footage};

use crate::clips::Clips;
use crate::link::{Congestion, Link, Namespace, Profile, SERVER, here_async};
use crate::sample::{PingFigures, Sample, goodput, payload};
use crate::spent::{How, run};
use crate::tools::{Direction, Job, Tool};

/// Deleted objects may take so much of the disk before it is given back.
const GARBAGE: u64 = 2_000_000_000;

/// By name: a link of the table, or `loopback`.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    Loopback,
    Far(Profile),
}

impl FromStr for Way {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Way> {
        match name {
            "loopback" => Ok(Way::Loopback),
            _ => Profile::named(name).map(Way::Far),
        }
    }
}

impl Way {
    pub fn name(&self) -> &str {
        match self {
            Way::Loopback => "loopback",
            Way::Far(profile) => &profile.name,
        }
    }
}

/// Taken down when dropped.
#[derive(Debug)]
pub struct Course {
    way: Way,
    // Before the link that it stands on.
    seaweed: Seaweed,
    link: Option<Link>,
    scratch: Scratch,
    past: Mutex<Past>,
}

/// What earlier runs have left.
#[derive(Debug, Default)]
struct Past {
    runs: usize,
    /// Bytes of deleted objects.
    garbage: u64,
    /// Prefixes with clips to fetch.
    seeded: BTreeSet<String>,
}

impl Course {
    /// With an empty store when it returns. Blocks, like all here; none of it needs an async runtime around it.
    pub fn open(way: &Way, congestion: Congestion) -> Result<Course> {
        let scratch = Scratch::new();
        let link = match way {
            Way::Loopback => None,
            Way::Far(profile) => Some(Link::up(profile, congestion)?),
        };
        let wishes = Wishes { https: true, address: link.as_ref().map(|_| SERVER), ..Wishes::default() };
        let seaweed = inside(link.as_ref().map(Link::server), async || Seaweed::start_as(&scratch, wishes).await)?;
        Ok(Course { way: way.clone(), seaweed, link, scratch, past: Mutex::default() })
    }

    /// None on loopback.
    pub fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// The bucket as the client is told of it.
    pub fn bucket(&self) -> &Bucket {
        self.seaweed.secure().unwrap_or_else(|| self.seaweed.bucket())
    }

    /// Looks into the bucket from the server's end, so that nothing of it crosses the link.
    pub fn at_server<T: Send>(&self, look: impl AsyncFnOnce(Witness) -> Result<T> + Send) -> Result<T> {
        inside(self.link.as_ref().map(Link::server), async || look(self.seaweed.bucket().witness()?).await)
    }

    /// On a thread at the client's end: what is started there meets the store over the link.
    pub fn at_client<T: Send>(&self, run: impl FnOnce() -> T + Send) -> Result<T> {
        match &self.link {
            Some(link) => link.client().enter(run),
            None => Ok(run()),
        }
    }

    /// The tool moves the clips once, and what it moved is looked at and removed. A tool that fails, or takes longer
    /// than `limit`, is a sample too.
    pub fn run_once(&self, tool: Tool, direction: Direction, clips: &Clips, limit: Duration) -> Result<Sample> {
        let number = {
            let mut past = self.past();
            past.runs += 1;
            past.runs
        };
        let prefix = match direction {
            Direction::Up => format!("up-{number}"),
            Direction::Down => self.seed(clips)?,
        };
        let (folder, into) =
            (self.scratch.folder(format!("run-{number}")), self.scratch.folder(format!("into-{number}")));
        let bucket = self.bucket();
        let job = Job { direction, bucket, prefix: &prefix, clips, into: &into, folder: &folder };
        let launch = tool.launch(&job)?;
        let log = folder.join("log");

        let load_before = load();
        let at = jiff::Zoned::now().to_string();
        let ping = self.link.as_ref().map(Link::ping).transpose()?;
        let before = self.link.as_ref().map(Link::stats).transpose()?;
        let spent = self.at_client(|| run(launch.command, &launch.env, &log, limit))??;
        let after = self.link.as_ref().map(Link::stats).transpose()?;
        let ping = ping.and_then(|ping| PingFigures::of(&ping.stop()));
        let wire = before.zip(after).map(|(before, after)| after.since(&before));

        let failure = match &spent.how {
            How::Well => self.check(&job).err().map(|error| format!("{error:#}")),
            How::Cut => Some(format!("cut after {} s", limit.as_secs())),
            How::Badly(why) => Some(why.clone()),
        };
        self.clear(&job)?;

        let (wall_seconds, bytes) = (spent.wall.as_secs_f64(), clips.bytes());
        let sent = wire.as_ref().map(|wire| payload(wire, direction));
        // Of a run that was cut, what got under way.
        let moved = if failure.is_none() { bytes } else { sent.unwrap_or(0).min(bytes) };
        let goodput_mbit = goodput(moved, wall_seconds);
        Ok(Sample {
            at,
            link: self.way.name().to_owned(),
            congestion: self.link.as_ref().map(|link| link.congestion().to_string()).unwrap_or_default(),
            tool: tool.to_string(),
            direction,
            round: 0,
            files: clips.names.len(),
            bytes,
            wall_seconds,
            goodput_mbit,
            share: self.rate_mbit().map(|rate| goodput_mbit / rate),
            cpu_seconds: spent.cpu.as_secs_f64(),
            peak_rss_bytes: spent.peak_rss,
            wire,
            sent_again: sent.filter(|_| failure.is_none()).map(|sent| sent as f64 / bytes as f64 - 1.0),
            ping,
            is_right: failure.is_none(),
            failure,
            load_before,
        })
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rate_mbit(&self) -> Option<f64> {
        match &self.way {
            Way::Loopback => None,
            Way::Far(profile) => profile.terms.rate_mbit,
        }
    }

    /// Puts the clips into the store without the link, once, and returns their prefix.
    fn seed(&self, clips: &Clips) -> Result<String> {
        let prefix = format!("down-{}x{}", clips.names.len(), clips.bytes_each);
        self.seed_at(&prefix, clips)?;
        Ok(prefix)
    }

    /// Puts the clips into the store under this prefix without the link, if they are not there yet.
    pub fn seed_at(&self, prefix: &str, clips: &Clips) -> Result<()> {
        if self.past().seeded.insert(prefix.to_owned()) {
            let folder = self.scratch.folder("seed");
            let bucket = self.seaweed.bucket();
            let job = Job { direction: Direction::Up, bucket, prefix, clips, into: &folder, folder: &folder };
            let launch = Tool::S5cmd(None).launch(&job)?;
            let (log, within) = (folder.join("log"), Duration::from_secs(600));
            let seeding = || run(launch.command, &launch.env, &log, within);
            let spent = match &self.link {
                Some(link) => link.server().enter(seeding)??,
                None => seeding()?,
            };
            ensure!(spent.how == How::Well, "clips to fetch could not be put into the store: {:?}", spent.how);
        }
        Ok(())
    }

    /// Whether everything is where it belongs, byte for byte.
    fn check(&self, job: &Job<'_>) -> Result<()> {
        for name in &job.clips.names {
            let original = job.clips.folder.join(name);
            let is_same = match job.direction {
                Direction::Down => footage::same(&original, &job.into.join(name)).with_context(|| name.clone())?,
                Direction::Up => {
                    let key = format!("{}/{name}", job.prefix);
                    self.at_server(async |witness| witness.same(&key, &original).await)?
                }
            };
            ensure!(is_same, "{name} arrived with other bytes");
        }
        Ok(())
    }

    fn clear(&self, job: &Job<'_>) -> Result<()> {
        fs::remove_dir_all(job.into)?;
        fs::remove_dir_all(job.folder)?;
        if job.direction == Direction::Down {
            return Ok(());
        }
        let prefix = job.prefix;
        self.at_server(async |witness| {
            for key in witness.keys(prefix).await? {
                witness.delete(&key).await?;
            }
            for unfinished in witness.unfinished().await? {
                witness.abort(&unfinished).await?;
            }
            Ok(())
        })?;
        let is_full = {
            let mut past = self.past();
            past.garbage += job.clips.bytes();
            past.garbage > GARBAGE && std::mem::take(&mut past.garbage) > 0
        };
        if is_full {
            inside(self.link.as_ref().map(Link::server), async || self.seaweed.vacuum().await)?;
        }
        Ok(())
    }
}

/// On a thread, and a runtime, of its own, in that network if one is given.
fn inside<T: Send>(network: Option<&Namespace>, run: impl AsyncFnOnce() -> Result<T> + Send) -> Result<T> {
    match network {
        Some(network) => network.enter_async(run),
        None => here_async(run),
    }
}

fn load() -> f64 {
    let load = fs::read_to_string(Path::new("/proc/loadavg")).unwrap_or_default();
    load.split(' ').next().and_then(|minute| minute.parse().ok()).unwrap_or(f64::NAN)
}
