//! Watch folders: what settles in them goes up by itself, once. And the bucket's own news.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::{Bench, PROFILE, part_bytes_sent};
use rushes_engine::api::{About, Afterwards, FootageQuery, WatchFolder, WatchRow};
use rushes_engine::error::{Code, Result};
use rushes_engine::keys::Fields;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::store::Witness;
use rushes_rig::{Scratch, footage, until};

const SOON: Duration = Duration::from_secs(60);
/// Longer than a file takes to settle, and to be taken.
const WHILE: Duration = Duration::from_secs(14);

impl Bench {
    pub(crate) async fn watch(&self, folder: WatchFolder) -> Result<i64> {
        let save = self
            .connection
            .call(folder, async |engine, context, folder| engine.save_watch_folder(context, folder).await);
        save.await?
    }

    pub(crate) async fn watch_no_more(&self, id: i64) {
        let gone = self.connection.call(id, async |engine, context, id| engine.remove_watch_folder(context, id).await);
        gone.await.unwrap().unwrap();
    }

    pub(crate) async fn watched(&self) -> Vec<WatchRow> {
        self.updates(0).await.watching
    }

    /// Waits until the one folder is as asked.
    pub(crate) async fn until_watched(&self, what: &str, is: impl Fn(&WatchRow) -> bool) -> WatchRow {
        until(what, SOON, async || Ok(self.watched().await.into_iter().find(|row| is(row)))).await.unwrap()
    }
}

pub(crate) fn folder(path: &Path) -> WatchFolder {
    WatchFolder {
        id: 0,
        path: path.display().to_string(),
        profile: PROFILE.into(),
        key_template: None,
        fields: Fields::default(),
        only: Vec::new(),
        except: Vec::new(),
        breaking: false,
        afterwards: Afterwards::Leave,
        limit: None,
        while_shot: false,
        quiet_seconds: Some(2),
        stopped: false,
    }
}

pub(crate) async fn until_there(witness: &Witness, keys: &[&str]) {
    until(format!("{keys:?} are in the bucket"), SOON, async || Ok((witness.keys("").await? == keys).then_some(())))
        .await
        .unwrap();
}

/// As a backup restores it, with another date.
fn dated_anew(path: &Path) {
    let file = std::fs::File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_settles_in_a_watch_folder_goes_up_once_and_not_before_it_is_whole() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let card = scratch.folder("ingest");
    footage::random(&card.join("before.mxf"), 1_000_000, 1).unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    bench.watch(folder(&card)).await.unwrap();
    until_there(&witness, &["before.mxf"]).await;

    // A recorder that writes a piece every half second, and litter beside it.
    std::fs::create_dir_all(card.join("CLIP")).unwrap();
    std::fs::write(card.join(".DS_Store"), "x").unwrap();
    std::fs::write(card.join(".clip.mxf.Ab12Cd"), "x").unwrap();
    let mut file = std::fs::File::create(card.join("CLIP/growing.mxf")).unwrap();
    for _ in 0..8 {
        file.write_all(&[7; 500_000]).unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(witness.keys("").await.unwrap(), ["before.mxf"], "it was sent half written");
    }
    drop(file);
    until_there(&witness, &["CLIP/growing.mxf", "before.mxf"]).await;
    assert!(witness.same("CLIP/growing.mxf", &card.join("CLIP/growing.mxf")).await.unwrap());
    bench.close().await;

    // After a restart nothing goes again, and what arrived meanwhile does.
    footage::random(&card.join("meanwhile.mxf"), 1_000_000, 3).unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    until_there(&witness, &["CLIP/growing.mxf", "before.mxf", "meanwhile.mxf"]).await;
    let row = bench.until_watched("all are counted", |row| row.sent == 3 && row.settling == 0).await;
    assert!(row.trouble.is_none() && row.by_looks.is_none() && row.held.is_empty(), "{row:?}");
    bench.watch_no_more(row.folder.id).await;
    assert!(bench.watched().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_twice_from_another_place_or_with_another_date_and_nothing_is_missed() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let card = scratch.folder("ingest");
    for (n, name) in ["a.mxf", "b.mxf", "c.mxf"].into_iter().enumerate() {
        footage::random(&card.join(name), 1_000_000 + n as u64, n as u64).unwrap();
    }
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let id = bench.watch(folder(&card)).await.unwrap();
    until_there(&witness, &["a.mxf", "b.mxf", "c.mxf"]).await;
    bench.until_watched("all are counted", |row| row.sent == 3).await;
    let puts = || proxy.requests().iter().filter(|request| request.method == "PUT").count();
    let before = puts();

    // Moved within the folder; restored from a backup, with another date; sent by hand into a folder of its own.
    std::fs::create_dir_all(card.join("DAY1")).unwrap();
    std::fs::rename(card.join("a.mxf"), card.join("DAY1/a.mxf")).unwrap();
    let restored = std::fs::read(card.join("b.mxf")).unwrap();
    std::fs::remove_file(card.join("b.mxf")).unwrap();
    std::fs::write(card.join("b.mxf"), restored).unwrap();
    dated_anew(&card.join("b.mxf"));
    bench.until_watched("both are known again", |row| row.skipped == 2 && row.settling == 0).await;

    // The whole folder under another name.
    bench.watch_no_more(id).await;
    let renamed = scratch.join("ingest of today");
    std::fs::rename(&card, &renamed).unwrap();
    bench.watch(folder(&renamed)).await.unwrap();
    bench.until_watched("all are known again", |row| row.skipped == 3 && row.settling == 0).await;
    assert_eq!(puts(), before, "something was sent again");

    // Twice the same, while both are there, is two files. And what has changed is another.
    std::fs::copy(renamed.join("c.mxf"), renamed.join("copy of c.mxf")).unwrap();
    footage::random(&renamed.join("b.mxf"), 1_000_001, 77).unwrap();
    until_there(&witness, &["a.mxf", "b-2.mxf", "b.mxf", "c.mxf", "copy_of_c.mxf"]).await;
    assert!(witness.same("b-2.mxf", &renamed.join("b.mxf")).await.unwrap());
    assert!(witness.same("copy_of_c.mxf", &renamed.join("c.mxf")).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn afterwards_what_was_sent_is_moved_or_deleted_and_only_what_is_meant_goes() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let (moves, deletes) = (scratch.folder("moves"), scratch.folder("deletes"));
    for ingest in [&moves, &deletes] {
        std::fs::create_dir_all(ingest.join("CLIP")).unwrap();
        footage::random(&ingest.join("CLIP/a.mxf"), 300_000, 1).unwrap();
        std::fs::write(ingest.join("CLIP/a.xml"), "sidecar").unwrap();
    }
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let template = |bureau: &str| Some(format!("{bureau}/{{name}}"));
    let only = vec!["*.mxf".to_owned()];
    let moved = WatchFolder {
        afterwards: Afterwards::Move,
        key_template: template("one"),
        only: only.clone(),
        ..folder(&moves)
    };
    let deleted = WatchFolder {
        afterwards: Afterwards::Delete,
        key_template: template("two"),
        except: vec!["*.xml".to_owned()],
        ..folder(&deletes)
    };
    bench.watch(moved).await.unwrap();
    bench.watch(deleted).await.unwrap();
    until_there(&witness, &["one/CLIP/a.mxf", "two/CLIP/a.mxf"]).await;
    let is_over = || moves.join("Sent/CLIP/a.mxf").exists() && !deletes.join("CLIP/a.mxf").exists();
    until("both are away", SOON, async || Ok(is_over().then_some(()))).await.unwrap();
    assert!(witness.same("two/CLIP/a.mxf", &moves.join("Sent/CLIP/a.mxf")).await.unwrap());
    assert!(moves.join("CLIP/a.xml").exists() && deletes.join("CLIP/a.xml").exists());
    // What is in Sent is not watched.
    tokio::time::sleep(WHILE / 3).await;
    assert_eq!(witness.keys("").await.unwrap().len(), 2);
}

/// Two boxes on one share: each has a home of its own.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_boxes_on_one_share_the_second_waits_for_the_first_and_sends_nothing() {
    const CLIP: u64 = 40_000_000;
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let share = scratch.folder("share");
    footage::random(&share.join("clip.mxf"), CLIP, 1).unwrap();
    let mut boxes = Vec::new();
    for home in ["one", "two"] {
        let proxy = Proxy::before(practice.bucket()).await.unwrap();
        let bench = Bench::open(&scratch.join(home), &practice.bucket().through(&proxy)).await;
        bench.set_limits(Some(8_000_000), None).await;
        bench.watch(folder(&share)).await.unwrap();
        boxes.push((bench, proxy));
    }
    let (one, two) = (&boxes[0].0, &boxes[1].0);
    let waits = async |bench: &Bench| {
        let rows = bench.updates(0).await.rows;
        rows.iter().any(|row| matches!(&row.status, rushes_engine::transfer::Status::Waiting { error, .. } if error.message.contains("Another computer")))
    };
    until("one of them waits, and says so", SOON, async || Ok((waits(one).await || waits(two).await).then_some(())))
        .await
        .unwrap();
    for (bench, _) in &boxes {
        bench.until_watched("it is in the bucket", |row| row.sent == 1).await;
    }
    assert_eq!(witness.keys("").await.unwrap(), ["clip.mxf"]);
    assert!(witness.same("clip.mxf", &share.join("clip.mxf")).await.unwrap());
    let sent: u64 = boxes.iter().map(|(_, proxy)| part_bytes_sent(&proxy.link())).sum();
    assert!(sent < CLIP + CLIP / 4, "{sent} bytes of parts went up for {CLIP}");
    until("no claim is left", SOON, async || Ok(witness.claims().await?.is_empty().then_some(()))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanishes_is_said_and_taken_up_again_and_its_limit_holds() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let (card, away) = (scratch.folder("card"), scratch.join("pulled"));
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    bench.watch(WatchFolder { limit: Some(500_000), ..folder(&card) }).await.unwrap();
    bench.until_watched("it was looked at", |row| row.last_look.is_some()).await;
    std::fs::rename(&card, &away).unwrap();
    let row = bench.until_watched("it is missed", |row| row.trouble.is_some()).await;
    assert_eq!(row.trouble.unwrap().code, Code::SourceMissing);
    footage::random(&away.join("a.mxf"), 2_000_000, 1).unwrap();
    std::fs::rename(&away, &card).unwrap();
    let begun = std::time::Instant::now();
    until_there(&witness, &["a.mxf"]).await;
    assert!(begun.elapsed() > Duration::from_secs(4), "2 MB at 0.5 MB/s took {:?}", begun.elapsed());
    bench.until_watched("all is well again", |row| row.trouble.is_none() && row.sent == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_make_no_sense_are_refused_in_words() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let good = scratch.folder("ingest/today");
    let id = bench.watch(folder(&good)).await.unwrap();
    assert_eq!(bench.watch(WatchFolder { id, breaking: true, ..folder(&good) }).await.unwrap(), id);
    let other = scratch.folder("other");
    let bad = |change: &dyn Fn(&mut WatchFolder)| {
        let mut one = folder(&other);
        change(&mut one);
        one
    };
    for (one, code) in [
        (folder(&scratch.join("not-there")), Code::SourceMissing),
        (folder(&PathBuf::from("relative")), Code::SourceMissing),
        (folder(&scratch.join("ingest")), Code::BadInput),
        (folder(&good), Code::BadInput),
        (bad(&|f| f.only = vec!["[".into()]), Code::BadInput),
        (bad(&|f| f.except = vec![String::new()]), Code::BadInput),
        (bad(&|f| f.limit = Some(100)), Code::BadInput),
        (bad(&|f| f.quiet_seconds = Some(0)), Code::BadInput),
        (bad(&|f| f.key_template = Some("{nonsense}".into())), Code::BadInput),
        (bad(&|f| f.profile = "nobody's".into()), Code::NotFound),
        (bad(&|f| f.id = 99), Code::NotFound),
    ] {
        let refused = bench.watch(one.clone()).await.expect_err(&format!("{one:?}"));
        assert_eq!(refused.code, code, "{one:?}: {refused}");
    }
    assert_eq!(bench.watched().await.len(), 1);
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
