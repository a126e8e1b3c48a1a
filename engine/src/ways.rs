//! The ways to a bucket as people are shown them: every lane with its state and figures, and the closed ways with their
//! reasons. It shows; what is chosen is `choose`'s.

use crate::api::{WayRow, WayState};
use crate::core::Core;
use crate::error::Result;
use crate::lane::Lane;
use crate::route::prices::Price;
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
            moved_up: 0,
            moved_down: 0,
            price_up: 0.0,
            price_down: 0.0,
        });
        Ok(open.chain(closed).collect())
    }

    fn way_row(&self, lane: &Lane) -> WayRow {
        let meter = lane.wire.meter();
        let Moved { up: moved_up, down: moved_down } = meter.moved();
        let Price { up: price_up, down: price_down } = lane.route.price;
        let state = match () {
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
            rate: self.board.rate_of(lane.id),
            connections: meter.connections() as u32,
            trip_ms: meter.look().least.map(|trip| trip.as_millis() as u32),
            moved_up,
            moved_down,
            price_up,
            price_down,
        }
    }

    /// What people call the network that a lane goes through.
    pub(crate) fn uplink_of(&self, lane: &Lane) -> String {
        let uplink = lane.uplink.clone().or_else(|| lane.wire.uplink()).or_else(|| self.uplinks.preferred());
        uplink.map_or_else(|| "Network".to_owned(), |uplink| uplink.label)
    }
}
