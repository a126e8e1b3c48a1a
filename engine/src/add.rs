//! From what was dropped or asked for to transfers: folders walked, litter left out, keys made, each asked for once. Which
//! files are a card's, and what clips tell of themselves, is found in `batches`.

mod batches;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use batches::{Cards, Dropped, Labelled};
use jiff::civil::DateTime;
use walkdir::WalkDir;

use crate::api::{AddFiles, Added, Afterwards, FetchClips, Place, WatchFolder};
use crate::cards::card_root;
use crate::clock;
use crate::core::Core;
use crate::deadline;
use crate::error::{Code, Error, Result};
use crate::home;
use crate::journal::watching::{self, Sight};
use crate::journal::{self, settings, transfers};
use crate::keys::{self, Facts, Fields, Recorded, Template, When};
use crate::live::One;
use crate::media::Media;
use crate::metadata;
use crate::names;
use crate::profile::Profile;
use crate::receipt;
use crate::source::unreadable;
use crate::transfer::{BatchId, Change, Direction, Life, Recording, Status, Transfer, TransferId, Urgency};

/// The setting that remembers what the drop sheet was last told.
pub(crate) const LAST_FIELDS: &str = "last fields";
/// A drop larger than this is a mistake, or a whole disk.
const MOST_FILES: usize = 200_000;

/// System litter, and files that other programs are still making.
pub(crate) fn is_litter(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_system_litter(name)
        || name.starts_with("~$")
        || lower.ends_with(".part")
        || lower.ends_with(".tmp")
        || lower.ends_with(".crdownload")
}

/// What systems leave on every volume. All else on a camera card is the camera's.
pub(crate) fn is_system_litter(name: &str) -> bool {
    const ALL: [&str; 11] = [
        ".ds_store",
        "desktop.ini",
        "thumbs.db",
        ".fcpcache",
        ".spotlight-v100",
        ".fseventsd",
        ".trashes",
        ".temporaryitems",
        "system volume information",
        "$recycle.bin",
        "lost+found",
    ];
    name.starts_with("._") || ALL.iter().any(|litter| litter.eq_ignore_ascii_case(name))
}

/// A file found in a drop: where it is, how it is called within the drop, how large it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub path: PathBuf,
    /// `/` between folders, on every system.
    pub name: String,
    pub size: u64,
    /// It is written still, and goes up meanwhile.
    pub recording: bool,
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
            found.push(Found { path: top.to_owned(), name, size: metadata.len(), recording: false });
            continue;
        }
        let above = top.parent().unwrap_or(top);
        let walk = WalkDir::new(top).follow_links(false).sort_by_file_name().into_iter();
        let goes_in = |e: &walkdir::DirEntry| {
            e.depth() == 0 || e.file_type().is_file() || !is_litter(&e.file_name().to_string_lossy())
        };
        for entry in walk.filter_entry(goes_in) {
            let entry = entry.map_err(|e| {
                let at = e.path().unwrap_or(top).to_owned();
                unreadable(&at, &e.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into()))
            })?;
            if !entry.file_type().is_file() {
                // Links lead out of the folder, or round in circles.
                left_out += u32::from(entry.file_type().is_symlink());
                continue;
            }
            let within = entry.path().strip_prefix(above).unwrap_or(entry.path());
            let file = entry.file_name().to_string_lossy();
            let is_litter = if card_root(within).is_some() { is_system_litter(&file) } else { is_litter(&file) };
            if is_litter {
                left_out += 1;
                continue;
            }
            let size = entry.metadata().map_or(0, |m| m.len());
            let name: Vec<String> = within.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
            found.push(Found { path: entry.path().to_owned(), name: name.join("/"), size, recording: false });
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
    let walked = move || {
        // One folder alone may be a card.
        let folder = <[String; 1]>::try_from(paths.clone()).ok().map(|[path]| PathBuf::from(path));
        walk(&paths).map(|(found, left_out)| (found, left_out, folder.filter(|folder| folder.is_dir())))
    };
    let (mut found, left_out, folder) = tokio::task::spawn_blocking(walked).await.map_err(Error::internal)??;
    found.iter_mut().for_each(|file| file.recording = request.growing);
    if found.is_empty() {
        return Err(Error::new(Code::BadInput, "There is no file in that to send."));
    }
    let deadline = match &request.hurry.by {
        Some(by) => Some(deadline::next(by, &core.zone(Some(&profile.name)), clock::now())?),
        None => None,
    };
    let urgency = Urgency { breaking: request.hurry.breaking, deadline };
    let added = add_found(core, &profile, &place, &urgency, found, left_out).await?;
    if let Some(folder) = folder {
        receipt::came_as(core, added.batch, folder).await?;
    }
    Ok(added)
}

/// Files that were found by a drop.
pub(crate) async fn add_found(
    core: &Core,
    profile: &Profile,
    place: &Place,
    urgency: &Urgency,
    found: Vec<Found>,
    left_out: u32,
) -> Result<Added> {
    let Made { transfers, cards } = made(core, profile, place, urgency, None, found).await?;
    add(core, transfers, cards, left_out, Vec::new()).await
}

/// Files of a watch folder. That they were taken is on disk together with their transfers.
pub(crate) async fn add_watched(
    core: &Core,
    folder: &WatchFolder,
    profile: &Profile,
    found: Vec<(Found, Sight)>,
) -> Result<Added> {
    let place = Place::Template { fields: folder.fields.clone() };
    let urgency = Urgency { breaking: folder.breaking, deadline: None };
    let (found, sights): (Vec<Found>, Vec<Sight>) = found.into_iter().unzip();
    let Made { transfers, cards } = made(core, profile, &place, &urgency, Some(folder.id), found).await?;
    let pending = folder.afterwards != Afterwards::Leave;
    add(core, transfers, cards, 0, sights.into_iter().map(|sight| (sight, pending)).collect()).await
}

/// Uploads in the order in which their files were found, each with the number of its batch.
struct Made {
    transfers: Vec<(Transfer, usize)>,
    cards: Cards,
}

async fn made(
    core: &Core,
    profile: &Profile,
    place: &Place,
    urgency: &Urgency,
    folder: Option<i64>,
    found: Vec<Found>,
) -> Result<Made> {
    // All of a drop was dropped at one moment, however long it takes to look through.
    let now = clock::here();
    let drop = batches::sort(core, profile, place, found, now).await?;
    let one = |(file, batch): (Dropped, usize)| {
        let transfer = upload_of(profile, place, file, now)?;
        let card = drop.cards.get(&batch).map(|labelled| labelled.card.clone());
        Ok((Transfer { urgency: urgency.clone(), folder, card, ..transfer }, batch))
    };
    let transfers = drop.files.into_iter().map(one).collect::<Result<Vec<_>>>()?;
    Ok(Made { transfers, cards: drop.cards })
}

fn checked_place(place: Place) -> Result<Place> {
    Ok(match place {
        Place::Template { fields } => Place::Template { fields: fields.checked()? },
        prefix => prefix,
    })
}

fn upload_of(profile: &Profile, place: &Place, file: Dropped, now: DateTime) -> Result<Transfer> {
    let Dropped { found: file, told } = file;
    let fields = match place {
        Place::Template { fields } => fields.clone(),
        Place::Prefix { .. } => Fields::default(),
    };
    let key = |when| key_of(profile, place, &file.name, &told, when);
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
        metadata: metadata::of(&profile.bureau, &fields, &plain_name),
        card: None,
        name: plain_name,
        story,
        size: file.size,
        look: None,
        held: None,
        recording: if file.recording { Recording::Growing } else { Recording::No },
        file: None,
        said: None,
        urgency: Urgency::default(),
        folder: None,
        life: Life::new(clock::now()),
    })
}

/// Where a file goes, with what its clip tells of itself where the drop was told nothing.
fn key_of(profile: &Profile, place: &Place, name: &str, told: &Media, when: When) -> Result<String> {
    match place {
        Place::Template { fields } => {
            let told = told.clone();
            let slug = if fields.slug.trim().is_empty() { told.slug.unwrap_or_default() } else { fields.slug.clone() };
            let recorded = Recorded {
                timecode: told.timecode.unwrap_or_default(),
                camera: told.camera.unwrap_or_default(),
                codec: told.codec.unwrap_or_default(),
            };
            Template::parse(&profile.key_template)?.fill(&Facts {
                bureau: &profile.bureau,
                when,
                fields: &Fields { slug, ..fields.clone() },
                recorded: &recorded,
                name,
            })
        }
        Place::Prefix { prefix } => keys::under_prefix(prefix, name),
    }
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
            card: None,
            size: 0,
            look: None,
            held: None,
            recording: Recording::No,
            file: None,
            said: None,
            urgency: Urgency::default(),
            folder: None,
            life: Life::new(clock::now()),
        }
    });
    add(core, transfers.map(|transfer| (transfer, 0)).collect(), Cards::new(), 0, Vec::new()).await
}

/// Journals them: each card a batch, and all else one. What is live already is taken up again instead of doubled: adopt
/// before creating. Of those from a watch folder, also what each looked like, and whether something is to be done with it
/// afterwards.
async fn add(
    core: &Core,
    transfers: Vec<(Transfer, usize)>,
    cards: Cards,
    left_out: u32,
    taken: Vec<(Sight, bool)>,
) -> Result<Added> {
    let now = clock::now();
    let roots: Vec<(usize, PathBuf)> =
        cards.iter().filter_map(|(of, labelled)| Some((*of, labelled.root.clone()?))).collect();
    let (batch, batches, added) = core
        .journal
        .write(move |c| {
            let mut batches: BTreeMap<usize, BatchId> = BTreeMap::new();
            let mut added = Vec::new();
            for (transfer, of) in transfers {
                let batch = match batches.get(&of) {
                    Some(batch) => *batch,
                    None => {
                        let batch = transfers::add_batch(c, now)?;
                        if let Some(Labelled { card, spot, .. }) = cards.get(&of) {
                            journal::cards::label(c, batch, &transfer.profile, card, spot)?;
                        }
                        batches.insert(of, batch);
                        batch
                    }
                };
                let transfer = Transfer { batch, ..transfer };
                let (id, new) = transfers::add_transfer(c, &transfer)?;
                added.push((Transfer { id, ..transfer }, new));
            }
            for ((transfer, _), (sight, pending)) in added.iter().zip(&taken) {
                watching::take(c, &transfer.profile, &transfer.path, sight, transfer.id, *pending)?;
            }
            let first = added.first().map_or(0, |(transfer, _)| transfer.batch);
            Ok((first, batches, added))
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
    for (of, root) in roots {
        if let Some(batch) = batches.get(&of) {
            receipt::came_as(core, *batch, root).await?;
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

    #[test]
    fn a_card_keeps_its_own_small_files_and_leaves_the_systems_behind() {
        let folder = tempfile::tempdir().unwrap();
        let card = folder.path().join("A001/XDROOT");
        std::fs::create_dir_all(card.join("Clip")).unwrap();
        std::fs::create_dir_all(folder.path().join("A001/.Spotlight-V100/Store")).unwrap();
        for name in ["Clip/C0001.MXF", "Clip/C0001.tmp", "Clip/._C0001.MXF", ".DS_Store", "../.Spotlight-V100/Store/x"]
        {
            std::fs::write(card.join(name), "x").unwrap();
        }
        let (found, _) = walk(&[folder.path().join("A001").to_str().unwrap().into()]).unwrap();
        let names: Vec<&str> = found.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["A001/XDROOT/Clip/C0001.MXF", "A001/XDROOT/Clip/C0001.tmp"]);
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
