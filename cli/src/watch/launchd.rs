//! An agent of launchd's: launchd.plist(5), launchctl(1).

use std::path::{Path, PathBuf};
use std::process::Command;

use rushes_engine::error::{Error, Result};

use super::{in_home, remove, tell, write};

const LABEL: &str = "dev.rushes.watch";

pub(super) fn install(program: &Path, home: Option<&Path>) -> Result<String> {
    let at = path()?;
    write(&at, &agent(program, home))?;
    let domain = domain()?;
    // One that is there already is of an older program.
    let _ = tell("launchctl", &["bootout", &format!("{domain}/{LABEL}")]);
    tell("launchctl", &["bootstrap", &domain, &at.display().to_string()])?;
    Ok(format!("{} watches from now on whenever you are logged on.", at.display()))
}

pub(super) fn uninstall() -> Result<String> {
    let at = path()?;
    if !at.exists() {
        return Ok("It was not installed.".to_owned());
    }
    let stopped = tell("launchctl", &["bootout", &format!("{}/{LABEL}", domain()?)]);
    remove(&at)?;
    stopped?;
    Ok("Nothing is watched by itself any more.".to_owned())
}

fn path() -> Result<PathBuf> {
    Ok(in_home("Library/LaunchAgents")?.join(format!("{LABEL}.plist")))
}

fn domain() -> Result<String> {
    let id = Command::new("id").arg("-u").output().map_err(Error::internal)?;
    Ok(format!("gui/{}", String::from_utf8_lossy(&id.stdout).trim()))
}

fn agent(program: &Path, home: Option<&Path>) -> String {
    let word = |text: &str| format!("<string>{}</string>", escaped(text));
    let home = home.map(|home| {
        format!(
            "<key>EnvironmentVariables</key><dict><key>RUSHES_HOME</key>{}</dict>\n",
            word(&home.display().to_string())
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\"><dict>\n<key>Label</key>{}\n<key>ProgramArguments</key><array>{}{}{}</array>\n{}\
         <key>RunAtLoad</key><true/>\n<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>\n</dict></plist>\n",
        word(LABEL),
        word(&program.display().to_string()),
        word("--json"),
        word("watch"),
        home.unwrap_or_default(),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
