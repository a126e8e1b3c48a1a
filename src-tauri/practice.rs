//! Keeps the practice newsroom's server running for as long as the app does, where it is set up at all.

use std::time::Duration;

use tauri::{AppHandle, Manager, async_runtime};

use crate::shell::Shell;

/// A command line may be serving it and leave: then it is taken over within this.
const LOOK: Duration = Duration::from_secs(5);

pub(crate) fn begin(app: &AppHandle) {
    let app = app.clone();
    async_runtime::spawn(async move {
        loop {
            let shell = app.state::<Shell>();
            let profiles = shell.call((), async |engine, context, ()| engine.profiles(context).await).await;
            let is_set_up =
                profiles.is_ok_and(|rows| rows.iter().any(|row| row.profile.name == rushes_newsroom::PROFILE));
            if is_set_up && let Err(error) = shell.serve_practice().await {
                tracing::warn!(%error, "the practice newsroom is not served");
            }
            tokio::time::sleep(LOOK).await;
        }
    });
}
