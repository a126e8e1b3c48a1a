//! What changes of the lanes while Rushes runs: networks that come and go, and what the bucket says of its acceleration.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::core::Core;
use crate::route::Acceleration;
use crate::second;
use crate::uplink::Uplink;

/// How often the system is asked for its networks.
const NETWORKS: Duration = Duration::from_secs(2);
/// How often a bucket is asked that has not answered.
const AGAIN: Duration = Duration::from_secs(30);
/// An edge that did not let somebody read is asked again so much later: IT may have mended it.
const EDGES: Duration = Duration::from_secs(300);

/// What went to a second bucket is looked for in the first one so often.
const STRAYS: Duration = Duration::from_secs(20);

/// Looked at now and then.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    networks: Option<Instant>,
    asked: Option<Instant>,
    edges: Option<Instant>,
    strays: Option<Instant>,
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
        if closed.is_empty() {
            self.edges = None;
        } else if self.edges.get_or_insert_with(Instant::now).elapsed() >= EDGES {
            self.edges = None;
            closed.iter().for_each(|profile| core.note_edge(profile, None));
        }
        if self.strays.is_none_or(|at| at.elapsed() >= STRAYS) && !second::strays(core).is_empty() {
            self.strays = Some(Instant::now());
            let core = core.clone();
            tokio::spawn(async move { second::reconcile(&core).await });
        }
        if self.asked.is_none_or(|at| at.elapsed() >= AGAIN) && !core.lanes.not_asked().is_empty() {
            self.asked = Some(Instant::now());
            let core = core.clone();
            tokio::spawn(async move { ask(&core).await });
        }
    }
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

/// Every bucket that was not asked yet for the state of its acceleration.
pub(crate) async fn ask(core: &Core) {
    for profile in core.lanes.not_asked() {
        let Ok(store) = core.store(&profile) else { continue };
        match store.acceleration().await {
            Ok(said) => core.note_acceleration(&profile, said),
            // These keys may not ask: then it is tried.
            Err(refusal) if refusal.status.is_some() => core.note_acceleration(&profile, Acceleration::Unknown),
            Err(_) => {}
        }
    }
}
