//! How much of the link may be used.

use rushes_engine::api::LimitsRow;
use rushes_engine::limit::LimitSettings;
use tauri::State;

use super::Answer;
use crate::shell::Shell;

#[tauri::command]
#[specta::specta]
pub(crate) async fn limits(shell: State<'_, Shell>) -> Answer<LimitsRow> {
    shell.call((), async |engine, context, ()| engine.limits(context).await).await
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn set_limits(shell: State<'_, Shell>, settings: LimitSettings) -> Answer<()> {
    shell.call(settings, async |engine, context, settings| engine.set_limits(context, settings).await).await?
}
