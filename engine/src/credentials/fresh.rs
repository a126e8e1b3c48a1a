//! Keys in use: held in memory, got anew before they run out, by one at a time however many ask. Knows nothing of where
//! they are from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use tokio::sync::Mutex as AsyncMutex;

use crate::error::Result;

/// What ends sooner is not signed with any more: a request may take a while to arrive.
const MARGIN: Duration = Duration::from_secs(10);
/// New ones are got this long ahead, or when a third of their time is left.
const AHEAD: Duration = Duration::from_secs(300);
/// What came just now is used, whatever this computer's clock makes of its end.
const JUST_NOW: Duration = Duration::from_secs(10);
/// So many refusals of what came just now may be of requests that were signed with what was before.
const STRAGGLERS: u32 = 200;

#[derive(Clone, Debug, Default)]
pub(super) struct Fresh(Arc<Mutex<HashMap<String, Arc<One>>>>);

#[derive(Debug, Default)]
struct One {
    held: Mutex<Option<Held>>,
    getting: AsyncMutex<()>,
}

#[derive(Clone, Debug)]
struct Held {
    credentials: Credentials,
    got: Instant,
    /// How long they held when they came, by this computer's clock.
    life: Option<Duration>,
    is_stale: bool,
    refused: u32,
}

impl Held {
    fn new(credentials: Credentials) -> Held {
        let life = left(&credentials);
        Held { credentials, got: Instant::now(), life, is_stale: false, refused: 0 }
    }

    fn is_usable(&self) -> bool {
        !self.is_stale && (self.got.elapsed() < JUST_NOW || left(&self.credentials).is_none_or(|left| left > MARGIN))
    }

    fn ends_soon(&self) -> bool {
        let ahead = self.life.map_or(AHEAD, |life| AHEAD.min(life / 3));
        self.got.elapsed() >= JUST_NOW && left(&self.credentials).is_some_and(|left| left < ahead)
    }
}

/// `None` where they do not end.
fn left(credentials: &Credentials) -> Option<Duration> {
    credentials.expiry().map(|end| end.duration_since(SystemTime::now()).unwrap_or_default())
}

impl Fresh {
    /// What is held, or what `get` brings. Where what is held ends soon it is used still, and new ones are got meanwhile.
    pub(super) async fn get<F>(&self, name: &str, get: impl FnOnce() -> F) -> Result<Credentials>
    where
        F: Future<Output = Result<Credentials>> + Send + 'static,
    {
        let one = self.one(name);
        if let Some(held) = one.held().clone().filter(Held::is_usable) {
            if held.ends_soon() && one.getting.try_lock().is_ok() {
                let (one, got) = (one.clone(), get());
                tokio::spawn(async move {
                    let Ok(_alone) = one.getting.try_lock() else { return };
                    match got.await {
                        Ok(credentials) => *one.held() = Some(Held::new(credentials)),
                        // They hold a little longer, and are asked for again.
                        Err(error) => tracing::info!(%error, "keys could not be renewed ahead of time"),
                    }
                });
            }
            return Ok(held.credentials);
        }
        let _alone = one.getting.lock().await;
        if let Some(held) = one.held().clone().filter(Held::is_usable) {
            return Ok(held.credentials);
        }
        let credentials = get().await?;
        *one.held() = Some(Held::new(credentials.clone()));
        Ok(credentials)
    }

    /// The store said that they have run out. Whether it makes sense to try again with new ones.
    pub(super) fn ran_out(&self, name: &str) -> bool {
        let one = self.one(name);
        let mut held = one.held();
        let Some(held) = held.as_mut() else { return true };
        if held.credentials.expiry().is_none() {
            return false;
        }
        if held.got.elapsed() < JUST_NOW {
            held.refused += 1;
            return held.refused <= STRAGGLERS;
        }
        held.is_stale = true;
        true
    }

    pub(super) fn forget(&self, name: &str) {
        self.all().remove(name);
    }

    fn one(&self, name: &str) -> Arc<One> {
        self.all().entry(name.to_owned()).or_default().clone()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<One>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl One {
    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn keys(n: u32, life: Option<u64>) -> Credentials {
        let end = life.map(|seconds| SystemTime::now() + Duration::from_secs(seconds));
        Credentials::new(format!("key {n}"), "secret", None, end, "test")
    }

    async fn got(fresh: &Fresh, count: &Arc<AtomicU32>, life: Option<u64>) -> String {
        let count = count.clone();
        let get = || async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(keys(count.fetch_add(1, Ordering::SeqCst), life))
        };
        fresh.get("newsroom", get).await.unwrap().access_key_id().to_owned()
    }

    #[tokio::test]
    async fn many_that_ask_at_once_ask_once() {
        let (fresh, count) = (Fresh::default(), Arc::default());
        let all = futures::future::join_all((0..50).map(|_| got(&fresh, &count, Some(3600)))).await;
        assert!(all.iter().all(|key| key == "key 0"));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_is_forgotten_is_asked_for_again() {
        let (fresh, count) = (Fresh::default(), Arc::default());
        assert_eq!(got(&fresh, &count, None).await, "key 0");
        assert_eq!(got(&fresh, &count, None).await, "key 0");
        fresh.forget("newsroom");
        assert_eq!(got(&fresh, &count, None).await, "key 1");
    }

    /// A clock that is ahead must not ask for new keys with every request.
    #[tokio::test]
    async fn keys_that_seem_to_have_ended_when_they_come_are_used() {
        let (fresh, count) = (Fresh::default(), Arc::default());
        assert_eq!(got(&fresh, &count, Some(0)).await, "key 0");
        assert_eq!(got(&fresh, &count, Some(0)).await, "key 0");
    }

    #[tokio::test]
    async fn keys_that_do_not_end_cannot_be_renewed() {
        let (fresh, count) = (Fresh::default(), Arc::default());
        got(&fresh, &count, None).await;
        assert!(!fresh.ran_out("newsroom"));
        // Nor is a refusal of what came just now a reason to ask for ever.
        let other = Fresh::default();
        got(&other, &count, Some(3600)).await;
        let tries = (0..1_000).take_while(|_| other.ran_out("newsroom")).count();
        assert_eq!(tries, STRAGGLERS as usize);
    }

    #[test]
    fn a_short_life_is_renewed_when_a_third_is_left() {
        let mut held = Held::new(keys(0, Some(60)));
        held.got = Instant::now() - Duration::from_secs(30);
        assert!(held.is_usable() && !held.ends_soon());
        held.credentials = keys(0, Some(19));
        assert!(held.is_usable() && held.ends_soon());
        held.credentials = keys(0, Some(9));
        assert!(!held.is_usable());
    }
}
