//! One card, from the question to the receipt: each of its files is one that was proved, still has those bytes, and is still
//! in the bucket. Anything else is trouble, with the file's name.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::card::{self, Card, IGNORED, OnCard, Read};
use super::hash::{FolderSums, Format};
use super::history::{self, History, Next};
use super::list::{Action, CHAIN, Entry, FOLDER, Folder, Hash, HashList, InBucket, is_writable};
use super::object::{self, judge};
use crate::api::{Found, ObjectInReceipt, StoredChecksum};
use crate::clock;
use crate::core::Core;
use crate::error::{Code, Error, Result, disk};
use crate::integrity::{Algorithm, checksum_of};
use crate::journal::receipts::{self, SentFile};
use crate::keys;
use crate::profile::newsroom;
use crate::s3::{Class, Refusal};
use crate::source::unreadable;
use crate::transfer::{BatchId, Proof, Status, UnixMs};

/// Objects that are asked about at the same time.
const AT_ONCE: usize = 8;
/// How long a network may be away before the card has to wait for somebody.
const PATIENCE: Duration = Duration::from_secs(120);

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

pub(super) struct Made {
    /// Beside the files, or where it is kept otherwise.
    pub path: PathBuf,
    pub remark: Option<String>,
    pub files: usize,
}

type Checked<T> = std::result::Result<T, Stopped>;

fn trouble<T>(sentence: String) -> Checked<T> {
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
    for (on_card, proved) in card.files.iter().zip(&proved) {
        let (read, hashes) = read_again(core, on_card, proved, &before).await?;
        files.push((on_card, proved, read, hashes));
    }
    let mut asked: Vec<BoxFuture<'_, Checked<(InBucket, bool)>>> = Vec::new();
    for (on_card, proved, read, _) in &files {
        asked.push(in_bucket(core, on_card, proved, read).boxed());
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

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
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
    core: &Core,
    file: &OnCard,
    proved: &SentFile,
    before: &Arc<HashMap<String, Vec<Hash>>>,
) -> Checked<(Read, Vec<Hash>)> {
    let (path, name, stop) = (file.path.clone(), file.name.clone(), core.closing.clone());
    let (before, proof, sent) = (before.clone(), proved.status.clone(), proved.sent.clone());
    spawn_blocking(move || {
        let before = before.get(&name).map_or(&[][..], Vec::as_slice);
        let first = history::original(before);
        let formats: BTreeSet<Format> = first.map(|hash| hash.format).into_iter().chain([Format::OURS]).collect();
        let formats: Vec<Format> = formats.into_iter().collect();
        let Some(read) = card::read(&path, &formats, Some(&stop))? else { return Err(Stopped::Closing) };
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

/// The bucket still has it. Keys that may not look leave it at the proof of the transfer: then `false`.
async fn in_bucket(core: &Core, file: &OnCard, proved: &SentFile, read: &Read) -> Checked<(InBucket, bool)> {
    let checksum = match &proved.status {
        Status::Done { proof: Proof::WholeObject { algorithm, checksum }, .. } => {
            Some((algorithm.clone(), checksum.clone()))
        }
        _ => None,
    };
    let mut object = InBucket {
        bucket: proved.bucket.clone(),
        key: proved.key.clone(),
        version: proved.sent.version.clone(),
        checksum: checksum.clone(),
        etag: proved.sent.etag.clone(),
        proved_at: moment(proved.ended_at.unwrap_or_else(clock::now)),
    };
    let texts = [Some(&object.bucket), Some(&object.key), object.version.as_ref(), object.etag.as_ref()];
    if texts.into_iter().flatten().any(|text| !is_writable(text)) {
        return trouble(format!("The key of {} holds what a hash list cannot.", file.name));
    }
    let wanted = ObjectInReceipt {
        path: file.name.clone(),
        size: read.size,
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        version: object.version.clone(),
        checksum: checksum.map(|(algorithm, value)| StoredChecksum { algorithm, value }),
        etag: object.etag.clone(),
    };
    let mut patience = Patience::begin();
    let told = loop {
        match object::ask(&core.store(&proved.profile)?, &wanted).await {
            Ok(told) => break told,
            Err(refusal) if refusal.error.code == Code::AccessDenied => return Ok((object, false)),
            Err(refusal) => patience.wait(refusal).await?,
        }
    };
    let compared = judge(&wanted, &told);
    if compared.found != Found::Same {
        return trouble(compared.sentence.unwrap_or_else(|| format!("{} is not in the bucket as it was.", file.name)));
    }
    if let Some(now) = told.now
        && object.version.is_none()
    {
        object.version = now.version.filter(|version| is_writable(version));
    }
    Ok((object, true))
}

/// Waits while the network or the store stumbles, for a while.
struct Patience {
    begun: Instant,
    rest: Duration,
}

impl Patience {
    fn begin() -> Patience {
        Patience { begun: Instant::now(), rest: Duration::from_millis(500) }
    }

    /// Until it may be asked again, or the refusal where that is for good.
    async fn wait(&mut self, refusal: Refusal) -> Result<()> {
        let may_pass = matches!(refusal.class, Class::Network | Class::Again | Class::Later | Class::RanOut);
        if !may_pass || self.begun.elapsed() > PATIENCE {
            return Err(refusal.error);
        }
        tokio::time::sleep(self.rest).await;
        self.rest = (self.rest * 2).min(Duration::from_secs(10));
        Ok(())
    }
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

/// Beside the files, on this computer, and in the bucket.
async fn keep(
    core: &Arc<Core>,
    batch: BatchId,
    root: &Path,
    card: &Card,
    proved: &[SentFile],
    history: &Arc<History>,
    list: HashList,
) -> Checked<Made> {
    let now = clock::now();
    let stamp = timestamp(now).strftime("%Y-%m-%d_%H%M%SZ").to_string();
    let (at, history, files) = (root.to_owned(), history.clone(), list.files.len());
    let folder = core.home.path().join("receipts");
    let nested = card.nested.clone();
    let (next, beside, kept) = blocking(move || {
        let host = hostname::get().map_or_else(|_| "unknown".into(), |name| name.to_string_lossy().into_owned());
        let host: String = host.chars().filter(|c| !c.is_control()).collect();
        let next = history.next(&at, &list, &host, &stamp, &moment(now));
        let kept = folder.join(format!("{batch}-{}", next.file));
        std::fs::create_dir_all(&folder).map_err(|e| disk("write", &folder, &e))?;
        std::fs::write(&kept, &next.xml).map_err(|e| disk("write", &kept, &e))?;
        let beside = match nested {
            Some(within) => Err(format!("{within} has hash lists of its own")),
            None => history::put(&at, &next).map_err(|_| "The card is write-protected or full".to_owned()),
        };
        Ok((next, beside, kept))
    })
    .await?;
    let in_bucket = put(core, &next, card, proved).await.map_err(|error| error.message);
    let remark = match (&beside, in_bucket) {
        (Ok(_), Ok(())) => None,
        (Err(why), Ok(())) => Some(format!("{why}: the receipt is kept on this computer and in the bucket.")),
        (Ok(_), Err(why)) => {
            Some(format!("The receipt is beside the files, but could not be put into the bucket: {why}"))
        }
        (Err(_), Err(why)) => {
            Some(format!("The receipt is kept on this computer alone. It could not be put into the bucket: {why}"))
        }
    };
    Ok(Made { path: beside.unwrap_or(kept), remark, files })
}

/// Under the folder that the card has in the bucket, where no list shows it and no alert goes by it.
async fn put(core: &Core, next: &Next, card: &Card, proved: &[SentFile]) -> Result<()> {
    let names = card.files.iter().map(|file| file.name.as_str());
    let folder = folder_in_bucket(names.zip(proved.iter().map(|file| file.key.as_str())));
    let Some(first) = proved.first() else { return Ok(()) };
    for (name, text) in [(next.file.as_str(), &next.xml), (CHAIN, &next.chain)] {
        let key = keys::under_prefix(&folder, &format!("{FOLDER}/{name}"))?;
        let mut patience = Patience::begin();
        while let Err(refusal) = core.store(&first.profile)?.put_list(&key, text.clone().into_bytes()).await {
            // Of the list, an answer that was not heard: its name holds the second in which it was made. A chain that is there
            // stays, as everything does; what it names is still so.
            if refusal.class == Class::Condition {
                break;
            }
            patience.wait(refusal).await?;
        }
    }
    Ok(())
}

/// Where the card is in the bucket: the key of a file without the file's path on the card.
pub(super) fn folder_in_bucket<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let shallowest = files.min_by_key(|(name, _)| name.split('/').count());
    let Some((name, key)) = shallowest else { return String::new() };
    let segments: Vec<&str> = key.split('/').collect();
    segments[..segments.len().saturating_sub(name.split('/').count())].join("/")
}

fn timestamp(at: UnixMs) -> Timestamp {
    Timestamp::from_second(at.div_euclid(1000)).unwrap_or_default()
}

/// RFC 3339, to the second.
fn moment(at: UnixMs) -> String {
    timestamp(at).to_string()
}
