//! An object's way down: hold to one version, claim a name, fetch what is missing by ranges, prove, sync, show.

use std::path::Path;

use super::doubt::Doubt;
use super::fetch::Fetch;
use super::{Drive, Driven, Stop, elsewhere};
use crate::error::{Code, Error, Result};
use crate::integrity::{Algorithm, Checksum, Crc64, checksum_of};
use crate::journal::transfers::PlannedPart;
use crate::marks::Mark;
use crate::parts;
use crate::s3::{Class, Object, Store};
use crate::sink::{self, Sink};
use crate::transfer::{Change, Direction, Held, Proof, Transfer};

pub(super) async fn download(drive: &Drive) -> Driven<Proof> {
    let mut transfer = drive.transfer()?;
    // One that goes on after a restart asks for nothing before its first range.
    drive.core.lanes_of(&transfer.profile)?;
    if transfer.held.is_none()
        && let Some(proof) = begin(drive, &mut transfer).await?
    {
        return Ok(proof);
    }
    let Some(held) = transfer.held.clone() else { return Err(Error::internal("a download is held to nothing").into()) };
    let mut plan = drive.plan().await?;
    let sink = match Sink::open(&transfer.path, transfer.size).await? {
        Some(sink) => sink,
        None => {
            // The kill may have come between the rename and its record.
            if let Some(proof) = already_there(&transfer.path, transfer.size, held.checksum.as_ref()).await? {
                return Ok(proof);
            }
            reclaim(drive, &mut transfer).await?;
            plan = Vec::new();
            Sink::open(&transfer.path, transfer.size).await?.ok_or_else(|| Error::internal("a claimed name is gone"))?
        }
    };
    if plan.is_empty() {
        let ranges = parts::ranges(transfer.size)?;
        drive.open_ahead(Direction::Down, &transfer.profile, ranges.len())?;
        plan = drive.set_plan(ranges).await?;
    }
    let fetching = Fetching { drive, transfer: &transfer, held: &held, sink: &sink };
    fetching.verify(&mut plan).await?;
    let mut fetch = Fetch { drive, transfer: &transfer, etag: &held.etag, sink: &sink, from_home: false };
    let mut doubt = Doubt::default();
    let proof = loop {
        fetch.missing(&mut plan).await?;
        drive.core.change(drive.id, Change::Finish)?;
        match fetching.prove(&plan).await? {
            Some(proof) => break proof,
            None => {
                fetching.doubt(&mut doubt, &mut plan).await?;
                fetch.from_home = true;
            }
        }
    };
    sink.sync().await?;
    show(drive, transfer).await?;
    Ok(proof)
}

/// Finds out which version there is, claims a name for it, and journals both. A file that is here already is not fetched
/// again: its proof instead.
async fn begin(drive: &Drive, transfer: &mut Transfer) -> Driven<Option<Proof>> {
    // Shaken hands with while the store looks the clip up; later the pace sees to it.
    let slots = drive.core.slots(Direction::Down);
    if slots.used() == 0 {
        for id in slots.on(&transfer.profile) {
            drive.core.lanes.get(id)?.wire.open_beside_next(slots.allowed(&transfer.profile));
        }
    }
    let (object, in_copy) = elsewhere::look_up(drive, transfer).await?;
    let folder = transfer.path.parent().unwrap_or(Path::new(".")).to_owned();
    transfer.size = object.size;
    let wanted = folder.join(&transfer.name);
    if let Some(proof) = already_there(&wanted, object.size, object.checksum.as_ref()).await? {
        transfer.path = wanted;
        drive.set_facts(transfer).await?;
        return Ok(Some(proof));
    }
    transfer.path = sink::claim(&folder, &transfer.name).await?;
    transfer.held = Some(Held { etag: object.etag, checksum: object.checksum, in_copy });
    if let Err(error) = drive.set_facts(transfer).await {
        // A claim that no journal knows would stay for ever.
        let _ = sink::discard(&transfer.path).await;
        return Err(error.into());
    }
    Ok(None)
}

pub(super) async fn head(drive: &Drive, transfer: &Transfer, store: &Store) -> Driven<Object> {
    match drive.head(Direction::Down, transfer, &transfer.key).await? {
        Ok(object) => Ok(object),
        Err(refusal) if refusal.class == Class::NoObject => {
            // A missing bucket answers a HEAD just so.
            Err(store.why_refused(&transfer.key).await.unwrap_or(refusal).into())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The `.part` file was taken away: its name is claimed again, and all of it fetched again.
async fn reclaim(drive: &Drive, transfer: &mut Transfer) -> Driven<()> {
    let folder = transfer.path.parent().unwrap_or(Path::new(".")).to_owned();
    transfer.path = sink::claim(&folder, &transfer.name).await?;
    drive.set_facts(transfer).await?;
    drive.set_plan(Vec::new()).await?;
    Ok(())
}

/// Whether exactly these bytes stand at `path`: only a checksum says so.
async fn already_there(path: &Path, size: u64, checksum: Option<&Checksum>) -> Result<Option<Proof>> {
    let Some(checksum) = checksum.cloned() else { return Ok(None) };
    let path = path.to_owned();
    let same = tokio::task::spawn_blocking(move || {
        let metadata = std::fs::symlink_metadata(&path).ok().filter(|m| m.is_file() && m.len() == size)?;
        let _ = metadata;
        let here = checksum_of(checksum.algorithm, std::fs::File::open(&path).ok()?).ok()?;
        (here == checksum).then_some(checksum)
    });
    let same = same.await.map_err(Error::internal)?;
    Ok(same.map(|c| Proof::WholeObject { algorithm: c.algorithm.name().to_owned(), checksum: c.value }))
}

/// What the steps of one download share.
struct Fetching<'a> {
    drive: &'a Drive,
    transfer: &'a Transfer,
    held: &'a Held,
    sink: &'a Sink,
}

impl Fetching<'_> {
    /// The journal is synced at every range, the file only at its end: after a power cut it may hold less than the
    /// journal says. What earlier runs fetched is read again; what is not as it was is fetched again.
    async fn verify(&self, plan: &mut [PlannedPart]) -> Driven<()> {
        let here = self.drive.core.with(self.drive.id, |one| one.sent_here.1.clone())?;
        for (part, acked) in plan {
            if let Some(known) = acked
                && !here.contains(&part.number)
                && self.sink.checksum(*part).await? != known.crc
            {
                self.drive.unacked(part.number).await?;
                *acked = None;
            }
        }
        Ok(())
    }

    /// That what came down is what the bucket holds, as far as the bucket can say. `None` where it is not.
    async fn prove(&self, plan: &[PlannedPart]) -> Driven<Option<Proof>> {
        let Some(kept) = &self.held.checksum else { return Ok(Some(Proof::LengthOnly)) };
        let same = if kept.algorithm == Algorithm::Crc64Nvme {
            let parts = plan.iter().filter_map(|(part, acked)| Some((acked.as_ref()?.crc, part.length)));
            kept.value == Crc64::combine(parts).to_string()
        } else {
            self.sink.whole_checksum(kept.algorithm).await? == *kept
        };
        let proof = || Proof::WholeObject { algorithm: kept.algorithm.name().to_owned(), checksum: kept.value.clone() };
        Ok(same.then(proof))
    }

    /// Something came down damaged: what may be it is to be fetched again.
    async fn doubt(&self, doubt: &mut Doubt, plan: &mut Vec<PlannedPart>) -> Driven<()> {
        let parts = plan.iter().filter_map(|(part, acked)| Some((part.number, acked.as_ref()?.crc)));
        let again = doubt.about(parts);
        if again.is_empty() {
            return Err(Stop::Fail(Error::new(
                Code::ChecksumMismatch,
                format!("{} does not come down as the bucket holds it. Retry to fetch it again.", self.transfer.name),
            )));
        }
        tracing::warn!(key = %Mark(&self.transfer.key), parts = again.len(), "it came down damaged; fetched again");
        self.drive.back_to_running()?;
        if again.len() == plan.len() {
            *plan = self.drive.set_plan(plan.iter().map(|(part, _)| *part).collect()).await?;
            return Ok(());
        }
        for number in again {
            self.drive.unacked(number).await?;
            plan[number as usize - 1].1 = None;
        }
        Ok(())
    }
}

/// Gives the finished file its name; another one where that was taken meanwhile, journaled before it is given.
async fn show(drive: &Drive, mut transfer: Transfer) -> Driven<()> {
    while !sink::reveal(&transfer.path).await? {
        let folder = transfer.path.parent().unwrap_or(Path::new(".")).to_owned();
        let free = sink::claim(&folder, &transfer.name).await?;
        let before = std::mem::replace(&mut transfer.path, free);
        sink::move_claim(&before, &transfer.path).await?;
        drive.set_facts(&transfer).await?;
    }
    Ok(())
}
