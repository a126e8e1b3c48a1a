//! From what was dropped or asked for to transfers: folders walked, litter left out, keys made, each asked for once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use walkdir::WalkDir;

use crate::api::{AddFiles, Added, FetchClips, Place};
use crate::clock;
use crate::core::Core;
use crate::deadline;
use crate::error::{Code, Error, Result};
use crate::home;
use crate::journal::settings;
use crate::journal::transfers;
use crate::keys::{self, Facts, Fields, Template, When};
use crate::live::One;
use crate::names;
use crate::profile::Profile;
use crate::source::unreadable;
use crate::transfer::{Change, Direction, Life, Status, Transfer, TransferId, Urgency};

/// The setting that remembers what the drop sheet was last told.
pub(crate) const LAST_FIELDS: &str = "last fields";
/// A drop larger than this is a mistake, or a whole disk.
const MOST_FILES: usize = 200_000;
/// What one of the five values of an object's metadata may take of S3's 2 KB.
const LONGEST_HEADER: usize = 360;
/// Metadata travels in headers.
const IN_HEADERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b' ').remove(b'.').remove(b'-').remove(b'_');

/// System litter, and files that other programs are still making.
pub(crate) fn is_litter(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(lower.as_str(), ".ds_store" | "desktop.ini" | "thumbs.db" | ".fcpcache")
        || name.starts_with("~$")
        || name.starts_with("._")
        || lower.ends_with(".part")
        || lower.ends_with(".tmp")
        || lower.ends_with(".crdownload")
}

/// A file found in a drop: where it is, how it is called within the drop, how large it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub path: PathBuf,
    /// `/` between folders, on every system.
    pub name: String,
    pub size: u64,
}

/// Walks what was dropped. A path that cannot be read fails the drop: nothing of it is added.
pub(crate) fn walk(paths: &[String]) -> Result<(Vec<Found>, u32)> {
    let (mut found, mut left_out) = (Vec::new(), 0);
    for path in paths {
        let top = Path::new(path);
        if !top.is_absolute() {
            return Err(Error::new(Code::BadInput, format!("{path} is not a full path.")));
        }
        let metadata = std::fs::metadata(top).map_err(|e| unreadable(top, &e))?;
        if metadata.is_file() {
            // Named outright, so it is wanted, litter or not.
            std::fs::File::open(top).map_err(|e| unreadable(top, &e))?;
            let name = top.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            found.push(Found { path: top.to_owned(), name, size: metadata.len() });
            continue;
        }
        let above = top.parent().unwrap_or(top);
        let walk = WalkDir::new(top).follow_links(false).sort_by_file_name().into_iter();
        for entry in walk
            .filter_entry(|e| e.depth() == 0 || e.file_type().is_file() || !is_litter(&e.file_name().to_string_lossy()))
        {
            let entry = entry.map_err(|e| {
                let at = e.path().unwrap_or(top).to_owned();
                unreadable(&at, &e.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into()))
            })?;
            if !entry.file_type().is_file() {
                // Links lead out of the folder, or round in circles.
                left_out += u32::from(entry.file_type().is_symlink());
                continue;
            }
            if is_litter(&entry.file_name().to_string_lossy()) {
                left_out += 1;
                continue;
            }
            let size = entry.metadata().map_or(0, |m| m.len());
            let within = entry.path().strip_prefix(above).unwrap_or(entry.path());
            let name: Vec<String> = within.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
            found.push(Found { path: entry.path().to_owned(), name: name.join("/"), size });
            if found.len() > MOST_FILES {
                return Err(Error::new(Code::BadInput, "That is more than 200,000 files. Drop a smaller folder."));
            }
        }
    }
    Ok((found, left_out))
}

pub(crate) async fn add_files(core: &Core, request: AddFiles) -> Result<Added> {
    let profile = core.profile(request.profile.as_deref())?;
    let place = checked_place(request.place)?;
    if let Place::Template { fields } = &place {
        let last = fields.clone();
        core.journal.note(move |c| settings::set_setting(c, LAST_FIELDS, &last));
    }
    let paths = request.paths;
    let (found, left_out) = tokio::task::spawn_blocking(move || walk(&paths)).await.map_err(Error::internal)??;
    if found.is_empty() {
        return Err(Error::new(Code::BadInput, "There is no file in that to send."));
    }
    let deadline = match &request.hurry.by {
        Some(by) => Some(deadline::next(by, &core.zone(Some(&profile.name)), clock::now())?),
        None => None,
    };
    let urgency = Urgency { breaking: request.hurry.breaking, deadline };
    add_found(core, &profile, &place, &urgency, found, left_out).await
}

/// Files that were found by a drop or in the watch folder.
pub(crate) async fn add_found(
    core: &Core,
    profile: &Profile,
    place: &Place,
    urgency: &Urgency,
    found: Vec<Found>,
    left_out: u32,
) -> Result<Added> {
    // All of a drop was dropped at one moment, however long it takes to look through.
    let now = clock::here();
    let one = |file| Ok(Transfer { urgency: urgency.clone(), ..upload_of(profile, place, file, now)? });
    let transfers = found.into_iter().map(one).collect::<Result<Vec<_>>>()?;
    add(core, transfers, left_out).await
}

fn checked_place(place: Place) -> Result<Place> {
    Ok(match place {
        Place::Template { fields } => Place::Template { fields: fields.checked()? },
        prefix => prefix,
    })
}

fn upload_of(profile: &Profile, place: &Place, file: Found, now: DateTime) -> Result<Transfer> {
    let fields = match place {
        Place::Template { fields } => fields.clone(),
        Place::Prefix { .. } => Fields::default(),
    };
    let key = |when| match place {
        Place::Template { fields } => Template::parse(&profile.key_template)?.fill(&Facts {
            bureau: &profile.bureau,
            when,
            fields,
            name: &file.name,
        }),
        Place::Prefix { prefix } => keys::under_prefix(prefix, &file.name),
    };
    let wanted = key(When::At(now))?;
    // Asked again after midnight, it is still the same clip.
    let asked = format!("{}\n{:?}", key(When::Open)?, file.path);
    let plain_name = file.name.rsplit('/').next().unwrap_or(&file.name).to_owned();
    let folder = file.name.split_once('/').map(|(top, _)| top.to_owned());
    let story =
        [&fields.slug, &fields.story].into_iter().find(|s| !s.is_empty()).cloned().or(folder).unwrap_or_default();
    Ok(Transfer {
        id: 0,
        batch: 0,
        direction: Direction::Up,
        profile: profile.name.clone(),
        bucket: profile.bucket.clone(),
        asked,
        key: wanted.clone(),
        wanted,
        path: file.path,
        metadata: metadata(profile, &fields, &plain_name),
        name: plain_name,
        story,
        size: file.size,
        look: None,
        held: None,
        urgency: Urgency::default(),
        life: Life::new(clock::now()),
    })
}

/// What the object says about itself. Headers are ASCII: the rest is percent-encoded. S3 takes 2 KB in all.
fn metadata(profile: &Profile, fields: &Fields, name: &str) -> BTreeMap<String, String> {
    let facts = [
        ("rushes-name", name),
        ("rushes-bureau", &profile.bureau),
        ("rushes-slug", &fields.slug),
        ("rushes-story", &fields.story),
        ("rushes-desk", &fields.desk),
    ];
    let kept = facts.into_iter().filter(|(_, value)| !value.is_empty());
    kept.map(|(name, value)| (name.to_owned(), in_header(value.trim()))).collect()
}

fn in_header(value: &str) -> String {
    let mut encoded = String::new();
    for c in value.chars() {
        let piece = utf8_percent_encode(c.encode_utf8(&mut [0; 4]), IN_HEADERS).to_string();
        if encoded.len() + piece.len() > LONGEST_HEADER {
            break;
        }
        encoded.push_str(&piece);
    }
    encoded
}

pub(crate) async fn fetch_clips(core: &Core, request: FetchClips) -> Result<Added> {
    let profile = core.profile(request.profile.as_deref())?;
    let into = request.into.map_or_else(home::downloads, PathBuf::from);
    if !into.is_absolute() {
        return Err(Error::new(Code::BadInput, format!("{} is not a full path.", into.display())));
    }
    if request.keys.is_empty() || request.keys.iter().any(String::is_empty) {
        return Err(Error::new(Code::BadInput, "Say which clips to download."));
    }
    let spread = profile.spread();
    let transfers = request.keys.into_iter().map(|key| {
        let name = names::local_name(&key);
        let shown = spread.map_or(key.as_str().into(), |spread| spread.shown(&key));
        Transfer {
            id: 0,
            batch: 0,
            direction: Direction::Down,
            profile: profile.name.clone(),
            bucket: profile.bucket.clone(),
            asked: format!("{key}\n{into:?}"),
            wanted: key.clone(),
            // The folder is what counts until a name is claimed in it.
            path: into.join(&name),
            name,
            story: shown.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default(),
            key,
            metadata: BTreeMap::new(),
            size: 0,
            look: None,
            held: None,
            urgency: Urgency::default(),
            life: Life::new(clock::now()),
        }
    });
    add(core, transfers.collect(), 0).await
}

/// Journals them as one batch. What is live already is taken up again instead of doubled: adopt before creating.
async fn add(core: &Core, transfers: Vec<Transfer>, left_out: u32) -> Result<Added> {
    let now = clock::now();
    let (batch, added) = core
        .journal
        .write(move |c| {
            let batch = transfers::add_batch(c, now)?;
            let added = transfers.into_iter().map(|transfer| {
                let transfer = Transfer { batch, ..transfer };
                let (id, new) = transfers::add_transfer(c, &transfer)?;
                Ok((Transfer { id, ..transfer }, new))
            });
            Ok((batch, added.collect::<rusqlite::Result<Vec<_>>>()?))
        })
        .await?;
    let ids: Vec<TransferId> = added.iter().map(|(transfer, _)| transfer.id).collect();
    let known: Vec<TransferId> = added.iter().filter(|(_, new)| !new).map(|(transfer, _)| transfer.id).collect();
    let mut spread = None;
    if let Some((asked, _)) = added.first() {
        core.hasten(&known, &asked.urgency).await?;
        spread = core.spread_of(&asked.profile);
    }
    for (transfer, new) in added {
        if new {
            let mut one = One::new(transfer);
            (one.asked_here, one.spread) = (true, spread);
            core.board.put(one.row());
            core.live().insert(one);
        } else {
            take_up(core, transfer.id).await?;
        }
    }
    core.board.show();
    core.wake.notify_one();
    Ok(Added { batch, transfers: ids, left_out })
}

/// Asked for again: it goes on from where it is.
async fn take_up(core: &Core, id: TransferId) -> Result<()> {
    let status = core.with(id, |one| {
        one.asked_here = true;
        one.transfer.life.status.clone()
    })?;
    match status {
        Status::Paused => core.change(id, Change::Resume),
        Status::Failed { .. } | Status::Waiting { .. } => retry(core, id).await,
        _ => Ok(()),
    }
}

/// Tries again now; from the beginning where what was sent belongs to other content.
pub(crate) async fn retry(core: &Core, id: TransferId) -> Result<()> {
    let status = core.with(id, |one| {
        one.asked_here = true;
        (one.waits, one.unclear) = (0, 0);
        one.transfer.life.status.clone()
    })?;
    if let Status::Failed { error } = &status
        && crate::transfer::retry_begins_anew(error)
    {
        core.forget_progress(id).await?;
    }
    core.change(id, Change::Retry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_structure_and_leaves_litter_behind() {
        let folder = tempfile::tempdir().unwrap();
        let card = folder.path().join("CARD");
        std::fs::create_dir_all(card.join("CLIP/sub")).unwrap();
        for name in ["CLIP/a.mxf", "CLIP/sub/b.mxf", "INDEX.XML", ".DS_Store", "CLIP/._a.mxf", "CLIP/c.part"] {
            std::fs::write(card.join(name), "x").unwrap();
        }
        let (found, left_out) = walk(&[card.to_str().unwrap().into()]).unwrap();
        let names: Vec<&str> = found.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["CARD/CLIP/a.mxf", "CARD/CLIP/sub/b.mxf", "CARD/INDEX.XML"]);
        assert_eq!(left_out, 3);
    }

    #[test]
    fn a_missing_or_relative_path_fails_the_whole_drop() {
        assert_eq!(walk(&["/nowhere/at/all.mxf".into()]).unwrap_err().code, Code::SourceMissing);
        assert_eq!(walk(&["clip.mxf".into()]).unwrap_err().code, Code::BadInput);
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_folder_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.mxf")).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("round")).unwrap();
        let (found, left_out) = walk(&[folder.path().to_str().unwrap().into()]).unwrap();
        assert_eq!((found.len(), left_out), (0, 2));
    }
}
