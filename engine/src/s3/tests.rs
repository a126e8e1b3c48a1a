//! What requests look like on the wire, by a listener that only reads their heads. Answers are the drivers' matter.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::{Offers, PartSum, Store};
use crate::api::Keys;
use crate::credentials::Caller;
use crate::integrity::Crc64;
use crate::lane::Gate;
use crate::parts::Part;
use crate::profile::{CredentialsFrom, Profile};
use crate::route::{self, Said};
use crate::source::Source;
use crate::wire::{Common, Wire};

/// Answers every request with a part's ETag, and keeps what came until the connection fell silent.
async fn listen() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 1 << 16];
            loop {
                let read = tokio::time::timeout(std::time::Duration::from_millis(300), stream.read(&mut buffer)).await;
                match read {
                    Ok(Ok(n)) if n > 0 => kept.lock().await.extend_from_slice(&buffer[..n]),
                    _ => break,
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    (endpoint, heard)
}

fn store_at(endpoint: String) -> Store {
    let profile = Profile {
        name: "wire".into(),
        bureau: String::new(),
        bucket: "bucket".into(),
        region: "us-east-1".into(),
        endpoint: Some(endpoint),
        accelerate: false,
        key_template: "{name}".into(),
        credentials: CredentialsFrom::Lent,
        zone: None,
        routes: Default::default(),
    };
    let keys = Keys {
        access_key_id: "AKIAWIRE".into(),
        secret_access_key: "secret".to_owned().into(),
        session_token: None,
        cloudfront_key: None,
    };
    let wire = Wire::new(&Common::new(Arc::default()).unwrap(), None);
    let route = route::all(&profile, &Said::default()).remove(0).open().unwrap();
    Store::new(&profile, &route.address, Caller::with(&keys), &wire).unwrap()
}

const PART: Part = Part { number: 3, offset: 0, length: 9 };

async fn source() -> (Source, tempfile::NamedTempFile) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, b"123456789").unwrap();
    (Source::open(file.path()).await.unwrap(), file)
}

async fn sent_with(sum: PartSum) -> String {
    let (endpoint, heard) = listen().await;
    let (source, _file) = source().await;
    let (body, tap) = source.body(PART, 64 << 10, Gate::open());
    store_at(endpoint).put_part("a/../key é", "upload", PART, body, sum).await.unwrap();
    assert_eq!(tap.crc().unwrap().to_string(), "rosUhgp5mIg=");
    String::from_utf8_lossy(&heard.lock().await).to_lowercase()
}

#[tokio::test]
async fn a_part_streams_with_its_checksum_in_the_trailer() {
    let sent = sent_with(PartSum::Crc64Trailer).await;
    for wanted in [
        // The key as it is: no segment may be resolved away.
        "put /bucket/a/../key%20%c3%a9?x-id=uploadpart&partnumber=3&uploadid=upload http/1.1\r\n",
        "x-amz-trailer: x-amz-checksum-crc64nvme\r\n",
        "content-encoding: aws-chunked\r\n",
        "x-amz-decoded-content-length: 9\r\n",
        // Over plain http, which is for this computer alone, the SDK signs each chunk.
        "\r\n9;chunk-signature=",
        "\r\n123456789\r\n0;",
        "\r\nx-amz-checksum-crc64nvme:rosuhgp5mig=\r\n",
    ] {
        assert!(sent.contains(wanted), "{wanted:?} is not in {sent}");
    }
}

#[tokio::test]
async fn a_store_without_checksums_gets_plain_bytes_and_their_md5() {
    let sent = sent_with(PartSum::Md5("JfnnlDI7RTiF9RgfG2JNCw==".into())).await;
    for wanted in ["content-md5: jfnnldi7rtif9rgfg2jncw==\r\n", "content-length: 9\r\n", "\r\n\r\n123456789"] {
        assert!(sent.contains(wanted), "{wanted:?} is not in {sent}");
    }
    assert!(!sent.contains("checksum") && !sent.contains("aws-chunked"), "{sent}");
}

/// The policies that Rushes writes refuse whatever could put an object in the place of another.
#[tokio::test]
async fn what_makes_an_object_says_that_there_must_be_none_and_what_does_not_is_silent() {
    let condition = "\r\nif-none-match: *\r\n";
    let (endpoint, heard) = listen().await;
    let (source, _file) = source().await;
    let (body, _tap) = source.body(PART, 64 << 10, Gate::open());
    let store = store_at(endpoint);
    store.put("key", PART, body, PartSum::Crc64Trailer, HashMap::new(), true).await.unwrap();
    assert!(String::from_utf8_lossy(&heard.lock().await).to_lowercase().contains(condition));
    heard.lock().await.clear();
    let crc = Crc64::of(b"123456789");
    // The listener's answer is none that ends an upload.
    let _ = store.complete("key", "upload", &[(PART, "\"e\"".into(), crc)], crc, Offers::WholeCrc64).await;
    let sent = String::from_utf8_lossy(&heard.lock().await).to_lowercase();
    assert!(sent.starts_with("post /bucket/key?") && sent.contains(condition), "{sent}");
    assert!(!sent_with(PartSum::Crc64Trailer).await.contains("if-none-match"));
}
