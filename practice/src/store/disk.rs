//! The folder: where each file lies, and how one is written so that it is there whole or not at all.
//! May not live here: what the files say.
//!
//! ```text
//! lock                              held while served
//! served.json                       on which port, and whether just now
//! filled                            the sample clips were put once
//! tmp/                              descriptions being written; emptied when opened
//! segments/ID                       bytes; those that no description names are removed when opened
//! buckets/ID/bucket.json            a bucket is there while this is
//! buckets/ID/objects/HASH.json      one object, by the SHA-256 of its key
//! buckets/ID/uploads/ID/upload.json a multipart upload is there while this is
//! buckets/ID/uploads/ID/NUMBER.json one part of it
//! ```
//! No name or key of a client is ever part of a path: only IDs made here, hashes and part numbers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tempfile::{NamedTempFile, TempPath};

use super::object::Segment;
use super::sums::hex;
use crate::keys::random_text;

/// Lower case only: some file systems do not tell the cases apart.
const ID_ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// 32 characters of 36 are 165 random bits.
const ID_LENGTH: usize = 32;

/// An unguessable ID, fit for a file's name on every system.
pub(super) fn fresh_id() -> String {
    random_text(ID_ALPHABET, ID_LENGTH).to_string()
}

pub(super) struct Disk {
    root: PathBuf,
}

impl Disk {
    /// Makes the folders where they are missing.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let disk = Self { root: root.to_owned() };
        for folder in [disk.tmp(), disk.segments(), disk.buckets()] {
            fs::create_dir_all(folder)?;
        }
        Ok(disk)
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(super) fn segments(&self) -> PathBuf {
        self.root.join("segments")
    }

    pub(super) fn segment(&self, segment: &Segment) -> PathBuf {
        self.segments().join(segment.id())
    }

    pub(super) fn buckets(&self) -> PathBuf {
        self.root.join("buckets")
    }

    pub(super) fn bucket(&self, id: &str) -> BucketFolder {
        BucketFolder(self.buckets().join(id))
    }

    pub(super) fn filled_mark(&self) -> PathBuf {
        self.root.join("filled")
    }

    /// A new file for bytes. It is removed again unless somebody keeps the segment.
    pub(super) fn new_segment(&self) -> io::Result<(Segment, File)> {
        let segment = Segment::kept(fresh_id());
        let path = self.segment(&segment);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        segment.doom(path);
        Ok((segment, file))
    }

    /// Writes a description and syncs it, so that publishing it is a rename and nothing more.
    pub(super) fn draft(&self, description: &impl Serialize) -> io::Result<Draft> {
        let mut file = NamedTempFile::new_in(self.tmp())?;
        file.write_all(&serde_json::to_vec(description)?)?;
        file.as_file().sync_all()?;
        Ok(Draft(file.into_temp_path()))
    }

    /// Marks the segments for removal, once the last reader is done with each.
    pub(super) fn doom<'a>(&self, segments: impl IntoIterator<Item = &'a Segment>) {
        for segment in segments {
            segment.doom(self.segment(segment));
        }
    }
}

/// The folder of one bucket.
pub(super) struct BucketFolder(PathBuf);

impl BucketFolder {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn description(&self) -> PathBuf {
        self.0.join("bucket.json")
    }

    pub(super) fn objects(&self) -> PathBuf {
        self.0.join("objects")
    }

    pub(super) fn object(&self, key: &str) -> PathBuf {
        self.objects().join(format!("{}.json", hex(&Sha256::digest(key))))
    }

    pub(super) fn uploads(&self) -> PathBuf {
        self.0.join("uploads")
    }

    /// `id` must be one that this store gave out, never one that a client sent.
    pub(super) fn upload(&self, id: &str) -> UploadFolder {
        UploadFolder(self.uploads().join(id))
    }
}

/// The folder of one multipart upload.
pub(super) struct UploadFolder(PathBuf);

impl UploadFolder {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn description(&self) -> PathBuf {
        self.0.join("upload.json")
    }

    pub(super) fn part(&self, number: u16) -> PathBuf {
        self.0.join(format!("{number}.json"))
    }
}

/// A description that is written and synced but not published. Dropped, it is gone.
pub(super) struct Draft(TempPath);

impl Draft {
    /// Puts the description in its place, in one step, over any that is there. The caller syncs the folder.
    pub(super) fn publish(self, to: &Path) -> io::Result<()> {
        Ok(self.0.persist(to)?)
    }
}

/// Makes renames and removals in `folder` last through a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows cannot open a folder this way, and NTFS journals its names by itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Logs that the disk failed a request. To be called where the disk is used: what runs inside of s3s is not heard.
pub(super) fn tell(error: &io::Error) {
    tracing::error!(%error, "the disk of the practice newsroom refused");
}

/// Reads exactly `buffer`'s length at `offset`, without moving a cursor that other readers share.
pub(super) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
    }
    #[cfg(windows)]
    {
        let mut done = 0;
        while done < buffer.len() {
            let rest = &mut buffer[done..];
            match std::os::windows::fs::FileExt::seek_read(file, rest, offset + done as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => done += read,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_shapes_a_path() {
        let folder = BucketFolder(PathBuf::from("objects-of-a-bucket"));
        for key in ["../../x", "/etc/passwd", "C:\\x", "CON", "a//b", ".", "..", "\0", "é", &"k".repeat(1024)] {
            let path = folder.object(key);
            assert_eq!(path.parent(), Some(folder.objects().as_path()));
            let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
            assert!(name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
        }
    }

    #[test]
    fn a_draft_that_is_not_published_leaves_nothing() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let disk = Disk::open(root.path())?;
        drop(disk.draft(&"never")?);
        assert_eq!(fs::read_dir(disk.tmp())?.count(), 0);
        disk.draft(&"once")?.publish(&root.path().join("there"))?;
        assert_eq!(fs::read_to_string(root.path().join("there"))?, "\"once\"");
        Ok(())
    }

    #[test]
    fn a_doomed_segment_stays_until_its_last_holder_lets_go() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        let disk = Disk::open(root.path())?;
        let (segment, _) = disk.new_segment()?;
        let path = disk.segment(&segment);
        segment.keep();
        let reader = segment.clone();
        disk.doom([&segment]);
        drop(segment);
        assert!(path.exists(), "somebody still reads it");
        drop(reader);
        assert!(!path.exists());
        Ok(())
    }
}
