//! Watch folders, and footage that goes up while it is shot. Rows only; what they run on is in the files beside this one.

mod cards;
mod dropped;
mod far;
mod half;
mod idle;
mod ingest;
mod limits;
mod pictures;
mod receipts;
mod recorder;
mod shot;

use serde::Deserialize;

use crate::evidence::Evidence;

#[derive(Clone, Debug, Deserialize)]
pub struct Goals {
    /// Files that are dropped in every way there is, half of them on a network drive.
    dropped: u32,
    dropped_bytes: u64,
    dropped_least: u64,
    dropped_most: u64,
    dropped_kills: u32,
    /// A slow writer rests for so long between two pieces.
    pause_seconds: u64,
    /// Files that arrive at each of the system's limits.
    limited: u32,
    /// How long a half-copied file is left alone.
    half_seconds: u64,
    idle_folders: u32,
    idle_files: u32,
    idle_seconds: u64,
    /// Of one processor.
    idle_share: f64,
    idle_bytes: u64,
    /// Each recording's length and rate, and the link's.
    recording_seconds: u64,
    recording_mbit: f64,
    recording_link_mbit: f64,
    /// From the recorder's end to the proof.
    recording_proved_seconds: f64,
    /// What may go up beyond the recording itself: changed parts, TLS, HTTP, what the link lost.
    recording_again_share: f64,
    recording_kills: usize,
    /// Clips on each card.
    card_clips: u32,
    /// Seconds of footage in each.
    card_seconds: u32,
    /// Files of the card that gets a receipt, and their bytes in all.
    receipt_files: u32,
    receipt_bytes: u64,
    screenshot_width: u32,
    screenshot_height: u32,
}

pub async fn prove(evidence: &Evidence) {
    let Some(goals) = evidence.goals::<Goals>() else { return };
    let what = format!(
        "{} files of 1 KB to 50 MB dropped by cp, rsync, mv, a slow writer and save-by-rename, on a disk and over sshfs, \
         {} kills meanwhile",
        goals.dropped, goals.dropped_kills
    );
    let goal = format!("{} of {} in the bucket, bit-exact, each once", goals.dropped, goals.dropped);
    evidence.row(1, &what, &goal, dropped::row(&goals)).await;
    let what = "inotify's watches, instances and queue at their lowest";
    evidence.row(2, what, "nothing missed; it says what it did", limits::row(&goals)).await;
    let what = format!("a half-copied file left alone for {} s with its writer open", goals.half_seconds);
    evidence.row(3, &what, "not sent, and said; whole once it is closed", half::row(&goals)).await;
    let goal = format!(
        "proved ≤ {} s after the recorder (faststart: + the link's time for all of it), each plays, bit-exact; ≤ {:.0} % sent beyond it and what changed",
        goals.recording_proved_seconds,
        goals.recording_again_share * 100.0
    );
    let what = format!(
        "ffmpeg records {} s of {} Mb/s onto the bureau's link: MXF, TS, MP4, fragmented, faststart",
        goals.recording_seconds, goals.recording_mbit
    );
    evidence.row(4, &what, &goal, shot::row(&goals)).await;
    let what = format!("the same, with {} times kill -9 in each recording", goals.recording_kills);
    evidence.row(5, &what, "all bit-exact", shot::killed(&goals)).await;
    let what = "a P2 and an XDCAM card made with ffmpeg, in their documented layout";
    let goal = "one row each; every file bit-exact under its structure; metadata in the objects";
    evidence.row(6, what, goal, cards::row(&goals)).await;
    let what = "a card's receipt, read by the reference tool for ASC MHL";
    let goal = "verifies; one flipped byte on the card or another object under a key is found";
    evidence.row(7, what, goal, receipts::row(&goals)).await;
    let goal = format!("≤ {:.1} % of a core, ≤ {} MB", goals.idle_share * 100.0, goals.idle_bytes / 1_000_000);
    let what = format!("{} watch folders holding {} files, at rest", goals.idle_folders, goals.idle_files);
    evidence.row(8, &what, &goal, idle::row(&goals)).await;
    let goal = format!("6 pictures of {} × {}", goals.screenshot_width, goals.screenshot_height);
    let what = "screenshots of watch folders, their form, and a card with its receipt, dark and light";
    evidence.row(9, what, &goal, pictures::taken(&goals, evidence.folder())).await;
}
