//! What lanes have carried, network by network, so that the next start begins where the last one ended. Pure: who keeps it
//! on disk is `core`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Name;
use crate::transfer::{Direction, UnixMs};

/// A reporter's year of hotels. What was not seen for longest goes first.
const NETWORKS: usize = 60;

/// By network, see `Uplink::network`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Memory(BTreeMap<String, Network>);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Network {
    seen: UnixMs,
    lanes: Vec<Known>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    lane: Name,
    /// Bytes a millisecond.
    up: Option<f64>,
    down: Option<f64>,
}

impl Memory {
    pub(crate) fn put(&mut self, network: &str, lane: &Name, direction: Direction, carried: f64, now: UnixMs) {
        let known = self.0.entry(network.to_owned()).or_default();
        known.seen = now;
        let place = known.lanes.iter().position(|known| known.lane == *lane).unwrap_or_else(|| {
            known.lanes.push(Known { lane: lane.clone(), up: None, down: None });
            known.lanes.len() - 1
        });
        match direction {
            Direction::Up => known.lanes[place].up = Some(carried),
            Direction::Down => known.lanes[place].down = Some(carried),
        }
        while self.0.len() > NETWORKS {
            let Some(oldest) = self.0.iter().min_by_key(|(_, network)| network.seen).map(|(name, _)| name.clone())
            else {
                return;
            };
            self.0.remove(&oldest);
        }
    }

    /// Bytes a millisecond.
    pub(crate) fn of(&self, network: &str, lane: &Name, direction: Direction) -> Option<f64> {
        let known = self.0.get(network)?.lanes.iter().find(|known| known.lane == *lane)?;
        match direction {
            Direction::Up => known.up,
            Direction::Down => known.down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Kind;

    fn lane(uplink: &str) -> Name {
        Name { profile: "Nairobi".into(), kind: Kind::Direct, uplink: uplink.into() }
    }

    #[test]
    fn a_network_is_known_again_and_the_one_not_seen_for_longest_is_forgotten() {
        let mut memory = Memory::default();
        for n in 0..NETWORKS + 1 {
            memory.put(&format!("hotel {n}"), &lane(""), Direction::Up, n as f64, n as UnixMs);
        }
        assert_eq!(memory.of("hotel 0", &lane(""), Direction::Up), None);
        assert_eq!(memory.of("hotel 1", &lane(""), Direction::Up), Some(1.0));
        assert_eq!(memory.of("hotel 1", &lane(""), Direction::Down), None);
        assert_eq!(memory.of("hotel 1", &lane("wlan0"), Direction::Up), None);
        memory.put("hotel 1", &lane(""), Direction::Down, 9.0, 1_000);
        let again: Memory = serde_json::from_str(&serde_json::to_string(&memory).unwrap()).unwrap();
        assert_eq!(again, memory);
    }
}
