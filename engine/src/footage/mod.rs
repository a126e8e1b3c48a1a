//! What is known of the bucket in use: listed now and then, held in memory, newest first. Tells of clips that other
//! offices sent. A first version: it holds a bounded number of keys and knows no more than a listing says. How a bucket whose
//! keys are spread over prefixes is listed as one tree is in `tree`.

mod tree;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::api::{About, Clip, ClipDetails, FootagePage, FootageQuery, Listing, StoredChecksum};
use crate::clock;
use crate::core::Core;
use crate::error::{Code, Error, Result};
use crate::journal::clips;
use crate::profile::Profile;
use crate::rights::action;
use crate::transfer::{Direction, UnixMs};

/// The most clips that this version holds.
const MOST_CLIPS: usize = 50_000;
const MOST_PER_PAGE: u32 = 1_000;
/// Between two looks at least.
const INTERVAL: Duration = Duration::from_secs(60);
/// And at least this many times what a look takes: a large bucket is not listed all day.
const INTERVAL_FACTOR: u32 = 30;
/// Whoever asked for a page this long ago may still be looking at it.
const ASKED: Duration = Duration::from_secs(10 * 60);
/// Clips named one by one in a notice.
const NAMED: usize = 1;

pub(crate) struct Footage {
    core: Arc<Core>,
    known: Mutex<Known>,
    again: Notify,
    /// When somebody last asked for a page.
    asked: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Known {
    profile: String,
    /// Newest first.
    clips: Vec<Clip>,
    as_of: Option<UnixMs>,
    partial: bool,
    trouble: Option<Error>,
}

/// A look at the bucket.
struct Listed {
    /// Newest first.
    clips: Vec<Clip>,
    partial: bool,
    /// These keys may not see all of it.
    narrowed: Option<Error>,
}

/// Always in the same words, so that it is news once.
fn own_alone(prefix: &str) -> Error {
    let message = format!(
        "Your keys may list {prefix} and nothing else, so other bureaus' footage is not shown. Uploads go on as ever."
    );
    Error::new(Code::AccessDenied, message).because(format!("{} is refused without a prefix", action::LIST))
}

impl Footage {
    pub(crate) fn new(core: Arc<Core>) -> Footage {
        Footage { core, known: Mutex::default(), again: Notify::new(), asked: Mutex::default() }
    }

    /// Another profile is in use, or the user asks: look now.
    pub(crate) fn look_soon(&self) {
        self.again.notify_one();
    }

    pub(crate) fn page(&self, query: &FootageQuery) -> FootagePage {
        let before = self.asked.lock().unwrap_or_else(PoisonError::into_inner).replace(Instant::now());
        if before.is_none_or(|at| at.elapsed() > ASKED) {
            self.look_soon();
        }
        let words: Vec<String> = query.text.split_whitespace().map(str::to_lowercase).collect();
        let known = self.locked();
        let matches = |clip: &&Clip| {
            query.since.is_none_or(|since| clip.modified >= since) && {
                let shown = clip.shown.to_lowercase();
                words.iter().all(|word| shown.contains(word))
            }
        };
        let matching: Vec<&Clip> = known.clips.iter().filter(matches).collect();
        let bureaus: HashSet<&str> = known.clips.iter().map(|c| c.bureau.as_str()).filter(|b| !b.is_empty()).collect();
        FootagePage {
            matching: matching.len() as u32,
            clips: matching
                .into_iter()
                .skip(query.offset as usize)
                .take(query.limit.min(MOST_PER_PAGE) as usize)
                .cloned()
                .collect(),
            total: known.clips.len() as u32,
            bureaus: bureaus.len() as u32,
            as_of: known.as_of,
            partial: known.partial,
            trouble: known.trouble.clone(),
        }
    }

    /// Lists the bucket in use.
    pub(crate) async fn look(&self) -> Result<()> {
        let profile = self.core.profile(None)?;
        let listed = self.listed(&profile).await;
        let Listed { clips, partial, narrowed } = match listed {
            Ok(listed) => listed,
            Err(error) => {
                let mut known = self.locked();
                if known.profile != profile.name {
                    *known = Known { profile: profile.name.clone(), ..Known::default() };
                }
                let news = known.trouble.as_ref() != Some(&error);
                known.trouble = Some(error.clone());
                drop(known);
                if news {
                    self.core.board.footage_changed();
                    self.core.board.show();
                }
                return Err(error);
            }
        };
        self.tell_of_new(&profile.name, &clips).await?;
        let changed = {
            let mut known = self.locked();
            let same = known.profile == profile.name && known.clips == clips && known.trouble == narrowed;
            *known = Known { profile: profile.name, clips, as_of: Some(clock::now()), partial, trouble: narrowed };
            !same
        };
        if changed {
            self.core.board.footage_changed();
            self.core.board.show();
        }
        Ok(())
    }

    async fn listed(&self, profile: &Profile) -> Result<Listed> {
        let store = self.core.store(&profile.name)?;
        let spread = profile.spread();
        let (first, prefix) = store.list_all().await.map_err(|refusal| refusal.error)?;
        let mut clips: Vec<Clip> = first.clips.into_iter().map(|clip| clip.shown_by(spread)).collect();
        let mut more = first.more;
        while more && clips.len() < MOST_CLIPS {
            let after = clips.last().map(|clip| clip.key.clone());
            let page = store.list(prefix, after.as_deref()).await.map_err(|refusal| refusal.error)?;
            more = page.more && !page.clips.is_empty();
            clips.extend(page.clips.into_iter().map(|clip| clip.shown_by(spread)));
        }
        // Folder markers are no clips.
        clips.retain(|clip| !clip.key.ends_with('/'));
        clips.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.key.cmp(&b.key)));
        let narrowed = (!prefix.is_empty()).then(|| own_alone(prefix));
        Ok(Listed { clips, partial: more, narrowed })
    }

    /// New since the last look and not sent from here. The first look at a bucket is no news.
    async fn tell_of_new(&self, profile: &str, clips: &[Clip]) -> Result<()> {
        let name = profile.to_owned();
        let known = self.core.journal.read(move |c| clips::known_clips(c, &name)).await?;
        let first = known.is_empty();
        let known: HashSet<String> = known.into_iter().collect();
        let new: Vec<&Clip> = clips.iter().filter(|clip| !known.contains(&clip.key)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let ours: HashSet<String> = {
            let live = self.core.live();
            let up = live.all().filter(|one| one.transfer.direction == Direction::Up);
            up.map(|one| one.transfer.key.clone()).collect()
        };
        let theirs: Vec<&&Clip> = new.iter().filter(|clip| !ours.contains(&clip.key)).collect();
        if !first && !theirs.is_empty() {
            let body = if theirs.len() > NAMED {
                format!("{} new clips are in the bucket.", theirs.len())
            } else {
                let clip = theirs[0];
                let from = if clip.bureau.is_empty() { String::new() } else { format!("{}: ", clip.bureau) };
                format!("{from}{} is in the bucket.", clip.name)
            };
            self.core.board.tell(About::NewFootage, "New footage".into(), body);
        }
        let (name, keys) = (profile.to_owned(), new.into_iter().map(|clip| clip.key.clone()).collect::<Vec<_>>());
        self.core.journal.write(move |c| clips::know_clips(c, &name, &keys)).await
    }

    pub(crate) async fn details(&self, key: &str) -> Result<ClipDetails> {
        let profile = self.core.profile(None)?;
        let store = self.core.store(&profile.name)?;
        let object = store.head(key).await.map_err(|refusal| refusal.error)?;
        let said = |name: &str| {
            let value = object.metadata.get(name)?;
            Some(percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
        };
        Ok(ClipDetails {
            original_name: said("rushes-name"),
            slug: said("rushes-slug"),
            clip: Clip::new(key.to_owned(), object.size, object.modified, object.etag).shown_by(profile.spread()),
            content_type: object.content_type,
            storage_class: object.storage_class,
            checksum: object
                .checksum
                .map(|c| StoredChecksum { algorithm: c.algorithm.name().to_owned(), value: c.value }),
        })
    }

    /// A thousand keys after one, straight from the bucket; where keys are spread, in the order in which they are shown.
    pub(crate) async fn list(&self, profile: Option<&str>, prefix: &str, after: Option<&str>) -> Result<Listing> {
        let profile = self.core.profile(profile)?;
        let store = self.core.store(&profile.name)?;
        let listed = match profile.spread() {
            Some(spread) => tree::list(&store, spread, prefix, after).await,
            None => store.list(prefix, after).await,
        };
        let listing = listed.map_err(|refusal| refusal.error)?;
        if profile.routes.replica.is_some() {
            let keys: Vec<String> = listing.clips.iter().map(|clip| clip.key.clone()).collect();
            self.core.journal.note(move |c| clips::hear_of_clips(c, &profile.name, &keys));
        }
        Ok(listing)
    }

    fn locked(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `shown`: somebody looks at it all the time. Otherwise it is listed for as long as it is asked for.
pub(crate) async fn look_now_and_then(footage: Arc<Footage>, shown: bool) {
    loop {
        let begun = Instant::now();
        let asked =
            || footage.asked.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < ASKED);
        if (shown || asked()) && footage.core.profile(None).is_ok() {
            // What went wrong stands on the page.
            let _ = footage.look().await;
        }
        let pause = INTERVAL.max(begun.elapsed() * INTERVAL_FACTOR);
        tokio::select! {
            () = footage.core.closing.cancelled() => return,
            () = footage.again.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
