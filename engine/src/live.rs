//! The transfers as this process knows them, and the rows made of them. Holds and draws; decides nothing: changes of
//! status go through `transfer::apply`, order through `queue`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;

use crate::api::{CardRow, Due, ReceiptState, TransferRow};
use crate::clock;
use crate::deadline::Verdict;
use crate::error::{Code, Error};
use crate::journal::transfers::PlannedPart;
use crate::keys::Spread;
use crate::lane::UNKNOWN_LANE;
use crate::parts::{Condition, Part, strip};
use crate::profile::{newsroom, of_second};
use crate::queue::Place;
use crate::standing::{Mark, Standing};
use crate::transfer::{BatchId, Can, Direction, Look, Recording, Status, Transfer, TransferId, UnixMs};

#[derive(Debug, Default)]
pub(crate) struct Live {
    transfers: BTreeMap<TransferId, One>,
    standing: Standing,
    /// Who claimed a key last, by bucket and key; whether that holds, the transfer says.
    claims: HashMap<(String, String), TransferId>,
}

/// One transfer and what is known of it while this process runs.
#[derive(Debug)]
pub(crate) struct One {
    pub transfer: Transfer,
    /// Somebody asked this process for it, by adding, resuming or retrying it.
    pub asked_here: bool,
    /// How its newsroom spreads keys, for showing its own without the shard.
    pub spread: Option<Spread>,
    /// Its plan and how far each part is. Empty until it has one, and again when it has ended.
    pub parts: Vec<(Part, Condition)>,
    pub acked: u64,
    /// Its key is settled and nobody else's: see `Live::claim`.
    pub claimed: bool,
    /// Of `acked`, what was there when this process took the transfer up.
    pub kept: u64,
    /// When it began with nothing there yet, and all that had moved in its direction by then. Absent where part of it was
    /// there: what its ways gained cannot be told.
    pub begun: Option<(Instant, u64)>,
    pub driver: Option<CancellationToken>,
    /// Held while S3 is asked for an upload ID: that is heard to its end even when the driver is dropped.
    pub asking: Arc<AsyncMutex<()>>,
    /// A cancellation that was not confirmed is tried again then.
    pub rest_until: Option<Instant>,
    /// How often it has waited since a part last got through: the waits grow with it.
    pub waits: u32,
    /// How often in a row it was refused for a reason that may pass, or is not known.
    pub unclear: u32,
    /// Parts that this process itself sent, of a source that looked like this: they need no second reading.
    pub sent_here: (i64, HashSet<u32>),
    /// The whole's checksum, and what the source looked like when it was read: of files from watch folders.
    pub whole: Option<(Look, String)>,
    /// The page on which somebody must sign in to the network, while it waits for that.
    pub portal: Option<String>,
    /// How far the receipt is of the card that it came with.
    pub receipt: Option<ReceiptState>,
    /// Bytes a second, when it will be done, and whether it stands back for something breaking: set by the meter's tick.
    pub rate: u64,
    pub eta: Option<UnixMs>,
    pub yields: bool,
    /// It waits for another network: through those that there are goes only what is breaking.
    pub metered: bool,
    /// Of a recording: bytes that were sent once and go again, since its end changed them.
    pub again: u64,
    /// Of a download: bytes that are on the disk and do not count yet, since their range is not whole.
    pub under_way: u64,
    mark: Option<Mark>,
}

impl One {
    pub(crate) fn new(transfer: Transfer) -> One {
        let acked = if matches!(transfer.life.status, Status::Done { .. }) { transfer.size } else { 0 };
        One {
            transfer,
            asked_here: false,
            spread: None,
            parts: Vec::new(),
            acked,
            claimed: false,
            kept: 0,
            begun: None,
            driver: None,
            asking: Arc::default(),
            rest_until: None,
            waits: 0,
            unclear: 0,
            sent_here: (0, HashSet::new()),
            whole: None,
            portal: None,
            receipt: None,
            rate: 0,
            eta: None,
            yields: false,
            metered: false,
            again: 0,
            under_way: 0,
            mark: None,
        }
    }

    /// Its watch folder sees to that by itself: it looks at the file again.
    pub(crate) fn is_seen_to(&self, error: &Error) -> bool {
        self.transfer.folder.is_some() && matches!(error.code, Code::SourceChanged | Code::SourceMissing)
    }

    /// Takes the plan over, with what is acknowledged of it.
    pub(crate) fn set_plan(&mut self, plan: &[PlannedPart]) {
        self.parts = plan
            .iter()
            .map(|(part, acked)| (*part, acked.as_ref().map_or(Condition::Open, |a| Condition::Acked(a.lane))))
            .collect();
        self.count();
    }

    pub(crate) fn set_condition(&mut self, number: u32, condition: Condition) {
        if let Some((part, place)) = self.parts.get_mut(number as usize - 1) {
            let acked = |condition: &Condition| if let Condition::Acked(_) = condition { part.length } else { 0 };
            // Not counted anew: there may be ten thousand parts.
            self.acked = self.acked - acked(place) + acked(&condition);
            *place = condition;
        }
    }

    /// Exactly these are in flight now, each on its lane.
    pub(crate) fn set_in_flight(&mut self, numbers: Vec<(u32, u32)>) {
        self.land();
        for (number, lane) in numbers {
            self.set_condition(number, Condition::InFlight(lane));
        }
    }

    /// Nothing is in flight any more.
    pub(crate) fn land(&mut self) {
        self.under_way = 0;
        for (_, condition) in &mut self.parts {
            if let Condition::InFlight(_) = condition {
                *condition = Condition::Open;
            }
        }
    }

    fn count(&mut self) {
        let acked = |(part, condition): &(Part, Condition)| match condition {
            Condition::Acked(_) => part.length,
            _ => 0,
        };
        self.acked = self.parts.iter().map(acked).sum();
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.parts.iter().filter(|(_, c)| matches!(c, Condition::InFlight(_))).count() as u32
    }

    /// How many parts it could have in flight, if it had all the slots.
    pub(crate) fn claims(&self) -> usize {
        if self.parts.is_empty() {
            return crate::parts::plan(self.transfer.size).map_or(1, |p| p.len());
        }
        self.parts.iter().filter(|(_, c)| !matches!(c, Condition::Acked(_))).count()
    }

    /// It is written still: how much of it there will be, nobody knows.
    pub(crate) fn grows(&self) -> bool {
        self.transfer.recording == Recording::Growing
    }

    pub(crate) fn bytes_left(&self) -> u64 {
        self.transfer.size.saturating_sub(self.acked)
    }

    pub(crate) fn place(&self) -> Place {
        let t = &self.transfer;
        Place::new(t.id, &t.urgency, t.life.started_at.is_some(), self.bytes_left())
    }

    /// The deadline, and whether it is made: by when it landed, or by the forecast.
    fn due(&self) -> Option<Due> {
        let deadline = self.transfer.urgency.deadline.as_ref()?;
        let status = &self.transfer.life.status;
        let lands = match status {
            Status::Done { .. } => self.transfer.life.ended_at,
            Status::Cancelled => return None,
            _ if status.is_underway() && !self.grows() => self.eta,
            _ => None,
        };
        Some(Due { at: deadline.at, zone: deadline.zone.clone(), verdict: deadline.verdict(lands, clock::now()) })
    }

    /// It is not there yet, and will not be in time.
    pub(crate) fn is_late(&self) -> bool {
        let open = !self.transfer.life.status.is_ended();
        open && self.due().is_some_and(|due| matches!(due.verdict, Verdict::Missed { .. }))
    }

    pub(crate) fn row(&self) -> TransferRow {
        let t = &self.transfer;
        let done = matches!(t.life.status, Status::Done { .. });
        let conditions: Vec<Condition> = if self.parts.is_empty() {
            vec![if done { Condition::Acked(UNKNOWN_LANE) } else { Condition::Open }]
        } else {
            self.parts.iter().map(|(_, c)| *c).collect()
        };
        TransferRow {
            id: t.id,
            batch: t.batch,
            direction: t.direction,
            profile: newsroom(&t.profile).to_owned(),
            second: of_second(&t.profile).is_some(),
            bucket: t.bucket.clone(),
            key: t.key.clone(),
            shown: self.spread.map_or_else(|| t.key.clone(), |spread| spread.shown(&t.key).into_owned()),
            name: t.name.clone(),
            path: t.path.display().to_string(),
            story: t.story.clone(),
            size: t.size,
            acked: if done { t.size } else { self.acked },
            status: t.life.status.clone(),
            strip: strip(&conditions),
            parts: self.parts.len().max(1) as u32,
            parts_in_flight: self.in_flight(),
            rate: if t.life.status.is_active() { self.rate } else { 0 },
            eta: if t.life.status.is_underway() && !self.grows() { self.eta } else { None },
            kept: self.kept,
            breaking: t.urgency.breaking,
            due: self.due(),
            yields: self.yields && matches!(t.life.status, Status::Queued | Status::Running),
            metered: self.metered && matches!(t.life.status, Status::Queued | Status::Running),
            recording: self.grows() && !t.life.status.is_ended(),
            said: t.said.clone(),
            portal: self.portal.clone(),
            receipt: self.receipt.clone(),
            added_at: t.life.added_at,
            started_at: t.life.started_at,
            ended_at: t.life.ended_at,
            can: Can::of(&t.life.status),
            card: t.card.as_ref().map(|card| CardRow {
                batch: t.batch,
                kind: card.kind,
                name: card.name.clone(),
                clips: card.clips,
            }),
        }
    }
}

impl Live {
    pub(crate) fn all(&self) -> impl Iterator<Item = &One> {
        self.transfers.values()
    }

    pub(crate) fn get(&self, id: TransferId) -> Option<&One> {
        self.transfers.get(&id)
    }

    /// Of all downloads: see `One::under_way`.
    pub(crate) fn under_way(&self) -> u64 {
        self.standing.driven().iter().filter_map(|id| self.get(*id)).map(|one| one.under_way).sum()
    }

    /// Bytes of those that move in a direction, beyond what is there.
    pub(crate) fn left(&self, direction: Direction) -> u64 {
        let driven = self.standing.driven().iter().filter_map(|id| self.get(*id));
        driven.filter(|one| one.transfer.direction == direction).map(One::bytes_left).sum()
    }

    pub(crate) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Cancellations that nobody is confirming just now.
    pub(crate) fn cancelling(&self) -> impl Iterator<Item = &One> {
        self.standing.cancelling().iter().filter_map(|id| self.get(*id))
    }

    /// Looks at or touches one transfer. Where it stands is kept.
    pub(crate) fn with<T>(&mut self, id: TransferId, touch: impl FnOnce(&mut One) -> T) -> Option<T> {
        let one = self.transfers.get_mut(&id)?;
        let touched = touch(one);
        let mark = Mark::of(one);
        self.standing.note(one.mark.as_ref(), Some(&mark));
        one.mark = Some(mark);
        Some(touched)
    }

    /// Touches what decides nothing: rate and forecast.
    pub(crate) fn forecast(&mut self, id: TransferId, set: impl FnOnce(&mut One)) {
        if let Some(one) = self.transfers.get_mut(&id) {
            set(one);
        }
    }

    pub(crate) fn insert(&mut self, one: One) {
        let id = one.transfer.id;
        if one.claimed {
            self.claims.insert((one.transfer.bucket.clone(), one.transfer.key.clone()), id);
        }
        self.remove(id);
        self.transfers.insert(id, One { mark: None, ..one });
        self.with(id, |_| ());
    }

    pub(crate) fn remove(&mut self, id: TransferId) {
        if let Some(one) = self.transfers.remove(&id) {
            self.standing.note(one.mark.as_ref(), None);
        }
    }

    pub(crate) fn of_batch(&self, batch: BatchId) -> impl Iterator<Item = &One> {
        self.transfers.values().filter(move |one| one.transfer.batch == batch)
    }

    /// Whether another transfer that is not ended has claimed this key.
    pub(crate) fn is_claimed(&self, bucket: &str, key: &str, except: TransferId) -> bool {
        let claimed = self.claims.get(&(bucket.to_owned(), key.to_owned())).and_then(|id| self.transfers.get(id));
        claimed.is_some_and(|one| {
            let t = &one.transfer;
            one.claimed && t.id != except && t.key == key && t.bucket == bucket && !t.life.status.is_ended()
        })
    }

    /// Gives the key to this transfer, unless another one has it.
    pub(crate) fn claim(&mut self, id: TransferId, bucket: &str, key: &str) -> bool {
        if self.is_claimed(bucket, key, id) {
            return false;
        }
        if let Some(one) = self.transfers.get_mut(&id) {
            one.claimed = true;
            one.transfer.key = key.to_owned();
            self.claims.insert((bucket.to_owned(), key.to_owned()), id);
        }
        true
    }
}
