//! What is breaking has the link at once; deadlines come next; what is late says so.

use crate::ALONE;
use crate::support::{Bench, is_done};
use rushes_engine::api::{Hurry, Place};
use rushes_engine::deadline::Verdict;
use rushes_engine::error::Code;
use rushes_engine::keys::Fields;
use rushes_engine::transfer::Status;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::{Scratch, footage};

const MB: u64 = 1_000_000;

fn by_template() -> Place {
    Place::Template { fields: Fields::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn breaking_overtakes_what_has_all_the_slots_and_is_done_first() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let (long, hot, next) = (scratch.join("long.mxf"), scratch.join("hot.mxf"), scratch.join("next.mxf"));
    footage::random(&long, 200 * MB, 1).unwrap();
    // More than is in flight at a time: the last parts end together, and the look at 100 MB comes before that.
    footage::random(&hot, 320 * MB, 2).unwrap();
    footage::random(&next, MB, 3).unwrap();
    proxy.limit(Some(20 * MB), None);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let long = bench.add(&[&long]).await.unwrap().transfers[0];
    bench.until(long, "under way", |row| row.acked > 0).await;
    let next = bench.add(&[&next]).await.unwrap().transfers[0];
    let hurry = Hurry { breaking: true, by: None };
    let hot = bench.add_in_a_hurry(&[&hot], by_template(), hurry).await.unwrap().transfers[0];
    assert!(bench.row(hot).await.breaking);
    bench.until(long, "yielding", |row| row.yields).await;
    // What the other one had on its way may still arrive; from then on nothing of it moves, whatever it had in flight.
    bench.until(hot, "at a third", |row| row.acked > 50 * MB).await;
    let before = bench.row(long).await.acked;
    bench.until(hot, "at two thirds", |row| row.acked > 100 * MB).await;
    let (first, other) = (bench.row(hot).await, bench.row(long).await);
    assert!(first.acked < first.size, "looked at too late to say");
    assert!(other.acked <= before + 5_242_880, "{} of the other moved meanwhile", other.acked - before);
    // The short one that came before it has not begun: breaking has all there is.
    assert!(matches!(bench.row(next).await.status, Status::Queued));
    assert!(is_done(&bench.at_rest(hot).await));
    assert!(!is_done(&bench.row(long).await));
    proxy.limit(None, None);
    assert!(is_done(&bench.at_rest(long).await) && is_done(&bench.at_rest(next).await));
    let refused = bench.set_breaking(hot, true).await.unwrap_err();
    assert_eq!(refused.code, Code::BadInput, "what is done cannot hurry: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_breaking_while_it_waits_gets_the_next_slots() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clips: Vec<_> = (0..3).map(|n| scratch.join(format!("clip_{n}.mxf"))).collect();
    for (n, clip) in clips.iter().enumerate() {
        footage::random(clip, 60 * MB, n as u64).unwrap();
    }
    proxy.limit(Some(20 * MB), None);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let paths: Vec<&std::path::Path> = clips.iter().map(|clip| clip.as_path()).collect();
    let ids = bench.add(&paths).await.unwrap().transfers;
    bench.until(ids[0], "under way", |row| row.acked > 0).await;
    bench.set_breaking(ids[2], true).await.unwrap();
    bench.until(ids[2], "sending", |row| row.parts_in_flight > 0).await;
    bench.until(ids[0], "yielding", |row| row.yields).await;
    // And back: what has begun goes on where it was.
    bench.set_breaking(ids[2], false).await.unwrap();
    proxy.limit(None, None);
    for id in ids {
        assert!(is_done(&bench.at_rest(id).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_read_in_the_newsrooms_zone_and_says_whether_it_is_made() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 40 * MB, 1).unwrap();
    proxy.limit(Some(4 * MB), None);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    assert_eq!(bench.row(id).await.due, None);
    // An hour from now at the least, on whichever clock.
    let in_an_hour = jiff::Zoned::now().checked_add(jiff::Span::new().hours(1)).unwrap();
    let by = in_an_hour.strftime("%H:%M").to_string();
    bench.set_deadline(id, Some(&by)).await.unwrap();
    let is_made = |verdict: &Verdict| matches!(verdict, Verdict::Made { spare } if *spare > 1_000_000);
    let row = bench.until(id, "forecast", |row| row.due.as_ref().is_some_and(|due| is_made(&due.verdict))).await;
    let due = row.due.unwrap();
    assert!(due.at > row.added_at && !due.zone.is_empty());
    assert_eq!(bench.set_deadline(id, Some("quarter past")).await.unwrap_err().code, Code::BadInput);
    bench.set_deadline(id, None).await.unwrap();
    assert_eq!(bench.row(id).await.due, None);
    proxy.limit(None, None);
    assert!(is_done(&bench.at_rest(id).await));
}
