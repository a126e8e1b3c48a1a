//! The key of an upload: the first free one, claimed before the first byte, so that two who begin with the same name at the same
//! moment find out then and not when all is sent.
//!
//! A claim is a small object at `.rushes/claims/KEY`, written only where there is none. It holds for a week after it was last
//! written, by the store's clock alone: how old it is tell two moments of the store's. Files from watch folders say their
//! content in it too, and hold for an hour, renewed as long as they move: of two boxes that watch one share, the second waits
//! for the first, and goes on by itself where the first is not heard of any more. What is put in one piece takes its key
//! by that. A store that cannot write under a condition, and keys that may not write there, go without: then the key is
//! looked for, and Complete's own condition is what guards it, as it does in any case.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Drive, Driven, Stop};
use crate::clock;
use crate::core::Core;
use crate::error::{Code, Error, Result};
use crate::integrity::Algorithm;
use crate::journal::claims::{self, Claim};
use crate::journal::receipts::Became;
use crate::keys::{self, numbered};
use crate::marks::Mark;
use crate::profile;
use crate::s3::{Answer, Class, Object, Only, Own, Refusal, Store};
use crate::second::{self, Elsewhere};
use crate::source::Source;
use crate::transfer::{Direction, Proof, Recording, Transfer, TransferId, UnixMs, Why};

/// How many names are tried before the folder in the bucket is held to be full of them.
const MOST_NAMES: u32 = 1_000;
/// How often a claim may change hands while it is looked at.
const TRIES: u32 = 5;
/// Longer than anybody pauses: whoever comes back after a week may find the name gone.
const HOLDS_MS: i64 = 7 * DAY_MS;
/// One that is older than this is renewed when its transfer goes on.
const RENEWED_MS: i64 = DAY_MS;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The same, of a file from a watch folder.
const WATCHED_HOLDS_MS: i64 = 60 * 60 * 1000;
const WATCHED_RENEWED_MS: i64 = 15 * 60 * 1000;

/// How a key becomes an upload's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// An object says so.
    Object,
    /// It is put there in one piece: that takes it.
    Put,
}

/// What a claim says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    installation: String,
    /// The transfer's own.
    token: String,
    /// For whoever reads it: by the clock of the computer that wrote it.
    made_at: String,
    ends_at: String,
    /// What counts, from when the store wrote it.
    holds_seconds: i64,
    /// Of a file from a watch folder: another computer may watch the same.
    #[serde(flatten)]
    content: Option<Content>,
}

/// What goes to the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    size: u64,
    crc64nvme: String,
}

/// Whose a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Theirs,
    /// Theirs, and what they send is this very clip, from a watch folder like ours.
    Shared,
    /// Nobody can claim here.
    Nobodys,
}

/// Finds the first free key, and journals it. A clip that is in the bucket already is not sent twice: its proof instead. The
/// same clip on its way from two computers at once is two clips: nobody waits for somebody else's link. But for two that watch
/// one share: those wait, since neither asked for more than that it be there.
pub(super) async fn claim_key(
    drive: &Drive,
    transfer: &mut Transfer,
    source: &Source,
    by: By,
) -> Driven<Option<Proof>> {
    let mut whole = Whole { source, known: Vec::new() };
    let content = match by {
        By::Object => content_of(drive, transfer, source).await?,
        By::Put => None,
    };
    for n in 1..MOST_NAMES {
        let key = numbered(&transfer.wanted, n);
        let claiming = async {
            match by {
                By::Object => claimed(drive, transfer, &key, content.as_ref()).await,
                By::Put => Ok(Whose::Nobodys),
            }
        };
        // Both at once: far away each is a round trip. Whoever had the claim until this moment may have put the clip there
        // since it was looked for; so it is looked for again while the upload is begun.
        let (whose, there) = tokio::join!(claiming, drive.head(Direction::Up, transfer, &key));
        let whose = whose?;
        match look(drive, transfer, &key, there?, &mut whole).await? {
            Look::Free => {}
            Look::Taken => continue,
            // What is written still is not what is there, even if it is the same so far.
            Look::Is(_) if transfer.recording == Recording::Growing => continue,
            Look::Is(proof) => {
                transfer.key = key;
                drive.set_facts(transfer).await?;
                if by == By::Object {
                    give_up(&drive.core, drive.id, None);
                }
                return Ok(Some(proof));
            }
        }
        if whose == Whose::Shared {
            return Err(Stop::Wait(Why::Elsewhere, is_sent_elsewhere()));
        }
        if whose == Whose::Theirs || !drive.core.live().claim(transfer.id, &transfer.bucket, &key) {
            continue;
        }
        transfer.key = key;
        drive.set_facts(transfer).await?;
        if by == By::Object {
            give_up(&drive.core, drive.id, Some(transfer.key.clone()));
        }
        return Ok(None);
    }
    Err(Stop::Fail(Error::new(
        Code::BadInput,
        "The bucket holds too many clips of this name. Rename the file, then add it again.",
    )))
}

/// What has a key.
enum Look {
    Free,
    Taken,
    /// This very clip.
    Is(Proof),
}

/// `there`: what the bucket said of the key.
async fn look(
    drive: &Drive,
    transfer: &mut Transfer,
    key: &str,
    there: Answer<Object>,
    whole: &mut Whole<'_>,
) -> Driven<Look> {
    match there {
        Err(refusal) if refusal.class == Class::NoObject => {}
        // Keys that may put but not look: Complete's condition still guards.
        Err(refusal) if refusal.error.code == Code::AccessDenied => {}
        Err(refusal) => return Err(refusal.into()),
        Ok(object) => {
            let Some(kept) = object.checksum.filter(|_| object.size == transfer.size) else { return Ok(Look::Taken) };
            if !whole.is(kept.algorithm, &kept.value).await? {
                return Ok(Look::Taken);
            }
            let algorithm = kept.algorithm.name().to_owned();
            drive.became(Became { version: object.version, etag: Some(object.etag), crc: None });
            return Ok(Look::Is(Proof::WholeObject { algorithm, checksum: kept.value }));
        }
    }
    match second::elsewhere(&drive.core, transfer, key).await? {
        Elsewhere::Free => Ok(Look::Free),
        Elsewhere::Taken => Ok(Look::Taken),
        Elsewhere::Has { algorithm, checksum } => {
            let is_same = match Algorithm::named(&algorithm) {
                Some(algorithm) => whole.is(algorithm, &checksum).await?,
                None => false,
            };
            if !is_same {
                return Ok(Look::Taken);
            }
            if profile::of_second(&transfer.profile).is_none() {
                return Ok(Look::Free);
            }
            second::come_home(&drive.core, transfer).await?;
            Ok(Look::Is(Proof::WholeObject { algorithm, checksum }))
        }
    }
}

/// Once the key is claimed: whether nothing was put there in the moment before. Errors with [`Stop::Anew`] where it was.
pub(super) async fn still_free(drive: &Drive, transfer: &Transfer) -> Driven<()> {
    match drive.head(Direction::Up, transfer, &transfer.key).await? {
        Ok(_) => Err(Stop::Anew),
        // Complete's condition still guards.
        Err(_) => Ok(()),
    }
}

/// Whether the key may be ours: claimed by us, or by nobody where nobody can.
async fn claimed(drive: &Drive, transfer: &Transfer, key: &str, content: Option<&Content>) -> Driven<Whose> {
    // Another of our transfers has it: it would only be asked for at the bucket.
    if drive.core.is_claimed(&transfer.bucket, key, transfer.id) {
        return Ok(Whose::Theirs);
    }
    take(drive, transfer, key, content).await
}

/// What a file from a watch folder is, as its claim says it. Read once, unless the file is another by then.
async fn content_of(drive: &Drive, transfer: &Transfer, source: &Source) -> Driven<Option<Content>> {
    // What is written still will be another by its end.
    if transfer.folder.is_none() || transfer.recording == Recording::Growing {
        return Ok(None);
    }
    let known = drive.core.with(drive.id, |one| one.whole.clone())?;
    let crc64nvme = match known.filter(|(look, _)| *look == source.look) {
        Some((_, known)) => known,
        None => source.whole_checksum(Algorithm::Crc64Nvme).await?.value,
    };
    let whole = (source.look, crc64nvme.clone());
    drive.core.with(drive.id, |one| one.whole = Some(whole))?;
    Ok(Some(Content { size: source.look.size, crc64nvme }))
}

fn is_sent_elsewhere() -> Error {
    Error::new(
        Code::Busy,
        "Another computer that watches the same files is sending this clip. It ends here when it is in the bucket there.",
    )
}

/// The transfer goes on: its claim is renewed where it has grown old. Where somebody has taken it over meanwhile, what was
/// sent is given up, and it begins again under the next free name.
pub(super) async fn keep(drive: &Drive, transfer: &Transfer, source: &Source) -> Driven<()> {
    let (id, bucket, key) = (drive.id, transfer.bucket.clone(), transfer.key.clone());
    let known = drive.core.journal.read(move |c| claims::claim_of(c, id, &bucket, &key)).await?;
    match known {
        Some(known) if !is_fresh(&known, spans(transfer.folder.is_some()).1) => {
            let content = content_of(drive, transfer, source).await?;
            match take(drive, transfer, &transfer.key, content.as_ref()).await? {
                Whose::Theirs | Whose::Shared => Err(Stop::Anew),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Keeps the claim of a file from a watch folder young for as long as its parts go up. Ends only where it is lost.
pub(super) async fn hold(drive: &Drive, transfer: &Transfer, source: &Source) -> Stop {
    loop {
        if transfer.folder.is_none() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(WATCHED_RENEWED_MS.unsigned_abs())).await;
        match keep(drive, transfer, source).await {
            Err(lost @ Stop::Anew) => return lost,
            // The next time, then: the claim holds for longer than that.
            Err(stop) => tracing::debug!(stop = stop.word(), "a claim is not renewed yet"),
            Ok(()) => {}
        }
    }
}

/// For how long a claim holds, and how old it gets before it is renewed.
fn spans(is_watched: bool) -> (i64, i64) {
    if is_watched { (WATCHED_HOLDS_MS, WATCHED_RENEWED_MS) } else { (HOLDS_MS, RENEWED_MS) }
}

/// Claims a key, or finds out whose it is. In the journal before it is in the bucket.
async fn take(drive: &Drive, transfer: &Transfer, key: &str, content: Option<&Content>) -> Driven<Whose> {
    let Some(at) = keys::claim_of(key) else { return Ok(Whose::Nobodys) };
    let store = drive.upload_store(transfer)?;
    let (of, wanted, token) = (transfer.clone(), key.to_owned(), format!("{:016x}", rand::random::<u64>()));
    let claim = drive.core.journal.write(move |c| claims::want(c, &of, &wanted, &token)).await?;
    let installation = drive.core.home.installation()?;
    let said = || said(&installation, &claim.token, content, clock::now());
    let renewed_ms = spans(content.is_some()).1;
    for _ in 0..TRIES {
        match store.put_own(&at, said()?, Only::New).await {
            Ok(()) => return held(drive, &claim).await,
            Err(refusal) if refusal.class == Class::Condition => {}
            Err(refusal) if goes_without(&refusal) => {
                tracing::debug!(key = %Mark(key), error = %refusal.error, "claims cannot be made here");
                drive.core.journal.note(move |c| claims::gone(c, claim.id));
                return Ok(Whose::Nobodys);
            }
            Err(refusal) => return Err(refusal.into()),
        }
        let there = match store.get_own(&at).await {
            Ok(there) => there,
            // Gone in this moment.
            Err(refusal) if refusal.class == Class::NoObject => continue,
            Err(refusal) if goes_without(&refusal) => return Ok(theirs(drive, claim)),
            Err(refusal) => return Err(refusal.into()),
        };
        let owner = serde_json::from_slice::<Said>(&there.body).ok();
        let ours = owner.as_ref().filter(|said| said.installation == installation).map(|said| said.token.clone());
        let is_it = ours.as_ref() == Some(&claim.token);
        if is_it && there.age_ms.is_some_and(|age| (0..renewed_ms).contains(&age)) {
            return held(drive, &claim).await;
        }
        if !is_it && let Some(token) = ours {
            // Another transfer's of ours that ended: it is taken back first, and nobody else's with it.
            let over = drive.core.journal.read(move |c| claims::over_by_token(c, &token)).await?;
            if over.is_some() {
                sweep(&drive.core).await;
            }
            if over.is_none() && !is_over(owner.as_ref(), &there) {
                return Ok(theirs(drive, claim));
            }
        } else if !is_it && !is_over(owner.as_ref(), &there) {
            let is_shared = content.is_some() && owner.is_some_and(|said| said.content.as_ref() == content);
            let theirs = theirs(drive, claim);
            return Ok(if is_shared { Whose::Shared } else { theirs });
        }
        match store.put_own(&at, said()?, Only::Over { etag: &there.etag }).await {
            Ok(()) => return held(drive, &claim).await,
            Err(refusal) if matches!(refusal.class, Class::Condition | Class::NoObject) => {}
            Err(refusal) if goes_without(&refusal) && is_it => return held(drive, &claim).await,
            Err(refusal) if goes_without(&refusal) => return Ok(theirs(drive, claim)),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    // Many want this one.
    Ok(theirs(drive, claim))
}

async fn held(drive: &Drive, claim: &Claim) -> Driven<Whose> {
    let (id, now) = (claim.id, clock::now());
    drive.core.journal.write(move |c| claims::held(c, id, now)).await?;
    Ok(Whose::Ours)
}

fn theirs(drive: &Drive, claim: Claim) -> Whose {
    drive.core.journal.note(move |c| claims::gone(c, claim.id));
    Whose::Theirs
}

fn said(installation: &str, token: &str, content: Option<&Content>, now: UnixMs) -> Result<Vec<u8>> {
    let holds_ms = spans(content.is_some()).0;
    let moment = |ms| jiff::Timestamp::from_millisecond(ms).map(|moment| moment.to_string()).unwrap_or_default();
    let said = Said {
        installation: installation.to_owned(),
        token: token.to_owned(),
        made_at: moment(now),
        ends_at: moment(now + holds_ms),
        holds_seconds: holds_ms / 1000,
        content: content.cloned(),
    };
    serde_json::to_vec(&said).map_err(Error::internal)
}

/// Whether a claim has run out. What cannot be told, or read, holds for as long as ours do; nothing holds longer than four
/// times that, whatever it says.
fn is_over(said: Option<&Said>, there: &Own) -> bool {
    let holds = said.map_or(HOLDS_MS, |said| said.holds_seconds.saturating_mul(1000)).clamp(0, 4 * HOLDS_MS);
    there.age_ms.is_some_and(|age| age > holds)
}

/// The bucket said not so long ago that it is ours; a clock that was put back says nothing.
fn is_fresh(claim: &Claim, within: i64) -> bool {
    claim.held_at.is_some_and(|at| (0..within).contains(&(clock::now() - at)))
}

/// The store knows no such conditions, or these keys may not write there: all is as it was before there were claims.
fn goes_without(refusal: &Refusal) -> bool {
    let code = refusal.error.code;
    refusal.class == Class::Unsupported
        || code == Code::AccessDenied
        || (refusal.class == Class::Fail && code == Code::StoreRefused)
}

/// The transfer needs its claims no more, but for one key's: they are taken back apart from all else.
pub(super) fn give_up(core: &Arc<Core>, transfer: TransferId, but: Option<String>) {
    core.journal.note(move |c| claims::give_up(c, transfer, but.as_deref()));
    let core = core.clone();
    tokio::spawn(async move { sweep(&core).await });
}

/// Takes back every claim that nobody needs any more. One that cannot be reached now is tried at the next sweep.
pub(super) async fn sweep(core: &Core) {
    // One after the other: a deletion that is under way must not hit what is written after it.
    let _alone = core.claims.lock().await;
    let Ok(over) = core.journal.read(claims::over).await else { return };
    for claim in over {
        let id = claim.id;
        match take_back(core, &claim).await {
            Ok(()) => core.journal.note(move |c| claims::gone(c, id)),
            Err(refusal) if goes_without(&refusal) => core.journal.note(move |c| claims::left(c, id)),
            Err(refusal) => {
                tracing::info!(key = %Mark(&claim.key), error = %refusal.error, "a claim is still to be deleted")
            }
        }
    }
}

async fn take_back(core: &Core, claim: &Claim) -> std::result::Result<(), Refusal> {
    let Some(at) = keys::claim_of(&claim.key) else { return Ok(()) };
    let Ok(store) = core.store(&claim.profile) else { return Ok(()) };
    // Shorter than any claim holds.
    if !is_fresh(claim, WATCHED_HOLDS_MS / 2) && !is_still_ours(&store, &at, claim).await? {
        return Ok(());
    }
    store.delete_own(&at).await
}

/// An old one may have been taken over, and one whose answer was not heard may be somebody else's.
async fn is_still_ours(store: &Store, at: &str, claim: &Claim) -> std::result::Result<bool, Refusal> {
    match store.get_own(at).await {
        Ok(there) => Ok(serde_json::from_slice::<Said>(&there.body).is_ok_and(|said| said.token == claim.token)),
        Err(refusal) if refusal.class == Class::NoObject => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

/// Checksums of the whole source, each computed once.
struct Whole<'a> {
    source: &'a Source,
    known: Vec<(Algorithm, String)>,
}

impl Whole<'_> {
    async fn is(&mut self, algorithm: Algorithm, value: &str) -> Result<bool> {
        if !self.known.iter().any(|(known, _)| *known == algorithm) {
            self.known.push((algorithm, self.source.whole_checksum(algorithm).await?.value));
        }
        Ok(self.known.iter().any(|(known, own)| *known == algorithm && own == value))
    }
}
