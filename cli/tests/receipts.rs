//! A card's receipt from the command line: it follows a card that was sent, and is compared with the bucket and with the files.

mod support;

use rushes_rig::practice::Practice;
use rushes_rig::{Scratch, footage};
use serde_json::Value;
use support::{code, ctl, words};

const CLIP: &str = "XDROOT/Clip/C0001.MXF";
const SIDECAR: &str = "XDROOT/Clip/C0001M01.XML";

fn found<'a>(lines: &'a [Value], path: &str) -> Vec<&'a str> {
    lines.iter().filter(|line| line["path"] == path).filter_map(|line| line["found"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_was_sent_has_a_receipt_that_can_be_verified() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bucket = practice.bucket();
    let ctl = ctl(&scratch).with(&bucket.env());
    let card = scratch.folder("A001");
    std::fs::create_dir_all(card.join("XDROOT/Clip")).unwrap();
    footage::random(&card.join(CLIP), 6_000_000, 1).unwrap();
    footage::random(&card.join(SIDECAR), 300, 2).unwrap();
    let card_path = card.to_str().unwrap();

    let put = ctl.run(&words(bucket, &["put", card_path, "--to", "in"])).await.unwrap().ok().unwrap();
    // After all that was said of the card on its way.
    let receipt = put.lines.iter().rfind(|line| line["receipt"].is_object()).expect("a receipt follows");
    assert_eq!(receipt["receipt"]["state"], "safe", "{receipt}");
    let batch = receipt["batch"].to_string();
    let file = receipt["receipt"]["path"].as_str().unwrap().to_owned();
    assert!(file.starts_with(card_path) && file.ends_with(".mhl"), "{file}");
    let listed = ctl.run(&["transfers"]).await.unwrap().ok().unwrap();
    assert!(listed.stdout.contains("safe to wipe"), "{}", listed.stdout);

    for receipt in [file.as_str(), card_path] {
        let verified = ctl.run(&words(bucket, &["verify", receipt, "--files"])).await.unwrap().ok().unwrap();
        assert_eq!(found(&verified.lines, CLIP), ["same", "same"]);
    }

    // A byte of a file turns, and somebody else's bytes are at a key.
    let mut bytes = std::fs::read(card.join(CLIP)).unwrap();
    bytes[5_000_000] ^= 1;
    std::fs::write(card.join(CLIP), bytes).unwrap();
    bucket.witness().unwrap().put(&format!("in/A001/{SIDECAR}"), vec![7; 300]).await.unwrap();
    let verified = ctl.run(&words(bucket, &["verify", &file])).await.unwrap();
    assert_eq!(verified.status, Some(1));
    assert_eq!((found(&verified.lines, CLIP), found(&verified.lines, SIDECAR)), (vec!["same"], vec!["replaced"]));
    let verified = ctl.run(&words(bucket, &["verify", &file, "--files"])).await.unwrap();
    assert_eq!(found(&verified.lines, CLIP), ["same", "fileChanged"]);

    // Asked again, it says so; what it said before stays.
    let again = ctl.run(&words(bucket, &["receipt", &batch])).await.unwrap();
    assert_eq!(again.status, Some(1), "{again:#?}");
    assert!(again.stdout.contains("trouble") && again.stdout.contains("C0001.MXF"), "{}", again.stdout);
    assert!(std::path::Path::new(&file).is_file());

    let nothing = ctl.run(&words(bucket, &["verify", scratch.folder("empty").to_str().unwrap()])).await.unwrap();
    assert_eq!((nothing.status, code(&nothing)), (Some(1), "notFound"));
    let elsewhere = ctl.run(&words(&bucket.named("another"), &["verify", &file])).await.unwrap();
    assert_eq!(elsewhere.status, Some(1));
}
