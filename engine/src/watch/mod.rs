//! Watch folders: what settles in them goes up by itself, once. Events say when to look, and looks stand behind them: for what
//! the system loses, for network drives, and for what happened while Rushes was closed. This file holds which folders there
//! are; each is followed by a task of its own (`folder`). When a file is whole is in `settle`, what was sent before in `known`.

mod afterwards;
mod events;
mod filter;
mod folder;
mod known;
mod looking;
mod rhythm;
mod settle;
mod taking;
mod tree;
mod underway;
mod volume;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::filter::{Filter, SENT};
use crate::api::{WatchFolder, WatchRow};
use crate::core::Core;
use crate::error::{Code, Error, Result};
use crate::journal::watching;
use crate::keys::Template;
use crate::limit::Limits;
use crate::source::unreadable;

/// More than anybody has cards, drives and bureaus for.
const MOST_FOLDERS: usize = 100;
/// Until a folder's task has come to the end of its step.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Watch {
    core: Arc<Core>,
    /// By the journal's number.
    rows: Mutex<BTreeMap<i64, WatchRow>>,
    /// They were changed.
    changed: Notify,
}

impl Watch {
    pub(crate) async fn open(core: Arc<Core>) -> Result<Watch> {
        let kept = core.journal.read(watching::folders).await?;
        let rows = kept.iter().map(|folder| (folder.id, row_of(folder))).collect();
        let watch = Watch { core, rows: Mutex::new(rows), changed: Notify::new() };
        watch.show();
        Ok(watch)
    }

    pub(crate) fn folders(&self) -> Vec<WatchFolder> {
        self.locked().values().map(|row| row.folder.clone()).collect()
    }

    pub(crate) async fn save(&self, folder: WatchFolder) -> Result<i64> {
        let folder = self.checked(folder)?;
        let kept = folder.clone();
        let id = self.core.journal.write(move |c| watching::save_folder(c, &kept)).await?;
        let folder = WatchFolder { id, ..folder };
        self.locked().insert(id, row_of(&folder));
        self.show();
        self.changed.notify_one();
        Ok(id)
    }

    pub(crate) async fn remove(&self, id: i64) -> Result<()> {
        if !self.locked().contains_key(&id) {
            return Err(no_folder());
        }
        self.core.journal.write(move |c| watching::remove_folder(c, id)).await?;
        self.locked().remove(&id);
        self.show();
        self.changed.notify_one();
        Ok(())
    }

    fn checked(&self, folder: WatchFolder) -> Result<WatchFolder> {
        let path = Path::new(&folder.path);
        if !path.is_absolute() || !path.is_dir() {
            return Err(Error::new(Code::SourceMissing, format!("{} is not a folder. Choose another.", folder.path)));
        }
        std::fs::read_dir(path).map_err(|e| unreadable(path, &e))?;
        // As the system tells it in events, and so that one folder has one name. Windows' own whole names are for programs.
        let real = if cfg!(unix) { std::fs::canonicalize(path).ok() } else { None };
        let path: PathBuf = real.unwrap_or_else(|| path.components().collect());
        if path.file_name().is_some_and(|name| name == SENT)
            && path.parent().is_some_and(|above| self.is_watched(above))
        {
            return bad("What was sent is moved there: it is not watched.".to_owned());
        }
        let profile = self.core.profile(Some(&folder.profile))?;
        Template::parse(folder.key_template.as_ref().unwrap_or(&profile.key_template))?;
        Filter::of(&folder)?;
        let rows = self.locked();
        if folder.id != 0 && !rows.contains_key(&folder.id) {
            return Err(no_folder());
        }
        if folder.id == 0 && rows.len() >= MOST_FOLDERS {
            return bad("That is more than 100 watch folders. Watch one that holds some of them.".to_owned());
        }
        for other in rows.values().map(|row| &row.folder).filter(|other| other.id != folder.id) {
            let there = Path::new(&other.path);
            if path.starts_with(there) || there.starts_with(&path) {
                return bad(format!("{} is watched already, and what is in one folder goes up once.", other.path));
            }
        }
        drop(rows);
        Ok(WatchFolder { path: path.display().to_string(), fields: folder.fields.clone().checked()?, ..folder })
    }

    fn is_watched(&self, path: &Path) -> bool {
        self.locked().values().any(|row| Path::new(&row.folder.path) == path)
    }

    /// The profile that files go to has another name.
    pub(crate) async fn renamed(&self, from: &str, to: &str) -> Result<()> {
        for folder in self.folders().into_iter().filter(|folder| folder.profile == from) {
            let folder = WatchFolder { profile: to.to_owned(), ..folder };
            let kept = folder.clone();
            self.core.journal.write(move |c| watching::save_folder(c, &kept)).await?;
            self.locked().insert(folder.id, row_of(&folder));
        }
        self.show();
        self.changed.notify_one();
        Ok(())
    }

    /// How a folder is doing, unless it has other settings by now.
    fn is_doing(&self, row: WatchRow) {
        if let Some(kept) = self.locked().get_mut(&row.folder.id).filter(|kept| kept.folder == row.folder) {
            *kept = row;
        }
        self.show();
    }

    fn show(&self) {
        let rows: Vec<WatchRow> = self.locked().values().cloned().collect();
        let limit = |row: &WatchRow| (row.folder.id.to_string(), Limits { up: row.folder.limit, down: None });
        self.core.folder_limits.set(Limits::default(), &rows.iter().map(limit).collect());
        self.core.board.set_watching(rows);
        self.core.board.show();
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<i64, WatchRow>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing is known of it yet.
fn row_of(folder: &WatchFolder) -> WatchRow {
    WatchRow {
        folder: folder.clone(),
        settling: 0,
        open: 0,
        sent: 0,
        skipped: 0,
        last_look: None,
        by_looks: None,
        held: Vec::new(),
        trouble: None,
    }
}

fn no_folder() -> Error {
    Error::new(Code::NotFound, "There is no such watch folder any more.")
}

fn bad<T>(sentence: String) -> Result<T> {
    Err(Error::new(Code::BadInput, sentence))
}

/// Follows all that are not stopped, each by a task that ends when its settings change.
pub(crate) async fn watch(watch: Arc<Watch>) {
    let mut followed: HashMap<i64, Followed> = HashMap::new();
    loop {
        let folders = watch.folders();
        let wanted = |folder: &WatchFolder| folders.contains(folder) && !folder.stopped;
        let over: Vec<i64> = followed.iter().filter(|(_, one)| !wanted(&one.folder)).map(|(id, _)| *id).collect();
        for id in over {
            if let Some(one) = followed.remove(&id) {
                one.end().await;
            }
        }
        for folder in folders.iter().filter(|folder| !folder.stopped) {
            followed.entry(folder.id).or_insert_with(|| {
                let (core, told, mine) = (watch.core.clone(), watch.clone(), folder.clone());
                let stop = CancellationToken::new();
                let heard = stop.clone();
                let task = async move { folder::follow(core, mine, heard, |row| told.is_doing(row)).await };
                Followed { folder: folder.clone(), stop, task: tokio::spawn(task) }
            });
        }
        tokio::select! {
            () = watch.core.closing.cancelled() => break,
            () = watch.changed.notified() => {}
        }
    }
    followed.values().for_each(|one| one.stop.cancel());
    for one in followed.into_values() {
        one.end().await;
    }
}

/// A folder's task.
struct Followed {
    folder: WatchFolder,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Followed {
    async fn end(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(PATIENCE, &mut self.task).await.is_err() {
            // A drive that does not answer.
            self.task.abort();
        }
    }
}
