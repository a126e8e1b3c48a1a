//! Where every transfer stands: who may run, who waits until when, who is to be drawn. Kept with every change of a
//! transfer, so that nobody has to look through all of them: a drop may bring ten thousand. Holds ids and places only.

use std::collections::{BTreeSet, HashMap};

use crate::live::One;
use crate::queue::Place;
use crate::transfer::{BatchId, Direction, Status, TransferId, UnixMs, Why};

#[derive(Debug, Default)]
pub(crate) struct Standing {
    lines: [BTreeSet<Place>; 2],
    runnable: [BTreeSet<Place>; 2],
    driven: BTreeSet<TransferId>,
    waits: BTreeSet<(UnixMs, TransferId)>,
    cancelling: BTreeSet<TransferId>,
    at_portal: BTreeSet<TransferId>,
    dated_at_rest: BTreeSet<TransferId>,
    /// How many of a batch are not ended.
    open: HashMap<BatchId, usize>,
}

/// Where one transfer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    direction: usize,
    batch: BatchId,
    place: Place,
    in_line: bool,
    runnable: bool,
    driven: bool,
    until: Option<UnixMs>,
    cancelling: bool,
    at_portal: bool,
    dated_at_rest: bool,
    open: bool,
}

impl Mark {
    pub(crate) fn of(one: &One) -> Mark {
        let status = &one.transfer.life.status;
        let driven = one.driver.is_some();
        let cancelling = matches!(status, Status::Cancelling);
        Mark {
            direction: index(one.transfer.direction),
            batch: one.transfer.batch,
            place: one.place(),
            in_line: status.is_underway() && !cancelling,
            // A driver that was just stopped may run on for a moment, whatever the status says by now.
            runnable: matches!(status, Status::Queued) || driven && status.is_active(),
            driven,
            until: match status {
                Status::Waiting { until, .. } => *until,
                _ => None,
            },
            cancelling: cancelling && !driven,
            at_portal: matches!(status, Status::Waiting { why: Why::Portal, .. }),
            dated_at_rest: one.transfer.urgency.deadline.is_some() && !status.is_underway() && !status.is_ended(),
            open: !status.is_ended(),
        }
    }
}

fn index(direction: Direction) -> usize {
    match direction {
        Direction::Up => 0,
        Direction::Down => 1,
    }
}

impl Standing {
    /// From `was` (absent: it is new) to `is` (absent: it is taken off the list).
    pub(crate) fn note(&mut self, was: Option<&Mark>, is: Option<&Mark>) {
        if was == is {
            return;
        }
        if let Some(mark) = was {
            self.lines[mark.direction].remove(&mark.place);
            self.runnable[mark.direction].remove(&mark.place);
            self.driven.remove(&mark.place.id);
            self.waits.remove(&(mark.until.unwrap_or_default(), mark.place.id));
            self.cancelling.remove(&mark.place.id);
            self.at_portal.remove(&mark.place.id);
            self.dated_at_rest.remove(&mark.place.id);
            if mark.open
                && let Some(open) = self.open.get_mut(&mark.batch)
            {
                *open -= 1;
            }
        }
        let Some(mark) = is else { return };
        let id = mark.place.id;
        let into = |set: &mut BTreeSet<TransferId>, belongs: bool| belongs && set.insert(id);
        into(&mut self.driven, mark.driven);
        into(&mut self.cancelling, mark.cancelling);
        into(&mut self.at_portal, mark.at_portal);
        into(&mut self.dated_at_rest, mark.dated_at_rest);
        if mark.in_line {
            self.lines[mark.direction].insert(mark.place);
        }
        if mark.runnable {
            self.runnable[mark.direction].insert(mark.place);
        }
        if let Some(until) = mark.until {
            self.waits.insert((until, id));
        }
        *self.open.entry(mark.batch).or_default() += usize::from(mark.open);
    }

    /// All that move or will move, in the order in which they are finished.
    pub(crate) fn line(&self, direction: Direction) -> &BTreeSet<Place> {
        &self.lines[index(direction)]
    }

    /// Of them, those that run or could begin now.
    pub(crate) fn runnable(&self, direction: Direction) -> &BTreeSet<Place> {
        &self.runnable[index(direction)]
    }

    /// Something breaking runs or could begin, so that everything else yields.
    pub(crate) fn is_breaking(&self, direction: Direction) -> bool {
        self.runnable(direction).first().is_some_and(|place| place.breaking)
    }

    pub(crate) fn driven(&self) -> &BTreeSet<TransferId> {
        &self.driven
    }

    /// Those that try again by themselves, the soonest first.
    pub(crate) fn waits(&self) -> &BTreeSet<(UnixMs, TransferId)> {
        &self.waits
    }

    /// Cancellations that nobody is confirming just now.
    pub(crate) fn cancelling(&self) -> &BTreeSet<TransferId> {
        &self.cancelling
    }

    /// Those that wait for somebody to sign in to the network.
    pub(crate) fn at_portal(&self) -> &BTreeSet<TransferId> {
        &self.at_portal
    }

    /// Those that rest while their deadline comes nearer.
    pub(crate) fn dated_at_rest(&self) -> &BTreeSet<TransferId> {
        &self.dated_at_rest
    }

    /// Whether every transfer of the batch is done or cancelled.
    pub(crate) fn is_over(&self, batch: BatchId) -> bool {
        self.open.get(&batch).is_none_or(|open| *open == 0)
    }
}
