//! Every way to the bucket: rows on a world of namespaces, with AWS's real names, through the release build of `rushesctl`.

mod chooser;
pub mod cloudfront;
mod cut;
mod front;
mod lanes;
mod multi_region;
mod names;
mod replica;
mod second;
mod stage;
mod world;

use anyhow::Result;
use serde::Deserialize;

use crate::evidence::Evidence;
use world::Terrain;

#[derive(Clone, Debug, Deserialize)]
pub struct Goals {
    terrain: Terrain,
    clip_bytes: u64,
    /// A run that takes longer than this is cut, in seconds.
    limit_seconds: u64,
    one_share: f64,
    /// On the best lane so soon after the start, in seconds.
    best_within_seconds: f64,
    /// Beside peers as they come, and beside the best by hand.
    as_they_come_ratio: f64,
    by_hand_ratio: f64,
    two_share: f64,
    cut_bytes: u64,
    cut_seconds: f64,
    stall_seconds: f64,
    back_seconds: f64,
    /// An office that comes second, with the clip in a cache: of its link, and of the clip's bytes.
    warm_share: f64,
    warm_from_region: f64,
    /// There and back to the first region, and to the second.
    replica_first_ms: f64,
    replica_ms: f64,
    replica_bytes: u64,
    replica_stall_seconds: f64,
    /// Random ones for the chooser, and how much longer than the best choice known afterwards it may take.
    worlds: u32,
    worlds_median: f64,
    worlds_p99: f64,
}

pub async fn prove(evidence: &Evidence) {
    let Some(goals) = evidence.goals::<Goals>() else { return };
    let goal = "through the edge, by AWS's own names; each trap in its own sentence";
    evidence.row(1, "acceleration as sent to AWS, TLS and SigV4", goal, names::row(&goals)).await;
    let goal = format!(
        "≥ {:.0} % of the uplink, on the best lane within {} s; ≥ {} × rclone and aws-crt, ≥ {} × rclone-100",
        goals.one_share * 100.0,
        goals.best_within_seconds,
        goals.as_they_come_ratio,
        goals.by_hand_ratio
    );
    evidence
        .row(
            2,
            "one uplink, all routes open, 500 MB up; peers on the direct route, by cubic as systems come",
            &goal,
            lanes::one(&goals),
        )
        .await;
    let goal = format!("≥ {:.0} % of their sum, up and down", goals.two_share * 100.0);
    evidence.row(3, "two uplinks", &goal, lanes::two(&goals)).await;
    let goal = format!(
        "stall ≤ {} s each; nothing acknowledged again; back ≤ {} s after it returns",
        goals.stall_seconds, goals.back_seconds
    );
    evidence.row(4, "the busiest lane cut in mid-transfer, then another", &goal, cut::row(&goals)).await;
    let goal = format!(
        "second office ≥ {:.0} % of its link with ≤ {:.0} % of the bytes from the region",
        goals.warm_share * 100.0,
        goals.warm_from_region * 100.0
    );
    let what = "cold and warm CloudFront cache, 500 MB down: two offices behind one edge, two edges behind a shield";
    evidence.row(5, what, &goal, cloudfront::caches::row(&goals)).await;
    let goal = "as botocore and OpenSSL have them; what is wrong is refused in its own sentence, and the clip lands";
    evidence.row(6, "CloudFront's signatures", goal, cloudfront::signatures::row(&goals)).await;
    let goal = format!(
        "no bytes for ≤ {} s; lands exact, a new one too; what was not copied waits, what nobody knows is told apart",
        goals.replica_stall_seconds
    );
    evidence.row(7, "the first region down for good, downloads by the replica", &goal, replica::row(&goals)).await;
    let goal = "HEAD and GETs with ranges, every signature verified by OpenSSL, every changed one refused; no PUT";
    evidence.row(8, "a multi-region access point, SigV4A", goal, multi_region::row(&goals)).await;
    let percent = |ratio: f64| (ratio - 1.0) * 100.0;
    let goal = format!(
        "median ≤ {:.0} %, p99 ≤ {:.0} % beyond the best choice known afterwards",
        percent(goals.worlds_median),
        percent(goals.worlds_p99)
    );
    evidence.row(9, "the chooser on random lanes, simulated", &goal, chooser::row(&goals)).await;
}

/// Blocks; on a thread that may.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}
