//! Promise 6: pause and quit keep what is in the bucket, cancel leaves nothing, across restarts.

use std::time::Duration;

use crate::support::Bench;
use rushes_engine::api::Action;
use rushes_engine::transfer::Status;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::{Scratch, footage};

const CLIP: u64 = 40_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_leaves_nothing_in_the_bucket() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    proxy.limit(Some(15_000_000), None);
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 1).unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    bench.act(Action::Cancel, id).await.unwrap();
    let row = bench.at_rest(id).await;
    assert_eq!(row.status, Status::Cancelled);
    let witness = practice.bucket().witness().unwrap();
    assert!(witness.unfinished().await.unwrap().is_empty());
    assert!(witness.keys("").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_without_a_network_is_retried_until_the_bucket_confirms_even_after_a_restart() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    proxy.limit(Some(15_000_000), None);
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 2).unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    proxy.cut();
    bench.act(Action::Cancel, id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.row(id).await.status, Status::Cancelling);
    bench.close().await;
    proxy.heal();
    let witness = practice.bucket().witness().unwrap();
    assert_eq!(witness.unfinished().await.unwrap().len(), 1);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let row = bench.until(id, "cancelled", |row| row.status == Status::Cancelled).await;
    assert_eq!(row.id, id);
    assert!(witness.unfinished().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_download_takes_its_part_file_away() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    practice.bucket().witness().unwrap().put("clip.mxf", vec![1; CLIP as usize]).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    proxy.limit(None, Some(15_000_000));
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let down = scratch.folder("down");
    let id = bench.fetch(&["clip.mxf"], &down).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    bench.act(Action::Cancel, id).await.unwrap();
    assert_eq!(bench.at_rest(id).await.status, Status::Cancelled);
    assert_eq!(std::fs::read_dir(&down).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_transfer_can_be_cancelled_and_an_ended_one_forgotten() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let id = bench.fetch(&["not/there"], &scratch.folder("down")).await.unwrap().transfers[0];
    assert!(matches!(bench.at_rest(id).await.status, Status::Failed { .. }));
    assert!(bench.act(Action::Forget, id).await.is_err(), "it is not ended");
    bench.act(Action::Cancel, id).await.unwrap();
    bench.until(id, "cancelled", |row| row.status == Status::Cancelled).await;
    bench.act(Action::Forget, id).await.unwrap();
    assert!(bench.updates(0).await.rows.is_empty());
}
