//! Who signs an edge's addresses for this newsroom, and the permissions that they gave, kept until shortly before they end.
//! A permission is looked at before it is used: what it does not allow is told in words, and not asked for.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::Mutex;
use url::Url;

use super::grant::Grant;
use super::{Hash, KeyPair, Policy, Signed};
use crate::credentials::Purse;
use crate::error::Result;
use crate::profile::{self, Profile};
use crate::s3::Answer;

/// How long a signature of our own holds, in seconds: as long as the slowest range may take to begin.
const HOLDS: i64 = 3_600;
/// One that ends sooner than this is asked for anew.
const SOON: i64 = 300;

/// What to show at the edge, and what it allows.
#[derive(Clone, Debug)]
pub(super) struct Permission {
    pub signed: Signed,
    pub policy: Policy,
    /// It is shown in cookies, not in the address.
    pub in_cookies: bool,
}

impl Permission {
    /// Seconds since 1970.
    pub(super) fn lasts(&self, now: i64, more: i64) -> bool {
        now + more < self.policy.until
    }
}

pub(super) enum Signer {
    /// The distribution asks for no signature.
    Nobody,
    Pair {
        id: String,
        purse: Purse,
        profile: Box<Profile>,
        held: Mutex<Held>,
    },
    Grant {
        grant: Grant,
        held: Mutex<Option<Permission>>,
    },
}

/// The key pair, once the keychain gave it, and what was signed last with it.
#[derive(Default)]
pub(super) struct Held {
    pair: Option<KeyPair>,
    last: Option<(Url, Permission)>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Signer::Nobody => "Nobody",
            Signer::Pair { .. } => "Pair",
            Signer::Grant { .. } => "Grant",
        })
    }
}

impl Signer {
    pub(super) fn new(
        profile: &Profile,
        by: &profile::Signer,
        purse: &Purse,
        grant: impl FnOnce(&str) -> Grant,
    ) -> Signer {
        match by {
            profile::Signer::Nobody => Signer::Nobody,
            profile::Signer::KeyPair { key_pair_id } => Signer::Pair {
                id: key_pair_id.clone(),
                purse: purse.clone(),
                profile: Box::new(profile.clone()),
                held: Mutex::default(),
            },
            profile::Signer::Grant { function } => Signer::Grant { grant: grant(function), held: Mutex::default() },
        }
    }

    /// A permission for this address; `None` where none is needed.
    pub(super) async fn permission(&self, address: &Url) -> Answer<Option<Permission>> {
        match self {
            Signer::Nobody => Ok(None),
            Signer::Pair { id, purse, profile, held } => {
                let mut held = held.lock().await;
                if let Some((of, last)) = &held.last
                    && of == address
                    && last.lasts(now(), SOON)
                {
                    return Ok(Some(last.clone()));
                }
                let pair = match &held.pair {
                    Some(pair) => pair.clone(),
                    None => purse.key_pair(profile, id).await.map_err(super::refusal::no_key)?,
                };
                let signed = sign(&pair, address).map_err(super::refusal::no_key)?;
                held.pair = Some(pair);
                held.last = Some((address.clone(), signed.clone()));
                Ok(Some(signed))
            }
            // Whoever comes while it is asked for waits for the same one.
            Signer::Grant { grant, held } => {
                let mut held = held.lock().await;
                if let Some(permission) = held.as_ref().filter(|held| held.lasts(now(), SOON)) {
                    return Ok(Some(permission.clone()));
                }
                let permission = grant.ask().await?;
                *held = Some(permission.clone());
                Ok(Some(permission))
            }
        }
    }

    /// What was refused is not shown again.
    pub(super) async fn forget(&self) {
        match self {
            Signer::Nobody => {}
            Signer::Pair { held, .. } => *held.lock().await = Held::default(),
            Signer::Grant { held, .. } => *held.lock().await = None,
        }
    }
}

/// One address, for a while.
fn sign(pair: &KeyPair, address: &Url) -> Result<Permission> {
    let policy = Policy::canned(address.as_str(), now() + HOLDS);
    Ok(Permission { signed: pair.sign(&policy, Hash::Sha256)?, policy, in_cookies: false })
}

pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
