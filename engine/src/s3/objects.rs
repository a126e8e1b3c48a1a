//! Reading: ranges of objects, and lists of them.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime, SdkBody};
use aws_sdk_s3::types::{BucketAccelerateStatus, ChecksumType, ServerSideEncryption};
use bytes::Bytes;

use super::refusal::{Class, Refusal};
use super::{Answer, Store};
use crate::api::{Clip, Listing};
use crate::error::{Code, Error};
use crate::integrity::{Algorithm, Checksum};
use crate::keys::{OWN, behind, is_kept_out, is_own};
use crate::parts::Part;
use crate::rights::action;
use crate::route::Acceleration;
use crate::transfer::UnixMs;

/// The bytes of one range, as they arrive.
pub(crate) struct Range {
    body: ByteStream,
}

/// What to list: keys that begin so, after one of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    pub prefix: &'a str,
    pub after: Option<&'a str>,
    /// A thousand otherwise.
    pub most: Option<usize>,
    /// What is in folders is left out, and the folders named instead.
    pub by_folder: bool,
}

/// A stretch of a list.
pub(crate) struct Page {
    pub clips: Vec<Clip>,
    pub folders: Vec<String>,
    pub more: bool,
}

impl Range {
    /// Of an answer whose headers were checked.
    pub(crate) fn of(body: SdkBody) -> Range {
        Range { body: ByteStream::new(body) }
    }

    /// The next piece; `None` at the end. A connection that breaks off is the network's error.
    pub(crate) async fn next(&mut self) -> Option<Answer<Bytes>> {
        let piece = self.body.next().await?;
        Some(piece.map_err(|e| Refusal {
            class: Class::Network,
            error: Error::new(Code::Offline, "The connection broke off. It goes on by itself.").because(e),
            status: None,
        }))
    }
}

impl Store {
    /// Part of exactly the version that `etag` names.
    pub(crate) async fn get(&self, key: &str, etag: &str, range: Part) -> Answer<Range> {
        let last = range.offset + range.length - 1;
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .if_match(etag)
            .range(format!("bytes={}-{last}", range.offset))
            .send()
            .await
            .map_err(|e| self.refused(e, action::GET, key))?;
        // A store or cache that ignores ranges sends the whole: its bytes must not be taken for the range's.
        let right = answer.content_range().is_some_and(|r| r.starts_with(&format!("bytes {}-{last}/", range.offset)));
        let held = answer.e_tag().is_none_or(|e| e == etag);
        if !right || !held || answer.content_length() != i64::try_from(range.length).ok() {
            return Err(self.nonsense("another range than was asked for"));
        }
        Ok(Range { body: answer.body })
    }

    /// Why a HEAD was refused: its answer has no body to say so, so that expired keys, a wrong clock and a right that is
    /// missing look alike. That of a GET has.
    pub(crate) async fn why_refused(&self, key: &str) -> Option<Refusal> {
        let answer = self.client.get_object().bucket(&self.bucket).key(key).range("bytes=0-0").send().await;
        answer.err().map(|e| self.refused(e, action::GET, key))
    }

    /// Up to a thousand objects after a key, in the order of keys.
    pub(crate) async fn list(&self, prefix: &str, after: Option<&str>) -> Answer<Listing> {
        let Page { clips, more, .. } = self.page(Wanted { prefix, after, ..Wanted::default() }).await?;
        Ok(Listing { clips, more })
    }

    /// A stretch of a list, without what Rushes keeps in the bucket for itself.
    pub(crate) async fn page(&self, wanted: Wanted<'_>) -> Answer<Page> {
        let mut after = wanted.after.map(str::to_owned);
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .set_prefix((!wanted.prefix.is_empty()).then(|| wanted.prefix.to_owned()))
                .set_start_after(after.take())
                .set_max_keys(wanted.most.and_then(|most| i32::try_from(most).ok()))
                .set_delimiter(wanted.by_folder.then(|| "/".to_owned()))
                // Keys may hold characters that XML cannot.
                .encoding_type(aws_sdk_s3::types::EncodingType::Url)
                .send()
                .await
                .map_err(|e| self.refused(e, action::LIST, wanted.prefix))?;
            let encoded = page.encoding_type().is_some();
            let last = page.contents().last().and_then(|object| object.key()).map(|key| decoded(key, encoded));
            let clips = page.contents().iter().filter_map(|object| {
                let key = decoded(object.key()?, encoded);
                let size = object.size().and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
                let etag = object.e_tag().unwrap_or("").to_owned();
                (!is_kept_out(&key)).then(|| Clip::new(key, size, millis(object.last_modified()), etag))
            });
            let folders = page.common_prefixes().iter().filter_map(|folder| folder.prefix());
            let folders = folders.map(|folder| decoded(folder, encoded)).filter(|folder| !is_kept_out(folder));
            let page =
                Page { clips: clips.collect(), folders: folders.collect(), more: page.is_truncated() == Some(true) };
            if page.more
                && page.clips.is_empty()
                && page.folders.is_empty()
                && let Some(last) = last
            {
                // None of it was a clip.
                after = Some(if is_own(&last) { behind(OWN) } else { last });
                continue;
            }
            return Ok(page);
        }
    }

    /// What the bucket says of its acceleration. One that was never told anything says nothing.
    pub(crate) async fn acceleration(&self) -> Answer<Acceleration> {
        let answer = self.client.get_bucket_accelerate_configuration().bucket(&self.bucket).send().await;
        let answer = answer.map_err(|e| self.refused(e, action::ACCELERATION, ""))?;
        Ok(match answer.status() {
            Some(BucketAccelerateStatus::Enabled) => Acceleration::Enabled,
            _ => Acceleration::Suspended,
        })
    }

    /// As `list`, of the whole bucket; where these keys may not, of what the own bureau sent. Answers with the prefix too.
    pub(crate) async fn list_all(&self) -> Answer<(Listing, &str)> {
        match self.list("", None).await {
            Err(refusal) if refusal.error.code == Code::AccessDenied && !self.own.is_empty() => {
                Ok((self.list(&self.own, None).await?, &self.own))
            }
            answer => Ok((answer?, "")),
        }
    }

    /// Whether the bucket is there and the keys are good: one small listing, whose refusal says why not. Keys that are for
    /// the own bureau alone may list no more than that.
    pub(crate) async fn check(&self) -> Answer<()> {
        let own = Some(self.own.clone()).filter(|own| !own.is_empty());
        let answer = self.client.list_objects_v2().bucket(&self.bucket).set_prefix(own).max_keys(1).send().await;
        answer.map(|_| ()).map_err(|e| self.refused(e, action::LIST, &self.own))
    }

    pub(super) fn nonsense(&self, what: &str) -> Refusal {
        let store = self.endpoint.as_deref().unwrap_or("AWS");
        Refusal {
            class: Class::Again,
            error: Error::new(Code::StoreRefused, format!("{store} answered with {what}. It is tried again.")),
            status: None,
        }
    }
}

fn decoded(key: &str, encoded: bool) -> String {
    if !encoded {
        return key.to_owned();
    }
    percent_encoding::percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

pub(super) fn millis(time: Option<&DateTime>) -> UnixMs {
    time.and_then(|t| t.to_millis().ok()).unwrap_or(0)
}

/// The whole object's checksum, of those that a HEAD brings. A composite one (a checksum of checksums) proves nothing
/// about bytes that came by other ranges, so it is left out.
pub(super) fn checksum_of_head(head: &HeadObjectOutput) -> Option<Checksum> {
    let composite = head.checksum_type() == Some(&ChecksumType::Composite);
    let kept = [
        (Algorithm::Crc64Nvme, head.checksum_crc64_nvme()),
        (Algorithm::Sha256, head.checksum_sha256()),
        (Algorithm::Sha1, head.checksum_sha1()),
        (Algorithm::Crc32c, head.checksum_crc32_c()),
        (Algorithm::Crc32, head.checksum_crc32()),
    ];
    for (algorithm, value) in kept {
        if let Some(value) = value
            && !composite
            && !value.contains('-')
        {
            return Some(Checksum { algorithm, value: value.to_owned() });
        }
    }
    // An ETag is the MD5 only of an object that was put in one piece and is encrypted with no key of its own.
    let own_key = head.sse_customer_algorithm().is_some()
        || head.ssekms_key_id().is_some()
        || head.server_side_encryption().is_some_and(|e| *e != ServerSideEncryption::Aes256);
    let etag = head.e_tag()?.trim_matches('"');
    let is_md5 = !own_key && etag.len() == 32 && etag.bytes().all(|b| b.is_ascii_hexdigit());
    is_md5.then(|| Checksum { algorithm: Algorithm::Md5, value: etag.to_ascii_lowercase() })
}
