//! Where the workspace, its target folder and its binaries are: beside this program.
//! May not live here: building them.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The target folder that this program was built into.
pub fn target() -> PathBuf {
    let built = folder();
    built.parent().map_or(built.clone(), Path::to_owned)
}

/// The binary of that name, built with this one.
pub fn binary(name: &str) -> Result<PathBuf> {
    let path = folder().join(name);
    ensure!(path.is_file(), "{name} is not built: run cargo build --workspace");
    Ok(path)
}

/// The binary of that name as it is shipped. Whoever starts it learns whether it is there.
pub fn release(name: &str) -> PathBuf {
    target().join("release").join(name)
}

fn folder() -> PathBuf {
    std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned)).unwrap_or_default()
}
