//! What an ingest box is for: a card that is copied into its watch folder, and a camera that shoots into it.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::support::Bench;
use crate::watching::{folder, until_there};
use rushes_engine::api::{Afterwards, ReceiptState, TransferRow, WatchFolder};
use rushes_rig::practice::Practice;
use rushes_rig::{Scratch, footage, until};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_card_in_a_watch_folder_is_one_batch_and_moved_once_its_receipt_says_that_it_may_be_wiped() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let ingest = scratch.folder("ingest");
    let files = ["A001/XDROOT/Clip/C0001.MXF", "A001/XDROOT/Clip/C0001M01.XML", "A001/XDROOT/MEDIAPRO.XML"];
    for (n, file) in files.into_iter().enumerate() {
        std::fs::create_dir_all(ingest.join(file).parent().unwrap()).unwrap();
        footage::random(&ingest.join(file), 700_000 + n as u64, n as u64).unwrap();
    }
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    bench.watch(WatchFolder { afterwards: Afterwards::Move, ..folder(&ingest) }).await.unwrap();
    let sent = ingest.join("Sent");
    let is_moved = async || Ok(files.iter().all(|file| sent.join(file).is_file()).then_some(()));
    until("all of the card is moved", SOON, is_moved).await.unwrap();

    let lists = sent.join("A001/ascmhl");
    until("its hash lists lie beside them", SOON, async || Ok(lists.is_dir().then_some(()))).await.unwrap();
    let receipts: Vec<_> = std::fs::read_dir(&lists).unwrap().collect();
    assert_eq!(receipts.len(), 2, "a hash list and the chain: {receipts:?}");
    let rows = bench.updates(0).await.rows;
    let is_there =
        |row: &TransferRow| matches!(&row.receipt, Some(ReceiptState::Safe { path, .. }) if Path::new(path).is_file());
    assert!(rows.iter().all(is_there), "{rows:#?}");
    let rows = bench.updates(0).await.rows;
    assert_eq!(rows.len(), files.len(), "{rows:#?}");
    assert!(rows.iter().all(|row| row.card.is_some() && row.batch == rows[0].batch), "{rows:#?}");
    // The receipt that came to the card is nothing new on it.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(bench.updates(0).await.rows.len(), files.len());
    for file in files {
        assert!(witness.same(file, &sent.join(file)).await.unwrap(), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_comes_back_under_another_name_with_one_more_clip_sends_that_and_may_be_wiped() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let ingest = scratch.folder("ingest");
    let film = |clip: &str, seed: u64| {
        let clip = ingest.join(clip);
        std::fs::create_dir_all(clip.parent().unwrap()).unwrap();
        footage::random(&clip, 700_000 + seed, seed).unwrap();
    };
    (1..=3).for_each(|n| film(&format!("NO NAME/XDROOT/Clip/C000{n}.MXF"), n));
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    bench.watch(folder(&ingest)).await.unwrap();
    let safe = async |files: usize, batches: usize| {
        let rows = bench.updates(0).await.rows;
        let safe = rows.iter().filter(|row| matches!(row.receipt, Some(ReceiptState::Safe { .. })));
        let of: std::collections::HashSet<_> = safe.clone().map(|row| row.batch).collect();
        assert!(rows.len() <= files, "something went up twice: {rows:#?}");
        Ok((safe.count() == files && of.len() == batches).then_some(()))
    };
    until("the card may be wiped", SOON, async || safe(3, 1).await).await.unwrap();

    std::fs::rename(ingest.join("NO NAME"), ingest.join("NO NAME1")).unwrap();
    film("NO NAME1/XDROOT/Clip/C0004.MXF", 4);
    until("it may be wiped again, all of it", SOON, async || safe(4, 2).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_shoots_into_a_watch_folder_is_followed_and_its_clip_sent_once() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let ingest = scratch.folder("ingest");
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    bench.watch(WatchFolder { while_shot: true, ..folder(&ingest) }).await.unwrap();

    let clip = ingest.join("live.ts");
    let mut camera = std::fs::File::create(&clip).unwrap();
    // Packets of a transport stream, as many as make 1.9 MB.
    let mut piece = vec![9; 188 * 10_000];
    piece.iter_mut().step_by(188).for_each(|first| *first = 0x47);
    let mut is_followed = false;
    for _ in 0..60 {
        camera.write_all(&piece).unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let rows = bench.updates(0).await.rows;
        is_followed = rows.iter().any(|row| row.recording && row.acked > 0);
        if is_followed {
            break;
        }
    }
    assert!(is_followed, "nothing of it was sent while it was shot: {:#?}", bench.updates(0).await.rows);
    assert!(witness.keys("").await.unwrap().is_empty());
    camera.write_all(&piece).unwrap();
    drop(camera);
    until_there(&witness, &["live.ts"]).await;
    assert!(witness.same("live.ts", &clip).await.unwrap());
    // Once it has settled, it is not taken for another file.
    bench.until_watched("it is counted", |row| row.sent == 1 && row.settling == 0).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(bench.updates(0).await.rows.len(), 1);
    assert_eq!(witness.keys("").await.unwrap(), ["live.ts"]);
}
