//! The hashes that the standard knows, several from one reading, and what a folder's hashes come to. Pure.

use md5::Digest as _;
use twox_hash::{XxHash3_64, XxHash3_128, XxHash64};

/// In the order in which the schema wants them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    C4,
    Md5,
    Sha1,
    Xxh128,
    Xxh3,
    Xxh64,
}

impl Format {
    /// What we hash by: what the reference tool takes unless told otherwise, and as fast as any disk.
    pub(super) const OURS: Format = Format::Xxh128;

    pub(super) fn name(self) -> &'static str {
        match self {
            Format::C4 => "c4",
            Format::Md5 => "md5",
            Format::Sha1 => "sha1",
            Format::Xxh128 => "xxh128",
            Format::Xxh3 => "xxh3",
            Format::Xxh64 => "xxh64",
        }
    }

    pub(super) fn named(name: &str) -> Option<Format> {
        use Format::{C4, Md5, Sha1, Xxh3, Xxh64, Xxh128};
        [C4, Md5, Sha1, Xxh128, Xxh3, Xxh64].into_iter().find(|format| format.name() == name)
    }
}

/// A hash in the making.
pub(super) enum Sum {
    C4(sha2::Sha512),
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Xxh128(Box<XxHash3_128>),
    Xxh3(Box<XxHash3_64>),
    Xxh64(XxHash64),
}

impl Sum {
    pub(super) fn new(format: Format) -> Sum {
        match format {
            Format::C4 => Sum::C4(sha2::Sha512::new()),
            Format::Md5 => Sum::Md5(md5::Md5::new()),
            Format::Sha1 => Sum::Sha1(sha1::Sha1::new()),
            Format::Xxh128 => Sum::Xxh128(Box::new(XxHash3_128::new())),
            Format::Xxh3 => Sum::Xxh3(Box::new(XxHash3_64::new())),
            Format::Xxh64 => Sum::Xxh64(XxHash64::with_seed(0)),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        use std::hash::Hasher as _;
        match self {
            Sum::C4(sum) => sum.update(bytes),
            Sum::Md5(sum) => sum.update(bytes),
            Sum::Sha1(sum) => sum.update(bytes),
            Sum::Xxh128(sum) => sum.write(bytes),
            Sum::Xxh3(sum) => sum.write(bytes),
            Sum::Xxh64(sum) => sum.write(bytes),
        }
    }

    /// As the standard writes it.
    pub(super) fn value(self) -> String {
        use std::hash::Hasher as _;
        match self {
            Sum::C4(sum) => c4_of(&sum.finalize()),
            Sum::Md5(sum) => hex(&sum.finalize()),
            Sum::Sha1(sum) => hex(&sum.finalize()),
            Sum::Xxh128(sum) => format!("{:032x}", sum.finish_128()),
            Sum::Xxh3(sum) => format!("{:016x}", sum.finish()),
            Sum::Xxh64(sum) => format!("{:016x}", sum.finish()),
        }
    }
}

/// The C4 ID of something that is in memory: by it the chain names hash lists.
pub(super) fn c4(bytes: &[u8]) -> String {
    c4_of(&sha2::Sha512::digest(bytes))
}

/// A SHA-512 as a number to the base of 58, in 88 digits.
fn c4_of(sha512: &[u8]) -> String {
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut number = [0u8; 88];
    for byte in sha512 {
        let mut carry = u32::from(*byte);
        for digit in number.iter_mut().rev() {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
    }
    "c4".chars().chain(number.iter().map(|digit| char::from(DIGITS[usize::from(*digit)]))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hashes of a folder, from those of what is in it, by [`Format::OURS`].
#[derive(Default)]
pub(super) struct FolderSums {
    content: Vec<u128>,
    structure: Vec<u128>,
}

impl FolderSums {
    pub(super) fn file(&mut self, name: &str, hash: u128) {
        self.folder(name, hash, hash);
    }

    pub(super) fn folder(&mut self, name: &str, content: u128, structure: u128) {
        self.content.push(content);
        let named: Vec<u8> = name.bytes().chain(structure.to_be_bytes()).collect();
        self.structure.push(XxHash3_128::oneshot(&named));
    }

    /// Of the content, and of the content with its names.
    pub(super) fn value(self) -> (u128, u128) {
        (of_sorted(self.content), of_sorted(self.structure))
    }
}

fn of_sorted(mut hashes: Vec<u128>) -> u128 {
    // Hex of one length sorts as its number does.
    hashes.sort_unstable();
    let mut sum = XxHash3_128::new();
    hashes.iter().for_each(|hash| sum.write(&hash.to_be_bytes()));
    sum.finish_128()
}
