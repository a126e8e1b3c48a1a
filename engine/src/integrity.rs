//! Checksums: the CRC64NVME that everything is proved by, and the older ones that some objects carry instead. No IO
//! except reading through a file that is handed in.

use std::fmt;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crc_fast::{CrcAlgorithm, Digest, checksum_combine};
use serde::{Deserialize, Serialize};

/// A CRC64NVME. Written as S3 writes it: base64 of eight big-endian bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Crc64(pub u64);

impl Crc64 {
    pub fn of(bytes: &[u8]) -> Crc64 {
        let mut sum = Crc64Sum::default();
        sum.update(bytes);
        sum.value()
    }

    pub fn parse(base64: &str) -> Option<Crc64> {
        Some(Crc64(u64::from_be_bytes(BASE64.decode(base64).ok()?.try_into().ok()?)))
    }

    /// The checksum of a whole from those of its parts and their lengths, in order, without its bytes.
    pub fn combine(parts: impl IntoIterator<Item = (Crc64, u64)>) -> Crc64 {
        let whole = parts.into_iter().fold(None, |whole, (crc, length)| match whole {
            None => Some(crc.0),
            Some(before) => Some(checksum_combine(CrcAlgorithm::Crc64Nvme, before, crc.0, length)),
        });
        whole.map_or_else(|| Crc64::of(b""), Crc64)
    }
}

impl fmt::Display for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0.to_be_bytes()))
    }
}

impl fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A CRC64NVME in the making.
pub struct Crc64Sum(Digest);

impl Default for Crc64Sum {
    fn default() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc64Nvme))
    }
}

impl Crc64Sum {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn value(&self) -> Crc64 {
        Crc64(self.0.finalize())
    }
}

/// The kinds of whole-object checksum that a store may keep, the one we trust most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    Crc64Nvme,
    Sha256,
    Sha1,
    Crc32c,
    Crc32,
    /// The ETag of an object that was put in one piece and not encrypted with a key of its own.
    Md5,
}

impl Algorithm {
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Crc64Nvme => "CRC64NVME",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc32 => "CRC32",
            Algorithm::Md5 => "MD5",
        }
    }

    pub fn named(name: &str) -> Option<Algorithm> {
        use Algorithm::{Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
        [Crc64Nvme, Sha256, Sha1, Crc32c, Crc32, Md5].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A checksum of a whole object as the store gave it: base64, and hex for MD5 since that is an ETag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    pub algorithm: Algorithm,
    pub value: String,
}

/// Reads to the end and computes. For the algorithms that cannot be combined from ranges.
pub fn checksum_of(algorithm: Algorithm, from: impl Read) -> std::io::Result<Checksum> {
    use md5::Digest as _;
    let value = match algorithm {
        Algorithm::Crc64Nvme => BASE64.encode(crc(CrcAlgorithm::Crc64Nvme, from)?.to_be_bytes()),
        Algorithm::Crc32c => BASE64.encode((crc(CrcAlgorithm::Crc32Iscsi, from)? as u32).to_be_bytes()),
        Algorithm::Crc32 => BASE64.encode((crc(CrcAlgorithm::Crc32IsoHdlc, from)? as u32).to_be_bytes()),
        Algorithm::Sha256 => {
            let mut digest = sha2::Sha256::new();
            read_all(from, |bytes| digest.update(bytes))?;
            BASE64.encode(digest.finalize())
        }
        Algorithm::Sha1 => {
            let mut digest = sha1::Sha1::new();
            read_all(from, |bytes| digest.update(bytes))?;
            BASE64.encode(digest.finalize())
        }
        Algorithm::Md5 => {
            let mut digest = md5::Md5::new();
            read_all(from, |bytes| digest.update(bytes))?;
            digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
        }
    };
    Ok(Checksum { algorithm, value })
}

fn crc(algorithm: CrcAlgorithm, from: impl Read) -> std::io::Result<u64> {
    let mut digest = Digest::new(algorithm);
    read_all(from, |bytes| digest.update(bytes))?;
    Ok(digest.finalize())
}

fn read_all(mut from: impl Read, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => take(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        // The check values of the CRC catalogue and of the hashes' standards, for "123456789".
        for (algorithm, value) in [
            (Algorithm::Crc64Nvme, BASE64.encode(0xae8b_1486_0a79_9888_u64.to_be_bytes())),
            (Algorithm::Crc32c, BASE64.encode(0xe306_9283_u32.to_be_bytes())),
            (Algorithm::Crc32, BASE64.encode(0xcbf4_3926_u32.to_be_bytes())),
            (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b".to_owned()),
        ] {
            assert_eq!(checksum_of(algorithm, &b"123456789"[..]).unwrap().value, value);
        }
        assert_eq!(
            checksum_of(Algorithm::Sha256, &b""[..]).unwrap().value,
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
        assert_eq!(checksum_of(Algorithm::Sha1, &b""[..]).unwrap().value, "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
    }

    #[test]
    fn a_whole_is_combined_from_its_parts() {
        let bytes: Vec<u8> = (0..100_000u32).map(|i| (i * 31 % 251) as u8).collect();
        let parts = bytes.chunks(7_001).map(|c| (Crc64::of(c), c.len() as u64));
        assert_eq!(Crc64::combine(parts), Crc64::of(&bytes));
        assert_eq!(Crc64::combine([]), Crc64::of(b""));
        let text = Crc64::of(&bytes).to_string();
        assert_eq!(Crc64::parse(&text), Some(Crc64::of(&bytes)));
        assert_eq!(Crc64::parse("AAAA"), None);
    }
}
