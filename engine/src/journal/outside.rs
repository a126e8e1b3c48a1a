//! Rows of a journal that somebody else wrote, or that a disk has damaged: for `crate::outside`.

use rusqlite::{Connection, params};

use super::{MIGRATIONS, settings, transfers};
use crate::limit::LimitSettings;
use crate::live::{Live, One};
use crate::second::Stray;

/// Between the fields of a row, as what is fuzzed has them.
const BETWEEN: u8 = b'\n';

/// Puts the bytes where the journal has texts, blobs and figures, then reads it as a start of Rushes does.
pub(crate) fn take(bytes: &[u8]) {
    let mut connection = Connection::open_in_memory().expect("memory is there");
    MIGRATIONS.to_latest(&mut connection).expect("the migrations are valid");
    let mut fields = bytes.split(|b| *b == BETWEEN);
    let mut text = || String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned();
    let (status, metadata, held, profile, setting) = (text(), text(), text(), text(), text());
    let numbers: Vec<i64> = text().split(' ').map(|word| word.parse().unwrap_or(0)).collect();
    let (words, zone) = (text(), text());
    let number = |i: usize| numbers.get(i).copied().unwrap_or(0);
    let direction = if number(0) % 2 == 0 { "up" } else { "down" };
    let written = connection.execute_batch("INSERT INTO batch VALUES (1, 0)").and_then(|()| {
        connection.execute(
            "INSERT INTO transfer (id, batch, direction, profile, bucket, asked, wanted, key, path, name, story, metadata, size,
                 modified, touched, held, status, live, added_at, started_at, ended_at, breaking, deadline, deadline_zone)
             VALUES (1, 1, ?1, ?2, ?2, ?2, ?2, ?2, ?3, ?2, ?2, ?4, ?5, ?6, ?7, ?8, ?9, 1, ?10, ?11, ?12, ?13, ?14, ?15)",
            params![
                direction, words, words.as_bytes(), metadata, number(1), number(2), number(3),
                (!held.is_empty()).then_some(held), status, number(4), number(5), number(6), number(7) & 1, number(8), zone,
            ],
        )?;
        for part in 0..4 {
            let at = 9 + part * 4;
            connection.execute(
                "INSERT OR IGNORE INTO part (transfer, number, offset, length, etag, crc64, lane) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
                params![number(at), number(at + 1), number(at + 2), words, number(at + 3).to_be_bytes(), number(at + 3)],
            )?;
        }
        connection.execute("INSERT INTO profile VALUES (?1, ?2)", params![words, profile])?;
        connection.execute("INSERT INTO setting VALUES ('x', ?1)", params![setting])
    });
    written.expect("a journal holds any text and figure");
    let _ = settings::profiles(&connection).map(|all| all.into_iter().for_each(|one| drop(one.checked())));
    let _ = settings::setting::<LimitSettings>(&connection, "x").map(|limits| limits.map(LimitSettings::checked));
    let _ = settings::setting::<Vec<Stray>>(&connection, "x");
    let _ = transfers::acked_bytes(&connection);
    let plan = transfers::plan(&connection, 1);
    let Ok(loaded) = transfers::load(&connection, 10) else { return };
    let mut live = Live::default();
    for transfer in loaded {
        let mut one = One::new(transfer);
        if let Ok(plan) = &plan {
            one.set_plan(plan);
        }
        let (_, _, row) = (one.claims(), one.bytes_left(), one.row());
        assert!(row.strip.len() <= 200);
        live.insert(one);
    }
}
