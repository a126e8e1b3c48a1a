//! What a drop brought, sorted: each camera card is a batch of its own, under a folder of its own; all else is one. And what
//! clips tell of themselves, where the key template has a place for it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use jiff::civil::DateTime;

use super::{Found, key_of};
use crate::api::Place;
use crate::cards::{self, Card};
use crate::core::Core;
use crate::error::Result;
use crate::journal::cards::{Spot, is_free};
use crate::keys::{Template, When};
use crate::media::{self, Media};
use crate::profile::Profile;

/// Clips are looked into so many at a time; how many at once in all, `media` says.
const AT_A_TIME: usize = 16;
/// Cards of one name in one folder: more are not told apart.
const MOST_OF_A_NAME: u32 = 1_000;
/// What stands before a file in a card's folder, to ask where that is.
const WITHIN: &str = "x";

/// A file and what its clip tells, as far as its key needs it.
pub(super) struct Dropped {
    pub found: Found,
    pub told: Arc<Media>,
}

/// A card of a drop: what it is called, where it goes, and where it is.
pub(super) struct Labelled {
    pub card: Arc<Card>,
    pub spot: Spot,
    /// The folder that is the card, on this computer.
    pub root: Option<PathBuf>,
}

/// By the number of their batch, from 1 on.
pub(super) type Cards = BTreeMap<usize, Labelled>;

pub(super) struct Sorted {
    /// In the order in which they were found, each with the number of its batch.
    pub files: Vec<(Dropped, usize)>,
    pub cards: Cards,
}

/// Names of a card's files get the folder that the card has in the bucket.
pub(super) async fn sort(
    core: &Core,
    profile: &Profile,
    place: &Place,
    mut found: Vec<Found>,
    now: DateTime,
) -> Result<Sorted> {
    let sorted = cards::sorted(found.iter().map(|file| file.name.as_str()));
    let mut batch = vec![0; found.len()];
    for (n, card) in sorted.iter().enumerate() {
        card.files.iter().for_each(|file| batch[*file] = n + 1);
    }
    let firsts: Vec<Option<usize>> = sorted.iter().map(|card| first_clip(card, &found)).collect();
    let told = told(profile, place, &found, &batch, &firsts).await?;
    let mut labels = Cards::new();
    for (n, card) in sorted.iter().enumerate() {
        let name = name_of(card, &found);
        let first = firsts[n].map(|first| &found[first]);
        let mark = first.map_or(String::new(), |first| format!("{}\n{}", within(&first.name, &card.root), first.size));
        let told = firsts[n].and_then(|first| told.get(&first)).cloned().unwrap_or_default();
        let spot = |folder: String| {
            let key = key_of(profile, place, &format!("{folder}/{WITHIN}"), &told, When::At(now))?;
            Ok::<_, crate::error::Error>(Spot { place: key[..key.len() - WITHIN.len()].to_owned(), mark: mark.clone() })
        };
        let plain = folder_of(card, &name);
        let (mut folder, mut at) = (plain.clone(), spot(plain.clone())?);
        for next in 2..MOST_OF_A_NAME {
            let (asked, of) = (at.clone(), profile.name.clone());
            if core.journal.read(move |c| is_free(c, &of, &asked)).await? {
                break;
            }
            folder = format!("{plain}-{next}");
            at = spot(folder.clone())?;
        }
        let root = place_of(card, &found);
        for file in &card.files {
            let file = &mut found[*file];
            file.name = format!("{folder}/{}", within(&file.name, &card.root));
        }
        let card = Arc::new(Card { kind: card.kind, name, clips: card.clips });
        labels.insert(n + 1, Labelled { card, spot: at, root });
    }
    let nothing = Arc::<Media>::default();
    let files = found.into_iter().enumerate().map(|(i, found)| {
        // All of a card goes by its first clip: its structure must not be torn apart.
        let by = if batch[i] == 0 { Some(i) } else { firsts[batch[i] - 1] };
        let told = by.and_then(|by| told.get(&by)).unwrap_or(&nothing).clone();
        (Dropped { found, told }, batch[i])
    });
    Ok(Sorted { files: files.collect(), cards: labels })
}

/// What the key needs to know of which file. Nothing where the template has no place for it.
async fn told(
    profile: &Profile,
    place: &Place,
    found: &[Found],
    batch: &[usize],
    firsts: &[Option<usize>],
) -> Result<HashMap<usize, Arc<Media>>> {
    let Place::Template { fields } = place else { return Ok(HashMap::new()) };
    let template = Template::parse(&profile.key_template)?;
    let whole = template.reads_clips();
    let asks = whole || template.has_slug() && fields.slug.trim().is_empty();
    if !asks {
        return Ok(HashMap::new());
    }
    let loose = |i: &usize| batch[*i] == 0 && media::may_be_media(&found[*i].name);
    let wanted = firsts.iter().flatten().copied().chain((0..found.len()).filter(loose));
    let read = wanted.map(|i| {
        let path = found[i].path.clone();
        async move {
            let beside = media::beside(&path);
            let told = if whole { media::read(&path, &beside).await } else { media::of_sidecars(&path, &beside).await };
            (i, Arc::new(told))
        }
    });
    Ok(futures::stream::iter(read).buffer_unordered(AT_A_TIME).collect().await)
}

/// The clip by which a card goes: the first with a picture.
fn first_clip(card: &cards::Found, found: &[Found]) -> Option<usize> {
    const BESIDE: [&str; 5] = ["AUDIO", "PROXY", "VOICE", "SUB", "ICON"];
    let is_beside = |name: &str| name.split('/').any(|part| BESIDE.iter().any(|one| part.eq_ignore_ascii_case(one)));
    card.files.iter().copied().find(|file| {
        let name = within(&found[*file].name, &card.root);
        media::may_be_media(&name) && !is_beside(&name)
    })
}

/// What people know the card by: the folder that holds its structure, or the volume, or what it is.
fn name_of(card: &cards::Found, found: &[Found]) -> String {
    let own = card.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !is_bare(&card.root) {
        return own;
    }
    let volume = place_of(card, found).and_then(|volume| Some(volume.file_name()?.to_string_lossy().into_owned()));
    volume.unwrap_or_else(|| format!("{} card", card.kind.label()))
}

/// The folder on this computer that is the card: what holds its structure, if only the disk itself.
fn place_of(card: &cards::Found, found: &[Found]) -> Option<PathBuf> {
    let Found { path, name, .. } = &found[*card.files.first()?];
    let above = if is_bare(&card.root) { 0 } else { card.root.components().count() };
    let up = Path::new(name).components().count().checked_sub(above)?;
    path.ancestors().nth(up).map(Path::to_owned)
}

/// The folder for all of it, by its path within the drop.
fn folder_of(card: &cards::Found, name: &str) -> String {
    if is_bare(&card.root) { name.to_owned() } else { joined(&card.root) }
}

/// A file's name below its card's folder. What stands beside a bare structure keeps its name.
fn within(name: &str, root: &Path) -> String {
    match Path::new(name).strip_prefix(root) {
        Ok(rest) if !is_bare(root) => joined(rest),
        _ => name.to_owned(),
    }
}

/// The structure was dropped without the folder that holds it.
fn is_bare(root: &Path) -> bool {
    root.components().count() == 1 && cards::is_of_structure(&root.to_string_lossy())
}

/// `/` between folders, on every system.
fn joined(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}
