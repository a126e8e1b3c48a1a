//! What the window hears: the newest row of every transfer, each with the sequence number at which it last changed. Who
//! asks gets the rows that changed since it last asked: whole rows, the last one wins, so nobody can fall behind.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::api::{About, LaneRow, Notice, Totals, TransferRow, Update, WatchRow};
use crate::clock;
use crate::transfer::TransferId;

/// An asker that hears nothing new within this is answered that nothing is.
const SILENCE: Duration = Duration::from_secs(25);
/// Old notices are of no use to anybody.
const KEPT_NOTICES: usize = 64;

#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<State>,
    /// The newest sequence number that askers may see: the tick lets them see progress, a status change at once.
    shown: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    first: u64,
    seq: u64,
    rows: BTreeMap<TransferId, (u64, TransferRow)>,
    /// The rows by when they changed, so that an asker who is not far behind costs little.
    changed: BTreeMap<u64, TransferId>,
    gone: Vec<(u64, TransferId)>,
    notices: Vec<(u64, Notice)>,
    totals: Totals,
    lanes: Vec<LaneRow>,
    watching: Vec<WatchRow>,
    footage: u64,
    profiles: u64,
}

impl State {
    fn next(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }
}

impl Board {
    pub(crate) fn new() -> Board {
        // From the clock, so that whoever asks on from an engine before this one is seen to be behind.
        let first = clock::now().unsigned_abs();
        let state = State { first, seq: first + 1, ..State::default() };
        Board { shown: watch::Sender::new(state.seq), state: Mutex::new(state) }
    }

    pub(crate) fn put(&self, row: TransferRow) {
        let mut state = self.locked();
        if state.rows.get(&row.id).is_some_and(|(_, old)| *old == row) {
            return;
        }
        let (seq, id) = (state.next(), row.id);
        if let Some((before, _)) = state.rows.insert(id, (seq, row)) {
            state.changed.remove(&before);
        }
        state.changed.insert(seq, id);
    }

    pub(crate) fn remove(&self, id: TransferId) {
        let mut state = self.locked();
        if let Some((before, _)) = state.rows.remove(&id) {
            state.changed.remove(&before);
            let seq = state.next();
            state.gone.push((seq, id));
        }
    }

    /// Bytes a second, as the lane was last drawn.
    pub(crate) fn rate_of(&self, lane: u32) -> u64 {
        self.locked().lanes.iter().find(|row| row.id == lane).map_or(0, |row| row.rate)
    }

    pub(crate) fn set_totals(&self, totals: Totals, lanes: Vec<LaneRow>) {
        let mut state = self.locked();
        if state.totals != totals || state.lanes != lanes {
            state.next();
            (state.totals, state.lanes) = (totals, lanes);
        }
    }

    pub(crate) fn set_watching(&self, watching: Vec<WatchRow>) {
        let mut state = self.locked();
        if state.watching != watching {
            state.next();
            state.watching = watching;
        }
    }

    pub(crate) fn footage_changed(&self) {
        let mut state = self.locked();
        state.footage = state.next();
    }

    pub(crate) fn profiles_changed(&self) {
        let mut state = self.locked();
        state.profiles = state.next();
    }

    pub(crate) fn tell(&self, about: About, title: String, body: String) {
        let mut state = self.locked();
        let seq = state.next();
        state.notices.push((seq, Notice { id: seq, about, title, body }));
        let surplus = state.notices.len().saturating_sub(KEPT_NOTICES);
        state.notices.drain(..surplus);
    }

    /// Lets the askers see what was put since.
    pub(crate) fn show(&self) {
        let seq = self.locked().seq;
        self.shown.send_if_modified(|shown| std::mem::replace(shown, seq) != seq);
    }

    /// What changed after `since`; waits for a change, a while.
    pub(crate) async fn since(&self, since: u64) -> Update {
        let mut shown = self.shown.subscribe();
        if !self.is_behind(since) {
            // An error would mean that the board is gone, and then so is who serves this.
            let _ = tokio::time::timeout(SILENCE, shown.wait_for(|seq| *seq > since)).await;
        }
        let state = self.locked();
        let whole = since <= state.first || since > state.seq;
        let after = if whole { 0 } else { since };
        let rows = if whole {
            state.rows.values().map(|(_, row)| row.clone()).collect()
        } else {
            let news = state.changed.range(after + 1..);
            news.filter_map(|(_, id)| state.rows.get(id)).map(|(_, row)| row.clone()).collect()
        };
        Update {
            seq: state.seq,
            whole,
            rows,
            gone: state.gone.iter().filter(|(seq, _)| *seq > after && !whole).map(|(_, id)| *id).collect(),
            totals: state.totals.clone(),
            lanes: state.lanes.clone(),
            watching: state.watching.clone(),
            footage: state.footage,
            profiles: state.profiles,
            // Whoever begins to listen is not told old news.
            notices: state.notices.iter().filter(|(seq, _)| *seq > after && !whole).map(|(_, n)| n.clone()).collect(),
        }
    }

    fn is_behind(&self, since: u64) -> bool {
        let state = self.locked();
        since <= state.first || since > state.seq
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
