//! A breaking clip dropped on a link that four files fill.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rushes_bench::clips::Clips;
use rushes_bench::link::Congestion;
use rushes_bench::{Course, Way};
use serde_json::json;

use super::desk::{Desk, LOOK, acked, until};
use super::{Goals, aside};
use crate::evidence::Shown;

const LONG: Duration = Duration::from_secs(120);

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let way: Way = "bureau".parse()?;
        let course = Course::open(&way, Congestion::Cubic)?;
        let four = Clips::make(course.scratch(), 4, goals.clip_bytes)?;
        let one = Clips::make(course.scratch(), 1, goals.breaking_bytes)?;
        let desk = Desk::sit_down(&course)?;
        let paths: Vec<String> = four.names.iter().map(|n| four.folder.join(n).display().to_string()).collect();
        let put = [&["put"], &paths.iter().map(String::as_str).collect::<Vec<_>>()[..], &["--to", "four"]].concat();
        let mut others = desk.start(&put)?;
        until(&mut others, LONG, |rows| Ok(acked(rows) > goals.clip_bytes / 2))?;

        // Of connections that were there before, none counts as breaking's, whoever uses it later: no figure is too good.
        let before = desk.connections()?;
        let dropped = Instant::now();
        let clip = one.folder.join(&one.names[0]).display().to_string();
        let mut breaking = desk.start(&["put", &clip, "--to", "hot", "--breaking"])?;
        // One part at the link's rate: the strictest reading of one part's time.
        let rate = goals.bureau_mbit * 1e6 / 8.0;
        let grace = goals.breaking_seconds + goals.part_bytes as f64 / rate;
        let mut last = before.clone();
        let (mut own, mut all) = (0u64, 0u64);
        let mut moments = Vec::new();
        let mut landed = None;
        while breaking.is_running()? {
            ensure!(dropped.elapsed() < LONG, "breaking took longer than {LONG:?}");
            let now = desk.connections()?;
            let since = |old: &BTreeMap<u16, u64>, port: &u16, bytes: u64| {
                bytes - old.get(port).copied().unwrap_or(0).min(bytes)
            };
            let moved: u64 = now.iter().map(|(port, bytes)| since(&last, port, *bytes)).sum();
            let ours: u64 =
                now.iter().filter(|(port, _)| !before.contains_key(port)).map(|(port, b)| since(&last, port, *b)).sum();
            let at = dropped.elapsed().as_secs_f64();
            let left = goals.breaking_bytes - acked(&super::desk::rows(&breaking)?);
            if at > grace && left > goals.part_bytes {
                (own, all) = (own + ours, all + moved);
            }
            moments.push(json!({ "seconds": at, "breaking": ours, "all": moved }));
            last = now;
            std::thread::sleep(LOOK);
        }
        let rows = super::desk::rows(&breaking)?;
        if rows.iter().all(|row| row["state"] == "done") && !rows.is_empty() {
            landed = Some(dropped.elapsed().as_secs_f64());
        }
        let landed = landed.with_context(|| format!("breaking did not land: {rows:?}"))?;
        ensure!(all > goals.breaking_bytes / 4, "it was over before there was anything to measure");
        let share = own as f64 / all as f64;
        others.kill()?;
        Ok(Shown {
            figure: format!(
                "{:.1} % from {grace:.1} s on; landed after {landed:.1} s, {:.0} Mb/s from the drop on",
                share * 100.0,
                goals.breaking_bytes as f64 * 8.0 / 1e6 / landed
            ),
            passes: share >= goals.breaking_share,
            samples: json!(moments),
        })
    })
    .await
}
