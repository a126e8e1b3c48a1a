//! Linux: fcntl(2), leases; proc(5).
//!
//! A read lease is given only while nobody has the file open for writing, whatever program or user that is. It is given to the
//! file's owner and to root, and counts what is open on this computer: of a network's file system it proves only that there is
//! one. Where none is given, one's own programs are looked through.
#![allow(unsafe_code)]

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::fstatfs;

/// asm-generic/fcntl.h
const F_SETSIG: libc::c_int = 10;
/// linux/magic.h and the file systems' own: files on these may be written by other computers, or by a program behind FUSE.
const FAR: [u32; 11] = [
    0x6573_5546, // FUSE: sshfs, rclone, exFAT and NTFS by ntfs-3g
    0x0000_6969, // NFS
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB2
    0x0000_517b, // SMB
    0x0102_1997, // 9p
    0x00c3_6400, // Ceph
    0x5346_414f, // AFS
    0x7375_7245, // Coda
    0x786f_4256, // VirtualBox' shared folders
    0x0bd0_0bd0, // Lustre
];

pub(super) fn has_writer(path: &Path) -> Option<bool> {
    let file = File::open(path).ok()?;
    match leased(&file) {
        Ok(true) => Some(true),
        Ok(false) if is_far(&file) => None,
        Ok(false) => Some(false),
        // Not ours to lease, or the file system has no leases: what other users have open cannot be seen.
        Err(_) => is_open_for_writing(&file.metadata().ok()?).then_some(true),
    }
}

fn is_far(file: &File) -> bool {
    // What cannot be told is far. The field's width differs between processors.
    fstatfs(file).map_or(true, |told| FAR.contains(&(told.f_type as u32)))
}

/// Takes a read lease and gives it back at once. Whether it was refused since the file is open for writing.
fn leased(file: &File) -> io::Result<bool> {
    // Whoever opens the file for writing within these microseconds waits for them, and we are sent a signal: SIGIO would end
    // the process, this one is ignored unless somebody asks for it.
    fcntl(file.as_raw_fd(), F_SETSIG, libc::SIGURG)?;
    match fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_RDLCK) {
        Ok(()) => fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_UNLCK).map(|()| false),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(error),
    }
}

fn fcntl(file: RawFd, what: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: both commands that are used take one int, and touch no memory of ours.
    match unsafe { libc::fcntl(file, what, value) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Whether one of the programs that this user may look into has the file open for writing.
pub(super) fn is_open_for_writing(file: &Metadata) -> bool {
    let Ok(programs) = fs::read_dir("/proc") else { return false };
    let pids = programs.flatten().filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
    pids.into_iter().any(|program| {
        let Ok(open) = fs::read_dir(program.path().join("fd")) else { return false };
        open.flatten().any(|one| {
            let is_it = fs::metadata(one.path()).is_ok_and(|it| (it.dev(), it.ino()) == (file.dev(), file.ino()));
            is_it && may_write(&program.path().join("fdinfo").join(one.file_name()))
        })
    })
}

/// Octal, as open(2) was told: the last two bits are 0 for reading, 1 for writing, 2 for both.
fn may_write(about: &Path) -> bool {
    let told = fs::read_to_string(about).unwrap_or_default();
    let flags = told.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok()).is_some_and(|flags| flags & 3 != 0)
}
