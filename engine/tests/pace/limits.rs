//! What was set as a limit is kept, from the moment it is set.

use std::time::{Duration, Instant};

use crate::ALONE;
use crate::support::{Bench, is_done};
use rushes_engine::limit::Limits;
use rushes_rig::practice::Practice;
use rushes_rig::{Scratch, footage};

const MB: u64 = 1_000_000;

/// Whether what must take `seconds` took that, within 15 %. What the machine itself needs, which `free` shows, comes on
/// top of it where there is other work for it.
fn is_limited(took: Duration, seconds: f64, free: Duration) -> bool {
    took.as_secs_f64() >= seconds * 0.85 && took.as_secs_f64() <= seconds * 1.15 + 2.0 * free.as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_takes_the_time_that_its_limit_makes_it_take() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 24 * MB, 1).unwrap();
    let other = scratch.join("other.mxf");
    footage::random(&other, 24 * MB, 2).unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let begun = Instant::now();
    bench.send(&other).await;
    let free = begun.elapsed();
    bench.set_limits(Some(4 * MB), None).await;
    let begun = Instant::now();
    let row = bench.send(&clip).await;
    let took = begun.elapsed();
    assert!(is_done(&row), "{row:#?}");
    assert!(is_limited(took, 6.0, free), "24 MB at 4 MB/s took {took:?}, and without a limit {free:?}");
    assert!(practice.bucket().witness().unwrap().same(&row.key, &clip).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_lifted_midway_is_felt_at_once() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 60 * MB, 2).unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    bench.set_limits(Some(MB), None).await;
    let begun = Instant::now();
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!is_done(&bench.row(id).await), "60 MB at 1 MB/s is a minute");
    bench.set_limits(None, None).await;
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    assert!(begun.elapsed() < Duration::from_secs(30), "took {:?}", begun.elapsed());
}

/// The tests' own network is this computer's loopback.
const LOOPBACK: &str = if cfg!(target_os = "linux") { "lo" } else { "lo0" };

#[tokio::test(flavor = "multi_thread")]
#[cfg(unix)]
async fn a_network_with_figures_of_its_own_keeps_to_them_from_the_moment_they_are_set() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 24 * MB, 1).unwrap();
    let other = scratch.join("other.mxf");
    footage::random(&other, 60 * MB, 2).unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let none = Limits::default();
    let begun = Instant::now();
    // What holds on a network that is not ours holds nobody back here.
    bench.set_limits_by_uplink(none, &[("another0", Limits { up: Some(MB), down: None })]).await;
    assert!(is_done(&bench.send(&clip).await));
    let free = begun.elapsed();

    // Those that are under way change over to the figures that came.
    bench.set_limits_by_uplink(Limits { up: Some(MB), down: None }, &[]).await;
    let begun = Instant::now();
    let id = bench.add(&[&other]).await.unwrap().transfers[0];
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!is_done(&bench.row(id).await), "60 MB at 1 MB/s is a minute");
    bench
        .set_limits_by_uplink(
            Limits { up: Some(MB), down: None },
            &[(LOOPBACK, Limits { up: Some(10 * MB), down: None })],
        )
        .await;
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    let took = begun.elapsed();
    assert!(
        is_limited(took, 3.0 + 5.7, free),
        "60 MB, at 1 and then at 10 MB/s, took {took:?}, and without a limit {free:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_keeps_to_its_own_limit() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 12 * MB, 3).unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let sent = bench.send(&clip).await;
    let begun = Instant::now();
    let id = bench.fetch(&[&sent.key], &scratch.folder("free")).await.unwrap().transfers[0];
    bench.at_rest(id).await;
    let free = begun.elapsed();
    bench.set_limits(Some(MB), Some(4 * MB)).await;
    let begun = Instant::now();
    let id = bench.fetch(&[&sent.key], &scratch.folder("down")).await.unwrap().transfers[0];
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    let took = begun.elapsed();
    assert!(is_limited(took, 3.0, free), "12 MB at 4 MB/s took {took:?}, and without a limit {free:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_kept_across_restarts_and_what_makes_no_sense_is_refused() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let home = scratch.join("home");
    let bench = Bench::open(&home, practice.bucket()).await;
    bench.set_limits(Some(4 * MB), None).await;
    bench.close().await;
    let bench = Bench::open(&home, practice.bucket()).await;
    let row = bench.connection.call((), async |engine, context, ()| engine.limits(context).await).await.unwrap();
    assert_eq!((row.now.limits.up, row.now.limits.down, row.now.until), (Some(4 * MB), None, None));
    let mut nonsense = row.settings.clone();
    nonsense.plan.always.up = Some(10);
    let refused = bench
        .connection
        .call(nonsense, async |engine, context, settings| engine.set_limits(context, settings).await)
        .await
        .unwrap();
    assert!(refused.unwrap_err().message.contains("0.1 Mb/s"));
}
