//! Files seen in the watch folder and keys seen in the bucket: both so that nothing is done or told twice.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::transfers::path_bytes;
use crate::transfer::{Look, TransferId};

/// Whether this file, as it looks now, was taken already.
pub(crate) fn was_watched(c: &Connection, path: &Path, look: &Look) -> Result<bool> {
    let seen = c
        .prepare_cached("SELECT 1 FROM watched WHERE path = ?1 AND size = ?2 AND modified = ?3")?
        .query_row(params![path_bytes(path), look.size as i64, look.modified], |_| Ok(()))
        .optional()?;
    Ok(seen.is_some())
}

pub(crate) fn watched(c: &Connection, path: &Path, look: &Look, transfer: TransferId) -> Result<()> {
    c.prepare_cached("INSERT OR REPLACE INTO watched VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        path_bytes(path),
        look.size as i64,
        look.modified,
        transfer
    ])?;
    Ok(())
}

/// How many files of the watch folder are proved to be in the bucket.
pub(crate) fn watched_and_done(c: &Connection) -> Result<u32> {
    c.query_row(
        "SELECT count(*) FROM watched w JOIN transfer t ON t.id = w.transfer WHERE t.status LIKE '%\"state\":\"done\"%'",
        [],
        |row| row.get(0),
    )
}

pub(crate) fn known_clips(c: &Connection, profile: &str) -> Result<Vec<String>> {
    c.prepare_cached("SELECT key FROM known_clip WHERE profile = ?1")?.query_map([profile], |row| row.get(0))?.collect()
}

pub(crate) fn know_clips(c: &Connection, profile: &str, keys: &[String]) -> Result<()> {
    let mut insert = c.prepare_cached("INSERT OR IGNORE INTO known_clip VALUES (?1, ?2)")?;
    keys.iter().try_for_each(|key| insert.execute([profile, key]).map(|_| ()))
}

/// Lists of a bucket have named these.
pub(crate) fn hear_of_clips(c: &Connection, profile: &str, keys: &[String]) -> Result<()> {
    let mut insert = c.prepare_cached("INSERT OR IGNORE INTO heard_clip VALUES (?1, ?2)")?;
    keys.iter().try_for_each(|key| insert.execute([profile, key]).map(|_| ()))
}

/// Whether any list of the bucket has named it.
pub(crate) fn was_heard_of(c: &Connection, profile: &str, key: &str) -> Result<bool> {
    let heard = c
        .prepare_cached(
            "SELECT 1 FROM known_clip WHERE profile = ?1 AND key = ?2
             UNION ALL SELECT 1 FROM heard_clip WHERE profile = ?1 AND key = ?2",
        )?
        .query_row([profile, key], |_| Ok(()))
        .optional()?;
    Ok(heard.is_some())
}
