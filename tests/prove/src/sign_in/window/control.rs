//! The same attempts in a plain browser of the same engine, on a page without a policy: what works there is what the window
//! is kept from. Without this, nothing would tell an attempt that is stopped from one that never worked.

use std::path::PathBuf;

use anyhow::{Context, Result};
use rushes_rig::env::Env;
use rushes_rig::window::{App, Window};
use serde_json::Value;

use super::outward::Listener;
use super::page;
use crate::person::Person;

/// How many of the texts ran and of the ways outward reached the listener, and all that was tried.
pub async fn in_a_plain_browser(person: &Person) -> Result<(usize, usize, Vec<Value>)> {
    let listener = Listener::start().await?;
    let app = App { binary: browser()?, args: vec!["--automation".into()], env: Env::new() };
    let window = Window::open(&person.desktop, &app).await?;
    window.client().goto(&listener.url("http", "page")).await?;
    let ran = page::tries_to_run_text(&window).await?;
    window.client().goto(&listener.url("http", "page")).await?;
    let sent = page::tries_to_send(&window, &listener).await?;
    window.close().await?;
    let worked = |tried: &[Value]| tried.iter().filter(|one| one["done"] == true).count();
    Ok((worked(&ran), worked(&sent), [ran, sent].concat()))
}

/// It comes with the library that draws the app's own page.
fn browser() -> Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib")?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found = folders.map(|folder| folder.join("webkit2gtk-4.1/MiniBrowser")).filter(|path| path.is_file());
    found.next().context("WebKitGTK's own small browser is not there")
}
