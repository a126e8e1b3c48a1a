//! What concerns the window itself: its stream of updates, and the system's file dialog.

use rushes_engine::api::Update;
use rushes_engine::newsroom_file;
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
    /// A newsroom's file was opened, or a link that holds one: it is shown before anything else is made of it.
    Newsroom {
        given: String,
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

/// Asks the system where to write a newsroom's file, and writes it. Answers with where; null where the user thought better.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_newsroom(app: AppHandle, shell: State<'_, Shell>, name: String) -> Answer<Option<String>> {
    let made = shell.call(name, async |engine, context, name| engine.export_newsroom(context, name).await).await??;
    let (told, chosen) = tokio::sync::oneshot::channel();
    let dialog = app.dialog().file().set_file_name(&made.file_name).add_filter("Newsroom", &[newsroom_file::ENDING]);
    dialog.save_file(move |path| {
        let _ = told.send(path);
    });
    let chosen = chosen.await.map_err(|e| refused("The file dialog could not be opened.", e))?;
    let Some(path) = chosen.and_then(|path| path.into_path().ok()) else { return Ok(None) };
    // The system has asked already whether one that is there may go.
    std::fs::write(&path, made.text).map_err(|e| rushes_engine::error::disk("write", &path, &e))?;
    Ok(Some(path.display().to_string()))
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
