//! The ways to the bucket of the newsroom in use.

use rushes_engine::api::{RouteTest, WayRow};
use tauri::State;

use super::Answer;
use crate::shell::Shell;

#[tauri::command]
#[specta::specta]
pub(crate) async fn routes(shell: State<'_, Shell>) -> Answer<Vec<WayRow>> {
    shell.call(None, async |engine, context, profile| engine.routes(context, profile).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn test_routes(shell: State<'_, Shell>) -> Answer<RouteTest> {
    shell.call(None, async |engine, context, profile| engine.test_routes(context, profile).await).await?
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn route_tests(shell: State<'_, Shell>) -> Answer<Vec<RouteTest>> {
    shell.call(None, async |engine, context, profile| engine.route_tests(context, profile).await).await?
}
