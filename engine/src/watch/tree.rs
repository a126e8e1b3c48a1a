//! The folder as it was last seen, in little memory: when each of its folders last changed, and a fingerprint of every file that
//! was dealt with. A look is cheap where only folders are asked, and those listed that changed; now and then everything is.
//! Reads the disk; decides nothing about files.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::filter::{Filter, SENT, is_passed_over};
use super::volume;
use crate::cards::card_root;
use crate::error::Result;
use crate::journal::watching::Sight;
use crate::source::{look_of, unreadable};

/// A folder that changed less than this before it was listed is listed again: its time may not tell of what came right after.
/// The coarsest file systems tell times in steps of two seconds.
const YOUNG_NS: u64 = 3_000_000_000;

/// What is looked at.
#[derive(Debug)]
pub(super) enum Extent {
    /// These places, files or folders: something happened there.
    Places(HashSet<PathBuf>),
    /// Folders whose time has changed, and those that were too young for their time to tell.
    Changed,
    Everything,
}

#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    filter: Filter,
    /// By place within the root, when each folder last changed; 0 where that is not to be relied on.
    folders: HashMap<PathBuf, i64>,
    /// Of files that were dealt with, as they looked.
    known: HashSet<u128>,
    hashes: [RandomState; 2],
    /// The root itself, as of the last look.
    identity: Option<(u64, u64)>,
    /// Files keep their numbers there. Drives that are mounted by a program may give a file another at any time.
    pub has_numbers: bool,
}

impl Tree {
    pub(super) fn new(root: PathBuf, filter: Filter) -> Tree {
        let hashes = [RandomState::new(), RandomState::new()];
        Tree { root, filter, folders: HashMap::new(), known: HashSet::new(), hashes, identity: None, has_numbers: true }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The file was dealt with as it looks now.
    pub(super) fn know(&mut self, place: &Path, sight: &Sight) {
        let print = self.print(place, sight);
        self.known.insert(print);
    }

    /// The file is to be looked at again.
    pub(super) fn forget(&mut self, place: &Path, sight: &Sight) {
        let print = self.print(place, sight);
        self.known.remove(&print);
    }

    /// As size and time have it: a restored backup has other inodes.
    fn print(&self, place: &Path, sight: &Sight) -> u128 {
        let one = |hashes: &RandomState| hashes.hash_one((place, sight.size, sight.modified));
        (u128::from(one(&self.hashes[0])) << 64) | u128::from(one(&self.hashes[1]))
    }

    /// Whether folders are to be listed again soon.
    pub(super) fn has_young(&self) -> bool {
        self.folders.values().any(|changed| *changed == 0)
    }

    /// Whether the root is another than at the last look: a card was pulled, or another one was plugged in. Then all is new.
    pub(super) fn is_another(&mut self) -> Result<bool> {
        let metadata = std::fs::metadata(&self.root).map_err(|e| unreadable(&self.root, &e))?;
        let now = Some(volume::identity(&metadata));
        let is_another = self.identity != now;
        if is_another {
            self.folders.clear();
            self.identity = now;
        }
        Ok(is_another)
    }

    /// The files there that were not dealt with, each as it looks now.
    pub(super) fn look(&mut self, extent: Extent) -> Result<HashMap<PathBuf, Sight>> {
        let mut found = HashMap::new();
        match extent {
            Extent::Everything => {
                self.folders.clear();
                self.list(Path::new(""), true, &mut found)
                    .map_err(|(place, e)| unreadable(&self.root.join(place), &e))?;
            }
            Extent::Changed => {
                let known: Vec<(PathBuf, i64)> = self.folders.iter().map(|(place, at)| (place.clone(), *at)).collect();
                for (place, before) in known {
                    match std::fs::symlink_metadata(self.root.join(&place)).map(|m| changed_at(&m)) {
                        Ok(now) if now == before => {}
                        Ok(_) => self.list_if_there(&place, false, &mut found),
                        Err(_) => drop(self.folders.remove(&place)),
                    }
                }
            }
            Extent::Places(places) => {
                for place in places {
                    self.visit(&place, &mut found);
                }
            }
        }
        Ok(found)
    }

    /// One place of which an event told.
    fn visit(&mut self, place: &Path, found: &mut HashMap<PathBuf, Sight>) {
        if place.components().any(|part| self.is_out(place, &part.as_os_str().to_string_lossy())) || is_sent(place) {
            return;
        }
        match std::fs::symlink_metadata(self.root.join(place)) {
            Ok(metadata) if metadata.is_dir() => self.list_if_there(place, true, found),
            Ok(metadata) if metadata.is_file() => self.note(place.to_owned(), &metadata, found),
            _ => {}
        }
    }

    fn is_out(&self, place: &Path, name: &str) -> bool {
        is_passed_over(name, card_root(place).is_some())
    }

    fn note(&mut self, place: PathBuf, metadata: &std::fs::Metadata, found: &mut HashMap<PathBuf, Sight>) {
        let sight = self.sight_in(metadata);
        if self.filter.wants(&place) && !self.known.contains(&self.print(&place, &sight)) {
            found.insert(place, sight);
        }
    }

    /// A folder may be gone before it is listed, or closed to us: the rest is still seen.
    fn list_if_there(&mut self, place: &Path, deep: bool, found: &mut HashMap<PathBuf, Sight>) {
        if let Err((place, e)) = self.list(place, deep, found) {
            tracing::debug!(error = ?e.kind(), "left out of a look at a watch folder");
            self.folders.remove(&place);
        }
    }

    /// Lists a folder, with those in it that are not known yet, or with all.
    fn list(
        &mut self,
        place: &Path,
        deep: bool,
        found: &mut HashMap<PathBuf, Sight>,
    ) -> std::result::Result<(), (PathBuf, io::Error)> {
        let path = self.root.join(place);
        let failed = |e| (place.to_owned(), e);
        // Before it is listed: what comes meanwhile changes the time, and is seen then.
        let changed = std::fs::symlink_metadata(&path).map(|m| changed_at(&m)).map_err(failed)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as i64);
        // One from the future, by a camera's clock, tells of the next change like any other.
        let is_young = now.abs_diff(changed) < YOUNG_NS;
        self.folders.insert(place.to_owned(), if is_young { 0 } else { changed });
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let Ok(entry) = entry else { continue };
            let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
            let within = place.join(&name);
            if self.is_out(&within, &name.to_string_lossy()) || is_sent(&within) {
                continue;
            }
            if kind.is_dir() {
                if deep || !self.folders.contains_key(&within) {
                    self.list_if_there(&within, deep, found);
                }
            } else if kind.is_file()
                && let Ok(metadata) = entry.metadata()
            {
                self.note(within, &metadata, found);
            }
        }
        Ok(())
    }

    /// A file as it looks now; `None` where it is none any more.
    pub(super) fn sight(&self, place: &Path) -> Option<Sight> {
        let metadata = std::fs::symlink_metadata(self.root.join(place)).ok()?;
        metadata.is_file().then(|| self.sight_in(&metadata))
    }

    fn sight_in(&self, metadata: &std::fs::Metadata) -> Sight {
        let sight = sight_of(metadata);
        if self.has_numbers { sight } else { Sight { inode: 0, ..sight } }
    }
}

pub(super) fn sight_of(metadata: &std::fs::Metadata) -> Sight {
    let look = look_of(metadata);
    Sight { size: look.size, modified: look.modified, inode: volume::inode(metadata) }
}

fn is_sent(place: &Path) -> bool {
    place.starts_with(SENT)
}

fn changed_at(metadata: &std::fs::Metadata) -> i64 {
    look_of(metadata).modified
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Afterwards, WatchFolder};
    use crate::keys::Fields;

    fn tree(root: &Path) -> Tree {
        let folder = WatchFolder {
            id: 1,
            path: root.display().to_string(),
            profile: "x".into(),
            key_template: None,
            fields: Fields::default(),
            only: Vec::new(),
            except: Vec::new(),
            breaking: false,
            afterwards: Afterwards::Leave,
            limit: None,
            while_shot: false,
            quiet_seconds: None,
            stopped: false,
        };
        Tree::new(root.to_owned(), Filter::of(&folder).unwrap())
    }

    fn names(found: HashMap<PathBuf, Sight>) -> Vec<String> {
        let mut names: Vec<String> = found.keys().map(|place| place.display().to_string()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_known_is_not_found_again_until_it_looks_different() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path();
        std::fs::create_dir_all(root.join("CLIP")).unwrap();
        std::fs::create_dir_all(root.join(SENT)).unwrap();
        for name in ["a.mxf", "CLIP/b.mxf", ".hidden.mxf", "CLIP/b.mxf.part", "Sent/c.mxf"] {
            std::fs::write(root.join(name), "x").unwrap();
        }
        let mut tree = tree(root);
        let found = tree.look(Extent::Everything).unwrap();
        found.iter().for_each(|(place, sight)| tree.know(place, sight));
        assert_eq!(names(found), ["CLIP/b.mxf", "a.mxf"]);
        assert!(tree.look(Extent::Everything).unwrap().is_empty());
        // A new folder in a known one, and a file that is another.
        std::fs::create_dir_all(root.join("CLIP/sub")).unwrap();
        std::fs::write(root.join("CLIP/sub/d.mxf"), "x").unwrap();
        std::fs::write(root.join("a.mxf"), "xx").unwrap();
        assert_eq!(names(tree.look(Extent::Changed).unwrap()), ["CLIP/sub/d.mxf", "a.mxf"]);
        let places = ["a.mxf", "gone.mxf", "Sent/c.mxf", ".hidden.mxf", "CLIP/sub"].map(PathBuf::from);
        assert_eq!(names(tree.look(Extent::Places(places.into())).unwrap()), ["CLIP/sub/d.mxf", "a.mxf"]);
        assert!(tree.is_another().unwrap() && !tree.is_another().unwrap());
    }

    #[test]
    fn a_folder_that_rests_is_not_listed() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path();
        std::fs::write(root.join("a.mxf"), "x").unwrap();
        let mut tree = tree(root);
        assert_eq!(names(tree.look(Extent::Everything).unwrap()), ["a.mxf"]);
        assert!(tree.has_young(), "it changed just now");
        std::fs::File::open(root).unwrap().set_modified(UNIX_EPOCH + std::time::Duration::from_secs(1_000)).unwrap();
        assert_eq!(names(tree.look(Extent::Changed).unwrap()), ["a.mxf"]);
        assert!(!tree.has_young());
        assert!(tree.look(Extent::Changed).unwrap().is_empty(), "nothing says that it changed");
    }
}
