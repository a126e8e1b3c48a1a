//! What support needs to know of this computer and its newsrooms, without a name of a clip, a story or a person and without
//! a secret: the facts (`facts`), the last days' log, and the zip that a reporter keeps (`zip`). Shown whole before it is
//! kept. What a file may hold is listed here field by field: nothing comes in because somebody added it elsewhere.

mod facts;
#[cfg(test)]
mod tests;
mod zip;

use std::fs;
use std::path::Path;

use directories::UserDirs;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::add;
use crate::api::{Support, SupportFile};
use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;
use crate::home::Home;
use crate::journal::settings;
use crate::keys::Fields;
use crate::marks::Marker;
use crate::transfer::Transfer;

pub use self::zip::keep;

/// The newest log files, a day each.
const DAYS: usize = 3;
/// Of each, its end.
const MOST_OF_A_LOG: usize = 256 << 10;

pub(crate) async fn gather(engine: &Engine) -> Result<Support> {
    let watched = engine.watch.folders();
    let names = watched.into_iter().flat_map(|w| {
        let globs = w.only.into_iter().chain(w.except);
        [w.path, w.fields.slug, w.fields.story, w.fields.desk].into_iter().chain(globs)
    });
    let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
    bundle(&engine.core, names).await
}

async fn bundle(core: &Core, mut names: Vec<String>) -> Result<Support> {
    let last: Fields = core.journal.read(|c| settings::setting(c, add::LAST_FIELDS)).await?.unwrap_or_default();
    names.extend([last.slug, last.story, last.desk]);
    // Newsrooms are told by name: their names, bureaus and buckets stay readable.
    let plain: Vec<String> =
        core.profiles().0.into_iter().flat_map(|profile| [profile.name, profile.bureau, profile.bucket]).collect();
    names.extend(core.live().all().flat_map(|one| names_of(&one.transfer)));
    names.retain(|name| !plain.contains(name) && !is_number(name));
    let home = UserDirs::new().map(|dirs| dirs.home_dir().display().to_string()).unwrap_or_default();
    let data = core.home.path().display().to_string();
    let marker = Marker::new(names, &[(&data, "RUSHES_HOME"), (&home, "~")])?;

    let mut files = facts::files(core, &marker).await?;
    let (logs, marker) = (core.home.clone(), marker);
    files.extend(tokio::task::spawn_blocking(move || logs_of(&logs, &marker)).await.unwrap_or_default());
    Ok(Support { files })
}

/// All that a transfer is called, whole and in pieces: a sentence may hold any of them.
fn names_of(transfer: &Transfer) -> Vec<String> {
    let path = transfer.path.display().to_string();
    let folder = transfer.path.parent().map(|folder| folder.display().to_string());
    let pieces = [&transfer.key, &transfer.wanted].into_iter().flat_map(|key| key.split('/')).map(str::to_owned);
    let encoded = transfer.key.split('/').map(|piece| utf8_percent_encode(piece, NON_ALPHANUMERIC).to_string());
    let stem = transfer.name.rsplit_once('.').map(|(stem, _)| stem.to_owned());
    let whole = [transfer.key.clone(), transfer.wanted.clone(), transfer.name.clone(), transfer.story.clone(), path];
    whole.into_iter().chain(pieces).chain(encoded).chain(stem).chain(folder).collect()
}

/// Such as the date in a key.
fn is_number(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || "-_./\\".contains(c))
}

/// Our own crates alone write there, and marks instead of names; what an older Rushes wrote is marked here.
fn logs_of(home: &Home, marker: &Marker) -> Vec<SupportFile> {
    let Ok(found) = fs::read_dir(home.logs()) else { return Vec::new() };
    let mut paths: Vec<_> = found.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_log(path)).collect();
    paths.sort();
    let newest = paths.into_iter().rev().take(DAYS);
    let read = newest.filter_map(|path| {
        let bytes = fs::read(&path).ok()?;
        let end = &bytes[bytes.len().saturating_sub(MOST_OF_A_LOG)..];
        Some(SupportFile {
            name: format!("logs/{}", path.file_name()?.to_string_lossy()),
            holds: "What Rushes noted that day, the end of it. Marks such as #1f9c03ab.mxf stand for names of clips."
                .to_owned(),
            text: marker.on(&String::from_utf8_lossy(end)),
        })
    });
    read.collect()
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "log")
        && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rushes."))
        && path.is_file()
}
