//! Following transfers to their end: rows as they change, and what the end means for the exit status.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rushes_engine::api::{Action, TransferRow};
use rushes_engine::attach::Connection;
use rushes_engine::error::Result;
use rushes_engine::transfer::{Status, TransferId, Why};

use crate::bucket::Ready;
use crate::show::Show;

/// How often patience is looked at while nothing changes.
const LOOK: Duration = Duration::from_secs(1);

/// Follows until each is at rest. Whether all are done and proved.
pub async fn follow(
    connection: &Connection,
    ready: Option<&Ready>,
    show: &Show,
    ids: &[TransferId],
    patience: Duration,
) -> Result<bool> {
    show.followed(ids);
    let wanted: HashSet<TransferId> = ids.iter().copied().collect();
    let mut open = wanted.clone();
    let mut all_done = true;
    let mut offline_since: Option<Instant> = None;
    let mut since = 0;
    let mut generation = connection.generation();
    while !open.is_empty() {
        let asked = connection.call(since, async |engine, context, since| engine.updates(context, since).await);
        let update = match tokio::time::timeout(LOOK, asked).await {
            Ok(update) => update?,
            Err(_) if offline_since.is_some_and(|since| since.elapsed() > patience) => return Ok(false),
            Err(_) => continue,
        };
        since = update.seq;
        if connection.generation() != generation {
            // The process that ran the engine has left, and this one took over: it is asked for the same.
            generation = connection.generation();
            if let Some(ready) = ready {
                ready.lend(connection).await?;
            }
            let left: Vec<TransferId> = open.iter().copied().collect();
            // Those that are being cancelled go on by themselves.
            for id in left {
                let _ = ask(connection, Action::Resume, vec![id]).await;
            }
            continue;
        }
        let mut moving = false;
        let ours = || update.rows.iter().filter(|row| wanted.contains(&row.id));
        show.progress(ours());
        for row in ours() {
            moving |= row.status.is_active();
            if let Some(done) = at_rest(row)
                && open.remove(&row.id)
            {
                all_done &= done;
            }
        }
        for id in &update.gone {
            all_done &= !open.remove(id);
        }
        let waits =
            update.rows.iter().any(|row| open.contains(&row.id) && matches!(row.status, Status::Waiting { .. }));
        if moving && update.rows.iter().any(|row| row.acked > 0 && row.status.is_active() && row.rate > 0) {
            offline_since = None;
        } else if waits && offline_since.is_none() {
            offline_since = Some(Instant::now());
        }
        if offline_since.is_some_and(|since| since.elapsed() > patience) {
            return Ok(false);
        }
    }
    Ok(all_done)
}

/// Whether nothing more will happen by itself, and if so, whether it is done.
fn at_rest(row: &TransferRow) -> Option<bool> {
    match &row.status {
        Status::Done { .. } => Some(true),
        Status::Cancelled | Status::Failed { .. } | Status::Paused => Some(false),
        // Only the user can help, and this command cannot ask.
        Status::Waiting { why: Why::Credentials | Why::DiskFull, .. } => Some(false),
        _ => None,
    }
}

pub async fn ask(connection: &Connection, action: Action, ids: Vec<TransferId>) -> Result<()> {
    connection
        .call((action, ids), async |engine, context, (action, ids)| engine.act(context, action, ids).await)
        .await?
}

/// An engine that this process runs for others too stays until they have what they asked for.
pub async fn until_idle(connection: &Connection, but_for: &[TransferId]) {
    if let Some(engine) = connection.engine().await {
        while !engine.is_idle_but_for(but_for) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
