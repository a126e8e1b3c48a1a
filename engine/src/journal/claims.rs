//! Keys claimed in a bucket: a row is written before the bucket is asked, so that whoever begins again knows its own claim,
//! and stays until the object that claims is gone.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::transfer::{Transfer, TransferId, UnixMs};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub id: i64,
    pub transfer: TransferId,
    pub profile: String,
    pub key: String,
    pub token: String,
    /// When the bucket last said that it is ours, by this computer's clock.
    pub held_at: Option<UnixMs>,
}

const COLUMNS: &str = "id, transfer, profile, key, token, held_at";
/// Nobody needs it any more.
const OVER: &str = "(stage = 'over' OR transfer IN (SELECT id FROM transfer WHERE live = 0))";

/// Before the bucket is asked. One that this transfer asked for earlier is the same one again.
pub(crate) fn want(c: &Connection, transfer: &Transfer, key: &str, token: &str) -> Result<Claim> {
    c.prepare_cached(
        "INSERT INTO claim (transfer, profile, bucket, key, token, stage) VALUES (?1, ?2, ?3, ?4, ?5, 'wanted')
         ON CONFLICT (transfer, bucket, key) DO UPDATE SET stage = 'wanted'",
    )?
    .execute(params![transfer.id, transfer.profile, transfer.bucket, key, token])?;
    let sql = format!("SELECT {COLUMNS} FROM claim WHERE transfer = ?1 AND bucket = ?2 AND key = ?3");
    c.prepare_cached(&sql)?.query_row(params![transfer.id, transfer.bucket, key], claim_of_row)
}

/// The bucket says that it is ours.
pub(crate) fn held(c: &Connection, id: i64, now: UnixMs) -> Result<()> {
    c.prepare_cached("UPDATE claim SET held_at = ?2 WHERE id = ?1")?.execute(params![id, now])?;
    Ok(())
}

/// That of the key that a transfer goes to.
pub(crate) fn claim_of(c: &Connection, transfer: TransferId, bucket: &str, key: &str) -> Result<Option<Claim>> {
    let sql =
        format!("SELECT {COLUMNS} FROM claim WHERE transfer = ?1 AND bucket = ?2 AND key = ?3 AND stage = 'wanted'");
    c.prepare_cached(&sql)?.query_row(params![transfer, bucket, key], claim_of_row).optional()
}

/// The transfer needs none of them, but for that of one key.
pub(crate) fn give_up(c: &Connection, transfer: TransferId, but: Option<&str>) -> Result<()> {
    c.prepare_cached("UPDATE claim SET stage = 'over' WHERE transfer = ?1 AND stage = 'wanted' AND key IS NOT ?2")?
        .execute(params![transfer, but])?;
    Ok(())
}

/// All whose objects are to be deleted.
pub(crate) fn over(c: &Connection) -> Result<Vec<Claim>> {
    let sql = format!("SELECT {COLUMNS} FROM claim WHERE {OVER} AND stage != 'left' ORDER BY id");
    c.prepare_cached(&sql)?.query_map([], claim_of_row)?.collect()
}

/// One of ours, by what its object names it, that nobody needs any more.
pub(crate) fn over_by_token(c: &Connection, token: &str) -> Result<Option<Claim>> {
    let sql = format!("SELECT {COLUMNS} FROM claim WHERE token = ?1 AND ({OVER} OR stage = 'left')");
    c.prepare_cached(&sql)?.query_row([token], claim_of_row).optional()
}

/// Its object is gone.
pub(crate) fn gone(c: &Connection, id: i64) -> Result<()> {
    c.prepare_cached("DELETE FROM claim WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Its object stays, since it may not be deleted.
pub(crate) fn left(c: &Connection, id: i64) -> Result<()> {
    c.prepare_cached("UPDATE claim SET stage = 'left' WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn claim_of_row(row: &Row<'_>) -> Result<Claim> {
    Ok(Claim {
        id: row.get(0)?,
        transfer: row.get(1)?,
        profile: row.get(2)?,
        key: row.get(3)?,
        token: row.get(4)?,
        held_at: row.get(5)?,
    })
}
