//! The access keys of one practice newsroom: made here, kept by whoever asked for them.
//! May not live here: any way to show, log or store a secret.

use std::fmt;

use rand::TryRngCore as _;
use rand::distr::Distribution as _;
use rand::distr::slice::Choose;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

/// What IDs begin with, so that nobody takes one for a key of AWS.
const ID_PREFIX: &str = "RUSHES";
/// Lengths in characters, the same as AWS has: forms and parsers are often tuned to them.
const ID_LENGTH: usize = 20;
const SECRET_LENGTH: usize = 40;

const UPPER_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// An access key ID and its secret. `Debug` never shows the secret.
#[derive(Clone)]
pub struct Keys {
    /// 20 characters, upper-case letters and digits.
    pub access_key_id: String,
    /// 40 characters of base64's alphabet, wiped from memory when dropped.
    pub secret_access_key: Zeroizing<String>,
}

impl Keys {
    /// New random keys from the operating system's generator.
    ///
    /// Panics if the operating system has no randomness to give; nothing safe could be done then.
    pub fn fresh() -> Self {
        let random = random_text(UPPER_AND_DIGITS, ID_LENGTH - ID_PREFIX.len());
        Self {
            access_key_id: format!("{ID_PREFIX}{}", random.as_str()),
            secret_access_key: random_text(SECRET_ALPHABET, SECRET_LENGTH),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// `length` characters drawn evenly from `alphabet` (ASCII).
pub(crate) fn random_text(alphabet: &[u8], length: usize) -> Zeroizing<String> {
    let choose = Choose::new(alphabet).expect("an alphabet has letters");
    let mut source = OsRng.unwrap_err();
    // Collected into the wiped string directly: a copy elsewhere would outlive it.
    let mut text = Zeroizing::new(String::with_capacity(length));
    text.extend((0..length).map(|_| char::from(*choose.sample(&mut source))));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_keys_have_the_lengths_of_aws_keys_and_differ_each_time() {
        let (one, other) = (Keys::fresh(), Keys::fresh());
        assert_eq!(one.access_key_id.len(), 20);
        assert_eq!(one.secret_access_key.len(), 40);
        assert!(one.access_key_id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
        assert_ne!(one.access_key_id, other.access_key_id);
        assert_ne!(one.secret_access_key, other.secret_access_key);
    }

    #[test]
    fn debug_never_shows_the_secret() {
        let keys = Keys::fresh();
        assert!(!format!("{keys:?}").contains(keys.secret_access_key.as_str()));
    }
}
