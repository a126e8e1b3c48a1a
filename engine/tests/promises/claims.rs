//! Two that begin with one name find out before the first byte; and a newsroom whose keys are spread is browsed as one tree.

use std::path::Path;
use std::time::Duration;

use crate::support::{Bench, is_done, refusing};
use futures::future::join_all;
use rushes_engine::api::Action;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::{Link, Proxy};
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::{Bucket, Witness};
use rushes_rig::{Scratch, footage, until};

const CLIP: u64 = 22_000_000;
const PARTS: usize = 5;
const SOON: Duration = Duration::from_secs(20);

async fn no_claims_are_left(witness: &Witness) {
    until("claims are gone", SOON, async || Ok(witness.claims().await?.is_empty().then_some(()))).await.unwrap();
}

/// The parts that the store answered for, by key and number, in order. One byte is how a store is found out.
fn parts_answered(link: &Link) -> Vec<String> {
    let requests = link.requests();
    let parts = requests.iter().filter(|r| r.status == Some(200) && r.sent > 4_096);
    let named = parts.filter_map(|r| {
        let (path, query) = r.target.split_once('?')?;
        Some(format!("{path} {}", query.split('&').find(|word| word.starts_with("partNumber="))?))
    });
    let mut named: Vec<String> = named.collect();
    named.sort();
    named
}

/// Two computers send other content under the same name, at the same moment.
async fn at_once(scratch: &Scratch, bucket: &Bucket) {
    let proxy = Proxy::before(bucket).await.unwrap();
    let there = bucket.through(&proxy);
    let clips = [scratch.folder("one").join("clip.mxf"), scratch.folder("two").join("clip.mxf")];
    footage::random(&clips[0], CLIP, 1).unwrap();
    footage::random(&clips[1], CLIP, 2).unwrap();
    let benches =
        [Bench::open(&scratch.join("home-1"), &there).await, Bench::open(&scratch.join("home-2"), &there).await];
    // Both have asked, and neither was heard.
    proxy.stall();
    let ids = [benches[0].add(&[&clips[0]]).await.unwrap(), benches[1].add(&[&clips[1]]).await.unwrap()];
    until("both are at the door", SOON, async || Ok((proxy.carried().open >= 2).then_some(()))).await.unwrap();
    proxy.pass();
    let rows = [benches[0].at_rest(ids[0].transfers[0]).await, benches[1].at_rest(ids[1].transfers[0]).await];
    assert!(rows.iter().all(is_done), "{rows:#?}");
    let witness = bucket.witness().unwrap();
    assert_eq!(witness.keys("").await.unwrap(), ["clip-2.mxf", "clip.mxf"]);
    for (row, clip) in rows.iter().zip(&clips) {
        assert!(witness.same(&row.key, clip).await.unwrap(), "{} is another's", row.key);
    }
    // A slow one at the end may be begun a second time; the store answers for each once.
    let mut parts = parts_answered(&proxy);
    assert_eq!(parts.len(), 2 * PARTS, "{parts:#?}");
    parts.dedup();
    assert_eq!(parts.len(), 2 * PARTS, "{parts:#?}");
    no_claims_are_left(&witness).await;
    assert!(witness.unfinished().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_begin_with_one_name_at_once_send_each_part_once_on_the_practice_store() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    at_once(&scratch, practice.bucket()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_begin_with_one_name_at_once_send_each_part_once_on_seaweedfs() {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await.unwrap();
    at_once(&scratch, seaweed.bucket()).await;
}

/// Whoever had the claim until now put the clip there after it was looked for.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_between_the_look_and_the_claim_is_found_before_the_first_part() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    // What the store takes is found out with the first byte, which is not to be counted here.
    let (home, other, clip) = (scratch.join("home"), scratch.join("other.mxf"), scratch.join("clip.mxf"));
    footage::random(&other, CLIP, 11).unwrap();
    footage::random(&clip, CLIP, 12).unwrap();
    let bench = Bench::open(&home, practice.bucket()).await;
    assert!(is_done(&bench.send(&other).await));
    let theirs = practice.bucket().witness().unwrap();
    let happens = async move { theirs.put("clip.mxf", "theirs").await.unwrap() };
    let there = refusing::between_look_and_claim(&practice.bucket().through(&proxy), happens).await;
    bench.set_profile(&there).await.unwrap();
    let row = bench.send(&clip).await;
    assert!(is_done(&row) && row.key == "clip-2.mxf", "{row:#?}");
    assert!(witness.same("clip-2.mxf", &clip).await.unwrap());
    let parts = parts_answered(&proxy);
    assert_eq!(parts.len(), PARTS, "{parts:#?}");
    assert!(parts.iter().all(|part| part.contains("clip-2.mxf")), "{parts:#?}");
    until("nothing is left unfinished", SOON, async || Ok(witness.unfinished().await?.is_empty().then_some(())))
        .await
        .unwrap();
    no_claims_are_left(&witness).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_outlives_a_restart_and_ends_with_its_transfer() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let clips = [scratch.folder("one").join("clip.mxf"), scratch.folder("two").join("clip.mxf")];
    footage::random(&clips[0], CLIP, 3).unwrap();
    footage::random(&clips[1], CLIP, 4).unwrap();
    proxy.limit(Some(6_000_000), None);
    let bench = Bench::open(&scratch.join("home-1"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clips[0]]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    assert_eq!(witness.claims().await.unwrap(), ["clip.mxf"]);
    assert!(bench.list_all().await.is_empty(), "a claim is no clip");
    bench.close().await;

    // Nothing is in the bucket under that name yet, and it is taken all the same.
    let other = Bench::open(&scratch.join("home-2"), practice.bucket()).await;
    assert_eq!(other.send(&clips[1]).await.key, "clip-2.mxf");

    proxy.heal();
    let bench = Bench::open(&scratch.join("home-1"), &practice.bucket().through(&proxy)).await;
    let row = bench.at_rest(id).await;
    assert!(is_done(&row) && row.key == "clip.mxf", "{row:#?}");
    assert!(witness.same("clip.mxf", &clips[0]).await.unwrap());
    no_claims_are_left(&witness).await;

    // One that is cancelled lets go as well, and its name is free for the same computer at once.
    proxy.limit(Some(6_000_000), None);
    let third = scratch.folder("three").join("third.mxf");
    footage::random(&third, CLIP, 5).unwrap();
    let id = bench.add(&[&third]).await.unwrap().transfers[0];
    bench.until(id, "begun", |row| row.acked > 0).await;
    bench.act(Action::Cancel, id).await.unwrap();
    bench.at_rest(id).await;
    proxy.heal();
    assert_eq!(bench.send(&third).await.key, "third.mxf");
    no_claims_are_left(&witness).await;
}

/// As if a week had passed since the bucket last said so.
fn forget_when_it_was_held(home: &Path) {
    let journal = rusqlite::Connection::open(home.join("journal.db")).unwrap();
    assert_eq!(journal.execute("UPDATE claim SET held_at = 1", []).unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_late_renews_the_claim_or_goes_by_another_name() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    for (taken, key) in [(false, "swept.mxf"), (true, "taken-2.mxf")] {
        let proxy = Proxy::before(practice.bucket()).await.unwrap();
        let there = practice.bucket().through(&proxy);
        let name = if taken { "taken.mxf" } else { "swept.mxf" };
        let (home, clip) = (scratch.join(format!("home-{name}")), scratch.join(name));
        footage::random(&clip, CLIP, 10).unwrap();
        proxy.limit(Some(3_000_000), None);
        let bench = Bench::open(&home, &there).await;
        let id = bench.add(&[&clip]).await.unwrap().transfers[0];
        // A whole part at least: the last one is small.
        bench.until(id, "begun", |row| row.acked > 5_300_000).await;
        bench.close().await;
        forget_when_it_was_held(&home);
        let claim = format!(".rushes/claims/{name}");
        if taken {
            let theirs = r#"{"installation":"x","token":"y","madeAt":"","endsAt":"","holdsSeconds":3600}"#;
            witness.put(&claim, theirs).await.unwrap();
        } else {
            witness.delete(&claim).await.unwrap();
        }
        proxy.forget_requests();
        let bench = Bench::open(&home, &there).await;
        proxy.heal();
        let row = bench.at_rest(id).await;
        assert!(is_done(&row) && row.key == key, "{row:#?}");
        assert!(witness.same(key, &clip).await.unwrap());
        // Asked of what went by: it lasts no longer than the upload.
        let renewed =
            proxy.requests().iter().any(|r| r.method == "PUT" && r.target.contains(&claim) && r.status == Some(200));
        assert_eq!(renewed, !taken, "{:#?}", proxy.requests());
        // What was sent counts where the name is still ours.
        let again = parts_answered(&proxy);
        assert_eq!(again.len() < PARTS, !taken, "{again:#?}");
        until("nothing is left unfinished", SOON, async || Ok(witness.unfinished().await?.is_empty().then_some(())))
            .await
            .unwrap();
    }
    assert_eq!(witness.claims().await.unwrap(), ["taken.mxf"], "theirs is theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_holds_until_it_has_run_out_by_the_stores_clock() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let claim = |seconds: u32| {
        format!(
            r#"{{"installation":"x","token":"y","madeAt":"","endsAt":"2000-01-01T00:00:00Z","holdsSeconds":{seconds}}}"#
        )
    };
    witness.put(".rushes/claims/held.mxf", claim(3600)).await.unwrap();
    witness.put(".rushes/claims/over.mxf", claim(0)).await.unwrap();
    witness.put(".rushes/claims/odd.mxf", "no claim of ours").await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    // What it says of a date is by somebody's clock; moments of the store's come by the second.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    for (name, key) in [("held.mxf", "held-2.mxf"), ("over.mxf", "over.mxf"), ("odd.mxf", "odd-2.mxf")] {
        let clip = scratch.join(name);
        footage::random(&clip, 12_000_000, 6).unwrap();
        assert_eq!(bench.send(&clip).await.key, key);
    }
    until(
        "only theirs are left",
        SOON,
        async || Ok((witness.claims().await? == ["held.mxf", "odd.mxf"]).then_some(())),
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_may_not_claim_and_stores_that_cannot_do_without() {
    for (status, code) in [(403, "AccessDenied"), (501, "NotImplemented")] {
        let scratch = Scratch::new();
        let practice = Practice::start(&scratch).await.unwrap();
        let bench = Bench::open(&scratch.join("home"), &refusing::claims(practice.bucket(), status, code).await).await;
        let clips = [scratch.folder("one").join("clip.mxf"), scratch.folder("two").join("clip.mxf")];
        footage::random(&clips[0], 12_000_000, 8).unwrap();
        footage::random(&clips[1], 12_000_000, 9).unwrap();
        let added = bench.add(&[&clips[0], &clips[1]]).await.unwrap().transfers;
        let rows = [bench.at_rest(added[0]).await, bench.at_rest(added[1]).await];
        assert!(rows.iter().all(is_done), "{code}: {rows:#?}");
        let witness = practice.bucket().witness().unwrap();
        assert_eq!(witness.keys("").await.unwrap(), ["clip-2.mxf", "clip.mxf"]);
        for (row, clip) in rows.iter().zip(&clips) {
            assert!(witness.same(&row.key, clip).await.unwrap(), "{code}");
        }
        assert!(witness.claims().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_in_one_piece_is_not_claimed() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    // The first one finds out what the store takes.
    for n in 0..3 {
        let clip = scratch.join(format!("small-{n}.mxf"));
        footage::random(&clip, 100_000, n).unwrap();
        assert!(is_done(&bench.send(&clip).await));
    }
    assert!(!proxy.requests().iter().any(|request| request.target.contains(".rushes")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spread_newsroom_is_one_tree_however_many_clips_there_are() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    bench.set_template(practice.bucket(), "{bureau}/{spread:4}/{date}/{name}").await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 6_000_000, 7).unwrap();
    let row = bench.send(&clip).await;
    assert!(is_done(&row) && row.key.starts_with("Nairobi/spread-0"), "{row:#?}");
    assert_eq!(row.shown, row.key.replace(&row.key[8..18], ""));

    // More than a stretch, with two shown alike at its end; what was sent before keys were spread; others' and nobody's.
    let mut keys: Vec<String> =
        (0..1_040).map(|n| format!("Nairobi/spread-{:02x}/2026-11-01/clip-{n:04}.mxf", n * 7 % 5)).collect();
    keys.extend((0..1_040).step_by(37).map(|n| format!("Nairobi/2026-11-01/clip-{n:04}.mxf")));
    keys.extend(
        ["Nairobi/spread-0a.txt", "Nairobi/spread-x/a.mxf", "Nairobi/zz.mxf", "Lagos/2026/a.mxf", "top.mxf"]
            .map(str::to_owned),
    );
    keys.push(".rushes/claims/Nairobi/a.mxf".to_owned());
    for some in keys.chunks(64) {
        join_all(some.iter().map(|key| witness.put(key, "x"))).await.into_iter().for_each(|put| put.unwrap());
    }
    keys.pop();
    keys.push(row.key);
    let spread = rushes_engine::keys::Spread { over: 4, depth: 1 };
    let shown = |key: &String| spread.shown(key).into_owned();
    for prefix in [
        "",
        "N",
        "Nairobi/",
        "Nairobi/2026-11-01/clip-01",
        "Nairobi/spread-03/2026",
        "Nairobi/spread-",
        "Lagos/",
        "Suva/",
    ] {
        let listed = bench.list(prefix).await;
        // A prefix is of keys as they are shown, or of one shard's.
        let of_shard = prefix.starts_with("Nairobi/spread-03/");
        let mut wanted: Vec<(String, String)> = keys
            .iter()
            .filter(|key| if of_shard { key.starts_with(prefix) } else { shown(key).starts_with(prefix) })
            .map(|key| (shown(key), key.clone()))
            .collect();
        wanted.sort();
        let listed: Vec<(String, String)> = listed.into_iter().map(|clip| (clip.shown, clip.key)).collect();
        assert_eq!(listed, wanted, "under {prefix:?}");
    }
}
