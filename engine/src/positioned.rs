//! What differs between the systems about open files: reading and writing at an offset without moving a shared cursor, and
//! writing past the system's cache. Blocking; call it off the async threads.

use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(unix)]
fn write_some(file: &File, bytes: &[u8], offset: u64) -> Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_some(file: &File, bytes: &[u8], offset: u64) -> Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, offset)
}

/// Fills the buffer. `UnexpectedEof` where the file ends before.
pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> Result<()> {
    while !buffer.is_empty() {
        match read_some(file, buffer, offset) {
            Ok(0) => return Err(Error::new(ErrorKind::UnexpectedEof, "the file ends before the part does")),
            Ok(n) => {
                buffer = &mut buffer[n..];
                offset += n as u64;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

pub fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> Result<()> {
    while !bytes.is_empty() {
        match write_some(file, bytes, offset) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => {
                bytes = &bytes[n..];
                offset += n as u64;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Asks for as large pages as the system has, of `size` bytes and at multiples of it, where all of one lies in this memory:
/// it is filled and handed to the disk in one piece. What the system does not grant stays as it is.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub fn prefer_large_pages(memory: &mut [u8], size: usize) {
    let first = memory.as_ptr().align_offset(size);
    let whole = memory.len().saturating_sub(first) / size * size;
    if whole > 0 {
        // SAFETY: the range lies within `memory`, which is borrowed for this call; the advice changes no byte of it.
        unsafe { libc::madvise(memory[first..].as_mut_ptr().cast(), whole, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
pub fn prefer_large_pages(_: &mut [u8], _: usize) {}

/// The same file, for writing whole pages from whole pages of memory past the cache. `None` where its system has no such
/// way. Follows no link.
#[cfg(target_os = "linux")]
pub fn past_the_cache(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).custom_flags(libc::O_DIRECT | libc::O_NOFOLLOW).open(path).ok()
}

#[cfg(not(target_os = "linux"))]
pub fn past_the_cache(_: &Path) -> Option<File> {
    None
}
