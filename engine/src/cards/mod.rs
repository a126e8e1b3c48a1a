//! Camera cards: which files of a drop or a watch folder are one card, and where it begins. Each maker's layout is in a
//! file of its own, told by names alone, in any case: nothing is opened, so that a hostile tree costs no more than its
//! names. Pure. What a card's sidecars say of a clip is read in `media`.

mod avchd;
mod canon;
mod p2;
mod sony_mp4;
#[cfg(test)]
mod tests;
mod xdcam;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What a card was recorded as. In the order in which a card counts as one or the other where it has the marks of several:
/// a Sony card of MP4 has empty folders for AVCHD and stills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename = "CardKind", rename_all = "camelCase")]
pub enum Kind {
    Xdcam,
    P2,
    SonyMp4,
    Canon,
    Avchd,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Xdcam, Kind::P2, Kind::SonyMp4, Kind::Canon, Kind::Avchd];

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Kind::Xdcam => "XDCAM",
            Kind::P2 => "P2",
            Kind::SonyMp4 => "Sony MP4",
            Kind::Canon => "Canon",
            Kind::Avchd => "AVCHD",
        }
    }

    /// At which of the path's names the card's structure begins.
    fn begins(self, names: &[String]) -> Option<usize> {
        match self {
            Kind::Xdcam => xdcam::begins(names),
            Kind::P2 => p2::begins(names),
            Kind::SonyMp4 => sony_mp4::begins(names),
            Kind::Canon => canon::begins(names),
            Kind::Avchd => avchd::begins(names),
        }
    }

    /// Whether the file is what stands for a clip: one for each.
    fn is_clip(self, names: &[String]) -> bool {
        match self {
            Kind::Xdcam => xdcam::is_clip(names),
            Kind::P2 => p2::is_clip(names),
            Kind::SonyMp4 => sony_mp4::is_clip(names),
            Kind::Canon => canon::is_clip(names),
            Kind::Avchd => avchd::is_clip(names),
        }
    }
}

/// A card as a batch is labelled with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub kind: Kind,
    /// What people know it by: its folder's or its volume's name, verbatim.
    pub name: String,
    pub clips: u32,
}

/// Whether a path within a drop or a watch folder lies in a card's structure, and if so, where that card's root is: the
/// folder that holds the structure, or the structure's first folder where nothing stands above it.
pub(crate) fn card_root(within: &Path) -> Option<(PathBuf, Kind)> {
    let parts: Vec<_> = within
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect();
    let names: Vec<String> = parts.iter().map(|name| name.to_string_lossy().to_ascii_uppercase()).collect();
    let (at, kind) = Kind::ALL.into_iter().filter_map(|kind| Some((kind.begins(&names)?, kind))).min()?;
    if at > 0 {
        return Some((parts[..at].iter().collect(), kind));
    }
    // A file beside the structure at the very top belongs to what it marks.
    let top = if names.len() == 1 { Path::new(p2::CONTENTS) } else { Path::new(parts[0]) };
    Some((top.to_owned(), kind))
}

/// A card of a drop: its root, what it is, and which of the drop's files it has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub root: PathBuf,
    pub kind: Kind,
    pub clips: u32,
    /// Places in the list that was given.
    pub files: Vec<usize>,
}

/// The cards among the files of a drop, each named by its path within it. A card takes all that is under its root; what
/// has no clip is no card.
pub(crate) fn sorted<'a>(files: impl Iterator<Item = &'a str>) -> Vec<Found> {
    let files: Vec<&Path> = files.map(Path::new).collect();
    let own: Vec<Option<(PathBuf, Kind)>> = files.iter().map(|file| card_root(file)).collect();
    let mut cards: BTreeMap<PathBuf, Found> = BTreeMap::new();
    for (root, kind) in own.iter().flatten() {
        let new = || Found { root: root.clone(), kind: *kind, clips: 0, files: Vec::new() };
        let card = cards.entry(root.clone()).or_insert_with(new);
        card.kind = card.kind.min(*kind);
    }
    for (i, file) in files.iter().enumerate() {
        // Of nested ones the inner one: it is a card of its own.
        let root = match &own[i] {
            Some((root, _)) => Some(root.clone()),
            None => file.ancestors().skip(1).find(|above| cards.contains_key(*above)).map(Path::to_owned),
        };
        let Some(card) = root.and_then(|root| cards.get_mut(&root)) else { continue };
        card.files.push(i);
        card.clips += u32::from(own[i].is_some() && card.kind.is_clip(&upper(file)));
    }
    cards.into_values().filter(|card| card.clips > 0).collect()
}

/// Whether a folder's name says what is in it on every card, and nothing of which card it is.
pub(crate) fn is_of_structure(name: &str) -> bool {
    const ALL: [&str; 10] =
        ["XDROOT", "BPAV", "PROAV", "CONTENTS", "PRIVATE", "M4ROOT", "AVCHD", "BDMV", "DCIM", "XFVC"];
    ALL.iter().any(|one| name.eq_ignore_ascii_case(one))
}

fn upper(file: &Path) -> Vec<String> {
    file.components().map(|part| part.as_os_str().to_string_lossy().to_ascii_uppercase()).collect()
}

/// The first place at which `folder` stands with `next` right in it.
fn at_pair(names: &[String], folder: &str, next: impl Fn(&str) -> bool) -> Option<usize> {
    names.windows(2).position(|pair| pair[0] == folder && next(&pair[1]))
}

fn has_ending(names: &[String], endings: &[&str]) -> bool {
    let ending = names.last().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    ending.is_some_and(|ending| endings.contains(&ending))
}

/// Whether it is `head` and then only digits, at least as many as given.
fn is_numbered(name: &str, head: &str, digits: usize) -> bool {
    let number = name.strip_prefix(head);
    number.is_some_and(|number| number.len() >= digits && number.bytes().all(|b| b.is_ascii_digit()))
}
