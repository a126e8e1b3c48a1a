//! The real window with a page gone wrong in it: whatever its scripts try, they name no file that nobody dropped, load and
//! send nothing outward, go nowhere, run no text as a script, and call nothing that the window may not call. Afterwards it
//! works as before. May not live here: what is tried; that is in the files below.

mod calls;
mod control;
mod outward;
mod page;
mod table;

use anyhow::{Context, Result, ensure};
use rushes_rig::footage;
use rushes_rig::window::Window;
use serde_json::{Value, json};

use super::Goals;
use crate::evidence::Shown;
use crate::person::{LONG, Person, SOON, Theme};
use outward::Listener;

pub async fn row(goals: &Goals) -> Result<Shown> {
    let person = Person::new(Theme::Dark).await?;
    let listener = Listener::start().await?;
    let window = person.opens().await?;
    person.chooses_practice(&window).await?;
    let clip = person.scratch.join("before.mxf");
    footage::random(&clip, 6_000_000, 1)?;
    person.drops(&window, &[&clip], "Before").await?;
    person.waits_for_done(&window, 1, LONG).await?;

    let went = page::tries_to_leave(&window, &listener).await?;
    let ran = page::tries_to_run_text(&window).await?;
    let sent = page::tries_to_send(&window, &listener).await?;
    let refused = calls::hostile(&person, &window, &listener, goals.hostile).await?;
    let plugins = calls::of_plugins(&window).await?;
    let connections = listener.connections();
    works_as_before(&person, &window).await?;
    window.close().await?;
    let (ran_there, sent_there, there) = control::in_a_plain_browser(&person).await?;

    let leaks: Vec<&Value> = [&went, &ran, &sent].into_iter().flatten().filter(|one| one["done"] == true).collect();
    let accepted: Vec<&Value> = refused.iter().chain(&plugins).filter(|one| one["refused"] != true).collect();
    Ok(Shown {
        figure: format!(
            "{} of {} commands refused hostile arguments, {} plugins' commands refused; {} ways to leave, {} to run text, {} to \
             send outward: {} worked (in a plain browser {ran_there} ran and {sent_there} arrived), {connections} connections \
             arrived; then a clip was sent and proved",
            refused.len() - refused.iter().filter(|one| one["refused"] != true).count(),
            refused.len(),
            plugins.len(),
            went.len(),
            ran.len(),
            sent.len(),
            leaks.len()
        ),
        // Most of what was tried works where nothing stops it.
        passes: leaks.is_empty()
            && accepted.is_empty()
            && connections == 0
            && ran_there > ran.len() / 2
            && sent_there > sent.len() / 2,
        samples: json!({
            "leaks": leaks, "accepted": accepted, "connections": connections, "left": went, "ran": ran, "sent": sent,
            "in a plain browser": there, "plugins": plugins, "calls": refused.iter().take(200).collect::<Vec<_>>(), "of": refused.len(),
        }),
    })
}

/// A drop, its sheet, its proof; and the page is the one that it was.
async fn works_as_before(person: &Person, window: &Window) -> Result<()> {
    let clip = person.scratch.join("after.mxf");
    footage::random(&clip, 6_000_000, 2)?;
    let before = person.rows(window).await?.len();
    person.drops(window, &[&clip], "After").await?;
    person.waits_for_done(window, before + 1, LONG).await.context("it does not work as before")?;
    let title = window.script("return document.title", vec![]).await?;
    ensure!(title == "Rushes", "the page's title is {title}");
    window.text("profile-switcher", SOON, |text| text.contains("Practice newsroom")).await?;
    Ok(())
}
