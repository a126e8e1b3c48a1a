//! A file's way up: adopt or create the upload (`open`), send what is missing, complete, prove. Files of one part go by
//! `upload_small`, those that are written still by `growing`.

use std::collections::HashSet;

use super::open::{Multipart, Opened, open, stumbled_over_checksum};
use super::prove::{Sent, completed_list, each_part, mismatch, recognise, same_etag, whole_object};
use super::send::{self, To, send_part};
use super::{Drive, Driven, Patience, Stop, claim};
use crate::api::About;
use crate::error::Result;
use crate::integrity::{Algorithm, Crc64};
use crate::journal::receipts::Became;
use crate::journal::transfers::{Acked, PlannedPart};
use crate::journal::uploads::{self, Stage};
use crate::lane::{UNKNOWN_LANE, Want};
use crate::media;
use crate::metadata;
use crate::parts::{self, Part};
use crate::s3::{Class, Completed, ListedPart, Offers, Refusal, Store};
use crate::source::{Source, changed};
use crate::transfer::{Change, Direction, Proof, Recording, Transfer};

pub(super) async fn upload(drive: &Drive) -> Driven<Proof> {
    let transfer = drive.transfer()?;
    if transfer.recording != Recording::No {
        return Box::pin(super::growing::upload(drive, transfer)).await;
    }
    let source = Source::open(&transfer.path).await?.within(drive.core.folder_limit(&transfer));
    if transfer.look.is_some_and(|look| !look.same_file(&source.look)) {
        return Err(changed(&transfer.path).into());
    }
    Box::pin(whole(drive, transfer, source)).await
}

/// A file that is whole, as it was looked at.
pub(super) async fn whole(drive: &Drive, mut transfer: Transfer, source: Source) -> Driven<Proof> {
    let store = drive.upload_store(&transfer)?;
    let known = drive.core.offers(&transfer.profile).await?;
    let offers = known.unwrap_or(Offers::WholeCrc64);

    let mut plan = drive.plan().await?;
    if plan.is_empty() {
        // The facts come first: a plan without them would be one of a file that nobody looked at.
        transfer.size = source.look.size;
        transfer.look = Some(source.look);
        Box::pin(tell_of_itself(&mut transfer, true)).await;
        drive.set_facts(&transfer).await?;
        plan = drive.set_plan(parts::plan(transfer.size)?).await?;
    }
    // A store that is not known yet is found out by a multipart upload, of whatever size: it can be given up unseen.
    let begun = drive.begun_upload().await?;
    if plan.len() == 1 && begun.is_none() && (known.is_some() || transfer.size == 0) {
        return Box::pin(super::upload_small::upload(drive, transfer, &source, &store, offers)).await;
    }

    let opening = Box::pin(open(drive, &mut transfer, &source, plan.len(), begun));
    let multipart = match opening.await? {
        Opened::There(proof) => return Ok(proof),
        Opened::Upload(multipart) => multipart,
    };
    let sending = Sending { drive, transfer: &transfer, source: &source, multipart: &multipart };
    let proof = Box::pin(sending.to_the_end(plan)).await?;
    claim::give_up(&drive.core, drive.id, None);
    Ok(proof)
}

/// What the clip says of itself goes into the object's metadata. Here, since a drop of thousands must not wait for it.
/// How long one is that is still shot, nobody knows.
pub(super) async fn tell_of_itself(transfer: &mut Transfer, is_whole: bool) {
    if media::may_be_media(&transfer.name) {
        let mut told = media::read(&transfer.path, &media::beside(&transfer.path)).await;
        told.duration = told.duration.filter(|_| is_whole);
        metadata::tell(&mut transfer.metadata, &told);
    }
}

/// What the steps of one upload share.
pub(super) struct Sending<'a> {
    pub drive: &'a Drive,
    pub transfer: &'a Transfer,
    pub source: &'a Source,
    pub multipart: &'a Multipart,
}

impl Sending<'_> {
    async fn to_the_end(&self, mut plan: Vec<PlannedPart>) -> Driven<Proof> {
        let before = match self.take_stock(&mut plan).await? {
            Stock::Before(before) => before,
            Stock::Landed(proof) => return Ok(proof),
        };
        // Parts are read again while others are sent; no Complete before both are through.
        let to = self.to();
        tokio::select! {
            sent = async { futures::try_join!(self.verify(before), send::missing(self.drive, &to, &mut plan)) } => sent.map(|_| ())?,
            lost = claim::hold(self.drive, self.transfer, self.source) => return Err(lost),
        }
        self.check_source(&plan).await?;
        self.drive.core.change(self.drive.id, Change::Finish)?;
        self.complete(plan).await
    }

    /// What the bucket has of it, and what it offers. The plan is right after it.
    pub(super) async fn take_stock(&self, plan: &mut [PlannedPart]) -> Driven<Stock> {
        let listed = match self.multipart.is_new {
            true => Ok(Vec::new()),
            false => self.store()?.list_parts(&self.transfer.key, &self.multipart.upload_id).await,
        };
        let before = match listed {
            Ok(listed) => self.reconcile(plan, &listed).await?,
            Err(refusal) if refusal.class == Class::NoUpload => return self.vanished(plan).await.map(Stock::Landed),
            Err(refusal) => return Err(refusal.into()),
        };
        if !self.multipart.is_known {
            self.find_out(plan).await?;
        }
        Ok(Stock::Before(before))
    }

    /// By a lane that is reached now: an upload may outlive the one that it began on.
    fn store(&self) -> Result<Store> {
        self.drive.upload_store(self.transfer)
    }

    pub(super) fn to(&self) -> To {
        To {
            source: self.source.clone(),
            key: self.transfer.key.clone(),
            upload_id: self.multipart.upload_id.clone(),
            offers: self.multipart.offers,
            piece: self.drive.core.slots(Direction::Up).piece() / 2,
        }
    }

    /// Brings journal and ListParts together. ListParts is the truth, the journal its memory: what both know stays, what
    /// only one knows is found out or sent again. Answers with the parts that an earlier run sent, to be read again.
    async fn reconcile(&self, plan: &mut [PlannedPart], listed: &[ListedPart]) -> Driven<Vec<(Part, Crc64)>> {
        let touched = self.source.look.touched;
        let sent_here: HashSet<u32> = self.drive.core.with(self.drive.id, |one| {
            if one.sent_here.0 != touched || touched == 0 {
                one.sent_here = (touched, HashSet::new());
            }
            one.sent_here.1.clone()
        })?;
        let mut again = Vec::new();
        for (part, acked) in plan {
            let there = listed.iter().find(|l| l.number == part.number && l.size == part.length);
            match (&*acked, there) {
                (Some(known), Some(there)) if same_etag(&known.etag, &there.etag) => {
                    if !sent_here.contains(&part.number) {
                        again.push((*part, known.crc));
                    }
                }
                // It arrived, and the answer did not. Where the store tells its checksum, it need not go again.
                (_, Some(there)) if there.crc.is_some() && there.crc == Some(self.source.checksum(*part).await?) => {
                    let known =
                        Acked { etag: there.etag.clone(), crc: there.crc.unwrap_or(Crc64(0)), lane: UNKNOWN_LANE };
                    self.drive.acked(part.number, known.clone()).await?;
                    *acked = Some(known);
                }
                (Some(_), _) => {
                    self.drive.unacked(part.number).await?;
                    *acked = None;
                }
                (None, _) => {}
            }
        }
        Ok(again)
    }

    /// Size and time can lie: what an earlier run sent must still be what the file holds.
    async fn verify(&self, parts: Vec<(Part, Crc64)>) -> Driven<()> {
        for (part, crc) in parts {
            if self.source.checksum(part).await? != crc {
                return Err(changed(&self.transfer.path).into());
            }
        }
        Ok(())
    }

    /// One byte goes first, under the number of a part that overwrites it: the store must keep it without the trailer's
    /// framing, and answer with its checksum. A store that does not is remembered as such, and the upload begins anew in
    /// the way that it takes.
    async fn find_out(&self, plan: &[PlannedPart]) -> Driven<()> {
        let Some((part, _)) = plan.iter().find(|(_, acked)| acked.is_none()) else { return Ok(()) };
        let byte = Part { length: part.length.min(1), ..*part };
        let mut patience = Patience::of_one(&self.drive.core);
        let sent = loop {
            let want = Want {
                profile: self.transfer.profile.as_str().into(),
                bytes: byte.length,
                only: None,
                except: Vec::new(),
            };
            let slot = self.drive.slot(Direction::Up, want).await?;
            // By the store that is asked for what it listed.
            match send_part(&self.store()?, self.to(), byte, slot).await {
                // A stumble says nothing of checksums, unless it is one every time.
                Err((_, Some(refusal))) if refusal.class == Class::Again => match patience.failed(refusal.clone()) {
                    Ok(rest) => tokio::time::sleep(rest).await,
                    Err(_) => break Err((refusal.error.clone(), Some(refusal))),
                },
                sent => break sent,
            }
        };
        let takes_it = match &sent {
            Ok((known, told)) => {
                let listed = self.store()?.list_parts(&self.transfer.key, &self.multipart.upload_id).await?;
                *told
                    && listed
                        .iter()
                        .any(|l| l.number == byte.number && l.size == byte.length && same_etag(&l.etag, &known.etag))
            }
            Err((_, Some(refusal))) if stumbled_over_checksum(refusal) => false,
            Err((_, Some(refusal))) => return Err(refusal.clone().into()),
            Err((error, None)) => return Err(error.clone().into()),
        };
        let offers = if takes_it { Offers::WholeCrc64 } else { Offers::PartMd5 };
        self.drive.core.remember_offers(&self.transfer.profile, offers)?;
        if !takes_it {
            tracing::info!(bucket = self.transfer.bucket, ?sent, "the store keeps no CRC64NVME; parts carry their MD5");
            return Err(Stop::Anew);
        }
        Ok(())
    }

    /// The last look before Complete: the same file, and where the system says that something about it changed, the
    /// same bytes.
    async fn check_source(&self, plan: &[PlannedPart]) -> Driven<()> {
        let now = self.source.look_again().await?;
        if !now.same_file(&self.source.look) {
            return Err(changed(&self.transfer.path).into());
        }
        if now.touched != self.source.look.touched {
            let all = plan.iter().filter_map(|(part, acked)| Some((*part, acked.as_ref()?.crc))).collect();
            self.verify(all).await?;
        }
        Ok(())
    }

    pub(super) async fn complete(&self, mut plan: Vec<PlannedPart>) -> Driven<Proof> {
        let id = self.multipart.upload;
        self.drive.core.journal.write(move |c| uploads::set_stage(c, id, Stage::Completing)).await?;
        let mut patience = Patience::of_one(&self.drive.core);
        loop {
            let (list, whole) = completed_list(&plan)?;
            let answer = self
                .store()?
                .complete(&self.transfer.key, &self.multipart.upload_id, &list, whole, self.multipart.offers)
                .await;
            match answer {
                Ok(completed) => return self.prove(completed, &list, whole).await,
                Err(refusal) => match refusal.class {
                    // It may have succeeded unseen.
                    Class::NoUpload | Class::Network | Class::Again | Class::Later | Class::RanOut => {
                        if let Some(proof) = self.landed(&list, whole).await? {
                            return Ok(proof);
                        }
                        if refusal.class == Class::NoUpload {
                            return Err(Stop::Anew);
                        }
                        tokio::time::sleep(patience.failed(refusal)?).await;
                    }
                    // Our own first try took the key, or somebody else who does not look for claims. Parts belong to a key
                    // and cannot be put together under another.
                    Class::Condition => {
                        if let Some(proof) = self.landed(&list, whole).await? {
                            return Ok(proof);
                        }
                        self.say_taken();
                        return Err(Stop::Anew);
                    }
                    // A late twin of a part overwrote it. What is there now is found out and sent again where it must be.
                    Class::WrongParts => {
                        tokio::time::sleep(patience.failed(Refusal { class: Class::Again, ..refusal })?).await;
                        let listed = self.store()?.list_parts(&self.transfer.key, &self.multipart.upload_id).await?;
                        self.drive.back_to_running()?;
                        self.reconcile(&mut plan, &listed).await?;
                        send::missing(self.drive, &self.to(), &mut plan).await?;
                        self.drive.core.change(self.drive.id, Change::Finish)?;
                    }
                    _ => return Err(refusal.into()),
                },
            }
        }
    }

    fn say_taken(&self) {
        let Transfer { name, key, .. } = self.transfer;
        let body = format!(
            "While {name} went up, something else was put at {key}. Nothing was overwritten: {name} goes up again, under \
             the next free name."
        );
        self.drive.core.board.tell(About::NeedsYou, "A name was taken meanwhile".into(), body);
    }

    /// Done means proved: what S3 computed over the whole is what was computed here.
    async fn prove(&self, completed: Completed, list: &[Sent], whole: Crc64) -> Driven<Proof> {
        let id = self.multipart.upload;
        self.drive.core.journal.note(move |c| uploads::set_stage(c, id, Stage::Completed));
        let (version, etag) = (completed.version.clone(), completed.etag.clone());
        self.drive.became(Became { version, etag, crc: Some(whole) });
        if self.multipart.offers == Offers::WholeCrc64 && completed.crc == Some(whole) {
            return Ok(whole_object(whole));
        }
        // The answer did not say; the object does.
        let object = self.store()?.head(&self.transfer.key).await?;
        let proof = match &object.checksum {
            Some(kept) if kept.algorithm == Algorithm::Crc64Nvme => recognise(&object, list, whole, self.transfer.size),
            _ => {
                let is_it =
                    object.size == self.transfer.size && completed.etag.is_some_and(|e| same_etag(&e, &object.etag));
                is_it.then(|| each_part(self.multipart.offers))
            }
        };
        proof.ok_or_else(|| Stop::Fail(mismatch(&self.transfer.key)))
    }

    /// Whether the key holds exactly this upload's result.
    async fn landed(&self, list: &[Sent], whole: Crc64) -> Driven<Option<Proof>> {
        let proof = match self.store()?.head(&self.transfer.key).await {
            Ok(object) => recognise(&object, list, whole, self.transfer.size).inspect(|_| {
                self.drive.became(Became { version: object.version, etag: Some(object.etag), crc: Some(whole) });
            }),
            Err(_) => None,
        };
        if proof.is_some() {
            let id = self.multipart.upload;
            self.drive.core.journal.note(move |c| uploads::set_stage(c, id, Stage::Completed));
        }
        Ok(proof)
    }

    /// The bucket knows the upload no more: it was completed unseen, or something swept it away.
    async fn vanished(&self, plan: &[PlannedPart]) -> Driven<Proof> {
        if let Ok((list, whole)) = completed_list(plan)
            && let Some(proof) = self.landed(&list, whole).await?
        {
            return Ok(proof);
        }
        Err(Stop::Anew)
    }
}

/// What there is of an upload.
pub(super) enum Stock {
    /// These parts an earlier run sent: they are to be read again.
    Before(Vec<(Part, Crc64)>),
    /// It was completed unseen.
    Landed(Proof),
}
