//! Which parts of a download came down damaged, where the bucket tells a checksum of the whole only. Pure. Two fetches
//! that agree on a part are right about it: damage does not strike the same way twice.

use std::collections::{HashMap, HashSet};

use crate::integrity::Crc64;

/// A part that came in so many ways comes in another one each time: then the store cannot be believed.
const WAYS: usize = 8;

/// What each part came down as, by its number, whenever the whole was not what the bucket holds.
#[derive(Debug, Default)]
pub(super) struct Doubt(HashMap<u32, HashSet<u64>>);

impl Doubt {
    /// The whole is wrong, made of these parts: those to be fetched again. None where every part came down alike twice, or
    /// one never does: then it is the bucket's own.
    pub(super) fn about(&mut self, parts: impl IntoIterator<Item = (u32, Crc64)>) -> Vec<u32> {
        let again = parts
            .into_iter()
            .filter(|(number, crc)| self.0.entry(*number).or_default().insert(crc.0))
            .map(|p| p.0)
            .collect();
        if self.0.values().any(|ways| ways.len() > WAYS) { Vec::new() } else { again }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_two_fetches_agree_on_is_fetched_again() {
        let mut doubt = Doubt::default();
        let came = |crcs: [u64; 3]| crcs.into_iter().enumerate().map(|(n, crc)| (n as u32 + 1, Crc64(crc)));
        // Part 2 is damaged at first, then part 3, then part 2 in another way.
        assert_eq!(doubt.about(came([1, 99, 3])), [1, 2, 3]);
        assert_eq!(doubt.about(came([1, 2, 98])), [2, 3]);
        assert_eq!(doubt.about(came([1, 97, 3])), [2]);
        assert!(doubt.about(came([1, 2, 3])).is_empty(), "and if that is still wrong, so is the bucket");
    }

    #[test]
    fn a_store_that_never_says_the_same_twice_is_given_up() {
        let mut doubt = Doubt::default();
        let rounds = (0..).take_while(|n| !doubt.about([(1, Crc64(*n))]).is_empty()).count();
        assert_eq!(rounds, WAYS);
    }
}
