//! Watching whenever this user logs on, as each system has it: a systemd user service, a launchd agent, a value in the
//! registry. Each writes what the system reads and tells it; what is started is this very program, with `watch`.

#[cfg(target_os = "linux")]
#[path = "systemd.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "launchd.rs"]
mod system;
#[cfg(windows)]
#[path = "registry.rs"]
mod system;

use std::path::Path;
use std::process::Command;

use rushes_engine::error::{Code, Error, Result};

/// Answers with what was done, in a sentence. A data directory of the user's own choice is kept to.
pub fn install(home: &Path) -> Result<String> {
    let program = std::env::current_exe().map_err(Error::internal)?;
    let chosen = std::env::var_os("RUSHES_HOME").filter(|home| !home.is_empty()).map(|_| home);
    system::install(&program, chosen)
}

pub fn uninstall() -> Result<String> {
    system::uninstall()
}

/// Runs one of the system's own programs.
fn tell(program: &str, arguments: &[&str]) -> Result<()> {
    let failed = |cause: String| {
        let sentence = format!("{program} did not take it. Ask IT, or run `rushesctl watch` yourself.");
        Error::new(Code::DiskFailed, sentence).because(cause)
    };
    let done = Command::new(program).args(arguments).output().map_err(|e| failed(e.to_string()))?;
    if done.status.success() { Ok(()) } else { Err(failed(String::from_utf8_lossy(&done.stderr).into_owned())) }
}

#[cfg(not(windows))]
fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |e| Error::new(Code::FolderUnwritable, format!("{} cannot be written.", path.display())).because(e);
    std::fs::create_dir_all(path.parent().unwrap_or(path)).map_err(failed)?;
    std::fs::write(path, text).map_err(failed)
}

#[cfg(not(windows))]
fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::new(Code::FolderUnwritable, format!("{} cannot be removed.", path.display())).because(e))
        }
        _ => Ok(()),
    }
}

#[cfg(not(windows))]
fn in_home(folder: &str) -> Result<std::path::PathBuf> {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let home = home.ok_or_else(|| Error::new(Code::DiskFailed, "This user has no home folder."))?;
    Ok(Path::new(&home).join(folder))
}
