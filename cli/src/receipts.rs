//! Receipts of cards: one made, waited for and shown; one that somebody has compared with the bucket, and with the files that
//! are beside it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use rushes_engine::api::{Compared, Found, ObjectInReceipt, ReceiptState};
use rushes_engine::attach::Connection;
use rushes_engine::error::{Code, Error, Result};
use rushes_engine::receipt::{self, Opened};
use rushes_engine::transfer::{BatchId, TransferId};

use crate::args::Cli;
use crate::bucket::ready;
use crate::show::{Show, printable, receipt_word};
use crate::verbs::{ready_for, rows};

/// Objects that are asked about by one question.
const STRETCH: usize = 200;
const LOOK: Duration = Duration::from_millis(200);
const BEGINS: Duration = Duration::from_secs(2);

/// Whether the card may be wiped.
pub async fn make(cli: &Cli, connection: &Connection, show: &Show, batch: BatchId) -> Result<bool> {
    let ids: Vec<TransferId> =
        rows(connection).await?.iter().filter(|row| row.batch == batch).map(|row| row.id).collect();
    let _ready = ready_for(cli, connection, &ids).await?;
    connection.call(batch, async |engine, context, batch| engine.receipt(context, batch).await).await??;
    Ok(matches!(until_made(connection, show, batch).await?, Some(ReceiptState::Safe { .. })))
}

/// These were sent: the receipts of the cards among them follow by themselves, and are waited for.
pub async fn after(connection: &Connection, show: &Show, sent: &[TransferId]) -> Result<()> {
    let rows = rows(connection).await?;
    let cards: BTreeSet<BatchId> = rows
        .iter()
        .filter(|row| sent.contains(&row.id) && row.receipt.is_some())
        .filter_map(|row| Some(row.card.as_ref()?.batch))
        .collect();
    for batch in cards {
        let begun = Instant::now();
        // It begins in the moment in which the last of it is done.
        while state(connection, batch).await? == Some(ReceiptState::None) && begun.elapsed() < BEGINS {
            tokio::time::sleep(LOOK / 10).await;
        }
        until_made(connection, show, batch).await?;
    }
    Ok(())
}

async fn state(connection: &Connection, batch: BatchId) -> Result<Option<ReceiptState>> {
    connection.call(batch, async |engine, context, batch| engine.receipt_state(context, batch).await).await
}

async fn until_made(connection: &Connection, show: &Show, batch: BatchId) -> Result<Option<ReceiptState>> {
    loop {
        match state(connection, batch).await? {
            Some(ReceiptState::Checking { .. }) => tokio::time::sleep(LOOK).await,
            state => {
                if let Some(state) = &state {
                    shown(show, batch, state);
                }
                return Ok(state);
            }
        }
    }
}

fn shown(show: &Show, batch: BatchId, state: &ReceiptState) {
    if show.json() {
        show.object(&serde_json::json!({ "batch": batch, "receipt": state }));
    } else {
        show.line(&format!("card {batch}: {}", receipt_word(state)));
    }
}

/// Whether everything is as the receipt says.
pub async fn verify(cli: &Cli, connection: &Connection, show: &Show, path: &Path, files: bool) -> Result<bool> {
    let given = path.to_owned();
    let opened = blocking(move || receipt::open(&given)).await??;
    let objects = opened.objects();
    if objects.is_empty() && !files {
        let sentence = "This hash list says nothing of a bucket. With --files, the files beside it are compared.";
        return Err(Error::new(Code::BadInput, sentence));
    }
    let mut told = Told { show, same: 0, other: 0 };
    if !objects.is_empty() {
        let ready = ready(&cli.place, connection).await?;
        for stretch in objects.chunks(STRETCH) {
            for one in compare(connection, ready.profile.clone(), stretch.to_vec()).await? {
                told.hear(&one);
            }
        }
        told.sum_up(objects.len(), "in the bucket");
    }
    if files {
        let (root, count) = (opened.root().display().to_string(), opened.files());
        told.same = 0;
        for one in beside(opened).await? {
            told.hear(&one);
        }
        told.sum_up(count, &format!("in {}", printable(&root)));
    }
    Ok(told.other == 0)
}

async fn compare(
    connection: &Connection,
    profile: Option<String>,
    objects: Vec<ObjectInReceipt>,
) -> Result<Vec<Compared>> {
    connection
        .call((profile, objects), async |engine, context, (profile, objects)| {
            engine.compare(context, profile, objects).await
        })
        .await?
}

async fn beside(opened: Opened) -> Result<Vec<Compared>> {
    blocking(move || {
        let mut all = Vec::new();
        opened.read_beside(|one| all.push(one));
        all
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

/// What was compared, as it is shown.
struct Told<'a> {
    show: &'a Show,
    same: usize,
    other: usize,
}

impl Told<'_> {
    fn hear(&mut self, one: &Compared) {
        if one.found == Found::Same {
            self.same += 1
        } else {
            self.other += 1
        }
        if self.show.json() {
            return self.show.object(one);
        }
        let word = match one.found {
            Found::Same => "same",
            Found::Missing => "missing",
            Found::Replaced => "replaced",
            Found::Different => "different",
            Found::Unproved => "cannot tell",
            Found::FileMissing => "file missing",
            Found::FileChanged => "file changed",
        };
        if one.found != Found::Same || one.sentence.is_some() {
            let sentence = one.sentence.as_deref().unwrap_or_default();
            self.show.line(&format!("{word:>12}  {}  {}", printable(&one.path), printable(sentence)));
        }
    }

    fn sum_up(&self, all: usize, place: &str) {
        self.show.remark(&format!("{} of {all} are {place} as the receipt says.", self.same));
    }
}
