//! One card, from the question to the receipt: each of its files is one that was proved, still has those bytes, and is still
//! in the bucket. Anything else is trouble, with the file's name.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use tokio::task::spawn_blocking;

use super::card::{self, Card, IGNORED, OnCard, Read, Reading};
use super::hash::{FolderSums, Format};
use super::history::{self, History};
use super::keep::{Made, keep};
use super::list::{Action, Entry, FOLDER, Folder, Hash, HashList, InBucket, is_writable};
use super::{in_bucket, moment, progress};
use crate::core::Core;
use crate::error::{Error, Result};
use crate::integrity::{Algorithm, checksum_of};
use crate::journal::receipts::{self, SentFile};
use crate::profile::newsroom;
use crate::source::unreadable;
use crate::transfer::{BatchId, Proof, Status};

/// Objects that are asked about at the same time.
const AT_ONCE: usize = 8;
/// So often a window is shown how far the reading is.
const SHOWN: Duration = Duration::from_secs(1);

/// Why there is no receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// Rushes is being closed.
    Closing,
    Trouble(String),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Stopped {
        Stopped::Trouble(error.message)
    }
}

pub(super) type Checked<T> = std::result::Result<T, Stopped>;

pub(super) fn trouble<T>(sentence: String) -> Checked<T> {
    Err(Stopped::Trouble(sentence))
}

pub(super) async fn check(core: &Arc<Core>, batch: BatchId, root: &Path) -> Checked<Made> {
    let at = root.to_owned();
    let (card, history) = blocking(move || Ok((card::walk(&at)?, History::load(&at)?))).await?;
    let proved = proved(core, batch, root, &card).await?;
    let there: BTreeSet<&str> = card.files.iter().map(|file| file.name.as_str()).collect();
    if let Some(missing) = history.missing(&there) {
        return trouble(format!("{missing} is named in the card's own hash list, and is not on the card."));
    }
    let before = Arc::new(history.hashes());
    let history = Arc::new(history);
    let mut files = Vec::with_capacity(card.files.len());
    let reading = Reading::until(&core.closing);
    let of = card.files.iter().map(|file| file.look.size).sum();
    let mut shown = tokio::time::interval(SHOWN);
    for (on_card, proved) in card.files.iter().zip(&proved) {
        let mut read_it = pin!(read_again(on_card, proved, &before, &reading));
        let (read, hashes) = loop {
            tokio::select! {
                read = &mut read_it => break read?,
                _ = shown.tick() => progress(core, batch, reading.bytes(), of),
            }
        };
        files.push((on_card, proved, read, hashes));
    }
    let mut asked: Vec<BoxFuture<'_, Checked<(InBucket, bool)>>> = Vec::new();
    for (on_card, proved, read, _) in &files {
        asked.push(in_bucket::ask(core, on_card, proved, read).boxed());
    }
    let objects: Vec<(InBucket, bool)> = futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let mut list = HashList { ignored: ignored(&history, &card), ..HashList::default() };
    let content: HashMap<String, u128> =
        files.iter().filter_map(|(on_card, _, read, _)| Some((on_card.name.clone(), ours(read)?))).collect();
    list.folders = folders(&card, &content);
    let all_seen = objects.iter().all(|(_, seen)| *seen);
    for ((on_card, _, read, hashes), (object, _)) in files.into_iter().zip(objects) {
        list.files.push(Entry {
            path: on_card.name.clone(),
            size: Some(read.size),
            modified: Some(on_card.look.modified).filter(|at| *at > 0).map(|at| moment(at / 1_000_000)),
            hashes,
            previous: None,
            object: Some(object),
        });
    }
    // Nothing came and nothing went while it was read.
    let at = root.to_owned();
    if blocking(move || card::walk(&at)).await? != card {
        return trouble(
            "Something on the card was changed while it was read. Send what is new, then ask again.".into(),
        );
    }
    let mut made = keep(core, batch, root, &card, &proved, &history, list).await?;
    if !all_seen {
        let unseen = "Your keys may not look at what they put: that it is there is known from when it was sent.";
        made.remark = Some(made.remark.map_or(unseen.into(), |remark| format!("{remark} {unseen}")));
    }
    Ok(made)
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(Error::internal)?
}

/// What was proved of each file of the card, in its order.
async fn proved(core: &Core, batch: BatchId, root: &Path, card: &Card) -> Checked<Vec<SentFile>> {
    let of = root.to_owned();
    let all = core.journal.read(move |c| receipts::of_folder(c, &of)).await?;
    let on_card: BTreeSet<&Path> = card.files.iter().map(|file| file.path.as_path()).collect();
    let is_systems = |path: &Path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        card.ignored.iter().any(|pattern| name == *pattern || pattern == "._*" && name.starts_with("._"))
            || path.strip_prefix(root).is_ok_and(|within| passed_over(within, card))
    };
    let gone = all
        .iter()
        .find(|file| file.batch == batch && !on_card.contains(file.path.as_path()) && !is_systems(&file.path));
    if let Some(gone) = gone {
        return trouble(format!("{} is not on the card any more.", shown(root, &gone.path)));
    }
    let Some(of) = all.iter().find(|file| file.batch == batch).map(|file| newsroom(&file.profile).to_owned()) else {
        return trouble("Nothing of this card was sent.".into());
    };
    let mut by_path: HashMap<PathBuf, Vec<SentFile>> = HashMap::new();
    for file in all.into_iter().filter(|file| newsroom(&file.profile) == of) {
        by_path.entry(file.path.clone()).or_default().push(file);
    }
    let mut proved = Vec::with_capacity(card.files.len());
    for OnCard { name, path, .. } in &card.files {
        let sent = by_path.remove(path).unwrap_or_default();
        let is_open = sent.iter().any(|file| !file.status.is_ended());
        match sent.into_iter().rev().find(|file| matches!(file.status, Status::Done { .. })) {
            Some(done) => proved.push(done),
            None if is_open => return trouble(format!("{name} is not in the bucket yet.")),
            None => return trouble(format!("{name} was left out: it was not sent.")),
        }
    }
    if proved.is_empty() {
        return trouble("There is no file on the card.".into());
    }
    Ok(proved)
}

/// In the system's own folders, or in a folder of hash lists.
fn passed_over(within: &Path, card: &Card) -> bool {
    let segments: Vec<String> = within.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    let Some((_, folders)) = segments.split_last() else { return false };
    folders.iter().any(|folder| folder == FOLDER)
        || folders.first().is_some_and(|first| card.ignored.contains(&format!("{first}/")))
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// The card still holds what was proved, and what its own lists say. Answers with what is to be said of the file.
async fn read_again(
    file: &OnCard,
    proved: &SentFile,
    before: &Arc<HashMap<String, Vec<Hash>>>,
    reading: &Reading,
) -> Checked<(Read, Vec<Hash>)> {
    let (path, name, reading) = (file.path.clone(), file.name.clone(), reading.clone());
    let (before, proof, sent) = (before.clone(), proved.status.clone(), proved.sent.clone());
    spawn_blocking(move || {
        let before = before.get(&name).map_or(&[][..], Vec::as_slice);
        let first = history::original(before);
        let formats: BTreeSet<Format> = first.map(|hash| hash.format).into_iter().chain([Format::OURS]).collect();
        let formats: Vec<Format> = formats.into_iter().collect();
        let Some(read) = card::read(&path, &formats, &reading)? else { return Err(Stopped::Closing) };
        let changed = || trouble(format!("{name} is not what was sent: it was changed, or the card is failing."));
        match &proof {
            Status::Done { proof: Proof::WholeObject { algorithm, checksum }, .. } => {
                let is_it = match Algorithm::named(algorithm) {
                    Some(Algorithm::Crc64Nvme) => *checksum == read.crc.to_string(),
                    // The bucket had it before, by a checksum of another kind.
                    Some(other) => {
                        let again = || checksum_of(other, std::fs::File::open(&path)?);
                        again().map_err(|e| unreadable(&path, &e))?.value == *checksum
                    }
                    None => false,
                };
                if !is_it {
                    return changed();
                }
            }
            Status::Done { proof: Proof::EachPart { .. }, .. } => match sent.crc {
                Some(crc) if crc == read.crc => {}
                Some(_) => return changed(),
                None => return trouble(format!("{name} was proved by nothing that could be compared. Send it again.")),
            },
            _ => return trouble(format!("Of {name} only the length was checked.")),
        }
        let mut hashes = Vec::new();
        for (format, value) in &read.hashes {
            if history::first_of(before, *format).is_some_and(|known| known.value != *value) {
                return trouble(format!("{name} is not what the card's own hash list says it was."));
            }
            let action = if first.is_none() { Action::Original } else { Action::Verified };
            hashes.push(Hash { format: *format, value: value.clone(), action: Some(action) });
        }
        Ok((read, hashes))
    })
    .await
    .map_err(|e| Stopped::from(Error::internal(e)))?
}

fn ours(read: &Read) -> Option<u128> {
    let (_, value) = read.hashes.iter().find(|(format, _)| *format == Format::OURS)?;
    u128::from_str_radix(value, 16).ok()
}

fn ignored(history: &History, card: &Card) -> Vec<String> {
    let mut patterns: Vec<String> = history.ignored().to_vec();
    for pattern in IGNORED.iter().map(|pattern| (*pattern).to_owned()).chain(card.ignored.iter().cloned()) {
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns.retain(|pattern| is_writable(pattern));
    patterns
}

/// The hashes of each folder and of the root, whose path is empty.
pub(super) fn folders(card: &Card, content: &HashMap<String, u128>) -> Vec<Folder> {
    let parent = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let mut sums: HashMap<String, FolderSums> = HashMap::new();
    for (path, hash) in content {
        sums.entry(parent(path)).or_default().file(&last(path), *hash);
    }
    // The deepest first: a folder is done before the one that it is in.
    let mut paths: Vec<&str> = card.folders.iter().map(String::as_str).chain([""]).collect();
    paths.sort_by_key(|path| (std::cmp::Reverse(if path.is_empty() { 0 } else { path.split('/').count() }), *path));
    let mut all = Vec::new();
    for path in paths {
        let (content, structure) = sums.remove(path).unwrap_or_default().value();
        if !path.is_empty() {
            sums.entry(parent(path)).or_default().folder(&last(path), content, structure);
        }
        let hex = |hash: u128| format!("{hash:032x}");
        all.push(Folder { path: path.to_owned(), content: hex(content), structure: hex(structure) });
    }
    all
}
