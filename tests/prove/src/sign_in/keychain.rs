//! What the keychain holds of a newsroom, from the first key to the sign-out; and a keychain that is locked, or not there,
//! met in the window by somebody with a clip to send.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::Rushesctl;
use rushes_rig::env::Env;
use rushes_rig::keychain::Keychain;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::{Scratch, footage, until};
use serde_json::{Value, json};

use super::gate::Gate;
use super::ledger::Ledger;
use crate::built;
use crate::evidence::Shown;
use crate::person::{LONG, Person, SOON, Theme};

/// The name under which a keychain shows our entries.
const SERVICE: &str = "Rushes";
/// Session tokens of Identity Center are that long, and Windows' entries are not.
const LONG_TOKEN: usize = 5_000;

pub async fn row() -> Result<Shown> {
    let mut samples = Vec::new();
    samples.push(("set, read, rename, sign out", kept().await));
    samples.push(("locked, then unlocked", locked_later().await));
    samples.push(("locked, in the window", window_without(true).await));
    samples.push(("absent, in the window", window_without(false).await));
    let failed: Vec<String> =
        samples.iter().filter_map(|(what, said)| Some(format!("{what}: {:#}", said.as_ref().err()?))).collect();
    let good = samples.len() - failed.len();
    let shown: Vec<Value> = samples
        .iter()
        .map(|(what, said)| json!({ "what": what, "said": said.as_ref().map_or_else(|e| json!(format!("{e:?}")), Clone::clone) }))
        .collect();
    let figure = match &failed[..] {
        [] => format!("{good} of {good} as said; 0 entries of ours after sign-out"),
        _ => format!("{good} of {}: {}", samples.len(), failed.join("; ")),
    };
    Ok(Shown { figure, passes: failed.is_empty(), samples: json!(shown) })
}

async fn kept() -> Result<Value> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let keychain = Keychain::unlocked(&scratch).await?;
    let ledger = Ledger::default();
    let day = Duration::from_secs(24 * 3600);
    let token: String = "t".repeat(LONG_TOKEN);
    ledger.enter("ASIALONG".into(), "long-secret".into(), Some(token.clone()), day, Duration::ZERO);
    let (_gate, door) = Gate::open(ledger, seaweed.bucket()).await?;
    let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?.with(keychain.env()).with(&nobodys());
    let typed = ctl.clone().with(
        &Env::new()
            .with("AWS_ACCESS_KEY_ID", "ASIALONG")
            .with("AWS_SECRET_ACCESS_KEY", "long-secret")
            .with("AWS_SESSION_TOKEN", &token),
    );
    let (url, bucket) = (door.url(), seaweed.bucket());
    let place = ["--endpoint", &url, "--region", &bucket.region, "--bucket", &bucket.name];
    typed.run(&[&place[..], &["profile", "add", "Rig"]].concat()).await?.ok().context("set")?;
    let entries = keychain.entries(SERVICE)?;
    ensure!(entries > 1, "a token of {LONG_TOKEN} characters is in {entries} entries");
    ctl.run(&["ls"]).await?.ok().context("read")?;

    ctl.run(&["profile", "rename", "Rig", "Desk"]).await?.ok().context("rename")?;
    ensure!(keychain.entries(SERVICE)? == entries, "renamed, it holds {}", keychain.entries(SERVICE)?);
    ctl.run(&["--profile", "Desk", "ls"]).await?.ok().context("read after the rename")?;
    ensure!(ctl.run(&["--profile", "Rig", "ls"]).await?.status == Some(1), "the old name is still there");

    // The same newsroom at another address is not shown these keys.
    let (other, elsewhere) = Gate::open(Ledger::default(), seaweed.bucket()).await?;
    let elsewhere = elsewhere.url();
    let moved = ["--endpoint", &elsewhere, "--region", &bucket.region, "--bucket", &bucket.name];
    let silent = ctl.run_with_input(&[&moved[..], &["profile", "add", "Desk"]].concat(), "\n\n").await?;
    ensure!(silent.status == Some(1) && other.counts().refused.is_empty(), "{}", silent.stdout);

    ctl.run(&["sign-out", "Desk"]).await?.ok().context("sign out")?;
    let left = keychain.entries(SERVICE)?;
    ensure!(left == 0, "{left} entries are left");
    let after = ctl.run(&["--json", "--profile", "Desk", "ls"]).await?;
    ensure!(after.status == Some(1) && after.stdout.contains("noCredentials"), "{}", after.stdout);

    // Signed in once more, and then removed.
    let keys = [&place[..], &["profile", "add", "Desk"]].concat();
    typed.run(&keys).await?.ok().context("signing in again")?;
    ctl.run(&["profile", "remove", "Desk"]).await?.ok()?;
    let left = keychain.entries(SERVICE)?;
    ensure!(left == 0, "{left} entries are left after the newsroom was removed");
    Ok(json!({ "entries": entries, "left": left }))
}

/// Nobody's keys are in the environment.
fn nobodys() -> Env {
    let names = ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    names.iter().fold(Env::new(), |env, name| env.without(name))
}

/// Whoever is asked for keys out of a keychain that was locked meanwhile says so, with its code.
async fn locked_later() -> Result<Value> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let bucket = seaweed.bucket();
    let keychain = Keychain::unlocked(&scratch).await?;
    let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?.with(keychain.env()).with(&nobodys());
    let typed = ctl.clone().with(&bucket.env());
    typed.run(&[&bucket.options()[..], &["profile", "add", "Rig"]].concat()).await?.ok()?;
    keychain.lock()?;
    let said = ctl.run(&["--json", "ls"]).await?;
    ensure!(said.status == Some(1) && said.stdout.contains("keychainUnavailable"), "{}", said.stdout);
    ensure!(said.stdout.contains("is locked") && said.stdout.contains("held in memory"), "{}", said.stdout);
    ensure!(keychain.entries(SERVICE)? > 0, "the entry is gone");
    Ok(json!(said.lines))
}

/// Asked once, held in memory: the clip lands.
async fn window_without(is_there: bool) -> Result<Value> {
    let scratch = Scratch::new();
    let keychain = if is_there { Keychain::locked(&scratch).await? } else { Keychain::absent(&scratch).await? };
    let seaweed = Seaweed::start(&scratch).await?;
    let bucket = seaweed.bucket();
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 3_000_000, 1)?;
    let person = Person::with_keychain(Theme::Dark, scratch, Some(keychain)).await?;
    let window = person.opens().await?;
    window.click("welcome-connect").await?;
    for (field, text) in [
        ("form-name", "Nairobi"),
        ("form-bureau", "Nairobi"),
        ("form-bucket", &bucket.name),
        ("form-region", &bucket.region),
        ("form-endpoint", &bucket.endpoint),
        ("form-access-key", &bucket.keys.id),
        ("form-secret-key", &bucket.keys.secret),
    ] {
        window.fill(field, text).await?;
    }
    window.click("form-save").await?;
    let said = window.text("form-error", SOON, |text| text.contains("keychain")).await?;
    window.click("form-in-memory").await?;
    window.fill("form-secret-key", &bucket.keys.secret).await?;
    window.click("form-save").await?;
    window.text("profile-switcher", SOON, |text| text.contains("Nairobi")).await?;
    person.drops(&window, &[&clip], "Held in memory").await?;
    person.waits_for_done(&window, 1, LONG).await?;
    // Nothing of it outlives the window.
    window.close().await?;
    let window = person.opens().await?;
    until("somebody is asked to sign in again", SOON, async || {
        window.click("nav-footage").await?;
        let page = window.script("return document.body.innerText", vec![]).await?.to_string();
        Ok(page.contains("keychain").then_some(()))
    })
    .await?;
    window.close().await?;
    Ok(json!(said))
}
