//! Which newsroom this is. Keys go in and never out.

use rushes_engine::api::{AcceptNewsroom, NewsroomFile, NewsroomPreview, SaveProfile};
use rushes_engine::keys::KeyExample;
use rushes_engine::profile::{self, ProfileRow};
use tauri::State;

use super::Answer;
use crate::shell::Shell;

#[tauri::command]
#[specta::specta]
pub(crate) async fn profiles(shell: State<'_, Shell>) -> Answer<Vec<ProfileRow>> {
    shell.call((), async |engine, context, ()| engine.profiles(context).await).await
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_profile(shell: State<'_, Shell>, request: SaveProfile) -> Answer<()> {
    shell.call(request, async |engine, context, request| engine.save_profile(context, request).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn use_profile(shell: State<'_, Shell>, name: String) -> Answer<()> {
    shell.call(name, async |engine, context, name| engine.use_profile(context, name).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_profile(shell: State<'_, Shell>, name: String) -> Answer<()> {
    shell.call(name, async |engine, context, name| engine.remove_profile(context, name).await).await?
}

/// What a key template comes to, or why it cannot be one. Pure: no engine need be open for it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn check_template(template: String, bureau: String) -> Answer<Vec<KeyExample>> {
    profile::check_template(&template, &bureau)
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn rename_profile(shell: State<'_, Shell>, from: String, to: String) -> Answer<()> {
    shell.call((from, to), async |engine, context, (from, to)| engine.rename_profile(context, from, to).await).await?
}

/// Starts the practice newsroom and makes it the profile in use.
#[tauri::command]
#[specta::specta]
pub(crate) async fn use_practice(shell: State<'_, Shell>) -> Answer<()> {
    shell.use_practice().await
}

/// What a newsroom file would do, before anybody trusts it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn preview_newsroom(shell: State<'_, Shell>, given: String) -> Answer<NewsroomPreview> {
    shell.call(given, async |engine, context, given| engine.preview_newsroom(context, given).await).await?
}

/// Somebody trusts it, as it was shown.
#[tauri::command]
#[specta::specta]
pub(crate) async fn accept_newsroom(shell: State<'_, Shell>, request: AcceptNewsroom) -> Answer<()> {
    shell.call(request, async |engine, context, request| engine.accept_newsroom(context, request).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn export_newsroom(shell: State<'_, Shell>, name: String) -> Answer<NewsroomFile> {
    shell.call(name, async |engine, context, name| engine.export_newsroom(context, name).await).await?
}
