//! What a link is like: its terms, and the committed table of those that have a name.
//! May not live here: how a link is made.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// What holds for a packet on its way, in each direction by itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Of the narrowest point. None: as fast as this computer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_mbit: Option<f64>,
    /// One way, without the queue.
    pub delay_ms: f64,
    /// Of packets, at random.
    pub loss_percent: f64,
    /// How much waits at the narrowest point at most, as time that it takes at the rate.
    pub queue_ms: f64,
}

impl Terms {
    /// Bits a second.
    pub fn rate(&self) -> Option<f64> {
        self.rate_mbit.map(|mbit| mbit * 1e6)
    }

    pub fn delay(&self) -> Duration {
        Duration::from_secs_f64(self.delay_ms / 1e3)
    }

    pub fn queue(&self) -> Duration {
        Duration::from_secs_f64(self.queue_ms / 1e3)
    }

    /// As a share of one.
    pub fn loss(&self) -> f64 {
        self.loss_percent / 100.0
    }

    /// There and back, with nothing in the queues.
    pub fn round_trip(&self) -> Duration {
        self.delay() * 2
    }
}

/// Terms with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub name: String,
    pub terms: Terms,
}

impl Profile {
    /// One of the table.
    pub fn named(name: &str) -> Result<Profile> {
        let mut table = table()?;
        let known = table.keys().cloned().collect::<Vec<_>>().join(", ");
        let terms = table.remove(name).with_context(|| format!("no link is named {name}; there are {known}"))?;
        Ok(Profile { name: name.to_owned(), terms })
    }
}

fn table() -> Result<BTreeMap<String, Terms>> {
    toml::from_str(include_str!("../../links.toml")).context("links.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads() {
        let bureau = Profile::named("bureau").unwrap();
        assert_eq!(bureau.terms.rate(), Some(200e6));
        assert_eq!(bureau.terms.round_trip(), Duration::from_millis(180));
        assert!((bureau.terms.loss() - 0.001).abs() < 1e-12);
        assert_eq!(Profile::named("lan").unwrap().terms.rate(), None);
        for name in ["remote", "hotel", "metro"] {
            assert!(Profile::named(name).unwrap().terms.rate().is_some());
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let error = Profile::named("moon").unwrap_err().to_string();
        assert!(error.contains("moon") && error.contains("bureau, hotel, lan, metro, remote"), "{error}");
    }
}
