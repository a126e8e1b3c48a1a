//! The support bundle: shown in full, or kept with a list of what is in it.

use std::path::Path;

use rushes_engine::attach::Connection;
use rushes_engine::error::{Error, Result};
use rushes_engine::support::keep;
use serde_json::json;

use crate::show::{Show, printable};

pub async fn run(into: Option<&Path>, connection: &Connection, show: &Show) -> Result<bool> {
    let made = connection.call((), async |engine, context, ()| engine.support(context).await).await??;
    let Some(folder) = into else {
        if show.json() {
            show.object(&made);
        }
        for file in made.files.iter().filter(|_| !show.json()) {
            show.line(&format!("=== {}: {}", printable(&file.name), printable(&file.holds)));
            file.text.lines().for_each(|line| show.line(&printable(line)));
        }
        return Ok(true);
    };
    let (bundle, folder) = (made.clone(), folder.to_owned());
    let kept = tokio::task::spawn_blocking(move || keep(&bundle, &folder)).await.map_err(Error::internal)??;
    if show.json() {
        let files: Vec<_> =
            made.files.iter().map(|f| json!({ "name": f.name, "holds": f.holds, "bytes": f.text.len() })).collect();
        show.object(&json!({ "kept": kept, "files": files }));
        return Ok(true);
    }
    for file in &made.files {
        show.line(&format!("{:>8}  {:<28} {}", file.text.len(), printable(&file.name), printable(&file.holds)));
    }
    show.line(&format!("Kept in {}. Without --into it is shown in full.", printable(&kept.display().to_string())));
    Ok(true)
}
