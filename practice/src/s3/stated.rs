//! The checksums that requests state and answers tell: five fields of one name in a dozen of s3s's types.
//! May not live here: computing a checksum (`store/sums.rs`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use s3s::dto::{ChecksumAlgorithm, ChecksumType, ContentMD5};
use s3s::{S3Result, TrailingHeaders, s3_error};

use crate::store::{Algorithm, Kind, Received, Refusal, Sum};

/// The checksum fields of an input that are set, as `Vec<(Algorithm, &str)>`.
macro_rules! stated {
    ($from:expr) => {{
        use crate::store::Algorithm;
        [
            (Algorithm::Crc32, &$from.checksum_crc32),
            (Algorithm::Crc32c, &$from.checksum_crc32c),
            (Algorithm::Crc64Nvme, &$from.checksum_crc64nvme),
            (Algorithm::Sha1, &$from.checksum_sha1),
            (Algorithm::Sha256, &$from.checksum_sha256),
        ]
        .into_iter()
        .filter_map(|(algorithm, text)| Some((algorithm, text.as_deref()?)))
        .collect::<Vec<_>>()
    }};
}

/// Sets the one checksum field of an output that `algorithm` names.
macro_rules! tell {
    ($into:expr, $algorithm:expr, $text:expr) => {{
        use crate::store::Algorithm;
        let field = match $algorithm {
            Algorithm::Crc32 => &mut $into.checksum_crc32,
            Algorithm::Crc32c => &mut $into.checksum_crc32c,
            Algorithm::Crc64Nvme => &mut $into.checksum_crc64nvme,
            Algorithm::Sha1 => &mut $into.checksum_sha1,
            Algorithm::Sha256 => &mut $into.checksum_sha256,
        };
        *field = Some($text);
    }};
}

pub(super) use {stated, tell};

/// What a request says about the bytes of its body, some of it only after them.
pub(super) struct Expected {
    md5: Option<[u8; 16]>,
    sum: Option<Sum>,
    /// Announced for the trailer.
    trailer: Option<Algorithm>,
}

impl Expected {
    /// `sums` are the checksum headers that are set.
    pub(super) fn of(headers: &HeaderMap, md5: Option<&ContentMD5>, sums: &[(Algorithm, &str)]) -> S3Result<Self> {
        let sum = match sums {
            [] => None,
            [(algorithm, text)] => Some(parse(*algorithm, text)?),
            _ => return Err(s3_error!(InvalidRequest, "Expecting a single x-amz-checksum- header.")),
        };
        let trailer = headers.get("x-amz-trailer").and_then(|value| announced(value.to_str().ok()?));
        if sum.is_some() && trailer.is_some() {
            return Err(s3_error!(InvalidRequest, "Expecting a single x-amz-checksum- header."));
        }
        if headers.contains_key("x-amz-sdk-checksum-algorithm") && sum.is_none() && trailer.is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer \
                 headers were found."
            ));
        }
        Ok(Self { md5: md5.map(parse_md5).transpose()?, sum, trailer })
    }

    /// The algorithm that the client computed with, whether it is stated before or after the bytes.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.sum.as_ref().map(|sum| sum.algorithm).or(self.trailer)
    }

    /// Refuses bytes that are not those that the client had. To be asked once the body is read.
    pub(super) fn check(self, received: &Received, trailers: Option<&TrailingHeaders>) -> S3Result<()> {
        if self.md5.is_some_and(|md5| md5 != received.hashed.md5) {
            return Err(Refusal::BadDigest("Content-MD5").into());
        }
        let stated = match self.trailer {
            None => self.sum,
            Some(algorithm) => {
                let text = trailers
                    .and_then(|trailers| trailers.read(|headers| text_of(headers, algorithm)))
                    .flatten()
                    .ok_or_else(|| s3_error!(InvalidRequest, "The announced trailer did not come."))?;
                Some(parse(algorithm, &text)?)
            }
        };
        match stated {
            Some(stated) if received.hashed.wanted.as_ref() != Some(&stated) => {
                Err(Refusal::BadDigest(stated.algorithm.name()).into())
            }
            _ => Ok(()),
        }
    }
}

/// A checksum as a client writes it.
pub(super) fn parse(algorithm: Algorithm, text: &str) -> S3Result<Sum> {
    Sum::parse(algorithm, text).ok_or_else(|| {
        let name = algorithm.name().to_lowercase();
        s3_error!(InvalidRequest, "Value for x-amz-checksum-{name} header is invalid.")
    })
}

fn parse_md5(text: &ContentMD5) -> S3Result<[u8; 16]> {
    let digest = BASE64.decode(text).ok().and_then(|raw| raw.try_into().ok());
    digest.ok_or_else(|| s3_error!(InvalidDigest, "The Content-MD5 you specified is not valid."))
}

/// The algorithm of `x-amz-trailer: x-amz-checksum-crc32`.
fn announced(value: &str) -> Option<Algorithm> {
    value.split(',').find_map(|name| Algorithm::named(name.trim().strip_prefix("x-amz-checksum-")?))
}

fn text_of(trailers: &HeaderMap, algorithm: Algorithm) -> Option<String> {
    let value = trailers.get(format!("x-amz-checksum-{}", algorithm.name().to_lowercase()))?;
    value.to_str().ok().map(ToOwned::to_owned)
}

/// The algorithm that a request names.
pub(super) fn named(algorithm: Option<&ChecksumAlgorithm>) -> S3Result<Option<Algorithm>> {
    let parse = |name: &ChecksumAlgorithm| {
        Algorithm::named(name.as_str())
            .ok_or_else(|| s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported."))
    };
    algorithm.map(parse).transpose()
}

/// The type that a request names.
pub(super) fn kind(kind: Option<&ChecksumType>) -> S3Result<Option<Kind>> {
    let parse = |name: &ChecksumType| match name.as_str() {
        "FULL_OBJECT" => Ok(Kind::FullObject),
        "COMPOSITE" => Ok(Kind::Composite),
        _ => Err(s3_error!(InvalidRequest, "Value for x-amz-checksum-type header is invalid.")),
    };
    kind.map(parse).transpose()
}

pub(super) fn told_algorithm(algorithm: Algorithm) -> ChecksumAlgorithm {
    ChecksumAlgorithm::from_static(algorithm.name())
}

pub(super) fn told_kind(kind: Kind) -> ChecksumType {
    ChecksumType::from_static(kind.name())
}
