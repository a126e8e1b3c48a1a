//! Watch folders, and footage that goes up while it is shot. Rows only; what they run on is in the files beside this one.

mod cards;

use serde::Deserialize;

use crate::evidence::Evidence;

#[derive(Clone, Debug, Deserialize)]
pub struct Goals {
    /// Clips on each card.
    card_clips: u32,
    /// Seconds of footage in each.
    card_seconds: u32,
}

pub async fn prove(evidence: &Evidence) {
    let Some(goals) = evidence.goals::<Goals>() else { return };
    let what = "a P2 and an XDCAM card made with ffmpeg, in their documented layout";
    let goal = "one row each; every file bit-exact under its structure; metadata in the objects";
    evidence.row(6, what, goal, cards::row(&goals)).await;
}
