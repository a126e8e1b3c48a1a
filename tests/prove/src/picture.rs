//! A picture of the window, and whether it is one.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rushes_rig::window::Window;
use serde_json::{Value, json};

/// Takes one, which must show something. What it says is `right` where it is as large as it should be, in pixels.
pub async fn taken(window: &Window, path: &Path, size: (u32, u32)) -> Result<Value> {
    window.screenshot(path).await?;
    let bytes = std::fs::read(path)?;
    ensure!(bytes.len() > 30_000, "{} is nearly empty", path.display());
    // The size stands at a fixed place of a PNG's head.
    let number =
        |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes).context("no picture");
    let (width, height) = (number(16)?, number(20)?);
    let right = (width, height) == size;
    Ok(json!({ "picture": path.display().to_string(), "width": width, "height": height, "right": right }))
}
