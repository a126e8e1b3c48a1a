//! Opening and closing an engine: it owns its data directory, takes up what the journal knows, and conducts until closed.
//! What may be asked of it is served in `serve`, to this process and to others that attach.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::conductor::{self, Scope};
use crate::core::Core;
use crate::error::Result;
use crate::home::{Home, Owned};
use crate::journal::{transfers, uploads};
use crate::lane;
use crate::live::One;
use crate::transfer::{self, Change, Direction, Status, TransferId};
use crate::{clock, drive, footage, receipt, watch};

/// How many ended transfers the list begins with.
const ENDED_SHOWN: u32 = 500;

const LAST_SWEEP: Duration = Duration::from_secs(3);

/// A running engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) core: Arc<Core>,
    pub(crate) scope: Scope,
    pub(crate) footage: Arc<footage::Footage>,
    pub(crate) watch: Arc<watch::Watch>,
    _owned: Arc<Owned>,
}

/// The engine's loops, to be waited for at the end.
pub(crate) struct Loops(Vec<JoinHandle<()>>);

impl Engine {
    /// Opens the journal of a home that this process owns, and begins.
    pub(crate) async fn open(home: Home, owned: Owned, scope: Scope) -> Result<(Engine, Loops)> {
        let core = Arc::new(Core::open(home).await?);
        take_up(&core).await?;
        receipt::take_up(&core, scope).await?;
        let engine = Engine {
            footage: Arc::new(footage::Footage::new(core.clone())),
            watch: Arc::new(watch::Watch::open(core.clone()).await?),
            core,
            scope,
            _owned: Arc::new(owned),
        };
        let mut loops = vec![
            tokio::spawn(conductor::conduct(engine.core.clone(), scope)),
            tokio::spawn(lane::measure(engine.core.clone(), Direction::Up)),
            tokio::spawn(lane::measure(engine.core.clone(), Direction::Down)),
            tokio::spawn(receipt::make(engine.core.clone())),
        ];
        if scope.carries_all() {
            let shown = scope == Scope::All;
            loops.push(tokio::spawn(footage::look_now_and_then(engine.footage.clone(), shown)));
            loops.push(tokio::spawn(watch::watch(engine.watch.clone())));
        }
        Ok((engine, Loops(loops)))
    }

    /// Stops every driver where it stands. What is acknowledged is in the journal; nothing is aborted.
    pub(crate) async fn close(&self, loops: Loops) {
        self.core.closing.cancel();
        for one in loops.0 {
            let _ = one.await;
        }
        // A command line's process may be the last for a long time: what it gave up is aborted before it leaves.
        let _ = tokio::time::timeout(LAST_SWEEP, drive::sweep(self.core.clone())).await;
    }

    /// Whether nothing that this process was asked for is still going on, but for these.
    pub fn is_idle_but_for(&self, ids: &[TransferId]) -> bool {
        // A card that was just sent is still read again.
        !self.core.receipts.is_busy()
            && self.core.live().all().all(|one| {
                let mine = (self.scope.carries_all() || one.asked_here) && !ids.contains(&one.transfer.id);
                let status = &one.transfer.life.status;
                // What waits for the user may wait for ever.
                let goes_on = status.is_underway() && !matches!(status, Status::Waiting { until: None, .. });
                !(mine && goes_on)
            })
    }
}

/// What an earlier run left: everything that was under way is queued again.
async fn take_up(core: &Arc<Core>) -> Result<()> {
    let known = core.journal.read(|c| transfers::load(c, ENDED_SHOWN)).await?;
    let acked = core.journal.read(transfers::acked_bytes).await?;
    let acked: HashMap<TransferId, (u64, u32)> =
        acked.into_iter().map(|(id, bytes, parts)| (id, (bytes, parts))).collect();
    let begun: HashSet<TransferId> = core.journal.read(uploads::begun).await?.into_iter().collect();
    for mut transfer in known {
        let before = transfer.life.status.clone();
        if before.is_active() || matches!(before, Status::Waiting { .. }) {
            // Allowed for each of these, by the table.
            let _ = transfer::apply(&mut transfer.life, Change::Requeue, clock::now());
        }
        if transfer.life.status != before {
            let (id, life) = (transfer.id, transfer.life.clone());
            core.journal.note(move |c| transfers::set_life(c, id, &life));
        }
        let mut one = One::new(transfer);
        one.spread = core.spread_of(&one.transfer.profile);
        let id = one.transfer.id;
        one.claimed = begun.contains(&id);
        // The strip of what is half done shows its real parts at once.
        if let Some((bytes, parts)) = acked.get(&id)
            && *bytes > 0
            && *parts > 1
        {
            one.set_plan(&core.journal.read(move |c| transfers::plan(c, id)).await?);
            one.kept = one.acked;
        }
        core.board.put(one.row());
        core.live().insert(one);
    }
    // Before the first byte.
    core.keep_within_limits();
    core.board.show();
    core.wake.notify_one();
    Ok(())
}
