//! A user service of systemd's: systemd.service(5), systemd.unit(5).

use std::path::{Path, PathBuf};

use rushes_engine::error::Result;

use super::{in_home, remove, tell, write};

const UNIT: &str = "rushes-watch.service";

pub(super) fn install(program: &Path, home: Option<&Path>) -> Result<String> {
    let at = path()?;
    write(&at, &unit(program, home))?;
    tell("systemctl", &["--user", "daemon-reload"])?;
    tell("systemctl", &["--user", "enable", "--now", UNIT])?;
    Ok(format!(
        "{} watches from now on whenever you are logged on. On a box where nobody logs on, let it run without: \
         loginctl enable-linger",
        at.display()
    ))
}

pub(super) fn uninstall() -> Result<String> {
    let at = path()?;
    if !at.exists() {
        return Ok("It was not installed.".to_owned());
    }
    let stopped = tell("systemctl", &["--user", "disable", "--now", UNIT]);
    remove(&at)?;
    stopped?;
    tell("systemctl", &["--user", "daemon-reload"])?;
    Ok("Nothing is watched by itself any more.".to_owned())
}

fn path() -> Result<PathBuf> {
    let chosen = std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
    let configuration = chosen.map_or_else(|| in_home(".config"), |folder| Ok(folder.into()))?;
    Ok(configuration.join("systemd/user").join(UNIT))
}

fn unit(program: &Path, home: Option<&Path>) -> String {
    let home = home.map(|home| format!("Environment={}\n", quoted(&format!("RUSHES_HOME={}", home.display()))));
    format!(
        "[Unit]\nDescription=Rushes: watch folders\n\n[Service]\n{}ExecStart={} --json watch\nStandardOutput=null\n\
         Restart=on-failure\nRestartSec=10\n\n[Install]\nWantedBy=default.target\n",
        home.unwrap_or_default(),
        quoted(&program.display().to_string()),
    )
}

/// As systemd reads a word: `%` and `$` stand for something, and quotes end it.
fn quoted(word: &str) -> String {
    let plain = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{plain}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word() {
        let unit = unit(Path::new("/opt/100 % \"it\"/$x/rushesctl"), Some(Path::new("/srv/my home")));
        assert!(unit.contains("ExecStart=\"/opt/100 %% \\\"it\\\"/$$x/rushesctl\" --json watch\n"), "{unit}");
        assert!(unit.contains("Environment=\"RUSHES_HOME=/srv/my home\"\n"), "{unit}");
    }
}
