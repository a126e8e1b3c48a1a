//! An object comes back as it was put, with all that was said about it, until it is deleted or replaced.

use aws_sdk_s3::primitives::{ByteStream, DateTime, DateTimeFormat};
use aws_sdk_s3::types::{Delete, MetadataDirective, ObjectIdentifier, Tag, Tagging, TaggingDirective};

use crate::common::{B, Practice, noise, refused};

#[tokio::test]
async fn an_object_comes_back_with_the_bytes_and_headers_it_was_put_with() {
    let practice = Practice::new().await;
    let bytes = noise(3_000_000, 1);
    let put = practice.s3.put_object().bucket(B).key("Lagos/clip é.mp4").body(ByteStream::from(bytes.clone()));
    put.content_type("video/mp4")
        .content_disposition("attachment; filename=\"clip.mp4\"")
        .content_language("en")
        .cache_control("no-cache")
        .expires(DateTime::from_secs(2_000_000_000))
        .metadata("rushes-slug", "harbour-expansion")
        .metadata("rushes-name", "Hafenbilder – für Ève.mp4")
        .send()
        .await
        .expect("put");

    let practice = practice.again().await;
    let got = practice.s3.get_object().bucket(B).key("Lagos/clip é.mp4").send().await.expect("got");
    assert_eq!(got.content_type.as_deref(), Some("video/mp4"));
    assert_eq!(got.content_disposition.as_deref(), Some("attachment; filename=\"clip.mp4\""));
    assert_eq!(got.content_language.as_deref(), Some("en"));
    assert_eq!(got.cache_control.as_deref(), Some("no-cache"));
    let expires = DateTime::from_secs(2_000_000_000).fmt(DateTimeFormat::HttpDate).expect("a date");
    assert_eq!(got.expires_string, Some(expires));
    assert_eq!(got.content_encoding, None, "aws-chunked is how it travelled, not what it is");
    assert_eq!(got.content_length, Some(3_000_000));
    assert_eq!(got.storage_class, None, "STANDARD is not told");
    let metadata = got.metadata.expect("metadata");
    assert_eq!(metadata["rushes-slug"], "harbour-expansion");
    // As in S3, what is not ASCII comes back as RFC 2047 writes it.
    assert!(metadata["rushes-name"].starts_with("=?UTF-8?B?"), "{metadata:?}");
    assert_eq!(got.body.collect().await.expect("the body").to_vec(), bytes);
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let practice = Practice::new().await;
    let etag = practice.put("empty/", "").await;
    assert_eq!(etag, "\"d41d8cd98f00b204e9800998ecf8427e\"");
    let practice = practice.again().await;
    let head = practice.plain.head_object().bucket(B).key("empty/").send().await.expect("head");
    assert_eq!(head.content_length, Some(0));
    assert_eq!(practice.get("empty/").await, b"");
}

#[tokio::test]
async fn overwriting_and_deleting_leave_no_files_behind() {
    let practice = Practice::new().await;
    for seed in 0..5 {
        practice.put("same", noise(1000, seed)).await;
    }
    assert_eq!(practice.get("same").await, noise(1000, 4));
    assert_eq!(practice.files("segments"), 1);
    practice.plain.delete_object().bucket(B).key("same").send().await.expect("deleted");
    practice.plain.delete_object().bucket(B).key("same").send().await.expect("deleting nothing succeeds too");
    refused(practice.plain.get_object().bucket(B).key("same").send().await, "NoSuchKey", 404);
    refused(practice.plain.head_object().bucket(B).key("same").send().await, "NotFound", 404);
    assert_eq!((practice.files("segments"), practice.files("tmp")), (0, 0));
}

#[tokio::test]
async fn many_are_deleted_in_one_request_and_those_that_cannot_be_are_named() {
    let practice = Practice::new().await;
    for key in ["a & b", "c\nd", " e ", "<f>"] {
        practice.put(key, "x").await;
    }
    let object = |key: &str| ObjectIdentifier::builder().key(key).build().expect("a key");
    let stale = ObjectIdentifier::builder().key("<f>").e_tag("\"0\"").build().expect("a key");
    let delete = Delete::builder()
        .objects(object("a & b"))
        .objects(object("c\nd"))
        .objects(object(" e "))
        .objects(object("never was"))
        .objects(stale);
    let delete = delete.build().expect("a list");
    let deleted = practice.s3.delete_objects().bucket(B).delete(delete).send().await.expect("deleted");
    let keys: Vec<_> = deleted.deleted().iter().filter_map(|d| d.key()).collect();
    assert_eq!(keys, ["a & b", "c\nd", " e ", "never was"]);
    let errors: Vec<_> = deleted.errors().iter().map(|e| (e.key(), e.code())).collect();
    assert_eq!(errors, [(Some("<f>"), Some("PreconditionFailed"))]);
    let left = practice.plain.list_objects_v2().bucket(B).send().await.expect("a list");
    assert_eq!(left.contents().iter().filter_map(|o| o.key()).collect::<Vec<_>>(), ["<f>"]);
}

#[tokio::test]
async fn a_copy_takes_over_what_it_is_not_told_to_replace() {
    let practice = Practice::new().await;
    let put = practice.plain.put_object().bucket(B).key("from a/b").content_type("video/mp4").metadata("slug", "one");
    put.tagging("desk=world").body(ByteStream::from_static(b"bytes")).send().await.expect("put");

    let copy = || practice.plain.copy_object().bucket(B).copy_source(format!("{B}/from%20a/b"));
    let copied = copy().key("as it is").send().await.expect("copied");
    let result = copied.copy_object_result.expect("a result");
    assert_eq!(result.e_tag.as_deref(), Some("\"4b3a6218bb3e3a7303e8a171a60fcf92\""));
    let head = practice.plain.head_object().bucket(B).key("as it is").send().await.expect("head");
    assert_eq!((head.content_type(), head.metadata().expect("metadata")["slug"].as_str()), (Some("video/mp4"), "one"));
    let tags = practice.plain.get_object_tagging().bucket(B).key("as it is").send().await.expect("tags");
    assert_eq!(tags.tag_set[0].value(), "world");

    let replaced = copy().key("replaced").metadata_directive(MetadataDirective::Replace).metadata("slug", "two");
    replaced.tagging_directive(TaggingDirective::Replace).send().await.expect("copied");
    let head = practice.plain.head_object().bucket(B).key("replaced").send().await.expect("head");
    assert_eq!(head.content_type(), Some("binary/octet-stream"));
    assert_eq!(head.metadata.expect("metadata")["slug"], "two");
    let tags = practice.plain.get_object_tagging().bucket(B).key("replaced").send().await.expect("tags");
    assert!(tags.tag_set.is_empty());
    assert_eq!(practice.get("replaced").await, b"bytes");

    refused(copy().key("from a/b").send().await, "InvalidRequest", 400);
    copy().key("from a/b").metadata_directive(MetadataDirective::Replace).send().await.expect("onto itself, changed");
    refused(copy().key("x").copy_source_if_match("\"0\"").send().await, "PreconditionFailed", 412);
    let missing = practice.plain.copy_object().bucket(B).key("x").copy_source(format!("{B}/none")).send().await;
    refused(missing, "NoSuchKey", 404);
}

#[tokio::test]
async fn tags_are_put_replaced_and_deleted_without_touching_the_object() {
    let practice = Practice::new().await;
    let etag = practice.put("clip", "bytes").await;
    let before = practice.plain.head_object().bucket(B).key("clip").send().await.expect("head");
    let tag = |value: &str| Tag::builder().key("desk").value(value).build().expect("a tag");
    let set = |value| Tagging::builder().tag_set(tag(value)).build().expect("tags");
    for value in ["world", "sport é"] {
        let put = practice.plain.put_object_tagging().bucket(B).key("clip").tagging(set(value));
        put.send().await.expect("tagged");
    }
    let practice = practice.again().await;
    let get = || practice.plain.get_object_tagging().bucket(B).key("clip");
    assert_eq!(get().send().await.expect("tags").tag_set, [tag("sport é")]);
    let after = practice.plain.head_object().bucket(B).key("clip").send().await.expect("head");
    assert_eq!((after.e_tag, after.last_modified), (Some(etag), before.last_modified));
    practice.plain.delete_object_tagging().bucket(B).key("clip").send().await.expect("untagged");
    assert!(get().send().await.expect("tags").tag_set.is_empty());
    let twice = Tagging::builder().tag_set(tag("a")).tag_set(tag("b")).build().expect("tags");
    let put = practice.plain.put_object_tagging().bucket(B).key("clip").tagging(twice).send().await;
    refused(put, "InvalidTag", 400);
    assert_eq!(practice.get("clip").await, b"bytes");
}

#[tokio::test]
async fn what_s3_would_not_store_is_refused() {
    let practice = Practice::new().await;
    let put = || practice.plain.put_object().bucket(B).key("x").body(ByteStream::from_static(b"x"));
    refused(put().metadata("long", "x".repeat(2100)).send().await, "MetadataTooLarge", 400);
    refused(put().storage_class("DEEP_ARCHIVE".into()).send().await, "InvalidStorageClass", 400);
    refused(put().acl("public-read".into()).send().await, "AccessControlListNotSupported", 400);
    refused(put().server_side_encryption("aws:kms".into()).send().await, "NotImplemented", 501);
    refused(put().key("k".repeat(1025)).send().await, "KeyTooLongError", 400);
    refused(put().bucket("no-such-bucket").send().await, "NoSuchBucket", 404);
    assert!(!practice.exists("x").await);
    put().storage_class("STANDARD_IA".into()).send().await.expect("a class that can be read at once");
    let head = practice.plain.head_object().bucket(B).key("x").send().await.expect("head");
    assert_eq!(head.storage_class.map(|class| class.as_str().to_owned()).as_deref(), Some("STANDARD_IA"));
}
