//! A folder for one use, gone afterwards.
//! May not live here: what is put into it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::warden;

/// A new folder under the system's temporary folder, removed with all in it when dropped, or when the test is killed,
/// unless `RUSHES_KEEP=1`.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    keep: bool,
}

impl Scratch {
    /// Panics if the system has no room for a folder: no test can do anything then.
    pub fn new() -> Scratch {
        Scratch::at().expect("a scratch folder can be made")
    }

    fn at() -> Result<Scratch> {
        let keep = std::env::var_os("RUSHES_KEEP").is_some_and(|v| v == "1");
        // The real path, because programs show paths that they have resolved. The warden knows ours by the name.
        let temporary = std::env::temp_dir().canonicalize().context("the system's temporary folder")?;
        let path = tempfile::Builder::new().prefix("rushes-rig-").tempdir_in(temporary)?.keep();
        if keep {
            eprintln!("kept: {}", path.display());
        } else {
            warden::path(&path);
        }
        Ok(Scratch { path, keep })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path in it, made or not.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// A folder in it, made with all above it if it is not there.
    pub fn folder(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.join(name);
        std::fs::create_dir_all(&path).expect("a folder can be made in the scratch folder");
        path
    }

    /// A folder in it that was not there: `name`, or `name-2`, and so on.
    pub fn fresh(&self, name: &str) -> Result<PathBuf> {
        for number in 1.. {
            let path = if number == 1 { self.join(name) } else { self.join(format!("{name}-{number}")) };
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(|| path.display().to_string()),
            }
        }
        unreachable!("some number is free")
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            // What a dying child still writes there would be removed by the warden.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
