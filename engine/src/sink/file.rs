//! The open file of a download. What is whole pages goes past the system's cache where that can be: the cache stays the
//! editor's, syncing at the end finds little to do, and each byte is copied once less. One writer at a time: the system
//! would let a file's writers wait for each other anyhow, at the processor's cost.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::positioned::{past_the_cache, prefer_large_pages, write_all_at};

/// Disks are written in multiples of this; memory for it begins at one.
const PAGE: usize = 4 << 10;
/// Memory for so much, where it begins at a multiple of it, may be one page to the system instead of hundreds.
const LARGE_PAGE: usize = 2 << 20;

/// Bytes that follow each other in the file, in memory of their own: what has a page of the file to itself has a page of
/// memory to itself.
#[derive(Debug)]
pub struct Piece {
    memory: Vec<u8>,
    /// It was made for.
    most: usize,
    from: usize,
    length: usize,
    offset: u64,
}

impl Piece {
    /// For `most` bytes, which begin at `offset` in the file.
    pub fn new(offset: u64, most: usize) -> Piece {
        let mut memory = vec![0; most + begins_at(most)];
        if most >= LARGE_PAGE {
            prefer_large_pages(&mut memory, LARGE_PAGE);
        }
        Piece { memory, most, from: 0, length: 0, offset }.again_at(offset)
    }

    /// Whether it has room for so many bytes, and not for many more.
    fn fits(&self, most: usize) -> bool {
        (most..=most * 2).contains(&self.most)
    }

    /// Its memory, for other bytes.
    pub fn again_at(self, offset: u64) -> Piece {
        let align = begins_at(self.most);
        let first_page = self.memory.as_ptr().align_offset(align);
        Piece { from: (first_page + (offset % PAGE as u64) as usize) % align, length: 0, offset, ..self }
    }

    /// No more than it was made for.
    pub fn take(&mut self, bytes: &[u8]) {
        let at = self.from + self.length;
        self.memory[at..at + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.from..self.from + self.length]
    }

    pub fn offset(&self) -> u64 {
        self.offset
    }

    pub fn end(&self) -> u64 {
        self.offset + self.length as u64
    }
}

/// What the memory for so many bytes begins at a multiple of.
fn begins_at(most: usize) -> usize {
    if most >= LARGE_PAGE { LARGE_PAGE } else { PAGE }
}

/// See the file's head.
#[derive(Debug)]
pub(super) struct Written {
    file: File,
    /// Past the cache; absent where the file's system has no such way. Who writes holds it.
    past: Mutex<Option<File>>,
    /// Memory of requests that are through: what has been written to once is nearer than what the system must clear first.
    spare: Mutex<Vec<Piece>>,
}

/// So many are kept for the next requests.
const SPARE: usize = 8;

impl Written {
    /// `file` is the open one at `path`.
    pub(super) fn new(file: File, path: &Path) -> Written {
        Written { file, past: Mutex::new(past_the_cache(path)), spare: Mutex::default() }
    }

    /// For `most` bytes, which begin at `offset` in the file.
    pub(super) fn piece(&self, offset: u64, most: usize) -> Piece {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        // Requests have come to hold more or less than before.
        spare.retain(|piece| piece.fits(most));
        spare.pop().map_or_else(|| Piece::new(offset, most), |piece| piece.again_at(offset))
    }

    pub(super) fn lay_by(&self, piece: Piece) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE {
            spare.push(piece);
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn write(&self, piece: &Piece) -> io::Result<()> {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, offset) = (piece.bytes(), piece.offset);
        let (head, pages) = cut(offset, all.len());
        if pages > 0
            && let Some(file) = &*past
        {
            match write_all_at(file, &all[head..head + pages], offset + head as u64) {
                Ok(()) => {
                    write_all_at(&self.file, &all[..head], offset)?;
                    return write_all_at(&self.file, &all[head + pages..], offset + (head + pages) as u64);
                }
                // It took the wish at the opening, and not now.
                Err(e) if e.kind() == ErrorKind::InvalidInput => *past = None,
                Err(e) => return Err(e),
            }
        }
        write_all_at(&self.file, all, offset)
    }
}

/// Of so many bytes at `offset`: those before the first whole page, and those in whole pages.
fn cut(offset: u64, length: usize) -> (usize, usize) {
    let head = (offset.next_multiple_of(PAGE as u64) - offset) as usize;
    (head.min(length), length.saturating_sub(head) / PAGE * PAGE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        fn pieces_of_any_length_at_any_place_are_written(lengths in prop::collection::vec(0usize..40_000, 1..30)) {
            let folder = tempfile::tempdir_in(".").unwrap();
            let path = folder.path().join("f");
            let file = File::options().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
            let written = Written::new(file, &path);
            let whole: Vec<u8> = (0..lengths.iter().sum()).map(|i: usize| (i * 31 % 251) as u8).collect();
            let mut end = whole.len();
            let mut piece = Piece::new(0, 40_000);
            // The last first, so that each goes where nothing is yet.
            for length in lengths {
                piece = piece.again_at((end - length) as u64);
                let (first, second) = whole[end - length..end].split_at(length / 3);
                piece.take(first);
                piece.take(second);
                prop_assert_eq!(piece.bytes(), &whole[end - length..end]);
                written.write(&piece).unwrap();
                end -= length;
            }
            prop_assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
    }
}
