//! Which of the files that are whole were sent before: by content and place, not by name alone. The same content at another
//! place, whose old place does not hold it any more, was moved; while the old place holds it, it is another file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use crate::core::Core;
use crate::error::{Error, Result};
use crate::integrity::Algorithm;
use crate::journal::watching::{self, Sight, Taken};
use crate::source::Source;
use crate::transfer::{Change, TransferId};

/// Smaller files are alike by chance, as sidecars are: those are the same only under the same name.
const TELLING: u64 = 64 << 10;

/// A file, and the one that it is found to be.
pub(super) type Before = (PathBuf, Sight, Taken);

/// Sorts files, each by its path, into those to be sent and those that were.
pub(super) async fn sort(
    core: &Core,
    profile: &str,
    files: Vec<(PathBuf, Sight)>,
) -> Result<(Vec<(PathBuf, Sight)>, Vec<Before>)> {
    let (mut new, mut before) = (Vec::new(), Vec::new());
    // Of each size, those whose place does not hold them any more.
    let mut gone: HashMap<u64, Vec<Taken>> = HashMap::new();
    for (path, sight) in files {
        let mut content = Content { path: &path, crc: None };
        let (of, at) = (profile.to_owned(), path.clone());
        let here = core.journal.read(move |c| watching::taken_at(c, &of, &at)).await?;
        let found = match here {
            Some(taken) => is_same_here(&taken, &sight, &mut content).await?.then_some(taken),
            None => {
                let gone = match gone.entry(sight.size) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        let (of, size) = (profile.to_owned(), sight.size);
                        let alike = core.journal.read(move |c| watching::taken_of_size(c, &of, size)).await?;
                        let left = tokio::task::spawn_blocking(|| alike.into_iter().filter(is_gone).collect());
                        new.insert(left.await.map_err(Error::internal)?)
                    }
                };
                match find(gone, &sight, &mut content).await? {
                    Some(at) if gone[at].is_ended() => Some(gone.remove(at)),
                    // On its way from where it was: it goes from where it is.
                    Some(at) => {
                        give_up(core, gone.remove(at).transfer);
                        None
                    }
                    None => None,
                }
            }
        };
        match found {
            Some(taken) => before.push((path, sight, taken)),
            None => new.push((path, sight)),
        }
    }
    Ok((new, before))
}

/// What is on its way is asked for again: it goes on, or begins again where the file has changed.
async fn is_same_here(taken: &Taken, sight: &Sight, content: &mut Content<'_>) -> Result<bool> {
    if !taken.is_ended() {
        return Ok(false);
    }
    if (taken.sight.size, taken.sight.modified) == (sight.size, sight.modified) {
        return Ok(true);
    }
    match taken.checksum() {
        Some(known) if taken.sent_size == Some(sight.size) => content.is(known).await,
        _ => Ok(false),
    }
}

/// The one that this file was, by what the system says of it or by its content.
async fn find(gone: &[Taken], sight: &Sight, content: &mut Content<'_>) -> Result<Option<usize>> {
    let is_it = |taken: &Taken| sight.inode != 0 && taken.sight == *sight;
    if let Some(at) = gone.iter().position(is_it) {
        return Ok(Some(at));
    }
    let name = content.path.file_name();
    for (at, taken) in gone.iter().enumerate() {
        let Some(known) = taken.checksum() else { continue };
        let is_likely = sight.size >= TELLING || taken.path.file_name() == name;
        if is_likely && content.is(known).await? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Whether the place where it was sent from does not hold it any more.
fn is_gone(taken: &Taken) -> bool {
    !std::fs::symlink_metadata(&taken.path).is_ok_and(|now| now.is_file() && now.len() == taken.sight.size)
}

pub(super) fn give_up(core: &Core, id: TransferId) {
    if core.change(id, Change::Cancel).is_ok() {
        let _ = core.with(id, |one| one.driver.as_ref().map(|driver| driver.cancel()));
    }
}

/// A file's checksum, computed once and only where it is needed.
struct Content<'a> {
    path: &'a Path,
    crc: Option<String>,
}

impl Content<'_> {
    async fn is(&mut self, known: &str) -> Result<bool> {
        if self.crc.is_none() {
            // What cannot be read is not the same: sending it says what is wrong with it.
            let Ok(source) = Source::open(self.path).await else { return Ok(false) };
            let Ok(read) = source.whole_checksum(Algorithm::Crc64Nvme).await else { return Ok(false) };
            self.crc = Some(read.value);
        }
        Ok(self.crc.as_deref() == Some(known))
    }
}
