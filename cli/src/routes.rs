//! The ways to the bucket, a line each, and what a test of them found.

use rushes_engine::api::{LaneTest, WayRow, WayState};
use rushes_engine::attach::Connection;
use rushes_engine::error::Result;

use crate::show::{Show, printable};

pub async fn show(connection: &Connection, profile: Option<String>, show: &Show) -> Result<bool> {
    let ways =
        connection.call(profile, async |engine, context, profile| engine.routes(context, profile).await).await??;
    if !show.json() {
        show.line(&head("STATE"));
    }
    for way in &ways {
        if show.json() { show.object(way) } else { show.line(&line(way)) }
    }
    if let Some(way) = ways.first().filter(|_| !show.json()) {
        show.line(&format!("Dollars a gigabyte, list prices of {}.", printable(&way.priced_on)));
    }
    Ok(true)
}

pub async fn test(connection: &Connection, profile: Option<String>, show: &Show) -> Result<bool> {
    let asked = connection.call(profile, async |engine, context, profile| engine.test_routes(context, profile).await);
    let test = asked.await??;
    if show.json() {
        show.object(&test);
        return Ok(true);
    }
    show.line(&format!("{:<20} {:<14} {:>9} {:>10} {:>11}", "NETWORK", "ROUTE", "CONNECT", "FIRST BYTE", "CARRIES"));
    for lane in &test.lanes {
        show.line(&tested(lane));
    }
    if let Some(note) = &test.note {
        show.line(&printable(note));
    }
    Ok(true)
}

fn head(state: &str) -> String {
    format!(
        "{:<20} {:<14} {state:<12} {:>8} {:>9} {:>10} {:>11} {:>6} {:>7} {:>7}",
        "NETWORK", "ROUTE", "TRIP", "CONNECT", "FIRST BYTE", "CARRIES", "ERRORS", "$/GB UP", "DOWN"
    )
}

fn line(way: &WayRow) -> String {
    let state = match way.state {
        WayState::Carries => "carries",
        WayState::Testing => "tested now",
        WayState::Standby => "standby",
        WayState::Dead => "not reached",
        WayState::Closed => "closed",
    };
    if way.state == WayState::Closed {
        let why = way.why.as_deref().unwrap_or("");
        return format!("{:<20} {:<14} {state:<12} {}", "", way.route, printable(why));
    }
    format!(
        "{:<20} {:<14} {state:<12} {:>8} {:>9} {:>10} {:>11} {:>6} {:>7.3} {:>7.3}",
        printable(&way.uplink),
        way.route,
        millis(way.trip_ms),
        millis(way.connect_ms),
        millis(way.first_byte_ms),
        if way.rate > 0 { rate(way.rate) } else { "-".to_owned() },
        way.errors,
        way.price_up,
        way.price_down,
    )
}

fn tested(lane: &LaneTest) -> String {
    format!(
        "{:<20} {:<14} {:>9} {:>10} {:>11}  {}",
        printable(&lane.uplink),
        lane.route,
        millis(lane.connect_ms),
        millis(lane.first_byte_ms),
        lane.rate.map_or_else(|| "-".to_owned(), rate),
        lane.trouble.as_deref().map(printable).unwrap_or_default(),
    )
    .trim_end()
    .to_owned()
}

fn millis(ms: Option<u32>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms} ms"))
}

fn rate(bytes_a_second: u64) -> String {
    format!("{:.1} Mb/s", bytes_a_second as f64 * 8.0 / 1e6)
}
