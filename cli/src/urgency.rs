//! Which transfers go first: breaking, and deadlines.

use rushes_engine::attach::Connection;
use rushes_engine::error::Result;
use rushes_engine::transfer::TransferId;

use crate::show::Show;
use crate::verbs::show_them;

pub async fn breaking(connection: &Connection, show: &Show, ids: &[TransferId], breaking: bool) -> Result<bool> {
    connection
        .call((ids.to_vec(), breaking), async |engine, context, (ids, breaking)| {
            engine.set_breaking(context, ids, breaking).await
        })
        .await??;
    show_them(connection, show, ids).await
}

pub async fn deadline(connection: &Connection, show: &Show, id: TransferId, by: &str) -> Result<bool> {
    let by = (!by.eq_ignore_ascii_case("none")).then(|| by.to_owned());
    connection
        .call((vec![id], by), async |engine, context, (ids, by)| engine.set_deadline(context, ids, by).await)
        .await??;
    show_them(connection, show, &[id]).await
}
