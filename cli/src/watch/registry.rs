//! A value under the user's Run key, which Windows starts at log-on; `reg` is the system's own program for it.

use std::path::Path;
use std::process::Command;

use rushes_engine::error::{Code, Error, Result};

use super::tell;

const RUN: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run";
const NAME: &str = "Rushes watch folders";

pub(super) fn install(program: &Path, home: Option<&Path>) -> Result<String> {
    if home.is_some() {
        // A value there carries no environment.
        return Err(Error::new(
            Code::BadInput,
            "RUSHES_HOME is set for this command only. Set it for the user first, in Windows' settings, and begin anew.",
        ));
    }
    let line = format!("\"{}\" --json watch", program.display());
    tell("reg", &["add", RUN, "/v", NAME, "/t", "REG_SZ", "/d", &line, "/f"])?;
    Command::new(program).args(["--json", "watch"]).spawn().map_err(Error::internal)?;
    Ok("It watches from now on whenever you are logged on.".to_owned())
}

pub(super) fn uninstall() -> Result<String> {
    if tell("reg", &["query", RUN, "/v", NAME]).is_err() {
        return Ok("It was not installed.".to_owned());
    }
    tell("reg", &["delete", RUN, "/v", NAME, "/f"])?;
    Ok("Nothing is watched by itself any more, from the next log-on.".to_owned())
}
