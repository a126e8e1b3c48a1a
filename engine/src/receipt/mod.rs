//! The proof of a card: once all of it is in the bucket and proved, it is read again and compared with what the bucket holds,
//! and a receipt says so, beside the files and in the bucket, as a hash list of ASC MHL v2. Then, and only then, the card may
//! be wiped. `check` makes it with `in_bucket`, `keep` puts it where it belongs, `open` reads one again, `object` asks the
//! bucket. May not live here: transfers.

mod card;
mod check;
mod hash;
mod history;
mod in_bucket;
mod keep;
mod list;
mod object;
mod open;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::api::{About, ReceiptState};
use crate::clock;
use crate::conductor::Scope;
use crate::core::Core;
use crate::error::{Code, Error, Result};
use crate::journal::receipts;
use crate::transfer::{BatchId, Direction, Status, TransferId, UnixMs};

use check::Stopped;

pub(crate) use object::compare;
pub(crate) use open::take_outside;
pub use open::{Beside, Opened, open};

/// Which batches came as a folder, and how far their receipts are.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    known: Mutex<Known>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Known {
    of: HashMap<BatchId, (PathBuf, ReceiptState)>,
    waiting: VecDeque<BatchId>,
    busy: bool,
}

impl Receipts {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one is being made, or will be.
    pub(crate) fn is_busy(&self) -> bool {
        let known = self.known();
        known.busy || !known.waiting.is_empty()
    }

    /// `None` of a batch that did not come as a folder.
    pub(crate) fn state(&self, batch: BatchId) -> Option<ReceiptState> {
        self.known().of.get(&batch).map(|(_, state)| state.clone())
    }
}

/// A batch came as this folder: it can have a receipt. Said twice, the first counts.
pub(crate) async fn came_as(core: &Core, batch: BatchId, root: PathBuf) -> Result<()> {
    if core.receipts.state(batch).is_some() || core.live().of_batch(batch).next().is_none() {
        // All of it was on its way already, in an earlier batch.
        return Ok(());
    }
    let kept = root.clone();
    core.journal.write(move |c| receipts::came_as(c, batch, &kept)).await?;
    core.receipts.known().of.insert(batch, (root, ReceiptState::None));
    show(core, batch, &ReceiptState::None);
    if core.live().standing().is_over(batch) {
        batch_done(core, batch);
    }
    Ok(())
}

/// All of a batch is done: where it is a card, its receipt is made. Another folder gets one when somebody asks: nothing is
/// written into a folder that nobody said is a card.
pub(crate) fn batch_done(core: &Core, batch: BatchId) {
    if core.receipts.state(batch).is_none_or(|state| state.is_checking()) {
        return;
    }
    let is_done = |status: &Status| matches!(status, Status::Done { .. });
    let any = {
        let live = core.live();
        let mut ups = live.of_batch(batch).filter(|one| one.transfer.direction == Direction::Up);
        ups.any(|one| is_done(&one.transfer.life.status) && one.transfer.card.is_some())
    };
    if any {
        want(core, batch);
    }
}

/// Somebody asks for the receipt of a batch.
pub(crate) fn by_hand(core: &Core, batch: BatchId) -> Result<()> {
    let Some(state) = core.receipts.state(batch) else {
        let sentence = format!("Batch {batch} did not come as one folder: there is no card to make a receipt of.");
        return Err(Error::new(Code::NotFound, sentence));
    };
    if !core.live().standing().is_over(batch) {
        return Err(Error::new(Code::Busy, "Some of that card is still on its way. Ask again when all of it is done."));
    }
    if !state.is_checking() {
        want(core, batch);
    }
    Ok(())
}

/// The hash lists of a transfer's card were taken to another folder.
pub(crate) fn is_now_in(core: &Core, transfer: TransferId, folder: &Path) {
    let Ok(batch) = core.with(transfer, |one| one.transfer.batch) else { return };
    if let Some(ReceiptState::Safe { path, at, remark }) = core.receipts.state(batch)
        && let Some(name) = Path::new(&path).file_name()
    {
        let path = folder.join(name).display().to_string();
        set_state(core, batch, ReceiptState::Safe { path, at, remark });
    }
}

fn want(core: &Core, batch: BatchId) {
    set_state(core, batch, ReceiptState::Checking { read: 0, of: 0 });
    core.receipts.known().waiting.push_back(batch);
    core.receipts.news.notify_one();
}

fn set_state(core: &Core, batch: BatchId, state: ReceiptState) {
    know(core, batch, &state);
    core.journal.note(move |c| receipts::set_state(c, batch, &state));
}

/// So many of the card's bytes are read again. Shown, and not kept: the next start reads all of it.
fn progress(core: &Core, batch: BatchId, read: u64, of: u64) {
    know(core, batch, &ReceiptState::Checking { read, of });
}

fn know(core: &Core, batch: BatchId, state: &ReceiptState) {
    if let Some((_, known)) = core.receipts.known().of.get_mut(&batch) {
        known.clone_from(state);
    }
    show(core, batch, state);
}

fn show(core: &Core, batch: BatchId, state: &ReceiptState) {
    let ids: Vec<TransferId> = core.live().of_batch(batch).map(|one| one.transfer.id).collect();
    for id in ids {
        let _ = core.with(id, |one| {
            one.receipt = Some(state.clone());
            core.board.put(one.row());
        });
    }
    core.board.show();
}

/// What an earlier run knew. One that it did not end is begun again by whoever carries everything.
pub(crate) async fn take_up(core: &Core, scope: Scope) -> Result<()> {
    for (batch, root, before) in core.journal.read(receipts::all).await? {
        let unended = before.is_checking();
        let state = if unended { ReceiptState::None } else { before };
        core.receipts.known().of.insert(batch, (root, state.clone()));
        show(core, batch, &state);
        let done = state == ReceiptState::None && core.live().standing().is_over(batch);
        if scope == Scope::All && done {
            batch_done(core, batch);
        } else if unended {
            set_state(core, batch, ReceiptState::None);
        }
    }
    Ok(())
}

/// Makes receipts as they are wanted, one after the other: a card is slow, and so is its reader.
pub(crate) async fn make(core: Arc<Core>) {
    loop {
        let next = {
            let mut known = core.receipts.known();
            let next = known.waiting.pop_front();
            known.busy = next.is_some();
            next.and_then(|batch| Some((batch, known.of.get(&batch)?.0.clone())))
        };
        let Some((batch, root)) = next else {
            tokio::select! {
                () = core.closing.cancelled() => return,
                () = core.receipts.news.notified() => continue,
            }
        };
        let name = root.file_name().map_or_else(|| root.display().to_string(), |n| n.to_string_lossy().into_owned());
        let checked = tokio::select! {
            // The next start begins it again.
            () = core.closing.cancelled() => return,
            checked = check::check(&core, batch, &root) => checked,
        };
        match checked {
            Ok(made) => {
                let (path, at) = (made.path.display().to_string(), clock::now());
                let is_all =
                    if made.files == 1 { "its file is".into() } else { format!("all {} files are", made.files) };
                let remark = made.remark.as_ref().map_or(String::new(), |remark| format!(" {remark}"));
                let body =
                    format!("{name}: {is_all} in the bucket and proved, and the card still holds just that.{remark}");
                core.board.tell(About::BatchDone, "Safe to wipe this card".into(), body);
                set_state(&core, batch, ReceiptState::Safe { path, at, remark: made.remark });
            }
            Err(Stopped::Closing) => return,
            Err(Stopped::Trouble(sentence)) => {
                core.board.tell(About::NeedsYou, "Do not wipe this card".into(), format!("{name}: {sentence}"));
                set_state(&core, batch, ReceiptState::Trouble { sentence });
            }
        }
        core.board.show();
    }
}

fn timestamp(at: UnixMs) -> Timestamp {
    Timestamp::from_second(at.div_euclid(1000)).unwrap_or_default()
}

/// RFC 3339, to the second.
fn moment(at: UnixMs) -> String {
    timestamp(at).to_string()
}
