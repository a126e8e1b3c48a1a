//! How an upload opens: the one that was begun is gone on with, or a key is claimed and one is created. Journal before the wire.

use super::abort::find_unheard;
use super::claim::{self, By, claim_key};
use super::{Drive, Driven, Stop};
use crate::clock;
use crate::error::{Code, Error, Result};
use crate::journal::uploads::{self, Stage, Upload};
use crate::s3::{Answer, Class, Offers, Refusal, Store};
use crate::source::Source;
use crate::transfer::{Direction, Proof, Transfer};

/// A multipart upload under way.
#[derive(Clone)]
pub(super) struct Multipart {
    pub offers: Offers,
    /// Whether `offers` is known, and not just hoped for.
    pub is_known: bool,
    /// It was begun just now: the store has no part of it.
    pub is_new: bool,
    /// The journal's row.
    pub upload: i64,
    pub upload_id: String,
}

pub(super) enum Opened {
    Upload(Multipart),
    /// The clip is in the bucket already.
    There(Proof),
}

/// Goes on with the upload that was begun, or claims a key and begins one, for about so many parts.
pub(super) async fn open(
    drive: &Drive,
    transfer: &mut Transfer,
    source: &Source,
    parts: usize,
    begun: Option<Upload>,
) -> Driven<Opened> {
    let store = drive.upload_store(transfer)?;
    let known = drive.core.offers(&transfer.profile).await?;
    let offers = known.unwrap_or(Offers::WholeCrc64);
    let adopted = match begun {
        Some(upload) => {
            // What a Complete may have made of it stands, whoever has the key now.
            if upload.stage != Stage::Completing {
                claim::keep(drive, transfer, source).await?;
            }
            adopt(drive, &store, upload).await?
        }
        None => {
            // Of one part, it is put together in a moment.
            let by = if parts > 1 { By::Object } else { By::Put };
            if let Some(proof) = claim_key(drive, transfer, source, by).await? {
                return Ok(Opened::There(proof));
            }
            None
        }
    };
    let is_new = adopted.is_none();
    let (upload, upload_id) = match adopted {
        Some(adopted) => adopted,
        None => {
            drive.open_ahead(Direction::Up, &transfer.profile, parts)?;
            let created = create(drive, transfer, &store, offers);
            let (created, free) = tokio::join!(created, claim::still_free(drive, transfer));
            free?;
            created?
        }
    };
    Ok(Opened::Upload(Multipart { offers, is_known: known.is_some(), is_new, upload, upload_id }))
}

/// So many times a store may stumble over the beginning of an upload before its checksum is held to be the reason.
const STUMBLES: u32 = 4;

/// The journal's row of an upload, and S3's ID of it.
type Begun = (i64, String);

/// Journal before the wire: that we ask is on disk before S3 is asked, the ID before part 1 goes. The question is heard
/// to its end even when the driver is dropped meanwhile: S3 answers it all the same.
async fn create(drive: &Drive, transfer: &Transfer, store: &Store, offers: Offers) -> Driven<Begun> {
    let asking = drive.core.with(drive.id, |one| one.asking.clone())?.lock_owned().await;
    let asked = Upload {
        id: 0,
        transfer: transfer.id,
        profile: transfer.profile.clone(),
        bucket: transfer.bucket.clone(),
        key: transfer.key.clone(),
        upload_id: None,
        stage: Stage::Asked,
        begun_at: clock::now(),
    };
    let metadata = transfer.metadata.clone().into_iter().collect();
    let (core, store, key) = (drive.core.clone(), store.clone(), transfer.key.clone());
    let row = drive.core.journal.write(move |c| uploads::ask_upload(c, &asked)).await?;
    let asked = tokio::spawn(async move {
        let _asking = asking;
        let answer: Answer<String> = store.create(&key, metadata, offers).await;
        let heard = answer.clone();
        core.journal
            .write(move |c| match heard {
                Ok(upload_id) => uploads::upload_answered(c, row, &upload_id),
                // A refusal is an answer too: nothing was begun. Where none came, something may have been.
                Err(refusal) if refusal.status.is_some() => uploads::set_stage(c, row, Stage::Aborted),
                Err(_) => Ok(()),
            })
            .await?;
        Ok::<_, Error>(answer)
    });
    match asked.await.map_err(Error::internal)?? {
        Ok(upload_id) => Ok((row, upload_id)),
        // One stumble says nothing of checksums; one every time may.
        Err(refusal) if refusal.class == Class::Again && drive.core.with(drive.id, |one| one.waits)? < STUMBLES => {
            Err(refusal.into())
        }
        Err(refusal) if stumbled_over_checksum(&refusal) && offers == Offers::WholeCrc64 => {
            drive.core.remember_offers(&transfer.profile, Offers::PartMd5)?;
            Err(Stop::Anew)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Whether the store may have stumbled over the checksum itself, rather than over the bucket or the keys.
pub(super) fn stumbled_over_checksum(refusal: &Refusal) -> bool {
    refusal.status.is_some() && refusal.error.code == Code::StoreRefused && refusal.class != Class::NoUpload
}

/// Adopt before creating. Where we asked and never heard the answer, S3 may have begun one for us: it is looked for, and
/// looked for again by the sweep where it is not there (yet).
async fn adopt(drive: &Drive, store: &Store, upload: Upload) -> Driven<Option<Begun>> {
    let row = upload.id;
    if let Some(upload_id) = upload.upload_id {
        return Ok(Some((row, upload_id)));
    }
    let found = find_unheard(&drive.core, store, &upload).await?;
    let kept = found.clone();
    drive
        .core
        .journal
        .write(move |c| match kept {
            Some(upload_id) => uploads::upload_answered(c, row, &upload_id),
            None => uploads::set_stage(c, row, Stage::Aborting),
        })
        .await?;
    Ok(found.map(|upload_id| (row, upload_id)))
}

impl Drive {
    pub(super) async fn begun_upload(&self) -> Result<Option<Upload>> {
        // Not while S3 is being asked for one.
        let asking = self.core.with(self.id, |one| one.asking.clone())?;
        let _asked = asking.lock().await;
        let id = self.id;
        self.core.journal.read(move |c| uploads::upload_of(c, id)).await
    }
}
