//! Lists: the order, the pages and the spelling of S3, also for ten thousand objects.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_s3::types::EncodingType;
use sha2::Digest as _;

use crate::common::{B, Practice, refused};

async fn filled(keys: &[&str]) -> Practice {
    let practice = Practice::new().await;
    for key in keys {
        practice.put(key, "x").await;
    }
    practice
}

#[tokio::test]
async fn version_2_pages_by_token_and_starts_after_a_key() {
    let practice = filled(&["a", "b/1", "b/2", "c", "d"]).await;
    let list = || practice.plain.list_objects_v2().bucket(B);
    let first = list().max_keys(2).send().await.expect("a page");
    assert_eq!((first.key_count, first.is_truncated, first.max_keys), (Some(2), Some(true), Some(2)));
    let second = list().set_continuation_token(first.next_continuation_token).send().await.expect("a page");
    assert_eq!(second.contents().iter().filter_map(|o| o.key()).collect::<Vec<_>>(), ["b/2", "c", "d"]);
    assert_eq!((second.is_truncated, second.next_continuation_token), (Some(false), None));
    let after = list().start_after("b/1").send().await.expect("a page");
    assert_eq!(after.contents()[0].key(), Some("b/2"));
    assert_eq!(after.contents()[0].owner(), None);
    assert!(list().fetch_owner(true).send().await.expect("a page").contents()[0].owner().is_some());

    let grouped = list().delimiter("/").max_keys(2).send().await.expect("a page");
    let prefixes: Vec<_> = grouped.common_prefixes().iter().filter_map(|p| p.prefix()).collect();
    assert_eq!((grouped.contents().len(), prefixes, grouped.key_count), (1, vec!["b/"], Some(2)));
    let rest = list().delimiter("/").set_continuation_token(grouped.next_continuation_token);
    let rest = rest.send().await.expect("a page");
    assert_eq!((rest.common_prefixes().len(), rest.contents().len()), (0, 2));

    refused(list().continuation_token("made up!").send().await, "InvalidArgument", 400);
    refused(list().max_keys(-1).send().await, "InvalidArgument", 400);
    refused(list().encoding_type("base64".into()).send().await, "InvalidArgument", 400);
    refused(practice.plain.list_objects_v2().bucket("no-such-bucket").send().await, "NoSuchBucket", 404);
    let nothing = list().max_keys(0).send().await.expect("a page");
    assert_eq!((nothing.contents().len(), nothing.is_truncated), (0, Some(false)));
}

#[tokio::test]
async fn version_1_pages_by_marker_and_tells_the_next_one_only_with_a_delimiter() {
    let practice = filled(&["a", "b/1", "b/2", "c"]).await;
    let list = || practice.plain.list_objects().bucket(B);
    let plain = list().max_keys(2).send().await.expect("a page");
    assert_eq!((plain.is_truncated, plain.next_marker), (Some(true), None));
    let next = list().marker("b/1").send().await.expect("a page");
    assert_eq!(next.contents().iter().filter_map(|o| o.key()).collect::<Vec<_>>(), ["b/2", "c"]);
    let grouped = list().max_keys(2).delimiter("/").send().await.expect("a page");
    assert_eq!(grouped.next_marker.as_deref(), Some("b/"));
    let next = list().delimiter("/").marker("b/").send().await.expect("a page");
    assert_eq!((next.common_prefixes().len(), next.contents()[0].key()), (0, Some("c")));
}

#[tokio::test]
async fn names_are_url_encoded_where_that_is_asked_for() {
    let practice = filled(&["a b/c+d", "a b/é"]).await;
    let list = practice.plain.list_objects_v2().bucket(B).encoding_type(EncodingType::Url).prefix("a b/");
    let told = list.delimiter("+").send().await.expect("a page");
    assert_eq!((told.prefix(), told.delimiter()), (Some("a%20b/"), Some("%2B")));
    assert_eq!(told.common_prefixes()[0].prefix(), Some("a%20b/c%2B"));
    assert_eq!(told.contents()[0].key(), Some("a%20b/%C3%A9"));
    assert_eq!(told.encoding_type, Some(EncodingType::Url));
}

#[tokio::test]
async fn uploads_are_listed_by_key_and_within_a_key_by_their_beginning() {
    let practice = Practice::new().await;
    let mut ids = Vec::new();
    for key in ["b", "a/1", "b", "a/2"] {
        ids.push(practice.create(key).await);
        // Seconds are what IDs are ordered by.
        tokio::time::sleep(Duration::from_millis(1050)).await;
    }
    let practice = practice.again().await;
    let list = || practice.plain.list_multipart_uploads().bucket(B);
    let all = list().send().await.expect("a list");
    let told: Vec<_> = all.uploads().iter().filter_map(|u| Some((u.key()?, u.upload_id()?))).collect();
    assert_eq!(told, [("a/1", &*ids[1]), ("a/2", &*ids[3]), ("b", &*ids[0]), ("b", &*ids[2])]);
    assert!(all.uploads().iter().all(|upload| upload.initiated().is_some()));

    let grouped = list().delimiter("/").max_uploads(2).send().await.expect("a page");
    assert_eq!(grouped.common_prefixes()[0].prefix(), Some("a/"));
    assert_eq!((grouped.next_key_marker(), grouped.next_upload_id_marker()), (Some("b"), Some(&*ids[0])));
    let rest = list().delimiter("/").key_marker("b").upload_id_marker(&ids[0]).send().await.expect("a page");
    assert_eq!(rest.uploads().iter().filter_map(|u| u.upload_id()).collect::<Vec<_>>(), [&*ids[2]]);
    let prefixed = list().prefix("a/").send().await.expect("a page");
    assert_eq!(prefixed.uploads().len(), 2);
}

#[tokio::test]
async fn object_versions_are_the_objects_as_versioning_was_never_on() {
    let practice = filled(&["a", "b", "c"]).await;
    let list = || practice.plain.list_object_versions().bucket(B);
    let page = list().max_keys(2).send().await.expect("a page");
    let told: Vec<_> = page.versions().iter().map(|v| (v.key(), v.version_id(), v.is_latest())).collect();
    assert_eq!(told, [(Some("a"), Some("null"), Some(true)), (Some("b"), Some("null"), Some(true))]);
    let rest = list().set_key_marker(page.next_key_marker).send().await.expect("a page");
    assert_eq!(rest.versions().len(), 1);
    let get = practice.plain.get_object().bucket(B).key("a");
    get.clone().version_id("null").send().await.expect("the one version");
    refused(get.version_id("made-up").send().await, "InvalidArgument", 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_objects_are_found_at_opening_and_listed_in_order() {
    let practice = Practice::new().await;
    practice.put("seed", "").await;
    let root = Arc::clone(&practice.root);
    practice.serving.stop().await;
    // Ten thousand requests of an unoptimised client would take half a minute. An object is its description.
    let bucket = std::fs::read_dir(root.path().join("buckets")).expect("a folder").flatten().next().expect("a bucket");
    let objects = bucket.path().join("objects");
    let seed = std::fs::read_dir(&objects).expect("a folder").flatten().next().expect("the seed").path();
    let description = std::fs::read_to_string(&seed).expect("a description");
    for n in 0..9_999 {
        let key = format!("bureau-{}/{n:05}", n % 10);
        let name: String = sha2::Sha256::digest(&key).iter().map(|byte| format!("{byte:02x}")).collect();
        let copy = description.replace("\"key\":\"seed\"", &format!("\"key\":\"{key}\""));
        std::fs::write(objects.join(name + ".json"), copy).expect("written");
    }

    let begun = Instant::now();
    let practice = Practice::reopen(root).await;
    let opening = begun.elapsed();
    assert!(opening < Duration::from_secs(5), "opening took {opening:?}");

    let begun = Instant::now();
    let mut pages = practice.plain.list_objects_v2().bucket(B).into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        keys.extend(page.expect("a page").contents.unwrap_or_default().into_iter().filter_map(|o| o.key));
    }
    assert_eq!(keys.len(), 10_000);
    assert!(keys.is_sorted());
    let listing = begun.elapsed();
    assert!(listing < Duration::from_secs(10), "listing took {listing:?}");

    let begun = Instant::now();
    let grouped = practice.plain.list_objects_v2().bucket(B).delimiter("/").send().await.expect("a list");
    assert_eq!((grouped.common_prefixes().len(), grouped.contents().len()), (10, 1));
    assert!(begun.elapsed() < Duration::from_secs(3), "what a prefix covers is skipped, not counted");
}
