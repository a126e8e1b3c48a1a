//! The ways to the bucket, a line each.

use rushes_engine::api::{WayRow, WayState};
use rushes_engine::attach::Connection;
use rushes_engine::error::Result;

use crate::show::{Show, printable};

pub async fn show(connection: &Connection, profile: Option<String>, show: &Show) -> Result<bool> {
    let ways =
        connection.call(profile, async |engine, context, profile| engine.routes(context, profile).await).await??;
    for way in ways {
        if show.json() { show.object(&way) } else { show.line(&line(&way)) }
    }
    Ok(true)
}

fn line(way: &WayRow) -> String {
    let state = match way.state {
        WayState::Carries => "carries",
        WayState::Standby => "standby",
        WayState::Dead => "not reached",
        WayState::Closed => "closed",
    };
    let trip = way.trip_ms.map_or_else(String::new, |trip| format!("{trip} ms"));
    let mut line = format!(
        "{:<16} {:<14} {state:<12} {trip:>8} {:>8.1} Mb/s  ${:.3}/GB up  ${:.3}/GB down",
        printable(&way.uplink),
        way.route,
        way.rate as f64 * 8.0 / 1e6,
        way.price_up,
        way.price_down,
    );
    if let Some(why) = &way.why {
        line.push_str(&format!("  {}", printable(why)));
    }
    line
}
