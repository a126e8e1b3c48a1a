//! What an upload amounts to: the list that Complete is given, and whether what the bucket holds is that. Pure.

use crate::error::{Code, Error, Result};
use crate::integrity::{Algorithm, Crc64};
use crate::journal::transfers::PlannedPart;
use crate::parts::Part;
use crate::s3::{Object, Offers};
use crate::transfer::Proof;

/// A part as Complete names it: with its ETag and checksum.
pub(super) type Sent = (Part, String, Crc64);

/// The list for Complete and the whole's checksum. An error where a part is not acknowledged.
pub(super) fn completed_list(plan: &[PlannedPart]) -> Result<(Vec<Sent>, Crc64)> {
    let list: Option<Vec<_>> =
        plan.iter().map(|(part, acked)| acked.as_ref().map(|a| (*part, a.etag.clone(), a.crc))).collect();
    let list = list.ok_or_else(|| Error::internal("an upload was completed before all of it was sent"))?;
    let whole = Crc64::combine(list.iter().map(|(part, _, crc)| (*crc, part.length)));
    Ok((list, whole))
}

/// Whether the object is what this upload makes, and how far that is proved. Only a checksum of the whole proves; the
/// multipart ETag, made of our own parts' ETags, recognises.
pub(super) fn recognise(object: &Object, list: &[Sent], whole: Crc64, size: u64) -> Option<Proof> {
    if object.size != size {
        return None;
    }
    match &object.checksum {
        Some(kept) if kept.algorithm == Algorithm::Crc64Nvme => {
            (kept.value == whole.to_string()).then(|| whole_object(whole))
        }
        _ => same_etag(&object.etag, &multipart_etag(list)?).then(|| each_part(Offers::PartMd5)),
    }
}

/// The MD5 of the parts' MD5s and their number, as S3 and its likes write it. `None` where a part's ETag is no MD5.
fn multipart_etag(list: &[Sent]) -> Option<String> {
    use md5::Digest as _;
    let mut digest = md5::Md5::new();
    for (_, etag, _) in list {
        let etag = etag.trim_matches('"');
        if etag.len() != 32 || !etag.is_ascii() {
            return None;
        }
        for i in (0..32).step_by(2) {
            digest.update([u8::from_str_radix(&etag[i..i + 2], 16).ok()?]);
        }
    }
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("{hex}-{}", list.len()))
}

pub(super) fn same_etag(a: &str, b: &str) -> bool {
    a.trim_matches('"').eq_ignore_ascii_case(b.trim_matches('"'))
}

/// The store checked each part as it arrived, with what it offers, and tells nothing of the whole.
pub(super) fn each_part(offers: Offers) -> Proof {
    let algorithm = match offers {
        Offers::WholeCrc64 => Algorithm::Crc64Nvme,
        Offers::PartMd5 => Algorithm::Md5,
    };
    Proof::EachPart { algorithm: algorithm.name().to_owned() }
}

pub(super) fn whole_object(crc: Crc64) -> Proof {
    Proof::WholeObject { algorithm: Algorithm::Crc64Nvme.name().to_owned(), checksum: crc.to_string() }
}

pub(super) fn mismatch(key: &str) -> Error {
    Error::new(
        Code::ChecksumMismatch,
        format!("What the bucket holds as {key} is not what was sent. Retry to send it again."),
    )
}
