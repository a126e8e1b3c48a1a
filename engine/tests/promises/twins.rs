//! A part that a late twin of its request overwrote after it was acknowledged is found out and put right. Under SSE-KMS
//! even the same bytes get another ETag then; the stores here give another one to other bytes, which is the worse case.

use crate::support::{Bench, is_done};
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage};

/// One part is overwritten between its answer and Complete. Answers with what Complete was answered, and how often that
/// part went again.
async fn overwritten(scratch: &Scratch, bucket: &Bucket) -> (Vec<u16>, usize) {
    const CLIP: u64 = 150_000_000;
    const PART: u64 = 5_242_880;
    let proxy = Proxy::before(bucket).await.unwrap();
    let witness = bucket.witness().unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 1).unwrap();
    // Slow enough that there is a moment between the first answers and Complete.
    proxy.limit(Some(20_000_000), None);
    let bench = Bench::open(&scratch.join("home"), &bucket.through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "in part acknowledged", |row| row.acked > PART).await;
    let upload = witness.unfinished().await.unwrap().remove(0);
    let there = witness.parts(&upload).await.unwrap();
    // A whole one: what finds out what the store takes is a byte under a part's number.
    let victim = there
        .iter()
        .find(|part| part.size == PART)
        .unwrap_or_else(|| panic!("no whole part is acknowledged: {there:?}"))
        .number;
    witness.put_part(&upload, victim, vec![7; PART as usize]).await.unwrap();
    proxy.forget_requests();
    proxy.heal();

    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    assert!(witness.same(&row.key, &clip).await.unwrap(), "another part than was read stands in the object");
    assert!(witness.unfinished().await.unwrap().is_empty());
    let requests = proxy.requests();
    let completes = requests.iter().filter(|r| r.method == "POST").filter_map(|r| r.status).collect();
    let again = format!("partNumber={victim}&");
    let sent_again = requests.iter().filter(|r| r.method == "PUT" && r.target.contains(&again)).count();
    (completes, sent_again)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_a_late_twin_overwrote_is_put_right_on_the_practice_store() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let (completes, sent_again) = overwritten(&scratch, practice.bucket()).await;
    // As S3 does it: the parts are refused once. Only what was overwritten is sent again.
    assert_eq!((completes, sent_again), (vec![400, 200], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_late_twin_sent_is_not_taken_on_seaweedfs() {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await.unwrap();
    // It keeps both, and takes the one whose ETag Complete names.
    assert_eq!(overwritten(&scratch, seaweed.bucket()).await, (vec![200], 0));
}
