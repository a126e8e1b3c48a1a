//! Promise 2: what was acknowledged is not sent again, whatever happened in between.

use crate::support::{Bench, is_done, part_bytes_sent};
use rushes_engine::api::Action;
use rushes_engine::transfer::{Proof, Status};
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::{Scratch, footage};

const CLIP: u64 = 60_000_000;
/// As many parts as may be in flight, with what HTTP adds.
const IN_FLIGHT: u64 = 8 * 5_300_000;

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_where_it_was_after_the_process_ended() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 1).unwrap();
    proxy.limit(Some(20_000_000), None);

    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    let half = bench.until(id, "half sent", |row| row.acked > CLIP / 3).await;
    bench.close().await;
    let before = part_bytes_sent(&proxy);
    proxy.heal();

    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    assert!(row.kept >= half.acked, "kept {} of {}", row.kept, half.acked);
    let sent_again = part_bytes_sent(&proxy).saturating_sub(CLIP);
    assert!(sent_again <= IN_FLIGHT, "{sent_again} bytes more than the clip ({before} before)");
    let witness = practice.bucket().witness().unwrap();
    assert!(witness.same(&row.key, &clip).await.unwrap());
    assert!(witness.unfinished().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_upload_keeps_its_parts_and_sends_the_rest() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 2).unwrap();
    proxy.limit(Some(20_000_000), None);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    bench.act(Action::Pause, id).await.unwrap();
    let paused = bench.row(id).await;
    assert_eq!(paused.status, Status::Paused);
    let witness = practice.bucket().witness().unwrap();
    assert_eq!(witness.unfinished().await.unwrap().len(), 1, "pausing keeps the upload");
    proxy.heal();
    bench.act(Action::Resume, id).await.unwrap();
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    assert!(part_bytes_sent(&proxy) <= CLIP + IN_FLIGHT);
    assert!(witness.same(&row.key, &clip).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_network_is_waited_for_and_nothing_acknowledged_goes_again() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 3).unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    proxy.limit(Some(20_000_000), None);
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "some of it there", |row| row.acked > 0).await;
    proxy.cut();
    let waiting = bench.until(id, "waiting", |row| matches!(row.status, Status::Waiting { .. })).await;
    assert!(matches!(waiting.status, Status::Waiting { until: Some(_), .. }), "{waiting:#?}");
    assert!(waiting.acked > 0);
    proxy.forget_requests();
    proxy.heal();
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    let again = part_bytes_sent(&proxy);
    assert!(again < CLIP - waiting.acked + 500_000, "{again} sent of {} that were missing", CLIP - waiting.acked);
    assert!(practice.bucket().witness().unwrap().same(&row.key, &clip).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_whose_answer_was_lost_is_found_to_have_succeeded() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 4).unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    proxy.swallow_answer("clip.mxf?uploadId=");
    let row = bench.send(&clip).await;
    assert!(is_done(&row), "{row:#?}");
    assert_eq!(proxy.swallowed(), 1);
    assert!(part_bytes_sent(&proxy) < CLIP + 5_000_000, "nothing was sent twice");
    let witness = practice.bucket().witness().unwrap();
    assert_eq!(witness.keys("").await.unwrap(), ["clip.mxf"], "no second copy under another name");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_id_that_was_never_heard_is_adopted_instead_of_orphaned() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 5).unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    proxy.swallow_answer("clip.mxf?uploads");
    let row = bench.send(&clip).await;
    assert!(is_done(&row), "{row:#?}");
    assert_eq!(proxy.swallowed(), 1);
    assert!(practice.bucket().witness().unwrap().unfinished().await.unwrap().is_empty(), "an orphan was left");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_the_bucket_lost_begins_again_by_itself() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 6).unwrap();
    proxy.limit(Some(20_000_000), None);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    bench.act(Action::Pause, id).await.unwrap();
    // As a lifecycle rule does it.
    let witness = practice.bucket().witness().unwrap();
    for upload in witness.unfinished().await.unwrap() {
        witness.abort(&upload).await.unwrap();
    }
    proxy.heal();
    bench.act(Action::Resume, id).await.unwrap();
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    assert!(witness.same(&row.key, &clip).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_whose_answer_was_lost_is_not_sent_under_a_second_name() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let (first, clip) = (scratch.join("first.mp4"), scratch.join("small.mp4"));
    footage::random(&first, 1_000_000, 7).unwrap();
    footage::random(&clip, 2_000_000, 8).unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    // The first file finds out what the store offers; from then on small ones go in one piece.
    assert!(is_done(&bench.send(&first).await));
    proxy.swallow_answer("PUT /practice-footage/small.mp4");
    let row = bench.send(&clip).await;
    assert!(matches!(&row.status, Status::Done { proof: Proof::WholeObject { .. }, .. }), "{row:#?}");
    assert_eq!(proxy.swallowed(), 1);
    assert_eq!(practice.bucket().witness().unwrap().keys("").await.unwrap(), ["first.mp4", "small.mp4"]);
}
