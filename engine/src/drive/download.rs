//! An object's way down: hold to one version, claim a name, fetch what is missing by ranges, prove, sync, show.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use bytes::BytesMut;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::task::JoinSet;

use super::upload::whole_object;
use super::wanting::Wanting;
use super::{Drive, Driven, Patience, Stop};
use crate::error::{Code, Error, Result};
use crate::integrity::{Algorithm, Checksum, Crc64, Crc64Sum, checksum_of};
use crate::journal::transfers::{Acked, PlannedPart};
use crate::lane::{ONLY_LANE, Slot};
use crate::parts::{self, Part};
use crate::s3::{Answer, Class, Object, Refusal, Store};
use crate::sink::{self, Sink};
use crate::transfer::{Change, Direction, Held, Proof, Transfer};

/// What is collected of a range before it is written.
const PIECE: usize = 512 << 10;
/// A range whose body brings no byte for this long is fetched by another connection.
const SILENT: Duration = Duration::from_secs(20);

pub(super) async fn download(drive: &Drive) -> Driven<Proof> {
    let mut transfer = drive.transfer()?;
    let store = drive.store(&transfer).await?;
    if transfer.held.is_none()
        && let Some(proof) = begin(drive, &mut transfer, &store).await?
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
        plan = drive.set_plan(parts::plan(transfer.size)?).await?;
    }
    let fetching = Fetching { drive, transfer: &transfer, held: &held, store: &store, sink: &sink };
    fetching.verify(&mut plan).await?;
    fetching.fetch_missing(&mut plan).await?;
    drive.core.change(drive.id, Change::Finish)?;
    let proof = fetching.prove(&plan).await?;
    sink.sync().await?;
    show(drive, transfer).await?;
    Ok(proof)
}

/// Finds out which version there is, claims a name for it, and journals both. A file that is here already is not fetched
/// again: its proof instead.
async fn begin(drive: &Drive, transfer: &mut Transfer, store: &Store) -> Driven<Option<Proof>> {
    let object = head(store, &transfer.key).await?;
    let folder = transfer.path.parent().unwrap_or(Path::new(".")).to_owned();
    transfer.size = object.size;
    let wanted = folder.join(&transfer.name);
    if let Some(proof) = already_there(&wanted, object.size, object.checksum.as_ref()).await? {
        transfer.path = wanted;
        drive.set_facts(transfer).await?;
        return Ok(Some(proof));
    }
    transfer.path = sink::claim(&folder, &transfer.name).await?;
    transfer.held = Some(Held { etag: object.etag, checksum: object.checksum });
    if let Err(error) = drive.set_facts(transfer).await {
        // A claim that no journal knows would stay for ever.
        let _ = sink::discard(&transfer.path).await;
        return Err(error.into());
    }
    Ok(None)
}

async fn head(store: &Store, key: &str) -> Driven<Object> {
    match store.head(key).await {
        Ok(object) => Ok(object),
        Err(refusal) if refusal.status == Some(403) => Err(store.why_forbidden(key).await.unwrap_or(refusal).into()),
        Err(refusal) if refusal.class == Class::NoObject => {
            // A missing bucket answers a HEAD just so.
            Err(store.why_forbidden(key).await.unwrap_or(refusal).into())
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
    store: &'a Store,
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

    async fn fetch_missing(&self, plan: &mut [PlannedPart]) -> Driven<()> {
        let mut open: VecDeque<usize> = VecDeque::new();
        for i in 0..plan.len() {
            if plan[i].1.is_some() {
                continue;
            }
            if plan[i].0.length == 0 {
                // An empty object has no range to ask for.
                self.got(plan, i, Crc64::of(b"")).await?;
            } else {
                open.push_back(i);
            }
        }
        let mut patience = Patience::new(self.drive.core.slots(Direction::Down).allowed());
        let mut flying: JoinSet<(usize, Fetched)> = JoinSet::new();
        let mut resting: FuturesUnordered<BoxFuture<'static, usize>> = FuturesUnordered::new();
        let mut wanting = Wanting::new(self.drive, Direction::Down);
        loop {
            if open.is_empty() && flying.is_empty() && resting.is_empty() {
                return Ok(());
            }
            wanting.set(open.len())?;
            tokio::select! {
                biased;
                Some(landed) = flying.join_next(), if !flying.is_empty() => {
                    let (i, fetched) = landed.map_err(Error::internal)?;
                    match fetched {
                        Fetched::Whole(crc) => {
                            self.got(plan, i, crc).await?;
                            patience.succeeded();
                        }
                        Fetched::Refused(refusal) => {
                            self.drive.dropped(plan[i].0.number)?;
                            let rest = patience.failed(refusal)?;
                            resting.push(async move { tokio::time::sleep(rest).await; i }.boxed());
                        }
                        Fetched::Disk(error) => return Err(error.into()),
                    }
                }
                Some(i) = resting.next(), if !resting.is_empty() => open.push_back(i),
                slot = wanting.slot(), if !open.is_empty() => {
                    let Some(i) = open.pop_front() else { continue };
                    let range = plan[i].0;
                    self.drive.in_flight(range.number)?;
                    let (store, sink) = (self.store.clone(), self.sink.clone());
                    let (key, etag) = (self.transfer.key.clone(), self.held.etag.clone());
                    flying.spawn(async move { (i, fetch(&store, &key, &etag, range, &sink, slot).await) });
                }
            }
        }
    }

    async fn got(&self, plan: &mut [PlannedPart], i: usize, crc: Crc64) -> Driven<()> {
        let number = plan[i].0.number;
        let acked = Acked { etag: String::new(), crc, lane: ONLY_LANE };
        self.drive.acked(number, acked.clone()).await?;
        self.drive.core.with(self.drive.id, |one| one.sent_here.1.insert(number))?;
        plan[i].1 = Some(acked);
        Ok(())
    }

    /// What came down is what the bucket holds, as far as the bucket can say.
    async fn prove(&self, plan: &[PlannedPart]) -> Driven<Proof> {
        let Some(kept) = &self.held.checksum else { return Ok(Proof::LengthOnly) };
        let same = if kept.algorithm == Algorithm::Crc64Nvme {
            let parts = plan.iter().filter_map(|(part, acked)| Some((acked.as_ref()?.crc, part.length)));
            let whole = Crc64::combine(parts);
            if kept.value == whole.to_string() {
                return Ok(whole_object(whole));
            }
            false
        } else {
            self.sink.whole_checksum(kept.algorithm).await? == *kept
        };
        if !same {
            return Err(Stop::Fail(Error::new(
                Code::ChecksumMismatch,
                format!("{} did not come down as the bucket holds it. Retry to fetch it again.", self.transfer.name),
            )));
        }
        Ok(Proof::WholeObject { algorithm: kept.algorithm.name().to_owned(), checksum: kept.value.clone() })
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

enum Fetched {
    Whole(Crc64),
    Refused(Refusal),
    Disk(Error),
}

/// Fetches one range into its place.
async fn fetch(store: &Store, key: &str, etag: &str, range: Part, sink: &Sink, slot: Slot) -> Fetched {
    let fetched = fetch_into(store, key, etag, range, sink).await;
    drop(slot);
    fetched.unwrap_or_else(|unwhole| unwhole)
}

async fn fetch_into(
    store: &Store,
    key: &str,
    etag: &str,
    range: Part,
    sink: &Sink,
) -> std::result::Result<Fetched, Fetched> {
    let mut body = store.get(key, etag, range).await.map_err(Fetched::Refused)?;
    let mut sum = Crc64Sum::default();
    let (mut collected, mut written) = (BytesMut::with_capacity(PIECE), 0);
    loop {
        let piece: Option<Answer<_>> = match tokio::time::timeout(SILENT, body.next()).await {
            Ok(piece) => piece,
            Err(_) => return Err(broken_off("no byte came for 20 s")),
        };
        let ended = piece.is_none();
        if let Some(piece) = piece {
            collected.extend_from_slice(&piece.map_err(Fetched::Refused)?);
        }
        if written + collected.len() as u64 > range.length {
            return Err(broken_off("more bytes came than the range has"));
        }
        if collected.len() >= PIECE || ended && !collected.is_empty() {
            sum.update(&collected);
            let bytes = std::mem::replace(&mut collected, BytesMut::with_capacity(PIECE)).freeze();
            let length = bytes.len() as u64;
            sink.write(bytes, range.offset + written).await.map_err(Fetched::Disk)?;
            written += length;
        }
        if ended {
            return if written == range.length {
                Ok(Fetched::Whole(sum.value()))
            } else {
                Err(broken_off("the range ended early"))
            };
        }
    }
}

fn broken_off(cause: &str) -> Fetched {
    Fetched::Refused(Refusal {
        class: Class::Network,
        error: Error::new(Code::Offline, "The connection broke off. It goes on by itself.").because(cause),
        status: None,
    })
}
