//! The facts of a bundle, a file each. What stands in it is named one by one.

use serde::Serialize;
use serde_json::{Value, json};

use crate::api::{SupportFile, TransferRow};
use crate::clock;
use crate::core::Core;
use crate::error::{Error, Result};
use crate::marks::{Mark, Marker};
use crate::profile::{CredentialsFrom, Profile};
use crate::transfer::Status;

/// The newest transfers.
const MOST_TRANSFERS: usize = 500;
/// Variables that change where the network leads. Their values are left out: a proxy's may hold a password.
const VARIABLES: [&str; 12] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "AWS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "RUSHES_LOG",
];

pub(super) async fn files(core: &Core, marker: &Marker) -> Result<Vec<SupportFile>> {
    let newsrooms: Vec<Profile> =
        core.profiles().0.into_iter().filter(|profile| profile.credentials != CredentialsFrom::Lent).collect();
    let mut ways = Vec::new();
    for profile in &newsrooms {
        let now = core.way_rows(&profile.name);
        let now = now.map_or_else(|error| json!({ "trouble": told(&error, marker) }), |rows| json!(rows));
        let tests = core.route_tests(&profile.name).await.unwrap_or_default();
        ways.push(json!({ "newsroom": profile.name, "ways": now, "tests": tests }));
    }
    Ok(vec![
        file(
            "rushes.json",
            "Which Rushes this is, on what system, and when this was made.",
            &json!({
                "version": env!("CARGO_PKG_VERSION"),
                "made": jiff::Timestamp::from_millisecond(clock::now()).map(|now| now.to_string()).unwrap_or_default(),
                "system": std::env::consts::OS,
                "processor": std::env::consts::ARCH,
                "release": release(),
                "zone": clock::zone(),
                "journalBytes": std::fs::metadata(core.home.journal()).map_or(0, |found| found.len()),
            }),
        )?,
        file(
            "newsrooms.json",
            "Your newsrooms with their buckets, regions and addresses. No keys: those are in the keychain alone.",
            &newsrooms.iter().map(newsroom).collect::<Vec<_>>(),
        )?,
        file("limits.json", "What was set of the link's use, and what holds now.", &core.limits_row())?,
        file(
            "routes.json",
            "The ways to each bucket with their figures, and what tests of them found.",
            &marked(&json!(ways), marker),
        )?,
        file(
            "transfers.json",
            "The newest transfers: sizes, states, what went wrong. Marks stand for names, keys, folders and stories.",
            &transfers(core, marker),
        )?,
        file(
            "network.json",
            "The networks that this computer is on, without addresses, and which settings of the system bear on them.",
            &json!({
                "networks": core.uplinks.rows(),
                "preferred": core.uplinks.preferred().map(|uplink| uplink.name),
                "besides": core.uplinks.others().into_iter().map(|uplink| uplink.name).collect::<Vec<_>>(),
                "set": VARIABLES.iter().filter(|name| std::env::var_os(name).is_some()).collect::<Vec<_>>(),
            }),
        )?,
    ])
}

fn file(name: &str, holds: &str, value: &impl Serialize) -> Result<SupportFile> {
    let text = serde_json::to_string_pretty(value).map_err(Error::internal)?;
    Ok(SupportFile { name: name.to_owned(), holds: holds.to_owned(), text })
}

/// What IT has set up. How the user signs in is not among it.
fn newsroom(profile: &Profile) -> Value {
    json!({
        "name": profile.name,
        "bureau": profile.bureau,
        "bucket": profile.bucket,
        "region": profile.region,
        "endpoint": profile.endpoint,
        "accelerate": profile.accelerate,
        "keyTemplate": profile.key_template,
        "zone": profile.zone,
        "routes": profile.routes,
    })
}

fn transfers(core: &Core, marker: &Marker) -> Value {
    let live = core.live();
    let mut rows: Vec<TransferRow> = live.all().map(|one| one.row()).collect();
    drop(live);
    let of_all = rows.len();
    let rows = rows.split_off(of_all.saturating_sub(MOST_TRANSFERS));
    let rows: Vec<Value> = rows.iter().map(|row| transfer(row, marker)).collect();
    json!({ "all": of_all, "newest": rows })
}

fn transfer(row: &TransferRow, marker: &Marker) -> Value {
    let (state, error) = match &row.status {
        Status::Queued => ("queued", None),
        Status::Running => ("running", None),
        Status::Finishing => ("finishing", None),
        Status::Waiting { error, .. } => ("waiting", Some(error)),
        Status::Paused => ("paused", None),
        Status::Cancelling => ("cancelling", None),
        Status::Cancelled => ("cancelled", None),
        Status::Done { .. } => ("done", None),
        Status::Failed { error } => ("failed", Some(error)),
    };
    let mark = |name: &str| if name.is_empty() { String::new() } else { Mark(name).to_string() };
    json!({
        "id": row.id,
        "batch": row.batch,
        "direction": row.direction,
        "newsroom": row.profile,
        "bucket": row.bucket,
        "key": mark(&row.key),
        "name": mark(&row.name),
        "path": mark(&row.path),
        "story": mark(&row.story),
        "size": row.size,
        "acked": row.acked,
        "kept": row.kept,
        "state": state,
        "error": error.map(|error| told(error, marker)),
        "parts": row.parts,
        "partsInFlight": row.parts_in_flight,
        "rate": row.rate,
        "breaking": row.breaking,
        "deadline": row.due.as_ref().map(|due| due.at),
        "second": row.second,
        "metered": row.metered,
        "portal": row.portal.is_some(),
        "addedAt": row.added_at,
        "startedAt": row.started_at,
        "endedAt": row.ended_at,
    })
}

fn told(error: &Error, marker: &Marker) -> Value {
    json!({ "code": error.code, "message": marker.on(&error.message), "detail": marker.on(&error.detail) })
}

/// Every text of it.
fn marked(value: &Value, marker: &Marker) -> Value {
    match value {
        Value::String(text) => Value::String(marker.on(text)),
        Value::Array(all) => all.iter().map(|one| marked(one, marker)).collect(),
        Value::Object(all) => all.iter().map(|(name, one)| (name.clone(), marked(one, marker))).collect(),
        other => other.clone(),
    }
}

/// Which Linux, as it names itself. Other systems do not say it in a file.
fn release() -> Option<String> {
    let text = std::fs::read_to_string("/etc/os-release").ok()?;
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Some(format!("{}, Linux {}", name.trim_matches('"'), kernel.trim()))
}
