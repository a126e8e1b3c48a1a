//! The operating system's keychain: one entry an account, in pieces where the system's entries are small. What stands in
//! an entry is `kept`'s matter. Its calls block, and may wait for the user to unlock it.

use keyring::{Entry, Error as KeyringError};
use zeroize::Zeroizing;

use super::kept::{Kept, ROOM};
use crate::error::{Code, Error, Result};
use crate::home::Home;

/// The name under which the keychain shows our entries.
pub const SERVICE: &str = "Rushes";
/// Windows holds 2,560 bytes of UTF-16 in an entry; long session tokens are split over several.
const PIECE: usize = 1_200;
const MOST_PIECES: usize = 32;

/// The account under which a profile's secrets are kept: of this installation, since several may share a keychain.
pub fn account(home: &Home, profile: &str) -> Result<String> {
    Ok(format!("{}/{profile}", home.installation()?))
}

/// Puts it there, over what was there.
pub(super) async fn put(account: String, kept: Kept) -> Result<()> {
    in_keychain(move || {
        let text = kept.to_text()?;
        let pieces = in_pieces(&text);
        if pieces.len() > MOST_PIECES {
            return Err(Error::new(Code::BadInput, "These keys are too long to be keys."));
        }
        // The first piece says how many there are, so that a shorter set leaves no old tail to be read.
        for (i, piece) in pieces.iter().enumerate().rev() {
            let stored =
                if i == 0 { Zeroizing::new(format!("{}:{}", pieces.len(), piece.as_str())) } else { piece.clone() };
            entry(&account, i)?.set_password(&stored).map_err(unusable)?;
        }
        remove_from(&account, pieces.len())
    })
    .await
}

/// What is there, or `None` where the keychain has nothing.
pub(super) async fn get(account: String) -> Result<Option<Kept>> {
    in_keychain(move || {
        let Some(first) = piece(&account, 0)? else { return Ok(None) };
        let (count, start) = first.split_once(':').ok_or_else(damaged)?;
        let count: usize = count.parse().ok().filter(|n| (1..=MOST_PIECES).contains(n)).ok_or_else(damaged)?;
        let mut text = Zeroizing::new(String::with_capacity(ROOM));
        text.push_str(start);
        for i in 1..count {
            text.push_str(&piece(&account, i)?.ok_or_else(damaged)?);
        }
        Kept::of_text(&text).map(Some).ok_or_else(damaged)
    })
    .await
}

/// Takes everything of this account out of the keychain.
pub(super) async fn remove(account: String) -> Result<()> {
    in_keychain(move || remove_from(&account, 0)).await
}

pub(super) fn damaged() -> Error {
    Error::new(Code::NoCredentials, "The keychain's entry for this newsroom is damaged. Enter its keys again.")
}

/// By characters: a piece that ends in the middle of one could not be read.
fn in_pieces(text: &str) -> Vec<Zeroizing<String>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.char_indices().nth(PIECE).map_or(rest.len(), |(at, _)| at);
        pieces.push(Zeroizing::new(rest[..end].to_owned()));
        rest = &rest[end..];
    }
    pieces
}

fn entry(account: &str, piece: usize) -> Result<Entry> {
    let name = if piece == 0 { account.to_owned() } else { format!("{account}#{piece}") };
    Entry::new(SERVICE, &name).map_err(unusable)
}

fn piece(account: &str, i: usize) -> Result<Option<Zeroizing<String>>> {
    match entry(account, i)?.get_password() {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(KeyringError::NoEntry) => Ok(None),
        Err(e) => Err(unusable(e)),
    }
}

/// All of them: where one in the middle is missing already, those behind it go too.
fn remove_from(account: &str, first: usize) -> Result<()> {
    let mut missing = 0;
    for i in first..MOST_PIECES {
        match entry(account, i)?.delete_credential() {
            Ok(()) => missing = 0,
            Err(KeyringError::NoEntry) => missing += 1,
            Err(e) => return Err(unusable(e)),
        }
        // Each look is a call to another process.
        if missing > 2 {
            break;
        }
    }
    Ok(())
}

fn unusable(cause: KeyringError) -> Error {
    let message = match &cause {
        KeyringError::NoStorageAccess(_) => {
            "The keychain is locked. Unlock it and retry, or enter the keys once more: they are then held in memory until Rushes is closed."
        }
        KeyringError::NoDefaultStore => {
            "This computer offers no keychain (on Linux: a Secret Service such as GNOME Keyring). Start one and retry, or enter the keys: they are then held in memory until Rushes is closed."
        }
        _ => {
            "The keychain cannot be used. Unlock or start it and retry, or enter the keys: they are then held in memory until Rushes is closed."
        }
    };
    // Its Display holds no secret; its Debug may.
    Error::new(Code::KeychainUnavailable, message).because(&cause)
}

async fn in_keychain<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_whole_again() {
        for text in [String::new(), "é".repeat(PIECE * 2 + 1), "x".repeat(PIECE)] {
            let pieces = in_pieces(&text);
            assert!(pieces.iter().all(|piece| piece.chars().count() <= PIECE));
            assert_eq!(pieces.iter().map(|piece| piece.as_str()).collect::<String>(), text);
        }
    }
}
