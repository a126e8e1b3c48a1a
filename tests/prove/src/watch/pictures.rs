//! Pictures of what this topic shows in the window, with real folders and a real card in it: the watch folders, one's form, a
//! card's row with its receipt. In both themes.

use std::path::Path;

use anyhow::Result;
use rushes_rig::window::Window;
use rushes_rig::{footage, until};
use serde_json::{Value, json};

use super::Goals;
use super::cards;
use crate::evidence::Shown;
use crate::person::{LONG, Person, SOON, Theme};
use crate::picture;

pub async fn taken(goals: &Goals, folder: &Path) -> Result<Shown> {
    let mut samples = Vec::new();
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        let person = Person::new(theme).await?;
        let window = person.opens().await?;
        person.chooses_practice(&window).await?;
        let card = person.scratch.folder("NBO_A001");
        cards::make_p2(&card, goals)?;
        person.drops(&window, &[&card], "Harbour fire").await?;
        window.text("row-receipt", LONG, |text| text.contains("Safe to wipe")).await?;
        samples.push(shot(goals, &window, &folder.join(format!("card-{name}.png"))).await?);

        // One that is at rest, one with a file that is written still, and one whose disk is not there.
        let ctl = person.ctl()?;
        let [cameras, edits, pulled] = ["cameras", "finished edits", "pulled"].map(|name| person.scratch.folder(name));
        footage::random(&cameras.join("MKR_fire_live_shot_01.mxf"), 3_000_000, 1)?;
        let written = std::fs::File::create(edits.join("minister_interview_v3.mov"))?;
        written.set_len(40_000_000)?;
        for (folder, more) in [
            (&cameras, &["--breaking", "--while-shot"][..]),
            (&edits, &["--only", "*.mov", "--afterwards", "move"]),
            (&pulled, &[]),
        ] {
            let path = folder.display().to_string();
            let words: Vec<&str> = ["watch", "add", path.as_str()].into_iter().chain(more.iter().copied()).collect();
            ctl.run(&words).await?.ok()?;
        }
        std::fs::remove_dir(&pulled)?;
        window.click("nav-watch").await?;
        until("one has sent, one waits for a writer, one is not there", SOON, async || {
            let sent = window.texts("watch-sent").await?;
            let is_held = window.count("watch-held").await? > 0;
            Ok((sent.iter().any(|sent| sent == "1") && is_held).then_some(()))
        })
        .await?;
        samples.push(shot(goals, &window, &folder.join(format!("watch-{name}.png"))).await?);
        window.click("watch-change").await?;
        window.text("watch-form-path", SOON, |path| !path.is_empty()).await?;
        samples.push(shot(goals, &window, &folder.join(format!("watch-form-{name}.png"))).await?);
        drop(written);
        window.kill_app().await?;
    }
    let good = samples.iter().filter(|sample| sample["right"] == true).count();
    let figure = format!("{good} pictures in {}", folder.display());
    Ok(Shown { figure, passes: good == 6, samples: json!(samples) })
}

async fn shot(goals: &Goals, window: &Window, path: &Path) -> Result<Value> {
    picture::taken(window, path, (goals.screenshot_width, goals.screenshot_height)).await
}
