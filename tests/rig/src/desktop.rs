//! A desktop of one's own: a screen in memory, a window manager, notifications, a session bus with a keychain.
//! May not live here: the app under test; that is in `window`.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::child::{Child, Streams};
use crate::env::Env;
use crate::keychain::Keychain;
use crate::ports::Port;
use crate::{Scratch, until, warden};

const READY_WITHIN: Duration = Duration::from_secs(20);
/// What was pressed and has had no effect for so long is pressed again.
const PRESSED_AGAIN: Duration = Duration::from_secs(5);

/// Windows have no frames, so that a place in a window is a place on the screen. Alt+F4 closes one as a user does.
const OPENBOX: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <theme><keepBorder>no</keepBorder></theme>
  <keyboard><keybind key="A-F4"><action name="Close"/></keybind></keyboard>
  <mouse><context name="Client">
    <mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/></mousebind>
  </context></mouse>
  <applications><application class="*"><decor>no</decor></application></applications>
</openbox_config>
"#;

/// Each notification that is shown is also handed to the script.
const DUNST: &str =
    "[global]\n    enable_recursive_icon_lookup = false\n[told]\n    summary = \"*\"\n    script = SCRIPT\n";
const TOLD: &str = "#!/bin/sh\nprintf '%s\\0%s\\0%s\\0%s\\0' \"$1\" \"$2\" \"$3\" \"$5\" >>\"${0%/*}/told\"\n";

/// How a desktop shall be.
#[derive(Debug)]
pub struct Wishes {
    pub width: u32,
    pub height: u32,
    /// What its session has of a keychain. None is an unlocked one.
    pub keychain: Option<Keychain>,
}

impl Default for Wishes {
    /// Room for a window of 1280 × 800, and beside it for what is dragged there.
    fn default() -> Wishes {
        Wishes { width: 1480, height: 900, keychain: None }
    }
}

/// Runs until dropped.
#[derive(Debug)]
pub struct Desktop {
    env: Env,
    folder: PathBuf,
    width: u32,
    height: u32,
    /// Its number is the display's: a number that nobody else has is all that is needed of it.
    display: Port,
    /// Ended in this order: what draws before what it draws on.
    _dunst: Child,
    _openbox: Child,
    _screen: Child,
    keychain: Keychain,
}

/// A notification as it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub app: String,
    pub summary: String,
    pub body: String,
    /// LOW, NORMAL or CRITICAL.
    pub urgency: String,
}

impl Desktop {
    pub async fn start(scratch: &Scratch) -> Result<Desktop> {
        Desktop::start_as(scratch, Wishes::default()).await
    }

    pub async fn start_as(scratch: &Scratch, wishes: Wishes) -> Result<Desktop> {
        let Wishes { width, height, keychain } = wishes;
        let keychain = match keychain {
            Some(keychain) => keychain,
            None => Keychain::unlocked(scratch).await?,
        };
        let folder = scratch.fresh("desktop")?;
        let display = Port::claim()?;
        let screen = start_screen(&folder, &display, width, height).await?;
        let env = keychain
            .env()
            .clone()
            .with("DISPLAY", format!(":{}", display.number()))
            .with("GDK_BACKEND", "x11")
            .with("LC_ALL", "C.UTF-8")
            // Nobody is there to read the screen aloud; looking for one takes time.
            .with("NO_AT_BRIDGE", "1")
            .without("WAYLAND_DISPLAY")
            .without("XAUTHORITY");

        let config = folder.join("openbox.xml");
        fs::write(&config, OPENBOX)?;
        let mut command = Command::new("openbox");
        command.arg("--config-file").arg(config);
        let mut openbox = Child::start(command, &env, &folder)?;
        let desktops = || xdotool(&env, &["get_num_desktops"]);
        openbox.ready("the window manager is there", READY_WITHIN, async || Ok(desktops().ok())).await?;

        let mut dunst = start_dunst(&env, &folder)?;
        let (whom, path) = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications");
        let asked = || keychain.call(whom, path, &["Notifications.GetServerInformation"]);
        dunst.ready("notifications are shown", READY_WITHIN, async || Ok(asked().ok())).await?;
        let (_dunst, _openbox, _screen) = (dunst, openbox, screen);
        Ok(Desktop { env, folder, width, height, display, _dunst, _openbox, _screen, keychain })
    }

    /// What children need to be on it.
    pub fn env(&self) -> &Env {
        &self.env
    }

    pub fn keychain(&self) -> &Keychain {
        &self.keychain
    }

    /// In pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Where its parts keep their files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a program on it, with `env` over the desktop's own.
    pub fn launch(&self, command: Command, env: &Env) -> Result<Child> {
        Child::start(command, &self.env.clone().and(env), &self.folder)
    }

    /// The whole screen as a picture (PNG).
    pub fn screenshot(&self, path: &Path) -> Result<()> {
        let mut command = Command::new("import");
        command.args(["-window", "root"]).arg(path);
        output(&mut command, &self.env).map(|_| ())
    }

    /// The notifications that were shown so far.
    pub fn notifications(&self) -> Result<Vec<Notification>> {
        let told = fs::read(self.folder.join("told")).unwrap_or_default();
        let told = String::from_utf8(told)?;
        let fields: Vec<&str> = told.split('\0').collect();
        // What follows the last whole one is still being written.
        let whole = fields.chunks_exact(4).map(|fields| Notification {
            app: fields[0].to_owned(),
            summary: fields[1].to_owned(),
            body: fields[2].to_owned(),
            urgency: fields[3].to_owned(),
        });
        Ok(whole.collect())
    }

    /// Waits for a notification whose summary or body contains `part`.
    pub async fn notification(&self, part: &str, within: Duration) -> Result<Notification> {
        let told = until(format!("a notification says {part:?}"), within, async || {
            let told = self.notifications()?;
            Ok(told.into_iter().find(|told| told.summary.contains(part) || told.body.contains(part)))
        });
        told.await.with_context(|| format!("shown were {:?}", self.notifications()))
    }

    /// Waits for a visible window with just this title; the largest one, since toolkits give small ones that they draw
    /// in front of it the same.
    pub async fn window(&self, title: &str, within: Duration) -> Result<Frame<'_>> {
        let pattern = format!("^{}$", escaped(title));
        until(format!("a window called {title:?}"), within, async || {
            let found = self.xdotool(&["search", "--onlyvisible", "--name", &pattern]).unwrap_or_default();
            let frames = found.lines().map(|id| Frame { desktop: self, id: id.to_owned() });
            let placed = frames.filter_map(|frame| Some((frame.place().ok()?, frame)));
            Ok(placed.max_by_key(|(place, _)| place.width * place.height).map(|(_, frame)| frame))
        })
        .await
    }

    /// Mouse, keys and windows: `xdotool` with these arguments, and what it said.
    pub fn xdotool(&self, arguments: &[&str]) -> Result<String> {
        xdotool(&self.env, arguments)
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // A killed server leaves it; nobody is on it any more.
        let _ = fs::remove_file(socket(&self.display));
    }
}

/// A window on the desktop, as the window manager knows it.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    desktop: &'a Desktop,
    id: String,
}

/// Where a window is on the screen, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
}

impl Frame<'_> {
    pub fn place(&self) -> Result<Place> {
        let said = self.desktop.xdotool(&["getwindowgeometry", "--shell", &self.id])?;
        let number = |name: &str| {
            let value = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            value.with_context(|| format!("no {name} in {said}"))
        };
        Ok(Place {
            x: number("X")?.parse()?,
            y: number("Y")?.parse()?,
            width: number("WIDTH")?.parse()?,
            height: number("HEIGHT")?.parse()?,
        })
    }

    /// Whether it is on the screen, and not hidden or gone.
    pub fn is_shown(&self) -> bool {
        let shown = self.desktop.xdotool(&["search", "--onlyvisible", "--name", "."]).unwrap_or_default();
        shown.lines().any(|id| id == self.id)
    }

    pub async fn move_to(&self, x: i32, y: i32) -> Result<()> {
        self.desktop.xdotool(&["windowmove", &self.id, &x.to_string(), &y.to_string()])?;
        self.settled(|place| place.x == x && place.y == y).await
    }

    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.desktop.xdotool(&["windowsize", &self.id, &width.to_string(), &height.to_string()])?;
        self.settled(|place| place.width == width && place.height == height).await
    }

    /// Brings it to the front and gives it the keyboard.
    pub async fn focus(&self) -> Result<()> {
        self.desktop.xdotool(&["windowactivate", &self.id])?;
        let front = || self.desktop.xdotool(&["getactivewindow"]).is_ok_and(|id| id.trim() == self.id);
        until("the window is in front", READY_WITHIN, async || Ok(front().then_some(()))).await
    }

    /// Closes it as a user does; the app may ask back or stay in the tray.
    pub async fn close(&self) -> Result<()> {
        self.focus().await?;
        self.desktop.xdotool(&["key", "alt+F4"]).map(|_| ())
    }

    /// Closes it until it is hidden or gone. Keys that are pressed while something has the keyboard to itself, such as the
    /// end of a drag, go nowhere; a user presses them again.
    pub async fn close_away(&self, within: Duration) -> Result<()> {
        let mut pressed: Option<Instant> = None;
        until("the window is closed", within, async || {
            if !self.is_shown() {
                return Ok(Some(()));
            }
            if pressed.is_none_or(|at| at.elapsed() > PRESSED_AGAIN) {
                self.close().await?;
                pressed = Some(Instant::now());
            }
            Ok(None)
        })
        .await
    }

    async fn settled(&self, reached: impl Fn(Place) -> bool) -> Result<()> {
        until("the window is where it was put", READY_WITHIN, async || {
            Ok(Some(self.place()?).filter(|place| reached(*place)).map(|_| ()))
        })
        .await
    }
}

/// Where X servers put their sockets, on every system.
fn socket(display: &Port) -> PathBuf {
    PathBuf::from(format!("/tmp/.X11-unix/X{}", display.number()))
}

/// A screen that nobody else has.
async fn start_screen(folder: &Path, display: &Port, width: u32, height: u32) -> Result<Child> {
    let ready = folder.join("display");
    warden::path(&socket(display));
    let mut command = Command::new("Xvfb");
    // Left to choose a display itself, it can take one from another that is just starting. It tells the number all the
    // same, when it is ready.
    command.arg(format!(":{}", display.number())).args(["-displayfd", "1"]);
    // By itself it starts over when the last program leaves, and turns away whoever comes at that moment.
    command.args(["-noreset", "-nolisten", "tcp", "-screen", "0", &format!("{width}x{height}x24")]);
    let streams = Streams { asks: false, out: Some(File::create(&ready)?) };
    let mut screen = Child::start_as("Xvfb", command, &Env::new(), folder, streams)?;
    let is_ready = || fs::read_to_string(&ready).is_ok_and(|said| said.ends_with('\n'));
    screen.ready("there is a screen", READY_WITHIN, async || Ok(is_ready().then_some(()))).await?;
    Ok(screen)
}

fn start_dunst(env: &Env, folder: &Path) -> Result<Child> {
    let script = folder.join("tell");
    fs::write(&script, TOLD)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700))?;
    let config = folder.join("dunstrc");
    fs::write(&config, DUNST.replace("SCRIPT", &script.display().to_string()))?;
    let mut command = Command::new("dunst");
    command.arg("-conf").arg(config);
    Child::start(command, env, folder)
}

fn xdotool(env: &Env, arguments: &[&str]) -> Result<String> {
    output(Command::new("xdotool").args(arguments), env)
}

fn output(command: &mut Command, env: &Env) -> Result<String> {
    env.apply(command);
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| name.clone())?;
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// For a regular expression that is to match the text itself.
fn escaped(text: &str) -> String {
    let special = |c: char| c.is_ascii_punctuation();
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}
