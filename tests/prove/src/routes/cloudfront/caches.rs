//! A clip that one office has fetched comes to the next out of a cache near by.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rushes_bench::clips::Clips;
use rushes_bench::link::Namespace;
use rushes_rig::env::Env;
use rushes_rig::{footage, seaweed};
use serde::Serialize;
use serde_json::json;

use super::DOMAIN;
use super::edge::{Behind, Edge, Manner, ORIGIN, shield};
use super::keys::Pair;
use super::second::{self, SHIELD, Second};
use crate::evidence::Shown;
use crate::routes::stage::{HOME, Stage};
use crate::routes::world::{CLOUDFRONT, REGION, REGION_FROM_EDGE};
use crate::routes::{Goals, aside};

/// How often what arrives is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// What comes before the clip: names, handshakes, what the bucket says.
const TALK: u64 = 100_000;

/// One office's download.
#[derive(Debug, Serialize)]
struct Got {
    /// Of the office's link, from the clip's first byte to its last.
    share: f64,
    /// Bytes that left the region for it: to CloudFront, and straight to the office.
    to_cloudfront: u64,
    to_office: u64,
    course: Vec<(f64, u64)>,
}

impl Got {
    /// Of the clip.
    fn share_from_region(&self, clip: u64) -> f64 {
        (self.to_cloudfront + self.to_office) as f64 / clip as f64
    }
}

#[derive(Clone, Copy, Debug)]
enum Between {
    /// Both offices ask the same edge.
    OneEdge,
    /// Each has its own, and both edges ask a shield.
    Shield,
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let mut told = Vec::new();
        let mut samples = Vec::new();
        let mut passes = true;
        for (between, what) in [(Between::OneEdge, "one edge"), (Between::Shield, "two edges, a shield")] {
            let (cold, warm) = offices(&goals, between)?;
            let from_region = warm.share_from_region(goals.clip_bytes);
            eprintln!(
                "    {what}: cold {:.1} %, {} + {} bytes from the region; warm {:.1} %, {} + {}",
                cold.share * 100.0,
                cold.to_cloudfront,
                cold.to_office,
                warm.share * 100.0,
                warm.to_cloudfront,
                warm.to_office
            );
            passes &= warm.share >= goals.warm_share && from_region <= goals.warm_from_region;
            told.push(format!(
                "{what}: first office {:.1} %, second {:.1} % with {:.2} % from the region",
                cold.share * 100.0,
                warm.share * 100.0,
                from_region * 100.0
            ));
            samples.push(json!({ "between": what, "cold": cold, "warm": warm }));
        }
        Ok(Shown { figure: told.join("; "), passes, samples: json!(samples) })
    })
    .await
}

fn offices(goals: &Goals, between: Between) -> Result<(Got, Got)> {
    let stage = Stage::open_to(&goals.terrain, true)?;
    stage.world.plug(1, false)?;
    let clips = Clips::make(&stage.scratch, 1, goals.clip_bytes)?;
    let clip = std::fs::read(&clips.paths()[0])?;
    stage.witness(async |bucket| bucket.put(&clips.names[0], clip).await)?;
    let pair = Pair::make(&stage.scratch.fresh("keys")?, "K2JCJMDEHXQW5F")?;

    let region = [format!("s3.{HOME}.amazonaws.com"), format!("{}.s3.{HOME}.amazonaws.com", seaweed::BUCKET)];
    let (behind, its_edge) = match between {
        Between::OneEdge => ([Behind::Region(REGION_FROM_EDGE); 2], CLOUDFRONT),
        Between::Shield => (SHIELD.map(Behind::Shield), second::EDGE),
    };
    let names = [(REGION, region.to_vec()), (its_edge, vec![DOMAIN.to_owned()])];
    let second = Second::up(&stage.world, &goals.terrain, &names)?;
    let _shield = match between {
        Between::OneEdge => None,
        Between::Shield => Some(shield(&stage, &second.shield, &SHIELD, REGION_FROM_EDGE)?),
    };
    let edge = |network, address, behind| Edge::start(&stage, network, address, behind, Manner::Ranges, &[&pair]);
    let _edges = (edge(&stage.world.edge, CLOUDFRONT, behind[0])?, edge(&second.edge, second::EDGE, behind[1])?);
    let cold = get(&stage, goals, &stage.world.office, &clips, &pair)?;
    let warm = get(&stage, goals, &second.office, &clips, &pair)?;
    Ok((cold, warm))
}

fn get(stage: &Stage, goals: &Goals, office: &Namespace, clips: &Clips, pair: &Pair) -> Result<Got> {
    let ctl = stage.ctl_at(office)?.with(&Env::new().with("RUSHES_CLOUDFRONT_KEY", pair.pem()?));
    let into = stage.scratch.fresh("into")?;
    let (folder, signer) = (into.display().to_string(), format!("pair:{}", pair.id));
    let words = [
        &["--bucket", seaweed::BUCKET, "--region", HOME, "--cloudfront", DOMAIN, "--cloudfront-signer", &signer][..],
        &["--json", "get", &clips.names[0], "--into", &folder],
    ];
    let (before, base) = (left(stage)?, arrived(office)?);
    let began = Instant::now();
    let mut running = ctl.spawn(&words.concat())?;
    let mut course = Vec::new();
    while running.is_running()? {
        ensure!(began.elapsed().as_secs() < goals.limit_seconds, "it took too long");
        course.push((began.elapsed().as_secs_f64(), arrived(office)? - base));
        std::thread::sleep(LOOK);
    }
    course.push((began.elapsed().as_secs_f64(), arrived(office)? - base));
    let rows = running.rows()?;
    ensure!(!rows.is_empty() && rows.iter().all(|row| row["state"] == "done"), "it ended badly: {rows:?}");
    ensure!(footage::same(&into.join(&clips.names[0]), Path::new(&clips.paths()[0]))?, "the clip is not the same");
    // nginx writes down what is over.
    std::thread::sleep(Duration::from_millis(500));
    let after = left(stage)?;
    let all = course.last().map_or(0, |(_, bytes)| *bytes);
    let first = course.iter().rfind(|(_, bytes)| *bytes < TALK).map_or(0.0, |(at, _)| *at);
    let last = course.iter().find(|(_, bytes)| *bytes + TALK >= all).map_or(0.0, |(at, _)| *at);
    let share = goals.clip_bytes as f64 * 8.0 / 1e6 / (last - first) / goals.terrain.uplink_mbit;
    Ok(Got { share, to_cloudfront: after.0 - before.0, to_office: after.1 - before.1, course })
}

/// What has come to an office by its first network.
fn arrived(office: &Namespace) -> Result<u64> {
    let output = office.command("cat").arg("/sys/class/net/eth0/statistics/rx_bytes").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// Bytes that have left the region, to CloudFront and to offices.
fn left(stage: &Stage) -> Result<(u64, u64)> {
    let (_, region) = stage.asked()?;
    let (cloudfront, offices): (Vec<_>, Vec<_>) = region.iter().partition(|asked| asked.host == ORIGIN);
    let sum = |asked: &[&crate::routes::front::Asked]| asked.iter().map(|asked| asked.sent).sum();
    Ok((sum(&cloudfront), sum(&offices)))
}
