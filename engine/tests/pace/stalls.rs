//! A connection that stays open and moves nothing is noticed, and the transfer goes on by others.

use std::time::{Duration, Instant};

use crate::ALONE;
use crate::support::{Bench, is_done};
use rushes_engine::transfer::Status;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::{Scratch, footage};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_stalls_is_cut_off_and_taken_up_when_it_moves_again() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 60_000_000, 1).unwrap();
    proxy.limit(Some(10_000_000), None);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    proxy.stall();
    let stalled = Instant::now();
    // What is stalled is not called progress.
    let acked = bench.row(id).await.acked;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let row = bench.row(id).await;
    assert!(row.acked <= acked + 5_242_880, "{row:#?}");
    bench.until(id, "given up", |row| row.parts_in_flight == 0 || matches!(row.status, Status::Waiting { .. })).await;
    assert!(stalled.elapsed() < Duration::from_secs(60), "noticed after {:?}", stalled.elapsed());
    proxy.heal();
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    assert!(practice.bucket().witness().unwrap().same(&row.key, &clip).await.unwrap());
}
