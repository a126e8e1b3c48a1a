//! Newsroom files from one office to another: nothing is asked before they are trusted, and no key goes where it was not
//! meant to go.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use rushes_rig::ctl::{Ended, Rushesctl};
use rushes_rig::keychain::Keychain;
use rushes_rig::seaweed::{Seaweed, Wishes};
use rushes_rig::store::Bucket;
use rushes_rig::trap::{Trap, own_address};
use rushes_rig::{Scratch, footage};
use serde_json::Value;
use support::{code, ctl, place};

struct Offices {
    scratch: Scratch,
    bucket: Bucket,
    keychain: Keychain,
    _store: Seaweed,
}

impl Offices {
    async fn open() -> Offices {
        let scratch = Scratch::new();
        let keychain = Keychain::unlocked(&scratch).await.unwrap();
        // A file leads nowhere on this computer, so the store is where others would reach it.
        let address = own_address().expect("this computer is on a network");
        let wishes = Wishes { https: true, address: Some(address), ..Wishes::default() };
        let store = Seaweed::start_as(&scratch, wishes).await.unwrap();
        let bucket = store.secure().unwrap().clone();
        Offices { scratch, bucket, keychain, _store: store }
    }

    /// An office with a home of its own, and no keys but those that it is given.
    fn office(&self) -> Rushesctl {
        let nobodys = self.bucket.env().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
        ctl(&self.scratch).with(self.keychain.env()).with(&nobodys)
    }

    async fn file(&self, text: &str) -> PathBuf {
        let path = self.scratch.fresh("mail").unwrap().join("Nairobi.rushes");
        fs::write(&path, text).unwrap();
        path
    }
}

async fn import(office: &Rushesctl, file: &Path, hash: Option<&str>) -> Ended {
    let mut words = vec!["--json", "profile", "import", file.to_str().unwrap()];
    words.extend(hash.iter().flat_map(|hash| ["--yes-sha256", hash]));
    office.run(&words).await.unwrap()
}

/// Shown, then trusted as it was shown.
async fn trusted(office: &Rushesctl, file: &Path) -> Ended {
    let shown = import(office, file, None).await;
    let hash = shown.lines[0]["sha256"].as_str().unwrap_or_else(|| panic!("nothing is shown: {shown:#?}")).to_owned();
    import(office, file, Some(&hash)).await
}

async fn profile(office: &Rushesctl) -> Option<Value> {
    office.run(&["--json", "profile", "list"]).await.unwrap().ok().unwrap().lines.first().cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_makes_a_newsroom_that_asks_nobody_until_somebody_signs_in_and_never_takes_keys_elsewhere() {
    let offices = Offices::open().await;
    let (bucket, it) = (&offices.bucket, offices.office());
    let signed = it.clone().with(&bucket.env());
    let add = ["profile", "add", "Nairobi", "--bureau", "Nairobi", "--template", "{bureau}/{name}"].map(str::to_owned);
    signed.run(&[add.to_vec(), place(bucket)].concat()).await.unwrap().ok().unwrap();
    let made = offices.scratch.join("made.rushes");
    it.run(&["profile", "export", "Nairobi", "--to", made.to_str().unwrap()]).await.unwrap().ok().unwrap();
    let again = it.run(&["--json", "profile", "export", "Nairobi", "--to", made.to_str().unwrap()]).await.unwrap();
    assert_eq!(code(&again), "badInput", "another file was written over");
    let text = fs::read_to_string(&made).unwrap();
    assert!(text.contains(&bucket.endpoint) && !text.contains(&bucket.keys.id) && !text.contains(&bucket.keys.secret));

    // Another office: it is shown, and then nothing is so until its very hash is trusted.
    let office = offices.office();
    let shown = import(&office, &made, None).await;
    assert_eq!((shown.status, code(&shown)), (Some(1), "badInput"), "{shown:#?}");
    assert_eq!((&shown.lines[0]["change"], &shown.lines[0]["name"]), (&"new".into(), &"Nairobi".into()));
    assert_eq!(code(&import(&office, &made, Some(&"0".repeat(64))).await), "badInput");
    assert_eq!(profile(&office).await, None);
    trusted(&office, &made).await.ok().unwrap();
    let here = profile(&office).await.unwrap();
    assert_eq!((&here["needsKeys"], &here["inUse"]), (&true.into(), &true.into()));
    assert_eq!(code(&office.run(&["--json", "ls"]).await.unwrap()), "signInNeeded");
    let clip = offices.scratch.join("clip.mxf");
    footage::random(&clip, 1_000_000, 1).unwrap();
    let put = ["--json", "--patience", "1", "put", clip.to_str().unwrap()];
    let waits = office.run(&put).await.unwrap();
    assert_eq!((waits.status, code(&waits)), (Some(1), "signInNeeded"), "{waits:#?}");

    // As long as something is on its way the newsroom stays where it is; then it goes, and its keys do not.
    let signed_in = office.clone().with(&bucket.env());
    signed_in.run(&["sign-in", "Nairobi"]).await.unwrap().ok().unwrap();
    assert_eq!(profile(&office).await.unwrap()["needsKeys"], false);
    let trap = Trap::set().unwrap();
    let elsewhere = format!("https://{}", trap.outside().unwrap());
    let moved = offices.file(&text.replace(&bucket.endpoint, &elsewhere)).await;
    let refused = trusted(&office, &moved).await;
    assert!(refused.stdout.contains("not finished"), "{refused:#?}");
    assert!(refused.stdout.contains("your existing keys"), "{refused:#?}");
    office.run(&put).await.unwrap().ok().unwrap();
    trusted(&office, &moved).await.ok().unwrap();
    assert_eq!(profile(&office).await.unwrap()["needsKeys"], true);
    assert_eq!(profile(&office).await.unwrap()["profile"]["endpoint"], elsewhere);
    for asks in
        [&["--json", "ls"][..], &["--json", "--patience", "1", "put", made.to_str().unwrap()], &["--json", "routes"]]
    {
        office.run(asks).await.unwrap();
    }
    assert_eq!(trap.caught(), 0, "somebody asked where the file leads");

    // Nor do they come back with the old address: they are gone.
    office.run(&["cancel", "2"]).await.unwrap();
    trusted(&office, &made).await.ok().unwrap();
    assert_eq!(code(&office.run(&["--json", "ls"]).await.unwrap()), "signInNeeded");
    let habits = offices.file(&text.replace("{bureau}/{name}", "{name}")).await;
    signed_in.run(&["sign-in", "Nairobi"]).await.unwrap().ok().unwrap();
    trusted(&office, &habits).await.ok().unwrap();
    assert_eq!(office.run(&["--json", "ls"]).await.unwrap().ok().unwrap().lines[0]["key"], "Nairobi/clip.mxf");
    assert_eq!(trap.caught(), 0);

    // A link holds the same.
    let link = office.run(&["profile", "export", "Nairobi", "--link"]).await.unwrap().ok().unwrap().stdout;
    let by_link = import(&office, Path::new(link.trim()), None).await.ok().unwrap();
    assert_eq!(by_link.lines[0]["change"], "nothing", "{by_link:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_newsroom_file_is_refused_in_words() {
    let scratch = Scratch::new();
    let office = ctl(&scratch);
    let pipe = scratch.join("pipe.rushes");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let large = scratch.join("large.rushes");
    fs::write(&large, "#".repeat(70_000)).unwrap();
    let binary = scratch.join("binary.rushes");
    fs::write(&binary, [0xff, 0xfe, 0, 1]).unwrap();
    let (missing, here) = (scratch.join("missing.rushes"), scratch.join("here.rushes"));
    fs::write(
        &here,
        "rushes = 1\n[newsroom]\nname = \"x\"\nbucket = \"abc\"\nregion = \"x\"\nendpoint = \"http://[::1]:80\"",
    )
    .unwrap();
    for (file, wanted, says) in [
        (&pipe, "badInput", "not a file"),
        (&large, "badInput", "too long"),
        (&binary, "badInput", "no text"),
        (&missing, "sourceMissing", "not there"),
        (&here, "badInput", "this computer itself"),
        (&scratch.path().to_owned(), "badInput", "not a file"),
        (&PathBuf::from("rushes://newsroom?file=%"), "badInput", "damaged"),
    ] {
        let refused = import(&office, file, None).await;
        assert_eq!((refused.status, code(&refused)), (Some(1), wanted), "{refused:#?}");
        assert!(refused.stdout.contains(says), "{refused:#?}");
    }
}
