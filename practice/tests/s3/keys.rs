//! Hostile keys are only keys: each goes in, is listed, comes out and is deleted, and nothing leaves the folder.

use std::path::{Path, PathBuf};

use aws_sdk_s3::types::EncodingType;
use percent_encoding::percent_decode_str;

use crate::common::{B, Practice};

fn hostile() -> Vec<String> {
    let mut keys: Vec<String> = [
        "../../x",
        "../../../../../../tmp/rushes-escaped",
        "/etc/x",
        "//double//slash//",
        "C:\\x",
        "\\\\server\\share",
        "CON",
        "nul.mp4",
        "a//b",
        "a/./b",
        "./.",
        ".",
        "..",
        "/",
        "trailing/",
        "trailing.",
        "trailing space ",
        " leading space",
        "Grüße/клип/片段/🎬.mp4",
        "e\u{301} is not \u{e9}",
        "<img src=x onerror=alert(1)>",
        "a&b=c?d#e%f+g",
        "%2e%2e%2f",
        "\"quoted\" 'both' `ways`",
        "tab\there",
        "line\nbreak",
        "carriage\rreturn",
        "\u{1}\u{2}\u{1f}\u{7f}",
        "x\u{202e}4pm.exe",
        "*?|<>:",
        "]]><!--",
    ]
    .map(ToOwned::to_owned)
    .into();
    keys.push("k".repeat(1024));
    keys.push("é".repeat(512));
    keys.push(format!("{}end", "../".repeat(300)));
    keys
}

#[tokio::test]
async fn each_hostile_key_round_trips_through_put_list_head_get_and_delete() {
    let outside = tempfile::tempdir().expect("a folder");
    let root = outside.path().join("deeply/nested/root");
    std::fs::create_dir_all(&root).expect("made");
    let keys = rushes_practice::Keys::fresh();
    let serving = rushes_practice::serve(&root, keys.clone(), None).await.expect("served");
    let s3 = aws_sdk_s3::Client::from_conf(crate::common::config(&serving.endpoint(), &keys).build());

    for key in hostile() {
        let put = s3.put_object().bucket(B).key(&key).body(key.clone().into_bytes().into()).send().await;
        put.unwrap_or_else(|error| panic!("{key:?}: {error:?}"));
        let head = s3.head_object().bucket(B).key(&key).send().await;
        assert_eq!(head.expect(&key).content_length, Some(key.len() as i64));
        let got = s3.get_object().bucket(B).key(&key).send().await.expect(&key);
        assert_eq!(got.body.collect().await.expect("the body").to_vec(), key.as_bytes(), "{key:?}");
    }
    let mut expected = hostile();
    expected.sort();
    let plain = s3.list_objects_v2().bucket(B).send().await.expect("a list");
    assert_eq!(plain.contents().iter().filter_map(|o| o.key()).collect::<Vec<_>>(), expected);
    let encoded = s3.list_objects_v2().bucket(B).encoding_type(EncodingType::Url).send().await.expect("a list");
    let decode = |key: &str| percent_decode_str(key).decode_utf8().expect("UTF-8").into_owned();
    assert_eq!(encoded.contents().iter().filter_map(|o| o.key()).map(decode).collect::<Vec<_>>(), expected);

    let before = all_files(&root);
    assert_eq!(all_files(outside.path()), before, "nothing lies outside of the root");
    for file in &before {
        let name = file.file_name().and_then(|n| n.to_str()).expect("a name");
        let harmless = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.';
        assert!(name.chars().all(harmless), "{name}");
    }

    serving.stop().await;
    let serving = rushes_practice::serve(&root, keys.clone(), None).await.expect("served again");
    for key in hostile() {
        let got = s3.get_object().bucket(B).key(&key).send().await.expect(&key);
        assert_eq!(got.body.collect().await.expect("the body").to_vec(), key.as_bytes(), "{key:?}");
        s3.delete_object().bucket(B).key(&key).send().await.expect("deleted");
        assert!(s3.head_object().bucket(B).key(&key).send().await.is_err(), "{key:?}");
    }
    assert_eq!(s3.list_objects_v2().bucket(B).send().await.expect("a list").key_count, Some(0));
    serving.stop().await;
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(all_files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

#[tokio::test]
async fn hostile_keys_of_multipart_uploads_and_their_ids_stay_inside_too() {
    let practice = Practice::new().await;
    for key in hostile() {
        let upload = practice.create(&key).await;
        practice.parts(&key, &upload, &[b"x"]).await;
        let parts = practice.plain.list_parts().bucket(B).key(&key).upload_id(&upload).send().await;
        assert_eq!(parts.expect(&key).parts().len(), 1, "{key:?}");
    }
    let uploads = practice.plain.list_multipart_uploads().bucket(B).send().await.expect("a list");
    let mut expected = hostile();
    expected.sort();
    assert_eq!(uploads.uploads().iter().filter_map(|u| u.key()).collect::<Vec<_>>(), expected);
    for id in ["../../../bucket", "..", "", "/etc/passwd"] {
        let abort = practice.plain.abort_multipart_upload().bucket(B).key("x").upload_id(id).send().await;
        assert!(abort.is_err(), "{id:?}");
    }
    assert_eq!(practice.files("segments"), hostile().len());
}
