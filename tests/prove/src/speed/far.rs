//! Goodput over the far links, as a share of the link's rate and beside the best peer.

use std::collections::HashMap;

use anyhow::{Context, Result};
use rushes_bench::{Direction, Tool};
use serde_json::json;

use super::{Far, Goals, aside, median_of, runs};
use crate::evidence::Shown;

impl Far {
    pub fn what(&self) -> String {
        let files = if self.files == 1 { "one file".to_owned() } else { format!("{} files", self.files) };
        let how = match (self.direction, self.cubic) {
            (Direction::Down, _) => "",
            (Direction::Up, true) => ", cubic forced",
            (Direction::Up, false) => ", as shipped",
        };
        format!("{} {}, {files}{how}", self.link, self.direction)
    }

    pub fn goal(&self, within: f64) -> String {
        let share = self.share.map(|share| format!("≥ {:.0} %", share * 100.0));
        let ratio = self.ratio.map(|ratio| format!("≥ {ratio:.2} × the best peer at 100"));
        let foretold = self.foretold().map(|_| format!("within {:.0} % of the pace's simulation", within * 100.0));
        share.into_iter().chain(ratio).chain(foretold).collect::<Vec<_>>().join(", ")
    }

    /// The share that the pace's simulation comes to, where it was asked.
    fn foretold(&self) -> Option<f64> {
        let all: HashMap<String, f64> =
            serde_json::from_str(include_str!("../../../../docs/pace/simulated.json")).unwrap_or_default();
        let name = format!("{} {}", self.link, self.direction);
        (self.files == 1 && !self.cubic).then(|| all.get(&name).copied()).flatten()
    }

    fn ours(&self) -> Tool {
        if self.cubic { Tool::RushesCubic } else { Tool::Rushes }
    }
}

pub async fn row(goals: &Goals, far: &Far) -> Result<Shown> {
    let (goals, far) = (goals.clone(), far.clone());
    aside(move || {
        let peers: Vec<Tool> = match far.ratio {
            Some(_) => vec!["rclone-100".parse()?, "s5cmd-100".parse()?],
            None => vec![],
        };
        let tools: Vec<Tool> = std::iter::once(far.ours()).chain(peers.iter().copied()).collect();
        let size = (far.files, goals.clip_bytes);
        let samples =
            runs(&far.link, &tools, far.direction, size, far.rounds.unwrap_or(goals.rounds), goals.limit_seconds)?;
        let share = median_of(&samples, far.ours(), |sample| sample.share.unwrap_or(0.0));
        let share = share.context("a run of Rushes did not end well")?;
        let best = peers
            .iter()
            .filter_map(|peer| median_of(&samples, *peer, |sample| sample.share.unwrap_or(0.0)).map(|s| (s, *peer)))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let ratio = best.map(|(theirs, _)| share / theirs);
        let foretold = far.foretold();
        let passes = far.share.is_none_or(|least| share >= least)
            && foretold.is_none_or(|told| (told / share - 1.0).abs() <= goals.simulation_within)
            // A peer that never arrives is no reason to fail.
            && far.ratio.is_none_or(|least| ratio.is_none_or(|ratio| ratio >= least));
        let beside = match (best, ratio) {
            (Some((theirs, peer)), Some(ratio)) => format!(", {ratio:.2} × {peer} ({:.1} %)", theirs * 100.0),
            _ => String::new(),
        };
        let told = foretold.map(|told| format!(", simulated {:.1} %", told * 100.0)).unwrap_or_default();
        let figure = format!("{:.1} %{beside}{told}", share * 100.0);
        Ok(Shown { figure, passes, samples: json!({ "runs": samples, "simulated": foretold }) })
    })
    .await
}
