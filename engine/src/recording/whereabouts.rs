//! Where an open file is now: recorders give a file its name when it is done, and people tidy up meanwhile. It is known by its
//! number on the disk, and looked for in its own folder.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// A folder of more is not looked through.
const MOST_ENTRIES: usize = 100_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    Here,
    /// In the same folder, under this name.
    Renamed(PathBuf),
    /// Another file is at its path, and it is nowhere in the folder.
    Replaced,
    Gone,
}

pub(crate) fn whereabouts(file: &File, path: &Path) -> io::Result<Whereabouts> {
    let number = number_of(&file.metadata()?);
    let there = match fs::metadata(path) {
        Ok(there) => Some(there),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
        Err(error) => return Err(error),
    };
    // Where files have no numbers, whatever is at the path is it.
    if there.as_ref().is_some_and(|there| number_of(there) == number) {
        return Ok(Whereabouts::Here);
    }
    Ok(match (number.and_then(|number| find(path, number)), there) {
        (Some(renamed), _) => Whereabouts::Renamed(renamed),
        (None, Some(_)) => Whereabouts::Replaced,
        (None, None) => Whereabouts::Gone,
    })
}

/// The file of this number in the folder in which `path` is.
#[cfg(unix)]
pub(crate) fn find(path: &Path, number: u64) -> Option<PathBuf> {
    use std::os::unix::fs::DirEntryExt;
    let entries = fs::read_dir(path.parent()?).ok()?;
    let mut same = entries.take(MOST_ENTRIES).flatten().filter(|entry| entry.ino() == number);
    same.find(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())).map(|entry| entry.path())
}

#[cfg(unix)]
pub(crate) fn number_of(file: &Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(file))
}

/// Windows tells a file's number only through a handle, and lets nobody rename what is open for writing, as a rule.
#[cfg(not(unix))]
pub(crate) fn find(_: &Path, _: u64) -> Option<PathBuf> {
    None
}

#[cfg(not(unix))]
pub(crate) fn number_of(_: &Metadata) -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_followed_to_its_new_name_and_missed_when_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a.mxf"), folder.path().join("b.mxf"));
        fs::write(&first, "x").unwrap();
        let file = File::open(&first).unwrap();
        let now = || whereabouts(&file, &first).unwrap();
        assert_eq!(now(), Whereabouts::Here);
        fs::rename(&first, &second).unwrap();
        assert_eq!(now(), Whereabouts::Renamed(second.clone()));
        fs::write(&first, "another").unwrap();
        assert_eq!(now(), Whereabouts::Renamed(second.clone()));
        fs::remove_file(&second).unwrap();
        assert_eq!(now(), Whereabouts::Replaced);
        fs::remove_file(&first).unwrap();
        assert_eq!(now(), Whereabouts::Gone);
    }
}
