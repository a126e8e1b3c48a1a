//! What happens to a file once it is in the bucket: nothing, into the folder "Sent" within the watch folder, or away. Only the
//! very file that was sent is touched, and nothing is ever put over another.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::filter::{LISTS, SENT};
use super::tree::sight_of;
use crate::add::is_system_litter;
use crate::api::Afterwards;
use crate::error::{Code, Error, Result};
use crate::journal::watching::Sight;
use crate::keys::numbered;
use crate::transfer::Proof;
use crate::writers::has_writer;

/// How many names are tried in "Sent".
const MOST_NAMES: u32 = 1_000;

/// Does it. Whether it did, or there is nothing to do: `false` where the file is not what was sent.
pub(super) fn see_to(root: &Path, place: &Path, sent: &Sight, proof: &Proof, what: Afterwards) -> Result<bool> {
    let path = root.join(place);
    let failed = |e: io::Error| {
        let sentence =
            format!("{} is in the bucket, and cannot be moved away. Check its folder's rights.", path.display());
        Error::new(Code::FolderUnwritable, sentence).because(e)
    };
    match what {
        Afterwards::Leave => Ok(true),
        Afterwards::Delete if !matches!(proof, Proof::WholeObject { .. }) => Ok(false),
        Afterwards::Move | Afterwards::Delete => match is_what_was_sent(&path, sent) {
            Ok(false) => Ok(false),
            Ok(true) if what == Afterwards::Delete => fs::remove_file(&path).map(|()| true).map_err(failed),
            Ok(true) => into_sent(root, place).map(|_| true).map_err(failed),
            // Somebody else took it away.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(e) => Err(failed(e)),
        },
    }
}

/// A card's hash lists go after the last of its files, so that they lie beside them. Where they are then, if they did.
pub(super) fn lists_follow(root: &Path, card: &Path) -> io::Result<Option<PathBuf>> {
    let lists = card.join(LISTS);
    let is_there = fs::symlink_metadata(root.join(&lists)).is_ok_and(|lists| lists.is_dir());
    if !is_there {
        return Ok(None);
    }
    for entry in WalkDir::new(root.join(card)).into_iter().filter_entry(|entry| entry.path() != root.join(&lists)) {
        let entry = entry?;
        if !entry.file_type().is_dir() && !is_system_litter(&entry.file_name().to_string_lossy()) {
            return Ok(None);
        }
    }
    into_sent(root, &lists).map(Some)
}

fn is_what_was_sent(path: &Path, sent: &Sight) -> io::Result<bool> {
    let metadata = fs::symlink_metadata(path)?;
    let now = sight_of(&metadata);
    let is_it = metadata.is_file()
        && (now.size, now.modified) == (sent.size, sent.modified)
        && (now.inode == sent.inode || sent.inode == 0);
    Ok(is_it && has_writer(path) != Some(true))
}

/// Answers with where it is then.
fn into_sent(root: &Path, place: &Path) -> io::Result<PathBuf> {
    let above = PathBuf::from(SENT).join(place.parent().unwrap_or(Path::new("")));
    // A link in the way leads out of the folder.
    let mut folder = root.to_owned();
    for part in above.components() {
        folder.push(part);
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(io::Error::from(io::ErrorKind::NotADirectory)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => fs::create_dir(&folder)?,
            Err(e) => return Err(e),
        }
    }
    let name = place.file_name().map(|name| name.to_owned()).unwrap_or_default();
    for n in 1..MOST_NAMES {
        let called = match name.to_str() {
            Some(name) => numbered(name, n).into(),
            // A name that is no text gets its number behind it.
            None if n > 1 => {
                let mut numbered = name.clone();
                numbered.push(format!("-{n}"));
                numbered
            }
            None => name.clone(),
        };
        let to = folder.join(called);
        match rename_to_new(&root.join(place), &to) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            done => return done.map(|()| to),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// Refuses where there is something.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The file system has no such way.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => look_then_rename(from, to),
        done => done.map_err(io::Error::from),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    look_then_rename(from, to)
}

fn look_then_rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::Error::from(io::ErrorKind::AlreadyExists)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Proof {
        Proof::WholeObject { algorithm: "CRC64NVME".into(), checksum: "x".into() }
    }

    fn sight(path: &Path) -> Sight {
        sight_of(&fs::metadata(path).unwrap())
    }

    #[test]
    fn what_was_sent_is_moved_with_its_folders_and_never_over_another() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path();
        for (n, kept) in [(1, "Sent/CLIP/a.mxf"), (2, "Sent/CLIP/a-2.mxf")] {
            fs::create_dir_all(root.join("CLIP")).unwrap();
            fs::write(root.join("CLIP/a.mxf"), n.to_string()).unwrap();
            let sent = sight(&root.join("CLIP/a.mxf"));
            let place = Path::new("CLIP/a.mxf");
            assert!(see_to(root, place, &sent, &Proof::LengthOnly, Afterwards::Move).unwrap());
            assert_eq!(fs::read_to_string(root.join(kept)).unwrap(), n.to_string());
            assert!(!root.join("CLIP/a.mxf").exists());
            assert!(
                see_to(root, place, &sent, &whole(), Afterwards::Move).unwrap(),
                "it is gone: nothing is left to do"
            );
        }
    }

    #[test]
    fn only_what_is_proved_as_a_whole_and_still_the_same_is_deleted() {
        let scratch = tempfile::tempdir().unwrap();
        let (root, place) = (scratch.path(), Path::new("a.mxf"));
        let path = root.join(place);
        fs::write(&path, "one").unwrap();
        let sent = sight(&path);
        for proof in [Proof::LengthOnly, Proof::EachPart { algorithm: "MD5".into() }] {
            assert!(!see_to(root, place, &sent, &proof, Afterwards::Delete).unwrap());
        }
        fs::write(&path, "another").unwrap();
        assert!(!see_to(root, place, &sent, &whole(), Afterwards::Delete).unwrap());
        assert!(path.exists());
        assert!(see_to(root, place, &sight(&path), &whole(), Afterwards::Delete).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn a_cards_hash_lists_go_after_its_last_file() {
        let scratch = tempfile::tempdir().unwrap();
        let (root, card) = (scratch.path(), Path::new("A001"));
        fs::create_dir_all(root.join("A001/CONTENTS/CLIP")).unwrap();
        lists_follow(root, card).unwrap();
        fs::create_dir_all(root.join("A001/ascmhl")).unwrap();
        fs::write(root.join("A001/ascmhl/0001.mhl"), "list").unwrap();
        fs::write(root.join("A001/CONTENTS/CLIP/a.xml"), "x").unwrap();
        fs::write(root.join("A001/.DS_Store"), "x").unwrap();
        lists_follow(root, card).unwrap();
        assert!(root.join("A001/ascmhl/0001.mhl").exists(), "a file of it is still there");
        fs::remove_file(root.join("A001/CONTENTS/CLIP/a.xml")).unwrap();
        lists_follow(root, card).unwrap();
        assert!(root.join("Sent/A001/ascmhl/0001.mhl").exists() && !root.join("A001/ascmhl").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_way_leads_nowhere() {
        let scratch = tempfile::tempdir().unwrap();
        let (root, away) = (scratch.path().join("root"), scratch.path().join("away"));
        fs::create_dir_all(&root).unwrap();
        fs::create_dir_all(&away).unwrap();
        std::os::unix::fs::symlink(&away, root.join(SENT)).unwrap();
        fs::write(root.join("a.mxf"), "x").unwrap();
        let sent = sight(&root.join("a.mxf"));
        assert!(see_to(&root, Path::new("a.mxf"), &sent, &whole(), Afterwards::Move).is_err());
        assert!(root.join("a.mxf").exists() && fs::read_dir(&away).unwrap().next().is_none());
    }
}
