//! A file of one part: one PutObject, which is atomic and needs no upload ID. What was not heard is looked up.

use super::claim::{By, claim_key};
use super::prove::{each_part, mismatch, whole_object};
use super::send::part_sum;
use super::{Drive, Driven, Patience, Stop};
use crate::integrity::{Algorithm, Crc64};
use crate::journal::receipts::Became;
use crate::journal::transfers::Acked;
use crate::lane::Want;
use crate::parts::Part;
use crate::s3::{Class, Completed, Offers, Refusal, Store};
use crate::source::{Source, changed};
use crate::transfer::{Change, Direction, Proof, Transfer};

pub(super) async fn upload(
    drive: &Drive,
    mut transfer: Transfer,
    source: &Source,
    store: &Store,
    offers: Offers,
) -> Driven<Proof> {
    let part = Part { number: 1, offset: 0, length: transfer.size };
    if let Some(proof) = claim_key(drive, &mut transfer, source, By::Put).await? {
        return Ok(proof);
    }
    let mut patience = Patience::of_one(&drive.core);
    let mut only_new = true;
    loop {
        let want =
            Want { profile: transfer.profile.as_str().into(), bytes: part.length, only: None, except: Vec::new() };
        let slot = drive.slot(Direction::Up, want).await?;
        let lane = drive.core.lanes.get(slot.lane())?;
        drive.in_flight(part.number, lane.id)?;
        let sum = part_sum(source, part, offers).await?;
        let (body, tap) = source.body(part, drive.core.slots(Direction::Up).piece() / 2, slot.gate());
        let metadata = transfer.metadata.clone().into_iter().collect();
        let answer = lane.store()?.put(&transfer.key, part, body, sum, metadata, only_new).await;
        drop(slot);
        if let Some(trouble) = tap.trouble() {
            return Err(trouble.into());
        }
        let refusal = match (answer, tap.crc()) {
            (Ok(completed), Some(crc)) => {
                drive
                    .acked(part.number, Acked { etag: completed.etag.clone().unwrap_or_default(), crc, lane: lane.id })
                    .await?;
                drive.core.change(drive.id, Change::Finish)?;
                let (version, etag) = (completed.version.clone(), completed.etag.clone());
                drive.became(Became { version, etag, crc: Some(crc) });
                return prove(&transfer, source, store, offers, completed, crc).await;
            }
            (Ok(_), None) => {
                return Err(Stop::Fail(crate::error::Error::internal("a file was acknowledged before it was read")));
            }
            (Err(refusal), _) => refusal,
        };
        drive.dropped(part.number)?;
        match refusal.class {
            Class::Unsupported if only_new => only_new = false,
            // Taken meanwhile, perhaps by ourselves: then claiming finds it to be this very file.
            Class::Condition => match claim_key(drive, &mut transfer, source, By::Put).await? {
                Some(proof) => return Ok(proof),
                None => tokio::time::sleep(patience.failed(Refusal { class: Class::Again, ..refusal })?).await,
            },
            _ => tokio::time::sleep(patience.failed_on(Direction::Up, &lane, refusal)?).await,
        }
    }
}

async fn prove(
    transfer: &Transfer,
    source: &Source,
    store: &Store,
    offers: Offers,
    completed: Completed,
    crc: Crc64,
) -> Driven<Proof> {
    let now = source.look_again().await?;
    if !now.same_file(&source.look) {
        return Err(changed(&transfer.path).into());
    }
    if offers == Offers::WholeCrc64 && completed.crc == Some(crc) {
        return Ok(whole_object(crc));
    }
    let object = store.head(&transfer.key).await?;
    let proved = match object.checksum {
        _ if object.size != transfer.size => None,
        Some(kept) if kept.algorithm == Algorithm::Crc64Nvme => {
            (kept.value == crc.to_string()).then(|| whole_object(crc))
        }
        // The store checked the MD5 as the bytes arrived; its ETag says which object that was.
        _ => (completed.etag.as_deref() == Some(object.etag.as_str())).then(|| each_part(offers)),
    };
    proved.ok_or_else(|| Stop::Fail(mismatch(&transfer.key)))
}
