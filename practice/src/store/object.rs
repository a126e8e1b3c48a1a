//! What is stored: objects, their parts and the files their bytes lie in, as described on disk.
//! May not live here: reading or writing of any of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::sums::{Checksum, Sum};

/// One object as it was put. Never changed once published, only replaced by another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) key: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    /// Unix seconds: S3 is no finer.
    pub(crate) modified: i64,
    pub(crate) about: About,
    pub(crate) checksum: Checksum,
    /// In ascending order; one for an object that was put in one request.
    pub(crate) parts: Vec<Part>,
    /// The ID of the multipart upload that it came from: the same Complete may come twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upload: Option<String>,
}

/// What a client said about an object, besides its bytes. Header values are kept as they came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct About {
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    /// As an HTTP date.
    pub(crate) expires: Option<String>,
    pub(crate) website_redirect_location: Option<String>,
    /// None is STANDARD. A label only: all classes are stored alike.
    pub(crate) storage_class: Option<String>,
    /// Whether the client asked for SSE-S3 and hears so again. A label only: nothing is encrypted here.
    pub(crate) encrypted: bool,
    /// Names without `x-amz-meta-`.
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tags: Vec<Tag>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// One part: of an object, or of a multipart upload that is not complete yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) number: u16,
    /// Bytes.
    pub(crate) size: u64,
    /// MD5, lower-case hex without quotes.
    pub(crate) etag: String,
    pub(crate) crc64nvme: Sum,
    /// In the algorithm that the object or upload was put with, where it named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sum: Option<Sum>,
    /// Unix seconds.
    pub(crate) modified: i64,
    /// None when there are no bytes.
    pub(crate) segment: Option<Segment>,
}

impl Part {
    /// The one that clients are told.
    pub(crate) fn told_sum(&self) -> &Sum {
        self.sum.as_ref().unwrap_or(&self.crc64nvme)
    }
}

/// A file of bytes that never change. Clones share it; on disk it is only its ID.
///
/// The file outlives its description for as long as somebody reads it: [`Segment::doom`] marks it, the last clone to
/// go removes it. A kill in between leaves it to the sweep at the next opening.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Segment(Arc<SegmentFile>);

struct SegmentFile {
    id: String,
    /// Where it is to be removed once nobody holds it any more. None while something published refers to it.
    doomed: Mutex<Option<PathBuf>>,
}

impl Segment {
    /// A segment that something published refers to.
    pub(super) fn kept(id: String) -> Self {
        Self(Arc::new(SegmentFile { id, doomed: Mutex::new(None) }))
    }

    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    /// To be removed when the last holder lets go. `path` is where it lies.
    pub(super) fn doom(&self, path: PathBuf) {
        *self.0.doomed.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
    }

    /// Something published refers to it now.
    pub(super) fn keep(&self) {
        *self.0.doomed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for SegmentFile {
    fn drop(&mut self) {
        let doomed = self.doomed.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = doomed.take()
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::warn!(%error, segment = self.id, "a file that is not needed any more could not be removed");
        }
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Segment").field(&self.0.id).finish()
    }
}

impl TryFrom<String> for Segment {
    type Error = &'static str;

    /// A description is a file that anyone with the disk can edit: what is no ID must not become a path.
    fn try_from(id: String) -> Result<Self, Self::Error> {
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Err("not the ID of a segment");
        }
        Ok(Self::kept(id))
    }
}

impl From<Segment> for String {
    fn from(segment: Segment) -> Self {
        segment.0.id.clone()
    }
}
