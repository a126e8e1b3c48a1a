//! Multipart uploads, and the small files that need none.

use std::collections::HashMap;

use aws_sdk_s3::config::{Builder, RequestChecksumCalculation};
use aws_sdk_s3::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart};

use super::objects::{checksum_of_head, millis};
use super::{Answer, Class, Object, Offers, Refusal, Store};
use crate::integrity::Crc64;
use crate::parts::Part;
use crate::rights::action;
use crate::source::PartBody;
use crate::transfer::UnixMs;

/// How the store shall check a part as it arrives.
pub(crate) enum PartSum {
    /// As a trailer that the SDK computes while the body streams.
    Crc64Trailer,
    /// Known before: base64 of the part's MD5.
    Md5(String),
}

/// What the store answered for a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AckedPart {
    pub etag: String,
    /// The checksum that the store computed, where it tells.
    pub crc: Option<Crc64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedPart {
    pub number: u32,
    pub size: u64,
    pub etag: String,
    pub crc: Option<Crc64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedUpload {
    pub key: String,
    pub upload_id: String,
    pub begun_at: UnixMs,
}

/// What the store answered to a Complete or a whole Put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completed {
    pub etag: Option<String>,
    pub crc: Option<Crc64>,
    /// Which version the object became, where the bucket keeps versions.
    pub version: Option<String>,
}

impl Store {
    pub(crate) async fn create(&self, key: &str, metadata: HashMap<String, String>, offers: Offers) -> Answer<String> {
        let mut create = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type(key))
            .set_metadata(Some(metadata));
        if offers == Offers::WholeCrc64 {
            create = create.checksum_algorithm(ChecksumAlgorithm::Crc64Nvme).checksum_type(ChecksumType::FullObject);
        }
        let answer = create.send().await.map_err(|e| self.refused(e, action::PUT, key))?;
        answer.upload_id.filter(|id| !id.is_empty()).ok_or_else(|| self.nonsense("an upload without an ID"))
    }

    pub(crate) async fn put_part(
        &self,
        key: &str,
        upload_id: &str,
        part: Part,
        body: PartBody,
        sum: PartSum,
    ) -> Answer<AckedPart> {
        let put = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(key)
            .upload_id(upload_id)
            .part_number(part.number as i32)
            .content_length(part.length as i64)
            .body(stream(body));
        let answer = match sum {
            PartSum::Crc64Trailer => {
                let put = put.checksum_algorithm(ChecksumAlgorithm::Crc64Nvme);
                put.customize().config_override(with_trailer()).send().await
            }
            PartSum::Md5(md5) => put.content_md5(md5).send().await,
        };
        let answer = answer.map_err(|e| self.refused(e, action::PUT, key))?;
        let crc = answer.checksum_crc64_nvme().and_then(Crc64::parse);
        let etag = answer.e_tag.filter(|e| !e.is_empty()).ok_or_else(|| self.nonsense("a part without an ETag"))?;
        Ok(AckedPart { etag, crc })
    }

    /// All of the upload's parts as the store has them, in order.
    pub(crate) async fn list_parts(&self, key: &str, upload_id: &str) -> Answer<Vec<ListedPart>> {
        let mut parts = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let page = self
                .client
                .list_parts()
                .bucket(&self.bucket)
                .key(key)
                .upload_id(upload_id)
                .set_part_number_marker(marker.clone())
                .send()
                .await
                .map_err(|e| self.refused(e, action::LIST_PARTS, key))?;
            parts.extend(page.parts().iter().filter_map(|p| {
                Some(ListedPart {
                    number: u32::try_from(p.part_number()?).ok()?,
                    size: u64::try_from(p.size()?).ok()?,
                    etag: p.e_tag()?.to_owned(),
                    crc: p.checksum_crc64_nvme().and_then(Crc64::parse),
                })
            }));
            let next = page.next_part_number_marker().map(str::to_owned);
            if page.is_truncated() != Some(true) || next.is_none() || next == marker {
                return Ok(parts);
            }
            marker = next;
        }
    }

    /// Every unfinished upload under exactly this key.
    pub(crate) async fn list_uploads(&self, key: &str) -> Answer<Vec<ListedUpload>> {
        let page = self
            .client
            .list_multipart_uploads()
            .bucket(&self.bucket)
            .prefix(key)
            .send()
            .await
            .map_err(|e| self.refused(e, action::LIST_UPLOADS, key))?;
        Ok(page
            .uploads()
            .iter()
            .filter(|u| u.key() == Some(key))
            .filter_map(|u| {
                Some(ListedUpload {
                    key: u.key()?.to_owned(),
                    upload_id: u.upload_id()?.to_owned(),
                    begun_at: millis(u.initiated()),
                })
            })
            .collect())
    }

    /// Puts the parts together, if no object has the key yet. `crc` is the whole's, as computed here.
    pub(crate) async fn complete(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[(Part, String, Crc64)],
        crc: Crc64,
        offers: Offers,
    ) -> Answer<Completed> {
        match self.complete_if(key, upload_id, parts, crc, offers, true).await {
            // A store without conditional writes: the key was free when the upload began, and that must do.
            Err(refusal) if refusal.class == Class::Unsupported => {
                self.complete_if(key, upload_id, parts, crc, offers, false).await
            }
            answer => answer,
        }
    }

    async fn complete_if(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[(Part, String, Crc64)],
        crc: Crc64,
        offers: Offers,
        only_new: bool,
    ) -> Answer<Completed> {
        let list = parts.iter().map(|(part, etag, crc)| {
            CompletedPart::builder()
                .part_number(part.number as i32)
                // Without its quotation marks, which XML would spell out: the list of a usual clip fits into a new connection's
                // first flight, and need not wait for a far side to say that it may go on.
                .e_tag(etag.trim_matches('"'))
                .set_checksum_crc64_nvme((offers == Offers::WholeCrc64).then(|| crc.to_string()))
                .build()
        });
        let list = CompletedMultipartUpload::builder().set_parts(Some(list.collect())).build();
        let mut complete = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .upload_id(upload_id)
            .multipart_upload(list)
            .set_if_none_match(only_new.then(|| "*".to_owned()));
        if offers == Offers::WholeCrc64 {
            complete = complete.checksum_crc64_nvme(crc.to_string()).checksum_type(ChecksumType::FullObject);
        }
        let answer = complete.send().await.map_err(|e| self.refused(e, action::PUT, key))?;
        let crc = answer.checksum_crc64_nvme().and_then(Crc64::parse);
        Ok(Completed { crc, etag: answer.e_tag, version: told_version(answer.version_id) })
    }

    /// Ends the upload. Succeeds too where there is none: the store may have answered before without our hearing it.
    pub(crate) async fn abort(&self, key: &str, upload_id: &str) -> Answer<()> {
        let answer =
            self.client.abort_multipart_upload().bucket(&self.bucket).key(key).upload_id(upload_id).send().await;
        match answer.map_err(|e| self.refused(e, action::ABORT, key)) {
            Ok(_) => Ok(()),
            Err(refusal) if matches!(refusal.class, Class::NoUpload | Class::NoObject) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// A file in one piece, if no object has the key yet.
    pub(crate) async fn put(
        &self,
        key: &str,
        part: Part,
        body: PartBody,
        sum: PartSum,
        metadata: HashMap<String, String>,
        only_new: bool,
    ) -> Answer<Completed> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_length(part.length as i64)
            .content_type(content_type(key))
            .set_metadata(Some(metadata))
            .set_if_none_match(only_new.then(|| "*".to_owned()))
            .body(stream(body));
        let answer = match sum {
            PartSum::Crc64Trailer => {
                let put = put.checksum_algorithm(ChecksumAlgorithm::Crc64Nvme);
                put.customize().config_override(with_trailer()).send().await
            }
            PartSum::Md5(md5) => put.content_md5(md5).send().await,
        };
        let answer = answer.map_err(|e| self.refused(e, action::PUT, key))?;
        let crc = answer.checksum_crc64_nvme().and_then(Crc64::parse);
        Ok(Completed { crc, etag: answer.e_tag, version: told_version(answer.version_id) })
    }

    pub(crate) async fn head(&self, key: &str) -> Answer<Object> {
        self.head_of(key, None).await
    }

    /// Of a version, whatever is at the key now.
    pub(crate) async fn head_version(&self, key: &str, version: &str) -> Answer<Object> {
        self.head_of(key, Some(version.to_owned())).await
    }

    async fn head_of(&self, key: &str, version: Option<String>) -> Answer<Object> {
        let of_version = version.is_some();
        let head = self.client.head_object().bucket(&self.bucket).key(key).set_version_id(version);
        let head = match head.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(head) => head,
            Err(e) if !of_version && tells_nothing(&e) => {
                let refusal = self.refused(e, action::GET, key);
                // Where the store says nothing against it now, what it was has passed.
                return Err(self.why_refused(key).await.unwrap_or(Refusal { class: Class::Again, ..refusal }));
            }
            Err(e) => return Err(self.refused(e, action::GET, key)),
        };
        Ok(Object {
            size: head.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            etag: head.e_tag().unwrap_or("").to_owned(),
            version: told_version(head.version_id().map(str::to_owned)),
            modified: millis(head.last_modified()),
            checksum: checksum_of_head(&head),
            content_type: head.content_type().unwrap_or("").to_owned(),
            storage_class: head.storage_class().map_or("STANDARD", |c| c.as_str()).to_owned(),
            metadata: head.metadata.unwrap_or_default(),
        })
    }
}

/// Buckets without versions say `null`, or nothing.
fn told_version(version: Option<String>) -> Option<String> {
    version.filter(|version| !version.is_empty() && version != "null")
}

fn tells_nothing(error: &SdkError<HeadObjectError>) -> bool {
    let SdkError::ServiceError(answered) = error else { return false };
    answered.err().code().is_none() && matches!(answered.raw().status().as_u16(), 400 | 401 | 403)
}

/// Without this the SDK names the algorithm and computes nothing.
fn with_trailer() -> Builder {
    Builder::new().request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
}

fn stream(body: PartBody) -> ByteStream {
    ByteStream::new(SdkBody::from_body_1_x(body))
}

/// By the key's ending, as other clients guess it too.
fn content_type(key: &str) -> String {
    mime_guess::from_path(key).first_or_octet_stream().essence_str().to_owned()
}
