//! Promises 1 and 2 under kill -9: whatever the moment, the next start goes on, sends again no more than what was in
//! flight, and ends bit-exact. `make prove TOPIC=main-job` does this with 500 MB and many more moments.

mod support;

use std::time::Duration;

use rushes_rig::kills::kill_at;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::{Scratch, footage};
use support::{ctl, words};

const CLIP: u64 = 60_000_000;
/// Slots of one direction, and a part with what HTTP adds.
const IN_FLIGHT: u64 = 8 * 5_300_000;
/// From before the upload is asked for to near its end, for a link that takes 3 s.
const MOMENTS: [u64; 5] = [60, 350, 800, 1_400, 900];

#[tokio::test(flavor = "multi_thread")]
async fn killed_uploads_end_bit_exact_and_send_no_more_again_than_was_in_flight() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bucket = practice.bucket().through(&proxy);
    proxy.limit(Some(20_000_000), None);
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 1).unwrap();
    let ctl = ctl(&scratch).with(&bucket.env());
    let moments = MOMENTS.map(Duration::from_millis);
    let killed = kill_at(&ctl, &words(&bucket, &["put", clip.to_str().unwrap()]), &moments).await.unwrap();
    killed.last.ok().unwrap();
    assert!(killed.at.len() >= 3, "{:?}", killed.at);
    let witness = practice.bucket().witness().unwrap();
    assert_eq!(witness.keys("").await.unwrap(), ["clip.mxf"]);
    assert!(witness.same("clip.mxf", &clip).await.unwrap());
    assert!(witness.unfinished().await.unwrap().is_empty(), "an upload was orphaned");
    let sent: u64 = proxy.requests().iter().filter(|r| r.target.contains("partNumber=")).map(|r| r.sent).sum();
    let again = sent.saturating_sub(CLIP);
    assert!(again <= killed.at.len() as u64 * IN_FLIGHT, "{again} bytes sent again after {} kills", killed.at.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_downloads_end_bit_exact_and_fetch_no_more_again_than_was_in_flight() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bucket = practice.bucket().through(&proxy);
    proxy.limit(None, Some(20_000_000));
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 2).unwrap();
    practice.bucket().witness().unwrap().put("clip.mxf", std::fs::read(&clip).unwrap()).await.unwrap();
    let ctl = ctl(&scratch).with(&bucket.env());
    let down = scratch.folder("down");
    let moments = MOMENTS.map(Duration::from_millis);
    let get = words(&bucket, &["get", "clip.mxf", "--into", down.to_str().unwrap()]);
    let killed = kill_at(&ctl, &get, &moments).await.unwrap();
    killed.last.ok().unwrap();
    assert!(killed.at.len() >= 3, "{:?}", killed.at);
    assert!(footage::same(&clip, &down.join("clip.mxf")).unwrap());
    assert_eq!(std::fs::read_dir(&down).unwrap().count(), 1, "something was left beside it");
    let fetched: u64 = proxy.requests().iter().filter(|r| r.method == "GET").map(|r| r.received).sum();
    let again = fetched.saturating_sub(CLIP);
    assert!(again <= killed.at.len() as u64 * IN_FLIGHT, "{again} bytes fetched again after {} kills", killed.at.len());
}
