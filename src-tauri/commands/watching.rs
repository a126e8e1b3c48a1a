//! Watch folders.

use rushes_engine::api::WatchFolder;
use tauri::State;

use super::Answer;
use crate::shell::Shell;

/// A new one must have been handed over, and so must the new place of one that is kept.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_watch_folder(shell: State<'_, Shell>, folder: WatchFolder) -> Answer<i64> {
    let kept = shell.call((), async |engine, context, ()| engine.watch_folders(context).await).await?;
    if !kept.iter().any(|before| before.id == folder.id && before.path == folder.path) {
        shell.handed.check([&folder.path])?;
    }
    shell.call(folder, async |engine, context, folder| engine.save_watch_folder(context, folder).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_watch_folder(shell: State<'_, Shell>, id: i64) -> Answer<()> {
    shell.call(id, async |engine, context, id| engine.remove_watch_folder(context, id).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn watch_folders(shell: State<'_, Shell>) -> Answer<Vec<WatchFolder>> {
    shell.call((), async |engine, context, ()| engine.watch_folders(context).await).await
}
