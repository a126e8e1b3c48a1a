//! The fault campaign: hundreds of transfers through everything that a network, a store and a power cut can do, repeatable
//! by its seed. `make chaos`, and row 11 of `speed`.

mod campaign;
mod fatal;
mod faults;
mod proxy;

use anyhow::Result;
use serde::Deserialize;
use serde_json::json;

use crate::evidence::Shown;

#[derive(Clone, Debug, Deserialize)]
pub struct Goals {
    seeds: Vec<u64>,
    /// Clips of a direction: of at least `large_bytes`, of several parts, of one.
    up: (usize, usize, usize),
    down: (usize, usize, usize),
    large_bytes: u64,
    /// Of each direction.
    kills: u32,
    /// How often each kind of fault must have been met, at the least.
    each_kind: u32,
}

impl Goals {
    /// A campaign of one's own.
    pub fn with_seeds(mut self, seeds: Vec<u64>) -> Goals {
        if !seeds.is_empty() {
            self.seeds = seeds;
        }
        self
    }

    pub fn what(&self) -> String {
        let sum = |(a, b, c): (usize, usize, usize)| a + b + c;
        format!("chaos, {} seeds of {} transfers", self.seeds.len(), sum(self.up) + sum(self.down))
    }

    pub fn goal(&self) -> String {
        format!("all bit-exact or named, every fault ≥ {} times a seed, nothing left behind", self.each_kind)
    }
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let (mut figures, mut samples, mut passes) = (Vec::new(), Vec::new(), true);
    for seed in &goals.seeds {
        let outcome = campaign::run(goals, *seed).await?;
        let rarest = outcome.faults.iter().min_by_key(|(_, count)| **count);
        let rarest = rarest.map(|(fault, count)| (fault.clone(), *count)).unwrap_or_default();
        // Ten of the network and the store, and the kills.
        let all_kinds = outcome.faults.len() == 11 && rarest.1 >= goals.each_kind;
        passes &= outcome.exact == outcome.transfers && outcome.orphans == 0 && all_kinds;
        let met: u32 = outcome.faults.values().sum();
        figures.push(format!(
            "seed {seed}: {} of {} exact, {met} faults (rarest {} {}), {} left behind",
            outcome.exact, outcome.transfers, rarest.0, rarest.1, outcome.orphans
        ));
        samples.push(json!({
            "seed": seed, "transfers": outcome.transfers, "exact": outcome.exact, "orphans": outcome.orphans,
            "faults": outcome.faults, "seconds": outcome.seconds, "runs": outcome.runs,
        }));
    }
    let fatal = fatal::all().await?;
    passes &= fatal["orphans"] == 0;
    figures.push("changed source, revoked keys, full disk: by their codes".into());
    samples.push(fatal);
    Ok(Shown { figure: figures.join("; "), passes, samples: json!(samples) })
}
