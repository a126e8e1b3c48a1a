//! What moves, and the drawing of it, five times a second: rates, forecasts, totals, rows. It reads and forecasts; it
//! begins and changes nothing. With very many in line only some of their rows are drawn at a time.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::api::{LaneRow, Totals};
use crate::clock;
use crate::core::Core;
use crate::eta::{self, Rate, ends};
use crate::lane::Slots;
use crate::live::{Live, One};
use crate::profile::Profile;
use crate::transfer::{Direction, Status, TransferId, UnixMs};
use crate::wire::Moved;

/// Five times a second while anything moves.
pub(crate) const TICK: Duration = Duration::from_millis(200);
/// The meter's curve goes on this long after the last byte, so that it is seen to fall.
const AFTERGLOW: Duration = Duration::from_secs(5);
const HISTORY: usize = 120;
/// Of what only waits in line, nothing changes but the forecast: it is gone through again after this.
const ROUND: Duration = Duration::from_secs(3);
/// And as many of them are drawn at a time: a window takes these without a stutter.
const AT_A_TIME: usize = 200;

#[derive(Default)]
pub(crate) struct Gauge {
    up: Rate,
    down: Rate,
    drawn: Option<Instant>,
    /// It was asked to draw too soon after the last time: there is something to draw.
    owes: bool,
    second: Option<Instant>,
    moved_at: Option<Instant>,
    last: Moved,
    lanes: HashMap<u32, Rate>,
    history: (Vec<u64>, Vec<u64>),
    /// When those in line were last begun to be gone through, and how far that is, up and down.
    round: Option<Instant>,
    reached: [usize; 2],
}

impl Gauge {
    /// Something is still to be drawn: the last bytes, or what changed just after them.
    pub(crate) fn is_behind(&self) -> bool {
        self.owes || self.glows()
    }

    fn glows(&self) -> bool {
        self.moved_at.is_some_and(|at| at.elapsed() < AFTERGLOW)
    }

    pub(crate) fn draw(&mut self, core: &Core) {
        self.owes = self.drawn.is_some_and(|at| at.elapsed() < TICK / 2);
        if self.owes {
            return;
        }
        self.drawn = Some(Instant::now());
        let now = clock::now();
        let moved = core.lanes.moved();
        if moved != self.last {
            self.moved_at = Some(Instant::now());
            self.last = moved;
        }
        self.up.sample(now, moved.up);
        self.down.sample(now, moved.down);
        let (rate_up, rate_down) = (self.up.shown(), self.down.shown());
        self.remember(rate_up, rate_down);

        let mut totals = Totals { rate_up, rate_down, limit: core.keep_within_limits(), ..Totals::default() };
        let begins = self.round.is_none_or(|at| at.elapsed() >= ROUND);
        if begins {
            self.round = Some(Instant::now());
            self.reached = [0, 0];
        }
        let after = core.lanes.path().map_or(0, |(now, _)| (now * eta::TRIPS_AFTER).as_millis() as i64);
        let mut live = core.live();
        let mut drawn: HashSet<TransferId> = live.standing().driven().clone().into_iter().collect();
        for (way, direction) in [Direction::Up, Direction::Down].into_iter().enumerate() {
            let (rate, calm, under_way) = match direction {
                Direction::Up => (rate_up, self.up.calm(), core.lanes.under_way()),
                Direction::Down => (rate_down, self.down.calm(), live.under_way()),
            };
            let end = forecast(
                &mut live,
                (direction, core.slots(direction)),
                now + after,
                (rate, calm),
                under_way,
                &mut self.reached[way],
                &mut drawn,
            );
            totals.eta = totals.eta.max(end);
        }
        if begins {
            drawn.extend(live.standing().dated_at_rest());
        }
        let midnight = clock::midnight();
        for one in live.all() {
            count(&mut totals, one, midnight);
        }
        for one in drawn.into_iter().filter_map(|id| live.get(id)) {
            core.board.put(one.row());
        }
        drop(live);
        (totals.history_up, totals.history_down) = self.history.clone();
        let lanes = self.lane_rows(core, now);
        core.board.set_totals(totals, lanes);
        core.board.show();
    }

    /// The lanes of the profile in use, and any other that moves something.
    fn lane_rows(&mut self, core: &Core, now: UnixMs) -> Vec<LaneRow> {
        let in_use = core.profile(None).ok();
        let mut rows = Vec::new();
        for lane in core.lanes.all() {
            let meter = lane.wire.meter();
            let Moved { up, down } = meter.moved();
            let rate = self.lanes.entry(lane.id).or_default();
            rate.sample(now, up + down);
            let connections = meter.connections() as u32;
            let is_in_use = in_use.as_ref().is_some_and(|profile| *profile.name == *lane.profile);
            if !is_in_use && connections == 0 {
                continue;
            }
            let is_here = is_in_use && in_use.as_ref().is_some_and(Profile::is_on_this_computer);
            rows.push(LaneRow {
                id: lane.id,
                uplink: core.uplink_of(&lane),
                route: if is_here { "This computer" } else { lane.route.kind.label() }.into(),
                rate: rate.shown(),
                connections,
            });
        }
        rows
    }

    /// One figure a second.
    fn remember(&mut self, up: u64, down: u64) {
        if self.second.is_some_and(|at| at.elapsed() < Duration::from_secs(1)) {
            return;
        }
        if !self.glows() && self.history.0.is_empty() {
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

/// Gives those that are `drawn`, and the next few in line after `reached`, their rates and ends; answers with the last
/// end of all. They are finished in the order in which they get slots.
fn forecast(
    live: &mut Live,
    (direction, slots): (Direction, &Slots),
    now: UnixMs,
    (rate, calm): (u64, u64),
    under_way: u64,
    reached: &mut usize,
    drawn: &mut HashSet<TransferId>,
) -> Option<UnixMs> {
    let breaking = live.standing().is_breaking(direction);
    // What is on its way and not answered for need not go again: it is the first ones'.
    let mut under_way = under_way;
    let mut line: Vec<(TransferId, u64)> =
        live.standing().line(direction).iter().map(|place| (place.id, place.remaining)).collect();
    for (_, left) in &mut line {
        let there = under_way.min(*left);
        (*left, under_way) = (*left - there, under_way - there);
        if under_way == 0 {
            break;
        }
    }
    tracing::trace!(?direction, calm, left = line.iter().map(|l| l.1).sum::<u64>(), "forecast");
    let ends = ends(now, calm, line.iter().map(|(_, left)| *left));
    let next = *reached..(*reached + AT_A_TIME).min(line.len());
    *reached = next.end.max(*reached);
    // What stands back for something breaking has requests, and nothing moves in them.
    let yields = |one: &One| breaking && !one.transfer.urgency.breaking;
    let moving = |one: &One| if yields(one) { 0 } else { u64::from(one.in_flight()) };
    let flying = |id: &TransferId| live.get(*id).map_or(0, moving);
    let in_flight: u64 = live.standing().driven().iter().filter(|id| is_of(live, **id, direction)).map(flying).sum();
    for (i, (id, _)) in line.iter().enumerate() {
        if !next.contains(&i) && !drawn.contains(id) {
            continue;
        }
        drawn.insert(*id);
        live.forecast(*id, |one| {
            one.eta = ends[i];
            one.yields = yields(one);
            one.metered = !one.transfer.urgency.breaking && slots.is_metered(&one.transfer.profile);
            // The link's rate is known, not each request's: those in flight share it.
            one.rate = (rate * moving(one)).checked_div(in_flight).unwrap_or(0);
        });
    }
    ends.last().copied().flatten()
}

fn is_of(live: &Live, id: TransferId, direction: Direction) -> bool {
    live.get(id).is_some_and(|one| one.transfer.direction == direction)
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
    totals.late += u32::from(one.is_late());
    if life.status.is_underway() && !matches!(life.status, Status::Cancelling) {
        totals.bytes_left += one.bytes_left();
    }
}
