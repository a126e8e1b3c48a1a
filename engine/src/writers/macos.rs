//! macOS: lsof(8), which is part of it and asks libproc. It sees the programs of this user, or as root all of them; so that
//! there is no writer is believed only of this user's own files, and on disks of this computer.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

pub(super) fn has_writer(path: &Path) -> Option<bool> {
    let file = fs::File::open(path).ok()?;
    // -F a: for each open file a line "a" with r, w, or u for both.
    let told = Command::new("/usr/sbin/lsof")
        .args(["-w", "-F", "a", "--"])
        .arg(path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    if String::from_utf8_lossy(&told.stdout).lines().any(|line| matches!(line, "aw" | "au")) {
        return Some(true);
    }
    // 1 also where nobody has it open; we have.
    let ours = file.metadata().ok()?.uid() == rustix::process::geteuid().as_raw();
    let is_here = rustix::fs::fstatfs(&file).is_ok_and(|told| told.f_flags & libc::MNT_LOCAL as u32 != 0);
    (told.status.success() && ours && is_here).then_some(false)
}
