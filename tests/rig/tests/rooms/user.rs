//! The user's side: a keychain, a desktop, windows, a drag.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rushes_rig::desktop::{Desktop, Place, Wishes};
use rushes_rig::env::Env;
use rushes_rig::keychain::Keychain;
use rushes_rig::window::{App, Window};
use rushes_rig::{Scratch, drag, until};

const SOON: Duration = Duration::from_secs(15);
const PYTHON: &str = "/usr/bin/python3";

fn secret(keychain: &Keychain, verb: &str) -> Result<String> {
    let mut command = Command::new(PYTHON);
    command.args(["-c", include_str!("secret.py"), verb]);
    keychain.env().apply(&mut command);
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[tokio::test]
async fn a_keychain_keeps_a_secret_and_knows_nothing_of_another() -> Result<()> {
    let scratch = Scratch::new();
    let keychain = Keychain::unlocked(&scratch).await?;
    assert_eq!(secret(&keychain, "set")?, "set");
    assert_eq!(secret(&keychain, "get")?, "got hush\nlocked 0");
    let other = Keychain::unlocked(&scratch).await?;
    assert_eq!(secret(&other, "get")?, "locked 0");
    Ok(())
}

#[tokio::test]
async fn a_keychain_can_be_locked_or_not_there() -> Result<()> {
    let scratch = Scratch::new();
    let locked = Keychain::locked(&scratch).await?;
    let said = secret(&locked, "set");
    assert!(!matches!(&said, Ok(said) if said == "set"), "{said:?}");
    let absent = Keychain::absent(&scratch).await?;
    let error = secret(&absent, "get").expect_err("nobody is there").to_string();
    assert!(error.contains("ServiceUnknown"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_desktop_shows_windows_and_notifications_and_takes_a_drag() -> Result<()> {
    let scratch = Scratch::new();
    let begun = Instant::now();
    let desktop = Desktop::start(&scratch).await?;
    eprintln!("a desktop: {:?}", begun.elapsed());
    assert_eq!(secret(desktop.keychain(), "set")?, "set");

    let mut command = Command::new(PYTHON);
    command.args(["-c", include_str!("target.py")]);
    let target = desktop.launch(command, &Env::new())?;
    let frame = desktop.window("Drop (here)", SOON).await?;
    frame.move_to(20, 30).await?;
    frame.resize(700, 500).await?;
    assert_eq!(frame.place()?, Place { x: 20, y: 30, width: 700, height: 500 });

    let (file, folder) = (scratch.join("two words.mxf"), scratch.folder("card"));
    std::fs::write(&file, "clip")?;
    let begun = Instant::now();
    drag::files(&desktop, &[&file, &folder], (320, 230)).await?;
    eprintln!("a drag: {:?}", begun.elapsed());
    let said = until("it was told", SOON, async || Ok(Some(target.said()).filter(|t| t.contains("at ")))).await?;
    let uri = |path: &std::path::Path| format!("file://{}", path.display()).replace(' ', "%20");
    assert!(said.contains(&format!("at 300 200 {} {}", uri(&file), uri(&folder))), "{said}");

    let mut held = drag::pick_up(&desktop, &[&file]).await?;
    held.over((320, 230)).await?;
    held.give_up().await?;
    let nowhere = drag::files(&desktop, &[&file], (1000, 100)).await;
    assert!(nowhere.is_err(), "nobody is there to take it");
    assert_eq!(target.said().matches("at ").count(), 1, "nothing else was dropped");

    let notify = "import sys; from gi.repository import Gio, GLib; Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(\
        'org.freedesktop.Notifications', '/org/freedesktop/Notifications', 'org.freedesktop.Notifications', 'Notify',\
        GLib.Variant('(susssasa{sv}i)', ('Rig', 0, '', sys.argv[1], 'It is there.', [], {}, -1)), None, 0, 5000)";
    for summary in ["Landed: \"a\\b\" & more", "Another"] {
        let mut command = Command::new(PYTHON);
        command.args(["-c", notify, summary]);
        let mut command = desktop.launch(command, &Env::new())?;
        command.wait(SOON).await?;
        let told = desktop.notification(summary, SOON).await?;
        assert_eq!((told.app.as_str(), told.body.as_str(), told.urgency.as_str()), ("Rig", "It is there.", "NORMAL"));
    }

    let picture = scratch.join("screen.png");
    desktop.screenshot(&picture)?;
    assert_eq!(size_of_png(&picture)?, (1480, 900));

    frame.close().await?;
    let mut target = target;
    assert!(target.wait(SOON).await?.success());
    Ok(())
}

#[tokio::test]
async fn desktops_stand_side_by_side_with_the_keychain_they_are_given() -> Result<()> {
    let scratch = Scratch::new();
    let keychain = Some(Keychain::absent(&scratch).await?);
    let wishes = Wishes { width: 640, height: 480, keychain };
    let (one, other) = tokio::join!(Desktop::start_as(&scratch, wishes), Desktop::start(&scratch));
    let (one, other) = (one?, other?);
    assert_ne!(one.env().get("DISPLAY"), other.env().get("DISPLAY"));
    assert!(secret(one.keychain(), "get").is_err());
    let picture = scratch.join("screen.png");
    one.screenshot(&picture)?;
    assert_eq!(size_of_png(&picture)?, (640, 480));
    Ok(())
}

const PAGE: &str = "data:text/html,<title>Page</title><p data-testid=late></p><input data-testid=name>\
    <button data-testid=go onclick=\"setTimeout(() => {\
        const p = document.querySelector('[data-testid=late]');\
        p.textContent = 'hello ' + document.querySelector('input').value; p.dataset.state = 'done';\
        this.remove() }, 300)\">Go</button>";

/// WebKit's own small browser stands for the app.
fn browser() -> Result<App> {
    let library = std::fs::read_dir("/usr/lib")?.filter_map(|entry| Some(entry.ok()?.path()));
    let binary = library.map(|path| path.join("webkit2gtk-4.1/MiniBrowser")).find(|path| path.is_file());
    Ok(App { binary: binary.context("MiniBrowser")?, args: vec!["--automation".into()], env: Env::new() })
}

#[tokio::test]
async fn a_window_is_read_clicked_and_killed() -> Result<()> {
    let scratch = Scratch::new();
    let desktop = Desktop::start(&scratch).await?;
    let begun = Instant::now();
    let window = Window::open(&desktop, &browser()?).await?;
    eprintln!("a window: {:?}", begun.elapsed());
    window.client().goto(PAGE).await?;
    window.fill("name", "Ann").await?;
    window.press("name", "a").await?;
    window.click("go").await?;
    assert_eq!(window.text("late", SOON, |text| text.starts_with("hello")).await?, "hello Anna");
    window.attribute("late", "data-state", SOON, |state| state == Some("done")).await?;
    window.gone("go", SOON).await?;
    assert_eq!((window.count("late").await?, window.texts("late").await?), (1, vec!["hello Anna".to_owned()]));
    assert_eq!(window.script("return arguments[0] + 1", vec![1.into()]).await?, 2);
    assert!(window.middle("name").await?.0 > 0);
    let picture = scratch.join("page.png");
    window.screenshot(&picture).await?;
    assert!(size_of_png(&picture)?.0 > 100);

    let begun = Instant::now();
    let error = window.text("late", Duration::from_millis(100), |text| text == "bye").await.expect_err("it never says");
    assert!(begun.elapsed() < SOON && format!("{error:#}").contains("hello Anna"), "{error:#}");

    window.kill_app().await?;
    drop(window);
    let window = Window::open(&desktop, &browser()?).await?;
    window.close().await
}

fn size_of_png(path: &std::path::Path) -> Result<(u32, u32)> {
    let bytes = std::fs::read(path)?;
    ensure!(bytes.starts_with(b"\x89PNG") && bytes.len() > 24, "no PNG");
    let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Ok((number(16), number(20)))
}
