//! Keys spread over prefixes. S3 gives each prefix of a bucket its own share of requests a second, and a whole newsroom on
//! one date has one prefix; `{spread:16}` after `{bureau}` makes sixteen of it. Pure.
//!
//! A shard is a folder right behind the bureau's, `Nairobi/spread-0a/…`: what IT says of `Nairobi/*` goes on to hold, and
//! whoever browses with other tools sees what it is for. Two hex digits whatever the number, so that shards from before the
//! number was changed are known for what they are. It is the folder's place that makes it a shard, and in that place a
//! template puts nothing else; but a newsroom that begins to spread has older keys there, and nobody calls a folder so.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

/// What a shard's name begins with.
const MARK: &str = "spread-";
/// Behind all that begins with a folder's name: no key goes on with a higher character.
const LAST: char = char::MAX;

/// How a template spreads keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Over so many prefixes.
    pub over: u32,
    /// Behind so many segments, of which the bureau is the last.
    pub depth: usize,
}

impl Spread {
    pub const FEWEST: u32 = 2;
    pub const MOST: u32 = 256;

    /// The shard of a key, by what comes behind the shard: the same clip always has the same one. By SHA-256, so that any
    /// other program can tell it too: over 16 it is the first hex digit of the hash, over 256 the first two.
    pub fn shard(&self, rest: &str) -> String {
        let hash = Sha256::digest(rest.as_bytes());
        let first = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        let n = (u64::from(first) * u64::from(self.over)) >> 32;
        format!("{MARK}{n:02x}")
    }

    /// The key as people are shown it: without its shard, where it has one.
    pub fn shown<'a>(&self, key: &'a str) -> Cow<'a, str> {
        match self.split(key) {
            Some((head, _, rest)) => Cow::Owned(format!("{head}{rest}")),
            None => Cow::Borrowed(key),
        }
    }

    /// A key with a shard: what stands before it, itself, and what comes behind it, the last two without the `/` between.
    pub fn split<'a>(&self, key: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
        let (head, tail) = self.head(key)?;
        let (shard, rest) = tail.split_once('/')?;
        (is_shard(shard) && !rest.is_empty()).then_some((head, shard, rest))
    }

    /// The folder in which a key's shard stands, and what comes behind it. `None` of a key that is not so deep.
    pub fn head<'a>(&self, key: &'a str) -> Option<(&'a str, &'a str)> {
        let (at, _) = key.match_indices('/').nth(self.depth.checked_sub(1)?)?;
        Some(key.split_at(at + 1))
    }
}

/// Whether a folder's name is a shard's.
pub(crate) fn is_shard(name: &str) -> bool {
    let digits = name.strip_prefix(MARK);
    digits.is_some_and(|digits| digits.len() == 2 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

/// What the names of shards in this folder begin with.
pub(crate) fn shards_in(head: &str) -> String {
    format!("{head}{MARK}")
}

/// Comes after every key in this folder and before all others.
pub(crate) fn behind(folder: &str) -> String {
    format!("{folder}{LAST}")
}
