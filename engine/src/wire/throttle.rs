//! Keeps a lane within its limits: one bucket of tokens a direction, shared by the sockets that it holds for, which take
//! turns in small pieces. It is told what may pass and knows neither schedules nor transfers. Where there is no limit it
//! costs an atomic look.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::limit::Limits;

/// One turn is at most this many bytes: a TLS record. Under a low limit it is less, so that every socket's turn comes
/// around often.
const PIECE: u64 = 16 * 1024;
/// What may pass at once after a rest: this much time's worth, or one piece.
const BURST: Duration = Duration::from_millis(50);

/// Who is not the first looks this often whether the first has gone.
const LOOK: Duration = Duration::from_millis(200);

/// A lane's limits, by the uplink that a socket goes through: one that has figures of its own keeps to them, and all others
/// share the general ones.
#[derive(Debug, Default)]
pub(crate) struct Throttles {
    general: Arc<Throttle>,
    own: Mutex<HashMap<String, Arc<Throttle>>>,
    /// Grows when an uplink gets figures of its own or loses them: sockets look again for which hold for them.
    generation: AtomicU64,
}

/// Limits for those who share them.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    up: Arc<Bucket>,
    down: Arc<Bucket>,
}

#[derive(Debug, Default)]
struct Bucket {
    /// Looked at before anything else.
    limited: AtomicBool,
    state: Mutex<State>,
    /// Who takes turns, by number.
    next: AtomicU64,
}

#[derive(Debug)]
struct State {
    /// Bytes a second; 0 is no limit.
    rate: u64,
    tokens: f64,
    /// When `tokens` was right.
    at: Instant,
    /// In the order in which they asked. The first sleeps until there is enough, and wakes the next as it leaves.
    line: VecDeque<(u64, Waker)>,
}

impl Default for State {
    fn default() -> Self {
        State { rate: 0, tokens: 0.0, at: Instant::now(), line: VecDeque::new() }
    }
}

/// One socket's turns in one direction.
#[derive(Debug)]
pub(crate) struct Turns {
    bucket: Arc<Bucket>,
    number: u64,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Throttles {
    /// From now on, also for those who wait.
    pub(crate) fn set(&self, general: Limits, own: &HashMap<String, Limits>) {
        self.general.set(general);
        let mut known = self.locked();
        let before = known.len();
        known.retain(|uplink, throttle| {
            let stays = own.contains_key(uplink);
            if !stays {
                throttle.set(Limits::default());
            }
            stays
        });
        let mut others = known.len() != before;
        for (uplink, limits) in own {
            known
                .entry(uplink.clone())
                .or_insert_with(|| {
                    others = true;
                    Arc::default()
                })
                .set(*limits);
        }
        if others {
            self.generation.fetch_add(1, Ordering::AcqRel);
            // Whoever waits may be held by others from now on.
            self.general.up.wake_all();
            self.general.down.wake_all();
        }
    }

    /// What holds on this uplink, and in which generation.
    pub(crate) fn on(&self, uplink: &str) -> (u64, Arc<Throttle>) {
        let own = self.locked();
        (self.generation(), own.get(uplink).unwrap_or(&self.general).clone())
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Arc<Throttle>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Throttle {
    /// From now on, also for those who wait.
    fn set(&self, limits: Limits) {
        self.up.set(limits.up.unwrap_or(0));
        self.down.set(limits.down.unwrap_or(0));
    }

    pub(crate) fn up(&self) -> Turns {
        Turns::of(&self.up)
    }

    pub(crate) fn down(&self) -> Turns {
        Turns::of(&self.down)
    }
}

impl Bucket {
    fn set(&self, rate: u64) {
        let mut state = self.locked();
        if state.rate == rate {
            return;
        }
        state.refill();
        state.rate = rate;
        state.tokens = state.tokens.min(state.capacity());
        self.limited.store(rate > 0, Ordering::Release);
        drop(state);
        // How long they must sleep is another now.
        self.wake_all();
    }

    fn wake_all(&self) {
        self.locked().line.iter().for_each(|(_, waker)| waker.wake_by_ref());
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn capacity(&self) -> f64 {
        (self.rate as f64 * BURST.as_secs_f64()).max(PIECE as f64)
    }

    /// Bytes of one turn.
    fn piece(&self) -> u64 {
        (self.rate / 50).clamp(1024, PIECE)
    }

    fn refill(&mut self) {
        let now = Instant::now();
        let grown = self.rate as f64 * now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + grown).min(self.capacity());
        self.at = now;
    }

    fn leave(&mut self, number: u64) {
        if self.line.front().is_some_and(|(first, _)| *first == number) {
            self.line.pop_front();
            self.wake_first();
        } else {
            self.line.retain(|(waiting, _)| *waiting != number);
        }
    }

    fn wake_first(&self) {
        if let Some((_, waker)) = self.line.front() {
            waker.wake_by_ref();
        }
    }
}

impl Turns {
    fn of(bucket: &Arc<Bucket>) -> Turns {
        Turns { bucket: bucket.clone(), number: bucket.next.fetch_add(1, Ordering::Relaxed), sleep: None }
    }

    /// Whether there is a limit now.
    pub(crate) fn are_counted(&self) -> bool {
        self.bucket.limited.load(Ordering::Acquire)
    }

    /// Of `wanted` bytes, how many may pass now: at least one, unless none is wanted. What then does not pass is given
    /// back.
    pub(crate) fn poll_take(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<usize> {
        if !self.are_counted() {
            // Who stood in line when the limit went leaves it, or would be in the way of the next limit's.
            if self.sleep.take().is_some() {
                self.bucket.locked().leave(self.number);
            }
            return Poll::Ready(wanted);
        }
        let bucket = self.bucket.clone();
        let mut state = bucket.locked();
        loop {
            state.refill();
            let piece = (wanted as u64).min(state.piece());
            let first = state.line.front().is_none_or(|(first, _)| *first == self.number);
            if first && state.tokens >= piece as f64 {
                state.tokens -= piece as f64;
                state.leave(self.number);
                self.sleep = None;
                return Poll::Ready(piece as usize);
            }
            if !first && state.tokens >= state.capacity() {
                // The first was woken and did not come: its reader is slow, or has what it wants. It may join again.
                state.line.pop_front();
                continue;
            }
            match state.line.iter_mut().find(|(waiting, _)| *waiting == self.number) {
                Some((_, waker)) => waker.clone_from(cx.waker()),
                None => state.line.push_back((self.number, cx.waker().clone())),
            }
            let missing = (piece as f64 - state.tokens).max(1.0) / state.rate.max(1) as f64;
            let nap = if first { Duration::from_secs_f64(missing) } else { LOOK };
            let until = Instant::now() + nap.max(Duration::from_millis(1));
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
            sleep.as_mut().reset(until);
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// `unused` bytes of a turn did not pass.
    pub(crate) fn give_back(&self, unused: usize) {
        if unused == 0 || !self.are_counted() {
            return;
        }
        let mut state = self.bucket.locked();
        state.tokens = (state.tokens + unused as f64).min(state.capacity());
        state.wake_first();
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.bucket.locked().leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// What passes in this time, by each of `takers`.
    async fn pass(throttle: &Throttle, takers: usize, time: Duration) -> Vec<u64> {
        let until = Instant::now() + time;
        let takers = (0..takers).map(|_| {
            let mut turns = throttle.up();
            tokio::spawn(async move {
                let mut passed = 0u64;
                loop {
                    let taken = tokio::time::timeout_at(until, poll_fn(|cx| turns.poll_take(cx, 100_000))).await;
                    match taken {
                        Ok(n) => passed += n as u64,
                        Err(_) => return passed,
                    }
                }
            })
        });
        futures::future::join_all(takers).await.into_iter().map(Result::unwrap).collect()
    }

    fn limit(up: u64) -> Limits {
        Limits { up: Some(up), down: None }
    }

    #[tokio::test]
    async fn what_passes_is_the_rate_and_every_socket_has_its_share() {
        for rate in [40_000, 400_000, 4_000_000, 40_000_000] {
            let throttle = Throttle::default();
            throttle.set(limit(rate));
            let passed = pass(&throttle, 8, Duration::from_secs(2)).await;
            let all: u64 = passed.iter().sum();
            // The burst at the beginning is more than the rate; nothing else ever is. A busy machine may pass less.
            assert!(all <= rate * 2 + (rate / 20).max(PIECE) + PIECE, "{all} of {}", rate * 2);
            assert!(all >= rate * 3 / 2, "{all} of {}", rate * 2);
            let (least, most) = (passed.iter().min().unwrap(), passed.iter().max().unwrap());
            assert!(most - least <= rate / 20 + 3 * PIECE, "{passed:?}");
        }
    }

    #[tokio::test]
    async fn a_higher_limit_is_felt_at_once_by_those_who_wait() {
        let throttle = Arc::new(Throttle::default());
        throttle.set(limit(1_000));
        let mut turns = throttle.up();
        while tokio::time::timeout(Duration::from_millis(1), poll_fn(|cx| turns.poll_take(cx, 1024))).await.is_ok() {}
        let waiting = tokio::spawn({
            let mut turns = throttle.up();
            async move { poll_fn(|cx| turns.poll_take(cx, 100_000)).await }
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(!waiting.is_finished());
        let then = Instant::now();
        throttle.set(Limits::default());
        waiting.await.unwrap();
        assert!(then.elapsed() < Duration::from_millis(500), "{:?}", then.elapsed());
    }

    #[tokio::test]
    async fn what_is_given_back_passes_for_another() {
        let throttle = Throttle::default();
        throttle.set(limit(1_000));
        let mut turns = throttle.up();
        // The burst at the beginning, and with the next turn there is a wait of more than a second.
        while tokio::time::timeout(Duration::ZERO, poll_fn(|cx| turns.poll_take(cx, 1_000))).await.is_ok() {}
        turns.give_back(1_000);
        let given = tokio::time::timeout(Duration::from_millis(300), poll_fn(|cx| turns.poll_take(cx, 1_000))).await;
        assert_eq!(given, Ok(1_000));
    }

    #[tokio::test]
    async fn who_gives_up_is_not_in_the_way() {
        let throttle = Throttle::default();
        throttle.set(limit(100_000));
        let mut gone = throttle.up();
        while tokio::time::timeout(Duration::ZERO, poll_fn(|cx| gone.poll_take(cx, 16_000))).await.is_ok() {}
        drop(gone);
        let passed = pass(&throttle, 2, Duration::from_secs(1)).await;
        assert!(passed.iter().all(|n| *n > 25_000), "{passed:?}");
    }

    #[tokio::test]
    async fn who_stands_first_and_does_not_come_is_passed_by() {
        let throttle = Throttle::default();
        throttle.set(limit(100_000));
        let mut asleep = throttle.up();
        while tokio::time::timeout(Duration::ZERO, poll_fn(|cx| asleep.poll_take(cx, 16_000))).await.is_ok() {}
        let passed = pass(&throttle, 2, Duration::from_secs(2)).await;
        assert!(passed.iter().all(|n| *n > 25_000), "{passed:?}");
    }

    #[tokio::test]
    async fn without_a_limit_all_passes_at_once() {
        let throttle = Throttle::default();
        let then = Instant::now();
        assert_eq!(poll_fn(|cx| throttle.down().poll_take(cx, 1 << 30)).await, 1 << 30);
        assert!(then.elapsed() < Duration::from_millis(500));
    }
    #[tokio::test]
    async fn an_uplink_with_figures_of_its_own_keeps_to_them_and_the_others_share_the_general_ones() {
        let throttles = Throttles::default();
        let (before, general) = throttles.on("wwan0");
        throttles.set(limit(400_000), &HashMap::new());
        assert!(Arc::ptr_eq(&general, &throttles.on("wlan0").1));
        assert_eq!(throttles.generation(), before, "figures change without a word to the sockets");

        let mut waiting = general.up();
        while tokio::time::timeout(Duration::ZERO, poll_fn(|cx| waiting.poll_take(cx, 100_000))).await.is_ok() {}
        throttles.set(limit(400_000), &[("wwan0".to_owned(), limit(40_000))].into());
        assert!(throttles.generation() > before);
        let (_, own) = throttles.on("wwan0");
        let passed: u64 = pass(&own, 2, Duration::from_secs(2)).await.iter().sum();
        assert!((60_000..=120_000).contains(&passed), "{passed}");
        assert!(Arc::ptr_eq(&general, &throttles.on("wlan0").1));

        throttles.set(limit(400_000), &HashMap::new());
        assert!(Arc::ptr_eq(&general, &throttles.on("wwan0").1));
        assert!(!own.up().are_counted(), "nobody is left to wait by figures that are gone");
    }
}
