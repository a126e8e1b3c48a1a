//! Looking at what the bucket holds.

use rushes_engine::api::{ClipDetails, FootagePage, FootageQuery};
use tauri::State;

use super::Answer;
use crate::shell::Shell;

#[tauri::command]
#[specta::specta]
pub(crate) async fn footage(shell: State<'_, Shell>, query: FootageQuery) -> Answer<FootagePage> {
    shell.call(query, async |engine, context, query| engine.footage(context, query).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn look_again(shell: State<'_, Shell>) -> Answer<()> {
    shell.call((), async |engine, context, ()| engine.look_again(context).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn clip_details(shell: State<'_, Shell>, key: String) -> Answer<ClipDetails> {
    shell.call(key, async |engine, context, key| engine.clip_details(context, key).await).await?
}
