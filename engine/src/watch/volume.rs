//! What a folder's file system is: on a network drive no events come of what other computers write, and nobody can tell who
//! has a file open there.

use std::path::Path;

/// The kind of network drive that a folder is on; `None` where it is on this computer.
pub(super) fn network(path: &Path) -> Option<&'static str> {
    system::network(path)
}

/// What tells one file from another on its volume, beside its name: 0 where the system does not say.
#[cfg(unix)]
pub(super) fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
pub(super) fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

/// The volume that a folder is on now, and the folder's own number there: another card in the same place is another.
#[cfg(unix)]
pub(super) fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
pub(super) fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    let made = metadata.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    (0, made.map_or(0, |made| made.as_nanos() as u64))
}

#[cfg(target_os = "linux")]
mod system {
    use std::path::Path;

    /// From statfs(2) and the kernel's magic.h.
    pub(super) fn network(path: &Path) -> Option<&'static str> {
        let kind = rustix::fs::statfs(path).ok()?.f_type as u64 & 0xffff_ffff;
        match kind {
            0x6969 => Some("NFS"),
            0x517b | 0xfe53_4d42 | 0xff53_4d42 => Some("SMB"),
            0x6573_5546 => Some("FUSE"),
            0x0102_1997 => Some("9P"),
            0x5346_414f | 0x6b41_4653 => Some("AFS"),
            0x00c3_6400 => Some("Ceph"),
            0x0161_1970 | 0x7461_636f => Some("a shared disk"),
            _ => None,
        }
    }
}

#[cfg(target_os = "macos")]
mod system {
    use std::path::Path;

    /// From statfs(2): what is not local has another computer behind it.
    pub(super) fn network(path: &Path) -> Option<&'static str> {
        let kept = rustix::fs::statfs(path).ok()?;
        (kept.f_flags & libc::MNT_LOCAL as u32 == 0).then_some("the network")
    }
}

#[cfg(windows)]
mod system {
    use std::path::{Component, Path, Prefix};

    /// A letter that stands for a share resolves to the share's own name.
    pub(super) fn network(path: &Path) -> Option<&'static str> {
        let whole = std::fs::canonicalize(path).ok()?;
        let Component::Prefix(prefix) = whole.components().next()? else { return None };
        matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)).then_some("SMB")
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod system {
    use std::path::Path;

    pub(super) fn network(_: &Path) -> Option<&'static str> {
        None
    }
}
