//! A camera card as one line: what its files are together. Adds up; prints nothing.

use std::collections::BTreeMap;

use rushes_engine::api::TransferRow;
use rushes_engine::error::Error;
use rushes_engine::transfer::{BatchId, Proof, Status, TransferId};
use serde_json::{Value, json};

/// A row of a list: of a transfer that is no card's, or of a card.
pub enum Line<'a> {
    One(&'a TransferRow),
    Card(Card<'a>),
}

/// The files of one card, in the order in which they were dropped.
pub struct Card<'a> {
    files: Vec<&'a TransferRow>,
}

/// Each card stands where the first of its files does.
pub fn lines(rows: &[TransferRow]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut at: BTreeMap<BatchId, usize> = BTreeMap::new();
    for row in rows {
        let Some(card) = &row.card else {
            lines.push(Line::One(row));
            continue;
        };
        let place = *at.entry(card.batch).or_insert(lines.len());
        match lines.get_mut(place) {
            Some(Line::Card(card)) => card.files.push(row),
            _ => lines.push(Line::Card(Card { files: vec![row] })),
        }
    }
    lines
}

impl<'a> Card<'a> {
    /// `None` where there is no file.
    pub fn of(files: &'a BTreeMap<TransferId, TransferRow>) -> Option<Card<'a>> {
        (!files.is_empty()).then(|| Card { files: files.values().collect() })
    }

    /// From and to, of the transfers that are its files.
    pub fn ids(&self) -> (TransferId, TransferId) {
        let ids = || self.files.iter().map(|file| file.id);
        (ids().min().unwrap_or(0), ids().max().unwrap_or(0))
    }

    /// "P2 card, 12 clips in 60 files".
    pub fn what(&self) -> String {
        let Some(card) = self.files.first().and_then(|file| file.card.as_ref()) else { return String::new() };
        let clips = if card.clips == 1 { "clip" } else { "clips" };
        format!("{} card, {} {clips} in {} files", card.kind.label(), card.clips, self.files.len())
    }

    /// All of it as one row, under the card's name and the number of its first file.
    pub fn row(&self) -> TransferRow {
        let first = self.files[0];
        let wanted = |file: &&&TransferRow| !matches!(file.status, Status::Cancelled);
        let some = self.files.iter().any(|file| wanted(&file));
        let counted = || self.files.iter().filter(move |file| !some || wanted(file));
        let moments = || counted().filter(|file| file.status.is_underway()).map(|file| file.eta);
        let is_over = self.files.iter().all(|file| file.status.is_ended());
        TransferRow {
            name: first.card.as_ref().map_or_else(String::new, |card| card.name.clone()),
            key: folder_of(self.files.iter().map(|file| file.key.as_str())),
            shown: folder_of(self.files.iter().map(|file| file.shown.as_str())),
            path: folder_of(self.files.iter().map(|file| file.path.as_str())),
            size: counted().map(|file| file.size).sum(),
            acked: counted().map(|file| file.acked).sum(),
            status: self.worst(),
            strip: Vec::new(),
            parts: counted().map(|file| file.parts).sum(),
            parts_in_flight: counted().map(|file| file.parts_in_flight).sum(),
            rate: counted().map(|file| file.rate).sum(),
            eta: moments().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max()),
            kept: counted().map(|file| file.kept).sum(),
            breaking: self.files.iter().any(|file| file.breaking),
            started_at: self.files.iter().filter_map(|file| file.started_at).min(),
            ended_at: self.files.iter().filter_map(|file| file.ended_at).max().filter(|_| is_over),
            ..first.clone()
        }
    }

    /// Nothing of it moves by itself.
    pub fn is_at_rest(&self) -> bool {
        self.files.iter().all(|file| !file.status.is_underway())
    }

    /// For programs: one row, with its files within.
    pub fn object(&self) -> Value {
        let row = self.row();
        let mut object = json!(row);
        if let Some(fields) = object.as_object_mut() {
            // These are a file's.
            ["id", "strip", "can"].iter().for_each(|name| drop(fields.remove(*name)));
            fields.insert("files".into(), json!(self.files));
        }
        object
    }

    /// The status of the file that is worst off. What went wrong is said with its name.
    fn worst(&self) -> Status {
        let rank = |status: &Status| match status {
            Status::Waiting { until: None, .. } => 0,
            Status::Failed { .. } => 1,
            Status::Waiting { .. } => 2,
            Status::Running => 3,
            Status::Finishing => 4,
            Status::Queued => 5,
            Status::Cancelling => 6,
            Status::Paused => 7,
            Status::Cancelled => 8,
            Status::Done { .. } => 9,
        };
        let Some(file) = self.files.iter().min_by_key(|file| rank(&file.status)) else { return Status::Queued };
        match &file.status {
            Status::Failed { error } => Status::Failed {
                error: Error { message: format!("{}: {}", file.name, error.message), ..error.clone() },
            },
            Status::Done { .. } => self.weakest(),
            other => other.clone(),
        }
    }

    /// All are done: as far as the least of them is proved.
    fn weakest(&self) -> Status {
        let rank = |proof: &Proof| match proof {
            Proof::LengthOnly => 0,
            Proof::EachPart { .. } => 1,
            Proof::WholeObject { .. } => 2,
        };
        let proofs = self.files.iter().filter_map(|file| match &file.status {
            Status::Done { proof, .. } => Some(proof),
            _ => None,
        });
        let proof = proofs.min_by_key(|proof| rank(proof)).cloned().unwrap_or(Proof::LengthOnly);
        Status::Done { proof, gained: None }
    }
}

/// The folder that all of these are in.
fn folder_of<'a>(mut paths: impl Iterator<Item = &'a str>) -> String {
    let first = paths.next().unwrap_or("");
    let same = |a: &'a str, b: &str| {
        let length = a.char_indices().zip(b.chars()).find(|((_, one), other)| one != other).map(|((at, _), _)| at);
        &a[..length.unwrap_or(a.len().min(b.len()))]
    };
    let common = paths.fold(first, same);
    common.rfind(['/', '\\']).map_or(String::new(), |at| common[..=at].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_all() {
        assert_eq!(folder_of(["in/A/CLIP/é1.xml", "in/A/CLIP/é2.xml", "in/A/VIDEO/x"].into_iter()), "in/A/");
        assert_eq!(folder_of(["in/A/x"].into_iter()), "in/A/");
        assert_eq!(folder_of(["a", "b"].into_iter()), "");
    }
}
