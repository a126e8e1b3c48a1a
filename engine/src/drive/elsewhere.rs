//! Lanes that lead elsewhere than to the bucket itself: an edge's cache, a copy in another region. What they do not have, or
//! have in another version, comes by another lane; and while the bucket itself does not answer, a copy is asked in its
//! place, which is said where it does not help.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::download::head;
use super::{Drive, Driven, Stop};
use crate::core::Core;
use crate::error::{Code, Error};
use crate::journal::clips;
use crate::lane::{self, Lane};
use crate::marks::{Mark, Unnamed};
use crate::profile::newsroom;
use crate::reach;
use crate::route::Kind;
use crate::s3::{Class, Object, Refusal};
use crate::transfer::{Direction, Status, Transfer, Why};

/// The bucket's answer is waited for so long before it is asked whether it is there at all; and looked at so often.
const ANSWERS: Duration = Duration::from_millis(800);
const LOOK: Duration = Duration::from_millis(100);
/// So many failures in a row make a lane that leads elsewhere none for this clip.
const STRIKES: u32 = 3;
/// And so long it is left alone after one.
const STUMBLED: Duration = Duration::from_millis(250);
/// No more requests are under way on a lane.
const UNDER_WAY: u32 = 256;

/// The lanes by which one clip does not come.
#[derive(Default)]
pub(super) struct Unfit {
    lanes: Vec<u32>,
    strikes: HashMap<u32, u32>,
    /// What a copy calls the same version, where its own key made the ETag another; `None` where it has another version.
    etags: HashMap<u32, Option<String>>,
}

impl Unfit {
    /// A cache may bring the same wrong bytes twice: all that leads neither to the bucket itself nor, for a clip that is
    /// held to what the copy said, to that. None where nothing leads there.
    pub(super) fn all_but_home(lanes: &[Arc<Lane>], transfer: &Transfer) -> Unfit {
        let in_copy = transfer.held.as_ref().is_some_and(|held| held.in_copy);
        let is_source = |lane: &Arc<Lane>| lane.is_home() || in_copy && lane.route.kind == Kind::Replica;
        let mut unfit = Unfit::default();
        if lanes.iter().any(|lane| lane.route.can.get && is_source(lane)) {
            unfit.lanes = lanes.iter().filter(|lane| !is_source(lane)).map(|lane| lane.id).collect();
        }
        unfit
    }

    pub(super) fn lanes(&self) -> Vec<u32> {
        self.lanes.clone()
    }

    /// By what a lane knows the version that is held to.
    pub(super) fn etag<'a>(&'a self, lane: u32, held: &'a str) -> &'a str {
        self.etags.get(&lane).and_then(Option::as_deref).unwrap_or(held)
    }

    pub(super) fn succeeded(&mut self, lane: u32) {
        self.strikes.remove(&lane);
    }

    /// A lane refused a range of a clip that is held to what the bucket itself said, or its copy. Where that is settled here,
    /// answers with the pause before the range goes again, by this lane or another; where there is no other, that is an
    /// error.
    pub(super) async fn judge(
        &mut self,
        drive: &Drive,
        transfer: &Transfer,
        lane: &Lane,
        refusal: &Refusal,
    ) -> Driven<Option<Duration>> {
        let in_copy = transfer.held.as_ref().is_some_and(|held| held.in_copy);
        if refusal.class == Class::Condition && self.is_same(transfer, lane).await {
            return Ok(Some(Duration::ZERO));
        }
        let holds = if in_copy { lane.route.kind == Kind::Replica } else { lane.is_home() };
        if !self.is_unfit(lane.id, holds, refusal.class) {
            // What an edge stumbles over, or has too much of, is no word of the bucket's.
            let is_its_own = !holds && matches!(refusal.class, Class::Again | Class::Later);
            return Ok(is_its_own.then_some(STUMBLED));
        }
        let lanes = drive.core.lanes_of(&transfer.profile)?;
        let fit = |lane: &&Arc<Lane>| lane.route.can.get && !self.lanes.contains(&lane.id);
        let (fit, alive) =
            (lanes.iter().any(|lane| fit(&lane)), lanes.iter().any(|lane| fit(&lane) && !lane.look_out.is_dead()));
        let why = Unnamed(&refusal.error, &[&transfer.key]);
        tracing::info!(key = %Mark(&transfer.key), route = %lane.route.kind, %why, "comes another way");
        match (fit, alive) {
            (_, true) => Ok(Some(Duration::ZERO)),
            (true, false) if refusal.class == Class::NoObject => {
                Err(Stop::Wait(Why::Offline, not_in_copy(&drive.core, transfer).await))
            }
            (true, false) => Err(Stop::Wait(Why::Offline, refusal.error.clone())),
            (false, _) => Err(refusal.clone().into()),
        }
    }

    /// Whether a lane that knows the version by another name has the very same bytes: the checksum says so. Asked once.
    async fn is_same(&mut self, transfer: &Transfer, lane: &Lane) -> bool {
        let (Some(held), Ok(store)) = (&transfer.held, lane.store()) else { return false };
        if lane.is_home() != held.in_copy || held.checksum.is_none() {
            return false;
        }
        if let Some(known) = self.etags.get(&lane.id) {
            // Those that were under way with the other name; but one that keeps changing is none.
            let again = self.strikes.entry(lane.id).or_default();
            *again += 1;
            return known.is_some() && *again < UNDER_WAY;
        }
        let Ok(object) = store.head(&transfer.key).await else { return false };
        let is_same = object.checksum == held.checksum && object.size == transfer.size;
        self.etags.insert(lane.id, is_same.then_some(object.etag));
        is_same
    }

    /// `holds`: what the clip is held to was said where this lane leads to.
    fn is_unfit(&mut self, lane: u32, holds: bool, class: Class) -> bool {
        let is_unfit = match class {
            Class::NotHere => true,
            Class::Network | Class::Again | Class::Later if !holds => {
                let strikes = self.strikes.entry(lane).or_default();
                *strikes += 1;
                *strikes >= STRIKES
            }
            Class::Network | Class::Again | Class::Later | Class::NoWay | Class::RanOut => false,
            _ => !holds,
        };
        if is_unfit && !self.lanes.contains(&lane) {
            self.lanes.push(lane);
        }
        is_unfit
    }
}

/// Asks the bucket for an object; or its copy, where the bucket's region does not answer. Answers with whether it was the
/// copy that said so.
pub(super) async fn look_up(drive: &Drive, transfer: &Transfer) -> Driven<(Object, bool)> {
    let lanes = drive.core.lanes_of(&transfer.profile)?;
    let home = lane::control(&transfer.profile, &lanes)?;
    let copies = lanes.iter().filter(|lane| !lane.is_home() && lane.route.can.head);
    let Some(copy) = copies.min_by_key(|lane| (lane.look_out.is_dead(), lane.route.kind != Kind::Replica)) else {
        return Ok((head(drive, transfer, home.store()?).await?, false));
    };
    let said = {
        let asked = head(drive, transfer, home.store()?);
        let gone = async {
            tokio::time::sleep(ANSWERS).await;
            while !reach::doubt(&drive.core, home) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            said = asked => Some(said),
            () = gone => None,
        }
    };
    match said {
        Some(Ok(object)) => return Ok((object, false)),
        Some(Err(stop @ Stop::Wait(Why::Offline, _))) => {
            reach::doubt(&drive.core, home);
            if copy.look_out.is_dead() {
                return Err(stop);
            }
        }
        Some(Err(stop)) => return Err(stop),
        None => {}
    }
    match copy.store()?.head(&transfer.key).await {
        Ok(object) => Ok((object, true)),
        Err(refusal) if refusal.class == Class::NoObject => {
            Err(Stop::Wait(Why::Offline, not_in_copy(&drive.core, transfer).await))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The bucket cannot be asked and the copy has no such object: whether it only was not copied yet.
async fn not_in_copy(core: &Core, transfer: &Transfer) -> Error {
    let Ok(profile) = core.profile(Some(&transfer.profile)) else { return Error::internal("a profile is gone") };
    let copy = profile
        .routes
        .replica
        .as_ref()
        .map_or_else(|| "the copy".to_owned(), |r| format!("{} in {}", r.bucket, r.region));
    let (name, region) = (&transfer.name, &profile.region);
    if is_known(core, transfer).await {
        let message = format!(
            "{name} is not copied to {copy} yet, and {region} does not answer. It comes down when {region} is back."
        );
        return Error::new(Code::NotCopied, message);
    }
    let message = format!(
        "{name} is not in {copy}, and whether it is in {} cannot be asked: {region} does not answer. It is looked for when {region} is back.",
        profile.bucket
    );
    Error::new(Code::Offline, message)
}

/// By our own index: what lists have named, and what was sent from here.
async fn is_known(core: &Core, transfer: &Transfer) -> bool {
    let sent = {
        let live = core.live();
        live.all().any(|one| {
            let other = &one.transfer;
            let is_done = matches!(other.life.status, Status::Done { .. });
            other.direction == Direction::Up
                && is_done
                && newsroom(&other.profile) == transfer.profile
                && other.key == transfer.key
        })
    };
    let (profile, key) = (transfer.profile.clone(), transfer.key.clone());
    sent || core.journal.read(move |c| clips::was_heard_of(c, &profile, &key)).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_that_leads_elsewhere_is_passed_over_and_the_buckets_own_word_holds() {
        let mut unfit = Unfit::default();
        assert!(!unfit.is_unfit(1, true, Class::NoObject) && !unfit.is_unfit(1, true, Class::Condition));
        assert!(unfit.is_unfit(2, false, Class::NoObject) && unfit.is_unfit(3, false, Class::Condition));
        assert!(unfit.is_unfit(4, false, Class::NotHere) && unfit.is_unfit(4, true, Class::NotHere));
        assert_eq!(unfit.lanes(), [2, 3, 4]);
        assert!(!unfit.is_unfit(5, false, Class::Again) && !unfit.is_unfit(5, false, Class::Network));
        unfit.succeeded(5);
        assert!(!unfit.is_unfit(5, false, Class::Again) && !unfit.is_unfit(5, false, Class::Again));
        assert!(unfit.is_unfit(5, false, Class::Again));
        // A way that is closed is closed for all.
        assert!(!unfit.is_unfit(6, false, Class::NoWay));
    }
}
