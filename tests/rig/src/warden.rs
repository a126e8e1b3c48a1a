//! The warden: one small process that outlives a killed test by a moment, to end what the test had started.
//!
//! A parent-death signal would reach only a test's own children, not theirs (a driver's window, that window's web
//! process), and is sent when the *thread* that started the child ends. The warden is told of every process group and
//! every scratch folder over a pipe; when the pipe closes, whatever the reason, it kills and removes what is left.
//!
//! May not live here: the ending of children while the test lives, which is theirs to do on drop.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Reads one word of order and its argument a line. Folders and files are removed only if they are named like ours.
const WATCH: &str = r#"
trap '' HUP INT TERM
groups=' ' paths=''
while IFS=' ' read -r order what; do
    case $order in
        group) groups="$groups$what " ;;
        ended) groups=$(printf %s "$groups" | sed "s/ $what / /") ;;
        path) paths="$paths$what
" ;;
    esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
printf %s "$paths" | while IFS= read -r path; do
    case $path in */rushes-rig-* | */seaweedfs-*.sock | */.X11-unix/X*) ;; *) continue ;; esac
    # What was killed may not have ended yet, and still write.
    for try in 1 2 3 4 5; do rm -rf "$path" 2>/dev/null && break; sleep 0.2; done
done
"#;

fn tell(order: &str, what: &str) {
    static WARDEN: OnceLock<Mutex<Child>> = OnceLock::new();
    let warden = WARDEN.get_or_init(|| {
        let warden = Command::new("/bin/sh")
            .args(["-c", WATCH])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not in the group of the test, which a test runner kills as one.
            .process_group(0)
            .spawn()
            .expect("there is a shell");
        Mutex::new(warden)
    });
    let mut warden = warden.lock().unwrap_or_else(PoisonError::into_inner);
    // Without it everything still ends on drop.
    let _ = warden.stdin.as_mut().map(|pipe| writeln!(pipe, "{order} {what}"));
}

/// To be killed with the test, unless `ended` first.
pub fn group(id: u32) {
    tell("group", &id.to_string());
}

/// It ended, and its number may soon be somebody else's.
pub fn ended(id: u32) {
    tell("ended", &id.to_string());
}

/// To be removed after the test. That it may be gone by then does not matter.
pub(crate) fn path(path: &Path) {
    if let Some(path) = path.to_str() {
        tell("path", path);
    }
}
