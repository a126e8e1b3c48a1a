//! Dragging files from another program's window, by the real protocol and with the real mouse.
//! May not live here: what becomes of them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::child::{Child, Streams};
use crate::desktop::Desktop;

const SOURCE: &str = include_str!("drag.py");
const TITLE: &str = "rushes-rig drag source";
const SIZE: (u32, u32) = (150, 80);
const ANSWERED_WITHIN: Duration = Duration::from_secs(15);

/// Steps from one place to another; at each the target hears of it and answers.
const STEPS: i32 = 12;

/// Files in the hand, over the screen.
#[derive(Debug)]
pub struct Drag<'a> {
    desktop: &'a Desktop,
    source: Child,
    said: PathBuf,
    at: (i32, i32),
}

/// Drags files and folders onto a place on the screen and lets go there. Done when the target has taken them.
pub async fn files(desktop: &Desktop, paths: &[impl AsRef<Path>], to: (i32, i32)) -> Result<()> {
    let mut drag = pick_up(desktop, paths).await?;
    drag.over(to).await?;
    drag.let_go().await
}

/// Takes hold of files and folders in the lower right corner of the screen, which the target's window must leave free.
pub async fn pick_up<'a>(desktop: &'a Desktop, paths: &[impl AsRef<Path>]) -> Result<Drag<'a>> {
    let (width, height) = desktop.size();
    let (x, y) = (width - SIZE.0, height - SIZE.1);
    let folder = tempfile::Builder::new().prefix("drag-").tempdir_in(desktop.folder())?.keep();
    let (script, said) = (folder.join("drag.py"), folder.join("said"));
    fs::write(&script, SOURCE)?;
    // The system's own Python has the window toolkit.
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script).arg(TITLE).args([x, y, SIZE.0, SIZE.1].map(|number| number.to_string()));
    command.args(paths.iter().map(AsRef::as_ref));
    let streams = Streams { asks: false, out: Some(File::create(&said)?) };
    let mut source = Child::start_as("drag", command, desktop.env(), &folder, streams)?;

    let title = format!("^{TITLE}$");
    let shown = async || {
        let found = desktop.xdotool(&["search", "--onlyvisible", "--name", &title]);
        Ok(found.is_ok_and(|ids| !ids.trim().is_empty()).then_some(()))
    };
    source.ready("there is a window to drag from", ANSWERED_WITHIN, shown).await?;
    let frame = desktop.window(TITLE, ANSWERED_WITHIN).await?;
    frame.move_to(i32::try_from(x)?, i32::try_from(y)?).await?;

    let at = (i32::try_from(x + SIZE.0 / 2)?, i32::try_from(y + SIZE.1 / 2)?);
    let mut drag = Drag { desktop, source, said, at };
    // Down, and far enough to be no click.
    let press = format!("mousemove {} {} sleep 0.1 mousedown 1 sleep 0.1", at.0, at.1);
    drag.gesture(&press)?;
    drag.walk((at.0 - 30, at.1 - 20))?;
    drag.heard("begin").await?;
    Ok(drag)
}

impl Drag<'_> {
    /// Moves there and stays, as one does before letting go.
    pub async fn over(&mut self, to: (i32, i32)) -> Result<()> {
        let (width, height) = self.desktop.size();
        let is_source = to.0 >= (width - SIZE.0) as i32 && to.1 >= (height - SIZE.1) as i32;
        ensure!(!is_source, "{to:?} is where the drag comes from");
        self.walk(to)?;
        // A target answers only what moves; the last nudge tells it where the drop will be.
        self.gesture(&format!("sleep 0.2 mousemove {} {} sleep 0.1", to.0 + 2, to.1 + 1))?;
        self.gesture(&format!("mousemove {} {} sleep 0.2", to.0, to.1))
    }

    /// Lets go. Errors if nobody took the files.
    pub async fn let_go(mut self) -> Result<()> {
        self.gesture("mouseup 1")?;
        self.heard("end").await?;
        if self.words()?.iter().any(|word| word == "failed") {
            bail!("nobody took what was dropped at {:?}", self.at);
        }
        Ok(())
    }

    /// Thinks better of it.
    pub async fn give_up(mut self) -> Result<()> {
        self.gesture("key Escape sleep 0.1 mouseup 1")?;
        self.heard("end").await
    }

    fn walk(&mut self, to: (i32, i32)) -> Result<()> {
        let from = self.at;
        let step = |step| {
            let x = from.0 + (to.0 - from.0) * step / STEPS;
            let y = from.1 + (to.1 - from.1) * step / STEPS;
            format!("mousemove {x} {y} sleep 0.03 ")
        };
        self.at = to;
        self.gesture((1..=STEPS).map(step).collect::<String>().trim_end())
    }

    /// A hand has a speed: the pauses are part of what xdotool does, not waits for something.
    fn gesture(&self, words: &str) -> Result<()> {
        self.desktop.xdotool(&words.split(' ').collect::<Vec<_>>()).map(|_| ())
    }

    async fn heard(&mut self, word: &str) -> Result<()> {
        let said = &self.said;
        let heard = async || Ok(words(said)?.iter().any(|said| said == word).then_some(()));
        self.source.ready(format!("the drag's source says {word:?}"), ANSWERED_WITHIN, heard).await
    }

    fn words(&self) -> Result<Vec<String>> {
        words(&self.said)
    }
}

fn words(said: &Path) -> Result<Vec<String>> {
    Ok(fs::read_to_string(said)?.lines().map(str::to_owned).collect())
}
