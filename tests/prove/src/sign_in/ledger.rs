//! Keys that were given out for a while, and what became of them: what AWS itself keeps, and refuses by. The rows' stand-ins
//! share one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rand::Rng as _;

/// Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<BTreeMap<String, Given>>>);

/// A set of keys.
#[derive(Clone, Debug)]
pub struct Given {
    pub id: String,
    pub secret: String,
    /// Absent for keys that do not end.
    pub token: Option<String>,
    /// As whoever has them was told.
    pub end: Timestamp,
    /// When they are refused.
    refused_from: Option<Instant>,
    pub used: u64,
    pub refused: u64,
}

/// What is to be said to whoever shows keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Known { secret: String },
    Expired,
    Unknown,
}

impl Ledger {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Given>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// New ones that hold this long. `early`: they are refused so long before they end, as where a clock is wrong.
    pub fn give(&self, life: Duration, early: Duration) -> Given {
        let letters = |n: usize| -> String {
            let mut random = rand::rng();
            (0..n).map(|_| char::from(b'A' + random.random_range(0..26))).collect()
        };
        self.enter(format!("ASIA{}", letters(16)), letters(40), Some(letters(300)), life, early)
    }

    /// Somebody else's, which hold this long from now on.
    pub fn enter(&self, id: String, secret: String, token: Option<String>, life: Duration, early: Duration) -> Given {
        let end = Timestamp::now() + life;
        let refused_from = Some(Instant::now() + life - early);
        let given = Given { id: id.clone(), secret, token, end, refused_from, used: 0, refused: 0 };
        self.all().insert(id, given.clone());
        given
    }

    /// Keys that do not end.
    pub fn enter_lasting(&self, id: &str, secret: &str) {
        let (id, secret) = (id.to_owned(), secret.to_owned());
        let given =
            Given { id: id.clone(), secret, token: None, end: Timestamp::MAX, refused_from: None, used: 0, refused: 0 };
        self.all().insert(id, given);
    }

    pub fn look(&self, id: &str, token: Option<&str>) -> Verdict {
        let mut all = self.all();
        let Some(given) = all.get_mut(id).filter(|given| given.token.as_deref() == token) else {
            return Verdict::Unknown;
        };
        if given.refused_from.is_some_and(|from| Instant::now() >= from) {
            given.refused += 1;
            return Verdict::Expired;
        }
        given.used += 1;
        Verdict::Known { secret: given.secret.clone() }
    }

    /// How many sets were used, and how many requests came with one that had ended.
    pub fn figures(&self) -> (usize, u64) {
        let all = self.all();
        (all.values().filter(|given| given.used > 0).count(), all.values().map(|given| given.refused).sum())
    }

    /// Everything secret that was given out.
    pub fn secrets(&self) -> Vec<String> {
        self.all().values().flat_map(|given| [Some(given.secret.clone()), given.token.clone()]).flatten().collect()
    }
}
