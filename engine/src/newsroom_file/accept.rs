//! A newsroom file is taken over: only what was shown, by whom it was shown to, and never with keys that were meant for
//! another place. Asks no bucket: a newsroom that came by a file is there, and not signed in to.

use crate::api::{AcceptNewsroom, NewsroomChange, NewsroomPreview};
use crate::core::Core;
use crate::error::{Code, Result};
use crate::journal::settings;
use crate::live::One;
use crate::profile::{CredentialsFrom, Profile, newsroom};

use super::{Opened, bad, open, shown};

pub(crate) fn preview(core: &Core, given: &str) -> Result<NewsroomPreview> {
    Ok(compared(core, given)?.1)
}

fn compared(core: &Core, given: &str) -> Result<(Profile, NewsroomPreview)> {
    let mut opened = open(given)?;
    let here = core.profiles().0;
    if let Some(known) = here.iter().find(|known| known.name == opened.profile.name) {
        if known.credentials == CredentialsFrom::Lent || known.is_on_this_computer() {
            let name = &known.name;
            return Err(bad(format!(
                "{name} is a newsroom of this computer's own, which no file may change. Ask for one of another name."
            )));
        }
        // The bureau is this computer's; a file for all of them says none.
        if opened.profile.bureau.is_empty() {
            opened.profile.bureau.clone_from(&known.bureau);
        }
    }
    let listed: Vec<Profile> = here.into_iter().filter(|known| known.credentials != CredentialsFrom::Lent).collect();
    let preview = shown::preview(&opened, &listed)?;
    let Opened { profile, .. } = opened;
    Ok((profile, preview))
}

/// Answers with whether anything is another way now.
pub(crate) async fn accept(core: &Core, request: &AcceptNewsroom) -> Result<bool> {
    let (profile, shown) = compared(core, &request.given)?;
    if shown.change == NewsroomChange::Nothing {
        return Ok(false);
    }
    if shown.seen != request.seen {
        return Err(bad("The file or the newsroom is not as it was when it was shown. Look at it again."));
    }
    if let Some(address) = shown.confirm.iter().find(|address| !request.confirmed.contains(address)) {
        return Err(bad(format!("Nobody has agreed that credentials of this computer are used at {address}.")));
    }
    let name = profile.name.clone();
    if shown.change != NewsroomChange::Details {
        if is_busy(core, &name) {
            return Err(bad(format!(
                "{name} still has transfers that are not finished. Finish or cancel them before it leads elsewhere."
            )));
        }
        drop_keys(core, &profile, shown.change).await?;
    }
    core.keep_profile(profile).await?;
    if core.profiles().1.is_none() {
        core.set_in_use(name).await?;
    }
    Ok(true)
}

/// Before the newsroom leads elsewhere, whatever happens in between: nobody is signed in to it, and its keys are gone.
async fn drop_keys(core: &Core, profile: &Profile, change: NewsroomChange) -> Result<()> {
    let name = &profile.name;
    core.purse.withhold(name);
    keep_withheld(core).await?;
    let before = core.profile(Some(name)).unwrap_or_else(|_| profile.clone());
    match core.purse.forget(&before).await {
        // What might be there of a newsroom that is gone is withheld until it is written over.
        Err(error) if error.code == Code::KeychainUnavailable && change == NewsroomChange::New => {}
        forgotten => forgotten?,
    }
    // Where somebody must enter or fetch something before its requests can be signed.
    if !profile.credentials.is_kept() {
        release(core, name).await?;
    }
    Ok(())
}

/// Somebody has signed in, or the newsroom is gone.
pub(crate) async fn release(core: &Core, name: &str) -> Result<()> {
    if core.purse.release(name) { keep_withheld(core).await } else { Ok(()) }
}

async fn keep_withheld(core: &Core) -> Result<()> {
    let withheld = core.purse.withheld();
    core.journal.write(move |c| settings::set_setting(c, WITHHELD, &withheld)).await
}

/// The setting that names the newsrooms that nobody has signed in to since a file brought them.
pub(crate) const WITHHELD: &str = "newsrooms not signed in to";

/// Whether a newsroom has transfers that are not ended.
pub(crate) fn is_busy(core: &Core, name: &str) -> bool {
    let is_its = |one: &One| newsroom(&one.transfer.profile) == name && !one.transfer.life.status.is_ended();
    core.live().all().any(is_its)
}
