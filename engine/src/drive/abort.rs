//! Undoing: a cancelled transfer leaves nothing behind, and an upload that was given up is aborted until S3 confirms it,
//! across restarts.

use std::sync::Arc;
use std::time::Duration;

use super::{Drive, Driven, claim};
use crate::clock;
use crate::core::Core;
use crate::error::Code;
use crate::integrity::{Algorithm, Crc64};
use crate::journal::transfers;
use crate::journal::uploads::{self, Stage, Upload};
use crate::marks::{Mark, Unnamed};
use crate::parts::{MIN_PART, Part};
use crate::s3::{Answer, Class, Store};
use crate::sink;
use crate::source::Source;
use crate::transfer::{Direction, Proof, Transfer};

use super::prove::whole_object;

/// How far S3's clock and ours may be apart when an upload is recognised by when it began.
const CLOCKS_APART_MS: i64 = 15 * 60 * 1000;
/// How long an upload that was asked for, and whose answer was not heard, may take to appear.
const UNHEARD_FOR_MS: i64 = 10 * 60 * 1000;
/// How long after its last byte an object may take to appear.
const ARRIVAL: Duration = Duration::from_millis(400);

pub(super) async fn cancel(drive: &Drive) -> Driven<Option<Proof>> {
    let transfer = drive.transfer()?;
    if transfer.direction == Direction::Down {
        if transfer.held.is_some() {
            sink::discard(&transfer.path).await?;
        }
        return Ok(None);
    }
    let id = drive.id;
    let begun = drive.begun_upload().await?;
    drive.core.journal.write(move |c| uploads::give_up_all(c, id)).await?;
    let given_up = drive.core.journal.read(uploads::aborting).await?;
    for upload in given_up.iter().filter(|u| u.transfer == id) {
        let store = drive.core.store(&upload.profile)?;
        match end(&drive.core, &store, upload).await {
            Ok(()) => {}
            // Waiting would not help; the upload's row stays, and the sweep goes on trying.
            Err(refusal) if refusal.class == Class::Fail => {
                let error = Unnamed(&refusal.error, &[&upload.key]);
                tracing::warn!(key = %Mark(&upload.key), %error, "an upload could not be aborted");
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
    claim::give_up(&drive.core, id, None);
    match begun {
        // Complete was sent and its answer not heard. Now that the upload is gone, either it had succeeded or it cannot.
        Some(upload) if upload.stage == Stage::Completing => landed(drive, &transfer).await,
        Some(_) => Ok(None),
        None => landed_small(drive, &transfer).await,
    }
}

/// Too late to cancel where the clip stands in the bucket.
async fn landed(drive: &Drive, transfer: &Transfer) -> Driven<Option<Proof>> {
    let id = drive.id;
    let plan = drive.core.journal.read(move |c| transfers::plan(c, id)).await?;
    let parts: Option<Vec<_>> = plan.iter().map(|(part, acked)| Some((acked.as_ref()?.crc, part.length))).collect();
    let Some(parts) = parts else { return Ok(None) };
    is_there(drive, transfer, Crc64::combine(parts)).await
}

/// A file of one part that was on its way when it was cancelled may have arrived; its answer is then a moment away.
async fn landed_small(drive: &Drive, transfer: &Transfer) -> Driven<Option<Proof>> {
    if !drive.core.with(drive.id, |one| one.claimed)? || transfer.size > MIN_PART {
        return Ok(None);
    }
    let Ok(source) = Source::open(&transfer.path).await else { return Ok(None) };
    let whole = source.checksum(Part { number: 1, offset: 0, length: transfer.size.min(source.look.size) }).await?;
    for _ in 0..2 {
        if let Some(proof) = is_there(drive, transfer, whole).await? {
            return Ok(Some(proof));
        }
        tokio::time::sleep(ARRIVAL).await;
    }
    Ok(None)
}

async fn is_there(drive: &Drive, transfer: &Transfer, whole: Crc64) -> Driven<Option<Proof>> {
    match drive.core.store(&transfer.profile)?.head(&transfer.key).await {
        Ok(object) => Ok(object
            .checksum
            .filter(|kept| kept.algorithm == Algorithm::Crc64Nvme && kept.value == whole.to_string())
            .map(|_| whole_object(whole))),
        Err(refusal) if matches!(refusal.class, Class::NoObject | Class::Fail) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Aborts, and asks until the upload is really gone: parts that were on their way may arrive after the first abort.
async fn end(core: &Core, store: &Store, upload: &Upload) -> Answer<()> {
    if let Some(upload_id) = &upload.upload_id {
        loop {
            store.abort(&upload.key, upload_id).await?;
            match store.list_parts(&upload.key, upload_id).await {
                Ok(_) => tokio::time::sleep(super::pause(3)).await,
                Err(refusal) if matches!(refusal.class, Class::NoUpload | Class::NoObject | Class::Unsupported) => {
                    break;
                }
                // The bucket itself is gone.
                Err(refusal) if refusal.error.code == Code::NoSuchBucket => break,
                Err(refusal) => return Err(refusal),
            }
        }
    } else {
        // While another of our transfers goes to the same key, an empty upload there may be its own.
        if core.is_claimed(&upload.bucket, &upload.key, upload.transfer) {
            return Ok(());
        }
        match find_unheard(core, store, upload).await? {
            Some(unheard) => store.abort(&upload.key, &unheard).await?,
            // The question may still be on its way to S3.
            None if clock::now() - upload.begun_at < UNHEARD_FOR_MS => return Ok(()),
            None => {}
        }
    }
    let id = upload.id;
    core.journal.note(move |c| uploads::set_stage(c, id, Stage::Aborted));
    Ok(())
}

/// The upload that S3 began for us without our hearing its ID. It is known by its key, by when it began, by being empty,
/// and by not being one whose ID we did hear. A store that cannot list uploads leaves none to be found.
pub(super) async fn find_unheard(core: &Core, store: &Store, upload: &Upload) -> Answer<Option<String>> {
    for listed in store.list_uploads(&upload.key).await.unwrap_or_default() {
        let upload_id = listed.upload_id.clone();
        let heard = core.journal.read(move |c| uploads::is_known(c, &upload_id)).await.unwrap_or(true);
        let near = (listed.begun_at - upload.begun_at).abs() < CLOCKS_APART_MS;
        if near && !heard && store.list_parts(&listed.key, &listed.upload_id).await.is_ok_and(|parts| parts.is_empty())
        {
            return Ok(Some(listed.upload_id));
        }
    }
    Ok(None)
}

/// Every upload that was given up and is not confirmed to be gone, and every claim that nobody needs any more. What cannot be reached now is tried at the next sweep.
pub(crate) async fn sweep(core: Arc<Core>) {
    let Ok(given_up) = core.journal.read(uploads::aborting).await else { return };
    for upload in given_up {
        let Ok(store) = core.store(&upload.profile) else { continue };
        if let Err(refusal) = end(&core, &store, &upload).await {
            let error = Unnamed(&refusal.error, &[&upload.key]);
            tracing::info!(key = %Mark(&upload.key), %error, "an upload is still to be aborted");
        }
    }
    claim::sweep(&core).await;
}
