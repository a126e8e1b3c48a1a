//! Who calls the store: keys by every way in that a profile may name, kept in the operating system's keychain, lent from
//! memory, handed to the SDK and to nobody else. They go in and are never read back by a window or a command line.

pub(crate) mod center;
mod fresh;
mod kept;
mod keychain;
mod refusals;
mod role;
mod tools;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use crate::api::Keys;
use crate::clock;
use crate::cloudfront::KeyPair;
use crate::error::{Code, Error, Result};
use crate::home::Home;
use crate::profile::{CredentialsFrom, IdentityCenter, Profile, Role, RoleBy, newsroom};
use crate::wire::Common;

use self::fresh::Fresh;
pub(crate) use self::kept::Tokens;
use self::kept::{Kept, Session};
pub use self::keychain::{SERVICE, account};
pub use self::tools::{cloudfront_key_from_environment, from_environment};

/// Puts keys into the keychain, over what was there. A key that signs for CloudFront stays, where no other is given.
pub async fn keep(account: String, keys: Keys) -> Result<()> {
    // An entry that is damaged is written anew.
    let before = keychain::get(account.clone()).await.ok().flatten().unwrap_or_default();
    keychain::put(account, before.with_keys(keys)).await
}

/// The keys of this account, or `None` where the keychain has none.
pub async fn kept(account: String) -> Result<Option<Keys>> {
    Ok(keychain::get(account).await?.and_then(|kept| kept.keys()))
}

/// What a profile is signed in with, before it is kept: what was there, and what was given beside it.
#[derive(Clone, Debug)]
pub(crate) struct Offered(Kept);

impl Offered {
    pub(crate) fn with_keys(self, keys: Keys) -> Offered {
        Offered(self.0.with_keys(keys))
    }

    pub(crate) fn with_tokens(self, tokens: Tokens) -> Offered {
        Offered(Kept { tokens: Some(tokens), ..self.0 })
    }
}

/// The keys that this process may use: held in memory, and in the keychain. Cheap to clone; clones share them.
#[derive(Clone)]
pub(crate) struct Purse {
    home: Home,
    common: Common,
    /// What was lent, and what the keychain could not take: until this process ends.
    held: Arc<Mutex<HashMap<String, Kept>>>,
    fresh: Fresh,
    /// Why a profile's keys could not be had when they were last asked for.
    troubles: Arc<Mutex<HashMap<String, Error>>>,
    /// Newsrooms that a file brought and that nobody has signed in to since: their requests are not signed, whatever keys
    /// there may be.
    withheld: Arc<Mutex<BTreeSet<String>>>,
}

impl fmt::Debug for Purse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Purse")
    }
}

impl Purse {
    pub(crate) fn new(home: Home, common: Common) -> Purse {
        Purse {
            home,
            common,
            held: Arc::default(),
            fresh: Fresh::default(),
            troubles: Arc::default(),
            withheld: Arc::default(),
        }
    }

    pub(crate) fn common(&self) -> &Common {
        &self.common
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn withhold(&self, newsroom: &str) {
        self.locked_withheld().insert(newsroom.to_owned());
        self.changed(newsroom);
    }

    /// Answers whether it was withheld.
    pub(crate) fn release(&self, newsroom: &str) -> bool {
        self.locked_withheld().remove(newsroom)
    }

    pub(crate) fn withheld(&self) -> BTreeSet<String> {
        self.locked_withheld().clone()
    }

    fn locked_withheld(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.withheld.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse_withheld(&self, name: &str) -> Result<()> {
        if self.locked_withheld().contains(name) {
            let sentence = format!("Nobody has signed in to {name} yet. Sign in; it goes on by itself then.");
            return Err(Error::new(Code::SignInNeeded, sentence));
        }
        Ok(())
    }

    /// Keys for as long as this process lives. Answers whether they are others than it had.
    pub(crate) fn lend(&self, profile: &str, keys: Keys) -> bool {
        let mut held = self.held();
        let before = held.remove(profile).unwrap_or_default();
        let now = before.clone().with_keys(keys);
        let is_news = now.to_text().ok() != before.to_text().ok();
        held.insert(profile.to_owned(), now);
        drop(held);
        if is_news {
            self.changed(profile);
        }
        is_news
    }

    /// What a profile is signed in with as it is. What the keychain does not say is as good as nothing.
    pub(crate) async fn offered(&self, profile: &Profile) -> Offered {
        Offered(self.kept(profile).await.ok().flatten().unwrap_or_default())
    }

    /// Nothing but what is given now: for a profile that leads elsewhere than it did.
    pub(crate) fn nothing() -> Offered {
        Offered(Kept::default())
    }

    /// From now on the profile is signed in with this. `in_memory`: until this process ends, and not in the keychain.
    pub(crate) async fn keep(&self, profile: &Profile, offered: Offered, in_memory: bool) -> Result<()> {
        let name = newsroom(&profile.name);
        if in_memory {
            self.held().insert(name.to_owned(), offered.0);
        } else {
            keychain::put(account(&self.home, name)?, offered.0).await?;
            self.held().remove(name);
        }
        self.changed(name);
        Ok(())
    }

    /// Signs out: what is kept of the profile is forgotten everywhere.
    pub(crate) async fn forget(&self, profile: &Profile) -> Result<()> {
        let name = newsroom(&profile.name);
        let kept = self.kept(profile).await.ok().flatten();
        self.held().remove(name);
        self.changed(name);
        if let Some(tokens) = kept.and_then(|kept| kept.tokens) {
            center::sign_out(&self.common, &tokens).await;
        }
        // What somebody kept under this name before goes too.
        match keychain::remove(account(&self.home, name)?).await {
            Err(error) if error.code == Code::KeychainUnavailable && !profile.credentials.is_kept() => Ok(()),
            removed => removed,
        }
    }

    /// What is kept of a profile goes by another name from now on. It is under the new name before it leaves the old one.
    pub(crate) async fn rename(&self, profile: &Profile, to: &str) -> Result<()> {
        let from = newsroom(&profile.name);
        if profile.credentials.is_kept() {
            let (old, new) = (account(&self.home, from)?, account(&self.home, to)?);
            if let Some(kept) = keychain::get(old.clone()).await? {
                keychain::put(new, kept).await?;
                keychain::remove(old).await?;
            }
        }
        let mut held = self.held();
        if let Some(kept) = held.remove(from) {
            held.insert(to.to_owned(), kept);
        }
        drop(held);
        self.changed(from);
        Ok(())
    }

    /// Other keys than before: nothing that was got with those is used any more.
    fn changed(&self, name: &str) {
        self.fresh.forget(name);
        self.troubles().remove(name);
    }

    fn troubles(&self) -> MutexGuard<'_, HashMap<String, Error>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a profile's keys could not be had when they were last asked for.
    pub(crate) fn trouble(&self, name: &str) -> Option<Error> {
        self.troubles().get(name).cloned()
    }

    async fn kept(&self, profile: &Profile) -> Result<Option<Kept>> {
        let name = newsroom(&profile.name);
        if let Some(held) = self.held().get(name).cloned() {
            return Ok(Some(held));
        }
        if profile.credentials.is_kept() { keychain::get(account(&self.home, name)?).await } else { Ok(None) }
    }

    /// Changes what is kept where it is kept; where the keychain is gone meanwhile, it stays in memory.
    async fn keep_on(&self, profile: &Profile, kept: Kept) -> Result<()> {
        let name = newsroom(&profile.name).to_owned();
        if let Some(held) = self.held().get_mut(&name) {
            *held = kept;
            return Ok(());
        }
        match keychain::put(account(&self.home, &name)?, kept.clone()).await {
            Err(error) if error.code == Code::KeychainUnavailable => {
                tracing::warn!(%error, "what was renewed is held in memory");
                self.held().insert(name, kept);
                Ok(())
            }
            done => done,
        }
    }

    /// A code of the profile's MFA device: what it opens is kept.
    pub(crate) async fn show_mfa(&self, profile: &Profile, code: &str) -> Result<()> {
        let offered = Offered(self.kept(profile).await?.unwrap_or_default());
        let offered = self.with_mfa(profile, offered, code).await?;
        self.keep_on(profile, offered.0).await?;
        self.changed(newsroom(&profile.name));
        Ok(())
    }

    pub(crate) async fn with_mfa(&self, profile: &Profile, offered: Offered, code: &str) -> Result<Offered> {
        let CredentialsFrom::Role(Role { mfa: Some(mfa), .. }) = &profile.credentials else {
            return Err(Error::new(Code::BadInput, "This newsroom's role asks for no MFA device."));
        };
        let keys = typed_in(&offered.0, profile)?;
        let session: Session = role::session(&self.common, &profile.region, keys, mfa, code).await?;
        Ok(Offered(Kept { session: Some(session), ..offered.0 }))
    }

    /// Keys for now, got anew before they run out.
    async fn credentials(&self, profile: &Profile) -> Result<Credentials> {
        let name = newsroom(&profile.name);
        let get = || {
            let (purse, profile) = (self.clone(), profile.clone());
            async move { purse.get(&profile).await }
        };
        let got = self.fresh.get(name, get).await;
        match &got {
            Ok(_) => self.troubles().remove(name),
            Err(error) => self.troubles().insert(name.to_owned(), error.clone()),
        };
        got
    }

    async fn get(&self, profile: &Profile) -> Result<Credentials> {
        self.refuse_withheld(newsroom(&profile.name))?;
        let kept = self.kept(profile).await?;
        let (credentials, renewed) = self.get_with(profile, kept.as_ref()).await?;
        if let Some(kept) = renewed {
            self.keep_on(profile, kept).await?;
        }
        Ok(credentials)
    }

    /// Keys by a profile's way in; and what is to be kept from now on, where that changed.
    async fn get_with(&self, profile: &Profile, kept: Option<&Kept>) -> Result<(Credentials, Option<Kept>)> {
        let nothing = Kept::default();
        let kept = kept.unwrap_or(&nothing);
        let name = newsroom(&profile.name);
        match &profile.credentials {
            CredentialsFrom::Lent => {
                let sentence =
                    "The keys for this transfer came from the command that added it. Run that command again.";
                let keys = kept.keys().ok_or_else(|| Error::new(Code::NoCredentials, sentence))?;
                Ok((sdk_credentials(&keys), None))
            }
            CredentialsFrom::Keychain => Ok((typed_in(kept, profile)?, None)),
            CredentialsFrom::Computer => Ok((tools::computer(&self.common).await?, None)),
            CredentialsFrom::AwsProfile { name } => {
                Ok((tools::profile(&self.common, name, &profile.region).await?, None))
            }
            CredentialsFrom::IdentityCenter(center) => self.get_at_center(name, center, kept).await,
            CredentialsFrom::Role(role) => {
                let with = match (role.by, &role.mfa) {
                    (RoleBy::Computer, _) => tools::computer(&self.common).await?,
                    (RoleBy::Keys, None) => typed_in(kept, profile)?,
                    (RoleBy::Keys, Some(mfa)) => {
                        let keys = typed_in(kept, profile)?;
                        let key = keys.access_key_id();
                        let session = kept.session.as_ref();
                        session
                            .and_then(|session| role::of_session(session, mfa, key, clock::now()))
                            .ok_or_else(role::code_needed)?
                    }
                };
                Ok((role::assume(&self.common, profile, role, with).await?, None))
            }
        }
    }

    async fn get_at_center(
        &self,
        name: &str,
        center: &IdentityCenter,
        kept: &Kept,
    ) -> Result<(Credentials, Option<Kept>)> {
        let tokens = kept.tokens.as_ref();
        // Tokens of another start page are not shown to this one.
        let tokens = tokens.filter(|tokens| tokens.start_url == center.start_url && tokens.region == center.region);
        let Some(tokens) = tokens else {
            return Err(Error::new(
                Code::SignInNeeded,
                format!("You are not signed in to {name}. Sign in; it goes on by itself then."),
            ));
        };
        let renewed = center::renewed(&self.common, tokens).await?;
        let keys = center::keys(&self.common, center, renewed.as_ref().unwrap_or(tokens)).await;
        let kept = renewed.map(|tokens| Kept { tokens: Some(tokens), ..kept.clone() });
        match (keys, kept) {
            (Ok(keys), kept) => Ok((keys, kept)),
            // A refresh token may be good for one time only: what it brought must not be lost with the keys.
            (Err(error), Some(kept)) => {
                self.keep_renewed(name, kept).await;
                Err(error)
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn keep_renewed(&self, name: &str, kept: Kept) {
        let is_held = self.held().contains_key(name);
        let stored = match account(&self.home, name) {
            Ok(account) if !is_held => keychain::put(account, kept.clone()).await,
            other => other.map(|_| ()),
        };
        if is_held || stored.is_err() {
            self.held().insert(name.to_owned(), kept);
        }
    }

    /// A key pair that signs CloudFront addresses for a profile.
    pub(crate) async fn key_pair(&self, profile: &Profile, id: &str) -> Result<KeyPair> {
        self.refuse_withheld(newsroom(&profile.name))?;
        let kept = match self.kept(profile).await? {
            // By every way in: it is IT's, and not whoever signs in.
            None if !profile.credentials.is_kept() && profile.credentials != CredentialsFrom::Lent => {
                keychain::get(account(&self.home, newsroom(&profile.name))?).await?
            }
            kept => kept,
        };
        let pem = kept.and_then(|kept| kept.cloudfront_key).ok_or_else(|| {
            Error::new(
                Code::NoCredentials,
                format!(
                    "The private key of the CloudFront key pair {id} is not in the keychain of this computer. Ask IT to enter it."
                ),
            )
        })?;
        KeyPair::new(id, &pem)
    }

    /// Whoever uses this profile.
    pub(crate) fn caller(&self, profile: &Profile) -> Caller {
        Caller { who: Who::Profile(self.clone(), Box::new(profile.clone())) }
    }

    /// Whoever has been offered this, to try whether it works before it is kept; and what is then to be kept.
    pub(crate) async fn caller_with(&self, profile: &Profile, offered: Offered) -> Result<(Caller, Offered)> {
        let (credentials, renewed) = self.get_with(profile, Some(&offered.0)).await?;
        Ok((Caller::given(credentials), renewed.map_or(offered, Offered)))
    }
}

/// Keys that were typed in.
fn typed_in(kept: &Kept, profile: &Profile) -> Result<Credentials> {
    let name = newsroom(&profile.name);
    let keys = kept.keys().ok_or_else(|| {
        Error::new(Code::NoCredentials, format!("The keychain has no keys for {name}. Enter them, then retry."))
    })?;
    Ok(sdk_credentials(&keys))
}

fn sdk_credentials(keys: &Keys) -> Credentials {
    let token = keys.session_token.as_ref().map(|t| t.to_string());
    Credentials::new(keys.access_key_id.as_str(), keys.secret_access_key.as_str(), token, None, "rushes")
}

/// Signs requests to a store.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    who: Who,
}

#[derive(Clone, Debug)]
enum Who {
    Profile(Purse, Box<Profile>),
    Given(Credentials),
}

impl Caller {
    fn given(credentials: Credentials) -> Caller {
        Caller { who: Who::Given(credentials) }
    }

    pub(crate) fn with(keys: &Keys) -> Caller {
        Caller::given(sdk_credentials(keys))
    }

    /// For the SDK, which asks with every request.
    pub(crate) fn provider(&self) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(self.clone())
    }

    /// The store said that the keys have run out. Whether it makes sense to ask again with new ones.
    pub(crate) fn ran_out(&self) -> bool {
        match &self.who {
            Who::Profile(purse, profile) => purse.fresh.ran_out(newsroom(&profile.name)),
            Who::Given(_) => false,
        }
    }
}

impl ProvideCredentials for Caller {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            match &self.who {
                Who::Profile(purse, profile) => {
                    purse.credentials(profile).await.map_err(CredentialsError::provider_error)
                }
                Who::Given(credentials) => Ok(credentials.clone()),
            }
        })
    }
}
