//! Conditional writes: decided at the moment of publishing, so that of those who race one wins.

use std::collections::HashSet;

use aws_sdk_s3::primitives::ByteStream;
use futures::future::join_all;

use crate::common::{B, Practice, list, noise, refusal, refused};

#[tokio::test]
async fn if_none_match_writes_only_where_nothing_is() {
    let practice = Practice::new().await;
    let put = |body: &'static str| {
        let put = practice.plain.put_object().bucket(B).key("claim").if_none_match("*");
        put.body(ByteStream::from_static(body.as_bytes()))
    };
    put("first").send().await.expect("nothing was there");
    refused(put("second").send().await, "PreconditionFailed", 412);
    assert_eq!(practice.get("claim").await, b"first");
    practice.plain.delete_object().bucket(B).key("claim").send().await.expect("deleted");
    put("third").send().await.expect("nothing was there again");

    let etag = practice.plain.put_object().bucket(B).key("x").if_none_match("\"0\"").send().await;
    refused(etag, "NotImplemented", 501);
}

#[tokio::test]
async fn if_match_writes_only_over_the_version_it_names() {
    let practice = Practice::new().await;
    let put = |etag: &str, body: &'static str| {
        let put = practice.plain.put_object().bucket(B).key("sidecar").if_match(etag);
        put.body(ByteStream::from_static(body.as_bytes())).send()
    };
    refused(put("\"0\"", "nothing is there").await, "NoSuchKey", 404);
    let first = practice.put("sidecar", "first").await;
    put(&first, "second").await.expect("over the first");
    refused(put(&first, "third").await, "PreconditionFailed", 412);
    assert_eq!(practice.get("sidecar").await, b"second");

    let delete = || practice.plain.delete_object().bucket(B).key("sidecar");
    refused(delete().if_match(&first).send().await, "PreconditionFailed", 412);
    let second = practice.plain.head_object().bucket(B).key("sidecar").send().await.expect("head").e_tag;
    delete().set_if_match(second).send().await.expect("deleted the version it named");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_claim_a_key_at_once_exactly_one_wins() {
    let practice = Practice::new().await;
    for round in 0..5 {
        let key = format!("claim/{round}");
        let contenders = (0..16).map(|n| {
            let put = practice.plain.put_object().bucket(B).key(&key).if_none_match("*");
            // Large enough that all are under way before the first is done.
            put.body(ByteStream::from(noise(300_000, n))).send()
        });
        let (won, lost): (Vec<_>, Vec<_>) = join_all(contenders).await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "round {round}");
        let refusals: HashSet<_> = lost.into_iter().map(refusal).collect();
        assert_eq!(refusals, HashSet::from([("PreconditionFailed".into(), 412)]));
        let winner = won.into_iter().flatten().find_map(|put| put.e_tag);
        let there = practice.plain.head_object().bucket(B).key(&key).send().await.expect("head").e_tag;
        assert_eq!(there, winner);
    }
    assert_eq!(practice.files("segments"), 5, "the losers left nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_multipart_uploads_that_claim_a_key_exactly_one_wins_and_the_others_are_kept() {
    let practice = Practice::new().await;
    let mut ready = Vec::new();
    for n in 0..8 {
        let upload = practice.create("claim").await;
        let list = list(practice.parts("claim", &upload, &[&noise(1000, n)]).await);
        ready.push((upload, list));
    }
    let completing = ready.into_iter().map(|(upload, list)| {
        let complete = practice.plain.complete_multipart_upload().bucket(B).key("claim").if_none_match("*");
        complete.upload_id(upload).multipart_upload(list).send()
    });
    let (won, lost): (Vec<_>, Vec<_>) = join_all(completing).await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for refusal in lost {
        refused(refusal, "PreconditionFailed", 412);
    }
    let uploads = practice.plain.list_multipart_uploads().bucket(B).send().await.expect("a list");
    assert_eq!(uploads.uploads().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_change_the_same_version_no_change_is_lost() {
    let practice = Practice::new().await;
    practice.put("counter", "0").await;
    // Each reads, adds one and writes on condition, until it gets through.
    let adding = (0..8).map(|_| async {
        loop {
            let got = practice.plain.get_object().bucket(B).key("counter").send().await.expect("got");
            let etag = got.e_tag.clone().expect("an ETag");
            let text = got.body.collect().await.expect("the body").to_vec();
            let count: u32 = String::from_utf8_lossy(&text).parse().expect("a number");
            let put = practice.plain.put_object().bucket(B).key("counter").if_match(etag);
            match put.body(ByteStream::from((count + 1).to_string().into_bytes())).send().await {
                Ok(_) => return,
                refusal => refused(refusal, "PreconditionFailed", 412),
            }
        }
    });
    join_all(adding).await;
    assert_eq!(practice.get("counter").await, b"8");
}
