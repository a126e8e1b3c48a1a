//! A test of the routes: what it finds, when it refuses, and that it leaves the bucket as it was.

use std::time::Duration;

use crate::ALONE;
use crate::support::{Bench, is_done};
use rushes_engine::api::{RouteTest, WayRow, WayState};
use rushes_engine::error::Result;
use rushes_engine::limit::LimitSettings;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::{Scratch, footage, until};

const MB: u64 = 1_000_000;
const SOON: Duration = Duration::from_secs(30);

async fn test(bench: &Bench) -> Result<RouteTest> {
    bench.connection.call((), async |engine, context, ()| engine.test_routes(context, None).await).await?
}

async fn kept(bench: &Bench) -> Vec<RouteTest> {
    let asked = bench.connection.call((), async |engine, context, ()| engine.route_tests(context, None).await);
    asked.await.unwrap().unwrap()
}

async fn ways(bench: &Bench) -> Vec<WayRow> {
    let asked = bench.connection.call((), async |engine, context, ()| engine.routes(context, None).await);
    asked.await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_is_measured_by_a_clip_that_is_there_and_the_test_is_kept() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;

    let empty = test(&bench).await.unwrap();
    assert!(empty.note.as_deref().is_some_and(|note| note.contains("first byte")), "{empty:#?}");
    let lane = &empty.lanes[0];
    assert!(lane.connect_ms.is_some() && lane.first_byte_ms.is_some() && lane.rate.is_none(), "{empty:#?}");
    assert_eq!(lane.trouble, None);

    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 24 * MB, 1).unwrap();
    assert!(is_done(&bench.send(&clip).await));
    let there = bench.list_all().await;
    let way = ways(&bench).await.remove(0);
    assert!(way.connect_ms.is_some() && way.first_byte_ms.is_some(), "{way:#?}");
    assert_eq!((way.errors, way.state), (0, WayState::Standby), "{way:#?}");
    until("the last request is over", SOON, async || Ok(test(&bench).await.ok())).await.unwrap();

    // At 2 MB a second, two seconds are 4 MB: half of what is read where the way is fast.
    proxy.limit(None, Some(2 * MB));
    let slow = test(&bench).await.unwrap();
    let lane = &slow.lanes[0];
    let rate = lane.rate.unwrap();
    assert!((MB..3 * MB).contains(&rate), "{slow:#?}");
    assert!(lane.bytes > 2 * MB && lane.bytes < 7 * MB, "{slow:#?}");
    proxy.heal();
    assert_eq!(bench.list_all().await, there, "a test puts nothing into the bucket");

    let tests = kept(&bench).await;
    assert_eq!((tests.len(), &tests[0], &tests[2]), (3, &slow, &empty));
    bench.close().await;
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    assert_eq!(kept(&bench).await, tests, "and after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_refused_while_transfers_move_and_a_dead_way_is_said_to_be_one() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    proxy.limit(Some(2 * MB), None);
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 40 * MB, 2).unwrap();
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    bench.until(id, "under way", |row| row.parts_in_flight > 0).await;
    let refused = test(&bench).await.unwrap_err();
    assert!(refused.message.contains("on their way"), "{refused}");
    assert!(kept(&bench).await.is_empty());

    proxy.heal();
    assert!(is_done(&bench.at_rest(id).await));
    proxy.cut();
    let before = ways(&bench).await[0].errors;
    let cut = until("no request is on its way", SOON, async || Ok(test(&bench).await.ok())).await.unwrap();
    assert!(cut.lanes[0].trouble.is_some() && cut.lanes[0].rate.is_none(), "{cut:#?}");
    assert!(ways(&bench).await[0].errors > before, "what failed is counted");
    proxy.heal();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_somebody_pays_for_by_the_byte_is_not_tested() {
    let _alone = ALONE.lock().await;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 6 * MB, 3).unwrap();
    assert!(is_done(&bench.send(&clip).await));
    let limits = bench.connection.call((), async |engine, context, ()| engine.limits(context).await).await.unwrap();
    let metered = limits.uplinks.into_iter().map(|uplink| uplink.name).collect();
    let settings = LimitSettings { metered, ..limits.settings };
    let set =
        bench.connection.call(settings, async |engine, context, settings| engine.set_limits(context, settings).await);
    set.await.unwrap().unwrap();
    let before = proxy.carried();
    let refused = until("no request is on its way", SOON, async || Ok(test(&bench).await.ok())).await.unwrap();
    let lane = &refused.lanes[0];
    assert!(lane.trouble.as_deref().is_some_and(|why| why.starts_with("Metered")), "{refused:#?}");
    assert_eq!((lane.connect_ms, lane.rate, lane.bytes, refused.note), (None, None, 0, None));
    assert!(proxy.carried().down - before.down < 100_000, "nothing of a clip was read");
}
