//! Pictures of both views in both themes, with something going on in them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::{footage, until};
use serde_json::json;

use super::Goals;
use crate::evidence::Shown;
use crate::person::{LONG, Person, SOON, Theme};
use crate::picture;

pub async fn taken(goals: &Goals, folder: &Path) -> Result<Shown> {
    let mut samples = Vec::new();
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        let person = Person::new(theme).await?;
        let practice = Practice::start(&person.scratch).await?;
        let proxy = Proxy::before(practice.bucket()).await?;
        let window = person.opens().await?;
        // The practice newsroom's own clips fill Footage.
        person.chooses_practice(&window).await?;
        let before = folder.join(format!("before-{name}.png"));
        window.screenshot(&before).await?;
        window.click("nav-footage").await?;
        until("clips are shown", SOON, async || Ok((window.count("footage-card").await? >= 4).then_some(()))).await?;
        window.click("footage-card").await?;
        window.text("proof-box", SOON, |text| text.contains("CRC64NVME")).await?;
        let footage = folder.join(format!("footage-{name}.png"));
        samples.push(shot(goals, &window, &footage).await?);
        ensure!(std::fs::read(&footage)? != std::fs::read(&before)?, "{} shows another view", footage.display());

        window.click("profile-switcher").await?;
        window.click("profile-add").await?;
        person.connects(&window, "Nairobi bureau", &practice.bucket().through(&proxy)).await?;
        window.click("nav-transfers").await?;
        let drop = person.scratch.folder("drop");
        let mut clips = Vec::new();
        for (i, (clip, size)) in [
            ("harbour_aerials_graded.mp4", 60_000_000),
            ("MKR_fire_live_shot_01.mxf", 512_000_000),
            ("minister_interview_cam_B.mov", 486_000_000),
            ("election_queue_drone_4K.mp4", 300_000_000),
        ]
        .into_iter()
        .enumerate()
        {
            footage::random(&drop.join(clip), size, i as u64)?;
            clips.push(drop.join(clip));
        }
        person.drops(&window, &clips[..1], "Harbour expansion").await?;
        person.waits_for_done(&window, 1, LONG).await?;
        proxy.limit(Some(11_000_000), None);
        person.drops(&window, &clips[1..], "Market fire").await?;
        // A breaking clip, one that will be late, one that will not, and a limit for the office.
        hurry(&window, "MKR_fire_live_shot_01.mxf", None).await?;
        let soon = in_minutes(1)?;
        hurry(&window, "minister_interview_cam_B.mov", Some(&soon)).await?;
        hurry(&window, "election_queue_drone_4K.mp4", Some(&in_minutes(300)?)).await?;
        window.click("limit").await?;
        window.fill("limit-up", "80").await?;
        window.click("limit-add").await?;
        window.fill("limit-line-up", "20").await?;
        samples.push(shot(goals, &window, &folder.join(format!("limits-{name}.png"))).await?);
        window.fill("limit-from", "00:00").await?;
        window.fill("limit-to", "00:01").await?;
        window.click("limit-save").await?;
        // Long enough for a curve, a strip with a history, and a rate to forecast by.
        tokio::time::sleep(Duration::from_secs(24)).await;
        samples.push(shot(goals, &window, &folder.join(format!("transfers-{name}.png"))).await?);
        window.click("routes").await?;
        window.text("route-state", SOON, |state| state == "Carries").await?;
        samples.push(shot(goals, &window, &folder.join(format!("routes-{name}.png"))).await?);
        window.click("routes-close").await?;
        let mut drag = rushes_rig::drag::pick_up(&person.desktop, &clips[..1]).await?;
        drag.over((640, 700)).await?;
        until("the place for breaking is seen", SOON, async || {
            Ok((window.count("drop-breaking").await? == 1).then_some(()))
        })
        .await?;
        samples.push(shot(goals, &window, &folder.join(format!("dropping-{name}.png"))).await?);
        window.kill_app().await?;
    }
    let good = samples.iter().filter(|s| s["right"] == true).count();
    Ok(Shown {
        figure: format!("{good} pictures in {}", folder.display()),
        passes: good == 10,
        samples: json!(samples),
    })
}

/// The clip's row is breaking, or has a deadline.
async fn hurry(window: &rushes_rig::window::Window, name: &str, by: Option<&str>) -> Result<()> {
    let button = if by.is_some() { "row-menu" } else { "row-breaking" };
    let press = format!(
        "const b = document.querySelector('[data-name=\"{name}\"] [data-testid={button}]'); b?.click(); return b !== null"
    );
    until("the clip's row is there", SOON, async || Ok((window.script(&press, vec![]).await? == true).then_some(())))
        .await?;
    let Some(by) = by else { return Ok(()) };
    window.click("row-deadline").await?;
    window.fill("deadline-time", by).await?;
    window.click("deadline-set").await?;
    until("the sheet is gone", SOON, async || Ok((window.count("deadline-sheet").await? == 0).then_some(()))).await
}

/// A time of day on the clocks here.
fn in_minutes(minutes: i64) -> Result<String> {
    let at = jiff::Zoned::now().checked_add(jiff::Span::new().try_minutes(minutes)?)?;
    Ok(at.strftime("%H:%M").to_string())
}

async fn shot(goals: &Goals, window: &rushes_rig::window::Window, path: &Path) -> Result<serde_json::Value> {
    picture::taken(window, path, (goals.screenshot_width, goals.screenshot_height)).await
}
