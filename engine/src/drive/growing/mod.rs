//! A file that goes up while it is written: its parts are planned, journaled and sent as it grows past them. When its writer has
//! left, the end is planned, all of it is read again while the end goes up, and what changed since it was sent goes again. Then
//! it is completed and proved like any other. See docs/adr/0014.
//!
//! What happens to the file meanwhile ends a round, and another begins with what the journal holds: it is dropped and taken up
//! again like everything here.

mod onlooker;

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use self::onlooker::{LOOK, Onlooker, Seen};
use super::growth::{Growth, News};
use super::open::{self, Opened};
use super::upload::{self, Sending, Stock};
use super::{Drive, Driven, Stop, claim, send};
use crate::error::{Code, Result};
use crate::journal::transfers::{self, PlannedPart};
use crate::parts::{self, Condition, MIN_PART, Part};
use crate::recording;
use crate::source::Source;
use crate::transfer::{Change, Proof, Recording, Transfer};

/// So often it is looked whether the claim on the key must be renewed.
const CLAIM: Duration = Duration::from_secs(60 * 60);
/// So many pieces of news may be in line before they are heard.
const NEWS: usize = 64;

const ALL_CHANGED: &str = "Its recorder moved everything within it at the end, so all of it goes up twice. Without fast \
    start it would have been there at once.";

/// How a round ended.
enum Turn {
    /// All of it is there, as the file was at its end.
    Sent,
    /// The file is not what it was: what is so now is found out.
    Again,
}

pub(super) async fn upload(drive: &Drive, mut transfer: Transfer) -> Driven<Proof> {
    let source = find(drive, &mut transfer).await?.within(drive.core.folder_limit(&transfer));
    let mut onlooker = Onlooker::at(source, drive.core.folder_quiet(&transfer).await?);
    let begun = drive.begun_upload().await?;
    if begun.is_none() && drive.plan().await?.is_empty() {
        let whole = is_whole(drive, &mut onlooker).await?;
        if transfer.path != onlooker.source.path() {
            renamed(drive, &mut transfer, onlooker.source.path()).await?;
        }
        if whole {
            (transfer.recording, transfer.look) = (Recording::No, None);
            drive.set_facts(&transfer).await?;
            let source = Source::open(&transfer.path).await?.within(drive.core.folder_limit(&transfer));
            return Box::pin(upload::whole(drive, transfer, source)).await;
        }
    }
    let container = recording::container_of(onlooker.source.path());
    tracing::info!(id = drive.id, ?container, size = onlooker.last.size, "a recording goes up while it is written");
    // What other ways gained on it cannot be told: its own camera set the pace.
    drive.core.with(drive.id, |one| one.begun = None)?;
    if begun.is_none() {
        Box::pin(upload::tell_of_itself(&mut transfer, false)).await;
        drive.set_facts(&transfer).await?;
    }
    let planned = parts::grown(None, onlooker.last.size).len().max(2);
    let opening = Box::pin(open::open(drive, &mut transfer, &onlooker.source, planned, begun));
    let mut multipart = match opening.await? {
        Opened::There(proof) => return Ok(proof),
        Opened::Upload(multipart) => multipart,
    };
    loop {
        let mut plan = take_up(drive, &mut transfer, &mut onlooker).await?;
        let sending = Sending { drive, transfer: &transfer, source: &onlooker.source, multipart: &multipart };
        if let Stock::Landed(proof) = sending.take_stock(&mut plan).await? {
            claim::give_up(&drive.core, drive.id, None);
            return Ok(proof);
        }
        let to = sending.to();
        (multipart.is_new, multipart.is_known) = (false, true);
        let (news, heard) = mpsc::channel(NEWS);
        let growth = Growth::told_by(heard, transfer.recording == Recording::Growing);
        let planned = plan.iter().map(|(part, _)| *part).collect();
        let round = tokio::select! {
            turn = follow(drive, &mut transfer, &mut onlooker, planned, news) => turn,
            sent = send::all(drive, &to, &mut plan, growth) => sent.map(|()| Turn::Sent),
        };
        drive.core.with(drive.id, |one| one.land())?;
        match round {
            Ok(Turn::Sent) => {}
            Ok(Turn::Again) => continue,
            // It was cut while a part of it was read.
            Err(Stop::Fail(error)) if error.code == Code::SourceChanged => {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            Err(stop) => return Err(stop),
        }
        // The last look: whatever the system says of it must be as it was before all of it was read.
        let end = transfer.look;
        if onlooker.has_changed().await? || end.is_none_or(|end| end.touched != onlooker.last.touched) {
            continue;
        }
        say_if_all_changed(drive, &mut transfer).await?;
        drive.core.change(drive.id, Change::Finish)?;
        let sending = Sending { drive, transfer: &transfer, source: &onlooker.source, multipart: &multipart };
        let proof = Box::pin(sending.complete(plan)).await?;
        claim::give_up(&drive.core, drive.id, None);
        return Ok(proof);
    }
}

/// The file where it is now: under another name, where it was renamed while nobody looked.
async fn find(drive: &Drive, transfer: &mut Transfer) -> Driven<Source> {
    let opened = Source::open(&transfer.path).await;
    let number = match &opened {
        Ok(source) => source.number().await?,
        Err(_) => None,
    };
    if let Some(known) = transfer.file.filter(|known| Some(*known) != number)
        && let Some(path) = recording::find(&transfer.path, known)
        && let Ok(source) = Source::open(&path).await
    {
        renamed(drive, transfer, &path).await?;
        return Ok(source);
    }
    let source = opened?;
    transfer.file = number;
    Ok(source)
}

/// Looks until there is something to send of a file that is written, or it turns out to be whole. `true`: it is.
async fn is_whole(drive: &Drive, onlooker: &mut Onlooker) -> Driven<bool> {
    loop {
        // The first part is held, so it is the second that can go.
        if parts::grown(None, onlooker.last.size).len() > 1 && onlooker.is_written().await? {
            return Ok(false);
        }
        if let Seen::Ended = onlooker.look().await? {
            return Ok(true);
        }
        let size = onlooker.last.size;
        drive.core.with(drive.id, |one| one.transfer.size = size)?;
    }
}

/// What the journal holds of it, brought together with what the file is now.
async fn take_up(drive: &Drive, transfer: &mut Transfer, onlooker: &mut Onlooker) -> Driven<Vec<PlannedPart>> {
    let mut plan = drive.plan().await?;
    if onlooker.has_changed().await? {
        tracing::debug!(id = drive.id, size = onlooker.last.size, "the recording has changed meanwhile");
    }
    let (size, ended) = (onlooker.last.size, transfer.look);
    if transfer.recording == Recording::Ended && ended.is_some_and(|look| look.same_file(&onlooker.last)) {
        // Only when anything about it last changed may be new: all of it is read again.
        transfer.look = Some(onlooker.last);
        drive.set_facts(transfer).await?;
        return Ok(plan);
    }
    if transfer.recording == Recording::Ended {
        let grew = ended.is_some_and(|look| size >= look.size);
        if grew {
            transfer.said = Some("It went on after it had stopped, and goes up as one.".into());
        }
        (transfer.recording, transfer.look) = (Recording::Growing, None);
    }
    let planned: Vec<Part> = plan.iter().map(|(part, _)| *part).collect();
    let stay = parts::kept(&planned, size);
    if ends_beyond(&planned, size) {
        transfer.said = Some(format!(
            "It was cut to {:.1} MB while it was recorded. What it holds now is what goes up.",
            size as f64 / 1e6
        ));
    }
    if stay < plan.len() {
        plan.truncate(stay);
        let (id, kept) = (drive.id, plan.clone());
        drive.core.journal.write(move |c| transfers::cut_plan(c, id, stay)).await?;
        drive.core.with(drive.id, |one| {
            one.set_plan(&kept);
            one.kept = one.kept.min(one.acked);
        })?;
    }
    transfer.size = size;
    drive.set_facts(transfer).await?;
    let grown = parts::grown(plan.last().map(|(part, _)| *part), size);
    grew(drive, &grown, size).await?;
    plan.extend(grown.into_iter().map(|part| (part, None)));
    Ok(plan)
}

/// Follows the file to its end, and then compares what it holds with what was sent. Whoever sends ends before this does, unless
/// the file turns out to be another than it was.
async fn follow(
    drive: &Drive,
    transfer: &mut Transfer,
    onlooker: &mut Onlooker,
    mut planned: Vec<Part>,
    news: mpsc::Sender<News>,
) -> Driven<Turn> {
    // Whoever listens may have ended: then nothing is waited for here any more.
    let tell = async |piece| news.send(piece).await.map_err(|_| Stop::Anew);
    if transfer.recording == Recording::Growing {
        let mut claimed = Instant::now();
        loop {
            let size = onlooker.last.size;
            if ends_beyond(&planned, size) {
                return Ok(Turn::Again);
            }
            let grown = parts::grown(planned.last().copied(), size);
            grew(drive, &grown, size).await?;
            planned.extend(&grown);
            if !grown.is_empty() {
                tell(News::Parts(grown)).await?;
            }
            if claimed.elapsed() > CLAIM {
                claimed = Instant::now();
                claim::keep(drive, transfer, &onlooker.source).await?;
            }
            match onlooker.look().await? {
                Seen::Writing => {}
                Seen::Renamed => renamed(drive, transfer, onlooker.source.path()).await?,
                Seen::Replaced => return Ok(Turn::Again),
                Seen::Ended => break,
            }
        }
        if ends_beyond(&planned, onlooker.last.size) {
            return Ok(Turn::Again);
        }
        let Some(tail) = parts::tail(planned.last().copied(), onlooker.last.size) else {
            // More than its numbers hold: it goes again, in parts for its size.
            return Err(Stop::Anew);
        };
        ended(drive, transfer, onlooker, &tail).await?;
        let held = planned.first().filter(|_| is_open(drive, 0)).copied();
        planned.extend(&tail);
        tell(News::Last(tail.into_iter().chain(held).collect())).await?;
    }
    let mut looked = Instant::now();
    for (i, part) in planned.iter().enumerate() {
        if looked.elapsed() > LOOK {
            looked = Instant::now();
            if onlooker.has_changed().await? {
                return Ok(Turn::Again);
            }
        }
        // What did not begin to go yet is read after this.
        if !is_open(drive, i) {
            let holds = onlooker.source.checksum(*part).await?;
            tell(News::Holds(part.number, holds)).await?;
        }
    }
    drop(news);
    loop {
        say_if_all_changed(drive, transfer).await?;
        match onlooker.look().await? {
            Seen::Renamed => renamed(drive, transfer, onlooker.source.path()).await?,
            Seen::Replaced => return Ok(Turn::Again),
            Seen::Writing | Seen::Ended => {}
        }
        if transfer.look.is_none_or(|end| !end.same_file(&onlooker.last)) {
            return Ok(Turn::Again);
        }
    }
}

/// It is shorter than what is planned of it.
fn ends_beyond(planned: &[Part], size: u64) -> bool {
    planned.last().is_some_and(|last| last.offset + last.length > size)
}

fn is_open(drive: &Drive, i: usize) -> bool {
    let condition = drive.core.with(drive.id, |one| one.parts.get(i).map(|(_, condition)| *condition));
    matches!(condition, Ok(Some(Condition::Open)))
}

/// More of it: journaled before it goes.
async fn grew(drive: &Drive, grown: &[Part], size: u64) -> Result<()> {
    if !grown.is_empty() {
        let (id, more) = (drive.id, grown.to_vec());
        drive.core.journal.write(move |c| transfers::extend_plan(c, id, &more, size)).await?;
    }
    drive.core.with(drive.id, |one| {
        one.parts.extend(grown.iter().map(|part| (*part, Condition::Open)));
        one.transfer.size = size;
    })
}

/// Its size and look are known, and its end is planned: all of that at once.
async fn ended(drive: &Drive, transfer: &mut Transfer, onlooker: &Onlooker, tail: &[Part]) -> Result<()> {
    let end = onlooker.last;
    (transfer.recording, transfer.size, transfer.look) = (Recording::Ended, end.size, Some(end));
    tracing::info!(id = drive.id, size = end.size, "a recording has ended");
    let (id, facts, more) = (drive.id, transfer.clone(), tail.to_vec());
    drive
        .core
        .journal
        .write(move |c| {
            transfers::extend_plan(c, id, &more, end.size)?;
            transfers::set_facts(c, &facts)
        })
        .await?;
    drive.core.with(drive.id, |one| one.parts.extend(tail.iter().map(|part| (*part, Condition::Open))))?;
    drive.set_facts(transfer).await
}

/// Its key stays: parts belong to it.
async fn renamed(drive: &Drive, transfer: &mut Transfer, to: &Path) -> Result<()> {
    let name = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    transfer.said = Some(format!("It was {} until it was renamed, and keeps its place in the bucket.", transfer.name));
    (transfer.path, transfer.name) = (to.to_owned(), name);
    drive.set_facts(transfer).await
}

/// A recorder that moves everything within its file at the end, to put its index in front.
async fn say_if_all_changed(drive: &Drive, transfer: &mut Transfer) -> Result<()> {
    let again = drive.core.with(drive.id, |one| one.again)?;
    if transfer.size > 4 * MIN_PART && again > transfer.size / 2 && transfer.said.as_deref() != Some(ALL_CHANGED) {
        transfer.said = Some(ALL_CHANGED.into());
        drive.set_facts(transfer).await?;
    }
    Ok(())
}
