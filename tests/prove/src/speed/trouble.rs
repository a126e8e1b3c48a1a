//! Trouble in mid-transfer: how soon after it all goes as before, and whether anything is sent that was there already.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rushes_bench::clips::Clips;
use rushes_bench::link::{Congestion, Link};
use rushes_bench::{Course, Direction, Way};
use serde::Serialize;
use serde_json::json;

use super::desk::{Desk, LOOK, acked, to_the_end, until};
use super::{Goals, aside};
use crate::evidence::Shown;

const LONG: Duration = Duration::from_secs(300);
/// What is called a speed is of so long.
const SPAN: f64 = 1.0;

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Trouble {
    Outage,
    Reset,
    Loss,
}

impl Trouble {
    fn begin(self, goals: &Goals, link: &Link) -> Result<()> {
        match self {
            Trouble::Outage => link.outage(Duration::from_secs_f64(goals.outage_seconds)),
            Trouble::Reset => link.reset(Duration::from_millis(500)),
            Trouble::Loss => link.loss(goals.lossy_percent),
        }
    }

    fn lasts(self, goals: &Goals) -> f64 {
        match self {
            Trouble::Outage => goals.outage_seconds,
            Trouble::Reset => 0.5,
            Trouble::Loss => goals.lossy_seconds,
        }
    }

    fn end(self, link: &Link) -> Result<()> {
        match self {
            Trouble::Loss => link.loss(link.profile().terms.loss_percent),
            // They end by themselves.
            Trouble::Outage | Trouble::Reset => Ok(()),
        }
    }
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let (mut figures, mut samples, mut passes) = (Vec::new(), Vec::new(), true);
        for trouble in [Trouble::Outage, Trouble::Reset, Trouble::Loss] {
            let (after, again, sample) = through(&goals, trouble)?;
            passes &= after <= goals.again_seconds && again <= goals.again_share;
            let name = serde_json::to_value(trouble)?;
            eprintln!("    {name}: full speed after {after:.1} s, {again:.3} of what was missing set out");
            figures.push(format!("{} {after:.1} s", name.as_str().unwrap_or_default()));
            figures.push(format!("({:.1} % beyond what was missing)", (again - 1.0).max(0.0) * 100.0));
            samples.push(sample);
        }
        Ok(Shown { figure: figures.join(" "), passes, samples: json!(samples) })
    })
    .await
}

/// Seconds from the trouble's end to full speed; and what set out after its beginning, beside what was not acknowledged
/// then.
fn through(goals: &Goals, trouble: Trouble) -> Result<(f64, f64, serde_json::Value)> {
    let way: Way = "bureau".parse()?;
    let course = Course::open(&way, Congestion::Cubic)?;
    let link = course.link().context("a link")?;
    let clips = Clips::make(course.scratch(), 1, goals.trouble_bytes)?;
    let desk = Desk::sit_down(&course)?;
    let clip = clips.paths().remove(0);
    let mut running = desk.start(&["put", &clip, "--to", "trouble"])?;
    let begun = Instant::now();
    let mut carried: Vec<(f64, u64)> = Vec::new();
    let note = |carried: &mut Vec<(f64, u64)>| -> Result<()> {
        carried.push((begun.elapsed().as_secs_f64(), desk.carried(Direction::Up)?.0));
        Ok(())
    };
    until(&mut running, LONG, |rows| {
        note(&mut carried)?;
        Ok(acked(rows) > goals.trouble_bytes / 5 && begun.elapsed().as_secs_f64() > 12.0)
    })?;
    let lately: Vec<f64> = speeds(&carried).into_iter().rev().take(20).map(|(_, speed)| speed).collect();
    let full = rushes_bench::sample::median(&lately).context("no speed before the trouble")?;
    let there = acked(&running.rows()?);
    let (_, set_out) = desk.carried(Direction::Up)?;
    trouble.begin(goals, link)?;
    let began = begun.elapsed().as_secs_f64();
    while begun.elapsed().as_secs_f64() < began + trouble.lasts(goals) {
        note(&mut carried)?;
        std::thread::sleep(LOOK);
    }
    trouble.end(link)?;
    let ended = begun.elapsed().as_secs_f64().max(began + trouble.lasts(goals));
    to_the_end(&mut running, LONG, |_| note(&mut carried))?;
    let sent = desk.carried(Direction::Up)?.1 - set_out;
    let is_full = |(at, speed): &&(f64, f64)| *at > ended && *speed >= full * goals.full_share;
    let after = speeds(&carried).iter().find(is_full).map(|(at, _)| at - ended).context("never at full speed again")?;
    let again = sent as f64 / (goals.trouble_bytes - there) as f64;
    let sample = json!({
        "trouble": trouble, "full_bytes_a_second": full, "began": began, "ended": ended, "acked_when_it_began": there,
        "set_out_after": sent, "seconds_to_full_speed": after, "carried": carried,
    });
    Ok((after, again, sample))
}

/// Bytes a second over the span before each moment.
fn speeds(carried: &[(f64, u64)]) -> Vec<(f64, f64)> {
    let speed = |(at, bytes): &(f64, u64)| {
        let (then, before) = carried.iter().rfind(|(then, _)| *then <= at - SPAN)?;
        Some((*at, (bytes - before) as f64 / (at - then)))
    };
    carried.iter().filter_map(speed).collect()
}
