//! Drivers: each carries one transfer from where it stands to its end. A driver owns retries and order; it holds no
//! truth: every step is journaled before the next is taken, so that it can be dropped at any await and begun again.

mod abort;
mod claim;
mod doubt;
mod download;
mod elsewhere;
mod fetch;
mod flight;
mod growing;
mod growth;
mod open;
mod prove;
mod send;
mod upload;
mod upload_small;
mod wanting;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;

use crate::clock;
use crate::core::Core;
use crate::error::{Code, Error, Result};
use crate::journal::receipts::{self, Became};
use crate::journal::transfers::{self, Acked, PlannedPart};
use crate::lane::{self, Lane, Slot, Slots, Want};
use crate::parts::{Condition, Part};
use crate::reach;
use crate::s3::{Answer, Class, Object, Refusal, Store};
use crate::transfer::{Change, Direction, Proof, Status, Transfer, TransferId, Why};

pub(crate) use abort::sweep;

/// How a driver's run ended, other than done.
#[derive(Clone, Debug)]
pub(crate) enum Stop {
    /// Not for good: it goes on by itself, or when the user has mended what `error` says.
    Wait(Why, Error),
    Fail(Error),
    /// What was sent is of no use; from the beginning, now.
    Anew,
}

type Driven<T> = std::result::Result<T, Stop>;

impl Stop {
    /// For a log: without the names that an error's sentence may hold.
    pub(crate) fn word(&self) -> String {
        match self {
            Stop::Wait(why, error) => format!("waits: {why:?}, {}", error.code.name()),
            Stop::Fail(error) => format!("fails: {}", error.code.name()),
            Stop::Anew => "anew".to_owned(),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        match error.code {
            Code::DiskFull => Stop::Wait(Why::DiskFull, error),
            Code::NoCredentials
            | Code::WrongCredentials
            | Code::KeysRanOut
            | Code::SignInNeeded
            | Code::KeychainUnavailable => Stop::Wait(Why::Credentials, error),
            Code::Offline => Stop::Wait(Why::Offline, error),
            _ => Stop::Fail(error),
        }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        match refusal.class {
            Class::Network => Stop::Wait(Why::Offline, refusal.error),
            // The store stumbles again and again: as good as not there.
            Class::Again => Stop::Wait(Why::Offline, refusal.error),
            Class::Later => Stop::Wait(Why::Throttled, refusal.error),
            Class::Credentials => Stop::Wait(Why::Credentials, refusal.error),
            // New ones are got: a moment later it goes on.
            Class::RanOut => Stop::Wait(Why::Throttled, refusal.error),
            Class::NoUpload => Stop::Anew,
            _ => Stop::Fail(refusal.error),
        }
    }
}

/// One transfer's run.
pub(crate) struct Drive {
    pub core: Arc<Core>,
    pub id: TransferId,
}

/// Runs the transfer to its end. May be dropped at any moment.
pub(crate) async fn run(core: Arc<Core>, id: TransferId) -> std::result::Result<Proof, Stop> {
    let drive = Drive { core, id };
    // What is begun anew more often than this has a reason that beginning anew does not cure.
    for _ in 0..3 {
        let driven = match drive.transfer()?.direction {
            Direction::Up => upload::upload(&drive).await,
            Direction::Down => download::download(&drive).await,
        };
        match driven {
            Err(Stop::Anew) => drive.begin_anew().await?,
            other => return other,
        }
    }
    Err(Stop::Fail(Error::new(Code::StoreRefused, "The bucket lost this upload again and again. Ask IT, then retry.")))
}

/// Undoes what the transfer left in the bucket or on the disk. `Ok(Some)` where it proved to be complete already.
pub(crate) async fn cancel(core: Arc<Core>, id: TransferId) -> std::result::Result<Option<Proof>, Stop> {
    abort::cancel(&Drive { core, id }).await
}

impl Drive {
    fn transfer(&self) -> Result<Transfer> {
        self.core.with(self.id, |one| one.transfer.clone())
    }

    /// Where its upload is begun and completed.
    fn upload_store(&self, transfer: &Transfer) -> Result<Store> {
        self.core.upload_store(&transfer.profile)
    }

    /// What the bucket says of an object: by the lane by which it is asked all else, and at the same time by the one that
    /// the object's bytes begin on, which may be much nearer. The first answer counts.
    async fn head(&self, direction: Direction, transfer: &Transfer, key: &str) -> Result<Answer<Object>> {
        let lanes = self.core.lanes_of(&transfer.profile)?;
        let control = lane::control(&transfer.profile, &lanes)?;
        let on = self.core.slots(direction).on(&transfer.profile);
        let may = |lane: &&Arc<Lane>| on.contains(&lane.id) && lane.is_home() && lane.route.can.head;
        let near = lanes.iter().find(may).filter(|near| near.id != control.id);
        let asked = control.store()?.head(key);
        let Some(near) = near else { return Ok(asked.await) };
        // What is asked next goes by the first one, which has a connection ready then.
        control.wire.open_beside_next(1);
        let asked_near = near.store()?.head(key);
        let is_answer = |said: &Answer<Object>| !said.as_ref().is_err_and(|refusal| refusal.class != Class::NoObject);
        tokio::pin!(asked, asked_near);
        Ok(tokio::select! {
            said = &mut asked => if is_answer(&said) { said } else { Some(asked_near.await).filter(is_answer).unwrap_or(said) },
            said = &mut asked_near => if is_answer(&said) { said } else { asked.await },
        })
    }

    /// Facts on disk first, then in memory.
    async fn set_facts(&self, transfer: &Transfer) -> Result<()> {
        let facts = transfer.clone();
        self.core.journal.write(move |c| transfers::set_facts(c, &facts)).await?;
        let facts = transfer.clone();
        self.core.with(self.id, |one| {
            // Status and urgency have their own ways: they may have changed meanwhile.
            let (life, urgency) = (one.transfer.life.clone(), one.transfer.urgency.clone());
            one.transfer = Transfer { life, urgency, ..facts };
        })
    }

    /// The plan with what is acknowledged of it. What earlier runs left counts as kept.
    async fn plan(&self) -> Result<Vec<PlannedPart>> {
        let id = self.id;
        let plan = self.core.journal.read(move |c| transfers::plan(c, id)).await?;
        self.core.with(self.id, |one| {
            one.set_plan(&plan);
            if one.kept == 0 && one.sent_here.1.is_empty() {
                one.kept = one.acked;
            }
        })?;
        Ok(plan)
    }

    async fn set_plan(&self, plan: Vec<Part>) -> Result<Vec<PlannedPart>> {
        let id = self.id;
        let planned: Vec<PlannedPart> = plan.iter().map(|part| (*part, None)).collect();
        self.core.journal.write(move |c| transfers::set_plan(c, id, &plan)).await?;
        self.core.with(self.id, |one| {
            one.set_plan(&planned);
            one.kept = 0;
        })?;
        Ok(planned)
    }

    /// A slot for one request, on whichever lane.
    async fn slot(&self, direction: Direction, want: Want) -> Result<Slot> {
        let place = self.core.with(self.id, |one| one.place())?;
        Ok(self.core.slots(direction).take(place, want).await)
    }

    /// Connections for what comes next are opened while the store thinks: for so many requests at the most, and over a far
    /// path for more of them.
    fn open_ahead(&self, direction: Direction, profile: &str, most: usize) -> Result<()> {
        let slots = self.core.slots(direction);
        for id in slots.on(profile) {
            let lane = self.core.lanes.get(id)?;
            // Once something is under way the pace is told of the path anyway: that asks the system about every connection.
            if slots.used() == 0
                && let Some(path) = lane.wire.meter().look().least
            {
                slots.begin_over(id, path);
            }
            lane.wire.open_ahead(slots.allowed(profile).min(most));
        }
        Ok(())
    }

    fn in_flight(&self, number: u32, lane: u32) -> Result<()> {
        self.core.with(self.id, |one| one.set_condition(number, Condition::InFlight(lane)))
    }

    fn dropped(&self, number: u32) -> Result<()> {
        self.core.with(self.id, |one| one.set_condition(number, Condition::Open))
    }

    async fn acked(&self, number: u32, acked: Acked) -> Result<()> {
        self.all_acked(vec![(number, acked)]).await
    }

    /// They count: on disk first, all at once. Also ends the series of failures.
    async fn all_acked(&self, acked: Vec<(u32, Acked)>) -> Result<()> {
        let (id, now) = (self.id, clock::now());
        let written = acked.clone();
        self.core
            .journal
            .write(move |c| written.iter().try_for_each(|(number, acked)| transfers::ack(c, id, *number, acked, now)))
            .await?;
        self.core.with(self.id, |one| {
            for (number, acked) in acked {
                one.set_condition(number, Condition::Acked(acked.lane));
            }
            one.waits = 0;
        })
    }

    /// It does not count any more.
    async fn unacked(&self, number: u32) -> Result<()> {
        let id = self.id;
        self.core.journal.write(move |c| transfers::unack(c, id, number)).await?;
        self.core.with(self.id, |one| {
            one.set_condition(number, Condition::Open);
            one.kept = one.kept.min(one.acked);
        })
    }

    /// What it became in the bucket, for a receipt.
    fn became(&self, became: Became) {
        let id = self.id;
        self.core.journal.note(move |c| receipts::set_became(c, id, &became));
    }

    /// The file holds something else there than what was sent.
    async fn goes_again(&self, part: Part) -> Result<()> {
        self.unacked(part.number).await?;
        self.core.with(self.id, |one| one.again += part.length)
    }

    /// From the beginning: what is in the bucket or on the disk of it is given up.
    async fn begin_anew(&self) -> Result<()> {
        self.core.forget_progress(self.id).await?;
        self.core.sweep();
        self.back_to_running()
    }

    fn back_to_running(&self) -> Result<()> {
        match self.core.with(self.id, |one| one.transfer.life.status.clone())? {
            Status::Finishing => self.core.change(self.id, Change::Start),
            _ => Ok(()),
        }
    }
}

/// Failures since the last success, and what to do at the next one: send the part again after a pause that grows, or
/// let the whole transfer wait.
struct Patience {
    core: Arc<Core>,
    failures: u32,
    /// Of whose slots many may be in flight: when the network goes, all of them fail at once.
    of_many: Option<(Slots, String)>,
}

impl Patience {
    /// For requests one after the other.
    fn of_one(core: &Arc<Core>) -> Patience {
        Patience { core: core.clone(), failures: 0, of_many: None }
    }

    fn of_many(core: &Arc<Core>, direction: Direction, profile: &str) -> Patience {
        Patience { of_many: Some((core.slots(direction).clone(), profile.to_owned())), ..Patience::of_one(core) }
    }

    fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// As `failed`, of a request on this lane. Where the lane is dead and others are not, it goes by one of those at once,
    /// and nobody's patience is tried.
    fn failed_on(&mut self, direction: Direction, lane: &Arc<Lane>, refusal: Refusal) -> Driven<Duration> {
        let slots = self.core.slots(direction);
        let goes_by_others = match refusal.class {
            Class::Network => {
                reach::doubt(&self.core, lane) && !slots.is_usable(lane.id) && slots.any_usable(&lane.profile)
            }
            Class::NoWay => {
                self.core.close_way(lane, &refusal.error);
                let lanes = self.core.lanes_of(&lane.profile)?;
                if !slots.any_usable(&lane.profile) && lanes.iter().any(|other| other.id != lane.id) {
                    // The others are only out of reach.
                    return Err(Stop::Wait(Why::Offline, refusal.error));
                }
                slots.any_usable(&lane.profile)
            }
            _ => false,
        };
        if goes_by_others { Ok(Duration::ZERO) } else { self.failed(refusal) }
    }

    /// How long to pause before the part is sent again, or the stop where patience is at its end.
    fn failed(&mut self, refusal: Refusal) -> Driven<Duration> {
        match refusal.class {
            // No fault of the network's or the store's: it costs no try.
            Class::RanOut => Ok(pause(1)),
            Class::Again | Class::Network | Class::Later => {
                if refusal.class == Class::Later {
                    self.core.slow_down();
                }
                self.failures += 1;
                let allowed = self.of_many.as_ref().map_or(1, |(slots, profile)| slots.allowed(profile)) as u32 + 4;
                if self.failures > allowed { Err(refusal.into()) } else { Ok(pause(self.failures)) }
            }
            _ => Err(refusal.into()),
        }
    }
}

/// Full jitter: anything between nothing and a span that doubles with every failure, up to 4 s.
fn pause(failures: u32) -> Duration {
    let span = Duration::from_millis(100 << failures.min(6)).min(Duration::from_secs(4));
    rand::rng().random_range(Duration::ZERO..=span)
}
