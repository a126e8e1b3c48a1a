//! Keys seen in the bucket, so that nothing is told twice.

use rusqlite::{Connection, OptionalExtension, Result};

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
