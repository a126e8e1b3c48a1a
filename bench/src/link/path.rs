//! One direction of a link, as arithmetic: which packet is lost, which finds the queue full, when the others arrive.
//! Pure: time and the source of chance come in. May not live here: packets, devices, clocks.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::profile::Terms;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, at this time.
    Arrives(Duration),
    /// By chance.
    Lost,
    /// The queue is full.
    Dropped,
}

/// Times are since any one beginning, and never go back.
#[derive(Debug)]
pub struct Path {
    random: SmallRng,
    /// When the narrowest point will have sent all that it has.
    free: Duration,
    /// Packets never overtake each other, also when the delay becomes shorter.
    last: Duration,
}

impl Path {
    pub fn new(seed: u64) -> Path {
        Path { random: SmallRng::seed_from_u64(seed), free: Duration::ZERO, last: Duration::ZERO }
    }

    /// A packet of so many bytes sets out.
    pub fn admit(&mut self, terms: &Terms, now: Duration, bytes: usize) -> Fate {
        if terms.loss_percent > 0.0 && self.random.random_bool(terms.loss().min(1.0)) {
            return Fate::Lost;
        }
        let begins = self.free.max(now);
        match terms.rate() {
            Some(_) if begins - now > terms.queue() => return Fate::Dropped,
            Some(rate) => self.free = begins + Duration::from_secs_f64(bytes as f64 * 8.0 / rate),
            None => self.free = begins,
        }
        self.last = self.last.max(self.free + terms.delay());
        Fate::Arrives(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 1500;
    const MS: Duration = Duration::from_millis(1);

    fn terms() -> Terms {
        Terms { rate_mbit: Some(12.0), delay_ms: 50.0, loss_percent: 0.0, queue_ms: 20.0 }
    }

    #[test]
    fn packets_leave_one_after_the_other_at_the_rate() {
        // 1500 bytes at 12 Mb/s take a millisecond.
        let mut path = Path::new(1);
        for n in 1..=5 {
            assert_eq!(path.admit(&terms(), Duration::ZERO, SIZE), Fate::Arrives(50 * MS + n * MS));
        }
        assert_eq!(path.admit(&terms(), 100 * MS, SIZE), Fate::Arrives(151 * MS), "an idle link owes nothing");
    }

    #[test]
    fn a_full_queue_drops_and_takes_again_when_it_has_drained() {
        let mut path = Path::new(1);
        let fates: Vec<Fate> = (0..30).map(|_| path.admit(&terms(), Duration::ZERO, SIZE)).collect();
        let taken = fates.iter().filter(|fate| **fate != Fate::Dropped).count();
        assert_eq!(taken, 21, "20 ms wait, and one is being sent");
        assert!(fates[taken..].iter().all(|fate| *fate == Fate::Dropped));
        assert!(matches!(path.admit(&terms(), 2 * MS, SIZE), Fate::Arrives(_)));
    }

    #[test]
    fn goodput_of_a_flood_is_the_rate() {
        let mut path = Path::new(1);
        let mut carried = 0;
        for tick in 0..20_000_u32 {
            // Twice what it carries, for ten seconds.
            if let Fate::Arrives(_) = path.admit(&terms(), tick * MS / 2, SIZE) {
                carried += SIZE;
            }
        }
        let mbit = carried as f64 * 8.0 / 1e6 / 10.0;
        assert!((11.9..12.1).contains(&mbit), "{mbit}");
    }

    #[test]
    fn loss_is_as_often_as_told_and_the_same_for_the_same_seed() {
        let lossy = Terms { loss_percent: 1.0, rate_mbit: None, ..terms() };
        let fates = |seed| {
            let mut path = Path::new(seed);
            (0..100_000_u32).map(|n| path.admit(&lossy, n * MS, SIZE)).collect::<Vec<_>>()
        };
        let lost = fates(7).iter().filter(|fate| **fate == Fate::Lost).count();
        assert!((850..1150).contains(&lost), "{lost}");
        assert_eq!(fates(7), fates(7));
        assert_ne!(fates(7), fates(8));
    }

    #[test]
    fn all_is_lost_at_a_hundred_percent() {
        let gone = Terms { loss_percent: 100.0, ..terms() };
        let mut path = Path::new(3);
        assert!((0..1000).all(|_| path.admit(&gone, Duration::ZERO, SIZE) == Fate::Lost));
    }

    #[test]
    fn nothing_overtakes_when_the_delay_becomes_shorter() {
        let mut path = Path::new(1);
        let Fate::Arrives(first) = path.admit(&terms(), Duration::ZERO, SIZE) else { panic!() };
        let near = Terms { delay_ms: 1.0, ..terms() };
        assert_eq!(path.admit(&near, MS, SIZE), Fate::Arrives(first));
    }
}
