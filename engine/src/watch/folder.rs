//! One watch folder, for as long as it is watched: when it is looked at, what is taken of what was found, and how it is doing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::events::{Ears, Heard};
use super::filter::Filter;
use super::looking::{Asked, Sighted};
use super::rhythm::Rhythm;
use super::tree::{Extent, Tree};
use super::underway::Underway;
use super::volume;
use crate::api::{WatchFolder, WatchRow};
use crate::clock;
use crate::core::Core;
use crate::error::{Code, Error, Result};
use crate::journal::watching;

/// What a folder's disk may take to answer before that is said.
const SLOW: Duration = Duration::from_secs(30);
/// A folder that is not there, or not to be read, is tried again.
const AFTER_TROUBLE: Duration = Duration::from_secs(3);

/// Follows a folder until it is told to stop, which it does between two steps. `show` is told how it is doing.
pub(super) async fn follow(core: Arc<Core>, folder: WatchFolder, stop: CancellationToken, show: impl Fn(WatchRow)) {
    let root = PathBuf::from(&folder.path);
    let mut row = super::row_of(&folder);
    while !stop.is_cancelled() {
        // The journal, or a pattern: what is wrong with either does not go away by itself.
        match Following::begin(&core, &folder, &root, row.clone()).await {
            Ok(mut following) => following.go_on(&stop, &show).await,
            Err(error) => {
                row.trouble = Some(error);
                show(row.clone());
                let _ = tokio::time::timeout(SLOW, stop.cancelled()).await;
            }
        }
    }
}

pub(super) struct Following<'a> {
    pub core: &'a Arc<Core>,
    pub folder: &'a WatchFolder,
    pub root: &'a Path,
    pub row: WatchRow,
    /// Absent while it is looked with.
    pub seen: Option<Sighted>,
    pub underway: Underway,
    ears: Option<Ears>,
    stir: Arc<Notify>,
    rhythm: Rhythm,
    /// Places that are looked at next.
    again: Vec<PathBuf>,
    /// How often events were lost.
    lost: u32,
    is_begun: bool,
}

impl<'a> Following<'a> {
    async fn begin(core: &'a Arc<Core>, folder: &'a WatchFolder, root: &'a Path, row: WatchRow) -> Result<Self> {
        let mut tree = Tree::new(root.to_owned(), Filter::of(folder)?);
        let (of, at) = (folder.profile.clone(), root.to_owned());
        for (path, sight) in core.journal.read(move |c| watching::taken_under(c, &of, &at)).await? {
            if let Ok(place) = path.strip_prefix(root) {
                tree.know(place, &sight);
            }
        }
        let underway = Underway::load(core, folder, root).await?;
        Ok(Following {
            core,
            folder,
            root,
            row,
            seen: Some(Sighted::new(tree)),
            underway,
            ears: None,
            stir: Arc::default(),
            rhythm: Rhythm::new(folder.quiet_seconds),
            again: Vec::new(),
            lost: 0,
            is_begun: false,
        })
    }

    /// Returns only where it must begin anew.
    async fn go_on(&mut self, stop: &CancellationToken, show: &impl Fn(WatchRow)) {
        loop {
            match self.look(show).await {
                Ok(Some(())) => self.row.trouble = self.underway.trouble.clone(),
                Ok(None) => return,
                Err(error) => {
                    // What is back later may be another: it is heard anew, and all of it is looked at.
                    if matches!(error.code, Code::SourceMissing | Code::SourceUnreadable) {
                        self.ears = None;
                        self.rhythm.begin_anew();
                    }
                    self.row.trouble = Some(error);
                }
            }
            self.draw();
            show(self.row.clone());
            let settles = self.seen.as_ref().is_some_and(|seen| !seen.settling.is_empty() || seen.tree.has_young());
            let settles = settles || !self.again.is_empty();
            let rest = match &self.row.trouble {
                Some(_) => AFTER_TROUBLE,
                None => self.rhythm.rest(settles, !self.underway.is_empty(), Instant::now()),
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(rest) => {}
                // Events come by the hundred while a file is written.
                () = self.stir.notified() => tokio::time::sleep(self.rhythm.breath()).await,
            }
        }
    }

    fn draw(&mut self) {
        let row = &mut self.row;
        if let Some(seen) = &self.seen {
            row.settling = seen.settling.len() as u32;
            row.open = seen.open() as u32;
            row.held = seen.held(self.rhythm.rules());
        }
        row.sent = self.underway.sent;
        row.by_looks = self.rhythm.by_looks(self.lost);
    }

    /// `None`: what was known of the folder is lost.
    async fn look(&mut self, show: &impl Fn(WatchRow)) -> Result<Option<()>> {
        let heard = self.hear().await?;
        let young = self.seen.as_ref().is_some_and(|seen| seen.tree.has_young());
        let within = |path: &PathBuf| Some(path.strip_prefix(self.root).ok()?.to_owned());
        let mut asked = Asked {
            extents: self.rhythm.extents(heard.missed, young, Instant::now()),
            renamed: heard.renamed.iter().filter_map(within).collect(),
            rules: self.rhythm.rules(),
            while_shot: self.folder.while_shot,
        };
        let places: HashSet<PathBuf> = heard.paths.iter().filter_map(within).chain(self.again.drain(..)).collect();
        if !places.is_empty() {
            asked.extents.push(Extent::Places(places));
        }
        let Some(mut seen) = self.seen.take() else { return Ok(None) };
        let mut looking = tokio::task::spawn_blocking(move || {
            let looked = seen.look(asked);
            (seen, looked)
        });
        let (seen, looked) = loop {
            match tokio::time::timeout(SLOW, &mut looking).await {
                Ok(done) => break done.map_err(Error::internal)?,
                Err(_) => {
                    let sentence = format!("{} does not answer. Check its network, or its card.", self.folder.path);
                    self.row.trouble = Some(Error::new(Code::SourceUnreadable, sentence));
                    show(self.row.clone());
                }
            }
        };
        self.seen = Some(seen);
        let looked = looked?;
        self.row.last_look = Some(clock::now());
        self.rhythm.took(looked.cost, Instant::now());
        if looked.is_another && std::mem::replace(&mut self.is_begun, true) {
            // Another card in the same place: the system's eyes are on the one before.
            self.ears = None;
            self.stir.notify_one();
        }
        self.take(looked).await?;
        if let Some(seen) = &mut self.seen {
            self.again = self.underway.look(self.core, self.folder, seen).await;
        }
        Ok(Some(()))
    }

    /// What happened meanwhile. Where events were lost, the system's eyes on new folders may be too: they are opened anew.
    async fn hear(&mut self) -> Result<Heard> {
        let heard = match &mut self.ears {
            Some(ears) => {
                let heard = ears.take();
                self.rhythm.set_deaf(ears.deaf);
                if !heard.overflowed {
                    return Ok(heard);
                }
                self.lost += 1;
                heard
            }
            None => Heard { missed: true, ..Heard::default() },
        };
        let (root, stir) = (self.root.to_owned(), self.stir.clone());
        self.ears = None;
        // A large folder takes a while, and a drive that does not answer for ever.
        let opened = tokio::task::spawn_blocking(move || {
            root.is_dir().then(|| (volume::network(&root), Ears::open(&root, stir)))
        });
        if let Some((network, ears)) = opened.await.map_err(Error::internal)? {
            self.rhythm.set_network(network);
            self.rhythm.set_deaf(ears.deaf);
            self.ears = Some(ears);
        }
        Ok(heard)
    }
}
