//! What concerns the window itself: its stream of updates, and the system's file dialog.

use rushes_engine::api::Update;
use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, State};

use super::Answer;
use crate::shell::Shell;

/// Everything that the window is told, in order, over the one channel.
#[derive(Clone, Debug, Serialize, specta::Type)]
#[serde(rename_all = "camelCase", tag = "told")]
pub(crate) enum Told {
    /// First the whole, then what changed.
    Update {
        update: Update,
    },
    /// Files are being dragged over the window.
    DragOver,
    DragLeft,
    /// Files were dropped, or chosen by another start of Rushes.
    Dropped {
        paths: Vec<String>,
    },
    /// The engine cannot be opened; why, and what to do. It is tried again.
    Stuck {
        error: rushes_engine::error::Error,
    },
}

/// The window is ready. What happened before is in the first update.
#[tauri::command]
#[specta::specta]
pub(crate) async fn subscribe(shell: State<'_, Shell>, channel: Channel<Told>) -> Answer<()> {
    shell.window.listen(channel);
    Ok(())
}

/// Opens the system's dialog. Empty where the user thought better of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_files(app: AppHandle, folders: bool) -> Answer<Vec<String>> {
    crate::shell::pick_files(&app, folders).await
}

/// What stands in the corner of the window.
#[derive(Serialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppFacts {
    version: String,
    /// `linux`, `macos` or `windows`: the window writes Ctrl or ⌘ by it.
    system: String,
    /// Where downloads go unless told otherwise.
    downloads: String,
}

#[tauri::command]
#[specta::specta]
pub(crate) fn about(app: AppHandle) -> AppFacts {
    AppFacts {
        version: app.package_info().version.to_string(),
        system: std::env::consts::OS.to_owned(),
        downloads: rushes_engine::home::downloads().display().to_string(),
    }
}
