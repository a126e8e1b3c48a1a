//! Signing in and out. Secrets go in and never out; the browser's page is opened from here, by the sign-in's ID.

use std::sync::PoisonError;

use rushes_engine::api::{BeginSignIn, DeviceSignIn, SignInState};
use rushes_engine::error::{Code, Error};
use tauri::State;

use super::Answer;
use crate::browser;
use crate::shell::{Shell, refused};

/// Begins a sign-in, and opens its page in the browser.
#[tauri::command]
#[specta::specta]
pub(crate) async fn begin_sign_in(shell: State<'_, Shell>, wanted: BeginSignIn) -> Answer<DeviceSignIn> {
    let begun =
        shell.call(wanted, async |engine, context, wanted| engine.begin_sign_in(context, wanted).await).await??;
    *shell.sign_in.lock().unwrap_or_else(PoisonError::into_inner) = Some((begun.id.clone(), begun.page.clone()));
    // Where that fails it can be opened again, or typed in elsewhere: the page is shown.
    if let Err(error) = open(begun.page.clone()).await {
        tracing::info!(%error, "the browser did not open");
    }
    Ok(begun)
}

/// Opens the page of a sign-in again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_sign_in(shell: State<'_, Shell>, id: String) -> Answer<()> {
    let begun = shell.sign_in.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match begun.filter(|(of, _)| *of == id) {
        Some((_, page)) => open(page).await,
        None => Err(Error::new(Code::NotFound, "That sign-in is over. Begin again.")),
    }
}

/// It came from Identity Center, and the engine has seen that it is https.
async fn open(page: String) -> Answer<()> {
    let opened = tauri::async_runtime::spawn_blocking(move || browser::open(&page));
    let sentence = "The browser could not be opened. Open the page yourself, on this or another device.";
    opened.await.map_err(|e| refused(sentence, e))?.map_err(|e| refused(sentence, e))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn sign_in_state(shell: State<'_, Shell>, id: String) -> Answer<SignInState> {
    shell.call(id, async |engine, context, id| engine.sign_in_state(context, id).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn sign_in_roles(shell: State<'_, Shell>, id: String, account: String) -> Answer<Vec<String>> {
    let asked = (id, account);
    shell.call(asked, async |engine, context, (id, account)| engine.sign_in_roles(context, id, account).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn give_up_sign_in(shell: State<'_, Shell>, id: String) -> Answer<()> {
    shell.call(id, async |engine, context, id| engine.give_up_sign_in(context, id).await).await
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn give_code(shell: State<'_, Shell>, profile: String, code: String) -> Answer<()> {
    let given = (profile, code);
    shell.call(given, async |engine, context, (profile, code)| engine.give_code(context, profile, code).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn sign_out(shell: State<'_, Shell>, profile: String) -> Answer<()> {
    shell.call(profile, async |engine, context, profile| engine.sign_out(context, profile).await).await?
}
