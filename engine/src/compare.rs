//! "Test now": what each of a profile's lanes carries at this place, found by a small download over one after the other.
//! It shows, and keeps what it showed: what is chosen goes by what transfers measure, never by this. Nothing is put into
//! the bucket.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use tokio::sync::Mutex as AsyncMutex;

use crate::api::{Clip, LaneTest, RouteTest};
use crate::clock;
use crate::core::Core;
use crate::error::{Code, Error, Result};
use crate::journal::settings;
use crate::lane::{self, Lane};
use crate::parts::Part;
use crate::s3::{Answer, Range};

/// How much is read over a lane at most, and for how long.
const MOST: u64 = 8 << 20;
const LONGEST: Duration = Duration::from_secs(2);
/// Requests at a time, as transfers have several.
const STREAMS: u64 = 4;
/// What is smaller says nothing of a rate.
const LEAST: u64 = 1 << 20;
/// For an answer to begin: a far office over satellite connects within three seconds.
const ANSWERS: Duration = Duration::from_secs(8);
/// Somebody pays for its bytes.
const METERED: &str = "Metered: only breaking clips go through it, so it is not tested.";
const LOOK: Duration = Duration::from_millis(50);
/// A key that nobody has: the answer that there is no such object takes as long as any.
const NOBODYS: &str = "rushes-looks-how-long-an-answer-takes";
/// The setting with the last tests, by profile, and how many of each.
const TESTS: &str = "route tests";
const KEPT: usize = 50;

/// The test under way.
#[derive(Debug, Default)]
pub(crate) struct Comparing {
    one_at_a_time: AsyncMutex<()>,
    /// The lane, and bytes a second just now.
    now: Mutex<Option<(u32, u64)>>,
}

impl Comparing {
    /// Bytes a second, where the lane is being tested just now.
    pub(crate) fn rate_of(&self, lane: u32) -> Option<u64> {
        let now = *self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.filter(|(tested, _)| *tested == lane).map(|(_, rate)| rate)
    }

    fn show(&self, now: Option<(u32, u64)>) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

/// Whoever asked may leave in the middle.
struct Shown<'a>(&'a Comparing);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.0.show(None);
    }
}

impl Core {
    pub(crate) async fn test_routes(&self, profile: &str) -> Result<RouteTest> {
        let Ok(_alone) = self.comparing.one_at_a_time.try_lock() else {
            return Err(Error::new(Code::BadInput, "The routes are being tested already. Wait for the result."));
        };
        self.refuse_beside_transfers()?;
        let lanes = self.lanes_of(profile)?;
        let _shown = Shown(&self.comparing);
        let metered = self.metered_lanes();
        let is_free = |lane: &&Arc<Lane>| lane.route.can.get && !metered.contains(&lane.id);
        let (sample, note) =
            if lanes.iter().any(|lane| is_free(&lane)) { self.sample(profile, &lanes).await } else { (None, None) };
        let mut tested = Vec::new();
        for lane in lanes.iter().filter(|lane| lane.route.can.get) {
            if metered.contains(&lane.id) {
                tested.push(LaneTest { trouble: Some(METERED.to_owned()), ..self.untested(lane) });
                continue;
            }
            self.comparing.show(Some((lane.id, 0)));
            tested.push(self.try_lane(lane, sample.as_ref()).await);
            self.refuse_beside_transfers()?;
        }
        // The first one goes by the network that the system prefers, and has just been there.
        let network = lanes.first().map_or_else(String::new, |lane| self.uplink_of(lane));
        let test = RouteTest { at: clock::now(), network, lanes: tested, note };
        self.keep_test(profile, test.clone()).await?;
        Ok(test)
    }

    pub(crate) async fn route_tests(&self, profile: &str) -> Result<Vec<RouteTest>> {
        Ok(self.all_tests().await?.remove(profile).unwrap_or_default())
    }

    async fn all_tests(&self) -> Result<BTreeMap<String, Vec<RouteTest>>> {
        Ok(self.journal.read(|c| settings::setting(c, TESTS)).await?.unwrap_or_default())
    }

    /// The newest first. What is kept of a newsroom goes with it.
    async fn keep_test(&self, profile: &str, test: RouteTest) -> Result<()> {
        let mut all = self.all_tests().await?;
        all.retain(|name, _| self.profile(Some(name)).is_ok());
        let own = all.entry(profile.to_owned()).or_default();
        own.insert(0, test);
        own.truncate(KEPT);
        self.journal.write(move |c| settings::set_setting(c, TESTS, &all)).await
    }

    /// It would take from them, and they would spoil it.
    fn refuse_beside_transfers(&self) -> Result<()> {
        if !self.in_flight() {
            return Ok(());
        }
        let sentence =
            "Transfers are on their way, and a test would take from them. Test the routes when nothing moves.";
        Err(Error::new(Code::BadInput, sentence))
    }

    /// A clip to read from: the newest that is large enough, or else the largest of those that one listing brings. Where
    /// there is none, why.
    async fn sample(&self, profile: &str, lanes: &[Arc<Lane>]) -> (Option<Clip>, Option<String>) {
        let only = "Only connecting and the first byte were measured";
        let listed = match lane::control(profile, lanes).and_then(|control| control.store()) {
            Ok(store) => tokio::time::timeout(ANSWERS, store.list_all()).await,
            Err(error) => return (None, Some(format!("{only}. {}", error.message))),
        };
        let clips = match listed {
            Ok(Ok((listing, _))) => listing.clips,
            Ok(Err(refusal)) => return (None, Some(format!("{only}. {}", refusal.error.message))),
            Err(_) => return (None, Some(format!("{only}: the bucket did not answer in time."))),
        };
        let sample = best(clips);
        let note =
            sample.is_none().then(|| format!("{only}: there is no clip in the bucket that is large enough to read."));
        (sample, note)
    }

    async fn try_lane(&self, lane: &Lane, sample: Option<&Clip>) -> LaneTest {
        let before = lane.wire.figures();
        lane.wire.open_anew();
        let first = tokio::time::timeout(ANSWERS, first_byte(lane, sample)).await;
        let seen = lane.wire.figures();
        let mut test = LaneTest {
            connect_ms: seen.connect.since(before.connect).map(millis),
            first_byte_ms: seen.first_byte.since(before.first_byte).map(millis),
            ..self.untested(lane)
        };
        test.trouble = match (first, sample) {
            (Err(_), _) => Some(format!("It did not answer within {} s.", ANSWERS.as_secs())),
            (Ok(Some(trouble)), _) => Some(trouble),
            (Ok(None), None) => None,
            (Ok(None), Some(sample)) => {
                let read = Reading::default();
                let trouble = self.read(lane, sample, &read).await;
                (test.bytes, test.rate) = (read.bytes(), read.rate());
                trouble
            }
        };
        test
    }

    fn untested(&self, lane: &Lane) -> LaneTest {
        LaneTest {
            lane: lane.id,
            uplink: self.uplink_of(lane),
            kind: lane.route.kind,
            route: lane.route.kind.label().to_owned(),
            connect_ms: None,
            first_byte_ms: None,
            rate: None,
            bytes: 0,
            trouble: None,
        }
    }

    /// Reads for as long as it may. Answers with what was wrong.
    async fn read(&self, lane: &Lane, sample: &Clip, read: &Reading) -> Option<String> {
        let began = Instant::now();
        let long_enough = async {
            loop {
                tokio::time::sleep(LOOK).await;
                self.comparing.show(Some((lane.id, read.rate().unwrap_or(0))));
                match read.first.get() {
                    _ if self.in_flight() => return None,
                    Some(first) if first.elapsed() >= LONGEST => return None,
                    None if began.elapsed() >= ANSWERS => return Some("No byte came in time.".to_owned()),
                    _ => {}
                }
            }
        };
        let streams = ranges(sample.size).into_iter().map(|range| async move {
            let mut body = get(lane, sample, range).await.map_err(|refusal| refusal.error.message)?;
            while let Some(piece) = body.next().await {
                read.note(piece.map_err(|refusal| refusal.error.message)?.len());
            }
            std::result::Result::<(), String>::Ok(())
        });
        tokio::select! {
            all = try_join_all(streams) => all.err(),
            ended = long_enough => ended,
        }
    }
}

/// The one kind of request that a test makes.
async fn get(lane: &Lane, clip: &Clip, range: Part) -> Answer<Range> {
    lane.get(&clip.key, &clip.etag, range).await
}

/// One answer over a connection that is opened for it. Answers with what was wrong.
async fn first_byte(lane: &Lane, sample: Option<&Clip>) -> Option<String> {
    let byte = Part { number: 1, offset: 0, length: 1 };
    let refusal = match sample {
        Some(sample) => match get(lane, sample, byte).await {
            // To its end, so that the connection can go on.
            Ok(mut body) => body.next().await?.err()?,
            Err(refusal) => refusal,
        },
        None => {
            let nobodys = Clip::new(NOBODYS.to_owned(), 1, 0, "\"0\"".to_owned());
            // Any answer will do.
            get(lane, &nobodys, byte).await.err().filter(|refusal| refusal.status.is_none())?
        }
    };
    Some(refusal.error.message)
}

/// The newest that is as large as is read, or else the largest.
fn best(mut clips: Vec<Clip>) -> Option<Clip> {
    clips.retain(|clip| clip.size >= LEAST && !clip.etag.is_empty());
    clips.into_iter().max_by_key(|clip| (clip.size.min(MOST), clip.modified))
}

/// The beginning of a clip, in as many ranges as are asked for at a time.
fn ranges(size: u64) -> Vec<Part> {
    let each = size.min(MOST) / STREAMS;
    (0..STREAMS).map(|i| Part { number: i as u32 + 1, offset: i * each, length: each }).collect()
}

/// What has come of a lane's ranges.
#[derive(Default)]
struct Reading {
    /// When the first bytes came, and how many those were: they took the way, not the time.
    first: OnceLock<Instant>,
    head: AtomicU64,
    bytes: AtomicU64,
    /// Microseconds from the first to the last.
    last: AtomicU64,
}

impl Reading {
    fn note(&self, bytes: usize) {
        let bytes = bytes as u64;
        let now = Instant::now();
        let first = *self.first.get_or_init(|| {
            self.head.store(bytes, Ordering::Relaxed);
            now
        });
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.last.fetch_max((now - first).as_micros() as u64, Ordering::Relaxed);
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes a second, once there is a span to tell it by.
    fn rate(&self) -> Option<u64> {
        let span = self.last.load(Ordering::Relaxed);
        let bytes = self.bytes().saturating_sub(self.head.load(Ordering::Relaxed));
        (span > 0 && bytes > 0).then(|| (bytes as f64 * 1e6 / span as f64) as u64)
    }
}

fn millis(span: Duration) -> u32 {
    span.as_millis().try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(name: &str, size: u64, modified: i64) -> Clip {
        Clip::new(name.to_owned(), size, modified, "\"e\"".to_owned())
    }

    #[test]
    fn the_newest_clip_that_is_large_enough_is_read_or_else_the_largest() {
        let names = |clips: Vec<Clip>| best(clips).map(|clip| clip.key);
        let all = vec![clip("old", 90 << 20, 1), clip("new", 80 << 20, 2), clip("small", 2 << 20, 3)];
        assert_eq!(names(all), Some("new".into()));
        assert_eq!(names(vec![clip("a", 2 << 20, 9), clip("b", 3 << 20, 1)]), Some("b".into()));
        assert_eq!(names(vec![clip("a", LEAST - 1, 9)]), None);
    }

    #[test]
    fn what_is_read_never_goes_past_the_clip_or_what_a_test_may_cost() {
        for size in [LEAST, LEAST + 3, MOST - 1, MOST, 90 << 20] {
            let ranges = ranges(size);
            let end = ranges.iter().map(|range| range.offset + range.length).max().unwrap();
            assert!(end <= size.min(MOST) && end > size.min(MOST) - STREAMS, "{size}: {end}");
            assert!(ranges.windows(2).all(|two| two[0].offset + two[0].length == two[1].offset));
        }
    }
}
