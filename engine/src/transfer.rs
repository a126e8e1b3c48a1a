//! One file, one direction, and its states. Pure: no IO, and time comes in as an argument. [`apply`] is the only writer
//! of a transfer's status, so that each rule of a transfer's life exists once; the window is sent what [`Can`] says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cards::Card;
use crate::deadline::Deadline;
use crate::error::{Code, Error};
use crate::integrity::Checksum;

/// Milliseconds since 1970 UTC.
pub type UnixMs = i64;
/// The journal's row number of a transfer; what `rushesctl transfers` shows.
pub type TransferId = i64;
/// The journal's row number of a batch.
pub type BatchId = i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    Up,
    Down,
}

/// Why a transfer waits. Waiting is not failing: it goes on by itself when the reason is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Why {
    Offline,
    Throttled,
    Credentials,
    DiskFull,
    /// The network wants somebody to sign in first, on a page of its own.
    Portal,
    /// Another computer that watches the same files is sending this very one.
    Elsewhere,
}

/// How far the bytes are proved. Told for every transfer that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Proof {
    /// The whole object's checksum, computed here and by the store, is the same. `checksum` is base64, as S3 writes it.
    WholeObject { algorithm: String, checksum: String },
    /// The store checked the MD5 of each part as it arrived; it offers no checksum of the whole.
    EachPart { algorithm: String },
    /// The store has nothing to compare with; only the length was checked, and that all of it is one version.
    LengthOnly,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum Status {
    Queued,
    Running,
    Finishing,
    /// `until` is when it tries again; absent where only the user can help.
    Waiting {
        why: Why,
        until: Option<UnixMs>,
        error: Error,
    },
    Paused,
    Cancelling,
    Cancelled,
    Done {
        proof: Proof,
        /// What the ways beside the plain one gained, in a sentence, where that could be told.
        #[serde(default)]
        gained: Option<String>,
    },
    Failed {
        error: Error,
    },
}

impl Status {
    /// Nothing more will happen unless somebody asks. Failed is not ended: it keeps what was sent, and can be retried.
    pub fn is_ended(&self) -> bool {
        matches!(self, Status::Done { .. } | Status::Cancelled)
    }

    pub fn is_active(&self) -> bool {
        matches!(self, Status::Running | Status::Finishing)
    }

    /// Bytes move, or will by themselves.
    pub fn is_underway(&self) -> bool {
        self.is_active() || matches!(self, Status::Queued | Status::Waiting { .. } | Status::Cancelling)
    }
}

/// What may be asked of a transfer now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Can {
    pub pause: bool,
    pub resume: bool,
    pub cancel: bool,
    pub retry: bool,
    /// Take it off the list.
    pub forget: bool,
    /// Mark it breaking, or give it a deadline.
    pub hasten: bool,
}

impl Can {
    pub fn of(status: &Status) -> Can {
        let ended = status.is_ended();
        Can {
            pause: matches!(status, Status::Queued | Status::Running | Status::Waiting { .. }),
            resume: matches!(status, Status::Paused),
            cancel: !ended && !matches!(status, Status::Cancelling),
            retry: matches!(status, Status::Failed { .. } | Status::Waiting { .. }),
            forget: ended,
            hasten: !ended && !matches!(status, Status::Cancelling),
        }
    }
}

/// Something that happened to a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its driver begins to send or fetch.
    Start,
    /// Every byte is acknowledged; completing and proving is left.
    Finish,
    /// With what the ways to the bucket gained.
    Prove(Proof, Option<String>),
    Wait {
        why: Why,
        until: Option<UnixMs>,
        error: Error,
    },
    /// The reason to wait may be gone, or the process began anew.
    Requeue,
    Pause,
    Resume,
    Cancel,
    /// S3 confirmed that nothing is left of it.
    Confirm,
    Fail(Error),
    Retry,
}

/// The change is not one that the status allows. Said in words, since a user can race the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub &'static str);

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Error::new(Code::BadInput, refused.0)
    }
}

/// The status and the moments that go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    pub status: Status,
    pub added_at: UnixMs,
    /// When bytes first could move.
    pub started_at: Option<UnixMs>,
    /// When it was done or cancelled.
    pub ended_at: Option<UnixMs>,
}

impl Life {
    pub fn new(now: UnixMs) -> Life {
        Life { status: Status::Queued, added_at: now, started_at: None, ended_at: None }
    }
}

/// How much a transfer hurries. Its place among the others follows from it: see `queue`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Urgency {
    /// It takes every slot as it frees, from anything that is not breaking.
    pub breaking: bool,
    pub deadline: Option<Deadline>,
}

/// Whether a file goes up while it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// It is whole, or was taken for whole.
    #[default]
    No,
    /// It is written still, as far as is known.
    Growing,
    /// It has ended: its size and look are known, and what it holds is compared with what was sent of it.
    Ended,
}

/// What a file looked like: enough to notice most changes, never proof that there was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub size: u64,
    /// Nanoseconds since 1970; 0 where the file system keeps none.
    pub modified: i64,
    /// When the system last changed anything about it: cannot be put back by a program. 0 where unknown.
    pub touched: i64,
}

impl Look {
    /// Whether it is still the file that was looked at, as far as size and time tell.
    pub fn same_file(&self, now: &Look) -> bool {
        self.size == now.size && self.modified == now.modified
    }
}

/// The version of an object that a download is held to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// With its quotation marks.
    pub etag: String,
    pub checksum: Option<Checksum>,
    /// It was looked up in the copy, since the bucket itself did not answer.
    #[serde(default)]
    pub in_copy: bool,
}

/// One file, one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub id: TransferId,
    pub batch: BatchId,
    pub direction: Direction,
    pub profile: String,
    pub bucket: String,
    /// What was asked for, so that asking twice is noticed: file and wanted key, its date left open; or key and folder.
    /// No two live transfers of a profile share direction and this.
    pub asked: String,
    pub wanted: String,
    /// The key: `wanted`, or the first free one after it.
    pub key: String,
    pub path: PathBuf,
    pub name: String,
    pub story: String,
    pub metadata: BTreeMap<String, String>,
    /// The camera card that its batch is.
    pub card: Option<Arc<Card>>,
    pub size: u64,
    /// Up: the source as it was when its first part was planned.
    pub look: Option<Look>,
    /// Down: what it is held to, once that is known.
    pub held: Option<Held>,
    /// Up: whether it grows.
    pub recording: Recording,
    /// Of a recording: the file's own number on its disk, by which it is found under another name.
    pub file: Option<u64>,
    /// What became of a recording, in a sentence, where somebody should know.
    pub said: Option<String>,
    pub urgency: Urgency,
    /// Up: the watch folder that it was found in.
    pub folder: Option<i64>,
    pub life: Life,
}

/// Applies one change, or says why it cannot be. The life is untouched where it refuses.
pub fn apply(life: &mut Life, change: Change, now: UnixMs) -> Result<(), Refused> {
    use Status as S;
    let can = Can::of(&life.status);
    let next = match (change, &life.status) {
        // From Finishing where the bucket's answer means that parts must go (again).
        (Change::Start, S::Queued | S::Finishing) => S::Running,
        (Change::Finish, S::Running | S::Finishing) => S::Finishing,
        // Even while it is being cancelled: where the store had completed it already, the truth is that it is there.
        (Change::Prove(proof, gained), S::Running | S::Finishing | S::Cancelling) => S::Done { proof, gained },
        (Change::Wait { why, until, error }, S::Running | S::Finishing) => S::Waiting { why, until, error },
        (Change::Requeue, S::Running | S::Finishing | S::Waiting { .. } | S::Queued) => S::Queued,
        (Change::Pause, S::Paused) => S::Paused,
        (Change::Pause, _) if can.pause => S::Paused,
        (Change::Resume, S::Queued | S::Running | S::Finishing) => return Ok(()),
        (Change::Resume, _) if can.resume => S::Queued,
        (Change::Cancel, S::Cancelling | S::Cancelled) => return Ok(()),
        (Change::Cancel, _) if can.cancel => S::Cancelling,
        (Change::Confirm, S::Cancelling) => S::Cancelled,
        (Change::Fail(error), S::Running | S::Finishing | S::Queued) => S::Failed { error },
        (Change::Retry, _) if can.retry => S::Queued,

        (_, S::Done { .. }) => return Err(Refused("This transfer is already done.")),
        (_, S::Cancelled | S::Cancelling) => return Err(Refused("This transfer was cancelled.")),
        (Change::Pause, S::Finishing) => {
            return Err(Refused("All of it is sent; it is being checked and cannot be paused."));
        }
        (Change::Pause, S::Failed { .. }) => return Err(Refused("This transfer has failed; retry or cancel it.")),
        (Change::Resume, _) => return Err(Refused("Only a paused transfer can be resumed.")),
        (Change::Retry, _) => return Err(Refused("Only a failed or waiting transfer can be retried.")),
        _ => return Err(Refused("That is not possible for this transfer now.")),
    };
    if matches!(next, S::Running) && life.started_at.is_none() {
        life.started_at = Some(now);
    }
    life.ended_at = next.is_ended().then_some(now);
    life.status = next;
    Ok(())
}

/// Whether a retry after this error must begin again: what was sent or fetched belongs to other content.
pub fn retry_begins_anew(error: &Error) -> bool {
    matches!(error.code, Code::SourceChanged | Code::ObjectChanged | Code::ChecksumMismatch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_states() -> Vec<Status> {
        let error = Error::new(Code::Offline, "x");
        vec![
            Status::Queued,
            Status::Running,
            Status::Finishing,
            Status::Waiting { why: Why::Offline, until: Some(1), error: error.clone() },
            Status::Paused,
            Status::Cancelling,
            Status::Cancelled,
            Status::Done { proof: Proof::LengthOnly, gained: None },
            Status::Failed { error },
        ]
    }

    fn after(status: &Status, change: Change) -> Result<Status, Refused> {
        let mut life = Life { status: status.clone(), ..Life::new(0) };
        let before = life.clone();
        let answer = apply(&mut life, change, 7);
        match answer {
            Ok(()) => Ok(life.status),
            Err(refused) => {
                assert_eq!(life, before, "a refused change must leave no trace");
                Err(refused)
            }
        }
    }

    /// The buttons and the rules are one: whatever `Can` offers is accepted, and what it does not offer changes nothing.
    #[test]
    fn what_the_window_offers_is_what_apply_accepts() {
        for status in all_states() {
            let can = Can::of(&status);
            for (offered, change) in [
                (can.pause, Change::Pause),
                (can.resume, Change::Resume),
                (can.cancel, Change::Cancel),
                (can.retry, Change::Retry),
            ] {
                let moved = after(&status, change.clone()).is_ok_and(|next| next != status);
                assert_eq!(offered, moved, "{change:?} on {status:?}");
            }
        }
    }

    #[test]
    fn nothing_leaves_an_ended_state() {
        let error = Error::new(Code::Offline, "x");
        for status in all_states().into_iter().filter(Status::is_ended) {
            for change in [
                Change::Start,
                Change::Finish,
                Change::Prove(Proof::LengthOnly, None),
                Change::Wait { why: Why::Offline, until: None, error: error.clone() },
                Change::Requeue,
                Change::Pause,
                Change::Resume,
                Change::Cancel,
                Change::Confirm,
                Change::Fail(error.clone()),
                Change::Retry,
            ] {
                assert!(after(&status, change).map_or(true, |next| next == status));
            }
        }
    }

    #[test]
    fn a_clip_that_landed_while_it_was_being_cancelled_is_done() {
        let done = after(&Status::Cancelling, Change::Prove(Proof::LengthOnly, None)).unwrap();
        assert_eq!(done, Status::Done { proof: Proof::LengthOnly, gained: None });
    }

    #[test]
    fn moments_are_kept_once() {
        let mut life = Life::new(1);
        apply(&mut life, Change::Start, 2).unwrap();
        apply(&mut life, Change::Requeue, 3).unwrap();
        apply(&mut life, Change::Start, 4).unwrap();
        apply(&mut life, Change::Prove(Proof::LengthOnly, None), 5).unwrap();
        assert_eq!((life.started_at, life.ended_at), (Some(2), Some(5)));
    }
}
