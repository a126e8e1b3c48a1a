//! Who goes next. Pure: it is shown what there is and picks. Finish files, not parts: a slot goes to the transfer that
//! comes first in the order below, and the next transfer begins only when those under way cannot use all slots.

use std::cmp::Ordering;

use crate::transfer::TransferId;

/// What decides a transfer's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub id: TransferId,
    /// It has been started and not finished since.
    pub begun: bool,
}

/// First what has begun, then in the order in which they were added.
pub fn order(a: &Place, b: &Place) -> Ordering {
    b.begun.cmp(&a.begun).then(a.id.cmp(&b.id))
}

/// Which of those that want a slot gets it.
pub fn first(wanting: &[Place]) -> Option<usize> {
    (0..wanting.len()).min_by(|&a, &b| order(&wanting[a], &wanting[b]))
}

/// How many more transfers to begin: `slots` in all, `claims` parts that those under way could still have in flight.
pub fn to_begin(slots: usize, claims: usize) -> usize {
    slots.saturating_sub(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_finished_before_others_begin() {
        let at = |id, begun| Place { id, begun };
        assert_eq!(first(&[at(1, false), at(3, true), at(2, true)]), Some(2));
        assert_eq!(first(&[at(9, false), at(4, false)]), Some(1));
        assert_eq!(first(&[]), None);
        assert_eq!(to_begin(8, 96), 0);
        assert_eq!(to_begin(8, 3), 5);
    }
}
