//! Promise 5: a download shows its name only when it is complete, verified and synced; and it stays where it belongs.

use std::time::Duration;

use crate::support::{Bench, error_of, is_done};
use rushes_engine::api::Action;
use rushes_engine::error::Code;
use rushes_engine::transfer::Status;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::{Proxy, Way};
use rushes_rig::{Scratch, footage, wait};

const CLIP: u64 = 40_000_000;
const LONG: Duration = Duration::from_secs(60);

async fn stocked(scratch: &Scratch) -> (Practice, Vec<u8>) {
    let practice = Practice::start(scratch).await.unwrap();
    let clip = scratch.join("original.mxf");
    footage::random(&clip, CLIP, 1).unwrap();
    let bytes = std::fs::read(&clip).unwrap();
    practice.bucket().witness().unwrap().put("in/clip.mxf", bytes.clone()).await.unwrap();
    (practice, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_after_the_process_ended_and_shows_its_name_only_at_the_end() {
    let scratch = Scratch::new();
    let (practice, bytes) = stocked(&scratch).await;
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    proxy.limit(None, Some(15_000_000));
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let down = scratch.folder("down");
    let id = bench.fetch(&["in/clip.mxf"], &down).await.unwrap().transfers[0];
    let half = bench.until(id, "half there", |row| row.acked > CLIP / 3).await;
    assert!(!down.join("clip.mxf").exists() && down.join("clip.mxf.part").exists());
    bench.close().await;
    let before = proxy.carried().down;
    proxy.heal();

    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    let after = proxy.carried().down - before;
    // Where one request took over from another, the first one's connection had more on its way.
    assert!(after < CLIP - half.acked + 4_000_000, "{after} bytes came for {} that were missing", CLIP - half.acked);
    assert_eq!(std::fs::read(down.join("clip.mxf")).unwrap(), bytes);
    assert!(!down.join("clip.mxf.part").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_down_damaged_is_found_and_fetched_again_by_itself() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    // Sent by Rushes, so that the bucket has a checksum of it.
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 1).unwrap();
    let sent = bench.send(&clip).await;
    assert!(is_done(&sent), "{sent:#?}");
    let down = scratch.folder("down");
    let before = proxy.carried().down;
    proxy.damage_after(Way::Down, CLIP / 2);
    let id = bench.fetch(&[&sent.key], &down).await.unwrap().transfers[0];
    wait::until("most of it came", LONG, async || Ok((proxy.carried().down - before > CLIP * 3 / 4).then_some(())))
        .await
        .unwrap();
    // The second fetch is damaged too, elsewhere.
    proxy.damage_after(Way::Down, CLIP);
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    assert!(footage::same(&clip, &down.join("clip.mxf")).unwrap());
    let came = proxy.carried().down - before;
    assert!(came > CLIP * 2 && came < CLIP * 3, "{came} bytes came");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_replaced_while_it_comes_down_fails_and_a_retry_takes_the_new_one() {
    let scratch = Scratch::new();
    let (practice, _) = stocked(&scratch).await;
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    proxy.cut_after(Way::Down, CLIP / 2);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let down = scratch.folder("down");
    let id = bench.fetch(&["in/clip.mxf"], &down).await.unwrap().transfers[0];
    bench.until(id, "waiting", |row| matches!(row.status, Status::Waiting { .. })).await;
    let new: Vec<u8> = vec![7; CLIP as usize];
    practice.bucket().witness().unwrap().put("in/clip.mxf", new.clone()).await.unwrap();
    proxy.heal();
    let row = bench.at_rest(id).await;
    assert_eq!(error_of(&row).code, Code::ObjectChanged, "{row:#?}");
    assert!(!down.join("clip.mxf").exists());
    bench.act(Action::Retry, id).await.unwrap();
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    assert_eq!(std::fs::read(&row.path).unwrap(), new);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_that_the_disk_lost_in_a_power_cut_are_fetched_again() {
    let scratch = Scratch::new();
    let (practice, bytes) = stocked(&scratch).await;
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    proxy.limit(None, Some(15_000_000));
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let down = scratch.folder("down");
    let id = bench.fetch(&["in/clip.mxf"], &down).await.unwrap().transfers[0];
    bench.until(id, "half there", |row| row.acked > CLIP / 3).await;
    bench.close().await;
    proxy.heal();
    // The journal was synced and the file was not: its first half is zeros again.
    let part = down.join("clip.mxf.part");
    let file = std::fs::File::options().write(true).open(&part).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![0; 20_000_000], 0).unwrap();
    drop(file);
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let row = bench.at_rest(id).await;
    assert!(is_done(&row), "{row:#?}");
    assert_eq!(std::fs::read(down.join("clip.mxf")).unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_keys_land_inside_the_folder_none_lost_none_over_another() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let long = format!("{}.mp4", "x".repeat(251));
    let keys: Vec<String> = [
        "../../x",
        "/etc/x",
        "C:\\x",
        "CON",
        "a/CON",
        &long,
        "новости/день.mp4",
        "<img src=x onerror=alert(1)>",
        "a//b",
        "x",
        "dir/x",
        "X",
        "..",
        "a/..",
        "trailing.",
        "trailing ",
        "nul\u{7}bell",
        "emoji 🎥.mov",
    ]
    .map(str::to_owned)
    .into();
    for (i, key) in keys.iter().enumerate() {
        witness.put(key, format!("content {i}").into_bytes()).await.unwrap();
    }
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let listed = bench.list_all().await;
    for key in &keys {
        assert!(listed.contains(key), "{key:?} is not listed");
    }
    let outside = scratch.folder("outside");
    let down = scratch.folder("outside/chosen");
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    let added = bench.fetch(&names, &down).await.unwrap();
    let mut contents = Vec::new();
    for id in added.transfers {
        let row = bench.at_rest(id).await;
        assert!(is_done(&row), "{row:#?}");
        let path = std::path::PathBuf::from(&row.path);
        assert_eq!(path.parent(), Some(down.as_path()), "{row:#?}");
        contents.push(std::fs::read_to_string(path).unwrap());
    }
    contents.sort();
    let mut wanted: Vec<String> = (0..keys.len()).map(|i| format!("content {i}")).collect();
    wanted.sort();
    assert_eq!(contents, wanted);
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1, "something landed beside the chosen folder");
    assert_eq!(std::fs::read_dir(&down).unwrap().count(), keys.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_folder_is_never_overwritten_and_the_same_file_not_fetched_twice() {
    let scratch = Scratch::new();
    let (practice, bytes) = stocked(&scratch).await;
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), &practice.bucket().through(&proxy)).await;
    let down = scratch.folder("down");
    std::fs::write(down.join("clip.mxf"), "mine").unwrap();
    let id = bench.fetch(&["in/clip.mxf"], &down).await.unwrap().transfers[0];
    let row = bench.at_rest(id).await;
    assert!(row.path.ends_with("clip-2.mxf"), "{row:#?}");
    assert_eq!(std::fs::read_to_string(down.join("clip.mxf")).unwrap(), "mine");
    assert_eq!(std::fs::read(&row.path).unwrap(), bytes);

    std::fs::rename(down.join("clip-2.mxf"), down.join("clip.mxf")).unwrap();
    let before = proxy.carried().down;
    let id = bench.fetch(&["in/clip.mxf"], &down).await.unwrap().transfers[0];
    let row = bench.at_rest(id).await;
    assert!(is_done(&row) && row.path.ends_with("/clip.mxf"), "{row:#?}");
    assert!(proxy.carried().down - before < 100_000, "it was fetched again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_object_and_an_unwritable_folder_say_what_to_do() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bench = Bench::open(&scratch.join("home"), practice.bucket()).await;
    let id = bench.fetch(&["not/there.mxf"], &scratch.folder("down")).await.unwrap().transfers[0];
    assert_eq!(error_of(&bench.at_rest(id).await).code, Code::NoSuchKey);
    std::fs::write(scratch.join("a-file"), "x").unwrap();
    practice.bucket().witness().unwrap().put("there.mxf", "x").await.unwrap();
    let id = bench.fetch(&["there.mxf"], &scratch.join("a-file/folder")).await.unwrap().transfers[0];
    let row = bench.at_rest(id).await;
    assert!(matches!(row.status, Status::Failed { .. }), "{row:#?}");
}
