//! Checksums: the algorithms of S3, computing several in one pass, and combining those of parts.
//! May not live here: where a checksum was stated (headers, trailers, XML) or what follows from a wrong one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::CrcAlgorithm;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::Sha256;

/// The checksum algorithms of S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    #[serde(rename = "CRC32")]
    Crc32,
    #[serde(rename = "CRC32C")]
    Crc32c,
    #[serde(rename = "CRC64NVME")]
    Crc64Nvme,
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// As S3 spells it in headers and XML.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name().eq_ignore_ascii_case(name))
    }

    /// Only CRCs can be computed for a whole object from those of its parts.
    pub(crate) fn combines(self) -> bool {
        self.crc().is_some()
    }

    /// What a multipart upload gets when it names an algorithm but no type.
    pub(crate) fn default_kind(self) -> Kind {
        if self == Self::Crc64Nvme { Kind::FullObject } else { Kind::Composite }
    }

    /// Length of a digest in bytes.
    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }
}

/// What the checksum of a multipart object is over: the object's bytes, or the checksums of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    #[serde(rename = "FULL_OBJECT")]
    FullObject,
    #[serde(rename = "COMPOSITE")]
    Composite,
}

impl Kind {
    /// As S3 spells it in headers and XML.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }
}

/// The checksum of some bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub(crate) struct Sum {
    pub(crate) algorithm: Algorithm,
    digest: Vec<u8>,
}

/// How a [`Sum`] stands in a description on disk.
#[derive(Serialize, Deserialize)]
struct Written {
    algorithm: Algorithm,
    base64: String,
}

impl Sum {
    /// None when `base64` is no digest of that algorithm.
    pub(crate) fn parse(algorithm: Algorithm, base64: &str) -> Option<Self> {
        let digest = BASE64.decode(base64).ok()?;
        (digest.len() == algorithm.length()).then_some(Self { algorithm, digest })
    }

    pub(crate) fn base64(&self) -> String {
        BASE64.encode(&self.digest)
    }

    fn of_crc(algorithm: Algorithm, value: u64) -> Self {
        Self { algorithm, digest: value.to_be_bytes()[8 - algorithm.length()..].to_vec() }
    }

    fn crc_value(&self) -> u64 {
        self.digest.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }
}

impl TryFrom<Written> for Sum {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        Self::parse(written.algorithm, &written.base64).ok_or_else(|| format!("no {}", written.algorithm.name()))
    }
}

impl From<Sum> for Written {
    fn from(sum: Sum) -> Self {
        Self { algorithm: sum.algorithm, base64: sum.base64() }
    }
}

/// The checksum of a whole object as HEAD returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    pub(crate) kind: Kind,
    /// Base64; for a composite followed by `-` and the number of parts.
    pub(crate) text: String,
}

impl Checksum {
    pub(crate) fn full(sum: &Sum) -> Self {
        Self { algorithm: sum.algorithm, kind: Kind::FullObject, text: sum.base64() }
    }

    /// The checksum of the checksums of the parts, in order.
    pub(crate) fn composite<'a>(algorithm: Algorithm, parts: impl ExactSizeIterator<Item = &'a Sum>) -> Self {
        let count = parts.len();
        let mut hash = Hash::new(algorithm);
        parts.for_each(|part| hash.update(&part.digest));
        Self { algorithm, kind: Kind::Composite, text: format!("{}-{count}", hash.finish().base64()) }
    }

    /// Of the bytes of all parts one after another, from the parts' CRCs and sizes in bytes: nothing is read again.
    /// None for algorithms that do not combine.
    pub(crate) fn combined<'a>(algorithm: Algorithm, parts: impl IntoIterator<Item = (&'a Sum, u64)>) -> Option<Self> {
        let crc = algorithm.crc()?;
        let value = parts
            .into_iter()
            .map(|(sum, size)| (sum.crc_value(), size))
            .reduce(|(whole, before), (part, size)| (crc_fast::checksum_combine(crc, whole, part, size), before + size))
            .map_or(0, |(value, _)| value);
        Some(Self::full(&Sum::of_crc(algorithm, value)))
    }

    /// Whether a client that says `stated` means this checksum. A composite may be stated without its count of parts.
    pub(crate) fn is(&self, stated: &str) -> bool {
        self.text == stated
            || self.kind == Kind::Composite && self.text.rsplit_once('-').is_some_and(|(sum, _)| sum == stated)
    }
}

enum Hash {
    Crc(Algorithm, crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hash {
    fn new(algorithm: Algorithm) -> Self {
        match (algorithm, algorithm.crc()) {
            (_, Some(crc)) => Self::Crc(algorithm, crc_fast::Digest::new(crc)),
            (Algorithm::Sha1, None) => Self::Sha1(Sha1::new()),
            (_, None) => Self::Sha256(Sha256::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc(_, digest) => digest.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    fn finish(self) -> Sum {
        match self {
            Self::Crc(algorithm, digest) => Sum::of_crc(algorithm, digest.finalize()),
            Self::Sha1(digest) => Sum { algorithm: Algorithm::Sha1, digest: digest.finalize().to_vec() },
            Self::Sha256(digest) => Sum { algorithm: Algorithm::Sha256, digest: digest.finalize().to_vec() },
        }
    }
}

/// All that is computed while bytes come in: MD5 for the ETag, CRC64NVME always, and one more where it is wanted.
pub(crate) struct Hashes {
    md5: Md5,
    crc64nvme: Hash,
    wanted: Option<Algorithm>,
    /// For `wanted`, unless that is CRC64NVME, which is computed anyway.
    other: Option<Hash>,
}

/// What [`Hashes`] came to.
pub(crate) struct Hashed {
    pub(crate) md5: [u8; 16],
    pub(crate) crc64nvme: Sum,
    /// In the algorithm that was wanted.
    pub(crate) wanted: Option<Sum>,
}

impl Hashes {
    pub(crate) fn new(wanted: Option<Algorithm>) -> Self {
        Self {
            md5: Md5::new(),
            crc64nvme: Hash::new(Algorithm::Crc64Nvme),
            wanted,
            other: wanted.filter(|a| *a != Algorithm::Crc64Nvme).map(Hash::new),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.crc64nvme.update(bytes);
        if let Some(hash) = &mut self.other {
            hash.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Hashed {
        let crc64nvme = self.crc64nvme.finish();
        let wanted = match self.wanted {
            Some(Algorithm::Crc64Nvme) => Some(crc64nvme.clone()),
            _ => self.other.map(Hash::finish),
        };
        Hashed { md5: self.md5.finalize().into(), crc64nvme, wanted }
    }
}

/// The ETag of a multipart object: the MD5 of its parts' MD5s and their number. `parts` are lower-case hex.
pub(crate) fn multipart_etag<'a>(parts: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = parts.len();
    let mut md5 = Md5::new();
    for part in parts {
        let raw: Vec<u8> =
            (0..part.len() / 2).filter_map(|i| u8::from_str_radix(&part[2 * i..][..2], 16).ok()).collect();
        md5.update(&raw);
    }
    format!("{}-{count}", hex(&md5.finalize()))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(algorithm: Algorithm, bytes: &[u8]) -> Sum {
        let mut hash = Hash::new(algorithm);
        hash.update(bytes);
        hash.finish()
    }

    #[test]
    fn each_algorithm_gives_the_published_value_of_123456789() {
        for (algorithm, base64) in [
            (Algorithm::Crc32, "y/Q5Jg=="),
            (Algorithm::Crc32c, "4waSgw=="),
            (Algorithm::Crc64Nvme, "rosUhgp5mIg="),
            (Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
            (Algorithm::Sha256, "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
        ] {
            assert_eq!(sum(algorithm, b"123456789").base64(), base64, "{algorithm:?}");
        }
    }

    #[test]
    fn the_checksum_of_a_whole_is_combined_from_its_parts_without_reading_again() {
        let parts: [&[u8]; 4] = [b"first part", b"", b"x", b"and the last one"];
        let whole = parts.concat();
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let sums: Vec<Sum> = parts.iter().map(|p| sum(algorithm, p)).collect();
            let combined = Checksum::combined(algorithm, sums.iter().zip(parts.iter().map(|p| p.len() as u64)));
            assert_eq!(combined, Some(Checksum::full(&sum(algorithm, &whole))), "{algorithm:?}");
        }
        assert_eq!(Checksum::combined(Algorithm::Sha256, []), None);
    }

    #[test]
    fn a_composite_is_the_checksum_of_the_raw_checksums_and_names_their_number() {
        let parts = [sum(Algorithm::Sha1, b"a"), sum(Algorithm::Sha1, b"b")];
        let raw: Vec<u8> = parts.iter().flat_map(|p| p.digest.clone()).collect();
        let composite = Checksum::composite(Algorithm::Sha1, parts.iter());
        assert_eq!(composite.text, format!("{}-2", sum(Algorithm::Sha1, &raw).base64()));
        assert!(composite.is(&composite.text) && composite.is(&sum(Algorithm::Sha1, &raw).base64()));
        assert!(!composite.is("AAAA"));
    }

    #[test]
    fn a_digest_of_the_wrong_length_is_no_checksum() {
        assert!(Sum::parse(Algorithm::Crc32, "y/Q5Jg==").is_some());
        assert!(Sum::parse(Algorithm::Crc64Nvme, "y/Q5Jg==").is_none());
        assert!(Sum::parse(Algorithm::Crc32, "not base64").is_none());
    }
}
