//! Watch folders, and footage that goes up while it is shot. Rows only; what they run on is in the files beside this one.

mod cards;
mod receipts;

use serde::Deserialize;

use crate::evidence::Evidence;

#[derive(Clone, Debug, Deserialize)]
pub struct Goals {
    /// Clips on each card.
    card_clips: u32,
    /// Seconds of footage in each.
    card_seconds: u32,
    /// Files of the card that gets a receipt, and their bytes in all.
    receipt_files: u32,
    receipt_bytes: u64,
}

pub async fn prove(evidence: &Evidence) {
    let Some(goals) = evidence.goals::<Goals>() else { return };
    let what = "a P2 and an XDCAM card made with ffmpeg, in their documented layout";
    let goal = "one row each; every file bit-exact under its structure; metadata in the objects";
    evidence.row(6, what, goal, cards::row(&goals)).await;
    let what = "a card's receipt, read by the reference tool for ASC MHL";
    let goal = "verifies; one flipped byte on the card or another object under a key is found";
    evidence.row(7, what, goal, receipts::row(&goals)).await;
}
