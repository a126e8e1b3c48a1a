//! A start that met the last moment of another one. On Linux the one copy of the window is found by its name on the
//! session's bus, and a copy that was killed just now may still hold that name without being able to answer.

use std::time::Duration;

/// How often this was tried already.
const TRIES: &str = "RUSHES_START_TRIES";
const MOST: u32 = 3;
const PAUSE: Duration = Duration::from_millis(700);

/// Begins this very process anew where that may help; comes back where it cannot.
pub(crate) fn start(error: &tauri::Error) {
    let tries: u32 = std::env::var(TRIES).ok().and_then(|tries| tries.parse().ok()).unwrap_or(0);
    if tries >= MOST || !matches!(error, tauri::Error::PluginInitialization(plugin, _) if plugin == "single-instance") {
        return;
    }
    std::thread::sleep(PAUSE);
    replace(tries + 1);
}

#[cfg(unix)]
fn replace(tries: u32) {
    use std::os::unix::process::CommandExt;
    let Ok(program) = std::env::current_exe() else { return };
    // Only an error comes back from this.
    let error =
        std::process::Command::new(program).args(std::env::args_os().skip(1)).env(TRIES, tries.to_string()).exec();
    eprintln!("Rushes cannot start itself anew: {error}");
}

/// Elsewhere the system itself frees the name with the process.
#[cfg(not(unix))]
fn replace(_: u32) {}
