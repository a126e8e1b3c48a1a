//! Batches, transfers and their parts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cards::card_of;
use crate::deadline::Deadline;
use crate::integrity::Crc64;
use crate::parts::Part;
use crate::profile::second_of;
use crate::transfer::{BatchId, Direction, Life, Look, Recording, Transfer, TransferId, UnixMs, Urgency};

/// A part that S3 answered for, or a range that is on this disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acked {
    pub etag: String,
    pub crc: Crc64,
    pub lane: u32,
}

/// What a window can count, and far more than S3 takes.
const MOST_BYTES: u64 = 1 << 53;

pub(crate) type PlannedPart = (Part, Option<Acked>);

pub(crate) fn add_batch(c: &Connection, now: UnixMs) -> Result<BatchId> {
    c.execute("INSERT INTO batch (added_at) VALUES (?1)", [now])?;
    Ok(c.last_insert_rowid())
}

/// Adds it, and gives it its ID. Where a live transfer was asked for the same, that one's ID instead, and `false`; it may
/// go to the newsroom's second bucket by now.
pub(crate) fn add_transfer(c: &Connection, transfer: &Transfer) -> Result<(TransferId, bool)> {
    let live = c
        .prepare_cached(
            "SELECT id FROM transfer WHERE profile IN (?1, ?4) AND direction = ?2 AND asked = ?3 AND live = 1",
        )?
        .query_row(
            params![transfer.profile, direction_name(transfer.direction), transfer.asked, second_of(&transfer.profile)],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = live {
        return Ok((id, false));
    }
    c.prepare_cached(
        "INSERT INTO transfer (batch, direction, profile, bucket, asked, wanted, key, path, name, story, metadata, size,
             status, live, added_at, breaking, deadline, deadline_zone, recording, folder)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?
    .execute(params![
        transfer.batch,
        direction_name(transfer.direction),
        transfer.profile,
        transfer.bucket,
        transfer.asked,
        transfer.wanted,
        transfer.key,
        path_bytes(&transfer.path),
        transfer.name,
        transfer.story,
        json(&transfer.metadata)?,
        transfer.size as i64,
        json(&transfer.life.status)?,
        transfer.life.added_at,
        transfer.urgency.breaking,
        transfer.urgency.deadline.as_ref().map(|deadline| deadline.at),
        transfer.urgency.deadline.as_ref().map(|deadline| &deadline.zone),
        recording_name(transfer.recording),
        transfer.folder,
    ])?;
    Ok((c.last_insert_rowid(), true))
}

/// Status and moments.
pub(crate) fn set_life(c: &Connection, id: TransferId, life: &Life) -> Result<()> {
    c.prepare_cached("UPDATE transfer SET status = ?2, live = ?3, started_at = ?4, ended_at = ?5 WHERE id = ?1")?
        .execute(params![id, json(&life.status)?, !life.status.is_ended(), life.started_at, life.ended_at])?;
    Ok(())
}

pub(crate) fn set_urgency(c: &Connection, id: TransferId, urgency: &Urgency) -> Result<()> {
    let deadline = urgency.deadline.as_ref();
    c.prepare_cached("UPDATE transfer SET breaking = ?2, deadline = ?3, deadline_zone = ?4 WHERE id = ?1")?.execute(
        params![id, urgency.breaking, deadline.map(|deadline| deadline.at), deadline.map(|deadline| &deadline.zone)],
    )?;
    Ok(())
}

/// It goes to another bucket.
pub(crate) fn set_place(c: &Connection, id: TransferId, profile: &str, bucket: &str) -> Result<()> {
    c.prepare_cached("UPDATE transfer SET profile = ?2, bucket = ?3 WHERE id = ?1")?
        .execute(params![id, profile, bucket])?;
    Ok(())
}

/// The facts that a driver finds out: key, path, size, what the source looked like and tells of itself, what a download is
/// held to.
pub(crate) fn set_facts(c: &Connection, transfer: &Transfer) -> Result<()> {
    let look = transfer.look.unwrap_or(Look { size: transfer.size, modified: 0, touched: 0 });
    c.prepare_cached(
        "UPDATE transfer SET key = ?2, path = ?3, name = ?4, size = ?5, modified = ?6, touched = ?7, held = ?8,
             metadata = ?9, recording = ?10, file = ?11, said = ?12
         WHERE id = ?1",
    )?
    .execute(params![
        transfer.id,
        transfer.key,
        path_bytes(&transfer.path),
        transfer.name,
        transfer.size as i64,
        look.modified,
        look.touched,
        transfer.held.as_ref().map(json).transpose()?,
        json(&transfer.metadata)?,
        recording_name(transfer.recording),
        transfer.file.map(u64::cast_signed),
        transfer.said,
    ])?;
    Ok(())
}

/// Every transfer that is not ended, and the last `ended` that are, in the order in which they were added.
pub(crate) fn load(c: &Connection, ended: u32) -> Result<Vec<Transfer>> {
    c.prepare(
        "SELECT t.id, t.batch, direction, t.profile, bucket, asked, wanted, key, path, t.name, story, metadata, size,
                modified, touched, held, status, added_at, started_at, ended_at, breaking, deadline, deadline_zone,
                card.kind, card.name, card.clips, recording, file, said, folder
         FROM transfer t LEFT JOIN card ON card.batch = t.batch
         WHERE live = 1 OR t.id IN (
             SELECT id FROM transfer WHERE live = 0 AND forgotten = 0 ORDER BY ended_at DESC LIMIT ?1)
         ORDER BY t.id",
    )?
    .query_map([ended], transfer_of)?
    .collect()
}

/// Takes ended transfers off the list. What they did stays in the journal.
pub(crate) fn forget(c: &Connection, ids: &[TransferId]) -> Result<()> {
    let mut statement = c.prepare_cached("UPDATE transfer SET forgotten = 1 WHERE id = ?1 AND live = 0")?;
    ids.iter().try_for_each(|id| statement.execute([id]).map(|_| ()))
}

/// Replaces the plan, and with it all that was acknowledged.
pub(crate) fn set_plan(c: &Connection, id: TransferId, plan: &[Part]) -> Result<()> {
    c.prepare_cached("DELETE FROM part WHERE transfer = ?1")?.execute([id])?;
    insert_parts(c, id, plan)
}

/// A recording has grown: more parts, and its size so far.
pub(crate) fn extend_plan(c: &Connection, id: TransferId, more: &[Part], size: u64) -> Result<()> {
    insert_parts(c, id, more)?;
    c.prepare_cached("UPDATE transfer SET size = ?2 WHERE id = ?1")?.execute(params![id, size as i64])?;
    Ok(())
}

/// Only the first parts of the plan stay, with what was acknowledged of them.
pub(crate) fn cut_plan(c: &Connection, id: TransferId, stay: usize) -> Result<()> {
    c.prepare_cached("DELETE FROM part WHERE transfer = ?1 AND number > ?2")?.execute(params![id, stay as i64])?;
    Ok(())
}

fn insert_parts(c: &Connection, id: TransferId, parts: &[Part]) -> Result<()> {
    let mut insert = c.prepare_cached("INSERT INTO part (transfer, number, offset, length) VALUES (?1, ?2, ?3, ?4)")?;
    parts.iter().try_for_each(|part| {
        insert.execute(params![id, part.number, part.offset as i64, part.length as i64]).map(|_| ())
    })
}

pub(crate) fn plan(c: &Connection, id: TransferId) -> Result<Vec<PlannedPart>> {
    c.prepare_cached("SELECT number, offset, length, etag, crc64, lane FROM part WHERE transfer = ?1 ORDER BY number")?
        .query_map([id], |row| {
            let part = Part { number: row.get(0)?, offset: bytes(row, 1)?, length: bytes(row, 2)? };
            let etag: Option<String> = row.get(3)?;
            let crc: Option<[u8; 8]> = row.get(4)?;
            let lane = row.get(5)?;
            let acked = etag.zip(crc).map(|(etag, crc)| Acked { etag, crc: Crc64(u64::from_be_bytes(crc)), lane });
            Ok((part, acked))
        })?
        .collect()
}

pub(crate) fn ack(c: &Connection, id: TransferId, number: u32, acked: &Acked, now: UnixMs) -> Result<()> {
    c.prepare_cached(
        "UPDATE part SET etag = ?3, crc64 = ?4, lane = ?5, acked_at = ?6 WHERE transfer = ?1 AND number = ?2",
    )?
    .execute(params![id, number, acked.etag, acked.crc.0.to_be_bytes(), acked.lane, now])?;
    Ok(())
}

/// The part must be sent or fetched again.
pub(crate) fn unack(c: &Connection, id: TransferId, number: u32) -> Result<()> {
    c.prepare_cached(
        "UPDATE part SET etag = NULL, crc64 = NULL, lane = 0, acked_at = NULL WHERE transfer = ?1 AND number = ?2",
    )?
    .execute(params![id, number])?;
    Ok(())
}

/// Of every transfer that is not ended: how many bytes are acknowledged.
pub(crate) fn acked_bytes(c: &Connection) -> Result<Vec<(TransferId, u64, u32)>> {
    c.prepare(
        "SELECT p.transfer, sum(CASE WHEN p.etag IS NULL THEN 0 ELSE p.length END), count(*)
         FROM part p JOIN transfer t ON t.id = p.transfer WHERE t.live = 1 GROUP BY p.transfer",
    )?
    .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64, row.get(2)?)))?
    .collect()
}

/// An ended transfer's parts have served.
pub(crate) fn drop_plan(c: &Connection, id: TransferId) -> Result<()> {
    c.prepare_cached("DELETE FROM part WHERE transfer = ?1")?.execute([id])?;
    Ok(())
}

fn transfer_of(row: &Row<'_>) -> Result<Transfer> {
    let size = bytes(row, 12)?;
    let modified: i64 = row.get(13)?;
    let held: Option<String> = row.get(15)?;
    Ok(Transfer {
        id: row.get(0)?,
        batch: row.get(1)?,
        direction: if row.get::<_, String>(2)? == "up" { Direction::Up } else { Direction::Down },
        profile: row.get(3)?,
        bucket: row.get(4)?,
        asked: row.get(5)?,
        wanted: row.get(6)?,
        key: row.get(7)?,
        path: path_of(row.get(8)?),
        name: row.get(9)?,
        story: row.get(10)?,
        metadata: from_json(&row.get::<_, String>(11)?, 11)?,
        size,
        look: (modified != 0)
            .then(|| Ok::<_, rusqlite::Error>(Look { size, modified, touched: row.get(14)? }))
            .transpose()?,
        held: held.map(|h| from_json(&h, 15)).transpose()?,
        card: card_of(row, 23)?.map(Arc::new),
        recording: match row.get::<_, String>(26)?.as_str() {
            "growing" => Recording::Growing,
            "ended" => Recording::Ended,
            _ => Recording::No,
        },
        file: row.get::<_, Option<i64>>(27)?.map(i64::cast_unsigned),
        said: row.get(28)?,
        folder: row.get(29)?,
        urgency: Urgency {
            breaking: row.get(20)?,
            deadline: row.get::<_, Option<UnixMs>>(21)?.zip(row.get(22)?).map(|(at, zone)| Deadline { at, zone }),
        },
        life: Life {
            status: from_json(&row.get::<_, String>(16)?, 16)?,
            added_at: row.get(17)?,
            started_at: row.get(18)?,
            ended_at: row.get(19)?,
        },
    })
}

/// A size as it may be. A damaged journal's figures are not reckoned with.
fn bytes(row: &Row<'_>, column: usize) -> Result<u64> {
    let said: i64 = row.get(column)?;
    let size = u64::try_from(said).ok().filter(|size| *size <= MOST_BYTES);
    size.ok_or(rusqlite::Error::IntegralValueOutOfRange(column, said))
}

fn recording_name(recording: Recording) -> &'static str {
    match recording {
        Recording::No => "none",
        Recording::Growing => "growing",
        Recording::Ended => "ended",
    }
}

fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str, column: usize) -> Result<T> {
    serde_json::from_str(text).map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(e)))
}

/// Names on Unix are bytes, and a card's may be no text at all.
#[cfg(unix)]
pub(super) fn path_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(unix)]
pub(super) fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

/// Windows names that are no UTF-16 are refused when they are added.
#[cfg(not(unix))]
pub(super) fn path_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}

#[cfg(not(unix))]
pub(super) fn path_of(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}
