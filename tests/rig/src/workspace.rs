//! Where the rig keeps what is made once and used by many runs: `rig/` in cargo's target folder.
//! May not live here: anything of one run; that is in a scratch folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder `target/rig/`, made if it is not there.
fn kept() -> Result<PathBuf> {
    let target = match std::env::var_os("CARGO_TARGET_DIR").filter(|v| !v.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => tagged().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")),
    };
    let rig = target.join("rig");
    fs::create_dir_all(&rig).with_context(|| rig.display().to_string())?;
    Ok(rig.canonicalize()?)
}

/// The target folder that this program was built into, which a configuration file may have moved.
fn tagged() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
}

/// The folder `target/rig/NAME`, made by `make` the first time. Of processes and threads that want it at once, one
/// makes it and the others wait. What was left half made is made again.
pub(crate) fn once(name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let rig = kept()?;
    let folder = rig.join(name);
    let ready = folder.join(".ready");
    if ready.is_file() {
        return Ok(folder);
    }
    let lock = rig.join(format!("{name}.lock"));
    let lock = File::create(&lock).with_context(|| lock.display().to_string())?;
    // Held until it is closed, or this process ends.
    lock.lock()?;
    if ready.is_file() {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir(&folder)?;
    make(&folder).with_context(|| format!("making {}", folder.display()))?;
    File::create(ready)?;
    Ok(folder)
}
