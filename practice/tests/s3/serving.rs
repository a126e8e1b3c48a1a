//! A folder is served by one at a time, at an address that lasts, and is free again when that one stops.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;
use rushes_practice::{BUCKET, Keys, Trouble, serve};

use crate::common::{B, Practice, noise};

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let practice = Practice::new().await;
    assert!(practice.serving.address().ip().is_loopback());
    assert_eq!(practice.serving.endpoint(), format!("http://{}", practice.serving.address()));
}

#[tokio::test]
async fn who_comes_second_is_told_where_the_first_one_is() {
    let practice = Practice::new().await;
    let second = serve(practice.root.path(), Keys::fresh(), None).await;
    let Err(Trouble::ServedAlready { endpoint }) = second else { panic!("{second:?}") };
    assert_eq!(endpoint, Some(practice.serving.endpoint()));
    practice.put("still", "served").await;
}

#[tokio::test]
async fn the_port_of_last_time_is_taken_again_if_it_is_free() {
    let practice = Practice::new().await;
    let root = Arc::clone(&practice.root);
    let first = practice.serving.address();
    practice.serving.stop().await;
    let again = serve(root.path(), Keys::fresh(), None).await.expect("served");
    assert_eq!(again.address(), first);
    again.stop().await;

    let taken = TcpListener::bind(first).expect("free again");
    let refused = serve(root.path(), Keys::fresh(), Some(first.port())).await;
    assert!(matches!(refused, Err(Trouble::PortTaken { port }) if port == first.port()), "{refused:?}");
    let elsewhere = serve(root.path(), Keys::fresh(), None).await.expect("served on another port");
    assert_ne!(elsewhere.address(), first);
    elsewhere.stop().await;
    drop(taken);
    let asked = serve(root.path(), Keys::fresh(), Some(first.port())).await.expect("served where it was asked for");
    assert_eq!(asked.address(), first);
}

#[tokio::test]
async fn stopping_takes_two_seconds_at_most_and_frees_the_folder_whatever_is_under_way() {
    let practice = Practice::new().await;
    practice.put("clip", noise(24 << 20, 1)).await;
    let mut body = practice.plain.get_object().bucket(B).key("clip").send().await.expect("got").body;
    body.next().await.expect("bytes").expect("the first bytes");
    let root = Arc::clone(&practice.root);
    let begun = Instant::now();
    practice.serving.stop().await;
    assert!(begun.elapsed() < Duration::from_millis(2300), "{:?}", begun.elapsed());
    let again = Practice::reopen(root).await;
    assert_eq!(again.get("clip").await.len(), 24 << 20);
}

#[tokio::test]
async fn one_that_is_dropped_frees_the_folder_too() {
    let practice = Practice::new().await;
    let root = Arc::clone(&practice.root);
    drop(practice);
    for _ in 0..100 {
        if serve(root.path(), Keys::fresh(), None).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the folder is still held");
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let root = tempfile::NamedTempFile::new().expect("a file");
    let refused = serve(root.path(), Keys::fresh(), None).await;
    assert!(matches!(&refused, Err(Trouble::Folder { path, .. }) if path == root.path()), "{refused:?}");
}

#[tokio::test]
async fn the_sample_clips_are_put_once_and_not_again_when_the_user_deleted_them() {
    let practice = Practice::new().await;
    assert_eq!(practice.serving.fill().await.expect("filled"), 5);
    assert_eq!(practice.serving.fill().await.expect("filled"), 0);
    let listed = practice.plain.list_objects_v2().bucket(BUCKET).send().await.expect("a list");
    let mut days = HashSet::new();
    for object in listed.contents() {
        let key = object.key().expect("a key");
        let [bureau, date, slug, name] = key.split('/').collect::<Vec<_>>()[..] else { panic!("{key}") };
        assert!(!bureau.is_empty());
        let modified = object.last_modified().expect("a time").secs();
        assert_eq!(Timestamp::from_second(modified).expect("a time").strftime("%Y-%m-%d").to_string(), date);
        days.insert(date);
        let head = practice.plain.head_object().bucket(B).key(key).send().await.expect("head");
        let metadata = head.metadata().expect("metadata");
        assert_eq!((&*metadata["rushes-name"], &*metadata["rushes-slug"]), (name, slug));
        let kind = head.content_type().expect("a type");
        assert!(["video/mp4", "video/quicktime", "application/mxf"].contains(&kind), "{kind}");
        practice.plain.delete_object().bucket(B).key(key).send().await.expect("deleted");
    }
    assert!(days.len() >= 3, "footage of several days: {days:?}");
    let practice = practice.again().await;
    assert_eq!(practice.serving.fill().await.expect("filled"), 0);
    assert_eq!(practice.files("segments"), 0);
}

#[tokio::test]
async fn filling_does_not_touch_what_a_user_put_under_the_same_key() {
    let practice = Practice::new().await;
    let today = Timestamp::now().strftime("%Y-%m-%d");
    let key = format!("London/{today}/line-up/LDN_line_up.mp4");
    practice.put(&key, "mine").await;
    let put = practice.serving.fill().await.expect("filled");
    // In the first two minutes of a day the clip is of the day before.
    assert!(put == 4 || put == 5);
    assert_eq!(practice.get(&key).await, b"mine");
}

#[tokio::test]
async fn a_description_that_cannot_be_read_costs_only_itself() {
    let practice = Practice::new().await;
    practice.put("good", "bytes").await;
    practice.put("bad", "other bytes").await;
    let root = Arc::clone(&practice.root);
    practice.serving.stop().await;
    let bucket = std::fs::read_dir(root.path().join("buckets")).expect("a folder").flatten().next().expect("a bucket");
    for entry in std::fs::read_dir(bucket.path().join("objects")).expect("a folder").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a description");
        if text.contains("\"bad\"") {
            std::fs::write(entry.path(), "{").expect("written");
        }
    }
    let practice = Practice::reopen(root).await;
    assert_eq!(practice.get("good").await, b"bytes");
    assert!(!practice.exists("bad").await);
    assert_eq!(practice.files("segments"), 2, "whose bytes they are is not known, so none are removed");
    practice.plain.put_object().bucket(B).key("bad").body(ByteStream::from_static(b"new")).send().await.expect("put");
    assert_eq!(practice.again().await.get("bad").await, b"new");
}
