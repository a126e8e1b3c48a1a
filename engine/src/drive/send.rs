//! The parts of an upload under way: each has a slot of its own, what fails goes again, and at the end, when slots lie
//! free and the uplink is not full, the slowest part is sent by a second connection as well: the same bytes under the
//! same number, whichever is answered first.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::task::{AbortHandle, JoinSet};

use super::growth::{Growth, News};
use super::wanting::Wanting;
use super::{Drive, Driven, Patience};
use crate::error::{Code, Error, Result};
use crate::hedge::{Hedges, Tail};
use crate::journal::transfers::{Acked, PlannedPart};
use crate::lane::{self, Lane, Slot, Want};
use crate::parts::Part;
use crate::s3::{AckedPart, Answer, Class, Offers, PartSum, Refusal, Store};
use crate::source::Source;
use crate::transfer::Direction;

/// When no slot is waited for, slow parts are looked at this often.
const LOOK: Duration = Duration::from_millis(250);

/// Where an upload's parts go, and from where.
#[derive(Clone)]
pub(super) struct To {
    pub source: Source,
    pub key: String,
    pub upload_id: String,
    pub offers: Offers,
    /// How much of a part is read at a time.
    pub piece: usize,
}

type Sent = std::result::Result<(Acked, bool), (Error, Option<Refusal>)>;

/// Those in flight.
#[derive(Default)]
struct Flying {
    tasks: JoinSet<(usize, Arc<Lane>, Sent)>,
    parts: HashMap<usize, Flight>,
    /// How long the parts took that were answered, in milliseconds.
    took: Vec<u64>,
}

/// A part under way.
struct Flight {
    /// When its first request began, and on which lane.
    began: Instant,
    lane: u32,
    requests: Vec<AbortHandle>,
}

/// Every part of the plan that is not acknowledged.
pub(super) async fn missing(drive: &Drive, to: &To, plan: &mut Vec<PlannedPart>) -> Driven<()> {
    all(drive, to, plan, Growth::none()).await
}

/// As `missing`, and what comes to the plan meanwhile.
pub(super) async fn all(drive: &Drive, to: &To, plan: &mut Vec<PlannedPart>, mut growth: Growth) -> Driven<()> {
    let is_open = |i: &usize| plan[*i].1.is_none() && !growth.is_held(*i);
    let mut open: VecDeque<usize> = (0..plan.len()).filter(is_open).collect();
    let slots = drive.core.slots(Direction::Up);
    let profile = drive.transfer()?.profile;
    let mut patience = Patience::of_many(&drive.core, Direction::Up, &profile);
    let want = Want {
        profile: profile.as_str().into(),
        bytes: plan.first().map_or(0, |(part, _)| part.length),
        only: None,
        except: Vec::new(),
    };
    let mut flying = Flying::default();
    let mut hedges = Hedges::of(open.len());
    let mut resting: FuturesUnordered<BoxFuture<'static, usize>> = FuturesUnordered::new();
    let mut wanting = Wanting::new(drive, Direction::Up, want.clone());
    loop {
        if open.is_empty() && flying.parts.is_empty() && resting.is_empty() && !growth.goes_on() {
            return Ok(());
        }
        wanting.set(open.len())?;
        // Time and again: one that was left from before may grow too old while the last parts are under way.
        if open.is_empty() && growth.has_ended() {
            ready_to_complete(drive, &profile)?;
        }
        tokio::select! {
            biased;
            Some(landed) = flying.tasks.join_next(), if !flying.tasks.is_empty() => {
                // Parts that began together end together: one journal entry is for all of them.
                let more = std::iter::from_fn(|| flying.tasks.try_join_next());
                let all: Vec<_> = std::iter::once(landed).chain(more).collect();
                let (mut answered, mut failed) = (Vec::new(), Vec::new());
                for landed in all {
                    let (i, lane, sent) = match landed {
                        Ok(landed) => landed,
                        // The twin of one that was answered.
                        Err(error) if error.is_cancelled() => continue,
                        Err(error) => return Err(Error::internal(error).into()),
                    };
                    let number = plan[i].0.number;
                    match sent {
                        Ok(_) if plan[i].1.is_some() => flying.answered(i),
                        Ok((acked, _)) if growth.was_read_too_soon(i, acked.crc) => {
                            flying.answered(i);
                            patience.succeeded();
                            drive.goes_again(plan[i].0).await?;
                            open.push_back(i);
                        }
                        Ok((acked, _)) => {
                            flying.answered(i);
                            plan[i].1 = Some(acked.clone());
                            answered.push((number, acked));
                            patience.succeeded();
                        }
                        // Its twin is still under way, or was answered.
                        Err(_) if plan[i].1.is_some() || !flying.failed(i) => {}
                        Err((error, refusal)) => failed.push((i, lane, error, refusal)),
                    }
                }
                // Whatever else came with them, they count.
                let numbers: Vec<u32> = answered.iter().map(|(number, _)| *number).collect();
                if !answered.is_empty() {
                    drive.all_acked(answered).await?;
                    drive.core.with(drive.id, |one| one.sent_here.1.extend(numbers))?;
                }
                for (i, lane, error, refusal) in failed {
                    let Some(refusal) = refusal else { return Err(error.into()) };
                    drive.dropped(plan[i].0.number)?;
                    let is_elsewhere = refusal.class == Class::NoUpload && known_elsewhere(drive, to, &lane).await?;
                    let rest = if is_elsewhere { Duration::ZERO } else { patience.failed_on(Direction::Up, &lane, refusal)? };
                    resting.push(async move { tokio::time::sleep(rest).await; i }.boxed());
                }
            }
            Some(i) = resting.next(), if !resting.is_empty() => open.push_back(i),
            news = growth.hear(), if growth.goes_on() => match news {
                Some(News::Parts(parts) | News::Last(parts)) => {
                    for part in parts {
                        let i = part.number as usize - 1;
                        if i == plan.len() {
                            plan.push((part, None));
                        }
                        if !growth.is_held(i) {
                            open.push_back(i);
                        }
                    }
                    hedges = Hedges::of(plan.len());
                }
                Some(News::Holds(number, crc)) => {
                    let i = number as usize - 1;
                    match &plan[i].1 {
                        Some(acked) if acked.crc != crc => {
                            plan[i].1 = None;
                            drive.goes_again(plan[i].0).await?;
                            open.push_back(i);
                        }
                        None if flying.parts.contains_key(&i) => growth.expect(i, crc),
                        // It is as it was sent, or will be read after this.
                        _ => {}
                    }
                }
                None => {}
            },
            slot = wanting.slot(), if !open.is_empty() => {
                let Some(i) = open.pop_front() else { continue };
                let lane = drive.core.lanes.get(slot.lane())?;
                drive.in_flight(plan[i].0.number, lane.id)?;
                flying.send(i, lane, To { piece: slots.piece() / 2, ..to.clone() }, plan[i].0, slot);
            }
            () = tokio::time::sleep(LOOK), if open.is_empty() && growth.has_ended() => {
                // What a slow lane has is taken over by one that is through with it sooner.
                if let Some((i, other)) = flying.stranded(|lane, part| slots.rescue(drive.id, lane, &profile, part), plan) {
                    let want = Want { only: Some(other), ..want.clone() };
                    let Some(slot) = slot_soon(drive, want).await? else { continue };
                    let lane = drive.core.lanes.get(slot.lane())?;
                    tracing::debug!(part = plan[i].0.number, lane = lane.id, "taken over from a slower lane");
                    flying.send(i, lane, To { piece: slots.piece() / 2, ..to.clone() }, plan[i].0, slot);
                    continue;
                }
                if slots.spare(drive.id, &profile) == 0 {
                    continue;
                }
                if let Some(i) = flying.slowest(&mut hedges, slots.fullness(&profile)) {
                    let Some(slot) = slot_soon(drive, want.clone()).await? else { continue };
                    let lane = drive.core.lanes.get(slot.lane())?;
                    tracing::debug!(part = plan[i].0.number, "sent a second time, by another connection");
                    flying.send(i, lane, To { piece: slots.piece() / 2, ..to.clone() }, plan[i].0, slot);
                }
            }
        }
    }
}

/// A slot for a second try. Its lane may be gone meanwhile, and those that land must not wait for it.
async fn slot_soon(drive: &Drive, want: Want) -> Result<Option<Slot>> {
    tokio::time::timeout(LOOK, drive.slot(Direction::Up, want)).await.ok().transpose()
}

/// The lane by which the upload is completed has carried nothing since it was begun: S3 has closed its connections, and over
/// a far path opening one takes longer than completing does.
fn ready_to_complete(drive: &Drive, profile: &str) -> Result<()> {
    lane::control(profile, &drive.core.lanes_of(profile)?)?.wire.open_ahead(1);
    Ok(())
}

/// A lane says that there is no such upload. Where the one that it was begun by knows it, parts go that way from now on.
async fn known_elsewhere(drive: &Drive, to: &To, lane: &Lane) -> Driven<bool> {
    let transfer = drive.transfer()?;
    let lanes = drive.core.lanes_of(&transfer.profile)?;
    let begun_by = lane::control(&transfer.profile, &lanes)?;
    if begun_by.route.kind == lane.route.kind {
        return Ok(false);
    }
    let is_known = begun_by.store()?.list_parts(&to.key, &to.upload_id).await.is_ok();
    if is_known {
        drive.core.go_one_way(&transfer.profile)?;
    }
    Ok(is_known)
}

impl Flying {
    fn send(&mut self, i: usize, lane: Arc<Lane>, to: To, part: Part, slot: Slot) {
        let id = lane.id;
        let task = self.tasks.spawn(async move {
            let sent = match lane.store() {
                Ok(store) => send_part(store, to, part, slot).await,
                Err(error) => Err((error, None)),
            };
            (i, lane, sent)
        });
        let flight =
            self.parts.entry(i).or_insert_with(|| Flight { began: Instant::now(), lane: id, requests: Vec::new() });
        flight.requests.push(task);
    }

    fn answered(&mut self, i: usize) {
        if let Some(Flight { began, requests, .. }) = self.parts.remove(&i) {
            self.took.push(began.elapsed().as_millis() as u64);
            requests.iter().for_each(AbortHandle::abort);
        }
    }

    /// Whether that was the last request for this part. Of two that failed at the same moment, only the first is told so:
    /// the part goes again once.
    fn failed(&mut self, i: usize) -> bool {
        let Some(flight) = self.parts.get(&i) else { return false };
        let was_last = flight.requests.iter().all(AbortHandle::is_finished);
        if was_last {
            self.parts.remove(&i);
        }
        was_last
    }

    /// A part that is on one lane alone and would be through much sooner on another, with that one.
    fn stranded(&self, rescue: impl Fn(u32, u64) -> Option<u32>, plan: &[PlannedPart]) -> Option<(usize, u32)> {
        let alone = self.parts.iter().filter(|(_, flight)| flight.requests.len() == 1);
        alone.into_iter().find_map(|(i, flight)| Some((*i, rescue(flight.lane, plan[*i].0.length)?)))
    }

    /// The part that is worth a second connection.
    fn slowest(&self, hedges: &mut Hedges, fullness: f64) -> Option<usize> {
        let alone = self.parts.iter().filter(|(_, flight)| flight.requests.len() == 1);
        let (i, Flight { began, .. }) = alone.min_by_key(|(_, flight)| flight.began)?;
        let tail = Tail { at_it: began.elapsed().as_millis() as u64, others_took: &self.took, fullness };
        hedges.allow(&tail).then_some(*i)
    }
}

/// Sends one part and checks the answer; also tells whether the store told a checksum. The refusal stands beside the
/// error where the request failed.
pub(super) async fn send_part(store: &Store, to: To, part: Part, slot: Slot) -> Sent {
    let lane = slot.lane();
    let sum = part_sum(&to.source, part, to.offers).await.map_err(|e| (e, None))?;
    let (body, tap) = to.source.body(part, to.piece, slot.gate());
    let answer: Answer<AckedPart> = store.put_part(&to.key, &to.upload_id, part, body, sum).await;
    drop(slot);
    if let Some(trouble) = tap.trouble() {
        return Err((trouble, None));
    }
    let acked = answer.map_err(|refusal| (refusal.error.clone(), Some(refusal)))?;
    let crc = tap.crc().ok_or_else(|| (Error::internal("a part was acknowledged before it was read"), None))?;
    if acked.crc.is_some_and(|theirs| theirs != crc) {
        let error = Error::new(Code::StoreRefused, "A part was damaged on the way; it is sent again.");
        return Err((error.clone(), Some(Refusal { class: Class::Again, error, status: None })));
    }
    Ok((Acked { etag: acked.etag, crc, lane }, acked.crc.is_some()))
}

pub(super) async fn part_sum(source: &Source, part: Part, offers: Offers) -> Result<PartSum> {
    Ok(match offers {
        Offers::WholeCrc64 => PartSum::Crc64Trailer,
        Offers::PartMd5 => PartSum::Md5(source.md5(part).await?),
    })
}
