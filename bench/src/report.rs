//! Samples as a table, a picture, and lines of JSON, in files named after the day and the link.
//! May not live here: taking samples.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::link::Terms;
use crate::plot;
use crate::sample::{Sample, median};
use crate::tools::Direction;

/// What was asked for, said above the table.
#[derive(Clone, Debug)]
pub struct Heading {
    pub link: String,
    /// None on loopback.
    pub terms: Option<Terms>,
    pub congestion: String,
    pub commit: String,
    pub command: String,
}

/// Writes all three, and returns the paths without their endings. The day's earlier ones for that link are replaced.
pub fn write(folder: &Path, heading: &Heading, samples: &[Sample]) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let name = format!("{}-{}", jiff::Zoned::now().date(), heading.link);
    let picture = format!("{name}.svg");
    let rows = rows(samples);
    plot::draw(&folder.join(&picture), &heading.link, &rows)?;
    let markdown = markdown(heading, &rows, samples, &picture);
    fs::write(folder.join(format!("{name}.md")), markdown)?;
    let mut raw = File::create(folder.join(format!("{name}.jsonl")))?;
    for sample in samples {
        writeln!(raw, "{}", serde_json::to_string(sample)?)?;
    }
    Ok(folder.join(name))
}

/// All runs of one tool in one direction with the same files.
pub(crate) struct Row<'a> {
    pub direction: Direction,
    pub files: usize,
    pub tool: &'a str,
    pub runs: Vec<&'a Sample>,
}

impl Row<'_> {
    fn each(&self, figure: impl Fn(&Sample) -> Option<f64>) -> Vec<f64> {
        self.runs.iter().filter_map(|run| figure(run)).collect()
    }

    /// Beside the link's rate, or Mb/s where it has none.
    pub fn goodput(&self) -> Vec<f64> {
        self.each(|run| Some(run.share.unwrap_or(run.goodput_mbit)))
    }
}

fn rows(samples: &[Sample]) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut index: BTreeMap<(bool, usize, &str), usize> = BTreeMap::new();
    for sample in samples {
        let key = (sample.direction == Direction::Down, sample.files, sample.tool.as_str());
        let at = *index.entry(key).or_insert(rows.len());
        if at == rows.len() {
            rows.push(Row { direction: sample.direction, files: sample.files, tool: &sample.tool, runs: Vec::new() });
        }
        rows[at].runs.push(sample);
    }
    // Stable: within each, as they were run.
    rows.sort_by_key(|row| (row.direction == Direction::Down, row.files));
    rows
}

fn markdown(heading: &Heading, rows: &[Row<'_>], samples: &[Sample], picture: &str) -> String {
    let mut page = format!("# {}\n\n", heading.link);
    let mut line = |text: String| page.push_str(&(text + "\n"));
    if let Some(terms) = &heading.terms {
        let rate = terms.rate_mbit.map_or("no limit".to_owned(), |rate| format!("{rate} Mb/s"));
        line(format!(
            "{rate}, {} ms and {} % loss each way, queue {} ms, {} unless an application sets its own.",
            terms.delay_ms, terms.loss_percent, terms.queue_ms, heading.congestion
        ));
    }
    line(format!("`{}` on {}.", heading.command, heading.commit));
    let loads: Vec<f64> = samples.iter().map(|sample| sample.load_before).collect();
    let busiest = loads.iter().copied().fold(0.0, f64::max);
    let late = samples.iter().filter_map(|sample| sample.wire).map(|wire| wire.up.late_us.max(wire.down.late_us)).max();
    // A packet that was late by a queue's length is the machine's doing, and may have cost a tool its pace.
    let late = late.map_or(String::new(), |late| format!("; packets at most {} ms later than told", late / 1000));
    line(format!("Load before the runs: median {:.1}, at most {busiest:.1}{late}.\n", median(&loads).unwrap_or(0.0)));
    line(format!("![goodput]({picture})\n"));
    let goodput = if samples.iter().any(|sample| sample.share.is_some()) { "share of the rate" } else { "Mb/s" };
    line(format!("| | files | tool | {goodput} | wall s | CPU s/GB | memory MB | sent again | ping p95 ms | |"));
    line("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |".to_owned());
    for row in rows {
        line(tell(row));
    }
    page
}

fn tell(row: &Row<'_>) -> String {
    let percent = row.runs.iter().any(|run| run.share.is_some());
    let factor = if percent { 100.0 } else { 1.0 };
    let size = row.runs.first().map_or(0, |run| run.bytes / run.files.max(1) as u64);
    let mut troubles: Vec<String> = row.runs.iter().filter_map(|run| run.failure.clone()).collect();
    troubles.dedup();
    let mut told = format!("| {} | {} × {} MB | {} | ", row.direction, row.files, size / 1_000_000, row.tool);
    let goodput: Vec<f64> = row.goodput().iter().map(|value| value * factor).collect();
    let _ = write!(told, "{}{} | ", spread(&goodput, 0), if percent { " %" } else { "" });
    let _ = write!(told, "{} | ", spread(&row.each(|run| Some(run.wall_seconds)), 1));
    let _ = write!(told, "{} | ", spread(&row.each(|run| run.is_right.then(|| run.cpu_seconds_per_gb())), 1));
    let _ = write!(told, "{} | ", spread(&row.each(|run| Some(run.peak_rss_bytes as f64 / 1e6)), 0));
    let again = row.each(|run| run.sent_again.map(|share| share * 100.0));
    let _ = write!(told, "{}{} | ", spread(&again, 1), if again.is_empty() { "" } else { " %" });
    let _ = write!(told, "{} | ", spread(&row.each(|run| run.ping.map(|ping| ping.p95_ms)), 0));
    let _ = write!(told, "{} |", troubles.join("; ").replace('|', "/"));
    told
}

/// The median, and the least and the most where there are several.
fn spread(values: &[f64], digits: usize) -> String {
    let Some(median) = median(values) else { return "–".to_owned() };
    if values.len() == 1 {
        return format!("{median:.digits$}");
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{median:.digits$} ({least:.digits$}–{most:.digits$})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(tool: &str, direction: Direction, share: f64) -> Sample {
        Sample {
            at: String::new(),
            link: "bureau".to_owned(),
            congestion: "cubic".to_owned(),
            tool: tool.to_owned(),
            direction,
            round: 1,
            files: 1,
            bytes: 500_000_000,
            wall_seconds: 20.0 / share,
            goodput_mbit: 200.0 * share,
            share: Some(share),
            cpu_seconds: 2.0,
            peak_rss_bytes: 90_000_000,
            wire: None,
            sent_again: Some(0.012),
            ping: None,
            is_right: true,
            failure: None,
            load_before: 0.4,
        }
    }

    fn heading() -> Heading {
        let terms = Terms { rate_mbit: Some(200.0), delay_ms: 90.0, loss_percent: 0.1, queue_ms: 100.0 };
        Heading {
            link: "bureau".to_owned(),
            terms: Some(terms),
            congestion: "cubic".to_owned(),
            commit: "abc".to_owned(),
            command: "make bench LINK=bureau".to_owned(),
        }
    }

    #[test]
    fn runs_of_a_tool_are_one_row() {
        let samples = [
            sample("rushes", Direction::Down, 0.9),
            sample("rushes", Direction::Up, 0.7),
            sample("rclone", Direction::Up, 0.1),
            sample("rushes", Direction::Up, 0.5),
        ];
        let page = markdown(&heading(), &rows(&samples), &samples, "x.svg");
        let rows: Vec<&str> = page.lines().filter(|line| line.contains("500 MB")).collect();
        assert_eq!(rows.len(), 3);
        assert!(rows[0].starts_with("| up | 1 × 500 MB | rushes | 60 (50–70) % | 34.3"), "{}", rows[0]);
        assert!(rows[0].contains("| 4.0 (4.0–4.0) | 90 (90–90) | 1.2 (1.2–1.2) % | – |"), "{}", rows[0]);
        assert!(rows[2].starts_with("| down"));
    }

    #[test]
    fn what_failed_is_told() {
        let failed = Sample {
            failure: Some("cut after 150 s".to_owned()),
            is_right: false,
            ..sample("s5cmd", Direction::Up, 0.4)
        };
        let page = markdown(&heading(), &rows(std::slice::from_ref(&failed)), std::slice::from_ref(&failed), "x.svg");
        assert!(page.contains("cut after 150 s |"));
    }

    #[test]
    fn all_three_files_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let samples = [sample("rushes", Direction::Up, 0.7), sample("rclone", Direction::Down, 0.1)];
        let base = write(folder.path(), &heading(), &samples).unwrap();
        let read = |ending| fs::read_to_string(base.with_extension(ending)).unwrap();
        assert_eq!(read("jsonl").lines().count(), 2);
        assert!(read("svg").contains("rclone") && read("svg").contains("</svg>"));
        assert!(read("md").contains("200 Mb/s, 90 ms and 0.1 % loss each way"));
    }
}
