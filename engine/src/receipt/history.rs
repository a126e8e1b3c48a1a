//! The `ascmhl` folder of a card: the generations that are in it, ours and other tools', checked against their chain, and one
//! more put beside them. Nothing that is there is written over but the chain, which grows by a line. Blocking.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{BufReader, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::hash::{Format, c4};
use super::list::{Action, CHAIN, ENDING, Entry, FOLDER, Generation, Hash, HashList};
use super::read::{self, LONGEST, bad};
use super::write;
use crate::error::{Code, Error, Result, disk};
use crate::source::unreadable;

const MOST_GENERATIONS: usize = 1_000;

/// What a card's own lists say so far.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The oldest first.
    pub lists: Vec<HashList>,
    chain: Option<(String, usize)>,
    latest: u32,
}

/// A generation that is to be.
pub(super) struct Next {
    pub file: String,
    pub xml: String,
    pub chain: String,
}

impl History {
    /// Of a card that may have none.
    pub(super) fn load(root: &Path) -> Result<History> {
        let folder = root.join(FOLDER);
        match fs::symlink_metadata(&folder) {
            Ok(there) if there.is_dir() => {}
            Ok(_) => return Err(bad("ascmhl is no folder")),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(History::default());
            }
            Err(e) => return Err(unreadable(&folder, &e)),
        }
        let mut files = Vec::new();
        for there in fs::read_dir(&folder).map_err(|e| unreadable(&folder, &e))? {
            let there = there.map_err(|e| unreadable(&folder, &e))?;
            let name = there.file_name().to_string_lossy().into_owned();
            if let Some(number) = number_of(&name) {
                files.push((number, name));
            }
        }
        if files.len() > MOST_GENERATIONS {
            return Err(bad("more than a thousand generations"));
        }
        files.sort();
        let chain = match fs::symlink_metadata(folder.join(CHAIN)) {
            Ok(there) if there.is_file() => Some(whole(&folder.join(CHAIN))?),
            _ if files.is_empty() => None,
            _ => return Err(broken(CHAIN, "is not there")),
        };
        let mut history = History { latest: files.last().map_or(0, |(number, _)| *number), ..History::default() };
        if let Some(bytes) = chain {
            let (generations, end) = read::chain(&bytes)?;
            for named in &generations {
                let Some((_, file)) = files.iter().find(|(_, file)| *file == named.file) else {
                    return Err(broken(&named.file, "is not there"));
                };
                if c4(&whole(&folder.join(file))?) != named.c4 {
                    return Err(broken(file, "was changed"));
                }
            }
            let last = generations.iter().map(|named| named.number).max().unwrap_or(0);
            history.latest = history.latest.max(last);
            history.chain = Some((String::from_utf8(bytes).map_err(bad)?, end));
        }
        for (_, file) in &files {
            history.lists.push(open(&folder.join(file))?);
        }
        Ok(history)
    }

    /// Every hash of each file, the oldest first.
    pub(super) fn hashes(&self) -> HashMap<String, Vec<Hash>> {
        let mut all = HashMap::<String, Vec<Hash>>::new();
        for entry in self.files() {
            all.entry(entry.path.clone()).or_default().extend(entry.hashes.iter().cloned());
        }
        all
    }

    /// A file that the lists name, under the name that it has by now, and that is not among these.
    pub(super) fn missing(&self, there: &BTreeSet<&str>) -> Option<&str> {
        let renamed: BTreeSet<&str> = self.files().filter_map(|entry| entry.previous.as_deref()).collect();
        let mut named = self.files().map(|entry| entry.path.as_str());
        named.find(|path| !there.contains(path) && !renamed.contains(path))
    }

    fn files(&self) -> impl Iterator<Item = &Entry> {
        self.lists.iter().flat_map(|list| &list.files)
    }

    /// Of the newest list: what is no part of it is none of the next one either.
    pub(super) fn ignored(&self) -> &[String] {
        self.lists.last().map_or(&[], |list| &list.ignored)
    }

    /// The generation after these. `stamp`: its moment as names have it, `now` as RFC 3339.
    pub(super) fn next(&self, root: &Path, list: &HashList, host: &str, stamp: &str, now: &str) -> Next {
        let number = self.latest.saturating_add(1);
        let name = root.file_name().map_or_else(|| "card".into(), |name| name.to_string_lossy().into_owned());
        let file = format!("{number:04}_{name}_{stamp}{ENDING}");
        let xml = write::hash_list(list, host, now);
        let next = Generation { number, file: file.clone(), c4: c4(xml.as_bytes()) };
        let chain = write::chain(self.chain.as_ref().map(|(text, end)| (text.as_str(), *end)), &next);
        Next { file, xml, chain }
    }
}

/// What all later ones are compared with.
pub(super) fn original(hashes: &[Hash]) -> Option<&Hash> {
    hashes.iter().find(|hash| hash.action == Some(Action::Original)).or(hashes.first())
}

pub(super) fn first_of(hashes: &[Hash], format: Format) -> Option<&Hash> {
    hashes.iter().find(|hash| hash.format == format)
}

/// Of `0001_CARD_2026-11-27_031044Z.mhl`; macOS leaves shadows of such files on foreign disks.
fn number_of(name: &str) -> Option<u32> {
    let stem = name.strip_suffix(ENDING)?;
    let digits = stem.split('_').next()?;
    (digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

fn broken(file: &str, what: &str) -> Error {
    let sentence = format!(
        "The card's own hash lists do not fit together: {file} {what}. Ask whoever made them before the card is wiped."
    );
    Error::new(Code::BadInput, sentence)
}

/// A list, if it is a plain file of a sensible size.
pub(super) fn open(path: &Path) -> Result<HashList> {
    read::hash_list(BufReader::new(plain(path)?))
}

fn plain(path: &Path) -> Result<File> {
    let there = fs::symlink_metadata(path).map_err(|e| unreadable(path, &e))?;
    if !there.is_file() || there.len() > LONGEST {
        return Err(bad("no plain file, or too long"));
    }
    File::open(path).map_err(|e| unreadable(path, &e))
}

fn whole(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    plain(path)?.take(LONGEST).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
    Ok(bytes)
}

/// Puts a generation beside those that are there, and then into the chain. An error leaves the card as it was.
pub(super) fn put(root: &Path, next: &Next) -> Result<PathBuf> {
    let folder = root.join(FOLDER);
    let made = match fs::create_dir(&folder) {
        Ok(()) => true,
        Err(e) if e.kind() == ErrorKind::AlreadyExists => false,
        Err(e) => return Err(disk("write", &folder, &e)),
    };
    let path = folder.join(&next.file);
    let done = put_both(&folder, &path, next);
    if done.is_err() {
        // Ours alone, and not in the chain: taking it away again may fail as well.
        let _ = fs::remove_file(&path);
        if made {
            let _ = fs::remove_dir(&folder);
        }
    }
    done.map(|()| path.clone()).map_err(|e| disk("write", &path, &e))
}

fn put_both(folder: &Path, path: &Path, next: &Next) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(next.xml.as_bytes())?;
    file.sync_all()?;
    let mut chain = tempfile::Builder::new().prefix(".rushes-").tempfile_in(folder)?;
    chain.write_all(next.chain.as_bytes())?;
    chain.as_file().sync_all()?;
    readable_by_all(chain.as_file())?;
    chain.persist(folder.join(CHAIN)).map_err(|e| e.error)?;
    sync_folder(folder)
}

/// As any file of a card: a temporary one is for its owner alone.
#[cfg(unix)]
fn readable_by_all(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    match file.set_permissions(fs::Permissions::from_mode(0o644)) {
        // Cards have file systems without permissions.
        Err(e) if e.kind() == ErrorKind::PermissionDenied || e.kind() == ErrorKind::Unsupported => Ok(()),
        done => done,
    }
}

#[cfg(not(unix))]
fn readable_by_all(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// A new name is durable only when its folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}
