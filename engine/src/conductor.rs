//! The one loop: begins drivers when slots are free, lets waiting transfers try again, retries cancellations, and five
//! times a second draws what moved. It decides by `queue` and `eta`; it sends nothing itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::Rng;
use tokio_util::sync::CancellationToken;

use crate::api::{About, LaneRow, Totals};
use crate::clock;
use crate::core::Core;
use crate::drive::{self, Stop};
use crate::error::Code;
use crate::eta::{Rate, ends};
use crate::lane::ONLY_LANE;
use crate::live::One;
use crate::queue;
use crate::reach::{self, Sleep};
use crate::transfer::{Change, Direction, Status, TransferId, UnixMs, Why};
use crate::wire::Moved;

/// Five times a second while anything moves.
const TICK: Duration = Duration::from_millis(200);
/// Otherwise, unless woken.
const IDLE: Duration = Duration::from_secs(20);
/// The meter's curve goes on this long after the last byte, so that it is seen to fall.
const AFTERGLOW: Duration = Duration::from_secs(5);
const HISTORY: usize = 120;
/// Of what only waits in line, nothing changes but the forecast: drawn every this many ticks.
const QUEUED_EVERY: u32 = 15;
/// Changes that come in a burst are looked at together.
const BREATH: Duration = Duration::from_millis(4);
const SWEEP: Duration = Duration::from_secs(300);

/// Which transfers this process carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that are not ended: the window, an ingest box.
    All,
    /// Those that somebody asks this process for: one command line.
    Asked,
}

pub(crate) async fn conduct(core: Arc<Core>, scope: Scope) {
    let mut meter = Meter::default();
    let mut swept = Instant::now();
    let mut sleep = Sleep::begin();
    if scope == Scope::All {
        core.sweep();
    }
    loop {
        let rest = meter.rest(&core);
        tokio::select! {
            () = core.closing.cancelled() => return,
            () = core.wake.notified() => tokio::time::sleep(BREATH).await,
            () = tokio::time::sleep(rest) => {}
        }
        sleep.look(&core);
        let next = requeue(&core);
        retry_cancellations(&core);
        begin(&core, scope, Direction::Up);
        begin(&core, scope, Direction::Down);
        meter.draw(&core, next);
        if scope == Scope::All && swept.elapsed() > SWEEP {
            swept = Instant::now();
            core.sweep();
        }
    }
}

/// Those whose wait is over are queued again. Answers when the next one's is.
fn requeue(core: &Arc<Core>) -> Option<UnixMs> {
    let now = clock::now();
    let mut over = Vec::new();
    let mut next: Option<UnixMs> = None;
    for one in core.live().transfers.values() {
        if let Status::Waiting { until: Some(until), .. } = one.transfer.life.status {
            if until <= now {
                over.push(one.transfer.id);
            } else {
                next = Some(next.map_or(until, |n| n.min(until)));
            }
        }
    }
    for id in over {
        // Refused only where the user was quicker.
        let _ = core.change(id, Change::Requeue);
    }
    next
}

fn begin(core: &Arc<Core>, scope: Scope, direction: Direction) {
    let chosen = {
        let live = core.live();
        let mine = || live.transfers.values().filter(move |one| one.transfer.direction == direction);
        let claims: usize = mine().filter(|one| one.driver.is_some()).map(|one| one.claims().max(1)).sum();
        let mut room = queue::to_begin(core.slots(direction).allowed(), claims);
        let ready = |one: &&One| {
            matches!(one.transfer.life.status, Status::Queued)
                && one.driver.is_none()
                && (scope == Scope::All || one.asked_here)
        };
        let mut queued: Vec<_> =
            if room > 0 { mine().filter(ready).map(|one| (one.place(), one.claims())).collect() } else { vec![] };
        queued.sort_by(|a, b| queue::order(&a.0, &b.0));
        let mut chosen: Vec<TransferId> = Vec::new();
        for (place, claims) in queued {
            if room == 0 {
                break;
            }
            room = room.saturating_sub(claims.max(1));
            chosen.push(place.id);
        }
        chosen
    };
    for id in chosen {
        if core.change(id, Change::Start).is_ok() {
            drive_on(core, id);
        }
    }
}

fn drive_on(core: &Arc<Core>, id: TransferId) {
    let stop = CancellationToken::new();
    if core.with(id, |one| one.driver = Some(stop.clone())).is_err() {
        return;
    }
    let core = core.clone();
    tokio::spawn(async move {
        let ended = tokio::select! {
            () = stop.cancelled() => None,
            () = core.closing.cancelled() => None,
            ended = drive::run(core.clone(), id) => Some(ended),
        };
        let change = match ended {
            None => None,
            Some(Ok(proof)) => Some(Change::Prove(proof)),
            Some(Err(Stop::Fail(error))) => Some(Change::Fail(error)),
            Some(Err(Stop::Anew)) => None,
            Some(Err(Stop::Wait(why, error))) => {
                if why == Why::Credentials {
                    core.board.tell(About::NeedsYou, "Rushes needs your keys".into(), error.message.clone());
                }
                if why == Why::Offline {
                    reach::look_out(&core);
                }
                let until = core.with(id, |one| until(one, why, error.code)).ok().flatten();
                Some(Change::Wait { why, until, error })
            }
        };
        let _ = core.with(id, |one| {
            one.driver = None;
            one.land();
        });
        if let Some(change) = change {
            // Refused where it was paused or cancelled at the same moment: that stands.
            let _ = core.change(id, change);
        }
        let _ = core.with(id, |one| core.board.put(one.row()));
        core.wake.notify_one();
    });
}

/// When to try again; never by itself where only the user can help.
fn until(one: &mut One, why: Why, code: Code) -> Option<UnixMs> {
    one.waits = (one.waits + 1).min(10);
    let seconds = match why {
        // A keychain may be unlocked without a word to us.
        Why::Credentials if code == Code::KeychainUnavailable => 30,
        Why::Credentials => return None,
        Why::DiskFull => 10,
        Why::Offline | Why::Throttled => (1u64 << one.waits.min(4)).min(15),
    };
    let jitter = rand::rng().random_range(0.75..1.25);
    Some(clock::now() + (seconds as f64 * 1000.0 * jitter) as i64)
}

fn retry_cancellations(core: &Arc<Core>) {
    let due: Vec<TransferId> = core
        .live()
        .transfers
        .values()
        .filter(|one| matches!(one.transfer.life.status, Status::Cancelling) && one.driver.is_none())
        .filter(|one| one.rest_until.is_none_or(|until| until <= Instant::now()))
        .map(|one| one.transfer.id)
        .collect();
    for id in due {
        let stop = CancellationToken::new();
        if core.with(id, |one| one.driver = Some(stop)).is_err() {
            continue;
        }
        let core = core.clone();
        tokio::spawn(async move {
            let cancelled = tokio::select! {
                () = core.closing.cancelled() => return,
                cancelled = drive::cancel(core.clone(), id) => cancelled,
            };
            let _ = core.with(id, |one| {
                one.driver = None;
                one.land();
            });
            match cancelled {
                Ok(Some(proof)) => {
                    let _ = core.change(id, Change::Prove(proof));
                }
                Ok(None) => {
                    let _ = core.change(id, Change::Confirm);
                }
                Err(stop) => {
                    tracing::info!(id, ?stop, "a cancellation is not confirmed yet");
                    let _ = core.with(id, |one| {
                        one.waits = (one.waits + 1).min(10);
                        one.rest_until = Some(Instant::now() + Duration::from_secs(1 << one.waits.min(5)));
                    });
                }
            }
            core.wake.notify_one();
        });
    }
}

/// What moves, and the drawing of it.
#[derive(Default)]
struct Meter {
    up: Rate,
    down: Rate,
    drawn: Option<Instant>,
    second: Option<Instant>,
    moved_at: Option<Instant>,
    last: Moved,
    history: (Vec<u64>, Vec<u64>),
    next_wait: Option<UnixMs>,
    draws: u32,
}

impl Meter {
    fn rest(&self, core: &Arc<Core>) -> Duration {
        let live = core.live();
        let busy = live.transfers.values().any(|one| one.driver.is_some());
        let cancelling = live.transfers.values().any(|one| one.rest_until.is_some_and(|u| u > Instant::now()));
        drop(live);
        let glowing = self.moved_at.is_some_and(|at| at.elapsed() < AFTERGLOW);
        let rest = if busy || glowing {
            TICK
        } else if cancelling {
            Duration::from_secs(1)
        } else {
            IDLE
        };
        let until = self.next_wait.map(|next| Duration::from_millis((next - clock::now()).max(1) as u64));
        until.map_or(rest, |until| until.min(rest))
    }

    fn draw(&mut self, core: &Arc<Core>, next_wait: Option<UnixMs>) {
        self.next_wait = next_wait;
        if self.drawn.is_some_and(|at| at.elapsed() < TICK / 2) {
            return;
        }
        self.drawn = Some(Instant::now());
        let now = clock::now();
        let moved = core.wire.meter().moved();
        if moved != self.last {
            self.moved_at = Some(Instant::now());
            self.last = moved;
        }
        self.up.sample(now, moved.up);
        self.down.sample(now, moved.down);
        let (rate_up, rate_down) = (self.up.shown(), self.down.shown());
        self.remember(rate_up, rate_down);

        let midnight = clock::midnight();
        let mut totals = Totals { rate_up, rate_down, ..Totals::default() };
        let mut live = core.live();
        for direction in [Direction::Up, Direction::Down] {
            let (rate, calm) = match direction {
                Direction::Up => (rate_up, self.up.calm()),
                Direction::Down => (rate_down, self.down.calm()),
            };
            let end = forecast(&mut live.transfers, direction, now, rate, calm);
            totals.eta = totals.eta.max(end);
        }
        self.draws += 1;
        let all = self.draws.is_multiple_of(QUEUED_EVERY);
        for one in live.transfers.values() {
            count(&mut totals, one, midnight);
            if one.driver.is_some() || all && one.transfer.life.status.is_underway() {
                core.board.put(one.row());
            }
        }
        drop(live);
        (totals.history_up, totals.history_down) = self.history.clone();
        core.board.set_totals(totals, vec![lane_row(core, rate_up + rate_down)]);
        core.board.show();
    }

    /// One figure a second.
    fn remember(&mut self, up: u64, down: u64) {
        if self.second.is_some_and(|at| at.elapsed() < Duration::from_secs(1)) {
            return;
        }
        let glowing = self.moved_at.is_some_and(|at| at.elapsed() < AFTERGLOW);
        if !glowing && self.history.0.is_empty() {
            return;
        }
        self.second = Some(Instant::now());
        for (history, rate) in [(&mut self.history.0, up), (&mut self.history.1, down)] {
            history.push(rate);
            let surplus = history.len().saturating_sub(HISTORY);
            history.drain(..surplus);
        }
    }
}

/// Gives each transfer its rate and its end; answers with the last end.
fn forecast(
    transfers: &mut std::collections::BTreeMap<TransferId, One>,
    direction: Direction,
    now: UnixMs,
    rate: u64,
    calm: u64,
) -> Option<UnixMs> {
    let mut line: Vec<&mut One> = transfers
        .values_mut()
        .filter(|one| one.transfer.direction == direction && one.transfer.life.status.is_underway())
        .filter(|one| !matches!(one.transfer.life.status, Status::Cancelling))
        .collect();
    line.sort_by(|a, b| queue::order(&a.place(), &b.place()));
    let ends = ends(now, calm, line.iter().map(|one| one.bytes_left()).collect::<Vec<_>>());
    let in_flight: u64 = line.iter().map(|one| u64::from(one.in_flight())).sum();
    let last = ends.last().copied().flatten();
    for (one, end) in line.into_iter().zip(ends) {
        one.eta = end;
        // The link's rate is known, not each request's: those in flight share it.
        one.rate = (rate * u64::from(one.in_flight())).checked_div(in_flight).unwrap_or(0);
    }
    last
}

fn count(totals: &mut Totals, one: &One, midnight: UnixMs) {
    let life = &one.transfer.life;
    match &life.status {
        Status::Queued | Status::Running | Status::Finishing => match one.transfer.direction {
            Direction::Up => totals.going_up += 1,
            Direction::Down => totals.coming_down += 1,
        },
        Status::Waiting { until, .. } => {
            totals.waiting += 1;
            totals.needs_you += u32::from(until.is_none());
        }
        Status::Paused => totals.paused += 1,
        Status::Failed { .. } => totals.needs_you += 1,
        Status::Done { .. } => totals.done_today += u32::from(life.ended_at.is_some_and(|at| at >= midnight)),
        Status::Cancelling | Status::Cancelled => {}
    }
    if life.status.is_underway() && !matches!(life.status, Status::Cancelling) {
        totals.bytes_left += one.bytes_left();
    }
}

fn lane_row(core: &Arc<Core>, rate: u64) -> LaneRow {
    let route = match core.profile(None) {
        Ok(profile) if profile.accelerate => "Accelerated",
        Ok(profile) if profile.is_on_this_computer() => "This computer",
        Ok(profile) if profile.endpoint.is_some() => "Endpoint",
        _ => "Direct",
    };
    LaneRow {
        id: ONLY_LANE,
        uplink: "Network".into(),
        route: route.into(),
        rate,
        connections: core.wire.meter().connections() as u32,
    }
}
