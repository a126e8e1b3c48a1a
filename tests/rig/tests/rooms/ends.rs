//! Nothing outlives its test: not when it is dropped, not in a panic, not when the test itself is killed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rushes_rig::child::Child;
use rushes_rig::env::Env;
use rushes_rig::{Scratch, until};

const SOON: Duration = Duration::from_secs(10);

/// A child with a child of its own, once it has said whose number it is.
async fn family(scratch: &Scratch) -> Result<(Child, u32)> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "sleep 300 & echo $!; wait"]);
    let mut child = Child::start(command, &Env::new(), scratch.path())?;
    let log = scratch.join("sh.log");
    let said = async || Ok(std::fs::read_to_string(&log)?.trim().parse().ok());
    let grandchild = child.ready("the grandchild is there", SOON, said).await?;
    Ok((child, grandchild))
}

fn lives(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

async fn gone(process: u32) -> Result<()> {
    until("the process is gone", SOON, async || Ok((!lives(process)).then_some(()))).await
}

#[tokio::test]
async fn a_child_and_all_it_started_end_when_dropped() -> Result<()> {
    let scratch = Scratch::new();
    let (child, grandchild) = family(&scratch).await?;
    let id = child.id();
    assert!(lives(id) && lives(grandchild));
    drop(child);
    gone(id).await?;
    gone(grandchild).await
}

#[tokio::test]
async fn a_panic_ends_them_too() -> Result<()> {
    let scratch = Scratch::new();
    let (child, grandchild) = family(&scratch).await?;
    let panicked = tokio::spawn(async move {
        let _held = child;
        panic!("as a test does");
    });
    assert!(panicked.await.is_err());
    gone(grandchild).await
}

#[tokio::test]
async fn a_crashed_child_leaves_its_own_until_dropped() -> Result<()> {
    let scratch = Scratch::new();
    let (mut child, grandchild) = family(&scratch).await?;
    child.kill()?;
    assert!(lives(grandchild));
    drop(child);
    gone(grandchild).await
}

#[tokio::test]
async fn an_early_end_is_told_with_its_last_words() -> Result<()> {
    let scratch = Scratch::new();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "echo no such luck >&2; exit 4"]);
    let mut child = Child::start(command, &Env::new(), scratch.path())?;
    let error = child.ready("it is there", SOON, async || Ok(None::<()>)).await.expect_err("it ended");
    let error = error.to_string();
    assert!(error.contains("status 4") && error.contains("no such luck"), "{error}");
    Ok(())
}

/// Not a test of its own: what the next one starts and kills.
#[tokio::test]
#[ignore = "runs until killed"]
async fn one_that_is_killed() -> Result<()> {
    let told = std::env::var("RUSHES_RIG_TELL").context("where to tell")?;
    let scratch = Scratch::new();
    let (child, grandchild) = family(&scratch).await?;
    std::fs::write(&told, format!("{} {grandchild} {}", child.id(), scratch.path().display()))?;
    std::future::pending().await
}

#[tokio::test]
async fn a_killed_test_leaves_nothing() -> Result<()> {
    let scratch = Scratch::new();
    let told = scratch.join("told");
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "ends::one_that_is_killed", "--ignored"]).env("RUSHES_RIG_TELL", &told);
    command.env_remove("RUSHES_KEEP").stdout(Stdio::null()).stderr(Stdio::null());
    let mut test = command.spawn()?;
    let read = async || Ok(std::fs::read_to_string(&told).ok().filter(|text| text.matches(' ').count() == 2));
    let text = until("the other test has begun", SOON, read).await;
    test.kill()?;
    test.wait()?;
    let text = text?;
    let words: Vec<&str> = text.split(' ').collect();
    gone(words[0].parse()?).await?;
    gone(words[1].parse()?).await?;
    until("its folder is gone", SOON, async || Ok((!Path::new(words[2]).exists()).then_some(()))).await
}
