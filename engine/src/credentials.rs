//! Keys: kept in the operating system's keychain, lent from memory, handed to the SDK and to nobody else. They go in and
//! are never read back by a window or a command line.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use keyring::{Entry, Error as KeyringError};
use zeroize::Zeroizing;

use crate::api::Keys;
use crate::cloudfront::KeyPair;
use crate::error::{Code, Error, Result};
use crate::home::Home;
use crate::profile::{CredentialsFrom, Profile, newsroom};
use crate::wire::{Common, Wire};

/// The name under which the keychain shows our entries.
pub const SERVICE: &str = "Rushes";
/// Windows holds 2,560 bytes of UTF-16 in an entry; long session tokens are split over several.
const PIECE: usize = 1_200;
const MOST_PIECES: usize = 16;
/// The variable with the private key that signs CloudFront addresses, in PEM.
const CLOUDFRONT_KEY: &str = "RUSHES_CLOUDFRONT_KEY";

/// The account under which a profile's keys are kept: of this installation, since several may share a keychain.
pub fn account(home: &Home, profile: &str) -> Result<String> {
    Ok(format!("{}/{profile}", home.installation()?))
}

/// Puts keys into the keychain, over what was there. A key that signs for CloudFront stays, where no other is given.
pub async fn keep(account: String, mut keys: Keys) -> Result<()> {
    if keys.cloudfront_key.is_none() {
        // An entry that is damaged is written anew.
        keys.cloudfront_key = kept(account.clone()).await.ok().flatten().and_then(|before| before.cloudfront_key);
    }
    in_keychain(move || {
        let text = Zeroizing::new(serde_json::to_string(&keys).map_err(Error::internal)?);
        let characters: Vec<char> = text.chars().collect();
        let pieces: Vec<Zeroizing<String>> =
            characters.chunks(PIECE).map(|c| Zeroizing::new(c.iter().collect())).collect();
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

/// The keys of this account, or `None` where the keychain has none.
pub async fn kept(account: String) -> Result<Option<Keys>> {
    in_keychain(move || {
        let Some(first) = piece(&account, 0)? else { return Ok(None) };
        let broken = || {
            Error::new(Code::NoCredentials, "The keychain's entry for this newsroom is damaged. Enter its keys again.")
        };
        let (count, start) = first.split_once(':').ok_or_else(broken)?;
        let count: usize = count.parse().ok().filter(|n| (1..=MOST_PIECES).contains(n)).ok_or_else(broken)?;
        let mut text = Zeroizing::new(start.to_owned());
        for i in 1..count {
            text.push_str(&piece(&account, i)?.ok_or_else(broken)?);
        }
        serde_json::from_str(&text).map(Some).map_err(|_| broken())
    })
    .await
}

/// Takes everything of this account out of the keychain.
pub async fn forget(account: String) -> Result<()> {
    in_keychain(move || remove_from(&account, 0)).await
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

fn remove_from(account: &str, first: usize) -> Result<()> {
    for i in first..MOST_PIECES {
        match entry(account, i)?.delete_credential() {
            Ok(()) => {}
            Err(KeyringError::NoEntry) => return Ok(()),
            Err(e) => return Err(unusable(e)),
        }
    }
    Ok(())
}

fn unusable(cause: KeyringError) -> Error {
    let message = match &cause {
        KeyringError::NoStorageAccess(_) => "The keychain is locked. Unlock it, then retry.",
        KeyringError::NoDefaultStore => {
            "This computer offers no keychain (on Linux: a Secret Service such as GNOME Keyring). Start one, then retry."
        }
        _ => "The keychain cannot be used. Unlock or start it, then retry.",
    };
    // Its Display holds no secret; its Debug may.
    Error::new(Code::KeychainUnavailable, message).because(&cause)
}

/// The keychain's calls block, and may wait for the user to unlock it.
async fn in_keychain<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// The keys that this process may use: lent ones by profile, and the keychain.
#[derive(Clone, Debug)]
pub(crate) struct Purse {
    home: Home,
    lent: Arc<Mutex<HashMap<String, Keys>>>,
}

impl Purse {
    pub(crate) fn new(home: Home) -> Purse {
        Purse { home, lent: Arc::default() }
    }

    pub(crate) fn lend(&self, profile: String, keys: Keys) {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner).insert(profile, keys);
    }

    async fn keys(&self, profile: &str, from: CredentialsFrom) -> Result<Keys> {
        let none = |message: String| Error::new(Code::NoCredentials, message);
        let profile = newsroom(profile);
        match from {
            CredentialsFrom::Lent => {
                let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner).get(profile).cloned();
                lent.ok_or_else(|| {
                    none(
                        "The keys for this transfer came from the command that added it. Run that command again."
                            .into(),
                    )
                })
            }
            CredentialsFrom::Keychain => kept(account(&self.home, profile)?)
                .await?
                .ok_or_else(|| none(format!("The keychain has no keys for {profile}. Enter them, then retry."))),
        }
    }

    /// A key pair that signs CloudFront addresses for a profile.
    pub(crate) async fn key_pair(&self, profile: &Profile, id: &str) -> Result<KeyPair> {
        let keys = self.keys(&profile.name, profile.credentials).await?;
        let pem = keys.cloudfront_key.ok_or_else(|| {
            Error::new(
                Code::NoCredentials,
                format!(
                    "The private key of the CloudFront key pair {id} is not in the keychain of this computer. Ask IT to enter it."
                ),
            )
        })?;
        KeyPair::new(id, &pem)
    }

    /// For the SDK, which keeps what it is given for a while and asks again.
    pub(crate) fn provider(&self, profile: &Profile) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(Provider {
            purse: self.clone(),
            profile: profile.name.clone(),
            from: profile.credentials,
        })
    }
}

#[derive(Debug)]
struct Provider {
    purse: Purse,
    profile: String,
    from: CredentialsFrom,
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let keys = self.purse.keys(&self.profile, self.from).await.map_err(CredentialsError::provider_error)?;
            Ok(sdk_credentials(&keys))
        })
    }
}

/// Keys given outright, to try whether they work before they are kept.
pub(crate) fn given(keys: &Keys) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(sdk_credentials(keys))
}

fn sdk_credentials(keys: &Keys) -> Credentials {
    let token = keys.session_token.as_ref().map(|t| t.to_string());
    Credentials::new(keys.access_key_id.as_str(), keys.secret_access_key.as_str(), token, None, "rushes")
}

/// The keys of the usual AWS environment: variables first, then the profile that AWS_PROFILE names, or the default one.
/// The network is asked only where that profile itself says so.
pub async fn from_environment() -> Result<Keys> {
    use aws_config::environment::EnvironmentVariableCredentialsProvider;
    use aws_config::profile::ProfileFileCredentialsProvider;
    use aws_config::provider_config::ProviderConfig;

    let found = match EnvironmentVariableCredentialsProvider::new().provide_credentials().await {
        Ok(found) => Ok(found),
        Err(_) => {
            let config =
                ProviderConfig::without_region().with_http_client(Wire::new(&Common::new(Arc::default())?, None));
            ProfileFileCredentialsProvider::builder().configure(&config).build().provide_credentials().await
        }
    };
    let found = found.map_err(|e| {
        Error::new(
            Code::NoCredentials,
            "No keys in the environment. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
        )
        .because(e)
    })?;
    Ok(Keys {
        access_key_id: found.access_key_id().to_owned(),
        secret_access_key: Zeroizing::new(found.secret_access_key().to_owned()),
        session_token: found.session_token().map(|t| Zeroizing::new(t.to_owned())),
        cloudfront_key: cloudfront_key_from_environment(),
    })
}

/// What signs CloudFront addresses has a variable of its own, wherever the other keys are from.
pub fn cloudfront_key_from_environment() -> Option<Zeroizing<String>> {
    std::env::var(CLOUDFRONT_KEY).ok().filter(|pem| !pem.is_empty()).map(Zeroizing::new)
}
