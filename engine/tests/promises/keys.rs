//! Promise 7: one live upload per file, bucket and key; nothing in the bucket is overwritten, nothing sent twice.

use crate::support::{Bench, is_done, part_bytes_sent};
use rushes_engine::transfer::{Proof, Status};
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::{Scratch, footage};

const CLIP: u64 = 30_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn adding_a_clip_again_goes_on_with_the_live_upload() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    proxy.limit(Some(10_000_000), None);
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 1).unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let first = bench.add(&[&clip]).await.unwrap().transfers;
    let again = bench.add(&[&clip]).await.unwrap().transfers;
    assert_eq!(first, again);
    proxy.heal();
    assert!(is_done(&bench.at_rest(first[0]).await));
    assert_eq!(practice.bucket().witness().unwrap().keys("").await.unwrap(), ["clip.mxf"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_that_is_in_the_bucket_already_is_not_sent_again() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 2).unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let first = bench.send(&clip).await;
    proxy.forget_requests();
    let second = bench.send(&clip).await;
    assert_ne!(first.id, second.id);
    assert!(matches!(&second.status, Status::Done { proof: Proof::WholeObject { .. }, .. }), "{second:#?}");
    assert_eq!(part_bytes_sent(&proxy), 0);
    assert_eq!(practice.bucket().witness().unwrap().keys("").await.unwrap(), ["clip.mxf"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_clip_of_the_same_name_gets_a_number_and_overwrites_nothing() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let (one, two) = (scratch.folder("one").join("clip.mxf"), scratch.folder("two").join("clip.mxf"));
    footage::random(&one, CLIP, 3).unwrap();
    footage::random(&two, CLIP, 4).unwrap();
    // At once: neither is in the bucket when the other looks.
    let added = bench.add(&[&one, &two]).await.unwrap().transfers;
    let rows = [bench.at_rest(added[0]).await, bench.at_rest(added[1]).await];
    assert!(rows.iter().all(is_done), "{rows:#?}");
    let witness = practice.bucket().witness().unwrap();
    assert_eq!(witness.keys("").await.unwrap(), ["clip-2.mxf", "clip.mxf"]);
    assert!(witness.same(&rows[0].key, &one).await.unwrap());
    assert!(witness.same(&rows[1].key, &two).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_taken_by_somebody_else_during_the_upload_is_not_overwritten() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    proxy.limit(Some(10_000_000), None);
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 5).unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    let witness = practice.bucket().witness().unwrap();
    witness.put("clip.mxf", "theirs").await.unwrap();
    proxy.heal();
    let row = bench.at_rest(id).await;
    assert!(is_done(&row) && row.key == "clip-2.mxf", "{row:#?}");
    assert_eq!(witness.get("clip.mxf").await.unwrap(), "theirs");
    assert!(witness.same("clip-2.mxf", &clip).await.unwrap());
}
