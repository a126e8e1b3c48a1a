//! The support bundle: shown in the window, and kept as it was shown.

use std::sync::PoisonError;

use rushes_engine::api::Support;
use rushes_engine::support as bundle;
use tauri::{AppHandle, State};
use tauri_plugin_dialog::DialogExt;

use super::Answer;
use crate::shell::{Shell, refused};

/// All that a bundle would hold.
#[tauri::command]
#[specta::specta]
pub(crate) async fn support(shell: State<'_, Shell>) -> Answer<Support> {
    let made = shell.call((), async |engine, context, ()| engine.support(context).await).await??;
    *shell.support.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
    Ok(made)
}

/// Asks the system for a folder, and keeps there what was last shown. Answers with where; null where the user thought better
/// of it. The page says neither what nor where.
#[tauri::command]
#[specta::specta]
pub(crate) async fn keep_support(app: AppHandle, shell: State<'_, Shell>) -> Answer<Option<String>> {
    let shown = shell.support.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(shown) = shown else { return Ok(None) };
    let (told, chosen) = tokio::sync::oneshot::channel();
    app.dialog().file().pick_folder(move |folder| {
        // Nobody listens only where the window is gone.
        let _ = told.send(folder);
    });
    let chosen = chosen.await.map_err(|e| refused("The file dialog could not be opened.", e))?;
    let Some(folder) = chosen.and_then(|folder| folder.into_path().ok()) else { return Ok(None) };
    let kept = tauri::async_runtime::spawn_blocking(move || bundle::keep(&shown, &folder)).await;
    let kept = kept.map_err(|e| refused("The bundle could not be kept.", e))??;
    Ok(Some(kept.display().to_string()))
}
