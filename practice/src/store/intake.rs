//! Bytes coming in: a body streamed into a segment while its checksums are computed.
//! May not live here: what the bytes become, and whether their checksums are the ones that were stated.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::task::{JoinHandle, spawn_blocking};

use super::disk::tell;
use super::object::{Part, Segment};
use super::sums::{Algorithm, Hashed, Hashes, Sum, hex};
use super::{Refusal, Store};

/// Bytes that are hashed and written at once. One such batch is written while the next one comes in.
const BATCH: usize = 256 * 1024;

/// A whole body, written and synced. Dropped before it is published, its file is removed.
pub(crate) struct Received {
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) hashed: Hashed,
    segment: Option<Segment>,
}

impl Received {
    /// `sum` is the one that the part is stored with; `modified` is in Unix seconds.
    pub(super) fn into_part(self, number: u16, sum: Option<Sum>, modified: i64) -> Part {
        Part {
            number,
            size: self.size,
            etag: hex(&self.hashed.md5),
            crc64nvme: self.hashed.crc64nvme,
            sum,
            modified,
            segment: self.segment,
        }
    }
}

/// Streams `body` to disk, hashing on the way; no thread is held while the client is slow.
///
/// `size` is the announced length in bytes: any other length is [`Refusal::IncompleteBody`], as soon as it shows.
/// `wanted` is computed besides MD5 and CRC64NVME. When the future is dropped, nothing stays.
pub(crate) async fn receive<S, E>(
    store: Arc<Store>,
    mut body: S,
    size: u64,
    wanted: Option<Algorithm>,
) -> Result<Received, Refusal>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let sink = Sink { file: None, segment: None, hashes: Hashes::new(wanted), store };
    let mut writing = Writing::Idle(Box::new(sink));
    let mut batch = Vec::new();
    let mut pending = 0;
    let mut total = 0;
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| Refusal::Body(error.into()))?;
        total += bytes.len() as u64;
        if total > size {
            return Err(Refusal::IncompleteBody);
        }
        pending += bytes.len();
        batch.push(bytes);
        if pending >= BATCH {
            pending = 0;
            writing = Writing::begin(writing.idle().await?, std::mem::take(&mut batch));
        }
    }
    if total != size {
        return Err(Refusal::IncompleteBody);
    }
    let mut sink = writing.idle().await?;
    let finish = spawn_blocking(move || sink.write(&batch).and_then(|()| sink.finish(size)).inspect_err(tell));
    Ok(finish.await.map_err(io::Error::other)??)
}

/// Where the bytes go. The file comes before the segment: it must be closed before the segment can remove it.
struct Sink {
    /// None until there are bytes.
    file: Option<File>,
    segment: Option<Segment>,
    hashes: Hashes,
    /// Keeps the folder locked for as long as there may be something to write.
    store: Arc<Store>,
}

impl Sink {
    fn write(&mut self, batch: &[Bytes]) -> io::Result<()> {
        for bytes in batch {
            if self.file.is_none() {
                let (segment, file) = self.store.disk.new_segment()?;
                (self.segment, self.file) = (Some(segment), Some(file));
            }
            self.hashes.update(bytes);
            self.file.as_mut().expect("made above").write_all(bytes)?;
        }
        Ok(())
    }

    fn finish(self, size: u64) -> io::Result<Received> {
        if let Some(file) = self.file {
            file.sync_all()?;
        }
        Ok(Received { size, hashed: self.hashes.finish(), segment: self.segment })
    }
}

/// The sink is either here or with the thread that writes a batch.
enum Writing {
    Idle(Box<Sink>),
    Busy(JoinHandle<io::Result<Box<Sink>>>),
}

impl Writing {
    fn begin(mut sink: Box<Sink>, batch: Vec<Bytes>) -> Self {
        Self::Busy(spawn_blocking(move || {
            sink.write(&batch).inspect_err(tell)?;
            Ok(sink)
        }))
    }

    async fn idle(self) -> Result<Box<Sink>, Refusal> {
        match self {
            Self::Idle(sink) => Ok(sink),
            Self::Busy(thread) => Ok(thread.await.map_err(io::Error::other)??),
        }
    }
}
