//! What breaking takes from the others: while a breaking transfer has requests in flight, those of other transfers in the
//! same direction stand still, but for a trickle that keeps the store from hanging up on them. So breaking has the link
//! at once, however many requests there were before it, and nothing of what they sent is lost.
//! May not live here: who gets a freed slot.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use super::{Slot, Slots, Stage};
use crate::transfer::TransferId;

/// S3 hangs up on a request that moves nothing for about 20 s.
const TRICKLE: Duration = Duration::from_secs(10);
/// What passes then: enough to be seen by the other side, and little on any link beside what breaking has.
pub(crate) const DROP: usize = 4 << 10;

/// The breaking transfers that have requests in flight, of one direction.
pub(super) type Urgent = BTreeSet<TransferId>;

/// A request's way past them.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    id: TransferId,
    urgent: watch::Receiver<Urgent>,
    slots: Slots,
    stage: Arc<Mutex<Stage>>,
}

impl Gate {
    pub(super) fn of(slot: &Slot, urgent: watch::Receiver<Urgent>) -> Gate {
        Gate { id: slot.id, urgent, slots: slot.slots.clone(), stage: slot.stage.clone() }
    }

    /// For a request that nothing is ever urgent beside.
    #[cfg(test)]
    pub(crate) fn open() -> Gate {
        let urgent = watch::channel(Urgent::new()).1;
        Gate { id: 0, urgent, slots: Slots::default(), stage: Arc::default() }
    }

    pub(crate) fn is_shut(&self) -> bool {
        is_shut(self.id, &self.urgent.borrow())
    }

    /// Comes back at once where nothing breaking is in flight; else when that is through, or for a drop of the trickle.
    pub(crate) async fn pass(&mut self) {
        if self.is_shut() {
            let id = self.id;
            let open = self.urgent.wait_for(|urgent| !is_shut(id, urgent));
            let _ = tokio::time::timeout(TRICKLE, open).await;
        }
    }

    /// The request has handed on its last byte: its slot is free for another, though its answer is still to come.
    pub(crate) fn sent(&self) {
        self.slots.sent(self.id, &self.stage);
    }
}

pub(super) fn is_shut(id: TransferId, urgent: &Urgent) -> bool {
    !urgent.is_empty() && !urgent.contains(&id)
}
