//! A whole day's use, and then a search for every secret in whatever it left, and in every process's arguments meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use rushes_rig::env::Env;
use rushes_rig::proxy::{Proxy, Way};
use rushes_rig::seaweed::Seaweed;
use rushes_rig::{footage, until};
use serde_json::json;

use super::real::words;
use crate::evidence::Shown;
use crate::person::{LONG, Person, SOON, Theme};

pub async fn search() -> Result<Shown> {
    let person = Person::new(Theme::Dark).await?;
    let seaweed = Seaweed::start(&person.scratch).await?;
    let proxy = Proxy::before(seaweed.bucket()).await?;
    let bucket = seaweed.bucket().through(&proxy);
    let watched = Arc::new(AtomicBool::new(true));
    let window = person.opens().await?;
    person.chooses_practice(&window).await?;
    let practice = person.practice_bucket().await?;
    let secrets = [practice.keys.secret.clone(), bucket.keys.secret.clone()];
    // Every process's arguments, twenty times a second.
    let seen = {
        let (watched, secrets) = (watched.clone(), secrets.clone());
        tokio::task::spawn_blocking(move || {
            let (mut looks, mut hits) = (0, Vec::new());
            while watched.load(Ordering::Relaxed) {
                looks += 1;
                hits.extend(in_arguments(&secrets));
                std::thread::sleep(Duration::from_millis(50));
            }
            (looks, hits)
        })
    };

    let clip = person.scratch.join("clip.mxf");
    footage::random(&clip, 60_000_000, 1)?;
    person.drops(&window, &[&clip], "Secrets").await?;
    person.waits_for_done(&window, 1, LONG).await?;
    window.click("profile-switcher").await?;
    window.click("profile-add").await?;
    person.connects(&window, "Nairobi", &bucket).await?;
    // Trouble makes logs talk: a cut link, a refused key.
    proxy.limit(Some(20_000_000), None);
    proxy.cut_after(Way::Up, 30_000_000);
    person.drops(&window, &[&clip], "Secrets").await?;
    until("a row waits", LONG, async || {
        let rows = person.rows(&window).await?;
        Ok(rows.iter().any(|row| row["state"] == "waiting").then_some(()))
    })
    .await?;
    proxy.heal();
    person.waits_for_done(&window, 2, LONG).await?;
    let ctl = person.ctl()?.with(&Env::new().with("RUSHES_LOG", "trace"));
    let mut said = String::new();
    for verb in [vec!["ls"], vec!["transfers"], vec!["profile", "list"], vec!["get", "no/such/key"]] {
        let ended = ctl.run(&[words(&["--json"]), words(&verb)].concat()).await?;
        said.push_str(&ended.stdout);
        said.push_str(&ended.stderr);
    }
    let page = window
        .script("return document.documentElement.outerHTML + JSON.stringify(localStorage)", vec![])
        .await?
        .to_string();
    window.text("profile-switcher", SOON, |text| text.contains("Nairobi")).await?;
    window.kill_app().await?;
    drop(window);
    watched.store(false, Ordering::Relaxed);
    let (looks, in_processes) = seen.await?;

    let (files, bytes, in_files) = in_tree(&person.home(), &secrets)?;
    let elsewhere = [("command output", &said), ("page", &page)];
    let in_text: Vec<&str> =
        elsewhere.iter().filter(|(_, text)| secrets.iter().any(|s| text.contains(s))).map(|(name, _)| *name).collect();
    ensure!(files > 5 && looks > 20, "too little was searched: {files} files, {looks} looks");
    let hits = in_files.len() + in_processes.len() + in_text.len();
    Ok(Shown {
        figure: format!(
            "{hits} found in {files} files ({:.0} MB), {looks} looks at all processes, output and page",
            bytes as f64 / 1e6
        ),
        passes: hits == 0,
        samples: json!({ "in files": in_files, "in processes": in_processes, "in text": in_text, "files": files, "bytes": bytes, "looks": looks }),
    })
}

pub fn in_arguments(secrets: &[String]) -> Vec<String> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return vec![] };
    let mut hits = Vec::new();
    for process in processes.filter_map(Result::ok) {
        if let Ok(line) = std::fs::read(process.path().join("cmdline")) {
            let line = String::from_utf8_lossy(&line);
            if secrets.iter().any(|secret| line.contains(secret)) {
                hits.push(line.split('\0').next().unwrap_or_default().to_owned());
            }
        }
    }
    hits
}

/// How many files and bytes were searched, and those with a secret: as it is, in UTF-16, or in base64 of any alignment.
pub fn in_tree(root: &Path, secrets: &[String]) -> Result<(usize, u64, Vec<String>)> {
    use base64::Engine as _;
    let mut forms: Vec<Vec<u8>> = Vec::new();
    for secret in secrets {
        forms.push(secret.clone().into_bytes());
        forms.push(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
        for lead in ["", "x", "xx"] {
            let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{lead}{secret}"));
            forms.push(encoded.as_bytes()[4..encoded.len() - 4].to_vec());
        }
    }
    let (mut files, mut bytes, mut hits) = (0, 0, Vec::new());
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry?;
        if !entry.file_type().is_file() {
            continue;
        }
        let content = std::fs::read(entry.path())?;
        files += 1;
        bytes += content.len() as u64;
        let text = content.as_slice();
        if forms.iter().any(|form| contains(text, form)) {
            hits.push(entry.path().display().to_string());
        }
    }
    Ok((files, bytes, hits))
}

fn contains(text: &[u8], form: &[u8]) -> bool {
    let Some(first) = form.first() else { return false };
    text.iter().enumerate().any(|(i, byte)| byte == first && text[i..].starts_with(form))
}
