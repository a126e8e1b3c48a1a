//! The file that comes down: its name claimed at the start, written by ranges under `.part`, shown under its own name
//! only when whole, verified and synced. Nothing that was there before is ever overwritten. Knows no S3.

mod file;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::file::Piece;
use self::file::Written;
use crate::error::{Code, Error, Result, disk};
use crate::integrity::{Algorithm, Checksum, Crc64, Crc64Sum, checksum_of};
use crate::names::{numbered, part_name};
use crate::parts::Part;
use crate::positioned::read_exact_at;

/// How many taken names are tried before giving up on a folder.
const MOST_NAMES: u32 = 10_000;

/// The `.part` file that belongs to a final path.
pub fn part_path(whole: &Path) -> PathBuf {
    let name = whole.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    whole.with_file_name(part_name(&name))
}

/// Claims a free name in `folder` by creating its `.part` file, and answers with the path it will have when whole.
pub async fn claim(folder: &Path, name: &str) -> Result<PathBuf> {
    let (folder, name) = (folder.to_owned(), name.to_owned());
    blocking(move || {
        fs::create_dir_all(&folder).map_err(|e| disk("make the folder", &folder, &e))?;
        for n in 1..MOST_NAMES {
            let whole = folder.join(numbered(&name, n));
            if taken(&whole) {
                continue;
            }
            match File::options().write(true).create_new(true).open(part_path(&whole)) {
                Ok(_) if !taken(&whole) => return Ok(whole),
                Ok(_) => {
                    let _ = fs::remove_file(part_path(&whole));
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(disk("write into", &folder, &e)),
            }
        }
        Err(Error::new(
            Code::FolderUnwritable,
            format!("{} holds too many files named {name}. Choose another.", folder.display()),
        ))
    })
    .await
}

/// Also true for a dangling link: writing through it would land somewhere else.
fn taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// A claimed download, open for writing. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sink {
    file: Arc<Written>,
    part: Arc<PathBuf>,
}

impl Sink {
    /// Opens the `.part` file of `whole`. `None` where it is gone.
    pub async fn open(whole: &Path, size: u64) -> Result<Option<Sink>> {
        let part = part_path(whole);
        blocking(move || {
            // Not created: a claim made it, and following a link that was put in its place would leave the folder.
            if fs::symlink_metadata(&part).map_or(true, |m| !m.is_file()) {
                return Ok(None);
            }
            let file = File::options()
                .read(true)
                .write(true)
                .open(&part)
                .and_then(|file| file.set_len(size).map(|()| file))
                .map_err(|e| disk("write", &part, &e))?;
            Ok(Some(Sink { file: Arc::new(Written::new(file, &part)), part: Arc::new(part) }))
        })
        .await
    }

    /// Memory for `most` bytes, which begin at `offset` in the file.
    pub fn piece(&self, offset: u64, most: usize) -> Piece {
        self.file.piece(offset, most)
    }

    /// Its memory is for the next request.
    pub fn lay_by(&self, piece: Piece) {
        self.file.lay_by(piece);
    }

    /// Gives its memory back. Blocking: call it off the async threads.
    pub fn write(&self, piece: Piece) -> Result<Piece> {
        self.file.write(&piece).map_err(|e| disk("write", &self.part, &e))?;
        Ok(piece)
    }

    /// The checksum of what is on disk for this range. For ranges that an earlier run fetched: the journal may have been
    /// synced when the file was not.
    pub async fn checksum(&self, range: Part) -> Result<Crc64> {
        let (file, part) = (self.file.clone(), self.part.clone());
        blocking(move || {
            let mut sum = Crc64Sum::default();
            let mut buffer = vec![0; (1 << 20).min(range.length as usize)];
            let mut at = 0;
            while at < range.length {
                let piece = buffer.len().min((range.length - at) as usize);
                read_exact_at(file.file(), &mut buffer[..piece], range.offset + at)
                    .map_err(|e| disk("read", &part, &e))?;
                sum.update(&buffer[..piece]);
                at += piece as u64;
            }
            Ok(sum.value())
        })
        .await
    }

    /// Reads it all again, for the checksums that cannot be combined from ranges.
    pub async fn whole_checksum(&self, algorithm: Algorithm) -> Result<Checksum> {
        let part = self.part.clone();
        blocking(move || {
            let read = || checksum_of(algorithm, File::open(&*part)?);
            read().map_err(|e| disk("read", &part, &e))
        })
        .await
    }

    /// Puts every byte on the disk itself.
    pub async fn sync(&self) -> Result<()> {
        let (file, part) = (self.file.clone(), self.part.clone());
        blocking(move || file.file().sync_all().map_err(|e| disk("write", &part, &e))).await
    }
}

/// Gives the synced `.part` file its own name. `false` where that name has been taken meanwhile: claim another.
pub async fn reveal(whole: &Path) -> Result<bool> {
    let whole = whole.to_owned();
    blocking(move || {
        let part = part_path(&whole);
        let path = tempfile::TempPath::try_from_path(&part).map_err(|e| disk("name", &whole, &e))?;
        match path.persist_noclobber(&whole) {
            Ok(()) => {
                sync_folder(&whole).map_err(|e| disk("write", &whole, &e))?;
                Ok(true)
            }
            Err(refused) => {
                let cause = refused.error;
                // Dropping it would delete the download.
                let _ = refused.path.keep();
                if cause.kind() == io::ErrorKind::AlreadyExists { Ok(false) } else { Err(disk("name", &whole, &cause)) }
            }
        }
    })
    .await
}

/// Moves a finished `.part` to another claimed name, whose own empty `.part` it replaces.
pub async fn move_claim(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (part_path(from), part_path(to));
    blocking(move || fs::rename(&from, &to).map_err(|e| disk("name", &to, &e))).await
}

/// Takes back a claim, with what was written.
pub async fn discard(whole: &Path) -> Result<()> {
    let part = part_path(whole);
    blocking(move || match fs::remove_file(&part) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(disk("remove", &part, &e)),
    })
    .await
}

/// A rename is durable only when its folder is.
#[cfg(unix)]
fn sync_folder(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// NTFS journals its directories.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
