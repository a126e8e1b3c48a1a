//! The real window under test: a desktop of its own, a home of its own, and what a user does in it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use rushes_rig::Scratch;
use rushes_rig::desktop::Desktop;
use rushes_rig::env::Env;
use rushes_rig::store::Bucket;
use rushes_rig::window::{App, Window};

/// For what takes the engine a moment, on a machine that builds something beside.
pub const SOON: Duration = Duration::from_secs(30);
/// For transfers.
pub const LATER: Duration = Duration::from_secs(90);

pub struct User {
    pub scratch: Scratch,
    pub desktop: Desktop,
}

impl User {
    pub async fn sits_down() -> Result<User> {
        let scratch = Scratch::new();
        let desktop = Desktop::start(&scratch).await?;
        Ok(User { scratch, desktop })
    }

    pub fn app(&self) -> App {
        let env = Env::new()
            .with("RUSHES_HOME", self.home())
            // Downloads go to the user's own folder.
            .with("HOME", self.scratch.folder("user"));
        App { binary: env!("CARGO_BIN_EXE_rushes").into(), args: vec![], env }
    }

    pub fn home(&self) -> PathBuf {
        self.scratch.join("home")
    }

    pub fn downloads(&self) -> PathBuf {
        self.scratch.join("user/Downloads")
    }

    /// Starts Rushes, with its window in the screen's corner so that a place in the page is one on the screen.
    pub async fn opens_rushes(&self) -> Result<Window> {
        let window = Window::open(&self.desktop, &self.app()).await?;
        let frame = self.desktop.window("Rushes", SOON).await?;
        frame.resize(1280, 800).await?;
        frame.move_to(0, 0).await?;
        Ok(window)
    }

    pub async fn drags(&self, paths: &[impl AsRef<Path>]) -> Result<()> {
        rushes_rig::drag::files(&self.desktop, paths, (640, 520)).await
    }
}

/// Fills the form for a bucket.
pub async fn connects(window: &Window, bucket: &Bucket, secret: &str) -> Result<()> {
    for (field, text) in [
        ("form-name", "Nairobi"),
        ("form-bureau", "Nairobi"),
        ("form-bucket", &bucket.name),
        ("form-region", &bucket.region),
        ("form-endpoint", &bucket.endpoint),
        ("form-access-key", &bucket.keys.id),
        ("form-secret-key", secret),
    ] {
        window.fill(field, text).await?;
    }
    window.click("form-save").await
}

/// The states of all rows, by name.
pub async fn states(window: &Window) -> Result<Vec<(String, String)>> {
    let script = "return [...document.querySelectorAll('[data-testid=transfer-row]')]
        .map(r => [r.dataset.name, r.dataset.state])";
    let mut rows: Vec<(String, String)> = serde_json::from_value(window.script(script, vec![]).await?)?;
    rows.sort();
    Ok(rows)
}

/// Waits until there are so many rows and all are done.
pub async fn all_done(window: &Window, count: usize) -> Result<()> {
    rushes_rig::until(format!("{count} rows, all done"), LATER, async || {
        let rows = states(window).await?;
        Ok((rows.len() == count && rows.iter().all(|(_, state)| state == "done")).then_some(()))
    })
    .await
}
