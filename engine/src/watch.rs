//! The watch folder: what settles in it goes up by itself, once. A first version of one folder. Events say when to look;
//! a look every half minute stands behind them, for network drives and for what happened while Rushes was closed.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use walkdir::WalkDir;

use crate::add::{Found, add_found, is_litter};
use crate::api::{Place, WatchFolder, WatchRow};
use crate::clock;
use crate::core::Core;
use crate::error::{Code, Error, Result};
use crate::journal::{clips, settings};
use crate::source::{look_of, unreadable};
use crate::transfer::{Look, Urgency};

const SETTING: &str = "watch folder";
/// A file that looks the same this many times in a row, this far apart, is whole.
const LOOKS: u32 = 3;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Without any event.
const REST: Duration = Duration::from_secs(30);

pub(crate) struct Watch {
    core: Arc<Core>,
    folder: Mutex<Option<WatchFolder>>,
    /// Something happened in the folder, or another folder was chosen.
    stir: Arc<Notify>,
}

impl Watch {
    pub(crate) async fn open(core: Arc<Core>) -> Result<Watch> {
        let folder = core.journal.read(|c| settings::setting(c, SETTING)).await?.flatten();
        Ok(Watch { core, folder: Mutex::new(folder), stir: Arc::default() })
    }

    pub(crate) fn folder(&self) -> Option<WatchFolder> {
        self.locked().clone()
    }

    pub(crate) async fn set_folder(&self, folder: Option<WatchFolder>) -> Result<()> {
        let folder = match folder {
            None => None,
            Some(folder) => {
                let path = Path::new(&folder.path);
                if !path.is_absolute() || !path.is_dir() {
                    return Err(Error::new(
                        Code::SourceMissing,
                        format!("{} is not a folder. Choose another.", folder.path),
                    ));
                }
                std::fs::read_dir(path).map_err(|e| unreadable(path, &e))?;
                self.core.profile(Some(&folder.profile))?;
                Some(WatchFolder { fields: folder.fields.checked()?, ..folder })
            }
        };
        let kept = folder.clone();
        self.core.journal.write(move |c| settings::set_setting(c, SETTING, &kept)).await?;
        *self.locked() = folder;
        self.stir.notify_one();
        Ok(())
    }

    /// The profile that files go to has another name.
    pub(crate) async fn renamed(&self, from: &str, to: &str) -> Result<()> {
        match self.folder().filter(|folder| folder.profile == from) {
            Some(folder) => self.set_folder(Some(WatchFolder { profile: to.to_owned(), ..folder })).await,
            None => Ok(()),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Option<WatchFolder>> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one folder's files looked like at the last looks.
#[derive(Default)]
struct Looks {
    unsettled: HashMap<PathBuf, (Look, u32)>,
    /// Taken, as they look now.
    taken: HashSet<(PathBuf, i64, u64)>,
}

pub(crate) async fn watch(watch: Arc<Watch>) {
    let mut watched: Option<(WatchFolder, Option<RecommendedWatcher>, Looks)> = None;
    loop {
        let folder = watch.folder();
        if watched.as_ref().map(|(f, ..)| f) != folder.as_ref() {
            watched = folder.map(|folder| {
                let watcher = listen(Path::new(&folder.path), watch.stir.clone());
                (folder, watcher, Looks::default())
            });
        }
        let rest = match &mut watched {
            None => {
                watch.core.board.set_watching(None);
                REST
            }
            Some((folder, _, looks)) => {
                let trouble = look(&watch.core, folder, looks).await.err();
                let sent = watch.core.journal.read(clips::watched_and_done).await.unwrap_or(0);
                watch.core.board.set_watching(Some(WatchRow {
                    path: folder.path.clone(),
                    profile: folder.profile.clone(),
                    settling: looks.unsettled.len() as u32,
                    sent,
                    last_look: Some(clock::now()),
                    trouble,
                }));
                if looks.unsettled.is_empty() { REST } else { BETWEEN_LOOKS }
            }
        };
        watch.core.board.show();
        tokio::select! {
            () = watch.core.closing.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
            // Events come by the hundred while a file is written: a look a second sees it all.
            () = watch.stir.notified() => tokio::time::sleep(BETWEEN_LOOKS.min(rest)).await,
        }
    }
}

/// Without events, the looks go on.
fn listen(path: &Path, stir: Arc<Notify>) -> Option<RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |_: notify::Result<notify::Event>| stir.notify_one());
    let watcher = watcher.and_then(|mut watcher| watcher.watch(path, RecursiveMode::Recursive).map(|()| watcher));
    watcher
        .inspect_err(
            |e| tracing::warn!(error = ?e.kind, "no events from the watch folder; it is looked at now and then"),
        )
        .ok()
}

/// One look: counts how long each file has looked the same, and sends those that are whole.
async fn look(core: &Core, folder: &WatchFolder, looks: &mut Looks) -> Result<()> {
    let root = PathBuf::from(&folder.path);
    let files = tokio::task::spawn_blocking(move || files_in(&root)).await.map_err(Error::internal)??;
    let mut settled = Vec::new();
    let mut unsettled = HashMap::new();
    for (path, look) in files {
        if looks.taken.contains(&(path.clone(), look.modified, look.size)) {
            continue;
        }
        let (asked, seen) = (path.clone(), look);
        if core.journal.read(move |c| clips::was_watched(c, &asked, &seen)).await? {
            looks.taken.insert((path, look.modified, look.size));
            continue;
        }
        let times = looks.unsettled.get(&path).filter(|(before, _)| before.same_file(&look)).map_or(1, |(_, n)| n + 1);
        if times >= LOOKS {
            settled.push((path, look));
        } else {
            unsettled.insert(path, (look, times));
        }
    }
    looks.unsettled = unsettled;
    if !settled.is_empty() {
        send(core, folder, looks, settled).await?;
    }
    Ok(())
}

async fn send(core: &Core, folder: &WatchFolder, looks: &mut Looks, settled: Vec<(PathBuf, Look)>) -> Result<()> {
    let profile = core.profile(Some(&folder.profile))?;
    let root = Path::new(&folder.path);
    let found = settled.iter().map(|(path, look)| {
        let within = path.strip_prefix(root).unwrap_or(path);
        let name: Vec<String> = within.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        Found { path: path.clone(), name: name.join("/"), size: look.size, recording: false }
    });
    let place = Place::Template { fields: folder.fields.clone() };
    let added = add_found(core, &profile, &place, &Urgency::default(), found.collect(), 0).await?;
    let rows: Vec<_> = settled.into_iter().zip(added.transfers).collect();
    let kept = rows.clone();
    core.journal
        .write(move |c| kept.iter().try_for_each(|((path, look), transfer)| clips::watched(c, path, look, *transfer)))
        .await?;
    looks.taken.extend(rows.into_iter().map(|((path, look), _)| (path, look.modified, look.size)));
    Ok(())
}

fn files_in(root: &Path) -> Result<Vec<(PathBuf, Look)>> {
    let mut files = Vec::new();
    let walk = WalkDir::new(root).follow_links(false).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|e| e.depth() == 0 || !is_litter(&e.file_name().to_string_lossy())) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => {
                if let Ok(metadata) = entry.metadata() {
                    files.push((entry.into_path(), look_of(&metadata)));
                }
            }
            Ok(_) => {}
            Err(e) if e.depth() == 0 => {
                return Err(unreadable(root, &e.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into())));
            }
            // A file may be gone before it is looked at, a folder closed to us: the rest is still seen.
            Err(e) => {
                let error = e.io_error().map(std::io::Error::kind);
                tracing::debug!(?error, "left out of a look at the watch folder");
            }
        }
    }
    Ok(files)
}
