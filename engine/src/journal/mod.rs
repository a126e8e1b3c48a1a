//! What is durably true: SQLite, write-ahead, synced at every commit. One thread owns the connection; whatever is asked
//! of it while it syncs is committed together with the next sync, so that a thousand small files cost few of them.
//! The rooms' own statements are in the files beside this one; no other room writes SQL.

pub(crate) mod cards;
pub(crate) mod claims;
pub(crate) mod clips;
pub(crate) mod outside;
pub(crate) mod receipts;
pub(crate) mod settings;
pub(crate) mod transfers;
pub(crate) mod uploads;
pub(crate) mod watching;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use tokio::sync::oneshot;

use crate::error::{Code, Error, Result};

/// In order, for ever: one that was released is never edited, a new one is added.
const STEPS: &[M<'static>] = &[
    M::up(include_str!("migrations/0001_first.sql")),
    M::up(include_str!("migrations/0002_urgency.sql")),
    M::up(include_str!("migrations/0003_heard.sql")),
    M::up(include_str!("migrations/0004_claims.sql")),
    M::up(include_str!("migrations/0005_watch.sql")),
    M::up(include_str!("migrations/0006_recording.sql")),
    M::up(include_str!("migrations/0007_cards.sql")),
    M::up(include_str!("migrations/0008_receipts.sql")),
];
const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);
/// How many pieces of work share one sync at most.
const GROUP: usize = 512;

type Answer = Box<dyn FnOnce(&rusqlite::Result<()>) + Send>;
type Work = Box<dyn FnOnce(&Connection) -> Answer + Send>;

/// A handle on the journal's thread. The thread ends, synced, when the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Journal {
    work: Option<Sender<Work>>,
    thread: Option<JoinHandle<()>>,
    /// How many transactions were committed.
    commits: Arc<AtomicU64>,
}

impl Journal {
    pub(crate) fn open(path: &Path) -> Result<Journal> {
        let mut connection = Connection::open(path).map_err(failed)?;
        prepare(&connection).map_err(failed)?;
        MIGRATIONS.to_latest(&mut connection).map_err(|e| match e {
            rusqlite_migration::Error::MigrationDefinition(_) => Error::new(
                Code::JournalTooNew,
                "These transfers were last used by a newer Rushes. Install that version again, or set RUSHES_HOME to \
                 another folder.",
            )
            .because(e),
            e => failed(e),
        })?;
        let (work, asked) = channel();
        let commits = Arc::<AtomicU64>::default();
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn({
                let commits = commits.clone();
                move || serve(&connection, &asked, &commits)
            })
            .map_err(Error::internal)?;
        Ok(Journal { work: Some(work), thread: Some(thread), commits })
    }

    /// Runs `work` in the next transaction and answers when it is on disk. A failing piece takes back only itself.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(work).await
    }

    /// Puts `work` in line without waiting for the disk; what is asked later comes after it. For what may be lost with
    /// a power cut.
    pub(crate) fn note(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static) {
        let (sent, _unheard) = oneshot::channel();
        self.send(work, sent);
    }

    /// Reading goes through the same thread: it sees all that was asked before.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(work).await
    }

    /// Each is one sync of the disk.
    #[cfg(test)]
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sent, answer) = oneshot::channel();
        self.send(work, sent);
        answer.await.map_err(|_| Error::new(Code::JournalFailed, "Rushes is closing."))?
    }

    fn send<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        answer: oneshot::Sender<Result<T>>,
    ) {
        let work: Work = Box::new(move |connection| {
            let done = alone(connection, work);
            Box::new(move |committed: &rusqlite::Result<()>| {
                let result = match committed {
                    Ok(()) => done.map_err(failed),
                    Err(e) => Err(failed(e)),
                };
                if let Err(Err(unheard)) = answer.send(result) {
                    tracing::error!(error = %unheard, "the journal could not be written");
                }
            })
        });
        if let Some(line) = &self.work {
            // Only a panicked thread does not listen; those who wait for an answer are told by their closed channel.
            let _ = line.send(work);
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        drop(self.work.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        tracing::debug!(commits = self.commits.load(Ordering::Relaxed), "the journal is closed");
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // WAL syncs only at checkpoints unless told otherwise; a part that counts must outlive a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))
}

fn serve(connection: &Connection, asked: &Receiver<Work>, commits: &AtomicU64) {
    while let Ok(first) = asked.recv() {
        let mut answers = Vec::new();
        let begun = connection.execute_batch("BEGIN IMMEDIATE");
        answers.push(first(connection));
        while answers.len() < GROUP
            && let Ok(next) = asked.try_recv()
        {
            answers.push(next(connection));
        }
        let committed = begun.and_then(|()| connection.execute_batch("COMMIT"));
        commits.fetch_add(1, Ordering::Relaxed);
        if committed.is_err() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(&committed);
        }
    }
}

/// In a savepoint of its own, so that one failure in a group fails alone.
fn alone<T>(connection: &Connection, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    connection.execute_batch("SAVEPOINT piece")?;
    let done = work(connection);
    let end = if done.is_ok() { "RELEASE piece" } else { "ROLLBACK TO piece; RELEASE piece" };
    connection.execute_batch(end)?;
    done
}

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::new(
        Code::JournalFailed,
        "Rushes cannot use its journal. Check that the disk is not full and that its folder may be written.",
    )
    .because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failing_piece_takes_back_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("j.db")).unwrap();
        let insert = |name: &'static str| {
            journal.write(move |c| c.execute("INSERT INTO setting VALUES (?1, 'x')", [name]).map(|_| ()))
        };
        let (a, again, b) = tokio::join!(insert("a"), insert("a"), insert("b"));
        assert!(a.is_ok() && b.is_ok());
        assert_eq!(again.unwrap_err().code, Code::JournalFailed);
        let count = journal.read(|c| c.query_row("SELECT count(*) FROM setting", [], |r| r.get::<_, i64>(0))).await;
        assert_eq!(count.unwrap(), 2);
    }

    #[test]
    fn a_journal_from_a_newer_version_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        drop(Journal::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        let refused = Journal::open(&path).unwrap_err();
        assert_eq!(refused.code, Code::JournalTooNew, "{refused}");
        assert!(refused.message.contains("newer Rushes"));
    }

    #[test]
    fn a_file_that_is_no_journal_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        std::fs::write(&path, vec![7u8; 8192]).unwrap();
        assert_eq!(Journal::open(&path).unwrap_err().code, Code::JournalFailed);
        assert_eq!(std::fs::read(&path).unwrap(), vec![7u8; 8192]);
    }

    #[tokio::test]
    async fn the_watch_folder_of_an_older_version_and_what_it_took_are_carried_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.db");
        let mut before = Connection::open(&path).unwrap();
        MIGRATIONS.to_version(&mut before, 4).unwrap();
        before
            .execute_batch(
                r#"INSERT INTO setting VALUES ('watch folder',
                       '{"path":"/srv/ingest","profile":"Nairobi","fields":{"slug":"fire","story":"","desk":""}}');
                   INSERT INTO batch VALUES (1, 0);
                   INSERT INTO transfer (id, batch, direction, profile, bucket, asked, wanted, key, path, name, story, metadata,
                       size, status, live, added_at)
                   VALUES (7, 1, 'up', 'Nairobi', 'b', 'a', 'k', 'k', x'2f', 'n', 's', '{}', 5,
                       '{"state":"done","proof":{"by":"wholeObject","algorithm":"CRC64NVME","checksum":"abc="}}', 0, 0);
                   INSERT INTO watched VALUES (CAST('/srv/ingest/a.mxf' AS BLOB), 5, 9, 7);"#,
            )
            .unwrap();
        drop(before);
        let journal = Journal::open(&path).unwrap();
        let folders = journal.read(watching::folders).await.unwrap();
        assert_eq!(folders.len(), 1);
        assert_eq!(
            (folders[0].id, folders[0].path.as_str(), folders[0].fields.slug.as_str()),
            (1, "/srv/ingest", "fire")
        );
        let root = Path::new("/srv/ingest");
        let taken = journal.read(move |c| watching::taken_under(c, "Nairobi", root)).await.unwrap();
        assert_eq!(taken.len(), 1);
        let at = Path::new("/srv/ingest/a.mxf");
        let taken = journal.read(move |c| watching::taken_at(c, "Nairobi", at)).await.unwrap().unwrap();
        assert_eq!((taken.checksum(), taken.sent_size), (Some("abc="), Some(5)));
        assert_eq!(journal.read(move |c| watching::proved_under(c, "Nairobi", root)).await.unwrap(), 1);
        // What is beside the folder, and begins like it, is not in it.
        let beside = Path::new("/srv/ing");
        assert!(journal.read(move |c| watching::taken_under(c, "Nairobi", beside)).await.unwrap().is_empty());
    }

    #[test]
    fn migrations_are_valid() {
        MIGRATIONS.validate().unwrap();
    }
}
