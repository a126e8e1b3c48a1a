//! Servers that are processes of their own: what a kill leaves behind, and what they log.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CompletedPart;
use rushes_practice::Keys;

use crate::common::{B, PART, Practice, config, list, noise};
use crate::wire::{request, status};

/// A process of its own that serves `root`.
struct Server {
    child: Child,
    client: Client,
    keys: Keys,
}

impl Server {
    fn start(root: &Path) -> Self {
        Self::start_logging(root, Stdio::null())
    }

    /// With everything that can be logged going to `log`.
    fn start_logging(root: &Path, log: Stdio) -> Self {
        let mut child = Command::new(example())
            .arg(root)
            .env("RUST_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("cargo builds the examples with the tests");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let told: BTreeMap<String, String> = serde_json::from_str(&line).expect("JSON");
        let keys = Keys {
            access_key_id: told["access_key_id"].clone(),
            secret_access_key: told["secret_access_key"].clone().into(),
        };
        let client = Client::from_conf(config(&told["endpoint"], &keys).build());
        Self { child, client, keys }
    }

    /// On Unix this is SIGKILL: no line of the server runs any more.
    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

/// Cargo tells tests where binaries are, but not examples: those lie beside the folder of the tests.
fn example() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let target = test.parent().and_then(Path::parent).expect("target/debug");
    target.join("examples").join(format!("serve{}", std::env::consts::EXE_SUFFIX))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_in_the_midst_of_uploads_what_was_acknowledged_is_there_and_nothing_else() {
    let root = Arc::new(tempfile::tempdir().expect("a folder"));
    for round in 0..rounds() {
        let server = Server::start(root.path());
        let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
        let attempted = Arc::new(Mutex::new(BTreeMap::new()));
        let writers: Vec<_> = (0..4_u64)
            .map(|writer| {
                let client = server.client.clone();
                let (acknowledged, attempted) = (Arc::clone(&acknowledged), Arc::clone(&attempted));
                tokio::spawn(async move {
                    for n in 0.. {
                        // Each key is written again and again, so that the kill also meets overwriting.
                        let key = format!("round-{round}/{writer}/{}", n % 3);
                        let seed = (round << 32) + (writer << 16) + n;
                        let length = 1 + (seed as usize * 7919) % 900_000;
                        attempted.lock().expect("a lock").insert(key.clone(), (length, seed));
                        let body = noise(length, seed);
                        let done = if writer == 0 {
                            put_in_parts(&client, &key, body).await
                        } else {
                            client.put_object().bucket(B).key(&key).body(body.into()).send().await.is_ok()
                        };
                        if !done {
                            return;
                        }
                        acknowledged.lock().expect("a lock").insert(key, (length, seed));
                    }
                })
            })
            .collect();
        // A different moment each time, but not before the writers are well under way.
        while acknowledged.lock().expect("a lock").len() < 6 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(17 * round)).await;
        server.kill();
        for writer in writers {
            writer.await.expect("a writer");
        }

        let practice = Practice::reopen(Arc::clone(&root)).await;
        let acknowledged = std::mem::take(&mut *acknowledged.lock().expect("a lock"));
        let attempted = std::mem::take(&mut *attempted.lock().expect("a lock"));
        for (key, last) in &attempted {
            // The attempt that the kill met is there whole or not at all.
            let there = if practice.exists(key).await { Some(practice.get(key).await) } else { None };
            let is = |(length, seed): &(usize, u64)| there == Some(noise(*length, *seed));
            let kept = acknowledged.get(key).map_or(there.is_none(), is);
            assert!(kept || is(last), "round {round}, {key}: {:?} bytes", there.as_ref().map(Vec::len));
        }
        let known = practice.plain.list_objects_v2().bucket(B).send().await.expect("a list").contents().len();
        let known = known + parts_of_unfinished_uploads(&practice).await;
        assert_eq!(practice.files("segments"), known, "what was half written is swept");
        assert_eq!(practice.files("tmp"), 0);
        practice.serving.stop().await;
    }
}

/// More for who looks for a rare moment: `KILLS=200 cargo test -p rushes-practice after_a_kill`.
fn rounds() -> u64 {
    std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(6)
}

/// Whether a multipart upload of one part went through.
async fn put_in_parts(client: &Client, key: &str, body: Vec<u8>) -> bool {
    let create = client.create_multipart_upload().bucket(B).key(key).send().await;
    let Some(upload) = create.ok().and_then(|created| created.upload_id) else { return false };
    let part = client.upload_part().bucket(B).key(key).upload_id(&upload).part_number(1);
    let Ok(part) = part.body(body.into()).send().await else { return false };
    let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).set_checksum_crc32(part.checksum_crc32);
    let complete = client.complete_multipart_upload().bucket(B).key(key).upload_id(upload);
    complete.multipart_upload(list(vec![part.build()])).send().await.is_ok()
}

async fn parts_of_unfinished_uploads(practice: &Practice) -> usize {
    let uploads = practice.plain.list_multipart_uploads().bucket(B).send().await.expect("a list");
    let mut parts = 0;
    for upload in uploads.uploads() {
        let list = practice.plain.list_parts().bucket(B).set_key(upload.key.clone());
        let list = list.set_upload_id(upload.upload_id.clone()).send().await.expect("parts");
        parts += list.parts().len();
    }
    parts
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_a_multipart_upload_goes_on_with_the_parts_it_had() {
    let root = Arc::new(tempfile::tempdir().expect("a folder"));
    let server = Server::start(root.path());
    let create = server.client.create_multipart_upload().bucket(B).key("clip").send().await;
    let upload = create.expect("created").upload_id.expect("an ID");
    let bytes = noise(4 * PART, 1);
    let part = |client: &Client, number: usize| {
        let part = client.upload_part().bucket(B).key("clip").upload_id(&upload).part_number(number as i32);
        part.body(ByteStream::from(bytes[(number - 1) * PART..number * PART].to_vec())).send()
    };
    for number in [1, 2] {
        part(&server.client, number).await.expect("a part");
    }
    // The third is under way when the kill comes.
    let third = tokio::spawn(part(&server.client, 3));
    tokio::time::sleep(Duration::from_millis(20)).await;
    server.kill();
    let third = third.await.expect("ran").is_ok();

    let practice = Practice::reopen(root).await;
    let list_parts = || practice.plain.list_parts().bucket(B).key("clip").upload_id(&upload).send();
    let there: Vec<_> = list_parts().await.expect("parts").parts().iter().filter_map(|p| p.part_number()).collect();
    assert!(there == [1, 2] || there == [1, 2, 3], "{there:?}");
    assert!(!third || there.len() == 3, "what was acknowledged is there");
    assert_eq!(practice.files("segments"), there.len() + sample_clips(&practice).await);
    for number in [3, 4] {
        part(&practice.plain, number).await.expect("a part");
    }
    let parts = list_parts().await.expect("parts");
    let told = parts.parts().iter().map(|part| {
        CompletedPart::builder()
            .set_part_number(part.part_number)
            .set_e_tag(part.e_tag.clone())
            .set_checksum_crc32(part.checksum_crc32.clone())
            .build()
    });
    let complete = practice.plain.complete_multipart_upload().bucket(B).key("clip").upload_id(&upload);
    complete.multipart_upload(list(told.collect())).send().await.expect("completed");
    assert!(practice.get("clip").await == bytes);
}

/// The example fills the bucket.
async fn sample_clips(practice: &Practice) -> usize {
    let listed = practice.plain.list_objects_v2().bucket(B).send().await.expect("a list");
    listed.contents().iter().filter(|object| object.key() != Some("clip")).count()
}

#[tokio::test]
async fn nothing_that_lets_anyone_in_is_ever_logged() {
    let root = tempfile::tempdir().expect("a folder");
    let log = tempfile::NamedTempFile::new().expect("a file");
    let server = Server::start_logging(root.path(), log.reopen().expect("a file").into());
    let client = &server.client;
    client.put_object().bucket(B).key("seen").body(ByteStream::from_static(b"x")).send().await.expect("put");
    client.get_object().bucket(B).key("none").send().await.expect_err("not there");
    let minute = PresigningConfig::expires_in(Duration::from_secs(60)).expect("a minute");
    let url = client.get_object().bucket(B).key("seen").presigned(minute).await.expect("a URL");
    let answer = request("GET", url.uri(), &[], b"").await;
    assert_eq!(status(&answer), 200, "{answer}");
    // s3s knows the right signature of what was signed wrongly.
    let tampered = url.uri().replace("seen", "other");
    assert_eq!(status(&request("GET", &tampered, &[], b"").await), 403);
    let secret = server.keys.secret_access_key.clone();
    server.kill();

    let log = std::fs::read_to_string(log.path()).expect("a log");
    assert!(log.contains("PUT") && log.contains("rushes_practice::front"), "requests are logged: {log}");
    // Nor what clips are called: logs go to support.
    for never in [secret.as_str(), "ignature", "practice-footage/seen"] {
        assert!(!log.contains(never), "{log}");
    }
}
