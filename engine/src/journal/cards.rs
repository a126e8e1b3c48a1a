//! Batches that are a camera card, and which folder of the bucket is whose.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::transfers::{from_json, json};
use crate::cards::Card;
use crate::transfer::BatchId;

pub(crate) fn label(c: &Connection, batch: BatchId, profile: &str, card: &Card, at: &Spot) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO card (batch, profile, kind, name, clips, place, mark) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![batch, profile, json(&card.kind)?, card.name, card.clips, at.place, at.mark])?;
    Ok(())
}

/// Where a card's files go, and what tells it from others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    pub place: String,
    pub mark: String,
}

/// Whether a folder is free for this card: nobody's yet, or its own from before.
pub(crate) fn is_free(c: &Connection, profile: &str, at: &Spot) -> Result<bool> {
    let theirs: Option<i64> = c
        .prepare_cached("SELECT batch FROM card WHERE profile = ?1 AND place = ?2 AND mark <> ?3 LIMIT 1")?
        .query_row(params![profile, at.place, at.mark], |row| row.get(0))
        .optional()?;
    Ok(theirs.is_none())
}

/// From three columns, the first of which is null where the batch is no card.
pub(super) fn card_of(row: &Row<'_>, first: usize) -> Result<Option<Card>> {
    let Some(kind) = row.get::<_, Option<String>>(first)? else { return Ok(None) };
    Ok(Some(Card { kind: from_json(&kind, first)?, name: row.get(first + 1)?, clips: row.get(first + 2)? }))
}
