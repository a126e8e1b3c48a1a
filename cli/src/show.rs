//! What is printed: sentences and bars for people, JSON lines for programs. Results go to stdout, the rest to stderr.

use std::collections::{BTreeMap, HashMap};
use std::mem::{Discriminant, discriminant};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use jiff::{Timestamp, tz::TimeZone};
use rushes_engine::api::{Clip, ReceiptState, TransferRow};
use rushes_engine::deadline::Verdict;
use rushes_engine::error::Error;
use rushes_engine::transfer::{BatchId, Direction, Proof, Status, TransferId};
use serde::Serialize;

use crate::cards::{Card, Line, lines};

/// A card's row is long, since its files are in it: while it only moves, it is said this often.
const BETWEEN: Duration = Duration::from_secs(1);

pub struct Show {
    json: bool,
    bars: MultiProgress,
    by_id: Mutex<HashMap<TransferId, ProgressBar>>,
    cards: Mutex<BTreeMap<BatchId, Followed>>,
    followed: Mutex<Vec<TransferId>>,
}

/// A card that is being followed.
#[derive(Default)]
struct Followed {
    files: BTreeMap<TransferId, TransferRow>,
    has_news: bool,
    said: Option<(Discriminant<Status>, Instant)>,
}

impl Show {
    pub fn new(json: bool) -> Show {
        Show {
            json,
            bars: MultiProgress::new(),
            by_id: Mutex::default(),
            cards: Mutex::default(),
            followed: Mutex::default(),
        }
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

    /// Rows as they are; those of a card as one.
    pub fn list(&self, rows: &[TransferRow]) {
        for line in lines(rows) {
            match line {
                Line::One(row) => self.listed(row),
                Line::Card(card) if self.json => self.object(&card.object()),
                Line::Card(card) => {
                    let (row, (from, to)) = (card.row(), card.ids());
                    self.line(&format!(
                        "{from:>5}  {} {:>10}  {} ({}; {from} to {to})  {}{}{}",
                        arrow(row.direction),
                        DecimalBytes(row.size).to_string(),
                        printable(&row.name),
                        card.what(),
                        word(&row),
                        hurry(&row),
                        of_card(&row)
                    ));
                }
            }
        }
    }

    /// One row as it is, for lists.
    fn listed(&self, row: &TransferRow) {
        if self.json {
            return self.object(row);
        }
        let arrow = arrow(row.direction);
        self.line(&format!(
            "{:>5}  {arrow} {:>10}  {}  {}{}{}",
            row.id,
            DecimalBytes(row.size).to_string(),
            printable(&row.name),
            word(row),
            hurry(row),
            of_card(row)
        ));
    }

    /// These rows that are being followed have changed.
    pub fn progress<'a>(&self, rows: impl Iterator<Item = &'a TransferRow>) {
        for row in rows {
            match &row.card {
                None if self.json => self.object(row),
                None => self.bar(row, row.id),
                Some(card) => {
                    let mut cards = self.cards.lock().unwrap_or_else(PoisonError::into_inner);
                    let followed = cards.entry(card.batch).or_default();
                    followed.files.insert(row.id, row.clone());
                    followed.has_news = true;
                }
            }
        }
        let mut cards = self.cards.lock().unwrap_or_else(PoisonError::into_inner);
        for (batch, followed) in cards.iter_mut().filter(|(_, followed)| followed.has_news) {
            let Some(card) = Card::of(&followed.files) else { continue };
            let row = card.row();
            followed.has_news = false;
            if !self.json {
                // Of one that failed it is told when nothing of the card moves any more.
                if !matches!(row.status, Status::Failed { .. }) || card.is_at_rest() {
                    // No transfer has this number.
                    self.bar(&row, -batch);
                }
                continue;
            }
            let now = (discriminant(&row.status), Instant::now());
            let is_new = followed.said.is_none_or(|(before, at)| before != now.0 || at.elapsed() > BETWEEN);
            if is_new {
                self.object(&card.object());
                followed.said = Some(now);
            }
        }
    }

    fn bar(&self, row: &TransferRow, id: TransferId) {
        let mut bars = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(id).or_insert_with(|| {
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
            if let Some(said) = &row.said {
                self.bars.suspend(|| println!("  {}", printable(said)));
            }
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
        Status::Running if row.recording => format!(
            "recording: {} so far, {} sent · {:.0} Mb/s",
            DecimalBytes(row.size),
            DecimalBytes(row.acked),
            row.rate as f64 * 8e-6
        ),
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

/// Of the card that it came with, by the number that `receipt` takes.
fn of_card(row: &TransferRow) -> String {
    row.receipt.as_ref().map_or(String::new(), |receipt| format!(" · card {}: {}", row.batch, receipt_word(receipt)))
}

/// How far a receipt is, for people. Only one of these says that the card may be wiped.
pub fn receipt_word(receipt: &ReceiptState) -> String {
    match receipt {
        ReceiptState::None => "no receipt yet".into(),
        ReceiptState::Checking { read, of } if *of > 0 => {
            format!("being read again for its receipt: {} of {}", DecimalBytes(*read), DecimalBytes(*of))
        }
        ReceiptState::Checking { .. } => "being read again for its receipt".into(),
        ReceiptState::Safe { path, remark, .. } => {
            let remark = remark.as_ref().map_or(String::new(), |remark| format!(" · {}", printable(remark)));
            format!("✓ safe to wipe · receipt {}{remark}", printable(path))
        }
        ReceiptState::Trouble { sentence } => format!("! do not wipe it: {}", printable(sentence)),
    }
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
