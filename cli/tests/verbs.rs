//! The verbs as a script uses them: what they print, what they leave, how they end.

mod support;

use std::time::Duration;

use rushes_rig::keychain::Keychain;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::{Scratch, footage};
use support::{code, ctl, words};

#[tokio::test(flavor = "multi_thread")]
async fn put_ls_and_get_speak_json_and_end_with_0() {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await.unwrap();
    let bucket = seaweed.bucket();
    let ctl = ctl(&scratch).with(&bucket.env());
    let clip = scratch.join("clip é.mxf");
    footage::random(&clip, 12_000_000, 1).unwrap();
    let put =
        ctl.run(&words(bucket, &["put", clip.to_str().unwrap(), "--to", "in/nairobi"])).await.unwrap().ok().unwrap();
    let row = &put.rows()[0];
    assert_eq!((row["state"].as_str(), row["key"].as_str()), (Some("done"), Some("in/nairobi/clip é.mxf")));
    assert_eq!((row["size"].as_u64(), row["acked"].as_u64()), (Some(12_000_000), Some(12_000_000)));
    assert_eq!(row["proof"]["by"], "wholeObject");

    let ls = ctl.run(&words(bucket, &["ls", "in/"])).await.unwrap().ok().unwrap();
    assert_eq!(ls.lines.len(), 1);
    assert_eq!(
        (ls.lines[0]["key"].as_str(), ls.lines[0]["size"].as_u64()),
        (Some("in/nairobi/clip é.mxf"), Some(12_000_000))
    );
    assert!(ls.lines[0]["modified"].as_i64().unwrap() > 1_700_000_000_000);

    let down = scratch.folder("down");
    // Options stand before or after the verb.
    let mut get = vec!["get".to_owned(), "in/nairobi/clip é.mxf".into(), "--into".into(), down.display().to_string()];
    get.extend(support::place(bucket));
    get.push("--json".into());
    let get = ctl.run(&get).await.unwrap().ok().unwrap();
    assert_eq!(get.rows()[0]["state"], "done");
    assert!(footage::same(&clip, &down.join("clip é.mxf")).unwrap());

    let listed = ctl.run(&["transfers", "--json"]).await.unwrap().ok().unwrap();
    assert_eq!(listed.rows().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_errors_end_with_2_and_everything_else_that_fails_with_1() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bucket = practice.bucket();
    let ctl = ctl(&scratch).with(&bucket.env());
    for usage in [
        &["put"][..],
        &["frobnicate"],
        &["get", "x", "--into"],
        &["pause"],
        &["--profile", "x", "--bucket", "y", "ls"],
        // Ways are of a bucket that is described or added, never of a newsroom that is named.
        &["--accelerate", "ls"],
        &["--profile", "x", "put", "y", "--cloudfront", "d1.cloudfront.net"],
    ] {
        assert_eq!(ctl.run(usage).await.unwrap().status, Some(2), "{usage:?}");
    }
    let unreadable = scratch.folder("locked");
    for (what, wanted, wants) in [
        (words(bucket, &["put", "/nowhere/clip.mxf"]), "sourceMissing", "not there"),
        (
            words(bucket, &["get", "no/such/key", "--into", unreadable.to_str().unwrap()]),
            "noSuchKey",
            "not in the bucket",
        ),
        (words(&bucket.named("no-such-bucket"), &["ls"]), "noSuchBucket", "no-such-bucket"),
        (vec!["ls".into(), "--json".into()], "notFound", "No newsroom"),
        (vec!["pause".into(), "77".into(), "--json".into()], "notFound", "no transfer 77"),
        (words(bucket, &["put", unreadable.to_str().unwrap()]), "badInput", "no file"),
    ] {
        let ended = ctl.run(&what).await.unwrap();
        assert_eq!((ended.status, code(&ended)), (Some(1), wanted), "{what:?}: {ended:#?}");
        assert!(ended.stdout.contains(wants), "{what:?} says {}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_say_so_keep_the_transfer_and_right_ones_go_on_with_it() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bucket = practice.bucket();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 12_000_000, 1).unwrap();
    let ctl = ctl(&scratch);
    let wrong = bucket.env().with("AWS_SECRET_ACCESS_KEY", "not-the-secret");
    let refused = ctl.clone().with(&wrong).run(&words(bucket, &["put", clip.to_str().unwrap()])).await.unwrap();
    assert_eq!((refused.status, code(&refused)), (Some(1), "wrongCredentials"), "{refused:#?}");
    let right =
        ctl.with(&bucket.env()).run(&words(bucket, &["put", clip.to_str().unwrap()])).await.unwrap().ok().unwrap();
    assert_eq!(right.rows()[0]["id"], refused.rows()[0]["id"], "it is the same transfer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_gone_is_waited_for_and_given_up_after_the_patience_that_was_asked_for() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bucket = practice.bucket().through(&proxy);
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 12_000_000, 1).unwrap();
    let ctl = ctl(&scratch).with(&bucket.env());
    proxy.cut();
    let put = words(&bucket, &["put", clip.to_str().unwrap()]);
    let given_up = ctl.run(&[put.clone(), vec!["--patience".into(), "2".into()]].concat()).await.unwrap();
    assert_eq!((given_up.status, code(&given_up)), (Some(1), "offline"), "{given_up:#?}");

    let mut running = ctl.spawn(&put).unwrap();
    running.line("it waits", Duration::from_secs(20), |line| line["state"] == "waiting").await.unwrap();
    proxy.heal();
    running.wait(Duration::from_secs(60)).await.unwrap().ok().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_command_attaches_and_takes_over_when_the_first_one_is_killed() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bucket = practice.bucket().through(&proxy);
    let ctl = ctl(&scratch).with(&bucket.env());
    let (one, two) = (scratch.join("one.mxf"), scratch.join("two.mxf"));
    footage::random(&one, 30_000_000, 1).unwrap();
    footage::random(&two, 30_000_000, 2).unwrap();
    proxy.limit(Some(6_000_000), None);
    let mut first = ctl.spawn(&words(&bucket, &["put", one.to_str().unwrap()])).unwrap();
    first.line("it runs", Duration::from_secs(20), |line| line["state"] == "running").await.unwrap();
    let mut second = ctl.spawn(&words(&bucket, &["put", two.to_str().unwrap()])).unwrap();
    second.line("it is heard", Duration::from_secs(20), |line| line["state"].is_string()).await.unwrap();
    first.kill().unwrap();
    proxy.heal();
    let second = second.wait(Duration::from_secs(60)).await.unwrap().ok().unwrap();
    assert_eq!(second.rows().last().unwrap()["state"], "done");
    ctl.run(&words(&bucket, &["put", one.to_str().unwrap()])).await.unwrap().ok().unwrap();
    let witness = practice.bucket().witness().unwrap();
    assert!(witness.same("one.mxf", &one).await.unwrap() && witness.same("two.mxf", &two).await.unwrap());
    assert!(witness.unfinished().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_paused_by_one_command_is_resumed_by_another_and_cancelled_by_a_third() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let bucket = practice.bucket().through(&proxy);
    let ctl = ctl(&scratch).with(&bucket.env());
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 30_000_000, 1).unwrap();
    proxy.limit(Some(5_000_000), None);
    let mut put = ctl.spawn(&words(&bucket, &["put", clip.to_str().unwrap()])).unwrap();
    let row = put.line("it runs", Duration::from_secs(20), |line| line["state"] == "running").await.unwrap();
    let id = row["id"].to_string();
    ctl.run(&["pause", &id]).await.unwrap().ok().unwrap();
    let paused = put.wait(Duration::from_secs(20)).await.unwrap();
    assert_eq!(paused.status, Some(1), "it was not done: {paused:#?}");

    let mut resumed = ctl.spawn(&words(&bucket, &["resume", &id])).unwrap();
    resumed.line("it runs again", Duration::from_secs(20), |line| line["state"] == "running").await.unwrap();
    ctl.run(&words(&bucket, &["cancel", &id])).await.unwrap().ok().unwrap();
    assert_eq!(resumed.wait(Duration::from_secs(20)).await.unwrap().status, Some(1));
    assert!(practice.bucket().witness().unwrap().unfinished().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_keeps_its_keys_in_the_keychain_and_nowhere_else() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bucket = practice.bucket();
    let keychain = Keychain::unlocked(&scratch).await.unwrap();
    let ctl = ctl(&scratch).with(keychain.env());
    let add: Vec<String> = [vec!["profile".into(), "add".into(), "Nairobi".into()], support::place(bucket)].concat();
    ctl.clone().with(&bucket.env()).run(&add).await.unwrap().ok().unwrap();
    let listed = ctl.run(&["profile", "list", "--json"]).await.unwrap().ok().unwrap();
    assert_eq!(
        (listed.lines[0]["profile"]["name"].as_str(), listed.lines[0]["inUse"].as_bool()),
        (Some("Nairobi"), Some(true))
    );

    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 6_000_000, 1).unwrap();
    ctl.run(&["put", clip.to_str().unwrap()]).await.unwrap().ok().unwrap();
    ctl.run(&["--profile", "Nairobi", "ls"]).await.unwrap().ok().unwrap();
    for found in walkdir::WalkDir::new(ctl.home()) {
        let found = found.unwrap();
        if found.file_type().is_file() {
            let bytes = std::fs::read(found.path()).unwrap();
            let secret = bucket.keys.secret.as_bytes();
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "the secret is in {}", found.path().display());
        }
    }
    ctl.run(&["profile", "remove", "Nairobi"]).await.unwrap().ok().unwrap();
    assert!(ctl.run(&["profile", "list", "--json"]).await.unwrap().ok().unwrap().lines.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_practice_bucket_is_served_for_any_client_and_its_keys_printed_only_when_asked() {
    let scratch = Scratch::new();
    let keychain = Keychain::unlocked(&scratch).await.unwrap();
    let ctl = ctl(&scratch).with(keychain.env());
    let mut serving = ctl.spawn(&["practice", "--json"]).unwrap();
    let said = serving.line("where it is", Duration::from_secs(30), |line| line["endpoint"].is_string()).await.unwrap();
    let keys = ctl.run(&["practice", "--print-keys"]).await.unwrap().ok().unwrap().stdout;
    let value = |name: &str| keys.lines().find_map(|l| l.strip_prefix(name)).unwrap().to_owned();
    let (id, secret) = (value("AWS_ACCESS_KEY_ID="), value("AWS_SECRET_ACCESS_KEY="));
    assert!(!said.to_string().contains(&secret));
    let bucket = rushes_rig::store::Bucket {
        endpoint: said["endpoint"].as_str().unwrap().into(),
        region: said["region"].as_str().unwrap().into(),
        name: said["bucket"].as_str().unwrap().into(),
        keys: rushes_rig::store::Keys { id, secret },
        ca: None,
    };
    let witness = bucket.witness().unwrap();
    assert!(!witness.keys("").await.unwrap().is_empty(), "it is filled with clips");
    // And by the profile that it made.
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 6_000_000, 1).unwrap();
    let put = ctl.run(&["put", clip.to_str().unwrap(), "--slug", "Market fire", "--json"]).await.unwrap().ok().unwrap();
    let key = put.rows()[0]["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("Practice/20") && key.ends_with("/Market_fire/clip.mxf"), "{key}");
    assert!(witness.same(&key, &clip).await.unwrap());
    serving.interrupt().unwrap();
    assert_eq!(serving.wait(Duration::from_secs(20)).await.unwrap().status, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn support_is_shown_in_full_or_kept_and_names_neither_clips_nor_keys() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bucket = practice.bucket();
    let ctl = ctl(&scratch).with(&bucket.env());
    let clip = scratch.join("Amina Abdi.mxf");
    footage::random(&clip, 1_000_000, 1).unwrap();
    ctl.run(&words(bucket, &["put", clip.to_str().unwrap(), "--to", "whistleblower"])).await.unwrap().ok().unwrap();
    let shown = ctl.run(&["support"]).await.unwrap().ok().unwrap().stdout;
    assert!(shown.contains("=== transfers.json: ") && shown.contains("\"state\": \"done\""), "{shown}");
    for told in ["Amina", "whistleblower", bucket.keys.secret.as_str(), bucket.keys.id.as_str()] {
        assert!(!shown.contains(told), "{told} in {shown}");
    }
    let folder = scratch.folder("kept");
    let into = folder.to_str().unwrap();
    let kept = ctl.run(&["support", "--into", into, "--json"]).await.unwrap().ok().unwrap();
    assert!(kept.lines[0]["files"].as_array().unwrap().len() >= 6, "{kept:#?}");
    assert!(std::fs::metadata(kept.lines[0]["kept"].as_str().unwrap()).unwrap().len() > 500);
    let missing = ctl.run(&["support", "--into", "/no/such/folder", "--json"]).await.unwrap();
    assert_eq!((missing.status, code(&missing)), (Some(1), "diskFailed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_card_is_one_line() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let bucket = practice.bucket();
    let ctl = ctl(&scratch).with(&bucket.env());
    let card = scratch.folder("A001");
    for (n, name) in ["Clip/C0001.MXF", "Clip/C0001M01.XML", "Clip/C0002.MXF", "MEDIAPRO.XML"].into_iter().enumerate() {
        let file = card.join("XDROOT").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        footage::random(&file, 100_000, n as u64).unwrap();
    }
    let put = ctl.run(&words(bucket, &["put", card.to_str().unwrap(), "--to", "in"])).await.unwrap().ok().unwrap();
    assert!(put.rows().is_empty(), "{}", put.stdout);
    let row = put.lines.iter().rfind(|line| line["card"].is_object()).unwrap();
    assert_eq!((row["state"].as_str(), row["card"]["kind"].as_str()), (Some("done"), Some("xdcam")));
    assert_eq!((row["key"].as_str(), row["size"].as_u64()), (Some("in/A001/XDROOT/"), Some(400_000)));
    assert_eq!((row["card"]["clips"].as_u64(), row["files"].as_array().map(Vec::len)), (Some(2), Some(4)));

    let listed = ctl.run(&["transfers"]).await.unwrap().ok().unwrap().stdout;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(listed.contains("A001 (XDCAM card, 2 clips in 4 files;"), "{listed}");
}
