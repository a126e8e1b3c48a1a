//! `rushes-bench`: tools move clips over links, and what that took becomes a table. `rushes-bench verify` shows what the
//! links themselves give.
//! May not live here: how any of it is done.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use rushes_bench::clips::Clips;
use rushes_bench::link::{self, Congestion, Link, Profile};
use rushes_bench::report::{self, Heading};
use rushes_bench::{Course, Direction, Sample, Tool, Way};

/// Moves clips over far links, with Rushes and with what a producer would use instead.
#[derive(Debug, Parser)]
#[command(name = "rushes-bench", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Links of bench/links.toml, or loopback
    #[arg(long, value_delimiter = ',', default_value = "bureau")]
    links: Vec<Way>,
    /// rushes, rushes-cubic, rclone, rclone-32, rclone-100, s5cmd, s5cmd-32, s5cmd-100, aws-crt
    #[arg(long, value_delimiter = ',', default_value = "rushes,rclone,rclone-100,s5cmd-100,aws-crt")]
    tools: Vec<Tool>,
    /// Of each file, such as 500M
    #[arg(long, default_value = "500M", value_parser = bytes)]
    size: u64,
    #[arg(long, default_value_t = 1)]
    files: usize,
    /// Only to the store
    #[arg(long, conflicts_with = "down")]
    up: bool,
    /// Only from the store
    #[arg(long)]
    down: bool,
    /// Both, as if neither were said
    #[arg(long, conflicts_with_all = ["up", "down"])]
    both: bool,
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// At both ends, unless an application sets its own
    #[arg(long, default_value = "cubic")]
    cc: Congestion,
    /// Seconds after which a run is cut
    #[arg(long, default_value_t = 600)]
    limit: u64,
    /// Where the tables go
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results"), hide_default_value = true)]
    results: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What the links give to plain connections, and their round trips
    Verify {
        #[arg(value_delimiter = ',', default_value = "bureau,remote")]
        links: Vec<String>,
        #[arg(long, value_delimiter = ',', default_value = "1,8,32,64,128")]
        streams: Vec<usize>,
        #[arg(long, default_value_t = 20)]
        seconds: u64,
        #[arg(long, default_value = "cubic")]
        cc: Congestion,
        #[arg(long, default_value = "up")]
        direction: Towards,
    },
    /// The link's own process
    #[command(name = link::EMULATE, hide = true)]
    Emulate { here: String, device: String, there: String, its_device: String, terms: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Towards {
    Up,
    Down,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.verb {
        None => bench(&cli),
        Some(Verb::Verify { links, streams, seconds, cc, direction }) => links
            .iter()
            .try_fold(true, |_, link| verify(link, streams, *seconds, *cc, *direction == Towards::Down).map(|()| true)),
        Some(Verb::Emulate { here, device, there, its_device, terms }) => serde_json::from_str(terms)
            .context("the link's terms")
            .and_then(|terms| link::emulate([(here, device), (there, its_device)], terms))
            .map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every run of Rushes ended well. That another tool fails is a result.
fn bench(cli: &Cli) -> Result<bool> {
    ensure!(cli.files > 0 && cli.rounds > 0 && cli.size > 0, "nothing to do");
    let directions: &[Direction] = match (cli.up, cli.down) {
        (true, _) => &[Direction::Up],
        (_, true) => &[Direction::Down],
        _ => &[Direction::Up, Direction::Down],
    };
    let mut is_well = true;
    for way in &cli.links {
        let course = Course::open(way, cli.cc)?;
        let clips = Clips::make(course.scratch(), cli.files, cli.size)?;
        let mut samples: Vec<Sample> = Vec::new();
        // Tools take turns, so that whatever else the computer does meanwhile meets them all.
        for round in 1..=cli.rounds {
            for direction in directions {
                for tool in &cli.tools {
                    let sample = course.run_once(*tool, *direction, &clips, Duration::from_secs(cli.limit))?;
                    let sample = Sample { round, ..sample };
                    show(&sample);
                    is_well &= sample.is_right || *tool != Tool::Rushes;
                    samples.push(sample);
                    // After each, so that what was measured is kept whatever comes.
                    report::write(&cli.results, &heading(way, cli), &samples)?;
                }
            }
        }
        let written = report::write(&cli.results, &heading(way, cli), &samples)?;
        println!("{}.md", written.display());
    }
    Ok(is_well)
}

fn show(sample: &Sample) {
    let share = sample.share.map_or(String::new(), |share| format!(" = {:4.1} %", share * 100.0));
    println!(
        "{:8} {:4} {:10} {:6.1} s {:6.1} Mb/s{share} {:5.2} CPU s/GB {:4.0} MB{}{} load {:.1} {}",
        sample.link,
        sample.direction.to_string(),
        sample.tool,
        sample.wall_seconds,
        sample.goodput_mbit,
        sample.cpu_seconds_per_gb(),
        sample.peak_rss_bytes as f64 / 1e6,
        sample.sent_again.map_or(String::new(), |again| format!(" again {:.1} %", again * 100.0)),
        sample.ping.map_or(String::new(), |ping| format!(" ping {:.0}/{:.0} ms", ping.median_ms, ping.p95_ms)),
        sample.load_before,
        sample.failure.as_deref().unwrap_or(""),
    );
}

fn heading(way: &Way, cli: &Cli) -> Heading {
    let command: Vec<String> = std::env::args().skip(1).collect();
    Heading {
        link: way.name().to_owned(),
        terms: match way {
            Way::Loopback => None,
            Way::Far(profile) => Some(profile.terms),
        },
        congestion: cli.cc.to_string(),
        commit: commit(),
        command: format!("rushes-bench {}", command.join(" ")).trim_end().to_owned(),
    }
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = Command::new("git").args(arguments).current_dir(here).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let changed = if git(&["status", "--porcelain"]).is_empty() { "" } else { " with changes" };
    format!("{}{changed}", git(&["rev-parse", "--short", "HEAD"]))
}

fn verify(name: &str, streams: &[usize], seconds: u64, congestion: Congestion, down: bool) -> Result<()> {
    let profile = Profile::named(name)?;
    let link = Link::up(&profile, congestion)?;
    let ping = link.ping()?;
    std::thread::sleep(Duration::from_secs(3));
    let idle = ping.stop();
    let figure = |share| idle.quantile(share).unwrap_or(f64::NAN);
    println!("{name} {congestion}: idle ping {:.1} ms, at most {:.1} ms", figure(0.5), figure(1.0));
    for count in streams {
        let before = link.stats()?;
        let ping = link.ping()?;
        let ramp = Duration::from_secs(10);
        let given = link::goodput(&link, *count, down, ramp, Duration::from_secs(seconds))?;
        let busy = ping.stop();
        let came = link.stats()?.since(&before);
        let flow = if down { came.down } else { came.up };
        println!(
            "{name} {congestion} {}: {count:3} streams {:6.1} Mb/s, ping p95 {:.0} ms, lost {} and dropped {} of {}, late {} µs, link {:.0} % of a processor",
            if down { "down" } else { "up" },
            given.mbit,
            busy.quantile(0.95).unwrap_or(f64::NAN),
            flow.lost_packets,
            flow.dropped_packets,
            flow.offered_packets,
            flow.late_us,
            given.link_cpu * 100.0
        );
    }
    Ok(())
}

/// Such as 500M; as disks are sold, so M is a million.
fn bytes(text: &str) -> Result<u64> {
    let (figure, unit) = match text.trim_end_matches('B').char_indices().last() {
        Some((at, 'k' | 'K')) => (&text[..at], 1_000),
        Some((at, 'M')) => (&text[..at], 1_000_000),
        Some((at, 'G')) => (&text[..at], 1_000_000_000),
        _ => (text, 1),
    };
    let figure: u64 = figure.parse().with_context(|| format!("{text} is no size such as 500M"))?;
    figure.checked_mul(unit).context("too large")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
        let cli = Cli::parse_from(["rushes-bench", "--links", "remote,loopback", "--tools", "rushes,rclone-100"]);
        assert_eq!(cli.links, [Way::Far(Profile::named("remote").unwrap()), Way::Loopback]);
        assert_eq!(cli.tools.iter().map(Tool::to_string).collect::<Vec<_>>(), ["rushes", "rclone-100"]);
        assert!(Cli::try_parse_from(["rushes-bench", "--links", "moon"]).is_err());
        assert!(Cli::try_parse_from(["rushes-bench", "--up", "--down"]).is_err());
    }

    #[test]
    fn sizes() {
        for (text, size) in [("500M", 500_000_000), ("2GB", 2_000_000_000), ("7", 7), ("64k", 64_000)] {
            assert_eq!(bytes(text).unwrap(), size);
        }
        for text in ["", "M", "-5M", "1.5G", "99999999999G"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
