//! The file that goes up: opened once, read by ranges, watched for change. Reading happens off the async threads, each
//! part streams in small pieces, and its checksum is taken on the way. Knows no S3.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::error::{Code, Error, Result};
use crate::integrity::{Algorithm, Checksum, Crc64, Crc64Sum, checksum_of};
use crate::lane::{DROP, Gate};
use crate::parts::Part;
use crate::positioned::read_exact_at;
use crate::recording::{self, Whereabouts};
use crate::transfer::Look;
use crate::wire::{Throttle, Turns};

/// How much is in memory at a time where a part is only read.
const PIECE: usize = 256 << 10;

/// Sizes and times as the system tells them.
pub fn look_of(metadata: &Metadata) -> Look {
    let modified = metadata.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    Look {
        size: metadata.len(),
        modified: modified.and_then(|d| i64::try_from(d.as_nanos()).ok()).unwrap_or(0),
        touched: touched(metadata),
    }
}

#[cfg(unix)]
fn touched(metadata: &Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn touched(_: &Metadata) -> i64 {
    0
}

/// Says what is wrong with a path that cannot be read.
pub fn unreadable(path: &Path, cause: &io::Error) -> Error {
    let shown = path.display();
    match cause.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Error::new(
            Code::SourceMissing,
            format!("{shown} is not there. Put it back or plug its card in, then retry."),
        ),
        io::ErrorKind::PermissionDenied => {
            Error::new(Code::SourceUnreadable, format!("You may not read {shown}. Change its permissions, then retry."))
        }
        _ => Error::new(Code::SourceUnreadable, format!("{shown} cannot be read. Check the disk or card, then retry.")),
    }
    .because(cause)
}

pub fn changed(path: &Path) -> Error {
    Error::new(
        Code::SourceChanged,
        format!("{} was changed after it began to go up. Retry to send it as it is now.", path.display()),
    )
}

/// An open source. Cheap to clone; all clones read the same open file.
#[derive(Clone, Debug)]
pub struct Source {
    file: Arc<File>,
    path: Arc<PathBuf>,
    pub look: Look,
    /// What all that goes up from its watch folder shares.
    limit: Option<Arc<Throttle>>,
}

impl Source {
    pub async fn open(path: &Path) -> Result<Source> {
        let path = path.to_owned();
        blocking(move || {
            let open = || -> io::Result<(File, Metadata)> {
                let file = File::open(&path)?;
                let metadata = file.metadata()?;
                Ok((file, metadata))
            };
            let (file, metadata) = open().map_err(|e| unreadable(&path, &e))?;
            if !metadata.is_file() {
                return Err(Error::new(Code::BadInput, format!("{} is not a file.", path.display())));
            }
            Ok(Source { file: Arc::new(file), look: look_of(&metadata), path: Arc::new(path), limit: None })
        })
        .await
    }

    /// Its bytes keep to this limit from now on.
    pub(crate) fn within(self, limit: Option<Arc<Throttle>>) -> Source {
        Source { limit, ..self }
    }

    /// What is at its path now, within the same limit.
    pub(crate) async fn anew(&self) -> Result<Source> {
        Ok(Source::open(&self.path).await?.within(self.limit.clone()))
    }

    /// Looks at the open file and at its path again.
    pub async fn look_again(&self) -> Result<Look> {
        let (file, path) = (self.file.clone(), self.path.clone());
        blocking(move || {
            let at_path = std::fs::metadata(&*path).map_err(|e| unreadable(&path, &e))?;
            let opened = file.metadata().map_err(|e| unreadable(&path, &e))?;
            let (at_path, opened) = (look_of(&at_path), look_of(&opened));
            // Another file was put in this one's place.
            if !at_path.same_file(&opened) {
                return Err(changed(&path));
            }
            Ok(opened)
        })
        .await
    }

    /// What the open file looks like now, wherever it is.
    pub(crate) async fn look_now(&self) -> Result<Look> {
        let (file, path) = (self.file.clone(), self.path.clone());
        blocking(move || Ok(look_of(&file.metadata().map_err(|e| unreadable(&path, &e))?))).await
    }

    pub(crate) async fn whereabouts(&self) -> Result<Whereabouts> {
        let (file, path) = (self.file.clone(), self.path.clone());
        blocking(move || recording::whereabouts(&file, &path).map_err(|e| unreadable(&path, &e))).await
    }

    /// The same open file, that has this name now, or looks like this.
    pub(crate) fn as_it_is(&self, path: &Path, look: Look) -> Source {
        Source { file: self.file.clone(), path: Arc::new(path.to_owned()), look, limit: self.limit.clone() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's own number on its disk, where it has one.
    pub(crate) async fn number(&self) -> Result<Option<u64>> {
        let (file, path) = (self.file.clone(), self.path.clone());
        blocking(move || Ok(recording::number_of(&file.metadata().map_err(|e| unreadable(&path, &e))?))).await
    }

    /// Reads the part and answers with its checksum. For parts that an earlier run sent.
    pub async fn checksum(&self, part: Part) -> Result<Crc64> {
        let mut sum = Crc64Sum::default();
        self.read(part, move |bytes| match bytes {
            Some(bytes) => {
                sum.update(bytes);
                None
            }
            None => Some(sum.value()),
        })
        .await
    }

    /// Reads the part and answers with its MD5 in base64. For stores that check nothing else.
    pub async fn md5(&self, part: Part) -> Result<String> {
        use base64::Engine as _;
        use md5::Digest as _;
        let mut digest = md5::Md5::new();
        self.read(part, move |bytes| match bytes {
            Some(bytes) => {
                digest.update(bytes);
                None
            }
            None => Some(base64::engine::general_purpose::STANDARD.encode(digest.finalize_reset())),
        })
        .await
    }

    /// The whole file's checksum, to compare with an object that is in the bucket already.
    pub async fn whole_checksum(&self, algorithm: Algorithm) -> Result<Checksum> {
        let path = self.path.clone();
        blocking(move || {
            let read = || checksum_of(algorithm, File::open(&*path)?);
            read().map_err(|e| unreadable(&path, &e))
        })
        .await
    }

    /// Hands every piece of the part to `take`, then `None`, for which it answers.
    async fn read<T: Send + 'static>(
        &self,
        part: Part,
        mut take: impl FnMut(Option<&[u8]>) -> Option<T> + Send + 'static,
    ) -> Result<T> {
        let (file, path) = (self.file.clone(), self.path.clone());
        blocking(move || {
            let mut buffer = vec![0; PIECE.min(part.length as usize)];
            let mut at = 0;
            while at < part.length {
                let piece = buffer.len().min((part.length - at) as usize);
                read_exact_at(&file, &mut buffer[..piece], part.offset + at).map_err(|e| reading(&path, &e))?;
                take(Some(&buffer[..piece]));
                at += piece as u64;
            }
            take(None).ok_or_else(|| Error::internal("a reader gave no answer"))
        })
        .await
    }

    /// The part as a request's body, of which two pieces are in memory at a time: one on the wire, one being read. What
    /// it really read is told through the tap once it is through. It waits where something breaking goes before it.
    pub(crate) fn body(&self, part: Part, piece: usize, gate: Gate) -> (PartBody, Arc<Tap>) {
        let tap = Arc::new(Tap { path: self.path.clone(), crc: OnceLock::new(), trouble: OnceLock::new() });
        if part.length == 0 {
            // An empty body is never asked for a piece.
            let _ = tap.crc.set(Crc64Sum::default().value());
        }
        let body = PartBody {
            file: self.file.clone(),
            next: part.offset,
            handed: part.offset,
            end: part.offset + part.length,
            piece: piece.max(1),
            reading: None,
            read: Bytes::new(),
            gate,
            passing: None,
            turns: self.limit.as_ref().map(|limit| limit.up()),
            sum: Crc64Sum::default(),
            tap: tap.clone(),
        };
        (body, tap)
    }
}

/// A file that ends too early has been cut since it was looked at; anything else is the disk's trouble.
fn reading(path: &Path, cause: &io::Error) -> Error {
    if cause.kind() == io::ErrorKind::UnexpectedEof { changed(path) } else { unreadable(path, cause) }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// What is known of a part's bytes after they were read for sending.
#[derive(Debug)]
pub struct Tap {
    path: Arc<PathBuf>,
    crc: OnceLock<Crc64>,
    trouble: OnceLock<Error>,
}

impl Tap {
    /// The checksum of exactly what was handed to the wire; `None` until all of it was.
    pub fn crc(&self) -> Option<Crc64> {
        self.crc.get().copied()
    }

    /// Why reading stopped, where it did: the request's own error only says that the body broke off.
    pub fn trouble(&self) -> Option<Error> {
        self.trouble.get().cloned()
    }
}

/// Streams one part. Holds two pieces at most.
pub struct PartBody {
    file: Arc<File>,
    /// Where the next piece is read, how far pieces were handed on, and where the part ends: offsets in the file.
    next: u64,
    handed: u64,
    end: u64,
    piece: usize,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    /// Of the piece that was read last, what is not handed on yet.
    read: Bytes,
    gate: Gate,
    passing: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
    turns: Option<Turns>,
    sum: Crc64Sum,
    tap: Arc<Tap>,
}

impl PartBody {
    fn read_on(&mut self) {
        let length = self.piece.min((self.end - self.next) as usize);
        let (file, at) = (self.file.clone(), self.next);
        self.reading = Some(tokio::task::spawn_blocking(move || {
            let mut buffer = vec![0; length];
            read_exact_at(&file, &mut buffer, at)?;
            Ok(buffer.into())
        }));
        self.next += length as u64;
    }
}

impl Body for PartBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.handed >= self.end {
            return Poll::Ready(None);
        }
        let mut most = usize::MAX;
        if self.passing.is_some() || self.gate.is_shut() {
            let mut gate = self.gate.clone();
            let passing = self.passing.get_or_insert_with(|| Box::pin(async move { gate.pass().await }));
            ready!(passing.as_mut().poll(cx));
            self.passing = None;
            if self.gate.is_shut() {
                most = DROP;
            }
        }
        if self.read.is_empty() {
            if self.reading.is_none() {
                self.read_on();
            }
            let Some(piece) = self.reading.as_mut() else { return Poll::Ready(None) };
            let read = ready!(Pin::new(piece).poll(cx)).unwrap_or_else(|e| Err(io::Error::other(e)));
            self.reading = None;
            match read {
                Ok(bytes) => self.read = bytes,
                Err(e) => {
                    let _ = self.tap.trouble.set(reading(&self.tap.path, &e));
                    return Poll::Ready(Some(Err(e)));
                }
            }
            if self.next < self.end {
                // The next piece is read while this one is on its way.
                self.read_on();
            }
        }
        let mut length = self.read.len().min(most);
        if let Some(turns) = &mut self.turns {
            length = ready!(turns.poll_take(cx, length));
        }
        let bytes = self.read.split_to(length);
        self.sum.update(&bytes);
        self.handed += length as u64;
        if self.handed >= self.end {
            // A body with a length is not asked again after its last byte, so this is the moment.
            let _ = self.tap.crc.set(self.sum.value());
            self.gate.sent();
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.handed >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.handed)
    }
}
