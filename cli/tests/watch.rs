//! Watch folders without a window: kept, listed, watched until interrupted, let go.

mod support;

use std::time::Duration;

use rushes_rig::practice::Practice;
use rushes_rig::{Scratch, footage};
use serde_json::Value;
use support::{code, place};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_box_watches_what_was_added_and_says_what_happens() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let ctl = support::ctl(&scratch).with(&practice.bucket().env());
    let words = |more: &[&str]| {
        let mut all = place(practice.bucket());
        all.extend(std::iter::once("--json").chain(more.iter().copied()).map(str::to_owned));
        all
    };
    let none = ctl.run(&words(&["watch"])).await.unwrap();
    assert_eq!((none.status, code(&none)), (Some(1), "notFound"));

    let folder = scratch.folder("ingest");
    let path = folder.display().to_string();
    let added = ["watch", "add", &path, "--only", "*.mxf", "--afterwards", "move", "--limit", "80", "--breaking"];
    let added = ctl.run(&words(&added)).await.unwrap().ok().unwrap();
    let kept = &added.lines[0]["folder"];
    assert_eq!((kept["path"].as_str(), kept["limit"].as_u64()), (Some(path.as_str()), Some(10_000_000)), "{kept}");
    assert_eq!((kept["afterwards"].as_str(), kept["breaking"].as_bool()), (Some("move"), Some(true)), "{kept}");
    let bad = ctl.run(&words(&["watch", "add", &path, "--only", "["])).await.unwrap();
    assert_eq!(code(&bad), "badInput");

    footage::random(&folder.join("a.mxf"), 400_000, 1).unwrap();
    std::fs::write(folder.join("a.txt"), "not meant").unwrap();
    let mut running = ctl.spawn(&words(&["watch"])).unwrap();
    running.line("it is sent", SOON, |line: &Value| line["name"] == "a.mxf" && line["state"] == "done").await.unwrap();
    running.line("it is counted", SOON, |line: &Value| line["folder"].is_object() && line["sent"] == 1).await.unwrap();
    rushes_rig::until("it is moved", SOON, async || Ok(folder.join("Sent/a.mxf").exists().then_some(())))
        .await
        .unwrap();
    // Another command, while that one runs.
    let listed = ctl.run(&words(&["watch", "list"])).await.unwrap().ok().unwrap();
    assert_eq!(listed.lines[0]["sent"], 1, "{}", listed.stdout);
    running.interrupt().unwrap();
    running.wait(SOON).await.unwrap();
    assert_eq!(witness.keys("").await.unwrap(), ["a.mxf"]);
    assert!(witness.same("a.mxf", &folder.join("Sent/a.mxf")).await.unwrap());

    ctl.run(&words(&["watch", "remove", &path])).await.unwrap().ok().unwrap();
    assert!(ctl.run(&words(&["watch", "list"])).await.unwrap().ok().unwrap().lines.is_empty());
    assert_eq!(code(&ctl.run(&words(&["watch", "remove", &path])).await.unwrap()), "notFound");
}
