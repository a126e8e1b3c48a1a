//! Publishing, finding and removing objects.
//! May not live here: multipart uploads, except how their object is published.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use super::disk::sync_folder;
use super::intake::Received;
use super::object::{About, Object, Part, Segment, Tag};
use super::sums::{Checksum, hex};
use super::{Bucket, Refusal, Store, now};

/// What must hold of the object that is there, at the moment of the change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Condition {
    #[default]
    None,
    /// Nothing is there.
    Absent,
    /// Something is there.
    Present,
    /// The object with this ETag is there.
    Is { etag: String },
}

impl Condition {
    /// Whether a change may go ahead over `current`.
    pub(super) fn check(&self, current: Option<&Object>) -> Result<(), Refusal> {
        match (self, current) {
            (Self::None, _) | (Self::Absent, None) | (Self::Present, Some(_)) => Ok(()),
            (Self::Present | Self::Is { .. }, None) => Err(Refusal::NoSuchKey),
            (Self::Is { etag }, Some(object)) if object.etag == *etag => Ok(()),
            (Self::Absent | Self::Is { .. }, Some(_)) => Err(Refusal::PreconditionFailed),
        }
    }
}

impl Store {
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Result<Arc<Object>, Refusal> {
        self.read().bucket(bucket)?.objects.get(key).cloned().ok_or(Refusal::NoSuchKey)
    }

    /// Whether a change would be refused as things are now. Asked before a body is read, to spare the client sending
    /// it; what decides is asked again when publishing.
    pub(crate) fn would_refuse(&self, bucket: &str, key: &str, condition: &Condition) -> Result<(), Refusal> {
        let state = self.read();
        condition.check(state.bucket(bucket)?.objects.get(key).map(Arc::as_ref))
    }

    /// Publishes what was received as an object of one part. `modified` is in Unix seconds; None is now.
    pub(crate) fn put(
        &self,
        bucket: &str,
        key: &str,
        about: About,
        received: Received,
        condition: &Condition,
        modified: Option<i64>,
    ) -> Result<Arc<Object>, Refusal> {
        let modified = modified.unwrap_or_else(now);
        let sum = received.hashed.wanted.clone();
        let object = Object {
            key: key.to_owned(),
            size: received.size,
            etag: hex(&received.hashed.md5),
            modified,
            about,
            checksum: Checksum::full(sum.as_ref().unwrap_or(&received.hashed.crc64nvme)),
            parts: vec![received.into_part(1, sum, modified)],
            upload: None,
        };
        self.publish(bucket, object, |_, current| condition.check(current), |_| ())
    }

    /// Publishes `object` under its key: the one way that an object comes to be.
    ///
    /// `decide` runs under the lock, with the bucket and what is there now. When it agrees, the rename follows at
    /// once, and `then` what else changes in the bucket with it. The files of the object that was there before are
    /// doomed once the new description is safe.
    pub(super) fn publish(
        &self,
        bucket: &str,
        object: Object,
        decide: impl FnOnce(&Bucket, Option<&Object>) -> Result<(), Refusal>,
        then: impl FnOnce(&mut Bucket),
    ) -> Result<Arc<Object>, Refusal> {
        self.sync_segments(&object.parts)?;
        let draft = self.disk.draft(&object)?;
        let object = Arc::new(object);

        let mut state = self.write();
        let entry = state.bucket_mut(bucket)?;
        let current = entry.objects.get(&object.key).cloned();
        decide(entry, current.as_deref())?;
        let folder = self.disk.bucket(&entry.id);
        draft.publish(&folder.object(&object.key))?;
        segments(&object.parts).for_each(Segment::keep);
        entry.objects.insert(object.key.clone(), Arc::clone(&object));
        then(entry);
        drop(state);

        sync_folder(&folder.objects())?;
        if let Some(before) = current {
            let kept: HashSet<_> = segments(&object.parts).map(Segment::id).collect();
            self.disk.doom(segments(&before.parts).filter(|s| !kept.contains(s.id())));
        }
        Ok(object)
    }

    /// True when an object was there. Without a condition, deleting what is not there is no refusal.
    pub(crate) fn delete(&self, bucket: &str, key: &str, condition: &Condition) -> Result<bool, Refusal> {
        let mut state = self.write();
        let entry = state.bucket_mut(bucket)?;
        condition.check(entry.objects.get(key).map(Arc::as_ref))?;
        if !entry.objects.contains_key(key) {
            return Ok(false);
        }
        let folder = self.disk.bucket(&entry.id);
        std::fs::remove_file(folder.object(key))?;
        let object = entry.objects.remove(key);
        drop(state);

        sync_folder(&folder.objects())?;
        self.disk.doom(object.iter().flat_map(|o| segments(&o.parts)));
        Ok(true)
    }

    /// Replaces an object's tags. Nothing else changes, its time neither.
    pub(crate) fn retag(&self, bucket: &str, key: &str, tags: &[Tag]) -> Result<(), Refusal> {
        loop {
            let before = self.object(bucket, key)?;
            let mut object = Object::clone(&before);
            object.about.tags = tags.to_vec();
            let mut overtaken = false;
            let decide = |_: &Bucket, current: Option<&Object>| {
                // Another version may have been put while this description was written: then its tags are meant.
                overtaken = !current.is_some_and(|c| std::ptr::eq(c, Arc::as_ptr(&before)));
                if overtaken { Err(Refusal::PreconditionFailed) } else { Ok(()) }
            };
            let outcome = self.publish(bucket, object, decide, |_| ());
            if !overtaken {
                return outcome.map(drop);
            }
        }
    }

    /// Makes the names of segments last, before a description refers to them. Their bytes are synced already.
    pub(super) fn sync_segments(&self, parts: &[Part]) -> io::Result<()> {
        if segments(parts).next().is_some() { sync_folder(&self.disk.segments()) } else { Ok(()) }
    }
}

fn segments(parts: &[Part]) -> impl Iterator<Item = &Segment> {
    parts.iter().filter_map(|part| part.segment.as_ref())
}
