//! Goodput over the far links, as a share of the link's rate and beside the best peer.

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

    pub fn goal(&self) -> String {
        let share = self.share.map(|share| format!("≥ {:.0} %", share * 100.0));
        let ratio = self.ratio.map(|ratio| format!("≥ {ratio:.2} × the best peer at 100"));
        share.into_iter().chain(ratio).collect::<Vec<_>>().join(", ")
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
        let samples = runs(&far.link, &tools, far.direction, size, goals.rounds, goals.limit_seconds)?;
        let share = median_of(&samples, far.ours(), |sample| sample.share.unwrap_or(0.0));
        let share = share.context("a run of Rushes did not end well")?;
        let best = peers
            .iter()
            .filter_map(|peer| median_of(&samples, *peer, |sample| sample.share.unwrap_or(0.0)).map(|s| (s, *peer)))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let ratio = best.map(|(theirs, _)| share / theirs);
        let passes = far.share.is_none_or(|least| share >= least)
            // A peer that never arrives is no reason to fail.
            && far.ratio.is_none_or(|least| ratio.is_none_or(|ratio| ratio >= least));
        let beside = match (best, ratio) {
            (Some((theirs, peer)), Some(ratio)) => format!(", {ratio:.2} × {peer} ({:.1} %)", theirs * 100.0),
            _ => String::new(),
        };
        Ok(Shown { figure: format!("{:.1} %{beside}", share * 100.0), passes, samples: json!(samples) })
    })
    .await
}
