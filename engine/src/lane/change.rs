//! What changes of the lanes while Rushes runs: networks that come and go, and what the bucket says of its acceleration.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::core::Core;
use crate::error::Code;
use crate::route::Acceleration;
use crate::second;
use crate::transfer::{Change, Status, TransferId};
use crate::uplink::Uplink;

/// How often the system is asked for its networks.
const NETWORKS: Duration = Duration::from_secs(2);
/// How often a bucket is asked that has not answered.
const AGAIN: Duration = Duration::from_secs(30);
/// An edge that did not let somebody read is asked again so much later: IT may have mended it.
const EDGES: Duration = Duration::from_secs(300);
/// And a bucket that said that its acceleration is off.
const SUSPENDED: Duration = Duration::from_secs(300);

/// How often it is looked whether another proxy is set, while transfers wait for one that lets them in.
const PROXIES: Duration = Duration::from_secs(10);

/// What went to a second bucket is looked for in the first one so often.
const STRAYS: Duration = Duration::from_secs(20);

/// Looked at now and then.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    networks: Option<Instant>,
    asked: Option<Instant>,
    edges: Option<Instant>,
    suspended: Option<Instant>,
    strays: Option<Instant>,
    proxies: Option<Instant>,
    /// The proxy and network past which nobody was let in, as a number.
    outlook: Arc<Mutex<Option<u64>>>,
}

impl Changes {
    pub(crate) fn look(&mut self, core: &Arc<Core>) {
        if self.networks.is_none_or(|at| at.elapsed() >= NETWORKS) {
            self.networks = Some(Instant::now());
            let core = core.clone();
            // The system is asked many small questions.
            tokio::task::spawn_blocking(move || networks(&core));
        }
        let closed = core.lanes.edges_closed();
        if is_due(&mut self.edges, !closed.is_empty(), EDGES) {
            closed.iter().for_each(|profile| core.note_edge(profile, None));
        }
        let suspended = core.lanes.suspended();
        if is_due(&mut self.suspended, !suspended.is_empty(), SUSPENDED) {
            let core = core.clone();
            tokio::spawn(async move { ask_each(&core, suspended).await });
        }
        if self.strays.is_none_or(|at| at.elapsed() >= STRAYS) && !second::strays(core).is_empty() {
            self.strays = Some(Instant::now());
            let core = core.clone();
            tokio::spawn(async move { second::reconcile(&core).await });
        }
        if self.proxies.is_none_or(|at| at.elapsed() >= PROXIES) {
            self.proxies = Some(Instant::now());
            let waiting = at_proxies(core);
            let (core, outlook) = (core.clone(), self.outlook.clone());
            if !waiting.is_empty() {
                tokio::spawn(async move { past_proxies(&core, &waiting, &outlook).await });
            }
        }
        if self.asked.is_none_or(|at| at.elapsed() >= AGAIN) && !core.lanes.not_asked().is_empty() {
            self.asked = Some(Instant::now());
            let core = core.clone();
            tokio::spawn(async move { ask(&core).await });
        }
    }
}

/// Whether something is so for that long already; from then on it counts anew.
fn is_due(since: &mut Option<Instant>, is_so: bool, after: Duration) -> bool {
    if !is_so {
        *since = None;
        return false;
    }
    let is_due = since.get_or_insert_with(Instant::now).elapsed() >= after;
    if is_due {
        *since = None;
    }
    is_due
}

/// Where one came or went, every profile has other lanes.
fn networks(core: &Core) {
    core.note_metered();
    let now: Vec<Uplink> = core.lanes.common().uplinks().others();
    for profile in core.lanes.over_others_than(&now) {
        tracing::info!(profile, networks = ?now.iter().map(|uplink| &uplink.name).collect::<Vec<_>>(), "other networks");
        // It may have been taken off the list meanwhile.
        let _ = core.set_lanes_up(&profile);
    }
}

/// Transfers that wait for a name and password that the proxy accepts.
fn at_proxies(core: &Core) -> Vec<TransferId> {
    let live = core.live();
    let waits =
        |status: &Status| matches!(status, Status::Waiting { error, .. } if error.code == Code::ProxyCredentials);
    live.all().filter(|one| waits(&one.transfer.life.status)).map(|one| one.transfer.id).collect()
}

/// They go on where the proxy is another one by now, or the network.
async fn past_proxies(core: &Core, waiting: &[TransferId], before: &Mutex<Option<u64>>) {
    let now = core.lanes.common().outlook().await;
    let before = before.lock().unwrap_or_else(PoisonError::into_inner).replace(now);
    if before.is_some_and(|before| before != now) {
        for id in waiting {
            // Refused only where the user was quicker.
            let _ = core.change(*id, Change::Requeue);
        }
    }
}

/// Every bucket that was not asked yet for the state of its acceleration.
pub(crate) async fn ask(core: &Core) {
    ask_each(core, core.lanes.not_asked()).await;
}

async fn ask_each(core: &Core, profiles: Vec<String>) {
    for profile in profiles {
        let Ok(store) = core.store(&profile) else { continue };
        match store.acceleration().await {
            Ok(said) => core.note_acceleration(&profile, said),
            // These keys may not ask: then it is tried.
            Err(refusal) if refusal.status.is_some() => core.note_acceleration(&profile, Acceleration::Unknown),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use crate::profile::Profile;
    use crate::route::Kind;

    #[test]
    fn what_is_so_for_long_enough_is_due_once() {
        let mut since = None;
        assert!(!is_due(&mut since, true, SUSPENDED) && since.is_some());
        assert!(is_due(&mut since, true, Duration::ZERO) && since.is_none());
        assert!(!is_due(&mut since, true, SUSPENDED));
        assert!(!is_due(&mut since, false, Duration::ZERO) && since.is_none());
    }

    #[tokio::test]
    async fn what_a_bucket_said_goes_with_its_profile() {
        let folder = tempfile::tempdir().unwrap();
        let core = Core::open(Home::at(folder.path()).unwrap()).await.unwrap();
        let profile =
            Profile { accelerate: true, key_template: crate::keys::PLAIN_TEMPLATE.into(), ..Profile::example() };
        core.keep_profile(profile.clone()).await.unwrap();
        core.lanes_of("Nairobi").unwrap();
        core.note_acceleration("Nairobi", Acceleration::Suspended);
        core.go_one_way("Nairobi").unwrap();
        assert_eq!(core.lanes.suspended(), ["Nairobi"]);
        assert!(core.lanes.not_asked().is_empty() && core.lanes.is_one_way("Nairobi"));
        // Another bucket.
        core.keep_profile(Profile { bucket: "agency-archive".into(), ..profile }).await.unwrap();
        let lanes = core.lanes_of("Nairobi").unwrap();
        assert!(lanes.iter().any(|lane| lane.route.kind == Kind::Accelerated));
        assert!(core.lanes.suspended().is_empty() && !core.lanes.is_one_way("Nairobi"));
        assert_eq!(core.lanes.not_asked(), ["Nairobi"]);
    }
}
