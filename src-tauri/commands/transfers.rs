//! Adding, steering and finding transfers.

use rushes_engine::api::{Action, AddFiles, Added, FetchClips};
use rushes_engine::keys::{Field, Fields};
use rushes_engine::transfer::TransferId;
use serde::Serialize;
use tauri::State;

use super::Answer;
use crate::browser;
use crate::shell::{Shell, refused};

#[tauri::command]
#[specta::specta]
pub(crate) async fn add_files(shell: State<'_, Shell>, request: AddFiles) -> Answer<Added> {
    shell.handed.check(&request.paths)?;
    let paths = request.paths.clone();
    let added =
        shell.call(request, async |engine, context, request| engine.add_files(context, request).await).await??;
    shell.handed.used(&paths);
    Ok(added)
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn fetch_clips(shell: State<'_, Shell>, request: FetchClips) -> Answer<Added> {
    shell.handed.check(request.into.as_slice())?;
    shell.call(request, async |engine, context, request| engine.fetch_clips(context, request).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn act(shell: State<'_, Shell>, action: Action, ids: Vec<TransferId>) -> Answer<()> {
    shell.call((action, ids), async |engine, context, (action, ids)| engine.act(context, action, ids).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn set_breaking(shell: State<'_, Shell>, ids: Vec<TransferId>, breaking: bool) -> Answer<()> {
    let asked = (ids, breaking);
    shell
        .call(asked, async |engine, context, (ids, breaking)| engine.set_breaking(context, ids, breaking).await)
        .await?
}

/// `by` is a time of day in the newsroom; null, and there is no deadline any more.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_deadline(shell: State<'_, Shell>, ids: Vec<TransferId>, by: Option<String>) -> Answer<()> {
    shell.call((ids, by), async |engine, context, (ids, by)| engine.set_deadline(context, ids, by).await).await?
}

/// Opens the network's sign-in page in the system's browser.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_portal(shell: State<'_, Shell>, id: TransferId) -> Answer<()> {
    // By the transfer's ID: the window names no addresses. This one came from the network; a browser's it must be.
    let row = shell.call(id, async |engine, context, id| engine.transfer(context, id).await).await??;
    let page = row.portal.filter(|page| page.starts_with("http://") || page.starts_with("https://"));
    let Some(page) = page else { return Ok(()) };
    let opened = tauri::async_runtime::spawn_blocking(move || browser::open(&page));
    let sentence = "The browser could not be opened. Open it yourself: any page leads to the sign-in.";
    opened.await.map_err(|e| refused(sentence, e))?.map_err(|e| refused(sentence, e))
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
    let (asks, last) = shell.call((), async |engine, context, ()| engine.drop_asks(context).await).await??;
    Ok(DropAsks { asks, last })
}

/// Shows the transfer's file in the system's file manager.
#[tauri::command]
#[specta::specta]
pub(crate) async fn reveal(shell: State<'_, Shell>, id: TransferId) -> Answer<()> {
    // By its ID: the window names no paths.
    let row = shell.call(id, async |engine, context, id| engine.transfer(context, id).await).await??;
    let shown = tauri::async_runtime::spawn_blocking(move || tauri_plugin_opener::reveal_item_in_dir(row.path));
    let shown = shown.await.map_err(|e| refused("The folder cannot be shown.", e))?;
    shown.map_err(|e| refused("The file manager could not show the file. It may have been moved.", e))
}
