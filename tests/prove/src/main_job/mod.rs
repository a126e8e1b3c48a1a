//! The main job, on real footage: a clip dropped, sent in parts, surviving anything, proved, listed, and brought down
//! again bit for bit. A file here for each group of rows.

pub mod bad_input;
mod fresh;
mod hostile;
mod interop;
mod kills;
mod pictures;
mod real;
pub mod secrets;

use serde::Deserialize;

use crate::evidence::Evidence;

#[derive(Clone, Debug, Deserialize)]
pub struct Goals {
    pub clip_bytes: u64,
    pub kills_each_way: usize,
    pub parts_in_flight: u64,
    pub part_bytes: u64,
    pub make_test_minutes: f64,
    pub screenshot_width: u32,
    pub screenshot_height: u32,
}

pub async fn prove(evidence: &Evidence) {
    let Some(goals) = evidence.goals::<Goals>() else { return };
    let e = evidence;
    e.row(
        3,
        "500 MB MXF and MP4, window and rushesctl, practice and SeaweedFS",
        "8 of 8 proved and equal",
        real::footage(&goals),
    )
    .await;
    e.row(4, "a real drag of three files and a folder", "four rows, all Done", real::drag()).await;
    let goal =
        format!("{} of {} bit-exact; sent again ≤ in flight", 2 * goals.kills_each_way, 2 * goals.kills_each_way);
    e.row(5, "kill -9 at random moments, up and down", &goal, kills::killed(&goals)).await;
    e.row(
        6,
        "source edited between kill and resume, also with size and time put back",
        "sourceChanged, nothing mixed, old upload aborted on retry",
        kills::edited(&goals),
    )
    .await;
    e.row(7, "interop with aws s3 cp and rclone, both ways", "all equal", interop::both_ways()).await;
    e.row(
        8,
        "hostile keys listed and downloaded",
        "text only; each inside the folder, none lost, none over another",
        hostile::keys(),
    )
    .await;
    e.row(9, "bad input", "a sentence, a code, kept, goes on when mended", bad_input::all()).await;
    e.row(10, "secrets in data directory, logs and process list", "0 found", secrets::search()).await;
    let goal = format!("10 pictures of {} × {}", goals.screenshot_width, goals.screenshot_height);
    e.row(11, "screenshots of the views and sheets, dark and light", &goal, pictures::taken(&goals, evidence.folder()))
        .await;
    e.row(1, "a fresh clone: make run with no display", "exits 0, tells the story, leaves a picture", fresh::run())
        .await;
    let goal = format!("green, under {} minutes", goals.make_test_minutes);
    e.row(2, "a fresh clone: make test", &goal, fresh::test(&goals)).await;
}
