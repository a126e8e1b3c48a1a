//! A bucket whose keys are spread over prefixes, listed as one tree: in the order of the keys as they are shown, whatever
//! shard each is in. Nothing is remembered between two stretches: the last key of one says where the next begins. That wants a
//! store that lists keys in the order of their bytes, as S3 does.

use std::collections::VecDeque;

use futures::future::try_join_all;

use crate::api::{Clip, Listing};
use crate::keys::{Spread, behind, is_shard, shards_in};
use crate::s3::{Answer, Store, Wanted};

/// In a stretch, and a few more where some are shown alike.
const MOST: usize = 1_000;
/// Asked of each shard beyond its share of a stretch, since shards are never quite alike.
const SPARE: usize = 40;

/// Up to a thousand clips after one, by the order in which they are shown. A prefix that names a shard is of that one alone.
pub(super) async fn list(store: &Store, spread: Spread, prefix: &str, after: Option<&str>) -> Answer<Listing> {
    if let Some((head, tail)) = spread.head(prefix) {
        if tail.split_once('/').is_some_and(|(first, _)| is_shard(first)) {
            let Listing { clips, more } = store.list(prefix, after).await?;
            return Ok(Listing { clips: clips.into_iter().map(|clip| clip.shown_by(Some(spread))).collect(), more });
        }
        return Merge::begin(store, spread, head, tail, after).await?.stretch(MOST).await;
    }
    above(store, spread, prefix, after).await
}

/// Of a prefix that is not as deep as shards are: one bureau after the other.
async fn above(store: &Store, spread: Spread, prefix: &str, after: Option<&str>) -> Answer<Listing> {
    let mut clips: Vec<Clip> = Vec::new();
    let mut at = after.map(str::to_owned);
    if let Some((head, _)) = after.and_then(|after| spread.head(after)) {
        let rest = Merge::begin(store, spread, head, "", after).await?.stretch(MOST).await?;
        clips = rest.clips;
        if rest.more {
            return Ok(Listing { clips, more: true });
        }
        at = Some(behind(head));
    }
    while clips.len() < MOST {
        let page = store.page(Wanted { prefix, after: at.as_deref(), ..Wanted::default() }).await?;
        let next = page.clips.iter().find_map(|clip| spread.head(&clip.key)).map(|(head, _)| head.to_owned());
        // What stands above the bureaus is in nobody's shard.
        let loose = page.clips.into_iter().take_while(|clip| spread.head(&clip.key).is_none());
        let loose: Vec<Clip> = loose.collect();
        at = loose.last().map(|clip| clip.key.clone()).or(at);
        clips.extend(loose);
        match next {
            Some(head) => {
                let left = MOST.saturating_sub(clips.len());
                let bureau = Merge::begin(store, spread, &head, "", None).await?.stretch(left).await?;
                clips.extend(bureau.clips);
                if bureau.more {
                    return Ok(Listing { clips, more: true });
                }
                at = Some(behind(&head));
            }
            None if page.more => {}
            None => return Ok(Listing { clips, more: false }),
        }
    }
    Ok(Listing { clips, more: true })
}

/// One bureau's shards side by side, and beside them what it sent before its keys were spread.
struct Merge<'a> {
    store: &'a Store,
    spread: Spread,
    sources: Vec<Source>,
}

/// One of them.
struct Source {
    prefix: String,
    /// Its own shards are other sources': it jumps over them.
    jumps: Option<Jump>,
    after: Option<String>,
    most: usize,
    ahead: VecDeque<Clip>,
    more: bool,
}

/// Over the folders of shards.
#[derive(Clone)]
enum Jump {
    /// Over all of them at once, since nothing else is among them: behind the last.
    All(String),
    Each,
}

impl<'a> Merge<'a> {
    async fn begin(store: &'a Store, spread: Spread, head: &str, tail: &str, after: Option<&str>) -> Answer<Merge<'a>> {
        let marked = shards_in(head);
        let there = store.page(Wanted { prefix: &marked, by_folder: true, ..Wanted::default() }).await?;
        let is_of_shard = |folder: &&String| is_shard(folder[head.len()..].trim_end_matches('/'));
        let shards: Vec<&String> = there.folders.iter().filter(is_of_shard).collect();
        let only_shards = shards.len() == there.folders.len() && there.clips.is_empty() && !there.more;
        let jumps = match shards.last() {
            Some(last) if only_shards => Jump::All(behind(last)),
            _ => Jump::Each,
        };
        let most = (MOST / (shards.len() + 1) + SPARE).min(MOST);
        // Shown keys after this one, in whichever source.
        let after = after.map(|after| spread.shown(after).into_owned());
        let begins = |folder: &str| -> Option<String> {
            let after = after.as_deref()?;
            match after.strip_prefix(head) {
                Some(rest) => Some(format!("{folder}{rest}")),
                None if after > head => Some(behind(folder)),
                None => None,
            }
        };
        let source = |folder: &str, jumps: Option<Jump>| Source {
            prefix: format!("{folder}{tail}"),
            jumps,
            after: begins(folder),
            most,
            ahead: VecDeque::new(),
            more: true,
        };
        let plain = source(head, Some(jumps));
        let sources = shards.into_iter().map(|shard| source(shard, None)).chain([plain]).collect();
        let mut merge = Merge { store, spread, sources };
        try_join_all(merge.sources.iter_mut().map(|source| source.fill(store, spread))).await?;
        Ok(merge)
    }

    /// The next clips. Those that are shown alike are never parted, so that the last one shown says where to go on.
    async fn stretch(mut self, most: usize) -> Answer<Listing> {
        let mut clips: Vec<Clip> = Vec::new();
        loop {
            let next = self.sources.iter().enumerate().filter_map(|(i, source)| Some((source.ahead.front()?, i)));
            let next = next.min_by(|(a, _), (b, _)| (&a.shown, &a.key).cmp(&(&b.shown, &b.key)));
            let Some((clip, i)) = next else { return Ok(Listing { clips, more: false }) };
            if clips.len() >= most && clips.last().is_none_or(|last| last.shown != clip.shown) {
                return Ok(Listing { clips, more: true });
            }
            let source = &mut self.sources[i];
            clips.extend(source.ahead.pop_front());
            source.fill(self.store, self.spread).await?;
        }
    }
}

impl Source {
    /// Has something ahead, unless it is at its end.
    async fn fill(&mut self, store: &Store, spread: Spread) -> Answer<()> {
        while self.ahead.is_empty() && self.more {
            let wanted = Wanted {
                prefix: &self.prefix,
                after: self.after.as_deref(),
                most: Some(self.most),
                ..Wanted::default()
            };
            let page = store.page(wanted).await?;
            self.more = page.more && !page.clips.is_empty();
            self.after = page.clips.last().map(|clip| clip.key.clone());
            if let (Some(jump), Some((head, shard, _))) =
                (&self.jumps, page.clips.last().and_then(|last| spread.split(&last.key)))
            {
                self.after = Some(match jump {
                    Jump::All(end) => end.clone(),
                    Jump::Each => behind(&format!("{head}{shard}/")),
                });
            }
            let is_mine = |clip: &Clip| self.jumps.is_none() || spread.split(&clip.key).is_none();
            self.ahead.extend(page.clips.into_iter().map(|clip| clip.shown_by(Some(spread))).filter(is_mine));
        }
        Ok(())
    }
}
