//! What the system says that happens in a folder, and where it says too little: its limits are noticed here, and what they
//! mean is said. Only hears; what is to be looked at for it is `folder`'s to decide.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{AccessKind, AccessMode, EventKind, Flag, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// More than that at once: the whole folder is looked at.
const MOST_PATHS: usize = 4_096;
/// Too many open files, for the process and for the system: inotify says so of its instances.
const NO_MORE_INSTANCES: [i32; 2] = [24, 23];

/// Why events are not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deaf {
    /// `fs.inotify.max_user_watches`.
    Watches,
    /// `fs.inotify.max_user_instances`.
    Instances,
    Other,
}

/// What happened since it was last asked.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub paths: HashSet<PathBuf>,
    pub renamed: HashSet<PathBuf>,
    /// Something was missed, and nobody knows what.
    pub missed: bool,
    /// The system's queue of events was full.
    pub overflowed: bool,
    pub deaf: Option<Deaf>,
}

pub(super) struct Ears {
    /// Hears for as long as it lives.
    _watcher: Option<RecommendedWatcher>,
    heard: Arc<Mutex<Heard>>,
    pub deaf: Option<Deaf>,
}

impl Ears {
    /// `stir` is notified whenever something was heard.
    pub(super) fn open(root: &Path, stir: Arc<Notify>) -> Ears {
        let heard = Arc::<Mutex<Heard>>::default();
        let kept = heard.clone();
        let opened = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let mut heard = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if heard.note(event) {
                stir.notify_one();
            }
        });
        let (watcher, deaf) = match opened {
            Err(error) => (None, Some(deaf(&error))),
            // What it could watch it does, where it cannot watch all.
            Ok(mut watcher) => match watcher.watch(root, RecursiveMode::Recursive) {
                Ok(()) => (Some(watcher), None),
                Err(error) => (Some(watcher), Some(deaf(&error))),
            },
        };
        if let Some(deaf) = deaf {
            tracing::warn!(?deaf, "events of a watch folder do not all come; it is looked at more often");
        }
        Ears { _watcher: watcher, heard, deaf }
    }

    pub(super) fn take(&mut self) -> Heard {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        self.deaf = self.deaf.or(heard.deaf);
        heard
    }
}

fn deaf(error: &notify::Error) -> Deaf {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => Deaf::Watches,
        notify::ErrorKind::Io(e) if e.raw_os_error().is_some_and(|code| NO_MORE_INSTANCES.contains(&code)) => {
            Deaf::Instances
        }
        _ => Deaf::Other,
    }
}

impl Heard {
    /// Whether it is worth a look.
    fn note(&mut self, event: notify::Result<Event>) -> bool {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                self.deaf = Some(deaf(&error));
                self.missed = true;
                return true;
            }
        };
        if event.flag() == Some(Flag::Rescan) {
            (self.missed, self.overflowed) = (true, true);
            return true;
        }
        match event.kind {
            // Reading, and we are among those who read.
            EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write) => return false,
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => self.renamed.extend(event.paths.iter().cloned()),
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => self.renamed.extend(event.paths.last().cloned()),
            _ => {}
        }
        if self.paths.len() + event.paths.len() > MOST_PATHS {
            // Nothing is lost: a look at everything sees it.
            self.missed = true;
        } else {
            self.paths.extend(event.paths);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_is_noticed_and_reading_is_not() {
        let mut heard = Heard::default();
        let opened = EventKind::Access(AccessKind::Open(AccessMode::Any));
        assert!(!heard.note(Ok(Event::new(opened).add_path("/w/a".into()))));
        let to = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        assert!(heard.note(Ok(Event::new(to).add_path("/w/a".into()))));
        assert_eq!((heard.paths.len(), heard.renamed.len(), heard.missed), (1, 1, false));
        assert!(heard.note(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan))));
        assert!(heard.missed && heard.overflowed);

        let mut heard = Heard::default();
        assert!(heard.note(Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch))));
        assert_eq!((heard.missed, heard.deaf), (true, Some(Deaf::Watches)));
        let full = notify::Error::io(std::io::Error::from_raw_os_error(24));
        assert_eq!(deaf(&full), Deaf::Instances);

        let mut heard = Heard::default();
        for n in 0..MOST_PATHS + 10 {
            heard.note(Ok(Event::new(EventKind::Any).add_path(format!("/w/{n}").into())));
        }
        assert!(heard.missed && !heard.overflowed && heard.paths.len() <= MOST_PATHS);
    }
}
