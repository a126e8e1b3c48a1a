//! The command line's room, on programs that are there anyway, and on `rushesctl` if it is built.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use rushes_rig::Scratch;
use rushes_rig::ctl::Rushesctl;
use rushes_rig::env::Env;

const SOON: Duration = Duration::from_secs(10);

/// Stands for the real one: a shell script.
fn script(scratch: &Scratch, text: &str) -> Result<PathBuf> {
    let path = scratch.join("script");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n"))?;
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700))?;
    Ok(path)
}

#[tokio::test]
async fn a_command_is_run_to_its_end() -> Result<()> {
    let scratch = Scratch::new();
    let script = script(
        &scratch,
        r#"echo "{\"arg\": \"$1\", \"home\": \"$RUSHES_HOME\", \"word\": \"$WORD\"}"; echo plain; echo woe >&2; exit 3"#,
    )?;
    let ctl = Rushesctl::new(&scratch, script)?.with(&Env::new().with("WORD", "w"));
    let ended = ctl.run(&["--json"]).await?;
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(3), "woe\n"));
    assert_eq!(ended.lines[0]["arg"], "--json");
    assert_eq!(ended.lines[0]["word"], "w");
    assert_eq!(ended.lines[0]["home"], ctl.home().to_str().unwrap_or_default());
    assert_eq!((ended.lines.len(), ended.stdout.lines().count()), (1, 2));
    let error = ended.ok().expect_err("3 is not 0").to_string();
    assert!(error.contains("woe"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_running_command_is_heard_and_killed() -> Result<()> {
    let scratch = Scratch::new();
    let script = script(&scratch, r#"echo '{"n": 1}'; echo '{"n": 2}'; printf '{"n": 3'; exec sleep 300"#)?;
    let ctl = Rushesctl::new(&scratch, script)?;
    let mut running = ctl.spawn(&["x"])?;
    let line = running.line("the second line", SOON, |line| line["n"] == 2).await?;
    assert_eq!(line["n"], 2);
    assert_eq!(running.lines()?.len(), 2, "half a line is no line");
    running.kill()?;
    assert_eq!(running.wait(SOON).await?.status, None);

    let mut running = ctl.spawn(&["x"])?;
    running.line("any line", SOON, |_| true).await?;
    running.interrupt()?;
    let error = running.line("a line that never comes", SOON, |line| line["n"] == 9).await.expect_err("it ended");
    assert!(format!("{error:#}").contains("signal 2"), "{error:#}");
    Ok(())
}

#[tokio::test]
async fn rushesctl_says_its_version() -> Result<()> {
    let scratch = Scratch::new();
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/rushesctl");
    let Ok(ctl) = Rushesctl::new(&scratch, built) else {
        eprintln!("skipped: rushesctl is not built");
        return Ok(());
    };
    let ended = ctl.run(&["--version"]).await?.ok()?;
    assert!(ended.stdout.starts_with("rushesctl "), "{}", ended.stdout);
    Ok(())
}
