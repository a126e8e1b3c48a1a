//! Windows: CreateFileW's sharing. Who opens a file and lets nobody write beside it is refused while somebody does; over SMB the
//! server sees to it. Whoever opens it for writing in this very moment is refused in turn, so it is held for no longer than that.

use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

/// winnt.h
const FILE_SHARE_READ: u32 = 1;
const FILE_SHARE_DELETE: u32 = 4;
/// winerror.h
const ERROR_SHARING_VIOLATION: i32 = 32;

pub(super) fn has_writer(path: &Path) -> Option<bool> {
    match OpenOptions::new().read(true).share_mode(FILE_SHARE_READ | FILE_SHARE_DELETE).open(path) {
        Ok(_) => Some(false),
        Err(error) if error.raw_os_error() == Some(ERROR_SHARING_VIOLATION) => Some(true),
        Err(_) => None,
    }
}
