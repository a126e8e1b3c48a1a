//! The ranges of a download: which request fetches what, and what counts. Slots that find nothing open take over some of
//! what slow requests still have before them, so that all end together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{BoxFuture, OptionFuture};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::elsewhere::Unfit;
use super::flight::{Ended, Flight, From, Told, fly};
use super::wanting::Wanting;
use super::{Drive, Driven, Patience};
use crate::integrity::Crc64;
use crate::journal::transfers::{Acked, PlannedPart};
use crate::lane::{Lane, UNKNOWN_LANE, Want};
use crate::parts::Part;
use crate::sink::Sink;
use crate::stretch::{Coverage, Open, Stretch, span};
use crate::transfer::{Direction, Transfer};

/// What may wait to be counted. Requests wait when it is full.
const TOLD: usize = 256;
/// What a request is worth that may be given more, and of which others may take over what it is slow with.
const ASKED: u64 = 512 << 10;
/// A path that was not measured.
const ROUND_TRIP: Duration = Duration::from_millis(80);
/// When no slot is waited for, slow requests are looked at this often.
const LOOK: Duration = Duration::from_millis(100);
/// Of a lane that is left, what comes within so many milliseconds is waited for.
const LEAVING: f64 = 300.0;
/// Between two journal entries while requests are under way. What is whole before that is fetched again after a crash.
const JOURNALED: Duration = Duration::from_millis(200);

/// One download's requests.
pub(super) struct Fetch<'a> {
    pub drive: &'a Drive,
    pub transfer: &'a Transfer,
    pub etag: &'a str,
    pub sink: &'a Sink,
    /// From the bucket itself, where a lane leads there: what came by the others was wrong.
    pub from_home: bool,
}

struct Flying {
    flights: HashMap<u64, (Arc<Flight>, Arc<Lane>)>,
    next: u64,
    open: Open,
    coverage: Coverage,
    /// On the disk, and not in the journal yet.
    whole: Vec<Whole>,
    /// Bytes a millisecond of one connection, of those that ended lately.
    rate: Option<f64>,
    each: u64,
}

/// A part that is on the disk, and the lane that brought its last byte.
#[derive(Clone, Copy)]
struct Whole {
    number: u32,
    crc: Crc64,
    lane: u32,
}

impl Fetch<'_> {
    /// Every part of the plan that is not acknowledged.
    pub(super) async fn missing(&self, plan: &mut [PlannedPart]) -> Driven<()> {
        let missing: Vec<Part> = plan.iter().filter(|(_, acked)| acked.is_none()).map(|(part, _)| *part).collect();
        for part in missing.iter().filter(|part| part.length == 0) {
            // An empty object has no range to ask for.
            let whole = Whole { number: part.number, crc: Crc64::of(b""), lane: UNKNOWN_LANE };
            let acked = self.journal(vec![whole]).await?;
            self.got(plan, acked)?;
        }
        let each = plan.first().map_or(1, |(part, _)| part.length.max(1));
        let mut flying = Flying {
            flights: HashMap::new(),
            next: 0,
            open: Open::of(missing),
            coverage: Coverage::default(),
            whole: Vec::new(),
            rate: None,
            each,
        };
        let slots = self.drive.core.slots(Direction::Down);
        let profile = self.transfer.profile.as_str();
        let mut patience = Patience::of_many(&self.drive.core, Direction::Down, profile);
        let mut unfit = match self.from_home {
            true => Unfit::all_but_home(&self.drive.core.lanes_of(profile)?, self.transfer),
            false => Unfit::default(),
        };
        let mut last_left = Instant::now();
        let mut tasks = JoinSet::new();
        let mut resting: FuturesUnordered<BoxFuture<'static, Stretch>> = FuturesUnordered::new();
        let (tell, mut told) = mpsc::channel(TOLD);
        let mut news = Vec::new();
        let mut wanting = Wanting::new(
            self.drive,
            Direction::Down,
            Want { profile: profile.into(), bytes: each.min(ASKED), only: None, except: unfit.lanes() },
        );
        // The requests do not wait for the journal.
        let mut journaling = None;
        let mut next_entry = Instant::now();
        loop {
            let is_all_here = flying.open.is_empty() && flying.flights.is_empty() && resting.is_empty();
            let is_due = is_all_here || Instant::now() >= next_entry;
            if is_due && !flying.whole.is_empty() && journaling.is_none() {
                journaling = Some(self.journal(flying.whole.clone()).boxed());
            }
            if is_all_here && journaling.is_none() {
                return Ok(());
            }
            if last_left.elapsed() >= LOOK {
                last_left = Instant::now();
                flying.leave_lanes(&slots.on(profile), &unfit.lanes());
            }
            let (round_trip, silence) = self.pace_of_path();
            let worth_a_slot = !flying.open.is_empty() || flying.victim(round_trip, silence).is_some();
            let wanted = flying.open.bytes().div_ceil(flying.span(slots.allowed(profile))) as usize;
            wanting.set(if worth_a_slot { wanted.max(1) } else { 0 })?;
            tokio::select! {
                biased;
                Some(acked) = OptionFuture::from(journaling.as_mut()), if journaling.is_some() => {
                    (journaling, next_entry) = (None, Instant::now() + JOURNALED);
                    let acked = acked?;
                    flying.whole.drain(..acked.len());
                    self.got(plan, acked)?;
                    self.show(plan, &flying)?;
                }
                () = tokio::time::sleep_until(next_entry.into()), if journaling.is_none() && !flying.whole.is_empty() => {}
                n = told.recv_many(&mut news, TOLD), if !flying.flights.is_empty() => {
                    for (number, told) in news.drain(..n) {
                        match told {
                            Told::Written(stretch, crc) => {
                                flying.coverage.add(stretch, crc);
                                let (part, _) = plan[(stretch.at / each) as usize];
                                let lane = flying.lane(number);
                                unfit.succeeded(lane);
                                let whole = flying.coverage.whole(part);
                                flying.whole.extend(whole.map(|crc| Whole { number: part.number, crc, lane }));
                                patience.succeeded();
                            }
                            Told::Ended(ended) => {
                                let Some((left, lane)) = flying.landed(number) else { continue };
                                match ended {
                                    Ended::Well => {}
                                    Ended::Disk(error) => return Err(error.into()),
                                    // What it brought counts all the same; the rest goes to another.
                                    Ended::Refused(refusal) => {
                                        let judged = unfit.judge(self.drive, self.transfer, &lane, &refusal).await?;
                                        let rest = match judged {
                                            Some(pause) => pause,
                                            None => patience.failed_on(Direction::Down, &lane, refusal)?,
                                        };
                                        wanting.except(unfit.lanes());
                                        resting.push(async move { tokio::time::sleep(rest).await; left }.boxed());
                                    }
                                }
                            }
                        }
                    }
                    self.show(plan, &flying)?;
                }
                Some(stretch) = resting.next(), if !resting.is_empty() => flying.open.put_back(stretch),
                slot = wanting.slot(), if worth_a_slot => {
                    let allowed = slots.allowed(profile);
                    let Some(stretch) = flying.next_stretch(allowed, round_trip, silence) else { continue };
                    let lane = self.drive.core.lanes.get(slot.lane())?;
                    let (number, flight) = flying.take_off(stretch, lane.clone());
                    let etag = unfit.etag(lane.id, self.etag).to_owned();
                    let from = From {
                        lane,
                        sink: self.sink.clone(),
                        key: self.transfer.key.clone(),
                        etag,
                        each,
                        piece: slots.piece(),
                    };
                    tasks.spawn(fly(from, number, flight, slot, tell.clone()));
                    self.show(plan, &flying)?;
                }
                () = tokio::time::sleep(LOOK), if !worth_a_slot => {
                    // Whether something has become slow.
                    while tasks.try_join_next().is_some() {}
                }
            }
        }
    }

    /// The round trip, and how long a connection may bring nothing while others do.
    fn pace_of_path(&self) -> (Duration, Duration) {
        let (now, least) = self.drive.core.lanes.path().unwrap_or((ROUND_TRIP, ROUND_TRIP));
        (least, (now * 8).clamp(Duration::from_secs(2), Duration::from_secs(8)))
    }

    /// What is on the disk counts from now on: the journal first.
    async fn journal(&self, parts: Vec<Whole>) -> Driven<Vec<(u32, Acked)>> {
        let acked = |whole: Whole| {
            let Whole { number, crc, lane } = whole;
            (number, Acked { etag: String::new(), crc, lane })
        };
        let acked: Vec<(u32, Acked)> = parts.into_iter().map(acked).collect();
        self.drive.all_acked(acked.clone()).await?;
        Ok(acked)
    }

    fn got(&self, plan: &mut [PlannedPart], acked: Vec<(u32, Acked)>) -> Driven<()> {
        self.drive.core.with(self.drive.id, |one| one.sent_here.1.extend(acked.iter().map(|(number, _)| *number)))?;
        for (number, acked) in acked {
            plan[number as usize - 1].1 = Some(acked);
        }
        Ok(())
    }

    /// The parts that requests are in now, and those that the journal is about to count.
    fn show(&self, plan: &[PlannedPart], flying: &Flying) -> Driven<()> {
        let part = |number: u32| &plan[number as usize - 1];
        let lefts = flying.flights.values().map(|(flight, lane)| (flight.left(), lane.id));
        let lefts = lefts.filter(|(left, _)| left.length() > 0);
        let lefts = lefts.map(|(left, lane)| ((left.at / flying.each) as u32 + 1, lane));
        let lefts = lefts.filter(|(number, _)| part(*number).1.is_none());
        let whole = flying.whole.iter().map(|whole| (whole.number, whole.lane));
        let under_way = flying.coverage.bytes()
            + flying.flights.values().map(|(flight, _)| flight.unwritten()).sum::<u64>()
            + whole.clone().map(|(number, _)| part(number).0.length).sum::<u64>();
        let numbers = lefts.chain(whole).collect();
        Ok(self.drive.core.with(self.drive.id, |one| {
            one.set_in_flight(numbers);
            one.under_way = under_way;
        })?)
    }
}

impl Flying {
    /// The request that would be at it longest, where it is worth taking some of it over.
    fn victim(&self, round_trip: Duration, silence: Duration) -> Option<&Arc<Flight>> {
        let all = self.flights.values().map(|(flight, _)| flight);
        let willing = all.filter(|flight| flight.would_give_up(round_trip, silence));
        willing.max_by(|a, b| a.takes().total_cmp(&b.takes()))
    }

    /// What flies on a lane that is not used any more goes by those that are, but for what is nearly here.
    fn leave_lanes(&mut self, on: &[u32], unfit: &[u32]) {
        if !on.iter().any(|lane| !unfit.contains(lane)) {
            return;
        }
        for (flight, lane) in self.flights.values().filter(|(_, lane)| !on.contains(&lane.id)) {
            if let Some(left) = flight.leave_off(LEAVING) {
                tracing::debug!(lane = lane.id, bytes = left.length(), "left to the lanes in use");
                self.open.put_back(left);
            }
        }
    }

    fn span(&self, slots: usize) -> u64 {
        span(self.open.bytes(), slots, self.rate, self.each)
    }

    fn next_stretch(&mut self, slots: usize, round_trip: Duration, silence: Duration) -> Option<Stretch> {
        let span = self.span(slots);
        if let Some(stretch) = self.open.take(span, self.each) {
            return Some(stretch);
        }
        self.victim(round_trip, silence)?.give_up_some(round_trip, silence)
    }

    fn take_off(&mut self, stretch: Stretch, lane: Arc<Lane>) -> (u64, Arc<Flight>) {
        let flight = Flight::new(stretch);
        self.next += 1;
        self.flights.insert(self.next, (flight.clone(), lane));
        (self.next, flight)
    }

    fn lane(&self, number: u64) -> u32 {
        self.flights.get(&number).map_or(UNKNOWN_LANE, |(_, lane)| lane.id)
    }

    /// Answers with what it leaves to others, and its lane.
    fn landed(&mut self, number: u64) -> Option<(Stretch, Arc<Lane>)> {
        let (flight, lane) = self.flights.remove(&number)?;
        if let Some(rate) = flight.rate() {
            self.rate = Some(self.rate.map_or(rate, |before| before * 0.8 + rate * 0.2));
        }
        Some((flight.left(), lane))
    }
}
