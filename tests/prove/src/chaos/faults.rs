//! Which request meets which fault. Pure: the seed, what is asked for and the how-manieth time it is asked decide, so that
//! a campaign can be repeated whatever the order in which its requests arrive.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The connection is reset in the midst of the request, or of the answer.
    Reset,
    /// The connection stays open, and nothing moves on it any more.
    Stall,
    /// The answer ends too early, and so does the connection.
    Truncate,
    /// One byte of the body is another one.
    Corrupt,
    SlowDown,
    InternalError,
    RequestTimeout,
    /// The keys are said to have run out.
    Expired,
    /// The clock is said to be wrong, and so is the store's.
    Skew,
    /// The upload is completed, and nobody hears of it.
    Unheard,
}

impl Fault {
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// What is asked for, as far as faults go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// With a body that goes up.
    Put,
    Get,
    Complete,
    /// All else: short, both ways.
    Other,
}

pub fn asked(method: &str, target: &str) -> Asked {
    match method {
        "PUT" => Asked::Put,
        "GET" if !target.contains('?') || target.contains("x-id=GetObject") => Asked::Get,
        "POST" if target.contains("uploadId=") => Asked::Complete,
        _ => Asked::Other,
    }
}

/// A request is let be after so many tries: no link is that bad.
const TRIES: u32 = 3;

#[derive(Debug)]
pub struct Plan {
    seed: u64,
    tries: Mutex<HashMap<String, u32>>,
    met: Mutex<BTreeMap<Fault, u32>>,
}

impl Plan {
    pub fn new(seed: u64) -> Plan {
        Plan { seed, tries: Mutex::default(), met: Mutex::default() }
    }

    /// What this request meets.
    pub fn fault(&self, method: &str, target: &str, range: &str) -> Option<Fault> {
        let asked = asked(method, target);
        let what = format!("{method} {} {range}", lasting(target));
        let tries = {
            let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
            let tries = all.entry(what.clone()).or_default();
            *tries += 1;
            *tries
        };
        if tries > TRIES {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (self.seed, &what, tries).hash(&mut hasher);
        let mut random = StdRng::seed_from_u64(hasher.finish());
        let often = if asked == Asked::Complete { 0.8 } else { 0.22 };
        if !random.random_bool(often) {
            return None;
        }
        use Fault::*;
        let kinds: &[Fault] = match asked {
            Asked::Put => {
                &[Reset, Reset, Stall, Corrupt, Corrupt, SlowDown, InternalError, RequestTimeout, Expired, Skew]
            }
            Asked::Get => {
                &[Reset, Stall, Truncate, Truncate, Corrupt, SlowDown, InternalError, RequestTimeout, Expired, Skew]
            }
            Asked::Complete => &[Unheard, Unheard, Unheard, InternalError, Reset],
            Asked::Other => &[Reset, SlowDown, InternalError, RequestTimeout, Expired, Skew],
        };
        Some(kinds[random.random_range(0..kinds.len())])
    }

    /// It was really met.
    pub fn met(&self, fault: Fault) {
        *self.met.lock().unwrap_or_else(PoisonError::into_inner).entry(fault).or_default() += 1;
    }

    pub fn all_met(&self) -> BTreeMap<String, u32> {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        met.iter().map(|(fault, count)| (fault.name(), *count)).collect()
    }
}

/// An upload's ID is another one in every campaign.
fn lasting(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let kept: Vec<&str> = query.split('&').filter(|word| !word.starts_with("uploadId=")).collect();
    format!("{path}?{}", kept.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_meets_the_same_faults_in_any_order() {
        let meets = |seed, order: &mut dyn Iterator<Item = u32>| {
            let plan = Plan::new(seed);
            let mut met: Vec<(u32, Option<Fault>)> =
                order.map(|n| (n, plan.fault("PUT", &format!("/b/k?partNumber={n}&uploadId=x{n}"), ""))).collect();
            met.sort_by_key(|(n, _)| *n);
            met
        };
        assert_eq!(meets(1, &mut (0..200)), meets(1, &mut (0..200).rev()));
        assert_ne!(meets(1, &mut (0..200)), meets(2, &mut (0..200)));
    }

    #[test]
    fn nothing_is_hindered_for_ever() {
        let plan = Plan::new(3);
        for _ in 0..TRIES {
            plan.fault("POST", "/b/k?uploadId=1", "");
        }
        assert!((0..100).all(|_| plan.fault("POST", "/b/k?uploadId=2", "").is_none()));
    }
}
