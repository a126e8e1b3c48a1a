//! Whether a part that takes long is worth a second connection. Pure. A twin helps where one connection has bad luck; on
//! a full uplink it only takes from the others.

/// Of a transfer's parts, at most one in so many is sent twice, and always one.
const ONE_IN: usize = 20;
/// A part is slow when it takes so many times as long as half of the others did.
const SLOW: u64 = 2;
/// Never before this, in milliseconds: it costs a handshake.
const PATIENCE: u64 = 1_000;
/// The uplink is full when it carries this share of the most that it has carried.
const FULL: f64 = 0.7;

/// A transfer's budget of second tries.
#[derive(Clone, Copy, Debug)]
pub struct Hedges {
    left: usize,
}

/// A part at the end of a transfer.
#[derive(Clone, Copy, Debug)]
pub struct Tail<'a> {
    /// How long it has been under way, in milliseconds.
    pub at_it: u64,
    /// How long those took that were answered.
    pub others_took: &'a [u64],
    /// What the uplink carries, as a share of the most that it has carried: 0 to 1.
    pub fullness: f64,
}

impl Hedges {
    /// For an upload that has this many parts to send.
    pub fn of(parts: usize) -> Hedges {
        Hedges { left: (parts / ONE_IN).max(1) }
    }

    /// Takes one from the budget where the part is worth it.
    pub fn allow(&mut self, tail: &Tail<'_>) -> bool {
        let worth = self.left > 0 && tail.fullness < FULL && tail.at_it > slow(tail.others_took);
        self.left -= usize::from(worth);
        worth
    }
}

fn slow(took: &[u64]) -> u64 {
    let mut took = took.to_vec();
    took.sort_unstable();
    // Where nothing was answered yet there is nothing to compare with: the stall's own limit holds.
    took.get(took.len() / 2).map_or(u64::MAX, |usual| (usual * SLOW).max(PATIENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_by_table() {
        let others = [4_000, 5_000, 6_000];
        let tail = |at_it, fullness| Tail { at_it, others_took: &others, fullness };
        assert!(!Hedges::of(96).allow(&tail(9_000, 0.2)), "not slow yet");
        assert!(Hedges::of(96).allow(&tail(11_000, 0.2)));
        assert!(!Hedges::of(96).allow(&tail(60_000, 0.9)), "never while the uplink is full");
        assert!(!Hedges::of(96).allow(&Tail { at_it: 60_000, others_took: &[], fullness: 0.1 }));
        let mut few = Hedges::of(2);
        assert!(few.allow(&tail(11_000, 0.0)) && !few.allow(&tail(11_000, 0.0)), "the budget is spent");
        let allowed = (0..100).filter(|_| few.allow(&tail(60_000, 0.0))).count();
        assert_eq!(allowed, 0);
    }
}
