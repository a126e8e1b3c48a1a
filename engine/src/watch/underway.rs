//! Files of a folder that are on their way: taken, not yet done with. What ends is seen to; what changed or moved meanwhile is
//! looked at again.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};

use super::afterwards;
use super::known::give_up;
use super::looking::Sighted;
use crate::api::{About, Afterwards, ReceiptState, WatchFolder};
use crate::cards::card_root;
use crate::core::Core;
use crate::error::{Code, Error, Result};
use crate::journal::clips;
use crate::journal::watching::{self, Sight};
use crate::receipt;
use crate::transfer::{Proof, Status, TransferId};

/// So many of a folder's files stay on the list after they are done, in a process that watches for weeks: what they did stays in
/// the journal.
const MOST_LISTED: usize = 200;

/// So many of a folder's files are on their way at once.
const MOST_UNDERWAY: usize = 500;

#[derive(Default)]
pub(super) struct Underway {
    /// By transfer: the file's place, and how it looked when it was taken.
    files: HashMap<TransferId, (PathBuf, Sight)>,
    /// Those that are over, and still on the list.
    ended: VecDeque<TransferId>,
    /// How many are proved to be in the bucket, of this run and those before.
    pub sent: u32,
    /// What could not be done with a file afterwards.
    pub trouble: Option<Error>,
    /// Files of cards, which stay where they are until all of their card may be wiped.
    on_cards: Vec<InBucket>,
}

/// A file that is in the bucket.
#[derive(Clone)]
pub(super) struct InBucket {
    pub transfer: TransferId,
    pub place: PathBuf,
    pub sight: Sight,
    pub proof: Proof,
}

/// What became of one.
enum Became {
    Done(Proof, u64),
    Cancelled,
    /// The file is another, or is not where it was.
    Lost(Code),
}

impl Underway {
    /// What earlier runs left.
    pub(super) async fn load(core: &Core, folder: &WatchFolder, root: &Path) -> Result<Underway> {
        let (of, at) = (folder.profile.clone(), root.to_owned());
        let left = core.journal.read(move |c| watching::unfinished_under(c, &of, &at)).await?;
        let (of, at) = (folder.profile.clone(), root.to_owned());
        let sent = core.journal.read(move |c| watching::proved_under(c, &of, &at)).await?;
        let mut underway = Underway { sent, ..Underway::default() };
        for taken in left {
            let Ok(place) = taken.path.strip_prefix(root) else { continue };
            match &taken.status {
                // It ended before anything was done with the file.
                Some(Status::Done { proof, .. }) => {
                    let (place, proof) = (place.to_owned(), proof.clone());
                    let file = InBucket { transfer: taken.transfer, place, sight: taken.sight, proof };
                    underway.see_to(core, folder, root, file).await;
                }
                _ => underway.put(taken.transfer, place.to_owned(), taken.sight),
            }
        }
        Ok(underway)
    }

    pub(super) fn put(&mut self, id: TransferId, place: PathBuf, sight: Sight) {
        self.files.insert(id, (place, sight));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many more may be taken now: the rest waits where it is, which takes less memory.
    pub(super) fn room(&self) -> usize {
        MOST_UNDERWAY.saturating_sub(self.files.len())
    }

    /// Looks after them. Answers with the places that are to be looked at again.
    pub(super) async fn look(&mut self, core: &Core, folder: &WatchFolder, seen: &mut Sighted) -> Vec<PathBuf> {
        let ended: Vec<(TransferId, Became)> = {
            let live = core.live();
            let became = |id: &TransferId| match live.get(*id).map(|one| (&one.transfer.life.status, one.transfer.size))
            {
                Some((Status::Done { proof, .. }, size)) => Some(Became::Done(proof.clone(), size)),
                // It was taken off the list, which only what has ended can be.
                Some((Status::Cancelled, _)) | None => Some(Became::Cancelled),
                Some((Status::Failed { error }, _))
                    if matches!(error.code, Code::SourceChanged | Code::SourceMissing) =>
                {
                    Some(Became::Lost(error.code))
                }
                Some(_) => None,
            };
            self.files.keys().filter_map(|id| Some((*id, became(id)?))).collect()
        };
        let root = seen.tree.root().to_owned();
        for file in std::mem::take(&mut self.on_cards) {
            self.see_to(core, folder, &root, file).await;
        }
        let mut again = Vec::new();
        for (id, became) in ended {
            let Some((place, sight)) = self.files.get(&id).cloned() else { continue };
            match became {
                Became::Done(proof, size) => {
                    self.sent += 1;
                    let sight = self.as_it_ended(core, folder, seen, &place, sight, size, id).await;
                    self.see_to(core, folder, &root, InBucket { transfer: id, place, sight, proof }).await;
                }
                Became::Cancelled => {}
                Became::Lost(code) => {
                    if !root.is_dir() {
                        // Its card was pulled: it goes on when that is back.
                        continue;
                    }
                    match seen.tree.sight(&place) {
                        // It was gone for a while, and is what it was.
                        Some(now) if code == Code::SourceMissing && now == sight => {
                            if crate::add::retry(core, id).await.is_ok() {
                                continue;
                            }
                        }
                        Some(_) => {
                            seen.tree.forget(&place, &sight);
                            again.push(place);
                        }
                        None => self.leave(core, id, &place).await,
                    }
                }
            }
            self.files.remove(&id);
            self.ended.push_back(id);
        }
        self.shorten(core);
        again
    }

    /// Takes the oldest of those that are over off the list, once all of their drop is.
    fn shorten(&mut self, core: &Core) {
        let mut live = core.live();
        while self.ended.len() > MOST_LISTED
            && let Some(id) = self.ended.front().copied()
        {
            let ended = live.get(id).filter(|one| one.transfer.life.status.is_ended()).map(|one| one.transfer.batch);
            if ended.is_some_and(|batch| !live.standing().is_over(batch)) {
                return;
            }
            if ended.is_some() {
                if let Some(one) = live.get(id) {
                    // Or the next list of the bucket would tell of it as somebody else's.
                    let (profile, key) = (one.transfer.profile.clone(), one.transfer.key.clone());
                    core.journal.note(move |c| clips::know_clips(c, &profile, &[key]));
                }
                live.remove(id);
                core.board.remove(id);
            }
            self.ended.pop_front();
        }
    }

    /// A recording looks different at its end from when it was taken.
    #[allow(clippy::too_many_arguments)]
    async fn as_it_ended(
        &self,
        core: &Core,
        folder: &WatchFolder,
        seen: &mut Sighted,
        place: &Path,
        sight: Sight,
        size: u64,
        id: TransferId,
    ) -> Sight {
        if !seen.shot.contains(place) {
            return sight;
        }
        let Some(now) = seen.tree.sight(place).filter(|now| *now != sight && now.size == size) else { return sight };
        let (profile, path) = (folder.profile.clone(), seen.tree.root().join(place));
        let pending = folder.afterwards != Afterwards::Leave;
        core.journal.note(move |c| watching::take(c, &profile, &path, &now, id, pending));
        seen.done_with(place, &now);
        now
    }

    /// The file left before all of it was sent. Where another computer sent it and took it away, all is well.
    async fn leave(&self, core: &Core, id: TransferId, place: &Path) {
        let Ok((transfer, whole)) = core.with(id, |one| (one.transfer.clone(), one.whole.clone())) else { return };
        let mut is_there = false;
        if let (Some((look, crc)), Ok(store)) = (whole, core.store(&transfer.profile)) {
            let object = store.head(&transfer.wanted).await;
            is_there = object.is_ok_and(|there| {
                there.size == look.size && there.checksum.is_some_and(|checksum| checksum.value == crc)
            });
        }
        give_up(core, id);
        if !is_there {
            let name = place.file_name().unwrap_or_default().to_string_lossy();
            let body =
                format!("{name} was taken out of its watch folder before it was sent, and is not in the bucket.");
            core.board.tell(About::NeedsYou, "A file left before it was sent".into(), body);
        }
    }

    /// What is to be done with a file that is in the bucket. One of a card waits for the card's receipt.
    pub(super) async fn see_to(&mut self, core: &Core, folder: &WatchFolder, root: &Path, file: InBucket) {
        if folder.afterwards != Afterwards::Leave && card_root(&file.place).is_some() {
            match receipt_of(core, file.transfer) {
                Some(ReceiptState::Safe { .. }) => {}
                Some(ReceiptState::Trouble { sentence }) => {
                    let sentence = format!("Nothing of a card is moved or deleted: {sentence}");
                    self.trouble = Some(Error::new(Code::SourceChanged, sentence));
                    // Somebody may mend it, and ask for the receipt again.
                    return self.on_cards.push(file);
                }
                Some(_) => return self.on_cards.push(file),
                // Nobody proved all of the card: it stays.
                None => return,
            }
        }
        let (within, what, InBucket { transfer, place, sight, proof }) = (root.to_owned(), folder.afterwards, file);
        let path = root.join(&place);
        let done = tokio::task::spawn_blocking(move || {
            let done = afterwards::see_to(&within, &place, &sight, &proof, what)?;
            let card = card_root(&place).filter(|_| what == Afterwards::Move);
            // Where they cannot, they stay: nothing hangs on them.
            let lists = card.and_then(|(card, _)| afterwards::lists_follow(&within, &card).ok().flatten());
            Ok((done, lists))
        })
        .await;
        match done.map_err(Error::internal).flatten() {
            // Where it is another file by now, that one is another's to look at.
            Ok((_, lists)) => {
                self.trouble = None;
                if let Some(lists) = lists {
                    receipt::is_now_in(core, transfer, &lists);
                }
                let profile = folder.profile.clone();
                core.journal.note(move |c| watching::settled(c, &profile, &path));
            }
            Err(error) => self.trouble = Some(error),
        }
    }
}

/// Of the card that a transfer belongs to, as far as this run knows it.
fn receipt_of(core: &Core, transfer: TransferId) -> Option<ReceiptState> {
    let batch = core.with(transfer, |one| one.transfer.batch).ok()?;
    core.receipts.state(batch)
}
