//! Watch folders and what was taken from them, so that nothing is sent twice: not by another run, and not from another place.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::transfers::{from_json, json, path_bytes, path_of};
use crate::api::WatchFolder;
use crate::integrity::Algorithm;
use crate::transfer::{Proof, Status, TransferId};

/// Of files of one size, so many are compared with a new one at most: the newest.
const MOST_ALIKE: u32 = 20_000;

/// What a file looked like where it was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sight {
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
    /// 0 where the file system tells none.
    pub inode: u64,
}

/// A file that was taken, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub id: i64,
    pub path: PathBuf,
    pub sight: Sight,
    pub transfer: TransferId,
    /// How large it was when it was sent: a recording grows after it was taken.
    pub sent_size: Option<u64>,
    /// Absent where the transfer is not known any more.
    pub status: Option<Status>,
}

impl Taken {
    /// The CRC64NVME of the whole, once that has proved it.
    pub(crate) fn checksum(&self) -> Option<&str> {
        match &self.status {
            Some(Status::Done { proof: Proof::WholeObject { algorithm, checksum }, .. })
                if algorithm == Algorithm::Crc64Nvme.name() =>
            {
                Some(checksum)
            }
            _ => None,
        }
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.status.as_ref().is_none_or(Status::is_ended)
    }
}

pub(crate) fn folders(c: &Connection) -> Result<Vec<WatchFolder>> {
    c.prepare("SELECT id, body FROM watch_folder ORDER BY id")?
        .query_map([], |row| Ok(WatchFolder { id: row.get(0)?, ..from_json(&row.get::<_, String>(1)?, 1)? }))?
        .collect()
}

/// Answers with its ID: 0 asks for a new one.
pub(crate) fn save_folder(c: &Connection, folder: &WatchFolder) -> Result<i64> {
    let body = json(folder)?;
    if folder.id == 0 {
        c.execute("INSERT INTO watch_folder (body) VALUES (?1)", [body])?;
        return Ok(c.last_insert_rowid());
    }
    c.execute("UPDATE watch_folder SET body = ?2 WHERE id = ?1", params![folder.id, body])?;
    Ok(folder.id)
}

/// What was taken from it stays known: it may be watched again.
pub(crate) fn remove_folder(c: &Connection, id: i64) -> Result<()> {
    c.execute("DELETE FROM watch_folder WHERE id = ?1", [id]).map(|_| ())
}

const COLUMNS: &str = "w.id, w.path, w.size, w.modified, w.inode, w.transfer, t.status, t.size
     FROM watch_taken w LEFT JOIN transfer t ON t.id = w.transfer";

/// Everything within a folder, whatever that was called by.
pub(crate) fn taken_under(c: &Connection, profile: &str, root: &Path) -> Result<Vec<(PathBuf, Sight)>> {
    let (from, to) = within(root);
    c.prepare_cached(
        "SELECT path, size, modified, inode FROM watch_taken WHERE profile = ?1 AND path > ?2 AND path < ?3",
    )?
    .query_map(params![profile, from, to], |row| Ok((path_of(row.get(0)?), sight(row, 1)?)))?
    .collect()
}

/// Those that are on their way, or with which something is still to be done.
pub(crate) fn unfinished_under(c: &Connection, profile: &str, root: &Path) -> Result<Vec<Taken>> {
    let (from, to) = within(root);
    let sql = format!(
        "SELECT {COLUMNS} WHERE w.profile = ?1 AND w.path > ?2 AND w.path < ?3 AND (t.live = 1 OR w.pending = 1)"
    );
    c.prepare_cached(&sql)?.query_map(params![profile, from, to], taken)?.collect()
}

/// How many files of a folder are proved to be in the bucket.
pub(crate) fn proved_under(c: &Connection, profile: &str, root: &Path) -> Result<u32> {
    let (from, to) = within(root);
    c.prepare_cached(
        "SELECT count(*) FROM watch_taken w JOIN transfer t ON t.id = w.transfer
         WHERE w.profile = ?1 AND w.path > ?2 AND w.path < ?3 AND t.status ->> '$.state' = 'done'",
    )?
    .query_row(params![profile, from, to], |row| row.get(0))
}

pub(crate) fn taken_at(c: &Connection, profile: &str, path: &Path) -> Result<Option<Taken>> {
    let sql = format!("SELECT {COLUMNS} WHERE w.profile = ?1 AND w.path = ?2");
    c.prepare_cached(&sql)?.query_row(params![profile, path_bytes(path)], taken).optional()
}

/// All of this size, the newest first.
pub(crate) fn taken_of_size(c: &Connection, profile: &str, size: u64) -> Result<Vec<Taken>> {
    let sql = format!("SELECT {COLUMNS} WHERE w.profile = ?1 AND w.size = ?2 ORDER BY w.id DESC LIMIT {MOST_ALIKE}");
    c.prepare_cached(&sql)?.query_map(params![profile, size as i64], taken)?.collect()
}

/// Replaces what was known of the place.
pub(crate) fn take(
    c: &Connection,
    profile: &str,
    path: &Path,
    sight: &Sight,
    transfer: TransferId,
    pending: bool,
) -> Result<()> {
    c.prepare_cached(
        "INSERT OR REPLACE INTO watch_taken (profile, path, size, modified, inode, transfer, pending)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        profile,
        path_bytes(path),
        sight.size as i64,
        sight.modified,
        sight.inode as i64,
        transfer,
        pending
    ])?;
    Ok(())
}

/// The same content, at another place or with another look.
pub(crate) fn moved(c: &Connection, id: i64, path: &Path, sight: &Sight, pending: bool) -> Result<()> {
    let path = path_bytes(path);
    c.prepare_cached(
        "DELETE FROM watch_taken WHERE path = ?2 AND id != ?1 AND profile = (SELECT profile FROM watch_taken WHERE id = ?1)",
    )?
    .execute(params![id, path])?;
    c.prepare_cached(
        "UPDATE watch_taken SET path = ?2, size = ?3, modified = ?4, inode = ?5, pending = ?6 WHERE id = ?1",
    )?
    .execute(params![id, path, sight.size as i64, sight.modified, sight.inode as i64, pending])?;
    Ok(())
}

/// Nothing is to be done with the file any more.
pub(crate) fn settled(c: &Connection, profile: &str, path: &Path) -> Result<()> {
    c.prepare_cached("UPDATE watch_taken SET pending = 0 WHERE profile = ?1 AND path = ?2")?
        .execute(params![profile, path_bytes(path)])?;
    Ok(())
}

/// Between which two spellings all paths within a folder are.
fn within(root: &Path) -> (Vec<u8>, Vec<u8>) {
    let mut from = path_bytes(root);
    let separator = MAIN_SEPARATOR as u8;
    if from.last() != Some(&separator) {
        from.push(separator);
    }
    let mut to = from.clone();
    if let Some(last) = to.last_mut() {
        *last = separator + 1;
    }
    (from, to)
}

fn sight(row: &Row<'_>, at: usize) -> Result<Sight> {
    Ok(Sight {
        size: row.get::<_, i64>(at)?.cast_unsigned(),
        modified: row.get(at + 1)?,
        inode: row.get::<_, i64>(at + 2)?.cast_unsigned(),
    })
}

fn taken(row: &Row<'_>) -> Result<Taken> {
    let status: Option<String> = row.get(6)?;
    Ok(Taken {
        id: row.get(0)?,
        path: path_of(row.get(1)?),
        sight: sight(row, 2)?,
        transfer: row.get(5)?,
        sent_size: row.get::<_, Option<i64>>(7)?.map(i64::cast_unsigned),
        status: status.map(|status| from_json(&status, 6)).transpose()?,
    })
}
