//! What goes first and how much of the link is used, from the command line.

mod support;

use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::{Scratch, footage};
use std::time::Duration;
use support::{code, ctl, words};

#[tokio::test(flavor = "multi_thread")]
async fn put_marks_breaking_and_by_and_the_verbs_change_them() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bucket = practice.bucket().through(&proxy);
    let ctl = ctl(&scratch).with(&bucket.env());
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 12_000_000, 1).unwrap();
    proxy.stall();
    let put = words(&bucket, &["put", clip.to_str().unwrap(), "--breaking", "--by", "18:00"]);
    let mut running = ctl.spawn(&put).unwrap();
    let line = running.line("it is breaking", Duration::from_secs(20), |line| line["breaking"] == true).await.unwrap();
    assert!(line["due"]["at"].is_i64() && line["due"]["zone"].is_string(), "{line}");
    let id = line["id"].to_string();

    let off = ctl.run(&["--json", "breaking", &id, "--off"]).await.unwrap().ok().unwrap();
    assert_eq!(off.rows()[0]["breaking"], false);
    let none = ctl.run(&["--json", "deadline", &id, "none"]).await.unwrap().ok().unwrap();
    assert!(none.rows()[0]["due"].is_null());
    let again = ctl.run(&["--json", "deadline", &id, "06:15"]).await.unwrap().ok().unwrap();
    assert!(again.rows()[0]["due"]["at"].is_i64());
    let wrong = ctl.run(&["--json", "deadline", &id, "teatime"]).await.unwrap();
    assert_eq!((wrong.status, code(&wrong)), (Some(1), "badInput"));

    proxy.heal();
    running.wait(Duration::from_secs(90)).await.unwrap().ok().unwrap();
    let done = ctl.run(&["--json", "breaking", &id]).await.unwrap();
    assert_eq!((done.status, code(&done)), (Some(1), "badInput"), "what is done cannot hurry");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_set_shown_and_cleared() {
    let scratch = Scratch::new();
    let ctl = ctl(&scratch);
    let set = ctl.run(&["--json", "limit", "set", "--up", "20", "--down", "100"]).await.unwrap().ok().unwrap();
    assert_eq!(set.lines[0]["now"]["limits"]["up"], 2_500_000);
    let hours =
        ["limit", "set", "--up", "4", "--from", "08:00", "--to", "18:00", "--days", "mon-fri", "--uplink", "wwan0"];
    let set = ctl.run(&[&["--json"][..], &hours].concat()).await.unwrap().ok().unwrap();
    let span = &set.lines[0]["settings"]["uplinks"]["wwan0"]["schedule"][0];
    assert_eq!((span["from"].as_u64(), span["days"].as_array().unwrap().len()), (Some(480), 5));
    let shown = ctl.run(&["limit", "show"]).await.unwrap().ok().unwrap();
    assert!(shown.stdout.contains("20 Mb/s up, 100 Mb/s down") && shown.stdout.contains("mon,tue"), "{}", shown.stdout);
    for wrong in [
        &["limit", "set", "--up", "0.01", "--json"][..],
        &["limit", "set", "--up", "4", "--from", "8", "--to", "9", "--json"],
    ] {
        let refused = ctl.run(wrong).await.unwrap();
        assert_eq!((refused.status, code(&refused)), (Some(1), "badInput"), "{wrong:?}");
    }
    assert_eq!(ctl.run(&["limit", "set"]).await.unwrap().status, Some(2));
    let cleared = ctl.run(&["--json", "limit", "clear"]).await.unwrap().ok().unwrap();
    assert!(cleared.lines[0]["now"]["limits"]["up"].is_null());
}
