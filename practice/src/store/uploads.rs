//! Multipart uploads: beginning, parts, completing, aborting.
//! May not live here: how bytes come in (`intake.rs`) and how an object is published (`objects.rs`).

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::disk::{fresh_id, sync_folder};
use super::intake::Received;
use super::object::{About, Object, Part, Segment};
use super::objects::Condition;
use super::sums::{Algorithm, Checksum, Kind, Sum, multipart_etag};
use super::{Refusal, Store, now};

/// The least size in bytes of any part but the last.
const LEAST_PART: u64 = 5 * 1024 * 1024;

/// A multipart upload that is neither completed nor aborted; also its description on disk, without the parts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    /// Unix seconds.
    pub(crate) initiated: i64,
    pub(crate) about: About,
    /// None when the client named no algorithm: then CRC64NVME of the full object is told.
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) kind: Kind,
    /// By part number. Each has a description of its own.
    #[serde(skip)]
    pub(crate) parts: BTreeMap<u16, Part>,
}

/// One part as the client lists it in Complete.
pub(crate) struct Claim {
    pub(crate) number: u16,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) sums: Vec<Sum>,
}

/// What the client says in Complete about the object as a whole.
#[derive(Default)]
pub(crate) struct Whole {
    /// Algorithm and text of the checksum.
    pub(crate) checksum: Option<(Algorithm, String)>,
    pub(crate) kind: Option<Kind>,
    /// Bytes.
    pub(crate) size: Option<u64>,
}

/// Everything of a Complete but which upload.
pub(crate) struct Finish {
    pub(crate) claims: Vec<Claim>,
    pub(crate) whole: Whole,
    pub(crate) condition: Condition,
}

impl Store {
    /// The ID of the new upload: unguessable, and later ones sort after earlier ones.
    pub(crate) fn create_upload(
        &self,
        bucket: &str,
        key: &str,
        about: About,
        algorithm: Option<Algorithm>,
        kind: Kind,
    ) -> Result<String, Refusal> {
        let initiated = now();
        let upload = Upload {
            id: format!("{initiated:010x}{}", fresh_id()),
            key: key.to_owned(),
            initiated,
            about,
            algorithm,
            kind,
            parts: BTreeMap::new(),
        };
        let draft = self.disk.draft(&upload)?;
        let id = upload.id.clone();

        let mut state = self.write();
        let entry = state.bucket_mut(bucket)?;
        let uploads = self.disk.bucket(&entry.id).uploads();
        let folder = self.disk.bucket(&entry.id).upload(&id);
        fs::create_dir(folder.path())?;
        draft.publish(&folder.description())?;
        entry.uploads.insert(id.clone(), upload);
        drop(state);

        sync_folder(folder.path())?;
        sync_folder(&uploads)?;
        Ok(id)
    }

    /// What `look` sees in an upload.
    pub(crate) fn upload<T>(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        look: impl FnOnce(&Upload) -> T,
    ) -> Result<T, Refusal> {
        let state = self.read();
        find(&state.bucket(bucket)?.uploads, key, id).map(look)
    }

    /// Publishes what was received as a part, over any with the same number. Returns the part.
    pub(crate) fn put_part(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        number: u16,
        received: Received,
    ) -> Result<Part, Refusal> {
        let algorithm = self.upload(bucket, key, id, |upload| upload.algorithm)?;
        let sum = received.hashed.wanted.clone().filter(|sum| Some(sum.algorithm) == algorithm);
        let part = received.into_part(number, sum, now());
        self.sync_segments(std::slice::from_ref(&part))?;
        let draft = self.disk.draft(&part)?;

        let mut state = self.write();
        let entry = state.bucket_mut(bucket)?;
        // Completed or aborted while the body came in: then there is nothing to be part of.
        find(&entry.uploads, key, id)?;
        let folder = self.disk.bucket(&entry.id).upload(id);
        draft.publish(&folder.part(number))?;
        part.segment.iter().for_each(Segment::keep);
        let before = entry.uploads.get_mut(id).and_then(|upload| upload.parts.insert(number, part.clone()));
        drop(state);

        sync_folder(folder.path())?;
        self.disk.doom(before.iter().filter_map(|part| part.segment.as_ref()));
        Ok(part)
    }

    pub(crate) fn abort(&self, bucket: &str, key: &str, id: &str) -> Result<(), Refusal> {
        let mut state = self.write();
        let entry = state.bucket_mut(bucket)?;
        find(&entry.uploads, key, id)?;
        let folder = self.disk.bucket(&entry.id).upload(id);
        fs::remove_file(folder.description())?;
        let upload = entry.uploads.remove(id);
        drop(state);

        sync_folder(folder.path())?;
        self.disk.doom(upload.iter().flat_map(|u| u.parts.values()).filter_map(|part| part.segment.as_ref()));
        remove_folder(folder.path());
        Ok(())
    }

    /// Makes an object of the parts. No byte is read or copied: the object refers to the segments of its parts.
    ///
    /// The same list again, after it succeeded and while the object is still that one, succeeds again: a client that
    /// did not hear the answer may ask once more.
    pub(crate) fn complete(&self, bucket: &str, key: &str, id: &str, finish: &Finish) -> Result<Arc<Object>, Refusal> {
        loop {
            let upload = match self.upload(bucket, key, id, Upload::clone) {
                Err(Refusal::NoSuchUpload) => return self.completed_before(bucket, key, id, finish),
                other => other?,
            };
            let object = assemble(&upload, finish)?;
            let used: Vec<_> = object.parts.iter().map(|part| part.segment.clone()).collect();

            let mut changed = false;
            let mut leftover = None;
            let outcome = self.publish(
                bucket,
                object,
                |entry, current| {
                    let now = find(&entry.uploads, key, id)?;
                    // A part may have been put again while the description was written: then look at it afresh.
                    changed = finish.claims.iter().zip(&used).any(|(claim, segment)| {
                        let there = now.parts.get(&claim.number).and_then(|part| part.segment.as_ref());
                        there.map(Segment::id) != segment.as_ref().map(Segment::id)
                    });
                    if changed { Err(Refusal::PreconditionFailed) } else { finish.condition.check(current) }
                },
                |entry| {
                    let folder = self.disk.bucket(&entry.id).upload(id);
                    // If this fails or a kill comes before it, the next opening sees that the object has this ID.
                    if let Err(error) = fs::remove_file(folder.description()) {
                        tracing::warn!(%error, "a completed upload could not be taken off the list");
                    }
                    leftover = entry.uploads.remove(id).map(|upload| (folder, upload));
                },
            );
            if changed {
                continue;
            }
            if let Some((folder, upload)) = leftover {
                // In ascending order, or it would not have come this far.
                let listed = |number| finish.claims.binary_search_by_key(&number, |claim| claim.number).is_ok();
                let unlisted = upload.parts.values().filter(|part| !listed(part.number));
                self.disk.doom(unlisted.filter_map(|part| part.segment.as_ref()));
                remove_folder(folder.path());
            }
            return match outcome {
                // The same request won meanwhile, sent twice by a client that lost patience; or it was aborted.
                Err(Refusal::NoSuchUpload) => self.completed_before(bucket, key, id, finish),
                outcome => outcome,
            };
        }
    }

    fn completed_before(&self, bucket: &str, key: &str, id: &str, finish: &Finish) -> Result<Arc<Object>, Refusal> {
        let object = self.object(bucket, key).map_err(|refusal| match refusal {
            Refusal::NoSuchKey => Refusal::NoSuchUpload,
            other => other,
        })?;
        let same_list = object.parts.len() == finish.claims.len()
            && object.parts.iter().zip(&finish.claims).all(|(p, c)| p.number == c.number && p.etag == c.etag);
        if object.upload.as_deref() == Some(id) && same_list { Ok(object) } else { Err(Refusal::NoSuchUpload) }
    }
}

/// An ID that was given out for another key is no upload of this one.
fn find<'a>(uploads: &'a BTreeMap<String, Upload>, key: &str, id: &str) -> Result<&'a Upload, Refusal> {
    uploads.get(id).filter(|upload| upload.key == key).ok_or(Refusal::NoSuchUpload)
}

/// The object that `finish` would make of the upload, or why not, in the order in which S3 looks.
fn assemble(upload: &Upload, finish: &Finish) -> Result<Object, Refusal> {
    if finish.claims.windows(2).any(|pair| pair[0].number >= pair[1].number) {
        return Err(Refusal::InvalidPartOrder);
    }
    let parts: Vec<Part> = finish.claims.iter().map(|claim| claimed(upload, claim)).collect::<Result<_, _>>()?;
    if let Some((_last, others)) = parts.split_last()
        && let Some(small) = others.iter().find(|part| part.size < LEAST_PART)
    {
        return Err(Refusal::EntityTooSmall { number: small.number });
    }
    let size = parts.iter().map(|part| part.size).sum();
    if finish.whole.size.is_some_and(|stated| stated != size) {
        return Err(Refusal::Contradiction("x-amz-mp-object-size is not the size of the listed parts".into()));
    }
    let checksum = whole_checksum(upload, &parts);
    check_whole(upload, &finish.whole, &checksum)?;
    Ok(Object {
        key: upload.key.clone(),
        size,
        etag: multipart_etag(parts.iter().map(|part| part.etag.as_str())),
        modified: now(),
        about: upload.about.clone(),
        checksum,
        parts,
        upload: Some(upload.id.clone()),
    })
}

fn claimed(upload: &Upload, claim: &Claim) -> Result<Part, Refusal> {
    let number = claim.number;
    let part = upload.parts.get(&number).filter(|part| part.etag == claim.etag);
    let part = part.ok_or(Refusal::InvalidPart { number })?;
    let told = part.told_sum();
    let stated = claim.sums.iter().find(|sum| sum.algorithm == told.algorithm);
    if stated.is_some_and(|sum| sum != told) {
        return Err(Refusal::InvalidPart { number });
    }
    if upload.kind == Kind::Composite && stated.is_none() {
        return Err(Refusal::Contradiction(format!(
            "The upload was created using a {} checksum. The complete request must include the checksum for each \
             part. It was missing for part {number} in the request.",
            told.algorithm.name().to_lowercase()
        )));
    }
    Ok(part.clone())
}

fn whole_checksum(upload: &Upload, parts: &[Part]) -> Checksum {
    let algorithm = upload.algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let full = match upload.kind {
        Kind::Composite => None,
        Kind::FullObject => Checksum::combined(algorithm, parts.iter().map(|part| (part.told_sum(), part.size))),
    };
    let sums: Vec<&Sum> = parts.iter().map(Part::told_sum).collect();
    full.unwrap_or_else(|| Checksum::composite(algorithm, sums.into_iter()))
}

fn check_whole(upload: &Upload, whole: &Whole, checksum: &Checksum) -> Result<(), Refusal> {
    if whole.kind.is_some_and(|kind| kind != checksum.kind) {
        return Err(Refusal::Contradiction(format!(
            "The upload was created with the {} checksum type; the complete request names another one.",
            upload.kind.name()
        )));
    }
    match &whole.checksum {
        Some((algorithm, _)) if *algorithm != checksum.algorithm => Err(Refusal::Contradiction(format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            checksum.algorithm.name().to_lowercase(),
            algorithm.name().to_lowercase()
        ))),
        Some((algorithm, text)) if !checksum.is(text) => Err(Refusal::BadDigest(algorithm.name())),
        _ => Ok(()),
    }
}

/// Of an upload that is over. What cannot be removed now is swept at the next opening.
fn remove_folder(path: &std::path::Path) {
    if let Err(error) = fs::remove_dir_all(path) {
        tracing::warn!(%error, "the folder of an upload that is over could not be removed");
    }
}
