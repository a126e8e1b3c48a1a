//! Uploads while the bucket's region is down, where IT has allowed them to go to the second bucket, which copies back: when
//! one goes there, and that it is found in the first bucket in the end. A second bucket is a profile of its own
//! ([`crate::profile::Profile::second`]), so that all else treats it as any other. What was begun in the first bucket stays
//! there and waits.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::About;
use crate::clock;
use crate::core::Core;
use crate::error::Result;
use crate::journal::{clips, settings, transfers, uploads};
use crate::live::One;
use crate::profile::{self, Profile};
use crate::s3::Class;
use crate::transfer::{Direction, Proof, Status, Transfer, TransferId, UnixMs};

/// The setting that lists what is in the second bucket and was not found in the first one yet.
pub(crate) const STRAYS: &str = "in the second bucket";
/// A region that does not answer so often in a row is down.
const WAITS: u32 = 3;
/// Who answers, does so within this.
const ANSWERS: Duration = Duration::from_secs(5);
/// So long after it arrived, what is not copied back is a matter for IT.
const LATE_MS: i64 = 60 * 60 * 1000;

/// A clip that went to the second bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stray {
    /// The newsroom's.
    profile: String,
    name: String,
    key: String,
    size: u64,
    /// Of the whole, where the store told one.
    checksum: Option<String>,
    #[serde(default)]
    algorithm: Option<String>,
    since: UnixMs,
    /// IT was told that it is late.
    told: bool,
}

/// An upload has waited for its region. Answers whether it goes to the second bucket from now on.
pub(crate) async fn go(core: &Arc<Core>, id: TransferId) -> bool {
    gone(core, id).await.unwrap_or(false)
}

async fn gone(core: &Arc<Core>, id: TransferId) -> Result<bool> {
    let (direction, name, waits) =
        core.with(id, |one| (one.transfer.direction, one.transfer.profile.clone(), one.waits))?;
    if direction != Direction::Up || waits < WAITS {
        return Ok(false);
    }
    let profile = core.profile(Some(&name))?;
    let Some(second) = profile.second() else { return Ok(false) };
    if core.journal.read(uploads::begun).await?.contains(&id) {
        return Ok(false);
    }
    let answers = async |profile: &Profile| -> Result<bool> {
        let store = core.store(&profile.name)?;
        Ok(tokio::time::timeout(ANSWERS, store.check()).await.is_ok_and(|said| said.is_ok()))
    };
    // Where neither answers it is our own network.
    if !answers(&second).await? || answers(&profile).await? {
        return Ok(false);
    }
    tracing::info!(id, bucket = second.bucket, "the region is down: to the second bucket");
    let (name, bucket) = (second.name.clone(), second.bucket.clone());
    core.journal.write(move |c| transfers::set_place(c, id, &name, &bucket)).await?;
    core.with(id, |one| {
        (one.transfer.profile, one.transfer.bucket) = (second.name, second.bucket);
        one.waits = 0;
    })?;
    Ok(true)
}

/// One that is done in the second bucket is looked for in the first one from now on.
pub(crate) fn note(core: &Core, transfer: &Transfer) {
    let Some(home) = profile::of_second(&transfer.profile) else { return };
    let Status::Done { proof, .. } = &transfer.life.status else { return };
    let (algorithm, checksum) = match proof {
        Proof::WholeObject { algorithm, checksum } => (Some(algorithm.clone()), Some(checksum.clone())),
        _ => (None, None),
    };
    change(core, |strays| {
        strays.retain(|stray| stray.profile != home || stray.key != transfer.key);
        strays.push(Stray {
            profile: home.to_owned(),
            name: transfer.name.clone(),
            key: transfer.key.clone(),
            size: transfer.size,
            checksum,
            algorithm,
            since: clock::now(),
            told: false,
        });
    });
}

/// What is known here of a key in the other one of two buckets that copy to each other: that one is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    Free,
    /// Another clip has it, or is about to: replication would bring one of the two over the other.
    Taken,
    /// A clip of the same size has it, with this checksum of the whole.
    Has {
        algorithm: String,
        checksum: String,
    },
}

/// Before an upload takes a key in its bucket: the other bucket's clip of that key would come here, or be written over.
pub(crate) async fn elsewhere(core: &Core, transfer: &Transfer, key: &str) -> Result<Elsewhere> {
    let Some(home) = profile::of_second(&transfer.profile) else { return Ok(in_second(core, transfer, key)) };
    let bucket = core.profile(Some(home))?.bucket;
    {
        let live = core.live();
        let is_it = |one: &&One| {
            let t = &one.transfer;
            let is_done = matches!(t.life.status, Status::Done { .. });
            is_done && t.direction == Direction::Up && t.profile == home && t.key == key
        };
        if let Some(one) = live.all().filter(is_it).last() {
            return Ok(match &one.transfer.life.status {
                Status::Done { proof: Proof::WholeObject { algorithm, checksum }, .. }
                    if one.transfer.size == transfer.size =>
                {
                    Elsewhere::Has { algorithm: algorithm.clone(), checksum: checksum.clone() }
                }
                _ => Elsewhere::Taken,
            });
        }
        if live.is_claimed(&bucket, key, transfer.id) {
            return Ok(Elsewhere::Taken);
        }
    }
    let (home, key) = (home.to_owned(), key.to_owned());
    let heard = core.journal.read(move |c| clips::was_heard_of(c, &home, &key)).await?;
    Ok(if heard { Elsewhere::Taken } else { Elsewhere::Free })
}

/// Of an upload to the first bucket.
fn in_second(core: &Core, transfer: &Transfer, key: &str) -> Elsewhere {
    let Some(second) = core.profile(Some(&transfer.profile)).ok().and_then(|home| home.second()) else {
        return Elsewhere::Free;
    };
    let strays = strays(core);
    match strays.iter().find(|stray| stray.profile == transfer.profile && stray.key == key) {
        Some(Stray { size, checksum: Some(checksum), algorithm: Some(algorithm), .. }) if *size == transfer.size => {
            Elsewhere::Has { algorithm: algorithm.clone(), checksum: checksum.clone() }
        }
        Some(_) => Elsewhere::Taken,
        None if core.is_claimed(&second.bucket, key, transfer.id) => Elsewhere::Taken,
        None => Elsewhere::Free,
    }
}

/// It was on its way to the second bucket, and the first one has it already.
pub(crate) async fn come_home(core: &Core, transfer: &mut Transfer) -> Result<()> {
    let Some(home) = profile::of_second(&transfer.profile) else { return Ok(()) };
    let home = core.profile(Some(home))?;
    let (id, name, bucket) = (transfer.id, home.name.clone(), home.bucket.clone());
    core.journal.write(move |c| transfers::set_place(c, id, &name, &bucket)).await?;
    (transfer.profile, transfer.bucket) = (home.name.clone(), home.bucket.clone());
    core.with(id, |one| (one.transfer.profile, one.transfer.bucket) = (home.name, home.bucket))
}

/// Looks for each in its first bucket.
pub(crate) async fn reconcile(core: &Core) {
    for stray in strays(core) {
        let Ok(profile) = core.profile(Some(&stray.profile)) else {
            change(core, |strays| strays.retain(|other| *other != stray));
            continue;
        };
        let Ok(store) = core.store(&profile.name) else { continue };
        match store.head(&stray.key).await {
            Ok(object) => {
                let theirs = object.checksum.map(|checksum| checksum.value);
                let differs = matches!((&theirs, &stray.checksum), (Some(a), Some(b)) if a != b);
                if object.size == stray.size && !differs {
                    let body = format!("{} is in {} now as well.", stray.name, profile.bucket);
                    core.board.tell(About::BatchDone, "Copied to the first bucket".into(), body);
                } else {
                    let body = format!(
                        "Another clip has the key of {} in {}. Yours is in the second bucket: ask IT which one stays.",
                        stray.name, profile.bucket
                    );
                    core.board.tell(About::NeedsYou, "Two clips with one key".into(), body);
                }
                change(core, |strays| strays.retain(|other| *other != stray));
                core.board.show();
            }
            Err(refusal) if refusal.class == Class::NoObject => {
                if !stray.told && clock::now() - stray.since > LATE_MS {
                    let body = format!(
                        "{} is in the second bucket and not in {} yet. Ask IT to look at the replication back.",
                        stray.name, profile.bucket
                    );
                    core.board.tell(About::NeedsYou, "A clip is not copied back".into(), body);
                    let late = |other: &mut Stray| other.told |= *other == stray;
                    change(core, |strays| strays.iter_mut().for_each(late));
                    core.board.show();
                }
            }
            // The region is still down, or these keys may not look.
            Err(_) => {}
        }
    }
}

pub(crate) fn strays(core: &Core) -> Vec<Stray> {
    core.strays.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn change(core: &Core, change: impl FnOnce(&mut Vec<Stray>)) {
    let now = {
        let mut strays = core.strays.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut strays);
        strays.clone()
    };
    core.journal.note(move |c| settings::set_setting(c, STRAYS, &now));
}
