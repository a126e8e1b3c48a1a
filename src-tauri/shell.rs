use crate::commands::window::Told;
use rushes_engine::attach::Connection;
use rushes_engine::error::Result;
use tauri::ipc::Channel;
pub(crate) struct Shell {
    pub(crate) engine: Connection,
    pub(crate) window: Window,
}
pub(crate) struct Window;
impl Window {
    pub(crate) fn listen(&self, _c: Channel<Told>) {}
}
impl Shell {
    pub(crate) async fn use_practice(&self) -> Result<()> {
        unimplemented!()
    }
}
pub(crate) async fn reveal(_: &tauri::AppHandle, _: i64) -> Result<()> {
    unimplemented!()
}
pub(crate) async fn pick_files(_: &tauri::AppHandle, _: bool) -> Result<Vec<String>> {
    unimplemented!()
}
