//! A receipt that somebody has, read again: what it says of each file, and whether the files beside it are still so. Blocking;
//! whether the bucket is, `object` asks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::card::{self, Reading};
use super::history::{self, History};
use super::list::{ENDING, Entry, FOLDER, HashList};
use super::read::{self, bad};
use super::write;
use crate::api::{Compared, Found, ObjectInReceipt, StoredChecksum};
use crate::error::{Code, Error, Result};

/// A receipt, or all that an `ascmhl` folder says.
#[derive(Clone, Debug)]
pub struct Opened {
    root: PathBuf,
    files: Vec<Entry>,
}

/// What the file beside a receipt is now.
pub type Beside = Compared;

/// Opens a `.mhl` file, a folder with an `ascmhl` folder in it, or that folder itself.
pub fn open(path: &Path) -> Result<Opened> {
    let path = std::path::absolute(path).map_err(|e| bad(&e))?;
    let is_named = |path: &Path| path.file_name().is_some_and(|name| name == FOLDER);
    let above = |path: &Path| path.parent().unwrap_or(path).to_owned();
    if path.is_dir() {
        let root = if is_named(&path) { above(&path) } else { path };
        let history = History::load(&root)?;
        if history.lists.is_empty() {
            let sentence =
                format!("There is no receipt in {}: it has no folder {FOLDER} with hash lists.", root.display());
            return Err(Error::new(Code::NotFound, sentence));
        }
        return Ok(Opened { root, files: newest(history.lists) });
    }
    let folder = above(&path);
    let root = if is_named(&folder) { above(&folder) } else { folder };
    if path.extension().is_none_or(|ending| format!(".{}", ending.to_string_lossy()) != ENDING) {
        return Err(Error::new(
            Code::BadInput,
            format!("A receipt is a file that ends in {ENDING}, or a folder with {FOLDER} in it."),
        ));
    }
    let list = history::open(&path)?;
    Ok(Opened { root, files: newest(vec![list]) })
}

/// Of each file what was said last, and where it is in the bucket by whoever said that last.
fn newest(lists: Vec<HashList>) -> Vec<Entry> {
    let mut all = BTreeMap::<String, Entry>::new();
    for mut entry in lists.into_iter().flat_map(|list| list.files) {
        let before = all.remove(entry.previous.as_ref().unwrap_or(&entry.path));
        entry.object = entry.object.or(before.and_then(|before| before.object));
        all.insert(entry.path.clone(), entry);
    }
    all.into_values().collect()
}

impl Opened {
    /// The folder that it is of.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How many files it names.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// What is to be asked of the bucket: those of its files of which it says where they are.
    pub fn objects(&self) -> Vec<ObjectInReceipt> {
        let objects = self.files.iter().filter_map(|file| Some((file, file.object.clone()?)));
        objects
            .map(|(file, object)| ObjectInReceipt {
                path: file.path.clone(),
                size: file.size.unwrap_or(0),
                bucket: object.bucket,
                key: object.key,
                version: object.version,
                checksum: object.checksum.map(|(algorithm, value)| StoredChecksum { algorithm, value }),
                etag: object.etag,
            })
            .collect()
    }

    /// Reads the files beside it again, one after the other.
    pub fn read_beside(&self, mut heard: impl FnMut(Beside)) {
        for file in &self.files {
            let (found, sentence) = beside(&self.root, file);
            let key = file.object.as_ref().map(|object| object.key.clone()).unwrap_or_default();
            heard(Compared { path: file.path.clone(), key, found, sentence });
        }
    }
}

fn beside(root: &Path, file: &Entry) -> (Found, Option<String>) {
    let formats: Vec<_> = file.hashes.iter().map(|hash| hash.format).collect();
    let path = file.path.split('/').fold(root.to_owned(), |path, segment| path.join(segment));
    let changed = || (Found::FileChanged, Some(format!("{} is not what the receipt says it was.", file.path)));
    match card::read(&path, &formats, &Reading::default()) {
        Err(error) => (Found::FileMissing, Some(error.message)),
        Ok(Some(read)) => {
            let is_size = file.size.is_none_or(|size| size == read.size);
            let is_it = |said: &super::list::Hash| {
                read.hashes.iter().any(|(format, value)| *format == said.format && *value == said.value)
            };
            if is_size && !file.hashes.is_empty() && file.hashes.iter().all(is_it) {
                (Found::Same, None)
            } else {
                changed()
            }
        }
        Ok(None) => changed(),
    }
}

/// Bytes that somebody else calls a hash list or a chain: for `crate::outside`.
pub(crate) fn take_outside(bytes: &[u8]) {
    const NOW: &str = "2026-11-22T19:42:00Z";
    if let Ok(list) = read::hash_list(bytes) {
        let root = Path::new("/card");
        for file in &list.files {
            let path = root.join(&file.path);
            assert!(path.starts_with(root) && !path.components().any(|c| c.as_os_str() == ".."), "{:?}", file.path);
        }
        let xml = write::hash_list(&list, "host", NOW);
        // What XML itself cannot hold, or gives back otherwise, nobody writes: see `is_writable`.
        if super::list::is_writable(&xml.replace('\n', "")) {
            let again = read::hash_list(xml.as_bytes()).unwrap_or_else(|e| panic!("ours cannot be read: {}", e.detail));
            let sorted = |mut list: HashList| {
                list.files.iter_mut().for_each(|file| file.hashes.sort_by_key(|hash| hash.format));
                (list.files, list.ignored)
            };
            assert_eq!(sorted(again), sorted(list), "it says something else when it is written again");
        }
    }
    if let Ok((generations, end)) = read::chain(bytes)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        let next = super::list::Generation { number: 7, file: "0007_x.mhl".into(), c4: "c4x".into() };
        let longer = write::chain(Some((text, end)), &next);
        let (again, _) = read::chain(longer.as_bytes()).unwrap_or_else(|e| panic!("a chain that grew: {}", e.detail));
        assert_eq!(again.len(), generations.len() + 1);
        assert_eq!((&again[..generations.len()], again.last()), (&generations[..], Some(&next)));
    }
}
