//! The card itself: what is on it, and its files read again from the first byte to the last. Blocking; knows no bucket.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;
use walkdir::WalkDir;

use super::hash::{Format, Sum};
use super::list::{FOLDER, is_writable};
use crate::error::{Code, Error, Result};
use crate::integrity::{Crc64, Crc64Sum};
use crate::source::{look_of, unreadable};
use crate::transfer::Look;

const PIECE: usize = 1 << 20;

/// What systems and their file browsers leave on every disk that they see. No camera writes such.
const SYSTEMS_FILES: [&str; 4] = [".ds_store", "desktop.ini", "thumbs.db", ".fcpcache"];
const SYSTEMS_FOLDERS: [&str; 7] = [
    "system volume information",
    "$recycle.bin",
    ".trashes",
    ".spotlight-v100",
    ".fseventsd",
    ".temporaryitems",
    "lost+found",
];
/// As the standard's tools ignore them, whatever else was found.
pub(super) const IGNORED: [&str; 6] = [".DS_Store", "ascmhl", "ascmhl/", "._*", "Thumbs.db", "desktop.ini"];

/// A file of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OnCard {
    /// Within the card, `/` between folders.
    pub name: String,
    pub path: PathBuf,
    pub look: Look,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Card {
    pub files: Vec<OnCard>,
    /// Without the root.
    pub folders: Vec<String>,
    /// What was passed over, as patterns.
    pub ignored: BTreeSet<String>,
    /// A folder within has hash lists of its own.
    pub nested: Option<String>,
}

fn is_systems(name: &str, is_folder: bool) -> bool {
    let lower = name.to_ascii_lowercase();
    match is_folder {
        true => SYSTEMS_FOLDERS.contains(&lower.as_str()),
        false => SYSTEMS_FILES.contains(&lower.as_str()) || name.starts_with("._"),
    }
}

fn trouble(sentence: String) -> Error {
    Error::new(Code::BadInput, sentence)
}

/// Looks through all of it. What could be neither sent nor named makes it an error: nothing may be passed over in silence.
pub(super) fn walk(root: &Path) -> Result<Card> {
    let mut card = Card::default();
    let mut walk = WalkDir::new(root).follow_links(false).min_depth(1).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|e| {
            let at = e.path().unwrap_or(root).to_owned();
            unreadable(&at, &e.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into()))
        })?;
        let within = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let segments: Option<Vec<&str>> = within.components().map(|c| c.as_os_str().to_str()).collect();
        let name = segments.map(|segments| segments.join("/")).filter(|name| is_writable(name));
        let Some(name) = name else {
            let shown = within.display().to_string().replace(char::is_control, "\u{fffd}");
            return Err(trouble(format!(
                "The name {shown} holds what a hash list cannot: rename it, then send it again."
            )));
        };
        let own = entry.file_name().to_string_lossy();
        let kind = entry.file_type();
        if kind.is_dir() {
            if own == FOLDER {
                if entry.depth() > 1 {
                    card.nested = Some(name);
                }
                walk.skip_current_dir();
            } else if entry.depth() == 1 && is_systems(&own, true) {
                card.ignored.insert(format!("{own}/"));
                walk.skip_current_dir();
            } else {
                card.folders.push(name);
            }
        } else if kind.is_file() && is_systems(&own, false) {
            card.ignored.insert(if own.starts_with("._") { "._*".to_owned() } else { own.into_owned() });
        } else if kind.is_file() {
            let path = entry.path().to_owned();
            let look = look_of(&entry.metadata().map_err(|e| unreadable(&path, &e.into()))?);
            card.files.push(OnCard { name, path, look });
        } else {
            return Err(trouble(format!("{name} is a link or no plain file, and was left out.")));
        }
    }
    Ok(card)
}

/// What a file's bytes come to, all from one reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub size: u64,
    pub crc: Crc64,
    pub hashes: Vec<(Format, String)>,
}

/// How much was read, by whoever reads several files, and whether that is to stop.
#[derive(Clone, Default)]
pub(super) struct Reading {
    bytes: Arc<AtomicU64>,
    stop: CancellationToken,
}

impl Reading {
    pub(super) fn until(stop: &CancellationToken) -> Reading {
        Reading { stop: stop.clone(), ..Reading::default() }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// Reads a file again, by the disk and not by what the system remembers of it. `None` where that is to stop.
pub(super) fn read(path: &Path, formats: &[Format], reading: &Reading) -> Result<Option<Read>> {
    let failed = |e: std::io::Error| unreadable(path, &e);
    // Looked at first: opening a pipe waits for its writer.
    plain(std::fs::symlink_metadata(path).map_err(failed)?)?;
    let mut file = File::open(path).map_err(failed)?;
    let before = plain(file.metadata().map_err(failed)?)?;
    forget_cached(&file);
    let mut crc = Crc64Sum::default();
    let mut sums: Vec<(Format, Sum)> = formats.iter().map(|format| (*format, Sum::new(*format))).collect();
    let (mut buffer, mut size) = (vec![0; PIECE], 0);
    loop {
        if reading.stop.is_cancelled() {
            return Ok(None);
        }
        let n = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(failed(e)),
        };
        size += n as u64;
        reading.bytes.fetch_add(n as u64, Ordering::Relaxed);
        crc.update(&buffer[..n]);
        sums.iter_mut().for_each(|(_, sum)| sum.update(&buffer[..n]));
    }
    if !before.same_file(&look_of(&file.metadata().map_err(failed)?)) {
        return Err(crate::source::changed(path));
    }
    let hashes = sums.into_iter().map(|(format, sum)| (format, sum.value())).collect();
    Ok(Some(Read { size, crc: crc.value(), hashes }))
}

fn plain(metadata: Metadata) -> Result<Look> {
    if metadata.is_file() { Ok(look_of(&metadata)) } else { Err(trouble("That is no plain file.".into())) }
}

/// What was read a moment ago would come from memory, and say nothing of the card. Advice: where it is not heeded, memory
/// has it.
#[cfg(target_os = "linux")]
fn forget_cached(file: &File) {
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

#[cfg(not(target_os = "linux"))]
fn forget_cached(_: &File) {}
