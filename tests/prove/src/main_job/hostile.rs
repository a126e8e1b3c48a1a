//! Keys that mean harm, shown and brought down.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rushes_rig::practice::Practice;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use rushes_rig::until;
use serde_json::json;

use super::real::words;
use crate::evidence::Shown;
use crate::person::{LONG, Person, SOON, Theme};

fn all_keys() -> Vec<String> {
    let long = format!("{}.mp4", "x".repeat(251));
    let longest = format!("{}.mp4", "é".repeat(500));
    [
        "../../x",
        "/etc/x",
        "C:\\x",
        "CON",
        "a/CON",
        "aux.mp4",
        "<img src=x onerror=\"document.title='owned'\">",
        "<script>document.title='owned'</script>.mp4",
        "новости/день.mp4",
        "ニュース/映像.mov",
        "a//b",
        "x",
        "dir/x",
        "X",
        "trailing.",
        "trailing ",
        "tab\there.mp4",
        "emoji 🎥.mov",
        "~/.ssh/authorized_keys",
        "%2e%2e%2fx",
        "a\\..\\..\\x",
        &long,
        &longest,
    ]
    .map(str::to_owned)
    .into()
}

pub async fn keys() -> Result<Shown> {
    let person = Person::new(Theme::Dark).await?;
    let practice = Practice::start(&person.scratch).await?;
    let seaweed = Seaweed::start(&person.scratch).await?;
    let window = person.opens().await?;
    let mut samples = Vec::new();
    for (store, bucket) in [("practice", practice.bucket()), ("SeaweedFS", seaweed.bucket())] {
        let put = stocked(bucket).await?;
        if store == "practice" {
            window.click("welcome-connect").await?;
        } else {
            window.click("profile-switcher").await?;
            window.click("profile-add").await?;
        }
        person.connects(&window, store, bucket).await?;

        // Shown as text, every one of them.
        window.click("nav-footage").await?;
        window.click("look-again").await?;
        let count = put.len();
        let mut last = String::new();
        let shown = until("every key is listed", SOON, async || {
            let total = window.texts("footage-totals").await?.pop().unwrap_or_default();
            // Figures and their words are held together by no-break spaces.
            last = total.split_whitespace().collect::<Vec<_>>().join(" ");
            Ok(last.contains(&format!("{count} clips")).then(|| last.clone()))
        })
        .await;
        let shown = shown.with_context(|| format!("{count} were put; it says {last:?}"))?;
        let harm = window
            .script(
                "return [document.title, document.images.length, document.querySelectorAll('body script').length]",
                vec![],
            )
            .await?;
        ensure!(harm[0] == "Rushes", "a key ran as a script: {harm}");
        let markup =
            window.script("return document.querySelectorAll('img[onerror], img[src=x]').length", vec![]).await?;
        ensure!(markup == 0, "a key became markup");
        window.click("nav-transfers").await?;

        // Brought down, by the command line in the same home, into one folder.
        let down = person.scratch.folder(format!("outside-{store}/chosen"));
        let get: Vec<String> = put.iter().map(|(key, _)| key.clone()).collect();
        let arguments =
            [words(&["--json", "get", "--into", down.to_str().context("a readable path")?, "--"]), get].concat();
        person.ctl()?.spawn(&arguments)?.wait(LONG).await?.ok()?;
        let (found, beside) =
            (contents(&down)?, std::fs::read_dir(person.scratch.join(format!("outside-{store}")))?.count());
        let mut wanted: Vec<String> = put.iter().map(|(_, content)| content.clone()).collect();
        wanted.sort();
        ensure!(found == wanted, "{} files for {} keys", found.len(), wanted.len());
        ensure!(beside == 1, "something landed beside the folder");
        samples.push(json!({
            "store": store, "keys": put.iter().map(|(key, _)| key).collect::<Vec<_>>(), "listed": shown,
            "files": std::fs::read_dir(&down)?.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect::<Vec<_>>(),
        }));
    }
    ensure!(!Path::new("/etc/x").exists(), "/etc/x was written");
    window.close().await?;
    let counts: Vec<usize> = samples.iter().filter_map(|s| s["keys"].as_array().map(Vec::len)).collect();
    Ok(Shown {
        figure: format!(
            "{} + {} keys: shown as text, each in a file of its own inside the folder",
            counts[0], counts[1]
        ),
        passes: counts[0] == all_keys().len() && counts[1] > 10,
        samples: json!(samples),
    })
}

/// Puts each key with a content of its own. A store may refuse some; those it takes are what it lists.
async fn stocked(bucket: &Bucket) -> Result<Vec<(String, String)>> {
    let witness = bucket.witness()?;
    for (i, key) in all_keys().iter().enumerate() {
        let _ = witness.put(key, format!("content {i}").into_bytes()).await;
    }
    let mut put = Vec::new();
    for key in witness.keys("").await? {
        if let Ok(bytes) = witness.get(&key).await {
            put.push((key, String::from_utf8(bytes.to_vec())?));
        }
    }
    Ok(put)
}

fn contents(folder: &Path) -> Result<Vec<String>> {
    let mut contents = Vec::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() {
            contents.push(std::fs::read_to_string(entry.path())?);
        }
    }
    contents.sort();
    Ok(contents)
}
