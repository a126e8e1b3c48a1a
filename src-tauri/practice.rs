//! Keeps the practice newsroom's server running for as long as the app does, where it is set up at all.

use std::time::Duration;

use rushes_engine::error::Result;
use tauri::{AppHandle, Manager, async_runtime};

use crate::shell::Shell;

/// A command line may be serving it and leave: then it is taken over within this.
const LOOK: Duration = Duration::from_secs(5);

pub(crate) fn begin(app: &AppHandle) {
    let app = app.clone();
    // `rushes --practice`: begin there, where no newsroom is set up yet.
    let mut wanted = std::env::args().any(|argument| argument == "--practice");
    async_runtime::spawn(async move {
        loop {
            let shell = app.state::<Shell>();
            if let Err(error) = see_to_it(&shell, &mut wanted).await {
                tracing::warn!(%error, "the practice newsroom is not served");
            }
            tokio::time::sleep(LOOK).await;
        }
    });
}

async fn see_to_it(shell: &Shell, wanted: &mut bool) -> Result<()> {
    let known = shell.call((), async |engine, context, ()| engine.profiles(context).await).await?;
    if *wanted && known.is_empty() {
        shell.use_practice().await?;
    } else if known.iter().any(|row| row.profile.name == rushes_newsroom::PROFILE) {
        shell.serve_practice().await?;
    }
    *wanted = false;
    Ok(())
}
