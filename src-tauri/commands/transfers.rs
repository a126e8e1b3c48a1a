//! Adding, steering and finding transfers.

use rushes_engine::api::{Action, AddFiles, Added, FetchClips, WatchFolder};
use rushes_engine::keys::{Field, Fields};
use rushes_engine::transfer::TransferId;
use serde::Serialize;
use tauri::{AppHandle, State};

use super::Answer;
use crate::shell::Shell;

#[tauri::command]
#[specta::specta]
pub(crate) async fn add_files(shell: State<'_, Shell>, request: AddFiles) -> Answer<Added> {
    shell
        .engine
        .call(|engine, context| {
            let request = request.clone();
            async move { engine.add_files(context, request).await }
        })
        .await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn fetch_clips(shell: State<'_, Shell>, request: FetchClips) -> Answer<Added> {
    shell
        .engine
        .call(|engine, context| {
            let request = request.clone();
            async move { engine.fetch_clips(context, request).await }
        })
        .await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn act(shell: State<'_, Shell>, action: Action, ids: Vec<TransferId>) -> Answer<()> {
    shell
        .engine
        .call(|engine, context| {
            let ids = ids.clone();
            async move { engine.act(context, action, ids).await }
        })
        .await?
}

/// What the drop sheet asks, with the answers of last time.
#[derive(Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DropAsks {
    asks: Vec<Field>,
    last: Fields,
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn drop_asks(shell: State<'_, Shell>) -> Answer<DropAsks> {
    let (asks, last) = shell.engine.call(|engine, context| async move { engine.drop_asks(context).await }).await??;
    Ok(DropAsks { asks, last })
}

/// Shows the transfer's file in the system's file manager.
#[tauri::command]
#[specta::specta]
pub(crate) async fn reveal(app: AppHandle, id: TransferId) -> Answer<()> {
    crate::shell::reveal(&app, id).await
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn watch(shell: State<'_, Shell>, folder: Option<WatchFolder>) -> Answer<()> {
    shell
        .engine
        .call(|engine, context| {
            let folder = folder.clone();
            async move { engine.watch(context, folder).await }
        })
        .await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn watched(shell: State<'_, Shell>) -> Answer<Option<WatchFolder>> {
    shell.engine.call(|engine, context| async move { engine.watched(context).await }).await
}
