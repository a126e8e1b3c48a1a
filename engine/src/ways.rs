//! The ways to a bucket as people are shown them: every lane with its state and figures, the closed ways with their
//! reasons, and what a clip gained by them. It shows; what is chosen is `choose`'s.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::api::{WayRow, WayState};
use crate::core::Core;
use crate::error::Result;
use crate::gained::{self, Carried, Course};
use crate::lane::Lane;
use crate::live::One;
use crate::parts::{Condition, MIN_PART};
use crate::route::Kind;
use crate::route::prices::{self, Price};
use crate::transfer::{Direction, TransferId};
use crate::wire::Moved;

impl Core {
    pub(crate) fn way_rows(&self, profile: &str) -> Result<Vec<WayRow>> {
        let lanes = self.lanes_of(profile)?;
        let open = lanes.iter().map(|lane| self.way_row(lane));
        let closed = self.lanes.closed(profile).into_iter().map(|(kind, why)| WayRow {
            lane: None,
            uplink: String::new(),
            kind,
            route: kind.label().to_owned(),
            state: WayState::Closed,
            why: Some(why),
            rate: 0,
            connections: 0,
            trip_ms: None,
            connect_ms: None,
            first_byte_ms: None,
            errors: 0,
            moved_up: 0,
            moved_down: 0,
            price_up: 0.0,
            price_down: 0.0,
            priced_on: prices::AS_OF.to_owned(),
        });
        Ok(open.chain(closed).collect())
    }

    fn way_row(&self, lane: &Lane) -> WayRow {
        let meter = lane.wire.meter();
        let Moved { up: moved_up, down: moved_down } = meter.moved();
        let Price { up: price_up, down: price_down } = lane.route.price;
        let seen = lane.wire.figures();
        let tested = self.comparing.rate_of(lane.id);
        let state = match () {
            () if tested.is_some() => WayState::Testing,
            () if lane.look_out.is_dead() => WayState::Dead,
            () if self.uses(lane.id) => WayState::Carries,
            () => WayState::Standby,
        };
        WayRow {
            lane: Some(lane.id),
            uplink: self.uplink_of(lane),
            kind: lane.route.kind,
            route: lane.route.kind.label().to_owned(),
            state,
            why: None,
            rate: tested.unwrap_or_else(|| self.board.rate_of(lane.id)),
            connections: meter.connections() as u32,
            trip_ms: meter.look().least.map(millis),
            connect_ms: seen.connect.usual.map(millis),
            first_byte_ms: seen.first_byte.usual.map(millis),
            errors: seen.errors,
            moved_up,
            moved_down,
            price_up,
            price_down,
            priced_on: prices::AS_OF.to_owned(),
        }
    }

    /// Where a transfer begins with nothing there yet: now, and all that has moved in its direction. Small ones go by one
    /// request: nothing is gained on them that anybody would want to know.
    pub(crate) fn beginning(&self, one: &One) -> Option<(Instant, u64)> {
        let counts = one.acked == 0 && one.transfer.size > MIN_PART;
        counts.then(|| (Instant::now(), self.moved(one.transfer.direction)))
    }

    /// What the ways beside the plain one gained on a transfer that has just come to its end.
    pub(crate) fn gained(&self, id: TransferId) -> Option<String> {
        let (transfer, (began, before), carried) = self
            .with(id, |one| {
                let mut by_lane: BTreeMap<u32, u64> = BTreeMap::new();
                for (part, condition) in &one.parts {
                    if let Condition::Acked(lane) = condition {
                        *by_lane.entry(*lane).or_default() += part.length;
                    }
                }
                one.begun.filter(|_| one.kept == 0).map(|begun| (one.transfer.clone(), begun, by_lane))
            })
            .ok()??;
        let (took, direction) = (began.elapsed(), transfer.direction);
        let lanes = self.lanes_of(&transfer.profile).ok()?;
        let plain = lanes.iter().find(|lane| is_plain(lane))?;
        let price = |lane: &Lane, bytes: u64| match direction {
            Direction::Up => lane.route.price.of(bytes, 0),
            Direction::Down => lane.route.price.of(0, bytes),
        };
        let of_lane = |(id, bytes): (&u32, &u64)| {
            let lane = self.lanes.get(*id).ok()?;
            let route = lane.route.kind.label();
            // Over another network that is what helped, whichever the route.
            let name =
                lane.uplink.as_ref().map_or_else(|| route.to_owned(), |uplink| format!("{route} by {}", uplink.label));
            // What a store of one's own costs, no table knows.
            let is_known = plain.route.kind != Kind::Endpoint;
            let extra = if is_known { price(&lane, *bytes) - price(plain, *bytes) } else { 0.0 };
            Some(Carried { name, bytes: *bytes, extra, plain: lane.id == plain.id })
        };
        gained::sentence(&Course {
            bytes: transfer.size,
            moved: self.moved(direction).saturating_sub(before),
            took,
            carried: carried.iter().map(of_lane).collect::<Option<_>>()?,
            plain: (plain.route.kind.label(), self.best_of(plain, direction)?),
        })
    }

    fn moved(&self, direction: Direction) -> u64 {
        let Moved { up, down } = self.lanes.moved();
        match direction {
            Direction::Up => up,
            Direction::Down => down,
        }
    }

    /// What people call the network that a lane goes through.
    pub(crate) fn uplink_of(&self, lane: &Lane) -> String {
        let uplink = lane.uplink.clone().or_else(|| lane.wire.uplink()).or_else(|| self.uplinks.preferred());
        uplink.map_or_else(|| "Network".to_owned(), |uplink| uplink.label)
    }
}

/// The way that is taken where nobody set up another: the bucket itself, over the network that the system prefers.
fn is_plain(lane: &Lane) -> bool {
    lane.uplink.is_none() && matches!(lane.route.kind, Kind::Direct | Kind::Endpoint)
}

fn millis(span: Duration) -> u32 {
    span.as_millis().try_into().unwrap_or(u32::MAX)
}
