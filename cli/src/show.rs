//! What is printed: sentences and bars for people, JSON lines for programs. Results go to stdout, the rest to stderr.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use indicatif::{DecimalBytes, HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use jiff::{Timestamp, tz::TimeZone};
use rushes_engine::api::{Clip, TransferRow};
use rushes_engine::deadline::Verdict;
use rushes_engine::error::Error;
use rushes_engine::transfer::{Direction, Proof, Status, TransferId};
use serde::Serialize;

pub struct Show {
    json: bool,
    bars: MultiProgress,
    by_id: Mutex<HashMap<TransferId, ProgressBar>>,
    followed: Mutex<Vec<TransferId>>,
}

impl Show {
    pub fn new(json: bool) -> Show {
        Show { json, bars: MultiProgress::new(), by_id: Mutex::default(), followed: Mutex::default() }
    }

    /// These are this command's own: their end, and how long it waits for it, is its own matter.
    pub fn followed(&self, ids: &[TransferId]) {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
    }

    pub fn all_followed(&self) -> Vec<TransferId> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn json(&self) -> bool {
        self.json
    }

    /// A line of JSON. A closed pipe is the reader's wish.
    pub fn object(&self, object: &impl Serialize) {
        if let Ok(line) = serde_json::to_string(object) {
            self.line(&line);
        }
    }

    pub fn line(&self, line: &str) {
        use std::io::Write;
        self.bars.suspend(|| {
            let _ = writeln!(std::io::stdout(), "{line}");
        });
    }

    pub fn error(&self, error: &Error) {
        if self.json {
            self.object(error);
        } else {
            self.bars.suspend(|| {
                eprintln!("rushesctl: {} [{}]", error.message, error.code.name());
                if !error.detail.is_empty() {
                    eprintln!("  {}", printable(&error.detail));
                }
            });
        }
    }

    /// Something to know beside the result.
    pub fn remark(&self, text: &str) {
        if !self.json {
            self.bars.suspend(|| eprintln!("{}", printable(text)));
        }
    }

    pub fn stopped(&self) {
        if !self.json {
            self.bars.suspend(|| eprintln!("Stopped. What was sent is kept: the same command goes on where it was."));
        }
    }

    pub fn clip(&self, clip: &Clip) {
        if self.json {
            self.object(clip);
        } else {
            self.line(&format!(
                "{:>10}  {}  {}",
                DecimalBytes(clip.size).to_string(),
                clock(clip.modified),
                printable(&clip.key)
            ));
        }
    }

    /// One row as it is, for lists.
    pub fn listed(&self, row: &TransferRow) {
        if self.json {
            return self.object(row);
        }
        let arrow = arrow(row.direction);
        self.line(&format!(
            "{:>5}  {arrow} {:>10}  {}  {}{}",
            row.id,
            DecimalBytes(row.size).to_string(),
            printable(&row.name),
            word(row),
            hurry(row)
        ));
    }

    /// A row that is being followed has changed.
    pub fn progress(&self, row: &TransferRow) {
        if self.json {
            return self.object(row);
        }
        let mut bars = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(row.id).or_insert_with(|| {
            let bar = self.bars.add(ProgressBar::new(row.size));
            let style = "{prefix:30!} {bar:30} {percent:>3} %  {msg}";
            bar.set_style(
                ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("━╸ "),
            );
            bar.set_prefix(format!("{} {}", arrow(row.direction), printable(&row.name)));
            bar
        });
        bar.set_length(row.size.max(1));
        bar.set_position(if row.size == 0 { 0 } else { row.acked });
        bar.set_message(format!("{}{}", word(row), hurry(row)));
        let at_rest = row.status.is_ended() || matches!(row.status, Status::Failed { .. });
        if at_rest && !bar.is_finished() {
            bar.finish_and_clear();
            let line = format!("{} {}  {}", arrow(row.direction), printable(&row.name), word(row));
            self.bars.suspend(|| println!("{line}"));
            match &row.status {
                Status::Failed { error } => self.bars.suspend(|| eprintln!("  {}", printable(&error.detail))),
                Status::Done { gained: Some(gained), .. } => {
                    self.bars.suspend(|| println!("  {}", printable(gained)));
                }
                _ => {}
            }
        }
    }
}

fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "↑",
        Direction::Down => "↓",
    }
}

/// The status in a few words, for people.
fn word(row: &TransferRow) -> String {
    match &row.status {
        Status::Queued => "queued".into(),
        Status::Running => {
            let end = row.eta.map_or(String::new(), |eta| format!(" · done by {}", clock_only(eta)));
            format!(
                "{} of {} · {:.0} Mb/s{end}",
                DecimalBytes(row.acked),
                DecimalBytes(row.size),
                row.rate as f64 * 8e-6
            )
        }
        Status::Finishing => "checking".into(),
        Status::Waiting { error, .. } => format!("waiting: {} [{}]", error.message, error.code.name()),
        Status::Paused => "paused".into(),
        Status::Cancelling => "cancelling".into(),
        Status::Cancelled => "cancelled".into(),
        Status::Done { proof, .. } => {
            let took = row
                .started_at
                .zip(row.ended_at)
                .map(|(from, to)| std::time::Duration::from_millis((to - from).max(0) as u64));
            let took = took.map_or(String::new(), |t| format!(" in {}", HumanDuration(t)));
            format!("done{took} · {} · {}", proof_word(proof), printable(place(row)))
        }
        Status::Failed { error } => format!("failed: {} [{}]", error.message, error.code.name()),
    }
}

/// What makes it hurry, and whether it lands in time.
fn hurry(row: &TransferRow) -> String {
    let mut words = if row.breaking { " · breaking".to_owned() } else { String::new() };
    if let Some(due) = &row.due {
        let zone = TimeZone::get(&due.zone).unwrap_or_else(|_| TimeZone::system());
        let at = Timestamp::from_millisecond(due.at)
            .map_or(String::new(), |at| at.to_zoned(zone).strftime("%H:%M").to_string());
        let span = |ms: i64| HumanDuration(std::time::Duration::from_millis(ms.unsigned_abs()));
        let will = match due.verdict {
            Verdict::Made { spare } => format!("{} to spare", span(spare)),
            Verdict::Missed { by } => format!("LATE by {}", span(by)),
            Verdict::Unknown => "not known yet whether in time".to_owned(),
        };
        words.push_str(&format!(" · for the {at} {}, {will}", due.zone));
    }
    if let Some(page) = &row.portal {
        words.push_str(&format!(" · sign in at {}", printable(page)));
    }
    words
}

fn place(row: &TransferRow) -> &str {
    match row.direction {
        Direction::Up => &row.key,
        Direction::Down => &row.path,
    }
}

fn proof_word(proof: &Proof) -> String {
    match proof {
        Proof::WholeObject { algorithm, .. } => format!("{algorithm} matches the bucket's"),
        Proof::EachPart { algorithm } => format!("each part checked on arrival, {algorithm}"),
        Proof::LengthOnly => "length matches; the bucket keeps no checksum".into(),
    }
}

fn clock(at: i64) -> String {
    Timestamp::from_millisecond(at)
        .map_or(String::new(), |t| t.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn clock_only(at: i64) -> String {
    Timestamp::from_millisecond(at)
        .map_or(String::new(), |t| t.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string())
}

/// Names from a bucket may hold what a terminal obeys.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
