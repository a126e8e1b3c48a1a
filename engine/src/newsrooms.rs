//! Newsrooms as they come, change and leave: what is asked of the bucket before a profile is kept, what its way in brings,
//! and what goes with it. How a way in works is in `credentials`; what a profile may say is in `profile`.

use crate::api::{Keys, SaveProfile};
use crate::bounds;
use crate::clock;
use crate::credentials::Purse;
use crate::engine::Engine;
use crate::error::{Code, Error, Result};
use crate::journal::settings;
use crate::newsroom_file;
use crate::profile::{CredentialsFrom, Profile, ProfileRow, newsroom};
use crate::transfer::{Change, Status, TransferId, Why};

impl Engine {
    pub(crate) async fn save_newsroom(&self, request: SaveProfile) -> Result<()> {
        let profile = request.profile.checked()?;
        bounds::profile(&profile)?;
        request.code.iter().chain(&request.sign_in).try_for_each(|text| bounds::typed(text))?;
        if profile.credentials == CredentialsFrom::Lent {
            if request.keys.is_some() {
                return Err(Error::new(Code::BadInput, "The keys of this profile are lent, not kept."));
            }
            // Every command of a script says it again: what its transfers have found out meanwhile stays.
            if self.core.profile(Some(&profile.name)).is_ok_and(|known| known == profile) {
                return Ok(());
            }
            self.core.keep_profile(profile.clone()).await?;
            return self.is_saved(&profile).await;
        }
        let mut offered = self.core.purse.offered(&profile).await;
        let is_new = if let Ok(before) = self.core.profile(Some(&profile.name)) {
            // What was entered for one address is shown to no other: whoever has it enters it again.
            let leads_elsewhere = !profile.keeps_its_keys(&before);
            if leads_elsewhere || before.credentials.takes_keys() != profile.credentials.takes_keys() {
                offered = Purse::nothing();
            }
            leads_elsewhere
        } else {
            true
        };
        let mut given = false;
        if let Some(keys) = request.keys {
            check_keys(&profile, &keys)?;
            (offered, given) = (offered.with_keys(keys), true);
        }
        let tokens = match &request.sign_in {
            Some(id) => Some((id.clone(), self.core.sign_ins.take(id)?)),
            None => None,
        };
        if let Some((_, tokens)) = &tokens {
            (offered, given) = (offered.with_tokens(tokens.clone()), true);
        }
        if !given && is_new && profile.credentials.is_kept() {
            return Err(enter_again(&profile));
        }
        let checked = async {
            if let Some(code) = &request.code {
                offered = self.core.purse.with_mfa(&profile, offered.clone(), code).await?;
            }
            let (caller, renewed) = self.core.purse.caller_with(&profile, offered.clone()).await?;
            offered = renewed;
            self.core.lanes.apart(&profile, caller)?.check().await.map_err(|refusal| refusal.error)?;
            if given || request.code.is_some() {
                self.core.purse.keep(&profile, offered.clone(), request.in_memory).await?;
            }
            Ok(())
        };
        if let Err(error) = checked.await {
            if let Some((id, tokens)) = tokens {
                // Another account or role may do; nobody goes back to the browser for that.
                self.core.sign_ins.put_back(id, tokens);
            }
            return Err(error);
        }
        newsroom_file::release(&self.core, &profile.name).await?;
        self.core.keep_profile(profile.clone()).await?;
        self.is_saved(&profile).await
    }

    async fn is_saved(&self, profile: &Profile) -> Result<()> {
        self.core.forget_store(&profile.name);
        self.let_go_on(&profile.name);
        if profile.credentials != CredentialsFrom::Lent && self.core.profiles().1.is_none() {
            self.core.set_in_use(profile.name.clone()).await?;
        }
        self.profiles_changed();
        Ok(())
    }

    /// A code of its MFA device opens a newsroom for a day and a half.
    pub(crate) async fn take_code(&self, name: &str, code: &str) -> Result<()> {
        let profile = self.core.profile(Some(name))?;
        self.core.purse.show_mfa(&profile, code).await?;
        self.core.forget_store(name);
        self.let_go_on(name);
        self.profiles_changed();
        Ok(())
    }

    /// Keys for as long as this process lives, where the keychain cannot be used or the profile has none.
    pub(crate) fn lend(&self, name: &str, keys: Keys) -> Result<()> {
        let profile = self.core.profile(Some(name))?;
        if profile.credentials != CredentialsFrom::Lent {
            check_keys(&profile, &keys)?;
        }
        if self.core.purse.lend(name, keys) {
            self.core.forget_store(name);
        }
        self.let_go_on(name);
        self.profiles_changed();
        Ok(())
    }

    /// Nothing of its keys is left on this computer. What it has under way waits.
    pub(crate) async fn sign_out(&self, name: &str) -> Result<()> {
        let profile = self.core.profile(Some(name))?;
        self.core.purse.forget(&profile).await?;
        self.core.forget_store(name);
        self.profiles_changed();
        Ok(())
    }

    pub(crate) async fn remove_newsroom(&self, name: &str) -> Result<()> {
        let profile = self.core.profile(Some(name))?;
        self.refuse_while_under_way(name)?;
        if profile.credentials != CredentialsFrom::Lent {
            self.core.purse.forget(&profile).await?;
        }
        self.core.drop_profile(name).await?;
        newsroom_file::release(&self.core, name).await?;
        let left = self.listed_profiles();
        if let Some(next) = left.first()
            && !left.iter().any(|row| row.in_use)
        {
            self.core.set_in_use(next.profile.name.clone()).await?;
        }
        self.profiles_changed();
        Ok(())
    }

    /// Keys, transfers and watch folders go with it.
    pub(crate) async fn rename_newsroom(&self, from: &str, to: &str) -> Result<()> {
        let before = self.core.profile(Some(from))?;
        let after = Profile { name: to.to_owned(), ..before.clone() }.checked()?;
        let to = after.name.clone();
        if from == to {
            return Ok(());
        }
        if self.core.profile(Some(&to)).is_ok() {
            return Err(Error::new(Code::BadInput, format!("There is a newsroom named {to} already.")));
        }
        self.refuse_while_under_way(from)?;
        self.core.purse.rename(&before, &to).await?;
        let (old, kept) = (from.to_owned(), after.clone());
        self.core.journal.write(move |c| settings::rename_profile(c, &old, &kept)).await?;
        self.core.renamed(from, after);
        self.watch.renamed(from, &to).await?;
        self.profiles_changed();
        Ok(())
    }

    fn refuse_while_under_way(&self, name: &str) -> Result<()> {
        if newsroom_file::is_busy(&self.core, name) {
            return Err(Error::new(
                Code::BadInput,
                format!("{name} still has transfers that are not finished. Finish or cancel them first."),
            ));
        }
        Ok(())
    }

    /// All but those of single commands.
    pub(crate) fn listed_profiles(&self) -> Vec<ProfileRow> {
        let (all, in_use) = self.core.profiles();
        let withheld = self.core.purse.withheld();
        all.into_iter()
            .map(|profile| ProfileRow {
                in_use: in_use.as_deref() == Some(profile.name.as_str()),
                zone: profile.zone.clone().unwrap_or_else(clock::zone),
                trouble: self.core.purse.trouble(&profile.name),
                needs_keys: withheld.contains(&profile.name),
                profile,
            })
            .filter(|row| row.in_use || row.profile.credentials != CredentialsFrom::Lent)
            .collect()
    }

    /// New keys: what waited for them is queued again.
    fn let_go_on(&self, profile: &str) {
        let waiting: Vec<TransferId> = {
            let live = self.core.live();
            let waits = |status: &Status| matches!(status, Status::Waiting { why: Why::Credentials, .. });
            let mine = live.all().filter(|one| newsroom(&one.transfer.profile) == profile);
            mine.filter(|one| waits(&one.transfer.life.status)).map(|one| one.transfer.id).collect()
        };
        for id in waiting {
            let _ = self.core.change(id, Change::Requeue);
        }
    }

    pub(crate) fn profiles_changed(&self) {
        self.core.board.profiles_changed();
        self.core.board.footage_changed();
        self.core.board.show();
        // The lane is named after the profile's route.
        self.core.wake.notify_one();
        self.footage.look_soon();
    }
}

fn check_keys(profile: &Profile, keys: &Keys) -> Result<()> {
    let is_only_signing = keys.access_key_id.is_empty() && keys.cloudfront_key.is_some();
    let texts = [Some(keys.access_key_id.as_str()), keys.session_token.as_ref().map(|token| token.as_str())];
    if texts.into_iter().flatten().chain([keys.secret_access_key.as_str()]).any(is_no_key)
        || keys.cloudfront_key.as_ref().is_some_and(|pem| pem.len() > LONGEST_KEY)
    {
        return Err(Error::new(Code::BadInput, "These keys are too long to be keys, or more than a line each."));
    }
    if !profile.credentials.takes_keys() && !is_only_signing {
        return Err(Error::new(Code::BadInput, "This newsroom's way in takes no access keys."));
    }
    if !is_only_signing && (keys.access_key_id.trim().is_empty() || keys.secret_access_key.is_empty()) {
        return Err(Error::new(Code::BadInput, "Give both the access key ID and the secret access key."));
    }
    Ok(())
}

/// Of a key or a session's token, in bytes.
const LONGEST_KEY: usize = 16 << 10;

fn is_no_key(text: &str) -> bool {
    text.len() > LONGEST_KEY || text.chars().any(char::is_control)
}

fn enter_again(profile: &Profile) -> Error {
    let sentence = match profile.credentials {
        CredentialsFrom::IdentityCenter(_) => {
            "Sign in for this newsroom: a sign-in for one address is shown to no other."
        }
        _ => "Enter the keys for this newsroom: keys that were entered for one address are shown to no other.",
    };
    Error::new(Code::SignInNeeded, sentence)
}
