//! Hostile key templates, and hostile names of files to fill them with: a newsroom is added with each by the real command
//! line, and a file is put where it was taken.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use rushes_rig::Scratch;
use rushes_rig::ctl::Rushesctl;
use rushes_rig::env::Env;
use rushes_rig::keychain::Keychain;
use rushes_rig::mutate::{Mutator, corpus};
use rushes_rig::practice::Practice;
use serde_json::json;

use super::watch::Watched;
use super::{Done, has_panicked, text};
use crate::built;

const SEED: u64 = 43;

pub(super) async fn all(count: u32) -> Result<Done> {
    let scratch = Scratch::new();
    let keychain = Keychain::unlocked(&scratch).await?;
    let practice = Practice::start(&scratch).await?;
    let bucket = practice.bucket();
    let user = scratch.folder("user");
    let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?
        .with(keychain.env())
        .with(&bucket.env())
        .with(&Env::new().with("HOME", &user));
    let card = scratch.folder("card");
    let watched = Watched::from_now(&[&user]);
    let templates = hostile(count as usize)?;
    let mut done = Done { count: templates.len(), ..Done::default() };
    let mut said = BTreeSet::new();
    for (i, template) in templates.iter().enumerate() {
        let mut add = ["--json", "profile", "add", "Templates", "--bureau", "../\u{202e}x/", "--template"]
            .map(str::to_owned)
            .to_vec();
        add.push(template.clone());
        add.extend(bucket.options().map(str::to_owned));
        // A template that begins like an option is none to the command line; it is what it says behind an equals sign.
        if template.starts_with('-') {
            add.splice(6..8, [format!("--template={template}")]);
        }
        let added = ctl.run(&add).await?;
        done.panics += usize::from(has_panicked(&added));
        if added.status != Some(0) {
            said.insert(
                added.lines.last().map(|line| line["message"].to_string()).unwrap_or_else(|| added.stderr.clone()),
            );
            continue;
        }
        done.taken += 1;
        let file = named(&card, i)?;
        std::fs::write(&file, format!("content {i}"))?;
        let slug = ["../..", "a/b", "\u{202e}", "", "новости", "-x", "{name}"][i % 7];
        let folder = file.parent().map(PathBuf::from).unwrap_or_default();
        let put =
            ["--json", "--profile", "Templates", "put", "--story=..", &format!("--slug={slug}"), "--", text(&folder)?]
                .map(str::to_owned);
        let put = ctl.run(&put).await?;
        done.panics += usize::from(has_panicked(&put));
        ensure!(put.status == Some(0) || put.stdout.contains("longer"), "{template:?}: {}", put.stdout);
    }
    let keys = bucket.witness()?.keys("").await?;
    let strays = keys.iter().filter(|key| key.split('/').any(|segment| matches!(segment, "" | "." | ".."))).count();
    ensure!(strays == 0, "{strays} keys have steps between folders");
    ensure!(
        keys.iter().all(|key| key.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))),
        "a key is not plain"
    );
    let changed = watched.changed();
    done.outside = changed.len();
    done.samples = json!({ "templates": templates, "refused for": said, "keys": keys, "changed": changed });
    Ok(done)
}

/// A file of a name that means harm, in a folder of its own.
fn named(card: &std::path::Path, i: usize) -> Result<PathBuf> {
    let names: [&[u8]; 12] = [
        b"clip.mxf",
        b"..mxf",
        b"-rf",
        b"a\nb.mxf",
        b"\xe2\x80\xaefxm.exe",
        b" ",
        b"CON.txt",
        b"a\\..\\b",
        b"<b>.mp4",
        b"{name}.mp4",
        b"$(id).mov",
        "é".as_bytes(),
    ];
    let folder = card.join(i.to_string());
    std::fs::create_dir(&folder)?;
    Ok(folder.join(std::ffi::OsString::from_vec(names[i % names.len()].to_vec())))
}

fn hostile(count: usize) -> Result<Vec<String>> {
    let pieces = [
        "",
        "..",
        ".",
        "../..",
        "/",
        "//",
        "\\",
        "{name}",
        "{slug}",
        "{who}",
        "{",
        "}",
        "{{name}}",
        "{name",
        "{NAME}",
        "{ name }",
        "{slug}{name}",
        "~",
        "%2e%2e",
        "C:",
        "CON",
        "\u{202e}",
        "\u{200b}",
        "a\nb",
        "a\u{7f}",
        "é",
        "новости",
        "-x",
        "{date}",
        "{name}{name}",
        "$(id)",
        "<b>",
        "?x#y",
        "ﷺ",
    ];
    let mut templates = BTreeSet::new();
    for one in pieces {
        for other in pieces {
            templates.extend([
                format!("{one}/{other}/{{name}}"),
                format!("{one}{other}{{name}}"),
                format!("{one}/{{name}}/{other}"),
            ]);
        }
    }
    // Every so many of them: what is made of pieces alone would be all there is.
    let every = templates.len().div_ceil((count / 2).max(1));
    let mut kept: BTreeSet<String> = templates.into_iter().step_by(every).collect();
    kept.extend([
        "x/".repeat(600) + "{name}",
        "{slug}".repeat(500) + "{name}",
        "é".repeat(2000) + "{name}",
        "{".repeat(5000),
    ]);
    let mut mutator = Mutator::new(SEED, corpus(&built::workspace().join("tests/corpus/templates"))?);
    while kept.len() < count {
        let input = String::from_utf8_lossy(&mutator.input()).replace('\0', "0");
        kept.insert(input.lines().next().unwrap_or_default().to_owned());
    }
    Ok(kept.into_iter().collect())
}
