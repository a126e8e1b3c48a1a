//! Checksums: checked where stated, told where asked for, and of whole multipart objects as S3 computes them.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedPart, ObjectAttributes};

use crate::common::{B, PART, Practice, list, noise, refused};

/// Of the bytes `123456789`, as the catalogues of these algorithms have them.
const NINE: &str = "123456789";
const NINE_CRC32: &str = "y/Q5Jg==";
const NINE_CRC32C: &str = "4waSgw==";
const NINE_CRC64NVME: &str = "rosUhgp5mIg=";
const NINE_SHA1: &str = "98O8HYCOBHMq32eZZczDTKeuNEE=";
const NINE_SHA256: &str = "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=";
const NINE_MD5: &str = "JfnnlDI7RTiF9RgfG2JNCw==";

#[tokio::test]
async fn a_checksum_in_a_header_is_checked_and_told() {
    let practice = Practice::new().await;
    let put = |key: &str, body: &'static str| {
        practice.plain.put_object().bucket(B).key(key).body(ByteStream::from_static(body.as_bytes()))
    };
    for body in [NINE, "12345678X"] {
        let puts = [
            put("CRC32", body).checksum_crc32(NINE_CRC32),
            put("CRC32C", body).checksum_crc32_c(NINE_CRC32C),
            put("CRC64NVME", body).checksum_crc64_nvme(NINE_CRC64NVME),
            put("SHA1", body).checksum_sha1(NINE_SHA1),
            put("SHA256", body).checksum_sha256(NINE_SHA256),
            put("MD5", body).content_md5(NINE_MD5),
        ];
        for put in puts {
            let key = put.get_key().clone().unwrap_or_default();
            match put.send().await {
                Ok(_) => assert_eq!(body, NINE, "{key}"),
                other => {
                    refused(other, "BadDigest", 400);
                    assert_ne!(body, NINE, "{key}");
                }
            }
            // The wrong ones come second: what was right before them is still there.
            assert_eq!(practice.get(&key).await, NINE.as_bytes());
        }
    }
    let head = |key: &str| practice.plain.head_object().bucket(B).key(key).checksum_mode(ChecksumMode::Enabled).send();
    assert_eq!(head("CRC32").await.expect("head").checksum_crc32(), Some(NINE_CRC32));
    assert_eq!(head("CRC32C").await.expect("head").checksum_crc32_c(), Some(NINE_CRC32C));
    assert_eq!(head("CRC64NVME").await.expect("head").checksum_crc64_nvme(), Some(NINE_CRC64NVME));
    assert_eq!(head("SHA1").await.expect("head").checksum_sha1(), Some(NINE_SHA1));
    let sha256 = head("SHA256").await.expect("head");
    assert_eq!(sha256.checksum_sha256(), Some(NINE_SHA256));
    assert_eq!(sha256.checksum_type(), Some(&ChecksumType::FullObject));
    assert_eq!(practice.files("segments"), 6, "what was refused is not kept");
}

#[tokio::test]
async fn the_server_knows_crc64nvme_of_what_came_without_a_checksum() {
    let practice = Practice::new().await;
    practice.put("clip", NINE).await;
    let practice = practice.again().await;
    let head = practice.plain.head_object().bucket(B).key("clip");
    let told = head.clone().checksum_mode(ChecksumMode::Enabled).send().await.expect("head");
    assert_eq!(told.checksum_crc64_nvme(), Some(NINE_CRC64NVME));
    assert_eq!(told.checksum_type(), Some(&ChecksumType::FullObject));
    assert_eq!(head.send().await.expect("head").checksum_crc64_nvme(), None, "only to those who ask");
    let range = practice.plain.get_object().bucket(B).key("clip").checksum_mode(ChecksumMode::Enabled);
    let range = range.range("bytes=0-3").send().await.expect("a range");
    assert_eq!(range.checksum_crc64_nvme(), None, "a range has another one");
}

#[tokio::test]
async fn a_checksum_in_a_signed_trailer_is_checked_told_and_verified_by_the_sdk() {
    let practice = Practice::new().await;
    let algorithms = [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ];
    for algorithm in algorithms {
        let key = algorithm.as_str().to_owned();
        // Several chunks of aws-chunked. A path makes it a body that is not in memory, so that a trailer is sent.
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), noise(300_000, 7)).expect("written");
        let body = ByteStream::from_path(file.path()).await.expect("a body");
        let put = practice.s3.put_object().bucket(B).key(&key).checksum_algorithm(algorithm).body(body);
        put.send().await.expect("put");
        let got = practice.s3.get_object().bucket(B).key(&key).checksum_mode(ChecksumMode::Enabled).send().await;
        let bytes = got.expect("got").body.collect().await.expect("verified").to_vec();
        assert!(bytes == noise(300_000, 7), "{key}");
    }
}

/// CRC64NVME of some bytes as S3 writes it.
fn crc64nvme(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes);
    base64::engine::general_purpose::STANDARD.encode(crc.to_be_bytes())
}

#[tokio::test]
async fn a_full_object_checksum_of_a_multipart_upload_is_that_of_its_bytes() {
    let practice = Practice::new().await;
    let bytes = noise(2 * PART + 4321, 8);
    let parts = [&bytes[..PART], &bytes[PART..2 * PART], &bytes[2 * PART..]];
    let create = practice.plain.create_multipart_upload().bucket(B).key("clip");
    let created = create
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .checksum_type(ChecksumType::FullObject)
        .send()
        .await
        .expect("created");
    let upload = created.upload_id.expect("an ID");
    assert_eq!(created.checksum_type, Some(ChecksumType::FullObject));
    let mut completed = Vec::new();
    for (number, bytes) in (1..).zip(parts) {
        let part = |checksum: &str| {
            let part = practice.plain.upload_part().bucket(B).key("clip").upload_id(&upload).part_number(number);
            part.checksum_crc64_nvme(checksum).body(ByteStream::from(bytes.to_vec())).send()
        };
        refused(part(NINE_CRC64NVME).await, "BadDigest", 400);
        let part = part(&crc64nvme(bytes)).await.expect("a part");
        assert_eq!(part.checksum_crc64_nvme(), Some(&*crc64nvme(bytes)));
        completed.push(CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).build());
    }
    let listed = practice.plain.list_parts().bucket(B).key("clip").upload_id(&upload).send().await.expect("parts");
    let told: Vec<_> = listed.parts().iter().filter_map(|part| part.checksum_crc64_nvme()).collect();
    assert_eq!(told, parts.map(crc64nvme));

    let complete = practice.plain.complete_multipart_upload().bucket(B).key("clip").upload_id(&upload);
    let complete = complete.checksum_type(ChecksumType::FullObject).multipart_upload(list(completed));
    refused(complete.clone().checksum_crc64_nvme(NINE_CRC64NVME).send().await, "BadDigest", 400);
    refused(complete.clone().mpu_object_size(1).send().await, "InvalidRequest", 400);
    let whole = crc64nvme(&bytes);
    let done = complete.checksum_crc64_nvme(&whole).mpu_object_size(bytes.len() as i64);
    let done = done.send().await.expect("the upload was kept, and now it is right");
    assert_eq!(done.checksum_crc64_nvme(), Some(&*whole));
    let head = practice.plain.head_object().bucket(B).key("clip").checksum_mode(ChecksumMode::Enabled);
    assert_eq!(head.send().await.expect("head").checksum_crc64_nvme(), Some(&*whole));
}

#[tokio::test]
async fn a_multipart_upload_without_an_algorithm_ends_with_crc64nvme_of_the_full_object() {
    let practice = Practice::new().await;
    let bytes = noise(PART + 99, 9);
    practice.multipart("clip", &[&bytes[..PART], &bytes[PART..]]).await;
    let head = practice.plain.head_object().bucket(B).key("clip").checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.expect("head");
    assert_eq!(head.checksum_crc64_nvme(), Some(&*crc64nvme(&bytes)));
    assert_eq!(head.checksum_type(), Some(&ChecksumType::FullObject));
}

#[tokio::test]
async fn each_algorithm_has_the_type_in_multipart_uploads_that_it_has_in_s3() {
    let practice = Practice::new().await;
    let create = |algorithm: &str, kind: Option<ChecksumType>| {
        let create = practice.plain.create_multipart_upload().bucket(B).key("clip");
        create.checksum_algorithm(algorithm.into()).set_checksum_type(kind).send()
    };
    for (algorithm, default) in [
        ("CRC32", ChecksumType::Composite),
        ("CRC32C", ChecksumType::Composite),
        ("CRC64NVME", ChecksumType::FullObject),
        ("SHA1", ChecksumType::Composite),
        ("SHA256", ChecksumType::Composite),
    ] {
        let created = create(algorithm, None).await.expect("created");
        assert_eq!(created.checksum_type, Some(default), "{algorithm}");
    }
    create("CRC32", Some(ChecksumType::FullObject)).await.expect("CRCs combine");
    create("CRC32C", Some(ChecksumType::FullObject)).await.expect("CRCs combine");
    refused(create("SHA256", Some(ChecksumType::FullObject)).await, "InvalidRequest", 400);
    refused(create("CRC64NVME", Some(ChecksumType::Composite)).await, "InvalidRequest", 400);
    let without = practice.plain.create_multipart_upload().bucket(B).key("clip");
    refused(without.checksum_type(ChecksumType::FullObject).send().await, "InvalidRequest", 400);
}

#[tokio::test]
async fn a_composite_checksum_is_over_the_checksums_of_the_parts_which_must_all_be_stated() {
    let practice = Practice::new().await;
    let parts = [noise(PART, 10), noise(777, 11)];
    let create = practice.s3.create_multipart_upload().bucket(B).key("clip");
    let created = create.checksum_algorithm(ChecksumAlgorithm::Sha256).send().await.expect("created");
    let upload = created.upload_id.expect("an ID");

    let other = || {
        let part = practice.plain.upload_part().bucket(B).key("clip").upload_id(&upload).part_number(1);
        part.body(ByteStream::from_static(b"123456789"))
    };
    refused(other().send().await, "InvalidRequest", 400);
    refused(other().checksum_crc32(NINE_CRC32).send().await, "InvalidRequest", 400);

    let (mut stated, mut unstated) = (Vec::new(), Vec::new());
    for (number, bytes) in (1..).zip(&parts) {
        let part = practice.s3.upload_part().bucket(B).key("clip").upload_id(&upload).part_number(number);
        let part = part.checksum_algorithm(ChecksumAlgorithm::Sha256).body(ByteStream::from(bytes.clone()));
        let part = part.send().await.expect("a part");
        let completed = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag);
        unstated.push(completed.clone().build());
        stated.push(completed.set_checksum_sha256(part.checksum_sha256).build());
    }
    let complete = practice.plain.complete_multipart_upload().bucket(B).key("clip").upload_id(&upload);
    refused(complete.clone().multipart_upload(list(unstated)).send().await, "InvalidRequest", 400);
    let mut wrong = stated.clone();
    wrong[0].checksum_sha256 = Some(NINE_SHA256.into());
    refused(complete.clone().multipart_upload(list(wrong)).send().await, "InvalidPart", 400);
    let done = complete.multipart_upload(list(stated)).send().await.expect("completed");

    let expected = {
        use base64::Engine as _;
        use sha2::Digest as _;
        let digests: Vec<u8> = parts.iter().flat_map(sha2::Sha256::digest).collect();
        format!("{}-2", base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(digests)))
    };
    assert_eq!((done.checksum_sha256(), done.checksum_type()), (Some(&*expected), Some(&ChecksumType::Composite)));
    let attributes = practice.plain.get_object_attributes().bucket(B).key("clip");
    let attributes = attributes
        .object_attributes(ObjectAttributes::Checksum)
        .object_attributes(ObjectAttributes::ObjectParts)
        .object_attributes(ObjectAttributes::ObjectSize)
        .max_parts(1)
        .send()
        .await
        .expect("attributes");
    assert_eq!(attributes.checksum().and_then(|c| c.checksum_sha256()), Some(&*expected));
    assert_eq!(attributes.object_size, Some((PART + 777) as i64));
    let told = attributes.object_parts().expect("parts");
    assert_eq!((told.total_parts_count(), told.is_truncated(), told.parts().len()), (Some(2), Some(true), 1));
    // The SDK compares what it receives with the checksum that comes with it.
    let whole = practice.s3.get_object().bucket(B).key("clip").send().await.expect("got");
    assert!(whole.body.collect().await.expect("the body").to_vec() == parts.concat());
}

#[tokio::test]
async fn a_checksum_that_is_announced_but_does_not_come_is_refused() {
    let practice = Practice::new().await;
    let put = || practice.plain.put_object().bucket(B).key("clip").body(ByteStream::from_static(b"123456789"));
    let announced = put().customize().mutate_request(|request| {
        request.headers_mut().insert("x-amz-sdk-checksum-algorithm", "CRC32");
    });
    refused(announced.send().await, "InvalidRequest", 400);
    refused(put().checksum_crc32("not base64").send().await, "InvalidRequest", 400);
    refused(put().content_md5("not base64").send().await, "InvalidDigest", 400);
    let two = put().checksum_crc32(NINE_CRC32).checksum_crc32_c(NINE_CRC32C).send().await;
    refused(two, "InvalidRequest", 400);
    assert!(!practice.exists("clip").await);
}
