//! The multipart uploads that this computer began. A row is written before S3 is asked for one, so that none is ever
//! lost sight of, and stays until S3 has confirmed its end.

use rusqlite::{Connection, Result, Row, params};

use crate::transfer::{TransferId, UnixMs};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// S3 is being asked for an upload ID; whether it gave one is not known.
    Asked,
    Live,
    /// A Complete was sent; whether it succeeded is not known.
    Completing,
    Completed,
    /// To be aborted until S3 confirms it.
    Aborting,
    Aborted,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Stage::Asked => "asked",
            Stage::Live => "live",
            Stage::Completing => "completing",
            Stage::Completed => "completed",
            Stage::Aborting => "aborting",
            Stage::Aborted => "aborted",
        }
    }

    fn named(name: &str) -> Stage {
        match name {
            "live" => Stage::Live,
            "completing" => Stage::Completing,
            "completed" => Stage::Completed,
            "aborting" => Stage::Aborting,
            "aborted" => Stage::Aborted,
            _ => Stage::Asked,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upload {
    pub id: i64,
    pub transfer: TransferId,
    pub profile: String,
    pub bucket: String,
    pub key: String,
    pub upload_id: Option<String>,
    pub stage: Stage,
    pub begun_at: UnixMs,
}

const COLUMNS: &str = "id, transfer, profile, bucket, key, upload_id, stage, begun_at";

/// Before S3 is asked.
pub(crate) fn ask_upload(c: &Connection, upload: &Upload) -> Result<i64> {
    c.prepare_cached(
        "INSERT INTO upload (transfer, profile, bucket, key, stage, begun_at) VALUES (?1, ?2, ?3, ?4, 'asked', ?5)",
    )?
    .execute(params![upload.transfer, upload.profile, upload.bucket, upload.key, upload.begun_at])?;
    Ok(c.last_insert_rowid())
}

/// S3's answer.
pub(crate) fn upload_answered(c: &Connection, id: i64, upload_id: &str) -> Result<()> {
    c.prepare_cached("UPDATE upload SET upload_id = ?2, stage = 'live' WHERE id = ?1")?
        .execute(params![id, upload_id])?;
    Ok(())
}

pub(crate) fn set_stage(c: &Connection, id: i64, stage: Stage) -> Result<()> {
    c.prepare_cached("UPDATE upload SET stage = ?2 WHERE id = ?1")?.execute(params![id, stage.name()])?;
    Ok(())
}

/// The transfer's upload that is still of use: at most one.
pub(crate) fn upload_of(c: &Connection, transfer: TransferId) -> Result<Option<Upload>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM upload WHERE transfer = ?1 AND stage IN ('asked', 'live', 'completing') ORDER BY id DESC"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query_map([transfer], upload_of_row)?;
    rows.next().transpose()
}

/// Transfers whose key is settled, since S3 was asked for an upload under it.
pub(crate) fn begun(c: &Connection) -> Result<Vec<TransferId>> {
    c.prepare("SELECT transfer FROM upload WHERE stage IN ('asked', 'live', 'completing')")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// The transfer begins again: what S3 holds of it is to be aborted. One whose ID we never heard stays to be adopted.
pub(crate) fn give_up_begun(c: &Connection, transfer: TransferId) -> Result<()> {
    c.prepare_cached("UPDATE upload SET stage = 'aborting' WHERE transfer = ?1 AND stage IN ('live', 'completing')")?
        .execute([transfer])?;
    Ok(())
}

/// The transfer is cancelled: nothing of it is to stay.
pub(crate) fn give_up_all(c: &Connection, transfer: TransferId) -> Result<()> {
    c.prepare_cached(
        "UPDATE upload SET stage = 'aborting' WHERE transfer = ?1 AND stage IN ('asked', 'live', 'completing')",
    )?
    .execute([transfer])?;
    Ok(())
}

/// Whether this is one of ours whose answer was heard.
pub(crate) fn is_known(c: &Connection, upload_id: &str) -> Result<bool> {
    c.prepare_cached("SELECT 1 FROM upload WHERE upload_id = ?1")?.exists([upload_id])
}

/// All that wait for S3 to confirm their end.
pub(crate) fn aborting(c: &Connection) -> Result<Vec<Upload>> {
    let sql = format!("SELECT {COLUMNS} FROM upload WHERE stage = 'aborting' ORDER BY id");
    c.prepare(&sql)?.query_map([], upload_of_row)?.collect()
}

fn upload_of_row(row: &Row<'_>) -> Result<Upload> {
    Ok(Upload {
        id: row.get(0)?,
        transfer: row.get(1)?,
        profile: row.get(2)?,
        bucket: row.get(3)?,
        key: row.get(4)?,
        upload_id: row.get(5)?,
        stage: Stage::named(&row.get::<_, String>(6)?),
        begun_at: row.get(7)?,
    })
}
