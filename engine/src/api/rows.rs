//! What the window and `--json` are shown: whole rows, never increments. Shapes only; they are filled in `update` and
//! `footage`. Sizes are bytes and stay far under 2^53, times are milliseconds since 1970 UTC, rates bytes a second.

use serde::{Deserialize, Serialize};

use super::WatchFolder;
use crate::api::ReceiptState;
use crate::cards;
use crate::deadline::Verdict;
use crate::error::Error;
use crate::keys::Spread;
use crate::limit::{InForce, LimitSettings};
use crate::route::Kind;
use crate::transfer::{BatchId, Can, Direction, Status, TransferId, UnixMs};

/// Everything that changed after the sequence number that was asked for. The last one wins.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Update {
    pub seq: u64,
    /// The rows are all there are: forget the ones you had.
    pub whole: bool,
    pub rows: Vec<TransferRow>,
    /// Rows taken off the list.
    pub gone: Vec<TransferId>,
    pub totals: Totals,
    pub lanes: Vec<LaneRow>,
    pub watching: Vec<WatchRow>,
    /// Grows with every change of what is known of the bucket: ask for the footage again.
    pub footage: u64,
    /// Grows with every change of the profiles.
    pub profiles: u64,
    /// Things to tell the user once, by native notification. Each has its own rising `id`.
    pub notices: Vec<Notice>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct TransferRow {
    pub id: TransferId,
    pub batch: BatchId,
    pub direction: Direction,
    pub profile: String,
    pub bucket: String,
    pub key: String,
    /// The key as people are shown it: without the shard that a newsroom's template may spread keys by.
    pub shown: String,
    /// The file's own name, verbatim: text, never markup.
    pub name: String,
    /// Where the file is, or will be, on this computer.
    pub path: String,
    /// The slug or folder that it belongs to.
    pub story: String,
    pub size: u64,
    /// Bytes that S3 answered for, or that are on this disk: never what is only in a buffer.
    pub acked: u64,
    #[serde(flatten)]
    pub status: Status,
    /// A picture of the real parts: at most 200 runs.
    pub strip: Vec<Run>,
    pub parts: u32,
    pub parts_in_flight: u32,
    pub rate: u64,
    /// When it will be done, where that can be told.
    pub eta: Option<UnixMs>,
    /// Bytes that were already there when this run of the engine took the transfer up.
    pub kept: u64,
    pub breaking: bool,
    pub due: Option<Due>,
    /// It stands back for something breaking, which has all there is.
    pub yields: bool,
    /// It is written still and goes up meanwhile: `size` is what there is so far.
    pub recording: bool,
    /// What became of a recording, in a sentence, where somebody should know.
    pub said: Option<String>,
    /// The region of the newsroom's bucket is down, and it goes to the second one, which copies back.
    pub second: bool,
    /// It waits for another network: through those that there are goes only what is breaking.
    pub metered: bool,
    /// The page on which somebody must sign in to the network before it goes on; http or https, from the network and
    /// not to be trusted.
    pub portal: Option<String>,
    /// Of the card that it came with: absent where it did not come with one.
    pub receipt: Option<ReceiptState>,
    pub added_at: UnixMs,
    pub started_at: Option<UnixMs>,
    pub ended_at: Option<UnixMs>,
    pub can: Can,
    /// The camera card that its batch is: shown as one row with its files within.
    pub card: Option<CardRow>,
}

/// A camera card: what all of its files have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct CardRow {
    pub batch: BatchId,
    pub kind: cards::Kind,
    /// Its folder's or its volume's name, verbatim.
    pub name: String,
    pub clips: u32,
}

/// The deadline of a transfer, and whether it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Due {
    pub at: UnixMs,
    /// The time zone in which it was said, by its IANA name.
    pub zone: String,
    pub verdict: Verdict,
}

/// Neighbouring parts in the same condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub is: Cell,
    /// Which lane carried them, as in [`LaneRow::id`]; 0 where none did.
    pub lane: u32,
    /// How many of the strip's columns.
    pub n: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Cell {
    Open,
    InFlight,
    Acked,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    pub going_up: u32,
    pub coming_down: u32,
    pub waiting: u32,
    pub paused: u32,
    /// Failed, or waiting for something that only the user can mend.
    pub needs_you: u32,
    /// Will miss their deadline, or have.
    pub late: u32,
    pub done_today: u32,
    pub bytes_left: u64,
    pub rate_up: u64,
    pub rate_down: u64,
    /// When everything that moves or will move is done.
    pub eta: Option<UnixMs>,
    /// Bytes a second, one figure a second, oldest first, at most 120.
    pub history_up: Vec<u64>,
    pub history_down: Vec<u64>,
    /// How much of the link may be used now.
    pub limit: InForce,
}

/// The limits that were set, and what they come to now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct LimitsRow {
    pub settings: LimitSettings,
    pub now: InForce,
    /// The time zone in which the schedule is meant, by its IANA name: the newsroom's.
    pub zone: String,
    /// The networks that this computer is on, and those that have figures of their own.
    pub uplinks: Vec<UplinkRow>,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct UplinkRow {
    /// The system's name, by which limits go.
    pub name: String,
    /// What people call it.
    pub label: String,
}

/// An uplink and a route, with what it carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct LaneRow {
    /// From 1; the strip's colours go by it.
    pub id: u32,
    pub uplink: String,
    pub route: String,
    pub rate: u64,
    pub connections: u32,
}

/// A way to the bucket over a network, for whoever wants to know why it is taken or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct WayRow {
    /// As [`LaneRow::id`]; absent where the way is closed.
    pub lane: Option<u32>,
    pub uplink: String,
    pub kind: Kind,
    /// What people call it.
    pub route: String,
    pub state: WayState,
    /// Why it is closed, and what to do.
    pub why: Option<String>,
    /// Bytes a second, both directions, just now.
    pub rate: u64,
    pub connections: u32,
    /// Milliseconds there and back, where it was measured.
    pub trip_ms: Option<u32>,
    /// Milliseconds to open a connection, TCP and TLS, as it usually is.
    pub connect_ms: Option<u32>,
    /// Milliseconds from a request without a body to its answer, as it usually is.
    pub first_byte_ms: Option<u32>,
    /// Requests that failed since this process began.
    pub errors: u32,
    /// Bytes since this process began.
    pub moved_up: u64,
    pub moved_down: u64,
    /// Dollars a gigabyte: see `route::prices`.
    pub price_up: f64,
    pub price_down: f64,
    /// The day of that table, such as 2026-11-01.
    pub priced_on: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum WayState {
    /// Requests are in flight on it.
    Carries,
    /// It is being tested just now.
    Testing,
    Standby,
    /// It does not answer just now. It is tried again and again.
    Dead,
    /// It cannot be used as things are.
    Closed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    pub id: u64,
    pub about: About,
    pub title: String,
    pub body: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum About {
    BatchDone,
    NeedsYou,
    NewFootage,
}

/// A watch folder and how it is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct WatchRow {
    pub folder: WatchFolder,
    /// Files there that are not known to be whole yet.
    pub settling: u32,
    /// Of these, those that some program still has open for writing, as the system says.
    pub open: u32,
    /// Files of this folder that are in the bucket, proved.
    pub sent: u32,
    /// Files that were sent before, from another place or with another date: not again.
    pub skipped: u32,
    pub last_look: Option<UnixMs>,
    /// Why events are not enough here, and how often it is looked at instead: a sentence.
    pub by_looks: Option<String>,
    /// Files that wait, and why: at most 20.
    pub held: Vec<HeldFile>,
    pub trouble: Option<Error>,
}

/// A file that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct HeldFile {
    /// Its place within the folder.
    pub name: String,
    pub why: String,
}

/// A clip in the bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Clip {
    pub key: String,
    /// As [`TransferRow::shown`].
    pub shown: String,
    /// The last segment of the key.
    pub name: String,
    /// The first segment of the key, which the key templates give to the bureau; empty at the top.
    pub bureau: String,
    pub size: u64,
    pub modified: UnixMs,
    pub etag: String,
}

impl Clip {
    /// Name and bureau are read off the key.
    pub fn new(key: String, size: u64, modified: UnixMs, etag: String) -> Clip {
        let name = key.trim_end_matches('/').rsplit('/').next().unwrap_or(&key).to_owned();
        let bureau = key.split_once('/').map_or("", |(first, _)| first).to_owned();
        Clip { shown: key.clone(), key, name, bureau, size, modified, etag }
    }

    /// Without its shard, where the newsroom spreads keys.
    pub(crate) fn shown_by(mut self, spread: Option<Spread>) -> Clip {
        if let Some(spread) = spread {
            self.shown = spread.shown(&self.key).into_owned();
        }
        self
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct FootagePage {
    /// Newest first.
    pub clips: Vec<Clip>,
    /// How many match, of which `clips` are the asked-for stretch.
    pub matching: u32,
    pub total: u32,
    pub bureaus: u32,
    /// When the bucket was last listed; absent before the first time.
    pub as_of: Option<UnixMs>,
    /// The listing stopped before the bucket's end: it holds more than this version shows.
    pub partial: bool,
    pub trouble: Option<Error>,
}

/// A stretch of the bucket's keys, in their order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    pub clips: Vec<Clip>,
    pub more: bool,
}

/// More about one clip, from its object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct ClipDetails {
    pub clip: Clip,
    pub content_type: String,
    pub storage_class: String,
    /// The whole object's checksum that the store keeps, with its algorithm.
    pub checksum: Option<StoredChecksum>,
    /// The name the camera or the reporter gave it, where the object says so.
    pub original_name: Option<String>,
    pub slug: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct StoredChecksum {
    pub algorithm: String,
    /// Base64, as S3 writes it.
    pub value: String,
}
