//! One look at a folder: the disk is read, files settle. Runs off the async threads; what it finds whole is handed back.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::settle::{Rules, Settling, Verdict, Why};
use super::tree::{Extent, Tree};
use crate::api::HeldFile;
use crate::cards::card_root;
use crate::error::Result;
use crate::journal::watching::Sight;
use crate::recording::container_of;
use crate::writers::has_writer;

/// As many as people read.
const MOST_HELD: usize = 20;
/// A card is whole when nothing came to it for so long: its files come one after the other.
const CARD_RESTS_MS: i64 = 10_000;

/// A folder as it was left by the last look.
pub(super) struct Sighted {
    pub tree: Tree,
    pub settling: HashMap<PathBuf, Settling>,
    /// Recordings that go up while they are shot.
    pub shot: HashSet<PathBuf>,
    /// Files that cannot be sent as they are named, and why.
    pub refused: HashMap<PathBuf, String>,
    began: Instant,
}

/// What is to be looked at.
pub(super) struct Asked {
    pub extents: Vec<Extent>,
    pub renamed: HashSet<PathBuf>,
    pub rules: Rules,
    pub while_shot: bool,
}

#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Files that are whole: those of a card together, all others as they come.
    pub whole: Vec<Vec<(PathBuf, Sight)>>,
    /// Files that began to look like recordings.
    pub recordings: Vec<(PathBuf, Sight)>,
    /// The root is not the one of the look before.
    pub is_another: bool,
    pub cost: Duration,
}

impl Sighted {
    pub(super) fn new(tree: Tree) -> Sighted {
        Sighted { tree, settling: HashMap::new(), shot: HashSet::new(), refused: HashMap::new(), began: Instant::now() }
    }

    pub(super) fn look(&mut self, mut asked: Asked) -> Result<Looked> {
        let began = Instant::now();
        let now = self.began.elapsed().as_millis() as i64;
        self.tree.has_numbers = asked.rules.is_local;
        let is_another = self.tree.is_another()?;
        if is_another {
            asked.extents = vec![Extent::Everything];
        }
        let tree = &self.tree;
        self.settling.retain(|place, settling| match tree.sight(place) {
            Some(sight) => {
                settling.look(sight, asked.renamed.contains(place), now);
                true
            }
            None => false,
        });
        for extent in asked.extents {
            for (place, sight) in self.tree.look(extent)? {
                let renamed = asked.renamed.contains(&place);
                self.settling.entry(place).or_insert_with(|| Settling::new(sight, renamed, now));
            }
        }
        let mut recordings = Vec::new();
        for (place, settling) in &mut self.settling {
            let path = || self.tree.root().join(place);
            let may_be_shot = asked.while_shot && settling.grows(None) && !self.shot.contains(place);
            if !settling.may_be_whole() && !may_be_shot {
                continue;
            }
            // Far away each question is a way there and back, and only one answer of the two counts.
            let is_asked = asked.rules.is_local || may_be_shot || settling.same_ms(now) >= asked.rules.quiet_ms;
            let writer = if is_asked { has_writer(&path()) } else { None };
            let is_shot = may_be_shot && settling.grows(writer) && container_of(&path()).is_some();
            if settling.judge(writer, asked.rules, now) != Verdict::Whole && is_shot {
                recordings.push((place.clone(), settling.sight));
            }
        }
        Ok(Looked { whole: self.whole(now), recordings, is_another, cost: began.elapsed() })
    }

    fn whole(&self, now: i64) -> Vec<Vec<(PathBuf, Sight)>> {
        let mut alone = Vec::new();
        let mut cards: HashMap<PathBuf, (bool, Vec<(PathBuf, Sight)>)> = HashMap::new();
        for (place, settling) in &self.settling {
            let is_whole = settling.verdict == Verdict::Whole;
            match card_root(place) {
                Some((root, _)) => {
                    let (all, files) = cards.entry(root).or_insert((true, Vec::new()));
                    *all &= is_whole && settling.same_ms(now) >= CARD_RESTS_MS;
                    files.push((place.clone(), settling.sight));
                }
                None if is_whole => alone.push((place.clone(), settling.sight)),
                None => {}
            }
        }
        let cards = cards.into_values().filter(|(all, _)| *all).map(|(_, files)| files);
        let mut whole: Vec<_> = std::iter::once(alone).chain(cards).filter(|files| !files.is_empty()).collect();
        whole.iter_mut().for_each(|files| files.sort_by(|(a, _), (b, _)| a.cmp(b)));
        whole
    }

    /// It was dealt with, as it looked.
    pub(super) fn done_with(&mut self, place: &Path, sight: &Sight) {
        self.tree.know(place, sight);
        self.settling.remove(place);
        self.shot.remove(place);
    }

    pub(super) fn open(&self) -> usize {
        self.settling.values().filter(|one| one.verdict == Verdict::Waits(Why::Open)).count()
    }

    /// Those that wait, the open ones first, and why.
    pub(super) fn held(&self, rules: Rules) -> Vec<HeldFile> {
        let mut all: Vec<(u8, &PathBuf, String)> = self
            .settling
            .iter()
            .map(|(place, settling)| match settling.verdict {
                Verdict::Waits(Why::Open) if self.shot.contains(place) => {
                    (2, place, "It is being recorded, and goes up meanwhile.".to_owned())
                }
                Verdict::Waits(Why::Open) => (0, place, "A program still has it open for writing.".to_owned()),
                Verdict::Waits(Why::Quiet { .. }) => (1, place, quiet(rules)),
                Verdict::Waits(Why::Changes) => (3, place, "It was still changing a moment ago.".to_owned()),
                Verdict::Whole if card_root(place).is_some() => {
                    (4, place, "It is whole, and waits for the rest of its card.".to_owned())
                }
                Verdict::Whole => (5, place, "It is whole, and waits for those that go before it.".to_owned()),
            })
            .collect();
        all.extend(self.refused.iter().map(|(place, why)| (1, place, why.clone())));
        all.sort();
        let held = all.into_iter().take(MOST_HELD);
        held.map(|(_, place, why)| HeldFile { name: place.display().to_string(), why }).collect()
    }
}

fn quiet(rules: Rules) -> String {
    format!(
        "Nobody can tell here whether it is still written: it goes once it is the same for {} seconds.",
        rules.quiet_ms / 1000
    )
}
