//! Where Rushes keeps its files on this computer, and who may use them: one engine owns a data directory at a time.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use directories::{ProjectDirs, UserDirs};

use crate::error::{Code, Error, Result};

/// The data directory. All of the app's files are in it; `RUSHES_HOME` moves it, for tests and for portable use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The directory of this user, made where it is missing, then closed to other users.
    pub fn of_this_user() -> Result<Home> {
        match std::env::var_os("RUSHES_HOME").filter(|v| !v.is_empty()) {
            Some(path) => Home::at(std::path::absolute(&path).unwrap_or_else(|_| path.into())),
            None => {
                let dirs = ProjectDirs::from("dev", "Rushes", "Rushes").ok_or_else(|| {
                    Error::new(
                        Code::DiskFailed,
                        "This user has no home folder. Set RUSHES_HOME to a folder for Rushes.",
                    )
                })?;
                Home::at(dirs.data_local_dir())
            }
        }
    }

    pub fn at(path: impl Into<PathBuf>) -> Result<Home> {
        let path = path.into();
        let failed = |e: std::io::Error| {
            Error::new(
                Code::FolderUnwritable,
                format!(
                    "Rushes cannot use its folder {}. Make it writable, or set RUSHES_HOME to another.",
                    path.display()
                ),
            )
            .because(e)
        };
        if !path.is_dir() {
            fs::create_dir_all(&path).map_err(failed)?;
            closed_to_others(&path).map_err(failed)?;
        }
        Ok(Home(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn journal(&self) -> PathBuf {
        self.0.join("journal.db")
    }

    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// The practice newsroom's store.
    pub fn practice(&self) -> PathBuf {
        self.0.join("practice")
    }

    /// Where the window's own state lies: its place on the screen, the webview's files.
    pub fn window(&self) -> PathBuf {
        self.0.join("window")
    }

    /// Where the engine that owns this directory says how to reach it.
    pub fn address(&self) -> PathBuf {
        self.0.join("engine.address")
    }

    /// What tells this installation's entries in the keychain from another's: random, made once, no secret.
    pub fn installation(&self) -> Result<String> {
        let path = self.0.join("installation");
        let failed = |e: std::io::Error| crate::error::disk("use", &path, &e);
        match fs::read_to_string(&path) {
            Ok(known) if !known.trim().is_empty() => return Ok(known.trim().to_owned()),
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
        let fresh = format!("{:016x}", rand::random::<u64>());
        // Whole or not at all, and the first of two processes wins.
        let mut file = tempfile::NamedTempFile::new_in(&self.0).map_err(failed)?;
        file.write_all(fresh.as_bytes()).map_err(failed)?;
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(fresh),
            Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => self.installation(),
            Err(e) => Err(failed(e.error)),
        }
    }

    /// Becomes the owner, for as long as the answer lives. `None` where another process is.
    pub fn own(&self) -> Result<Option<Owned>> {
        let path = self.0.join("engine.lock");
        let failed = |e: std::io::Error| Error::new(Code::DiskFailed, "Rushes cannot lock its folder.").because(e);
        let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Owned { _lock: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(e)) => Err(failed(e)),
        }
    }
}

/// Proof that this process is the one that owns the data directory. The system takes it back when the process dies.
#[derive(Debug)]
pub struct Owned {
    _lock: File,
}

#[cfg(unix)]
fn closed_to_others(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// A user's own folders are closed to others already, by what they inherit.
#[cfg(not(unix))]
fn closed_to_others(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Where downloads go unless told otherwise.
pub fn downloads() -> PathBuf {
    let dirs = UserDirs::new();
    let known = dirs.as_ref().and_then(|d| d.download_dir().map(Path::to_owned));
    known.or_else(|| dirs.as_ref().map(|d| d.home_dir().join("Downloads"))).unwrap_or_else(std::env::temp_dir)
}
