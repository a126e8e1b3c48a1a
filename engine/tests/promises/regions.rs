//! A bucket whose region is down, and a second one: what is read from the copy, and what goes to it and comes home. Both are
//! buckets of one store; the test itself copies, as replication would.

use std::path::{Path, PathBuf};

use crate::support::{Bench, PROFILE, error_of, is_done};
use rushes_engine::api::{Action, SaveProfile, TransferRow};
use rushes_engine::error::Code;
use rushes_engine::keys::PLAIN_TEMPLATE;
use rushes_engine::profile::{CredentialsFrom, Profile, Replica, Routes};
use rushes_engine::transfer::{Proof, Status, Why};
use rushes_rig::practice::Practice;
use rushes_rig::proxy::{Proxy, Way};
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage};

struct Regions {
    first: Proxy,
    /// As seen without anything between.
    home: Bucket,
    second: Bucket,
    bench: Bench,
    scratch: Scratch,
    _practice: Practice,
    there: Proxy,
}

/// An engine whose newsroom has two regions, each reached by a proxy.
async fn two_regions(takes_uploads: bool) -> Regions {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let home = practice.bucket().clone();
    let second = home.named("footage-second");
    second.witness().unwrap().create().await.unwrap();
    let (first, there) = (Proxy::before(&home).await.unwrap(), Proxy::before(&second).await.unwrap());
    let bench = Bench::open(&scratch.join("home"), &home.through(&first)).await;
    let replica = Replica {
        bucket: second.name.clone(),
        region: second.region.clone(),
        endpoint: Some(second.through(&there).endpoint),
        takes_uploads,
    };
    let profile = Profile {
        name: PROFILE.into(),
        bureau: "Nairobi".into(),
        bucket: home.name.clone(),
        region: home.region.clone(),
        endpoint: Some(home.through(&first).endpoint),
        accelerate: false,
        key_template: PLAIN_TEMPLATE.into(),
        credentials: CredentialsFrom::Lent,
        zone: None,
        routes: Routes { replica: Some(replica), ..Routes::default() },
    };
    let request = SaveProfile::of(profile);
    let saved =
        bench.connection.call(request, async |engine, context, request| engine.save_profile(context, request).await);
    saved.await.unwrap().unwrap();
    bench.lend(&home.keys.id, &home.keys.secret).await.unwrap();
    Regions { first, home, second, bench, scratch, _practice: practice, there }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_region_is_down_the_copy_is_read_and_what_is_not_copied_is_told_apart() {
    let regions = two_regions(false).await;
    let Regions { bench, home, second, first, scratch, .. } = &regions;
    let clip = scratch.join("both.mxf");
    footage::random(&clip, 20_000_000, 1).unwrap();
    assert!(is_done(&bench.send(&clip).await));
    // One request each, so that the checksums agree as those of a replica do.
    let bytes = std::fs::read(&clip).unwrap();
    second.witness().unwrap().put("both.mxf", bytes).await.unwrap();
    home.witness().unwrap().put("only-here.mxf", vec![7u8; 1_000_000]).await.unwrap();
    assert!(bench.list_all().await.contains(&"only-here.mxf".to_owned()));
    first.cut();
    let into = scratch.join("into");
    std::fs::create_dir_all(&into).unwrap();
    let added = bench.fetch(&["both.mxf", "only-here.mxf", "never-was.mxf"], &into).await.unwrap().transfers;
    assert!(is_done(&bench.at_rest(added[0]).await));
    assert_eq!(std::fs::read(into.join("both.mxf")).unwrap(), std::fs::read(&clip).unwrap());
    let waits = |row: &TransferRow| matches!(row.status, Status::Waiting { .. });
    let row = bench.until(added[1], "waiting", waits).await;
    assert_eq!(error_of(&row).code, Code::NotCopied, "{row:#?}");
    assert!(error_of(&row).message.contains("is not copied to"));
    let row = bench.until(added[2], "waiting", waits).await;
    assert!(error_of(&row).message.contains("cannot be asked"), "{row:#?}");
    // The region is back: then its word holds.
    first.heal();
    assert!(is_done(&bench.at_rest(added[1]).await));
    let row = bench.at_rest(added[2]).await;
    assert_eq!(error_of(&row).code, Code::NoSuchKey, "{row:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_go_to_the_second_bucket_where_that_is_allowed_and_are_found_in_the_first_in_the_end() {
    let regions = two_regions(true).await;
    let Regions { bench, home, second, first, scratch, .. } = &regions;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 20_000_000, 2).unwrap();
    first.cut();
    let row = bench.send(&clip).await;
    assert!(is_done(&row) && row.second, "{row:#?}");
    assert_eq!((row.profile.as_str(), &row.bucket), (PROFILE, &second.name));
    assert!(second.witness().unwrap().same("clip.mxf", &clip).await.unwrap());
    first.heal();
    // As replication does.
    home.witness().unwrap().put("clip.mxf", std::fs::read(&clip).unwrap()).await.unwrap();
    let told = async {
        let mut since = 0;
        loop {
            let update = bench.updates(since).await;
            since = update.seq;
            if update.notices.iter().any(|notice| notice.title == "Copied to the first bucket") {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(90), told).await.expect("it is found in the first bucket");
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_wait_for_their_region_where_the_second_bucket_takes_none() {
    let regions = two_regions(false).await;
    let Regions { bench, second, first, scratch, .. } = &regions;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 6_000_000, 3).unwrap();
    first.cut();
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    // Longer than one that may go waits.
    for _ in 0..4 {
        bench.until(id, "waiting", |row| matches!(row.status, Status::Waiting { .. })).await;
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    }
    assert_eq!(second.witness().unwrap().keys("").await.unwrap(), Vec::<String>::new());
    first.heal();
    assert!(is_done(&bench.at_rest(id).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_calls_the_same_bytes_by_another_etag_is_read_all_the_same() {
    let regions = two_regions(false).await;
    let Regions { bench, second, first, scratch, there, .. } = &regions;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 40_000_000, 4).unwrap();
    // In parts there, in one piece here: the ETags differ, and the whole objects' checksums do not.
    let row = bench.send(&clip).await;
    let Status::Done { proof: Proof::WholeObject { checksum, .. }, .. } = &row.status else { panic!("{row:#?}") };
    let witness = second.witness().unwrap();
    let put = witness.client().put_object().bucket(&second.name).key("clip.mxf");
    let put = put.checksum_crc64_nvme(checksum).body(std::fs::read(&clip).unwrap().into());
    put.send().await.unwrap();
    first.limit(None, Some(4_000_000));
    there.limit(None, Some(4_000_000));
    let into = scratch.join("into");
    std::fs::create_dir_all(&into).unwrap();
    let id = bench.fetch(&["clip.mxf"], &into).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    first.cut();
    assert!(is_done(&bench.at_rest(id).await));
    assert_eq!(std::fs::read(into.join("clip.mxf")).unwrap(), std::fs::read(&clip).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_to_the_second_bucket_takes_no_key_that_the_first_one_has() {
    let regions = two_regions(true).await;
    let Regions { bench, home, second, first, scratch, .. } = &regions;
    let clip = |folder: &str, name: &str, seed: u64| {
        let clip = scratch.folder(folder).join(name);
        footage::random(&clip, 6_000_000, seed).unwrap();
        clip
    };
    // Nothing is copied yet, of what was sent from here or by others.
    assert!(is_done(&bench.send(&clip("1", "ours.mxf", 5)).await));
    home.witness().unwrap().put("theirs.mxf", vec![7u8; 1_000_000]).await.unwrap();
    assert!(bench.list_all().await.contains(&"theirs.mxf".to_owned()));
    first.cut();
    let clips = [clip("2", "ours.mxf", 6), clip("2", "theirs.mxf", 7), clip("3", "ours.mxf", 5)];
    let paths: Vec<&Path> = clips.iter().map(PathBuf::as_path).collect();
    let added = bench.add(&paths).await.unwrap().transfers;
    let mut rows = Vec::new();
    for id in added {
        rows.push(bench.at_rest(id).await);
    }
    let ended: Vec<(&str, bool, bool)> = rows.iter().map(|r| (r.key.as_str(), r.second, is_done(r))).collect();
    // The third is the very clip that the first bucket has.
    assert_eq!(
        ended,
        [("ours-2.mxf", true, true), ("theirs-2.mxf", true, true), ("ours.mxf", false, true)],
        "{rows:#?}"
    );
    assert_eq!(second.witness().unwrap().keys("").await.unwrap(), ["ours-2.mxf", "theirs-2.mxf"]);
    // Nor does what goes to the first one again take a key that is on its way home.
    first.heal();
    let row = bench.send(&clip("4", "ours-2.mxf", 10)).await;
    assert_eq!((row.key.as_str(), row.second, is_done(&row)), ("ours-2-2.mxf", false, true), "{row:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_to_the_second_bucket_is_still_the_newsrooms() {
    let regions = two_regions(true).await;
    let Regions { bench, home, first, there, scratch, .. } = &regions;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 20_000_000, 8).unwrap();
    there.limit(Some(1_000_000), None);
    first.cut();
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "on its way to the second bucket", |row| row.second && row.parts_in_flight > 0).await;
    assert_eq!(bench.add(&[&clip]).await.unwrap().transfers, [id], "asked for again, it is the same");
    let removed =
        bench.connection.call((), async |engine, context, ()| engine.remove_profile(context, PROFILE.into()).await);
    let refused = removed.await.unwrap().unwrap_err();
    assert!(refused.message.contains("not finished"), "{refused}");
    // And it waits for the newsroom's keys, like all else.
    bench.act(Action::Pause, id).await.unwrap();
    bench.lend(&home.keys.id, "not the secret").await.unwrap();
    bench.act(Action::Resume, id).await.unwrap();
    let waits = |row: &TransferRow| matches!(row.status, Status::Waiting { why: Why::Credentials, .. });
    bench.until(id, "waiting for keys", waits).await;
    there.heal();
    bench.lend(&home.keys.id, &home.keys.secret).await.unwrap();
    let row = bench.at_rest(id).await;
    assert!(is_done(&row) && row.second, "{row:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_down_wrong_comes_from_the_bucket_itself_the_second_time() {
    const CLIP: u64 = 60_000_000;
    let regions = two_regions(false).await;
    let Regions { bench, home, second, first, scratch, there, .. } = &regions;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 9).unwrap();
    let row = bench.send(&clip).await;
    let Status::Done { proof: Proof::WholeObject { checksum, .. }, .. } = &row.status else { panic!("{row:#?}") };
    // In one piece each, so that the ETags agree as well.
    for bucket in [home, second] {
        let witness = bucket.witness().unwrap();
        let put = witness.client().put_object().bucket(&bucket.name).key("both.mxf").checksum_crc64_nvme(checksum);
        put.body(std::fs::read(&clip).unwrap().into()).send().await.unwrap();
    }
    // Most comes from the copy, and some of that is wrong.
    first.limit(None, Some(5_000_000));
    there.damage_after(Way::Down, 2_000_000);
    first.forget_requests();
    let before = there.carried().down;
    let into = scratch.folder("into");
    let id = bench.fetch(&["both.mxf"], &into).await.unwrap().transfers[0];
    assert!(is_done(&bench.at_rest(id).await));
    assert_eq!(std::fs::read(into.join("both.mxf")).unwrap(), std::fs::read(&clip).unwrap());
    assert!(there.carried().down - before > 10_000_000, "the copy was used: {:?}", there.carried());
    let from_home: u64 = first.requests().iter().filter(|r| r.method == "GET").map(|r| r.received).sum();
    assert!(from_home >= CLIP, "{from_home} bytes came from the bucket itself");
}
