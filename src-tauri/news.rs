//! What the engine says, carried to the window, to the system's notifications, to the tray and to the machine's sleep.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rushes_engine::api::{Totals, Update};
use tauri::{AppHandle, Manager, async_runtime};
use tauri_plugin_notification::NotificationExt;

use crate::awake::Awake;
use crate::commands::window::Told;
use crate::shell::Shell;
use crate::tray;

/// Between two tries to reach an engine that cannot be opened.
const AGAIN: Duration = Duration::from_secs(3);

static BYTES_MOVE: AtomicBool = AtomicBool::new(false);
static FAILED_TRIES: AtomicU32 = AtomicU32::new(0);

/// Whether closing the window should leave the app running.
pub(crate) fn bytes_move(_: &AppHandle) -> bool {
    BYTES_MOVE.load(Ordering::Relaxed)
}

/// What matters without a window: for as long as the app runs.
pub(crate) fn begin(app: &AppHandle) {
    let app = app.clone();
    async_runtime::spawn(async move {
        let mut awake = Awake::default();
        let mut since = 0;
        loop {
            let Some(update) = next(&app, since).await else { continue };
            since = update.seq;
            let moving = moves(&update.totals);
            BYTES_MOVE.store(moving, Ordering::Relaxed);
            awake.set(moving);
            tray::draw(&app, &update.totals);
            for notice in &update.notices {
                let said = app.notification().builder().title(&notice.title).body(&notice.body).show();
                if let Err(error) = said {
                    tracing::info!(%error, "no notification");
                }
            }
        }
    });
}

/// Feeds the window's channel of this generation.
pub(crate) fn feed(app: &AppHandle, generation: u64) {
    let app = app.clone();
    async_runtime::spawn(async move {
        let mut since = 0;
        loop {
            let update = next(&app, since).await;
            let shell = app.state::<Shell>();
            let mut listener = shell.listener.lock().unwrap_or_else(PoisonError::into_inner);
            if listener.generation != generation {
                return;
            }
            if let Some(update) = update {
                since = update.seq;
                if !listener.tell(Told::Update { update: Box::new(update) }) {
                    return;
                }
            }
        }
    });
}

/// The next update; `None` where there is no engine, which the window is told.
async fn next(app: &AppHandle, since: u64) -> Option<Update> {
    let shell = app.state::<Shell>();
    match shell.call(since, async |engine, context, since| engine.updates(context, since).await).await {
        Ok(update) => {
            FAILED_TRIES.store(0, Ordering::Relaxed);
            Some(update)
        }
        Err(error) => {
            if FAILED_TRIES.fetch_add(1, Ordering::Relaxed) == 0 {
                tracing::error!(%error, "the engine cannot be reached");
            }
            shell.listener.lock().unwrap_or_else(PoisonError::into_inner).tell(Told::Stuck { error });
            tokio::time::sleep(AGAIN).await;
            None
        }
    }
}

/// Waiting for a network is no reason to keep a laptop awake, nor an app that nobody sees; moving is.
fn moves(totals: &Totals) -> bool {
    totals.going_up + totals.coming_down > 0
}
