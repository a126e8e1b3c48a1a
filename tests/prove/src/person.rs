//! A person at a desktop of their own, with Rushes before them: what rows and the story do in the window.
//! May not live here: what must be true.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rushes_rig::ctl::Rushesctl;
use rushes_rig::desktop::{Desktop, Wishes};
use rushes_rig::env::Env;
use rushes_rig::keychain::Keychain;
use rushes_rig::store::{Bucket, Keys};
use rushes_rig::window::{App, Window};
use rushes_rig::{Scratch, until};
use serde_json::Value;

use crate::built;

/// For what the window does by itself.
pub const SOON: Duration = Duration::from_secs(60);
/// For half a gigabyte on a busy machine.
pub const LONG: Duration = Duration::from_secs(900);
const ENTER: &str = "\u{e007}";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Dark,
    Light,
}

pub struct Person {
    pub scratch: Scratch,
    pub desktop: Desktop,
    theme: Theme,
}

impl Person {
    pub async fn new(theme: Theme) -> Result<Person> {
        Person::with_keychain(theme, Scratch::new(), None).await
    }

    /// At a desktop whose keychain is of the same scratch folder.
    pub async fn with_keychain(theme: Theme, scratch: Scratch, keychain: Option<Keychain>) -> Result<Person> {
        let desktop = Desktop::start_as(&scratch, Wishes { keychain, ..Wishes::default() }).await?;
        Ok(Person { scratch, desktop, theme })
    }

    pub fn home(&self) -> PathBuf {
        self.scratch.join("home")
    }

    pub fn downloads(&self) -> PathBuf {
        self.scratch.join("user/Downloads")
    }

    /// Opens Rushes, its window's corner in the screen's.
    pub async fn opens(&self) -> Result<Window> {
        self.opens_with(&Env::new()).await
    }

    /// With these in its environment.
    pub async fn opens_with(&self, more: &Env) -> Result<Window> {
        let theme = match self.theme {
            Theme::Dark => "Adwaita:dark",
            Theme::Light => "Adwaita",
        };
        let env = Env::new()
            .with("RUSHES_HOME", self.home())
            .with("HOME", self.scratch.folder("user"))
            .with("GTK_THEME", theme)
            .and(more);
        let app = App { binary: built::binary("rushes")?, args: vec![], env };
        let window = Window::open(&self.desktop, &app).await?;
        let frame = self.desktop.window("Rushes", SOON).await?;
        frame.resize(1280, 800).await?;
        frame.move_to(0, 0).await?;
        Ok(window)
    }

    pub async fn chooses_practice(&self, window: &Window) -> Result<()> {
        window.click("welcome-practice").await?;
        window.text("profile-switcher", SOON, |text| text.contains("Practice newsroom")).await?;
        Ok(())
    }

    pub async fn connects(&self, window: &Window, name: &str, bucket: &Bucket) -> Result<()> {
        for (field, text) in [
            ("form-name", name),
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
        window.text("profile-switcher", SOON, |text| text.contains(name)).await?;
        Ok(())
    }

    /// Drags files onto the window and answers the sheet.
    pub async fn drops(&self, window: &Window, paths: &[impl AsRef<Path>], slug: &str) -> Result<()> {
        rushes_rig::drag::files(&self.desktop, paths, (640, 520)).await?;
        window.fill("drop-field-slug", slug).await?;
        window.press("drop-field-slug", ENTER).await
    }

    /// Everything that the window's rows say of themselves: name, state, key.
    pub async fn rows(&self, window: &Window) -> Result<Vec<Value>> {
        let script = "return [...document.querySelectorAll('[data-testid=transfer-row]')].map(r => ({
            name: r.dataset.name, state: r.dataset.state, key: r.dataset.key, said: r.innerText }))";
        Ok(serde_json::from_value(window.script(script, vec![]).await?)?)
    }

    /// Waits until there are so many rows and each is done.
    pub async fn waits_for_done(&self, window: &Window, count: usize, within: Duration) -> Result<Vec<Value>> {
        let mut last = Vec::new();
        let done = until(format!("{count} rows, each done"), within, async || {
            let rows = self.rows(window).await?;
            last.clone_from(&rows);
            Ok((rows.len() == count && rows.iter().all(|row| row["state"] == "done")).then_some(rows))
        });
        done.await.with_context(|| format!("the rows were {last:#?}"))
    }

    /// Finds the clip under Footage and downloads it.
    pub async fn fetches(&self, window: &Window, text: &str) -> Result<()> {
        window.click("nav-footage").await?;
        window.click("look-again").await?;
        window.fill("footage-search", text).await?;
        // The cards of the search before may still be there.
        let script = "return [...document.querySelectorAll('[data-testid=footage-card]')].map(c => c.dataset.key)";
        until(format!("one clip matches {text:?}"), SOON, async || {
            let keys: Vec<String> = serde_json::from_value(window.script(script, vec![]).await?)?;
            Ok((keys.len() == 1 && keys[0].contains(text)).then_some(()))
        })
        .await?;
        window.click("footage-card").await?;
        window.click("footage-download").await?;
        window.click("nav-transfers").await
    }

    /// The command line in the same home.
    pub fn ctl(&self) -> Result<Rushesctl> {
        Ok(Rushesctl::new(&self.scratch, built::binary("rushesctl")?)?.at(&self.home()).with(self.desktop.env()))
    }

    /// The practice newsroom's bucket as any other client sees it.
    pub async fn practice_bucket(&self) -> Result<Bucket> {
        let ctl = self.ctl()?;
        let listed = ctl.run(&["profile", "list", "--json"]).await?.ok()?;
        let profile =
            listed.lines.iter().find(|l| l["profile"]["name"] == "Practice newsroom").context("no practice")?;
        let printed = ctl.run(&["practice", "--print-keys"]).await?.ok()?.stdout;
        let value =
            |name: &str| printed.lines().find_map(|l| l.strip_prefix(name)).map(str::to_owned).context("no keys");
        let text = |name: &str| profile["profile"][name].as_str().map(str::to_owned).context("an incomplete profile");
        Ok(Bucket {
            endpoint: text("endpoint")?,
            region: text("region")?,
            name: text("bucket")?,
            keys: Keys { id: value("AWS_ACCESS_KEY_ID=")?, secret: value("AWS_SECRET_ACCESS_KEY=")? },
            ca: None,
        })
    }
}

/// A file's CRC64NVME in base64, computed here and by nobody of ours.
pub fn crc64(path: &Path) -> Result<String> {
    use base64::Engine as _;
    use std::io::Read;
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Nvme);
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(base64::engine::general_purpose::STANDARD.encode(digest.finalize().to_be_bytes()));
        }
        digest.update(&buffer[..n]);
    }
}
