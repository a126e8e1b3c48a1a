//! A day with a secret of every kind, through the window and beside it on the command line; and then a search for each of
//! them in whatever it left, and in what every process was told meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_rig::env::Env;
use rushes_rig::proxy::{Proxy, Way};
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::{Bucket, Keys};
use rushes_rig::window::Window;
use rushes_rig::{footage, until};
use serde_json::json;

use super::center::{self, Center};
use super::gate::Gate;
use super::ledger::Ledger;
use super::sts;
use super::ways::{Moto, browse};
use crate::evidence::Shown;
use crate::main_job::secrets::{in_arguments, in_tree};
use crate::person::{LONG, Person, SOON, Theme};

/// Everything that the window is answered from now on is kept beside it.
const LISTEN: &str = "
    window.__heard = [];
    const fetched = window.fetch;
    window.fetch = async (...asked) => {
      const answer = await fetched(...asked);
      answer.clone().text().then((text) => window.__heard.push(text));
      return answer;
    };
    return true";

pub async fn row() -> Result<Shown> {
    let person = Person::new(Theme::Dark).await?;
    let seaweed = Seaweed::start(&person.scratch).await?;
    let moto = Moto::start(&person.scratch).await?;
    let day = Duration::from_secs(24 * 3600);
    let minute = Duration::from_secs(60);

    // Keys with a session token, behind a link that can be cut.
    let ledger = Ledger::default();
    let lent = ledger.give(day, Duration::ZERO);
    let (_gate, door) = Gate::open(ledger.clone(), seaweed.bucket()).await?;
    let behind = Bucket {
        endpoint: door.url(),
        keys: Keys { id: lent.id.clone(), secret: lent.secret.clone() },
        ..seaweed.bucket().clone()
    };
    let proxy = Proxy::before(&behind).await?;
    let bucket = behind.through(&proxy);

    // Identity Center's, and a role's with a device.
    let at_center = Ledger::default();
    let (center, portal) = Center::open(at_center.clone(), minute, minute * 2).await?;
    let (_center_gate, center_door) = Gate::open(at_center.clone(), seaweed.bucket()).await?;
    let roles = Ledger::default();
    roles.enter_lasting("AKIAREPORTER", "reporter-secret-of-the-row");
    let (_sts, sts_door) = sts::Door::open(roles.clone(), moto.address(), minute).await?;
    let (_role_gate, role_door) = Gate::open(roles.clone(), seaweed.bucket()).await?;
    let pem =
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n-----END PRIVATE KEY-----\n";

    let watched = Arc::new(AtomicBool::new(true));
    let window = person
        .opens_with(
            &Env::new()
                .with("AWS_ENDPOINT_URL_SSO_OIDC", portal.url())
                .with("AWS_ENDPOINT_URL_SSO", portal.url())
                .with("AWS_ENDPOINT_URL_STS", sts_door.url()),
        )
        .await?;
    window.script(LISTEN, vec![]).await?;
    person.chooses_practice(&window).await?;
    let practice = person.practice_bucket().await?;

    let known: Vec<String> = [
        vec![practice.keys.secret.clone(), lent.secret.clone(), "reporter-secret-of-the-row".to_owned()],
        lent.token.iter().cloned().collect(),
        vec![center::CLIENT_SECRET.to_owned(), "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ".to_owned()],
    ]
    .concat();
    let seen = {
        let (watched, known) = (watched.clone(), known.clone());
        tokio::task::spawn_blocking(move || {
            let (mut looks, mut hits) = (0, Vec::new());
            while watched.load(Ordering::Relaxed) {
                looks += 1;
                hits.extend(in_arguments(&known));
                hits.extend(in_environments(&known));
                std::thread::sleep(Duration::from_millis(50));
            }
            (looks, hits)
        })
    };

    let clip = person.scratch.join("clip.mxf");
    footage::random(&clip, 40_000_000, 1)?;
    person.drops(&window, &[&clip], "Secrets").await?;
    person.waits_for_done(&window, 1, LONG).await?;
    window.click("profile-switcher").await?;
    window.click("profile-add").await?;
    window.script("document.querySelector('[data-testid=newsroom-dialog] details').open = true", vec![]).await?;
    window.fill("form-session-token", lent.token.as_deref().context("a token")?).await?;
    person.connects(&window, "Nairobi", &bucket).await?;
    // Trouble makes logs talk.
    proxy.limit(Some(20_000_000), None);
    proxy.cut_after(Way::Up, 20_000_000);
    person.drops(&window, &[&clip], "Secrets").await?;
    until("a row waits", LONG, async || {
        let rows = person.rows(&window).await?;
        Ok(rows.iter().any(|row| row["state"] == "waiting").then_some(()))
    })
    .await?;
    proxy.heal();
    person.waits_for_done(&window, 2, LONG).await?;
    signs_in_by_browser(&window, seaweed.bucket(), &center_door.url()).await?;
    person.drops(&window, &[&clip], "Secrets").await?;
    person.waits_for_done(&window, 3, LONG).await?;

    // The command line, attached to the window's engine.
    let ctl = person.ctl()?.with(&Env::new().with("RUSHES_LOG", "trace"));
    let with_keys = ctl.clone().with(
        &Env::new()
            .with("AWS_ACCESS_KEY_ID", "AKIAREPORTER")
            .with("AWS_SECRET_ACCESS_KEY", "reporter-secret-of-the-row")
            .with("RUSHES_CLOUDFRONT_KEY", pem),
    );
    let store = seaweed.bucket();
    let role_url = role_door.url();
    let arn = "arn:aws:iam::123456789012:role/reporter";
    let add = ["--json", "--endpoint", &role_url, "--region", &store.region, "--bucket", &store.name, "profile", "add"];
    let role = ["Role", "--assume-role", arn, "--external-id", sts::EXTERNAL_ID, "--mfa", sts::MFA];
    let mut said = String::new();
    for (ctl, words, input) in [
        (&with_keys, [&add[..], &role[..]].concat(), "123456\n"),
        (&ctl, vec!["--json", "--profile", "Role", "ls"], ""),
        (&ctl, vec!["--json", "transfers"], ""),
        (&ctl, vec!["--json", "profile", "list"], ""),
        (&ctl, vec!["--json", "routes"], ""),
        (&ctl, vec!["--json", "--profile", "Role", "get", "no/such/key"], ""),
        (&ctl, vec!["sign-in", "Role"], "000000\n"),
    ] {
        let ended = ctl.run_with_input(&words, input).await?;
        said.push_str(&ended.stdout);
        said.push_str(&ended.stderr);
    }
    let bundle = person.scratch.fresh("bundle")?;
    let into = bundle.display().to_string();
    ctl.run(&["support", "--into", &into]).await?.ok().context("the support bundle")?;
    let unpacked = unpack(&bundle)?;

    let page = window.script("return document.documentElement.outerHTML + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie", vec![]).await?;
    let heard = window.script("return window.__heard.length + window.__heard.join()", vec![]).await?;
    ensure!(heard.to_string().len() > 1_000, "too little was heard: {heard}");
    let cores = core_limits(&person.home())?;
    window.kill_app().await?;
    drop(window);
    watched.store(false, Ordering::Relaxed);
    let (looks, in_processes) = seen.await?;

    let secrets: Vec<String> =
        [known, ledger.secrets(), at_center.secrets(), roles.secrets(), center.secrets()].concat();
    let mut hits = Vec::new();
    let (mut files, mut bytes) = (0, 0);
    for root in [person.home(), person.scratch.join("user"), unpacked] {
        let (n, size, found) = in_tree(&root, &secrets)?;
        (files, bytes) = (files + n, bytes + size);
        hits.extend(found);
    }
    for (name, text) in
        [("output and logs", said), ("page", page.to_string()), ("answers to the page", heard.to_string())]
    {
        hits.extend(secrets.iter().filter(|secret| text.contains(*secret)).map(|_| name.to_owned()));
    }
    ensure!(
        files > 5 && looks > 20 && secrets.len() > 12,
        "too little was searched: {files}, {looks}, {}",
        secrets.len()
    );
    let count = hits.len() + in_processes.len();
    Ok(Shown {
        figure: format!(
            "{count} hits of {} secrets in {files} files ({:.0} MB), {looks} looks at arguments and environments, output, page, its answers and the support bundle; core dumps {}",
            secrets.len(),
            bytes as f64 / 1e6,
            if cores { "off" } else { "on" },
        ),
        passes: count == 0 && cores,
        samples: json!({ "hits": hits, "in processes": in_processes, "files": files, "looks": looks }),
    })
}

async fn signs_in_by_browser(window: &Window, store: &Bucket, endpoint: &str) -> Result<()> {
    window.click("profile-switcher").await?;
    window.click("profile-add").await?;
    window.choose("form-way", "center").await?;
    for (field, text) in [
        ("form-name", "Manila"),
        ("form-bureau", "Manila"),
        ("form-bucket", &store.name),
        ("form-region", &store.region),
        ("form-endpoint", endpoint),
        ("form-start-url", center::START),
    ] {
        window.fill(field, text).await?;
    }
    window.click("form-browser").await?;
    let code = window.text("sign-in-code", SOON, |text| !text.is_empty()).await?;
    ensure!(code.contains("ABCD-EFGH"), "{code}");
    let page =
        window.script("return document.querySelector('[data-testid=sign-in-waiting] .page').innerText", vec![]).await?;
    browse(page.as_str().context("a page")?).await?;
    until("accounts to choose from", SOON, async || {
        let there = window.script("return !!document.querySelector('[data-testid=form-account]')", vec![]).await?;
        Ok((there == true).then_some(()))
    })
    .await?;
    window.choose("form-account", center::ACCOUNTS[0].0).await?;
    until("roles to choose from", SOON, async || {
        let script = "return document.querySelectorAll('[data-testid=form-role] option').length";
        Ok((window.script(script, vec![]).await?.as_u64() > Some(2)).then_some(()))
    })
    .await?;
    window.choose("form-role", center::ROLES[1]).await?;
    window.click("form-save").await?;
    window.text("profile-switcher", SOON, |text| text.contains("Manila")).await?;
    Ok(())
}

/// What processes were started with, but for those that were given secrets by us.
fn in_environments(secrets: &[String]) -> Vec<String> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return vec![] };
    let mut hits = Vec::new();
    for process in processes.filter_map(Result::ok) {
        let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        // `env` starts it for us.
        if ["rushesctl", "env"].contains(&name.trim()) {
            continue;
        }
        if let Ok(all) = std::fs::read(process.path().join("environ")) {
            let all = String::from_utf8_lossy(&all);
            if secrets.iter().any(|secret| all.contains(secret)) {
                hits.push(format!("environment of {}", name.trim()));
            }
        }
    }
    hits
}

/// Whether the app's process may leave no core.
fn core_limits(home: &Path) -> Result<bool> {
    let home = format!("RUSHES_HOME={}", home.display());
    let mut seen = 0;
    for process in std::fs::read_dir("/proc")?.filter_map(Result::ok) {
        let read = |name: &str| std::fs::read_to_string(process.path().join(name)).unwrap_or_default();
        if read("comm").trim() != "rushes" || !read("environ").contains(&home) {
            continue;
        }
        seen += 1;
        let limits = read("limits");
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).context("no limit on cores")?;
        if line.split_whitespace().nth(4) != Some("0") {
            return Ok(false);
        }
    }
    ensure!(seen > 0, "the app's process was not found");
    Ok(true)
}

/// The bundle's own files, beside it.
fn unpack(bundle: &Path) -> Result<std::path::PathBuf> {
    let zip = std::fs::read_dir(bundle)?.filter_map(Result::ok).map(|entry| entry.path());
    let zip = zip.into_iter().find(|path| path.extension().is_some_and(|e| e == "zip")).context("no bundle")?;
    let status = std::process::Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .arg(zip)
        .arg(bundle)
        .status()
        .context("unpacking")?;
    ensure!(status.success(), "the bundle cannot be unpacked");
    Ok(bundle.to_owned())
}
