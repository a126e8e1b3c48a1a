//! The system's browser, for a network's own sign-in page. It is started without what our environment holds of keys: a
//! program that others wrote has no use for them.

use std::io;
use std::process::{Command, Stdio};

/// Opens a page, by the first of the system's ways that there is.
pub(crate) fn open(page: &str) -> io::Result<()> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for mut command in open::commands(page) {
        without_secrets(&mut command);
        match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(mut child) => {
                // Somebody must hear of its end, or the system keeps it.
                std::thread::spawn(move || child.wait());
                return Ok(());
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn without_secrets(command: &mut Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_secret(&name.to_string_lossy())) {
        command.env_remove(name);
    }
}

/// All of AWS's and our own: which of them hold a key is theirs to change.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.starts_with("AWS_") || name.starts_with("RUSHES_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_a_page_has_no_keys_in_its_environment() {
        assert!(["AWS_SECRET_ACCESS_KEY", "Aws_Session_Token", "RUSHES_CLOUDFRONT_KEY"].into_iter().all(is_secret));
        assert!(!["PATH", "HOME", "DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"].into_iter().any(is_secret));
        let mut command = Command::new("x");
        without_secrets(&mut command);
        // A test's own environment has such a name where cargo was given one; each of them is taken away.
        let removed = command.get_envs().filter(|(_, value)| value.is_none()).count();
        assert_eq!(removed, std::env::vars_os().filter(|(name, _)| is_secret(&name.to_string_lossy())).count());
    }
}
