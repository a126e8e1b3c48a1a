//! What concerns the window itself: its stream of updates, and the system's file dialog.

use rushes_engine::api::Update;
use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, State};
use tauri_plugin_dialog::{DialogExt, FilePath};

use super::Answer;
use crate::shell::{Shell, refused};

/// Everything that the window is told, in order, over the one channel.
#[derive(Clone, Debug, Serialize, specta::Type)]
#[serde(rename_all = "camelCase", tag = "told")]
pub(crate) enum Told {
    /// First the whole, then what changed.
    Update {
        update: Box<Update>,
    },
    /// Files are being dragged over the window, here.
    DragOver {
        at: Spot,
    },
    DragLeft,
    /// Files were dropped, or chosen by another start of Rushes.
    Dropped {
        paths: Vec<String>,
        /// Where in the window; absent where they came by another way.
        at: Option<Spot>,
    },
    /// The engine cannot be opened; why, and what to do. It is tried again.
    Stuck {
        error: rushes_engine::error::Error,
    },
}

/// A place in the window, in CSS pixels from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, specta::Type)]
pub(crate) struct Spot {
    pub(crate) x: i32,
    pub(crate) y: i32,
}

/// The window is ready. What happened before is in the first update.
#[tauri::command]
#[specta::specta]
pub(crate) async fn subscribe(app: AppHandle, channel: Channel<Told>) -> Answer<()> {
    Shell::listen(&app, channel);
    Ok(())
}

/// Opens the system's dialog. Empty where the user thought better of it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_files(app: AppHandle, shell: State<'_, Shell>, folders: bool) -> Answer<Vec<String>> {
    let (told, chosen) = tokio::sync::oneshot::channel();
    let dialog = app.dialog().file();
    let answer = move |paths: Option<Vec<FilePath>>| {
        // Nobody listens only where the window is gone.
        let _ = told.send(paths.unwrap_or_default());
    };
    if folders {
        dialog.pick_folders(answer)
    } else {
        dialog.pick_files(answer)
    }
    let chosen = chosen.await.map_err(|e| refused("The file dialog could not be opened.", e))?;
    Ok(shell.handed.over(chosen.into_iter().filter_map(|path| path.into_path().ok())))
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
