//! Which newsroom this is. Keys go in and never out.

use rushes_engine::api::SaveProfile;
use rushes_engine::profile::ProfileRow;
use tauri::State;

use super::Answer;
use crate::shell::Shell;

#[tauri::command]
#[specta::specta]
pub(crate) async fn profiles(shell: State<'_, Shell>) -> Answer<Vec<ProfileRow>> {
    shell.engine.call(|engine, context| async move { engine.profiles(context).await }).await
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_profile(shell: State<'_, Shell>, request: SaveProfile) -> Answer<()> {
    shell
        .engine
        .call(|engine, context| {
            let request = request.clone();
            async move { engine.save_profile(context, request).await }
        })
        .await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn use_profile(shell: State<'_, Shell>, name: String) -> Answer<()> {
    shell
        .engine
        .call(|engine, context| {
            let name = name.clone();
            async move { engine.use_profile(context, name).await }
        })
        .await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_profile(shell: State<'_, Shell>, name: String) -> Answer<()> {
    shell
        .engine
        .call(|engine, context| {
            let name = name.clone();
            async move { engine.remove_profile(context, name).await }
        })
        .await?
}

/// Starts the practice newsroom and makes it the profile in use.
#[tauri::command]
#[specta::specta]
pub(crate) async fn use_practice(shell: State<'_, Shell>) -> Answer<()> {
    shell.use_practice().await
}
