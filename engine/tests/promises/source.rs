//! Promise 3: parts of two versions of a file never mix.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use crate::support::{Bench, error_of, is_done};
use rushes_engine::api::Action;
use rushes_engine::error::Code;
use rushes_engine::transfer::Status;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::{Scratch, footage};

/// Of so many parts that some are through while others have not begun.
const CLIP: u64 = 80_000_000;

/// Sends part of a clip, ends the process, edits the file, and starts again.
async fn edited_between_sessions(edit: impl Fn(&Path)) {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 1).unwrap();
    proxy.limit(Some(15_000_000), None);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 2 * 5_242_880 && row.acked < CLIP).await;
    bench.close().await;
    proxy.heal();
    edit(&clip);

    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let row = bench.at_rest(id).await;
    assert!(matches!(row.status, Status::Failed { .. }), "{row:#?}");
    assert_eq!(error_of(&row).code, Code::SourceChanged, "{row:#?}");
    let witness = practice.bucket().witness().unwrap();
    assert!(witness.keys("").await.unwrap().is_empty(), "nothing mixed may appear");
    let before = witness.unfinished().await.unwrap();
    assert_eq!(before.len(), 1, "a failed transfer keeps its upload until the user decides");

    bench.act(Action::Retry, id).await.unwrap();
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    assert!(witness.same(&row.key, &clip).await.unwrap(), "the file as it is now");
    rushes_rig::until("the old upload aborted", std::time::Duration::from_secs(20), async || {
        Ok(witness.unfinished().await?.is_empty().then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_edited_between_sessions_fails_and_a_retry_sends_it_as_it_is() {
    edited_between_sessions(|clip| footage::random(clip, CLIP + 1000, 9).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_puts_size_and_time_back_is_found_by_reading() {
    edited_between_sessions(|clip| {
        let modified = std::fs::metadata(clip).unwrap().modified().unwrap();
        let mut file = File::options().write(true).open(clip).unwrap();
        // In every part: which of them had gone is not known here.
        for part in 0..CLIP / 5_242_880 {
            file.seek(SeekFrom::Start(part * 5_242_880 + 1_000)).unwrap();
            file.write_all(b"another take").unwrap();
        }
        file.set_modified(modified).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_edited_while_it_goes_up_fails() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 2).unwrap();
    proxy.limit(Some(15_000_000), None);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 5_242_880).await;
    // Same size, same time, and in parts that have gone already.
    let modified = std::fs::metadata(&clip).unwrap().modified().unwrap();
    let mut file = File::options().write(true).open(&clip).unwrap();
    for part in 0..CLIP / 5_242_880 {
        file.seek(SeekFrom::Start(part * 5_242_880 + 1_000)).unwrap();
        file.write_all(b"another take").unwrap();
    }
    file.set_modified(modified).unwrap();
    proxy.heal();
    let row = bench.at_rest(id).await;
    assert_eq!(error_of(&row).code, Code::SourceChanged, "{row:#?}");
    assert!(practice.bucket().witness().unwrap().keys("").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_goes_missing_says_so_and_goes_on_when_it_is_back() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 3).unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    practice.bucket().witness().unwrap();
    let away = scratch.join("card-out.mxf");
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    proxy.limit(Some(15_000_000), None);
    bench.set_profile(&practice.bucket().through(&proxy)).await.unwrap();
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    bench.act(Action::Pause, id).await.unwrap();
    std::fs::rename(&clip, &away).unwrap();
    bench.act(Action::Resume, id).await.unwrap();
    let row = bench.at_rest(id).await;
    assert_eq!(error_of(&row).code, Code::SourceMissing, "{row:#?}");
    std::fs::rename(&away, &clip).unwrap();
    proxy.heal();
    bench.act(Action::Retry, id).await.unwrap();
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
}
