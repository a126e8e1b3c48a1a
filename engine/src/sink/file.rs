//! The open file of a download. What is whole pages goes past the system's cache where that can be: the cache stays the
//! editor's, syncing at the end finds little to do, and each byte is copied once less. One writer at a time: the system
//! would let a file's writers wait for each other anyhow, at the processor's cost.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::integrity::Crc64Sum;
use crate::positioned::write_all_at;

/// Disks are written in multiples of this; memory for it begins at one.
const PAGE: usize = 4 << 10;

/// See the file's head.
#[derive(Debug)]
pub(super) struct Written {
    file: File,
    turn: Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    /// Past the cache; absent where the file's system has no such way.
    past: Option<File>,
    /// Where a piece is gathered, a page longer than it.
    gathered: Vec<u8>,
}

impl Written {
    /// `file` is the open one at `path`.
    pub(super) fn new(file: File, path: &Path) -> Written {
        Written { file, turn: Mutex::new(Turn { past: past_the_cache(path), gathered: Vec::new() }) }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Writes these one after the other, and adds them to `sum`.
    pub(super) fn write(&self, pieces: &[Bytes], offset: u64, mut sum: Crc64Sum) -> io::Result<Crc64Sum> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let Turn { past, gathered } = &mut *turn;
        let length = pieces.iter().map(Bytes::len).sum::<usize>();
        if gathered.len() < length + PAGE {
            gathered.resize(length + PAGE, 0);
        }
        // So that what has a page of the file to itself has a page of memory to itself.
        let from = gathered.as_ptr().align_offset(PAGE) % PAGE;
        let from = (from + (offset % PAGE as u64) as usize) % PAGE;
        let mut at = from;
        for piece in pieces {
            gathered[at..at + piece.len()].copy_from_slice(piece);
            at += piece.len();
        }
        let all = &gathered[from..from + length];
        sum.update(all);
        let (head, pages) = cut(offset, length);
        if pages > 0
            && let Some(file) = past
        {
            match write_all_at(file, &all[head..head + pages], offset + head as u64) {
                Ok(()) => {
                    write_all_at(&self.file, &all[..head], offset)?;
                    write_all_at(&self.file, &all[head + pages..], offset + (head + pages) as u64)?;
                    return Ok(sum);
                }
                // It took the wish at the opening, and not now.
                Err(e) if e.kind() == ErrorKind::InvalidInput => *past = None,
                Err(e) => return Err(e),
            }
        }
        write_all_at(&self.file, all, offset)?;
        Ok(sum)
    }
}

/// Of so many bytes at `offset`: those before the first whole page, and those in whole pages.
fn cut(offset: u64, length: usize) -> (usize, usize) {
    let head = (offset.next_multiple_of(PAGE as u64) - offset) as usize;
    (head.min(length), length.saturating_sub(head) / PAGE * PAGE)
}

#[cfg(target_os = "linux")]
fn past_the_cache(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).custom_flags(libc::O_DIRECT | libc::O_NOFOLLOW).open(path).ok()
}

#[cfg(not(target_os = "linux"))]
fn past_the_cache(_: &Path) -> Option<File> {
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::integrity::Crc64;

    #[test]
    fn cuts_by_table() {
        for (offset, length, head, pages) in
            [(0, 4_095, 0, 0), (0, 4_096, 0, 4_096), (1, 4_096, 4_095, 0), (4_095, 8_193, 1, 8_192), (10, 5, 5, 0)]
        {
            assert_eq!(cut(offset, length), (head, pages), "{length} at {offset}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Whatever way it takes, every byte lies in its place.
        #[test]
        fn pieces_of_any_length_at_any_place_are_written(
            lengths in prop::collection::vec(0usize..40_000, 1..30),
            each in 1usize..4,
        ) {
            let folder = tempfile::tempdir_in(".").unwrap();
            let path = folder.path().join("f");
            let file = File::options().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
            let written = Written::new(file, &path);
            let whole: Vec<u8> = (0..lengths.iter().sum()).map(|i: usize| (i * 31 % 251) as u8).collect();
            let mut rest = Bytes::from(whole.clone());
            let pieces: Vec<Bytes> = lengths.iter().map(|length| rest.split_to(*length)).collect();
            let mut at = whole.len() as u64;
            // The last first, so that each goes where nothing is yet.
            for group in pieces.rchunks(each) {
                let length = group.iter().map(Bytes::len).sum::<usize>();
                at -= length as u64;
                let sum = written.write(group, at, Crc64Sum::default()).unwrap();
                prop_assert_eq!(sum.value(), Crc64::of(&whole[at as usize..at as usize + length]));
            }
            prop_assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
    }
}
