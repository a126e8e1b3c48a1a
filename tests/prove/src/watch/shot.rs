//! Recordings that go up while they are shot, over the bureau's link, undisturbed and killed on the way.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rand::Rng;
use rushes_bench::link::Congestion;
use rushes_bench::{Course, Direction, Way};
use rushes_rig::footage;
use serde_json::{Value, json};

use super::Goals;
use super::recorder::{KINDS, Kind, Written, plays, record, scene};
use crate::evidence::Shown;
use crate::speed::desk::Desk;

/// The recorder has a file by then, on a busy machine.
const BEGINS: Duration = Duration::from_secs(20);
/// Longer than sending all of it again takes.
const ENDS: Duration = Duration::from_secs(240);
const LOOK: Duration = Duration::from_millis(50);

/// One recording in each container.
pub async fn row(goals: &Goals) -> Result<Shown> {
    rows(goals.clone(), 0).await
}

/// The same, with so many kills in each.
pub async fn killed(goals: &Goals) -> Result<Shown> {
    let kills = goals.recording_kills;
    rows(goals.clone(), kills).await
}

async fn rows(goals: Goals, kills: usize) -> Result<Shown> {
    tokio::task::spawn_blocking(move || {
        let way: Way = "bureau".parse()?;
        let course = Course::open(&way, Congestion::Cubic)?;
        let filmed = course.scratch().join("scene.mxf");
        scene(&filmed, goals.recording_seconds, goals.recording_mbit)?;
        let (_, seconds) = footage::probe(&filmed)?;
        let mut takes = Vec::new();
        for (i, kind) in KINDS.into_iter().enumerate() {
            let take = take(&goals, &course, &filmed, (i, kind), kills, seconds)
                .with_context(|| format!("{}, take {}", kind.name, i + 1))?;
            eprintln!(
                "    {}: {:.1} s after the recorder, {:.2} times its bytes went up, {:.0} MB of it changed",
                kind.name,
                take.after,
                take.sent,
                take.changed as f64 / 1e6
            );
            takes.push((kind, take));
        }
        let passes = takes.iter().all(|(kind, take)| kills > 0 || is_good(&goals, *kind, take));
        let each = takes.iter().map(|(kind, take)| {
            let changed = take.changed as f64 / 1e6;
            format!("{} {:.1} s, × {:.2} ({changed:.0} MB changed)", kind.name, take.after, take.sent)
        });
        let killed: usize = takes.iter().map(|(_, take)| take.kills.len()).sum();
        let kills_said = if kills > 0 { format!("{killed} kills; ") } else { String::new() };
        let told = takes.iter().filter(|(_, take)| take.told.is_some()).count();
        let figure = format!(
            "{kills_said}all bit-exact, all play, {told} tell their codec; proved after, sent: {}",
            each.collect::<Vec<_>>().join("; ")
        );
        let samples: Vec<Value> = takes
            .iter()
            .map(|(kind, take)| {
                json!({
                    "container": kind.name, "bytes": take.bytes, "changed": take.changed, "seconds_after": take.after, "sent": take.sent,
                    "killed_at": take.kills, "acked_at_end": take.acked_at_end, "told": take.told, "row": take.row,
                })
            })
            .collect();
        Ok(Shown { figure, passes: passes && (kills == 0 || killed == kills * KINDS.len()), samples: json!(samples) })
    })
    .await?
}

struct Take {
    bytes: u64,
    /// Seconds from the recorder's end to the proof.
    after: f64,
    /// What went up, as a multiple of the recording.
    sent: f64,
    /// Bytes of it that its recorder came back to, in whole parts.
    changed: u64,
    /// Seconds into the recording.
    kills: Vec<f64>,
    acked_at_end: u64,
    /// The codec that the object says it has: known before the recording ended, where the container tells by then.
    told: Option<String>,
    row: Value,
}

/// Plain ones within the goal's seconds; one that was shifted also has the link's own time for all of it. What went up is the
/// recording and what its recorder came back to, and no more.
fn is_good(goals: &Goals, kind: Kind, take: &Take) -> bool {
    let again = if kind.shifts { take.bytes as f64 * 8.0 / 1e6 / goals.recording_link_mbit } else { 0.0 };
    let due = 1.0 + take.changed as f64 / take.bytes as f64;
    take.after <= goals.recording_proved_seconds + again && take.sent <= due * (1.0 + goals.recording_again_share)
}

fn take(
    goals: &Goals,
    course: &Course,
    scene: &std::path::Path,
    (number, kind): (usize, Kind),
    kills: usize,
    seconds: f64,
) -> Result<Take> {
    let name = format!("take-{number}.{}", kind.ending);
    let clip = course.scratch().join(&name);
    let desk = Desk::sit_down(course)?;
    let (_, before) = desk.carried(Direction::Up)?;
    let mut recorder = record(scene, kind, &clip)?;
    let begun = Instant::now();
    while std::fs::metadata(&clip).map_or(0, |file| file.len()) < 1_000_000 {
        ensure!(begun.elapsed() < BEGINS, "the recorder wrote nothing");
        std::thread::sleep(LOOK);
    }
    let path = clip.to_str().context("a readable path")?;
    let put = ["put", path, "--to", "takes", "--growing"];
    let mut moments: Vec<f64> = (0..kills).map(|_| rand::rng().random_range(1.0..seconds - 1.0)).collect();
    moments.sort_by(f64::total_cmp);
    let mut running = desk.start(&put)?;
    let mut killed = Vec::new();
    let mut written = Written::of(&clip);
    while recorder.try_wait()?.is_none() {
        written.look()?;
        if moments.first().is_some_and(|at| begun.elapsed().as_secs_f64() >= *at) {
            moments.remove(0);
            running.kill()?;
            killed.push(begun.elapsed().as_secs_f64());
            running = desk.start(&put)?;
        }
        ensure!(running.is_running()?, "it ended before the recording: {:?}", running.lines()?.last());
        std::thread::sleep(LOOK);
    }
    let ended = Instant::now();
    ensure!(recorder.wait()?.success(), "the recorder failed");
    let acked = |rows: &[Value]| rows.iter().filter_map(|row| row["acked"].as_u64()).sum();
    let acked_at_end = acked(&running.rows()?);
    while running.is_running()? {
        ensure!(ended.elapsed() < ENDS, "not there after {ENDS:?}: {:?}", running.rows()?);
        std::thread::sleep(LOOK);
    }
    let after = ended.elapsed().as_secs_f64();
    let row = running.rows()?.pop().context("no row")?;
    ensure!(row["state"] == "done" && row["proof"]["by"] == "wholeObject", "it ended badly: {row}");
    let changed = written.changed()?;
    let (_, carried) = desk.carried(Direction::Up)?;
    let bytes = std::fs::metadata(&clip)?.len();
    ensure!(bytes as f64 * 8.0 / 1e6 / seconds > goals.recording_mbit * 0.8, "{bytes} bytes are no such recording");
    let key = format!("takes/{name}");
    ensure!(course.at_server(async |witness| witness.same(&key, &clip).await)?, "other bytes in the bucket");
    let head = course.at_server(async |witness| witness.head(&key).await)?.context("nothing is at its key")?;
    let told = head.metadata.get("rushes-codec").cloned();
    plays(&clip, seconds)?;
    course.at_server(async |witness| witness.delete(&key).await)?;
    std::fs::remove_file(&clip)?;
    Ok(Take {
        bytes,
        changed,
        after,
        sent: (carried - before) as f64 / bytes as f64,
        kills: killed,
        acked_at_end,
        told,
        row,
    })
}
