//! Multipart uploads: what is acknowledged can be listed, what is completed is the object, what is wrong is refused.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CompletedPart;

use crate::common::{B, PART, Practice, list, noise, refused};

fn part(number: i32, etag: &str) -> CompletedPart {
    CompletedPart::builder().part_number(number).e_tag(etag).build()
}

#[tokio::test]
async fn the_parts_become_one_object_and_none_of_their_files_is_copied() {
    let practice = Practice::new().await;
    let parts = [noise(PART, 1), noise(PART, 2), noise(10, 3)];
    let upload = practice.create("clip").await;
    let completed = practice.parts("clip", &upload, &[&parts[0], &parts[1], &parts[2]]).await;
    assert!(!practice.exists("clip").await, "not before it is complete");
    let files: Vec<_> = files(&practice);
    let complete = practice.plain.complete_multipart_upload().bucket(B).key("clip").upload_id(&upload);
    let done = complete.multipart_upload(list(completed)).send().await.expect("completed");
    assert!(done.e_tag().is_some_and(|etag| etag.ends_with("-3\"")), "{:?}", done.e_tag());
    assert_eq!(self::files(&practice), files, "the very same files");

    let practice = practice.again().await;
    assert!(practice.get("clip").await == parts.concat());
    let gone = practice.plain.list_parts().bucket(B).key("clip").upload_id(&upload).send().await;
    refused(gone, "NoSuchUpload", 404);
}

/// Names and times of the files of bytes.
fn files(practice: &Practice) -> Vec<(std::ffi::OsString, std::time::SystemTime)> {
    let entries = std::fs::read_dir(practice.root.path().join("segments")).expect("a folder").flatten();
    let mut files: Vec<_> =
        entries.map(|e| (e.file_name(), e.metadata().and_then(|m| m.modified()).expect("a time"))).collect();
    files.sort();
    files
}

#[tokio::test]
async fn parts_are_listed_page_by_page_also_after_a_restart() {
    let practice = Practice::new().await;
    let upload = practice.create("clip").await;
    for number in [7, 3, 9, 5, 3] {
        let put = practice.plain.upload_part().bucket(B).key("clip").upload_id(&upload).part_number(number);
        put.body(ByteStream::from(noise(number as usize, 1))).send().await.expect("a part");
    }
    let practice = practice.again().await;
    let page = |marker: Option<String>| {
        let list = practice.plain.list_parts().bucket(B).key("clip").upload_id(&upload).max_parts(3);
        list.set_part_number_marker(marker).send()
    };
    let first = page(None).await.expect("a page");
    let told: Vec<_> = first.parts().iter().map(|p| (p.part_number(), p.size())).collect();
    assert_eq!(told, [(Some(3), Some(3)), (Some(5), Some(5)), (Some(7), Some(7))]);
    assert!(first.parts().iter().all(|part| part.e_tag().is_some() && part.last_modified().is_some()));
    assert_eq!((first.is_truncated(), first.next_part_number_marker()), (Some(true), Some("7")));
    let second = page(first.next_part_number_marker).await.expect("a page");
    assert_eq!(second.parts().iter().filter_map(|p| p.part_number()).collect::<Vec<_>>(), [9]);
    assert_eq!(second.is_truncated(), Some(false));
}

#[tokio::test]
async fn a_complete_that_does_not_fit_the_parts_is_refused_and_the_upload_kept() {
    let practice = Practice::new().await;
    let upload = practice.create("clip").await;
    let parts = practice.parts("clip", &upload, &[&noise(PART, 1), &noise(100, 2), &noise(50, 3)]).await;
    let etag = |n: usize| parts[n - 1].e_tag().expect("an ETag").to_owned();
    let complete = |parts: Vec<CompletedPart>| {
        let complete = practice.plain.complete_multipart_upload().bucket(B).key("clip").upload_id(&upload);
        complete.multipart_upload(list(parts)).send()
    };
    refused(complete(vec![part(1, "\"00000000000000000000000000000000\"")]).await, "InvalidPart", 400);
    refused(complete(vec![part(4, &etag(1))]).await, "InvalidPart", 400);
    refused(complete(vec![part(2, &etag(2)), part(1, &etag(1))]).await, "InvalidPartOrder", 400);
    refused(complete(vec![part(1, &etag(1)), part(1, &etag(1))]).await, "InvalidPartOrder", 400);
    refused(complete(vec![part(2, &etag(2)), part(3, &etag(3))]).await, "EntityTooSmall", 400);
    refused(complete(vec![]).await, "MalformedXML", 400);
    assert!(!practice.exists("clip").await);
    // Those that are not listed are freed.
    complete(vec![part(1, &etag(1)), part(3, etag(3).trim_matches('"'))]).await.expect("completed");
    assert_eq!(practice.get("clip").await.len(), PART + 50);
    assert_eq!(practice.files("segments"), 2);
}

#[tokio::test]
async fn the_same_complete_again_succeeds_while_the_object_is_still_that_one() {
    let practice = Practice::new().await;
    let upload = practice.create("clip").await;
    let parts = practice.parts("clip", &upload, &[&noise(1000, 1)]).await;
    let plain = practice.plain.clone();
    let complete = |parts: &[CompletedPart]| {
        let complete = plain.complete_multipart_upload().bucket(B).key("clip").upload_id(&upload);
        complete.multipart_upload(list(parts.to_vec())).send()
    };
    let first = complete(&parts).await.expect("completed");
    assert_eq!(complete(&parts).await.expect("completed again").e_tag, first.e_tag);
    refused(complete(&[part(1, "\"0\"")]).await, "NoSuchUpload", 404);
    practice.put("clip", "another").await;
    refused(complete(&parts).await, "NoSuchUpload", 404);
    assert_eq!(practice.get("clip").await, b"another");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_complete_sent_twice_at_once_succeeds_twice() {
    let practice = Practice::new().await;
    for round in 0..10 {
        let key = format!("clip/{round}");
        let upload = practice.create(&key).await;
        let parts = practice.parts(&key, &upload, &[&noise(1000, round)]).await;
        let complete = || {
            let complete = practice.plain.complete_multipart_upload().bucket(B).key(&key).upload_id(&upload);
            complete.if_none_match("*").multipart_upload(list(parts.clone())).send()
        };
        for done in futures::future::join_all([complete(), complete(), complete(), complete()]).await {
            done.unwrap_or_else(|error| panic!("round {round}: {error:?}"));
        }
    }
    assert_eq!(practice.files("segments"), 10);
}

#[tokio::test]
async fn an_aborted_upload_is_gone_with_its_parts() {
    let practice = Practice::new().await;
    let upload = practice.create("clip").await;
    practice.parts("clip", &upload, &[&noise(1000, 1), &noise(1000, 2)]).await;
    let abort = |key: &str| practice.plain.abort_multipart_upload().bucket(B).key(key).upload_id(&upload).send();
    refused(abort("another").await, "NoSuchUpload", 404);
    abort("clip").await.expect("aborted");
    refused(abort("clip").await, "NoSuchUpload", 404);
    let put = practice.plain.upload_part().bucket(B).key("clip").upload_id(&upload).part_number(3);
    refused(put.body(ByteStream::from_static(b"late")).send().await, "NoSuchUpload", 404);
    assert_eq!(practice.files("segments"), 0);
}

#[tokio::test]
async fn a_part_put_again_takes_the_place_of_the_first() {
    let practice = Practice::new().await;
    let upload = practice.create("clip").await;
    let first = practice.parts("clip", &upload, &[b"first"]).await;
    let second = practice.parts("clip", &upload, &[b"second"]).await;
    assert_eq!(practice.files("segments"), 1);
    let complete = practice.plain.complete_multipart_upload().bucket(B).key("clip").upload_id(&upload);
    refused(complete.clone().multipart_upload(list(first)).send().await, "InvalidPart", 400);
    complete.multipart_upload(list(second)).send().await.expect("completed");
    assert_eq!(practice.get("clip").await, b"second");
}

#[tokio::test]
async fn part_numbers_go_from_1_to_10000() {
    let practice = Practice::new().await;
    let upload = practice.create("clip").await;
    for (number, allowed) in [(0, false), (1, true), (10_000, true), (10_001, false), (-1, false)] {
        let put = practice.plain.upload_part().bucket(B).key("clip").upload_id(&upload).part_number(number);
        match put.body(ByteStream::from_static(b"x")).send().await {
            Ok(_) => assert!(allowed, "{number}"),
            other => {
                refused(other, "InvalidArgument", 400);
                assert!(!allowed, "{number}");
            }
        }
    }
}

#[tokio::test]
async fn parts_can_be_copied_from_ranges_of_objects() {
    let practice = Practice::new().await;
    let bytes = noise(2 * PART, 4);
    practice.put("source", bytes.clone()).await;
    let upload = practice.create("clip").await;
    let copy = |number: i32, range: String| {
        let copy = practice.plain.upload_part_copy().bucket(B).key("clip").upload_id(&upload).part_number(number);
        copy.copy_source(format!("{B}/source")).copy_source_range(range).send()
    };
    let mut parts = Vec::new();
    for (number, range) in [(1, format!("bytes={}-{}", 100, PART + 99)), (2, "bytes=0-41".to_owned())] {
        let result = copy(number, range).await.expect("copied").copy_part_result.expect("a result");
        parts.push(part(number, result.e_tag().expect("an ETag")));
    }
    refused(copy(3, format!("bytes=0-{}", 2 * PART)).await, "InvalidArgument", 400);
    refused(copy(3, "bytes=5-".to_owned()).await, "InvalidArgument", 400);
    let complete = practice.plain.complete_multipart_upload().bucket(B).key("clip").upload_id(&upload);
    complete.multipart_upload(list(parts)).send().await.expect("completed");
    assert!(practice.get("clip").await == [&bytes[100..PART + 100], &bytes[..42]].concat());
}

#[tokio::test]
async fn what_was_said_at_the_creation_holds_for_the_object() {
    let practice = Practice::new().await;
    let create = practice.plain.create_multipart_upload().bucket(B).key("clip").content_type("video/mp4");
    let create = create.metadata("slug", "x").tagging("desk=world").server_side_encryption("AES256".into());
    let upload = create.send().await.expect("created").upload_id.expect("an ID");
    assert!(upload.len() >= 32, "not to be guessed: {upload}");
    let parts = list(practice.parts("clip", &upload, &[b"x"]).await);
    let complete = practice.plain.complete_multipart_upload().bucket(B).key("clip").upload_id(&upload);
    complete.multipart_upload(parts).send().await.expect("completed");
    let head = practice.plain.head_object().bucket(B).key("clip").send().await.expect("head");
    assert_eq!(head.content_type(), Some("video/mp4"));
    assert_eq!(head.server_side_encryption().map(|sse| sse.as_str()), Some("AES256"));
    assert_eq!(head.metadata().map(|m| m["slug"].as_str()), Some("x"));
    let tags = practice.plain.get_object_tagging().bucket(B).key("clip").send().await.expect("tags");
    assert_eq!(tags.tag_set[0].value(), "world");
}
