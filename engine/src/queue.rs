//! Who goes next. Pure: it is shown what there is and picks. Finish files, not parts: a freed slot goes to the transfer
//! that comes first in the order below, and the next transfer begins only when those before it cannot use all slots.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::transfer::{TransferId, UnixMs, Urgency};

/// What decides a transfer's place: breaking first, then the nearest deadline, then what has begun, then what is
/// shortest, then as they were added. Breaking takes every slot as it frees, from anything; whatever comes later waits
/// for as long as there is something before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub id: TransferId,
    pub breaking: bool,
    /// A deadline that is over is still the nearest: what is late is not given up.
    pub deadline: Option<UnixMs>,
    /// It has been started and not finished since.
    pub begun: bool,
    /// Bytes that are not acknowledged yet.
    pub remaining: u64,
}

impl Place {
    pub fn new(id: TransferId, urgency: &Urgency, begun: bool, remaining: u64) -> Place {
        let deadline = urgency.deadline.as_ref().map(|deadline| deadline.at);
        Place { id, breaking: urgency.breaking, deadline, begun, remaining }
    }

    fn key(&self) -> (bool, UnixMs, bool, u64, TransferId) {
        (!self.breaking, self.deadline.unwrap_or(UnixMs::MAX), !self.begun, self.remaining, self.id)
    }
}

/// The first in order is the least.
impl Ord for Place {
    fn cmp(&self, other: &Place) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Place) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How many of `in_order` may be under way: as many as it takes for what they could have in flight (each figure, at
/// least 1) to fill `slots`. What is under way beyond that goes on, and gets what is left.
pub fn may_be_underway(slots: usize, in_order: impl IntoIterator<Item = usize>) -> usize {
    let mut room = slots;
    in_order
        .into_iter()
        .take_while(|claims| {
            let begins = room > 0;
            room = room.saturating_sub((*claims).max(1));
            begins
        })
        .count()
}

/// Those that wait for something of which there is too little, in order. One transfer may wait more than once.
#[derive(Debug)]
pub struct Line<T> {
    waiting: BTreeMap<(Place, u64), T>,
    /// Tells apart those of the same place: who came first is first.
    next: u64,
    /// When it is worth looking for those who have left.
    sweep_at: usize,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Line { waiting: BTreeMap::new(), next: 0, sweep_at: 16 }
    }
}

impl<T> Line<T> {
    /// Now and then those are let go who have left, so that whoever comes and goes cannot make it long.
    pub fn join(&mut self, place: Place, who: T, has_left: impl Fn(&T) -> bool) {
        if self.waiting.len() >= self.sweep_at {
            self.waiting.retain(|_, who| !has_left(who));
            self.sweep_at = self.waiting.len() * 2 + 16;
        }
        self.next += 1;
        self.waiting.insert((place, self.next), who);
    }

    /// How many of those who wait are such.
    pub fn count(&self, is_such: impl Fn(&Place, &T) -> bool) -> usize {
        self.waiting.iter().filter(|((place, _), who)| is_such(place, who)).count()
    }

    /// Takes the first out for whom there is something, and answers with what that is.
    pub fn serve<W>(&mut self, mut find: impl FnMut(&Place, &T) -> Option<W>) -> Option<(Place, T, W)> {
        let (key, what) = self.waiting.iter().find_map(|(key, who)| Some((*key, find(&key.0, who)?)))?;
        Some((key.0, self.waiting.remove(&key)?, what))
    }

    /// The transfer has another place now.
    pub fn put(&mut self, place: Place) {
        let here: Vec<(Place, u64)> = self.waiting.keys().filter(|(p, _)| p.id == place.id).copied().collect();
        for key in here {
            if let Some(who) = self.waiting.remove(&key) {
                self.waiting.insert((place, key.1), who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(id: TransferId) -> Place {
        Place { id, breaking: false, deadline: None, begun: false, remaining: 500 }
    }

    fn any_place() -> impl Strategy<Value = Place> {
        // Few values, so that ties are common.
        (0..6i64, any::<bool>(), proptest::option::of(0..3i64), any::<bool>(), 0..3u64)
            .prop_map(|(id, breaking, deadline, begun, remaining)| Place { id, breaking, deadline, begun, remaining })
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in any_place(), b in any_place(), c in any_place()) {
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }

        #[test]
        fn breaking_goes_before_everything_that_is_not(a in any_place(), b in any_place()) {
            let (breaking, other) = (Place { breaking: true, ..a }, Place { breaking: false, ..b });
            prop_assert!(breaking < other);
        }

        #[test]
        fn a_nearer_deadline_goes_first_whatever_has_begun(a in any_place(), b in any_place(), near in 0..9i64, by in 1..9i64) {
            let a = Place { breaking: b.breaking, deadline: Some(near), ..a };
            let (later, never) = (Place { deadline: Some(near + by), ..b }, Place { deadline: None, ..b });
            prop_assert!(a < later && a < never);
        }

        #[test]
        fn a_line_gives_in_order_whoever_joined_in_whatever_order(places in proptest::collection::vec(any_place(), 0..40)) {
            let mut line = Line::default();
            for place in &places {
                line.join(*place, *place, |_| false);
            }
            let out: Vec<Place> = std::iter::from_fn(|| line.serve(|_, _| Some(()))).map(|(place, ..)| place).collect();
            let mut sorted = places.clone();
            sorted.sort();
            prop_assert_eq!(out, sorted);
        }

        #[test]
        fn no_more_begin_than_fill_the_slots_and_no_fewer(slots in 0..20usize, claims in proptest::collection::vec(0..30usize, 0..20)) {
            let n = may_be_underway(slots, claims.clone());
            let all_but_last: usize = claims.iter().take(n.saturating_sub(1)).map(|c| (*c).max(1)).sum();
            let all: usize = claims.iter().take(n).map(|c| (*c).max(1)).sum();
            prop_assert!(n == 0 || all_but_last < slots);
            prop_assert!(n == claims.len() || all >= slots);
        }
    }

    #[test]
    fn files_are_finished_before_others_begin_and_short_ones_before_long_ones() {
        let begun = Place { begun: true, remaining: 900, ..at(3) };
        let short = Place { remaining: 1, ..at(9) };
        let mut line = [at(4), at(2), short, begun, Place { deadline: Some(5), ..at(7) }];
        line.sort();
        assert_eq!(line.map(|place| place.id), [7, 3, 9, 2, 4]);
        assert_eq!(may_be_underway(8, [96, 1, 1]), 1);
        assert_eq!(may_be_underway(8, [3, 1, 1, 9, 1]), 4);
    }

    #[test]
    fn who_becomes_breaking_while_waiting_goes_first() {
        let mut line = Line::default();
        for id in [1, 2, 3] {
            line.join(at(id), id, |_| false);
        }
        line.put(Place { breaking: true, ..at(3) });
        let out: Vec<_> = std::iter::from_fn(|| line.serve(|_, _| Some(()))).map(|(_, id, ())| id).collect();
        assert_eq!(out, [3, 1, 2]);
    }

    #[test]
    fn for_whom_there_is_nothing_keeps_his_place() {
        let mut line = Line::default();
        for id in [1, 2, 3] {
            line.join(at(id), id, |_| false);
        }
        let mut serve = |but: i64| line.serve(|_, id| (*id != but).then_some(*id)).map(|(_, id, _)| id);
        assert_eq!((serve(1), serve(1), serve(1), serve(0)), (Some(2), Some(3), None, Some(1)));
    }

    #[test]
    fn those_who_leave_make_a_line_no_longer() {
        let mut line = Line::default();
        for id in 0..100_000 {
            line.join(at(id), (), |()| true);
        }
        assert!(line.waiting.len() <= 16);
    }
}
