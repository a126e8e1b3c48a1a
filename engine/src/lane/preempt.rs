//! What breaking takes from the others: while a breaking transfer has requests in flight, those of other transfers in the
//! same direction stand still, but for a trickle that keeps the store from hanging up on them. So breaking has the link
//! at once, however many requests there were before it, and nothing of what they sent is lost.
//! May not live here: who gets a freed slot.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::slots::{Request, Slots};
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
    slots: Slots,
    request: Arc<Request>,
    urgent: watch::Receiver<Urgent>,
}

impl Gate {
    pub(super) fn of(slots: &Slots, request: &Arc<Request>, urgent: watch::Receiver<Urgent>) -> Gate {
        Gate { slots: slots.clone(), request: request.clone(), urgent }
    }

    /// For a request that nothing is ever urgent beside.
    #[cfg(test)]
    pub(crate) fn open() -> Gate {
        let urgent = watch::channel(Urgent::new()).1;
        Gate { slots: Slots::default(), request: Arc::default(), urgent }
    }

    pub(crate) fn is_shut(&self) -> bool {
        is_shut(self.request.id, &self.urgent.borrow())
    }

    /// Comes back at once where nothing breaking is in flight; else when that is through, or for a drop of the trickle.
    pub(crate) async fn pass(&mut self) {
        if self.is_shut() {
            let id = self.request.id;
            let open = self.urgent.wait_for(|urgent| !is_shut(id, urgent));
            let _ = tokio::time::timeout(TRICKLE, open).await;
        }
    }

    /// The request has handed on its last byte: its slot is free for another, though its answer is still to come.
    pub(crate) fn sent(&self) {
        self.slots.sent(&self.request);
    }
}

pub(super) fn is_shut(id: TransferId, urgent: &Urgent) -> bool {
    !urgent.is_empty() && !urgent.contains(&id)
}
