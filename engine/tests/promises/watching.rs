//! The watch folder: what settles in it goes up by itself, once. And the bucket's own news.

use std::io::Write;
use std::time::Duration;

use crate::support::{Bench, PROFILE};
use rushes_engine::api::{About, FootageQuery, WatchFolder};
use rushes_engine::keys::Fields;
use rushes_rig::practice::Practice;
use rushes_rig::{Scratch, footage, until};

const SOON: Duration = Duration::from_secs(40);

impl Bench {
    async fn watch(&self, folder: Option<WatchFolder>) -> rushes_engine::error::Result<()> {
        self.connection.call(folder, async |engine, context, folder| engine.watch(context, folder).await).await?
    }
}

fn folder(path: &std::path::Path) -> Option<WatchFolder> {
    Some(WatchFolder { path: path.display().to_string(), profile: PROFILE.into(), fields: Fields::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_settles_in_the_watch_folder_goes_up_once_and_not_before_it_is_whole() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let card = scratch.folder("ingest");
    footage::random(&card.join("before.mxf"), 1_000_000, 1).unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    bench.watch(folder(&card)).await.unwrap();
    until("what was there already goes up", SOON, async || {
        Ok((witness.keys("").await? == ["before.mxf"]).then_some(()))
    })
    .await
    .unwrap();

    // A recorder that writes a piece every half second, and litter beside it.
    std::fs::create_dir_all(card.join("CLIP")).unwrap();
    std::fs::write(card.join(".DS_Store"), "x").unwrap();
    let mut file = std::fs::File::create(card.join("CLIP/growing.mxf")).unwrap();
    for _ in 0..8 {
        file.write_all(&[7; 500_000]).unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(witness.keys("").await.unwrap(), ["before.mxf"], "it was sent half written");
    }
    drop(file);
    until("it goes up when it is whole", SOON, async || Ok((witness.keys("").await?.len() == 2).then_some(())))
        .await
        .unwrap();
    assert!(witness.same("CLIP/growing.mxf", &card.join("CLIP/growing.mxf")).await.unwrap());
    bench.close().await;

    // After a restart nothing goes again, and what arrived meanwhile does.
    footage::random(&card.join("meanwhile.mxf"), 1_000_000, 3).unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    until("what arrived meanwhile goes up", SOON, async || Ok((witness.keys("").await?.len() == 3).then_some(())))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(witness.keys("").await.unwrap(), ["CLIP/growing.mxf", "before.mxf", "meanwhile.mxf"]);
    let state = bench.updates(0).await.watching.unwrap();
    assert_eq!((state.sent, state.settling), (3, 0), "{state:?}");
    bench.watch(None).await.unwrap();
    assert!(bench.watch(folder(&scratch.join("not-there"))).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn footage_of_others_is_told_and_our_own_is_not() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    witness.put("Lagos/2026-11-20/old.mxf", "old").await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let look = async || {
        bench.connection.call((), async |engine, context, ()| engine.look_again(context).await).await.unwrap().unwrap();
    };
    look().await;
    let since = bench.updates(0).await.seq;
    let clip = scratch.join("ours.mxf");
    footage::random(&clip, 1_000_000, 1).unwrap();
    bench.send(&clip).await;
    witness.put("Nairobi/2026-11-22/MKR_fire.mxf", "new").await.unwrap();
    look().await;
    let news: Vec<_> =
        bench.updates(since).await.notices.into_iter().filter(|n| n.about == About::NewFootage).collect();
    assert_eq!(news.len(), 1, "{news:?}");
    assert_eq!(news[0].body, "Nairobi: MKR_fire.mxf is in the bucket.");

    let query = FootageQuery { text: "mkr NAIROBI".into(), since: None, offset: 0, limit: 10 };
    let page = bench.connection.call(query, async |engine, context, query| engine.footage(context, query).await);
    let page = page.await.unwrap().unwrap();
    assert_eq!((page.matching, page.total, page.bureaus), (1, 3, 2));
    assert_eq!((page.clips[0].bureau.as_str(), page.clips[0].name.as_str()), ("Nairobi", "MKR_fire.mxf"));
}
