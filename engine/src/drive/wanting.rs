//! The slots that a driver stands in line for: as many at once as it could use, and also while it does something else.
//! One that left the line to journal a part would lose every slot that is freed meanwhile to whoever is behind it,
//! breaking or not.

use std::future::poll_fn;
use std::task::Poll;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Drive;
use crate::error::Result;
use crate::lane::{Slot, Want};
use crate::transfer::Direction;

pub(super) struct Wanting<'a> {
    drive: &'a Drive,
    direction: Direction,
    want: Want,
    takes: Vec<BoxFuture<'static, Slot>>,
}

impl<'a> Wanting<'a> {
    pub(super) fn new(drive: &'a Drive, direction: Direction, want: Want) -> Wanting<'a> {
        Wanting { drive, direction, want, takes: Vec::new() }
    }

    /// There are so many parts to begin now. To be told before anything else is waited for: a slot that is not wanted
    /// any more must not lie about.
    pub(super) fn set(&mut self, open: usize) -> Result<()> {
        let slots = self.drive.core.slots(self.direction);
        slots.to_begin(self.drive.id, open);
        let most = open.min(slots.allowed(&self.want.profile));
        self.takes.truncate(most);
        if self.takes.len() < most {
            let place = self.drive.core.with(self.drive.id, |one| one.place())?;
            while self.takes.len() < most {
                let (slots, want) = (slots.clone(), self.want.clone());
                self.takes.push(async move { slots.take(place, want).await }.boxed());
            }
        }
        Ok(())
    }

    /// On none of these lanes from now on.
    pub(super) fn except(&mut self, lanes: Vec<u32>) {
        if self.want.except != lanes {
            self.want.except = lanes;
            self.takes.clear();
        }
    }

    /// The next one. May be dropped: the places in line are kept.
    pub(super) async fn slot(&mut self) -> Slot {
        poll_fn(|cx| {
            for i in 0..self.takes.len() {
                // Each is asked until one has a slot: so each stands in line.
                if let Poll::Ready(slot) = self.takes[i].poll_unpin(cx) {
                    drop(self.takes.swap_remove(i));
                    return Poll::Ready(slot);
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl Drop for Wanting<'_> {
    fn drop(&mut self) {
        self.drive.core.slots(self.direction).to_begin(self.drive.id, 0);
    }
}
