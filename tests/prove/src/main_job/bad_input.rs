//! What goes wrong in the field: each with its code and its sentence, the transfer kept, and gone on with when mended.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::{Ended, Rushesctl};
use rushes_rig::proxy::{Proxy, Way};
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage};
use serde_json::{Value, json};

use super::real::words;
use crate::built;
use crate::evidence::Shown;
use crate::person::LONG;

const CLIP: u64 = 80_000_000;
/// Nobody: a user who may not read what is root's.
const NOBODY: u32 = 65_534;

pub async fn all() -> Result<Shown> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 1)?;
    let samples = [
        missing_file(&scratch, seaweed.bucket()).await.context("a missing file")?,
        unreadable_file(&scratch, seaweed.bucket()).await.context("an unreadable file")?,
        folder_without_rights(&scratch, seaweed.bucket()).await.context("a folder without rights")?,
        full_disk(&ctl(&scratch, seaweed.bucket())?, &scratch, seaweed.bucket(), &clip).await.context("a full disk")?,
        wrong_keys(&scratch, seaweed.bucket(), &clip).await.context("wrong keys")?,
        no_bucket(&scratch, seaweed.bucket(), &clip).await.context("a bucket that is not there")?,
        server_gone(&scratch, seaweed.bucket(), &clip).await.context("a server gone mid-way")?,
    ];
    for sample in &samples {
        let sentence = sample["sentence"].as_str().unwrap_or("");
        ensure!(sentence.contains(". ") || sentence.ends_with('.'), "no sentence that says what to do: {sample}");
    }
    let codes: Vec<&str> = samples.iter().filter_map(|s| s["code"].as_str()).collect();
    Ok(Shown {
        figure: format!("{} of 7: {}", samples.len(), codes.join(", ")),
        passes: samples.len() == 7,
        samples: json!(samples),
    })
}

fn ctl(scratch: &Scratch, bucket: &Bucket) -> Result<Rushesctl> {
    Ok(Rushesctl::new(scratch, built::binary("rushesctl")?)?.with(&bucket.env()))
}

/// The same as another user, who owns its home.
fn ctl_of_nobody(scratch: &Scratch, bucket: &Bucket) -> Result<Rushesctl> {
    let wrapper = scratch.join("rushesctl-of-nobody");
    let binary = built::binary("rushesctl")?;
    let script = format!(
        "#!/bin/sh\nexec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups {} \"$@\"\n",
        binary.display()
    );
    std::fs::write(&wrapper, script)?;
    std::fs::set_permissions(&wrapper, PermissionsExt::from_mode(0o755))?;
    std::fs::set_permissions(scratch.path(), PermissionsExt::from_mode(0o755))?;
    let home = scratch.folder("home-of-nobody");
    std::os::unix::fs::chown(&home, Some(NOBODY), Some(NOBODY))?;
    Ok(Rushesctl::new(scratch, wrapper)?.with(&bucket.env()).at(&home))
}

fn line(bucket: &Bucket, what: &[&str]) -> Vec<String> {
    [words(&bucket.options()), words(&["--json"]), words(what)].concat()
}

/// Code and sentence, wherever they stand: an error's own line, or the row's.
fn said(ended: &Ended) -> Result<(String, String)> {
    let error = ended.lines.iter().rev().find_map(|line| {
        let error = if line["code"].is_string() { line } else { &line["error"] };
        error["code"].is_string().then(|| error.clone())
    });
    let error = error.with_context(|| format!("no error in {ended:?}"))?;
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    Ok((text("code"), text("message")))
}

fn expected(what: &str, ended: &Ended, code: &str) -> Result<Value> {
    let (found, sentence) = said(ended)?;
    ensure!(ended.status == Some(1) && found == code, "ended with {:?} and {found}: {sentence}", ended.status);
    Ok(json!({ "what": what, "code": found, "sentence": sentence }))
}

async fn missing_file(scratch: &Scratch, bucket: &Bucket) -> Result<Value> {
    let ended = ctl(scratch, bucket)?.run(&line(bucket, &["put", "/nowhere/clip.mxf"])).await?;
    expected("missing file", &ended, "sourceMissing")
}

async fn unreadable_file(scratch: &Scratch, bucket: &Bucket) -> Result<Value> {
    let file = scratch.join("unreadable.mxf");
    footage::random(&file, 10_000_000, 5)?;
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600))?;
    let ctl = ctl_of_nobody(scratch, bucket)?;
    let put = line(bucket, &["put", text(&file)?]);
    let said = expected("unreadable file", &ctl.run(&put).await?, "sourceUnreadable")?;
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644))?;
    ctl.run(&put).await?.ok().context("mended")?;
    Ok(said)
}

async fn folder_without_rights(scratch: &Scratch, bucket: &Bucket) -> Result<Value> {
    bucket.witness()?.put("rights.mxf", vec![1; 1_000_000]).await?;
    let folder = scratch.folder("without-rights");
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755))?;
    let ctl = ctl_of_nobody(scratch, bucket)?;
    let get = line(bucket, &["get", "rights.mxf", "--into", text(&folder)?]);
    let said = expected("folder without rights", &ctl.run(&get).await?, "folderUnwritable")?;
    std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY))?;
    ctl.run(&get).await?.ok().context("mended")?;
    Ok(said)
}

/// A disk that has no room for the clip; with room, the same command goes on and is proved.
pub async fn full_disk(ctl: &Rushesctl, scratch: &Scratch, bucket: &Bucket, clip: &Path) -> Result<Value> {
    ctl.spawn(&line(bucket, &["put", text(clip)?, "--to", "full"]))?.wait(LONG).await?.ok()?;
    let small = scratch.folder("small-disk");
    let mounted = Mounted::tmpfs(&small, "30m")?;
    let get = line(bucket, &["get", "full/clip.mxf", "--into", text(&small)?]);
    let said = expected("full disk", &ctl.spawn(&get)?.wait(LONG).await?, "diskFull")?;
    ensure!(!small.join("clip.mxf").exists(), "a part of it bears the clip's name");
    mounted.grow("200m")?;
    ctl.spawn(&get)?.wait(LONG).await?.ok().context("mended")?;
    ensure!(footage::same(clip, &small.join("clip.mxf"))?, "it came down otherwise");
    Ok(said)
}

async fn wrong_keys(scratch: &Scratch, bucket: &Bucket, clip: &Path) -> Result<Value> {
    let ctl = ctl(scratch, bucket)?;
    let put = line(bucket, &["put", text(clip)?, "--to", "keys"]);
    let wrong = ctl.clone().with(&bucket.env().with("AWS_SECRET_ACCESS_KEY", "not-the-secret"));
    let refused = wrong.run(&put).await?;
    let said = expected("wrong keys", &refused, "wrongCredentials")?;
    let mended = ctl.spawn(&put)?.wait(LONG).await?.ok().context("mended")?;
    let id = |ended: &Ended| ended.lines.last().map(|line| line["id"].clone());
    ensure!(id(&refused) == id(&mended), "another transfer was begun");
    Ok(said)
}

async fn no_bucket(scratch: &Scratch, bucket: &Bucket, clip: &Path) -> Result<Value> {
    let missing = bucket.named("not-there-yet");
    let ctl = ctl(scratch, bucket)?;
    let put = line(&missing, &["put", text(clip)?]);
    let said = expected("bucket that is not there", &ctl.run(&put).await?, "noSuchBucket")?;
    missing.witness()?.create().await?;
    ctl.spawn(&put)?.wait(LONG).await?.ok().context("mended")?;
    ensure!(missing.witness()?.same("clip.mxf", clip).await?, "it went up otherwise");
    Ok(said)
}

async fn server_gone(scratch: &Scratch, bucket: &Bucket, clip: &Path) -> Result<Value> {
    let proxy = Proxy::before(bucket).await?;
    let through = bucket.through(&proxy);
    let ctl = ctl(scratch, &through)?;
    proxy.limit(Some(20_000_000), None);
    proxy.cut_after(Way::Up, CLIP / 2);
    let mut running = ctl.spawn(&line(&through, &["put", text(clip)?, "--to", "gone"]))?;
    let waiting = running.line("it waits", LONG, |line| line["state"] == "waiting").await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    proxy.heal();
    running.wait(LONG).await?.ok().context("mended")?;
    ensure!(bucket.witness()?.same("gone/clip.mxf", clip).await?, "it went up otherwise");
    Ok(json!({
        "what": "server gone mid-way", "code": waiting["error"]["code"], "sentence": waiting["error"]["message"], "acked then": waiting["acked"],
    }))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a readable path")
}

/// A small disk of its own, taken away again when dropped.
struct Mounted<'a>(&'a Path);

impl Mounted<'_> {
    fn tmpfs<'a>(at: &'a Path, size: &str) -> Result<Mounted<'a>> {
        mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", text(at)?])?;
        Ok(Mounted(at))
    }

    fn grow(&self, size: &str) -> Result<()> {
        mount(&["-o", &format!("remount,size={size}"), text(self.0)?])
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

fn mount(arguments: &[&str]) -> Result<()> {
    let output = Command::new("mount").args(arguments).output()?;
    ensure!(output.status.success(), "mount: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
