//! Promise 10: a recording goes up while it is shot, and what its end changed goes again, and nothing else.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::{Bench, error_of, is_done, part_bytes_sent};
use rushes_engine::api::{Action, TransferRow};
use rushes_engine::error::Code;
use rushes_engine::transfer::TransferId;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::{Link, Proxy};
use rushes_rig::{Scratch, footage};

const PART: u64 = 5 << 20;
const MB: u64 = 1_000_000;
/// What HTTP adds, of a whole recording's parts.
const OVERHEAD: u64 = MB;

/// Writes like one: piece by piece, no two the same.
struct Camera {
    file: File,
    path: PathBuf,
    pages: u64,
}

impl Camera {
    fn at(path: &Path) -> Camera {
        Camera { file: File::create(path).unwrap(), path: path.to_owned(), pages: 0 }
    }

    async fn shoot(&mut self, bytes: u64) {
        let mut left = bytes;
        while left > 0 {
            let length = left.min(MB);
            let piece: Vec<u8> =
                (0..length / 8 + 1).flat_map(|word| ((self.pages << 24) + word).to_le_bytes()).collect();
            self.file.write_all(&piece[..length as usize]).unwrap();
            self.pages += 1;
            left -= length;
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// And goes on where it was.
    fn rewrite(&mut self, at: u64, bytes: &[u8]) {
        self.file.seek(SeekFrom::Start(at)).unwrap();
        self.file.write_all(bytes).unwrap();
        self.file.seek(SeekFrom::End(0)).unwrap();
    }

    fn length(&self) -> u64 {
        self.file.metadata().unwrap().len()
    }
}

struct Set {
    scratch: Scratch,
    practice: Practice,
    proxy: Proxy,
    bench: Bench,
}

impl Set {
    async fn up() -> Set {
        let scratch = Scratch::new();
        let practice = Practice::start(&scratch).await.unwrap();
        let proxy = Proxy::before(practice.bucket()).await.unwrap();
        let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
        Set { scratch, practice, proxy, bench }
    }

    async fn begin(&self, camera: &Camera) -> TransferId {
        self.bench.add_growing(&camera.path).await.unwrap().transfers[0]
    }

    async fn again(self) -> Set {
        self.bench.close().await;
        let bench = Bench::open(&self.scratch.join("home"), &self.practice.bucket().through(&self.proxy)).await;
        Set { bench, ..self }
    }

    /// Done, and in the bucket as it is on the disk.
    async fn proved(&self, id: TransferId, clip: &Path) -> TransferRow {
        let row = self.bench.at_rest(id).await;
        assert!(is_done(&row) && !row.recording, "{row:#?}");
        let witness = self.practice.bucket().witness().unwrap();
        assert!(witness.same(&row.key, clip).await.unwrap(), "other bytes in the bucket");
        assert!(witness.unfinished().await.unwrap().is_empty());
        row
    }
}

/// The parts that went up more often than once. Of a store that is not known yet one byte goes first, as a part.
fn went_twice(link: &Link) -> Vec<u32> {
    let mut times: HashMap<u32, u32> = HashMap::new();
    for request in link.requests().iter().filter(|request| request.method == "PUT" && request.sent > 10_000) {
        let number = request.target.split("partNumber=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok());
        *times.entry(number.unwrap_or_default()).or_default() += 1;
    }
    let mut twice: Vec<u32> = times.into_iter().filter(|(_, times)| *times > 1).map(|(number, _)| number).collect();
    twice.sort_unstable();
    twice
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_goes_up_while_it_is_shot_and_only_what_its_end_changed_goes_again() {
    let set = Set::up().await;
    let mut camera = Camera::at(&set.scratch.join("take.mxf"));
    camera.shoot(12 * MB).await;
    let id = set.begin(&camera).await;
    camera.shoot(28 * MB).await;
    let row = set.bench.until(id, "all but the first and the last part there", |row| row.acked >= 6 * PART).await;
    assert!(row.recording && row.eta.is_none() && !is_done(&row), "{row:#?}");
    // The header, the index of a partition in the fourth part, and the footer.
    camera.rewrite(100, b"now it is known how long it is");
    camera.rewrite(3 * PART + 4_000, b"and where everything is");
    camera.shoot(300_000).await;
    let clip = camera.path.clone();
    let size = camera.length();
    drop(camera);
    let ended = std::time::Instant::now();
    set.proved(id, &clip).await;
    assert!(ended.elapsed() < Duration::from_secs(10), "{:?} after the camera", ended.elapsed());
    assert_eq!(went_twice(&set.proxy), [4]);
    assert!(part_bytes_sent(&set.proxy) < size + PART + OVERHEAD);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_followed_on_after_the_process_ended_and_nothing_that_counts_goes_again() {
    let set = Set::up().await;
    let mut camera = Camera::at(&set.scratch.join("take.ts"));
    camera.shoot(15 * MB).await;
    let id = set.begin(&camera).await;
    camera.shoot(10 * MB).await;
    set.bench.until(id, "three parts there", |row| row.acked >= 3 * PART).await;
    let set = set.again().await;
    camera.shoot(10 * MB).await;
    let row = set.bench.until(id, "more of it there", |row| row.acked >= 5 * PART).await;
    assert!(row.recording && row.kept >= 3 * PART, "{row:#?}");
    let clip = camera.path.clone();
    drop(camera);
    // And once more, wherever it is at its end.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let set = set.again().await;
    set.proved(id, &clip).await;
    let counted = went_twice(&set.proxy);
    assert!(counted.len() <= 2, "parts {counted:?} went twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_stopped_and_resumed_goes_on_as_one() {
    let set = Set::up().await;
    let mut camera = Camera::at(&set.scratch.join("take.mov"));
    camera.shoot(12 * MB).await;
    set.proxy.limit(Some(4 * MB), None);
    let id = set.begin(&camera).await;
    camera.shoot(24 * MB).await;
    camera.file = File::open(&camera.path).unwrap();
    // The link still has all of it before it when the writer has left.
    set.bench.until(id, "believed to have ended", |row| !row.recording && row.size > 30 * MB).await;
    camera.file = File::options().write(true).open(&camera.path).unwrap();
    camera.file.seek(SeekFrom::End(0)).unwrap();
    camera.shoot(9 * MB).await;
    let row = set.bench.until(id, "followed again", |row| row.recording && row.size > 40 * MB).await;
    assert!(row.said.as_ref().is_some_and(|said| said.contains("went on")), "{row:#?}");
    camera.rewrite(0, b"a new header");
    let clip = camera.path.clone();
    drop(camera);
    set.proxy.heal();
    set.proved(id, &clip).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_cut_goes_up_as_it_is_then() {
    let set = Set::up().await;
    let mut camera = Camera::at(&set.scratch.join("take.mxf"));
    camera.shoot(30 * MB).await;
    let id = set.begin(&camera).await;
    set.bench.until(id, "three parts there", |row| row.acked >= 3 * PART).await;
    camera.file.set_len(17 * MB).unwrap();
    camera.file.seek(SeekFrom::End(0)).unwrap();
    let row = set.bench.until(id, "seen to be cut", |row| row.said.is_some()).await;
    assert!(row.said.as_ref().is_some_and(|said| said.contains("cut to 17.0 MB")), "{row:#?}");
    camera.pages += 1_000;
    camera.shoot(8 * MB).await;
    let clip = camera.path.clone();
    drop(camera);
    set.proved(id, &clip).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_renamed_keeps_its_place_and_one_that_is_deleted_waits_for_somebody() {
    let set = Set::up().await;
    let mut camera = Camera::at(&set.scratch.join("take.mxf.new"));
    camera.shoot(14 * MB).await;
    let id = set.begin(&camera).await;
    set.bench.until(id, "a part there", |row| row.acked >= PART).await;
    let renamed = set.scratch.join("A001C002.mxf");
    std::fs::rename(&camera.path, &renamed).unwrap();
    let row = set.bench.until(id, "found under its new name", |row| row.name == "A001C002.mxf").await;
    assert!(row.said.is_some() && row.key == "take.mxf.new", "{row:#?}");
    camera.shoot(8 * MB).await;

    // Another name keeps the bytes, as a bin does.
    let bin = set.scratch.folder("bin").join("A001C002.mxf");
    std::fs::rename(&renamed, &bin).unwrap();
    let row = set.bench.at_rest(id).await;
    assert_eq!(error_of(&row).code, Code::SourceMissing, "{row:#?}");
    let witness = set.practice.bucket().witness().unwrap();
    assert_eq!(witness.unfinished().await.unwrap().len(), 1, "what was sent is kept until somebody decides");
    let set = set.again().await;
    std::fs::rename(&bin, &renamed).unwrap();
    set.bench.act(Action::Retry, id).await.unwrap();
    set.bench.until(id, "followed again", |row| row.recording && row.acked >= 3 * PART).await;
    camera.rewrite(0, b"header");
    drop(camera);
    set.proved(id, &renamed).await;
    assert!(went_twice(&set.proxy).len() <= 1, "{:?}", went_twice(&set.proxy));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_renamed_while_nobody_looks_is_found() {
    let set = Set::up().await;
    let mut camera = Camera::at(&set.scratch.join("unfinished.mp4"));
    camera.shoot(14 * MB).await;
    let id = set.begin(&camera).await;
    set.bench.until(id, "a part there", |row| row.acked >= PART).await;
    set.bench.close().await;
    camera.shoot(5 * MB).await;
    let renamed = set.scratch.join("finished.mp4");
    std::fs::rename(&camera.path, &renamed).unwrap();
    drop(camera);
    let bench = Bench::open(&set.scratch.join("home"), &set.practice.bucket().through(&set.proxy)).await;
    let set = Set { bench, ..set };
    let row = set.proved(id, &renamed).await;
    assert_eq!(row.name, "finished.mp4");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorder_that_moves_everything_at_its_end_is_sent_again_under_the_same_upload_and_said() {
    let set = Set::up().await;
    let mut camera = Camera::at(&set.scratch.join("faststart.mp4"));
    camera.shoot(30 * MB).await;
    let id = set.begin(&camera).await;
    set.bench.until(id, "five parts there", |row| row.acked >= 4 * PART).await;
    let before = std::fs::read(&camera.path).unwrap();
    camera.rewrite(0, &[&[7; 40_000][..], &before].concat());
    let clip = camera.path.clone();
    let size = camera.length();
    drop(camera);
    let row = set.proved(id, &clip).await;
    assert!(row.said.as_ref().is_some_and(|said| said.contains("moved everything")), "{row:#?}");
    assert!(part_bytes_sent(&set.proxy) < 2 * size + OVERHEAD);
    let begun = set
        .proxy
        .requests()
        .iter()
        .filter(|request| request.target.ends_with("?uploads=") || request.target.ends_with("?uploads"))
        .count();
    assert_eq!(begun, 1, "one upload");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_whole_when_it_is_added_as_growing_just_goes_up() {
    let set = Set::up().await;
    let (large, small) = (set.scratch.join("large.mxf"), set.scratch.join("small.wav"));
    footage::random(&large, 30 * MB, 3).unwrap();
    footage::random(&small, 300_000, 4).unwrap();
    for clip in [&large, &small] {
        let id = set.bench.add_growing(clip).await.unwrap().transfers[0];
        let row = set.proved(id, clip).await;
        assert!(row.said.is_none(), "{row:#?}");
    }
    assert!(went_twice(&set.proxy).is_empty());
    assert!(part_bytes_sent(&set.proxy) < 30 * MB + OVERHEAD);
}
