//! Profiles, what stores were found to offer, and the few settings.

use rusqlite::{Connection, OptionalExtension, Result, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::transfers::{from_json, json};
use crate::profile::{Profile, second_of};
use crate::s3::Offers;
use crate::transfer::UnixMs;

pub(crate) fn profiles(c: &Connection) -> Result<Vec<Profile>> {
    c.prepare("SELECT body FROM profile ORDER BY name")?
        .query_map([], |row| from_json(&row.get::<_, String>(0)?, 0))?
        .collect()
}

pub(crate) fn save_profile(c: &Connection, profile: &Profile) -> Result<()> {
    c.execute("INSERT OR REPLACE INTO profile (name, body) VALUES (?1, ?2)", params![profile.name, json(profile)?])?;
    Ok(())
}

pub(crate) fn remove_profile(c: &Connection, name: &str) -> Result<()> {
    c.execute("DELETE FROM profile WHERE name = ?1", [name])?;
    c.execute("DELETE FROM known_clip WHERE profile = ?1", [name])?;
    c.execute("DELETE FROM heard_clip WHERE profile = ?1", [name])?;
    c.execute("DELETE FROM watch_taken WHERE profile = ?1", [name])?;
    Ok(())
}

/// In all that goes by a profile's name; `after` is the profile under its new one.
pub(crate) fn rename_profile(c: &Connection, from: &str, after: &Profile) -> Result<()> {
    save_profile(c, after)?;
    for (old, new) in [(from.to_owned(), after.name.clone()), (second_of(from), second_of(&after.name))] {
        for table in ["transfer", "upload", "known_clip", "heard_clip", "watch_taken"] {
            c.execute(&format!("UPDATE {table} SET profile = ?2 WHERE profile = ?1"), params![old, new])?;
        }
    }
    remove_profile(c, from)
}

/// Unless that was found out before `since`.
pub(crate) fn offers(c: &Connection, endpoint: &str, bucket: &str, since: UnixMs) -> Result<Option<Offers>> {
    c.query_row(
        "SELECT offers FROM store WHERE endpoint = ?1 AND bucket = ?2 AND found_at >= ?3",
        params![endpoint, bucket, since],
        |row| from_json(&row.get::<_, String>(0)?, 0),
    )
    .optional()
}

pub(crate) fn save_offers(c: &Connection, endpoint: &str, bucket: &str, offers: Offers, now: UnixMs) -> Result<()> {
    c.execute("INSERT OR REPLACE INTO store VALUES (?1, ?2, ?3, ?4)", params![endpoint, bucket, json(&offers)?, now])?;
    Ok(())
}

pub(crate) fn setting<T: DeserializeOwned>(c: &Connection, name: &str) -> Result<Option<T>> {
    c.query_row("SELECT value FROM setting WHERE name = ?1", [name], |row| from_json(&row.get::<_, String>(0)?, 0))
        .optional()
}

pub(crate) fn set_setting(c: &Connection, name: &str, value: &impl Serialize) -> Result<()> {
    c.execute("INSERT OR REPLACE INTO setting VALUES (?1, ?2)", params![name, json(value)?])?;
    Ok(())
}
