//! What uploads became in the bucket, which batches came as one folder, and how far their receipts are.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Result, params};

use super::transfers::{from_json, json, path_bytes, path_of};
use crate::api::ReceiptState;
use crate::integrity::Crc64;
use crate::transfer::{BatchId, Status, TransferId, UnixMs};

/// What the store answered to the last request of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Became {
    pub version: Option<String>,
    pub etag: Option<String>,
    pub crc: Option<Crc64>,
}

/// A file that went up, or was to.
#[derive(Clone, Debug)]
pub(crate) struct SentFile {
    pub batch: BatchId,
    pub profile: String,
    pub bucket: String,
    pub key: String,
    pub path: PathBuf,
    pub status: Status,
    pub ended_at: Option<UnixMs>,
    pub sent: Became,
}

pub(crate) fn set_became(c: &Connection, transfer: TransferId, sent: &Became) -> Result<()> {
    c.prepare_cached("INSERT OR REPLACE INTO sent (transfer, version, etag, crc64) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![transfer, sent.version, sent.etag, sent.crc.map(|crc| crc.0.to_be_bytes())])?;
    Ok(())
}

/// Everything that was to go up from within a folder, the oldest first; also what watch folders found there by its content that
/// went up from elsewhere, as from a card that was mounted under another name.
pub(crate) fn of_folder(c: &Connection, root: &Path) -> Result<Vec<SentFile>> {
    let mut from = path_bytes(root);
    let separator = std::path::MAIN_SEPARATOR as u8;
    if from.last() != Some(&separator) {
        from.push(separator);
    }
    let mut to = from.clone();
    if let Some(last) = to.last_mut() {
        *last += 1;
    }
    c.prepare(
        "WITH at (id, path) AS (
             SELECT id, path FROM transfer WHERE direction = 'up' AND path >= ?1 AND path < ?2
             UNION SELECT transfer, path FROM watch_taken WHERE path >= ?1 AND path < ?2)
         SELECT t.batch, t.profile, t.bucket, t.key, at.path, t.status, t.ended_at, s.version, s.etag, s.crc64
         FROM at JOIN transfer t ON t.id = at.id LEFT JOIN sent s ON s.transfer = t.id
         WHERE t.direction = 'up' ORDER BY t.id",
    )?
    .query_map(params![from, to], |row| {
        let crc: Option<[u8; 8]> = row.get(9)?;
        Ok(SentFile {
            batch: row.get(0)?,
            profile: row.get(1)?,
            bucket: row.get(2)?,
            key: row.get(3)?,
            path: path_of(row.get(4)?),
            status: from_json(&row.get::<_, String>(5)?, 5)?,
            ended_at: row.get(6)?,
            sent: Became {
                version: row.get(7)?,
                etag: row.get(8)?,
                crc: crc.map(|crc| Crc64(u64::from_be_bytes(crc))),
            },
        })
    })?
    .collect()
}

/// A batch came as this folder.
pub(crate) fn came_as(c: &Connection, batch: BatchId, root: &Path) -> Result<()> {
    c.prepare_cached("INSERT OR IGNORE INTO receipt (batch, root, state) VALUES (?1, ?2, ?3)")?.execute(params![
        batch,
        path_bytes(root),
        json(&ReceiptState::None)?
    ])?;
    Ok(())
}

pub(crate) fn set_state(c: &Connection, batch: BatchId, state: &ReceiptState) -> Result<()> {
    c.prepare_cached("UPDATE receipt SET state = ?2 WHERE batch = ?1")?.execute(params![batch, json(state)?])?;
    Ok(())
}

/// All batches that came as a folder.
pub(crate) fn all(c: &Connection) -> Result<Vec<(BatchId, PathBuf, ReceiptState)>> {
    c.prepare("SELECT batch, root, state FROM receipt ORDER BY batch")?
        .query_map([], |row| Ok((row.get(0)?, path_of(row.get(1)?), from_json(&row.get::<_, String>(2)?, 2)?)))?
        .collect()
}
