//! Where a receipt is put: beside the files, on this computer, and in the bucket. Writes over nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::card::Card;
use super::check::{Checked, blocking};
use super::history::{self, History, Next};
use super::in_bucket::Patience;
use super::list::{CHAIN, FOLDER, HashList};
use super::{moment, timestamp};
use crate::clock;
use crate::core::Core;
use crate::error::{Result, disk};
use crate::journal::receipts::SentFile;
use crate::keys;
use crate::s3::Class;
use crate::transfer::BatchId;

pub(super) struct Made {
    /// Beside the files, or where it is kept otherwise.
    pub path: PathBuf,
    pub remark: Option<String>,
    pub files: usize,
}

/// Beside the files, on this computer, and in the bucket.
pub(super) async fn keep(
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
