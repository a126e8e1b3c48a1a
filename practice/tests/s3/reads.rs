//! Ranges, conditions and parts of a read, and that a read ends with the bytes it began with.

use aws_sdk_s3::primitives::DateTime;

use crate::common::{B, PART, Practice, noise, refused};

#[tokio::test]
async fn a_range_brings_exactly_its_bytes_and_says_so() {
    let practice = Practice::new().await;
    let bytes = noise(PART + 700_000, 2);
    practice.multipart("clip", &[&bytes[..PART], &bytes[PART..]]).await;
    let size = bytes.len();
    for (asked, from, to) in [
        ("bytes=0-0".to_owned(), 0, 1),
        ("bytes=100-199".to_owned(), 100, 200),
        // Across the border of two parts.
        (format!("bytes={}-{}", PART - 5, PART + 5), PART - 5, PART + 6),
        (format!("bytes={}-", size - 10), size - 10, size),
        (format!("bytes={}-{}", size - 10, size + 1000), size - 10, size),
        ("bytes=-7".to_owned(), size - 7, size),
        (format!("bytes=-{}", size * 2), 0, size),
    ] {
        let got = practice.plain.get_object().bucket(B).key("clip").range(&asked).send().await.expect("a range");
        let told = format!("bytes {from}-{}/{size}", to - 1);
        assert_eq!(got.content_range.as_deref(), Some(&*told), "{asked}");
        assert_eq!(got.body.collect().await.expect("the body").to_vec(), bytes[from..to], "{asked}");
    }
    let head = practice.plain.head_object().bucket(B).key("clip").range("bytes=5-9").send().await.expect("head");
    assert_eq!((head.content_length, head.content_range.is_some()), (Some(5), true));
    let beyond = || practice.plain.get_object().bucket(B).key("clip").range(format!("bytes={size}-"));
    refused(beyond().send().await, "InvalidRange", 416);
    practice.put("empty", "").await;
    let empty = practice.plain.get_object().bucket(B).key("empty").range("bytes=0-").send().await;
    refused(empty, "InvalidRange", 416);
}

#[tokio::test]
async fn a_read_is_held_to_the_version_it_names() {
    let practice = Practice::new().await;
    let old = practice.put("clip", "old bytes").await;
    let get = || practice.plain.get_object().bucket(B).key("clip");
    get().range("bytes=0-2").if_match(&old).send().await.expect("still that one");
    let new = practice.put("clip", "new bytes").await;
    refused(get().range("bytes=0-2").if_match(&old).send().await, "PreconditionFailed", 412);
    refused(get().if_match(&old).send().await, "PreconditionFailed", 412);
    refused(practice.plain.head_object().bucket(B).key("clip").if_match(&old).send().await, "", 412);

    let not_modified = get().if_none_match(&new).send().await.expect_err("not modified");
    let response = not_modified.raw_response().expect("an answer");
    assert_eq!((response.status().as_u16(), response.headers().get("etag")), (304, Some(new.as_str())));
    get().if_none_match(&old).send().await.expect("another version");

    let modified = get().send().await.expect("got").last_modified.expect("a time");
    let (before, after) = (DateTime::from_secs(modified.secs() - 60), DateTime::from_secs(modified.secs() + 60));
    get().if_modified_since(before).send().await.expect("modified since");
    refused(get().if_modified_since(after).send().await, "", 304);
    get().if_unmodified_since(modified).send().await.expect("not modified since");
    refused(get().if_unmodified_since(before).send().await, "PreconditionFailed", 412);
    // An ETag that holds makes the date irrelevant.
    get().if_match(&new).if_unmodified_since(before).send().await.expect("the ETag holds");
}

#[tokio::test]
async fn a_part_is_read_by_its_number() {
    let practice = Practice::new().await;
    let (one, two) = (noise(PART, 3), noise(1234, 4));
    practice.multipart("clip", &[&one, &two]).await;
    let get = |number| practice.plain.get_object().bucket(B).key("clip").part_number(number);
    let got = get(2).send().await.expect("part 2");
    assert_eq!((got.parts_count, got.content_length), (Some(2), Some(1234)));
    assert_eq!(got.content_range, Some(format!("bytes {PART}-{}/{}", PART + 1233, PART + 1234)));
    assert_eq!(got.body.collect().await.expect("the body").to_vec(), two);
    refused(get(3).send().await, "InvalidPartNumber", 416);
    refused(get(1).range("bytes=0-1").send().await, "InvalidRequest", 400);

    practice.put("single", "whole").await;
    let head = practice.plain.head_object().bucket(B).key("single").part_number(1).send().await.expect("head");
    assert_eq!((head.parts_count, head.content_length), (None, Some(5)));
}

#[tokio::test]
async fn a_read_under_way_ends_with_the_old_bytes_when_its_object_is_replaced_or_deleted() {
    let practice = Practice::new().await;
    // More than sockets and read-ahead hold, so that most of it is read after the change.
    let bytes = noise(24 * 1024 * 1024, 5);
    for replaced in [true, false] {
        practice.multipart("clip", &[&bytes[..8 << 20], &bytes[8 << 20..16 << 20], &bytes[16 << 20..]]).await;
        let mut body = practice.plain.get_object().bucket(B).key("clip").send().await.expect("got").body;
        let mut received = body.next().await.expect("bytes").expect("the first bytes").to_vec();
        if replaced {
            practice.put("clip", "something else").await;
        } else {
            practice.plain.delete_object().bucket(B).key("clip").send().await.expect("deleted");
        }
        while let Some(bytes) = body.next().await {
            received.extend_from_slice(&bytes.expect("the rest"));
        }
        assert!(received == bytes, "replaced: {replaced}, {} of {} bytes", received.len(), bytes.len());
        practice.plain.delete_object().bucket(B).key("clip").send().await.expect("deleted");
    }
    drop(practice.again().await.serving);
}

#[tokio::test]
async fn files_of_a_replaced_object_go_when_its_last_reader_does() {
    let practice = Practice::new().await;
    practice.put("clip", noise(24 << 20, 6)).await;
    let mut body = practice.plain.get_object().bucket(B).key("clip").send().await.expect("got").body;
    body.next().await.expect("bytes").expect("the first bytes");
    practice.put("clip", "").await;
    assert_eq!(practice.files("segments"), 1, "somebody still reads it");
    drop(body);
    for _ in 0..100 {
        if practice.files("segments") == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the file is still there");
}
