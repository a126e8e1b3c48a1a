//! Promise 4: done means proved, and the transfer says by what.

use crate::support::{Bench, is_done};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use rushes_engine::api::Place;
use rushes_engine::integrity::Crc64;
use rushes_engine::transfer::{Proof, Status};
use rushes_rig::practice::Practice;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage};

const MIB: u64 = 1 << 20;

/// Sends files of telling sizes, looks at them with another client, and fetches them back.
async fn round_trip(scratch: &Scratch, bucket: &Bucket) {
    let bench = Bench::open(&scratch.join("home"), bucket).await;
    let witness = bucket.witness().unwrap();
    for (i, size) in [0, 1, 1000, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 23 * MIB + 7].into_iter().enumerate() {
        let name = format!("clip-{size}.mxf");
        let clip = scratch.join(&name);
        footage::random(&clip, size, i as u64).unwrap();
        let row = bench.send(&clip).await;
        let Status::Done { proof: Proof::WholeObject { algorithm, checksum }, .. } = &row.status else {
            panic!("{size} bytes: {row:#?}")
        };
        let ours = Crc64::of(&std::fs::read(&clip).unwrap()).to_string();
        assert_eq!((algorithm.as_str(), checksum), ("CRC64NVME", &ours), "{size} bytes");
        let head = witness.head(&name).await.unwrap().unwrap();
        assert_eq!(head.size, size);
        if let Some(theirs) = head.crc64nvme {
            assert_eq!(theirs, ours, "{size} bytes");
        }
        assert!(witness.same(&name, &clip).await.unwrap());

        let into = scratch.folder("down");
        let id = bench.fetch(&[&name], &into).await.unwrap().transfers[0];
        let row = bench.at_rest(id).await;
        assert!(is_done(&row), "{size} bytes: {row:#?}");
        assert!(footage::same(&clip, &into.join(&name)).unwrap(), "{size} bytes");
    }
    assert!(witness.unfinished().await.unwrap().is_empty(), "the probe or an upload was left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_telling_size_round_trips_proved_by_crc64nvme_on_the_practice_store() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    round_trip(&scratch, practice.bucket()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_telling_size_round_trips_proved_by_crc64nvme_on_seaweedfs() {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await.unwrap();
    round_trip(&scratch, seaweed.bucket()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_without_a_whole_checksum_comes_down_and_says_what_was_checked() {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await.unwrap();
    let witness = seaweed.bucket().witness().unwrap();
    // Another client's multipart upload, without checksums: its ETag is no MD5 of the whole.
    let upload = witness.begin("theirs.mov").await.unwrap();
    let bytes: Vec<u8> = (0..6 * MIB).map(|i| (i % 251) as u8).collect();
    witness.put_part(&upload, 1, bytes[..5 << 20].to_vec()).await.unwrap();
    witness.put_part(&upload, 2, bytes[5 << 20..].to_vec()).await.unwrap();
    let parts = witness.parts(&upload).await.unwrap();
    let parts = parts.iter().map(|p| CompletedPart::builder().part_number(p.number).e_tag(&p.etag).build()).collect();
    witness
        .client()
        .complete_multipart_upload()
        .bucket(&seaweed.bucket().name)
        .key(&upload.key)
        .upload_id(&upload.upload_id)
        .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
        .send()
        .await
        .unwrap();
    let bench = Bench::open(&scratch.join("home"), seaweed.bucket()).await;
    let id = bench.fetch(&["theirs.mov"], &scratch.folder("down")).await.unwrap().transfers[0];
    let row = bench.at_rest(id).await;
    assert!(matches!(&row.status, Status::Done { .. }), "{row:#?}");
    assert_eq!(std::fs::read(scratch.join("down/theirs.mov")).unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_keeps_its_structure_in_the_bucket() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let card = scratch.folder("CARD/CLIP");
    for name in ["a.mxf", "b é.mxf"] {
        footage::random(&card.join(name), 1000, 1).unwrap();
    }
    footage::random(&scratch.join("CARD/INDEX.XML"), 10, 2).unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let place = Place::Prefix { prefix: "in".into() };
    let added = bench.add_to(&[&scratch.join("CARD")], place).await.unwrap();
    for id in added.transfers {
        assert!(is_done(&bench.at_rest(id).await));
    }
    let keys = practice.bucket().witness().unwrap().keys("").await.unwrap();
    assert_eq!(keys, ["in/CARD/CLIP/a.mxf", "in/CARD/CLIP/b é.mxf", "in/CARD/INDEX.XML"]);
}
