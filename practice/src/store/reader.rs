//! Bytes going out: a range of an object, streamed across its segments.
//! May not live here: which range, and what is said about it.

use std::fs::File;
use std::io;
use std::iter;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use tokio::task::spawn_blocking;

use super::Store;
use super::disk::{read_exact_at, tell};
use super::object::{Object, Segment};

/// Bytes read at once.
const CHUNK: u64 = 256 * 1024;
/// Chunks read ahead of the client.
const AHEAD: usize = 2;

/// Streams `range` (bytes, within the object). The segments stay until the stream is dropped, also when the object is
/// overwritten or deleted meanwhile: what was begun is finished with the old bytes.
pub(crate) fn stream(
    store: &Store,
    object: &Object,
    range: Range<u64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + use<> {
    let mut start = 0;
    let spans: Vec<_> = object
        .parts
        .iter()
        .filter_map(|part| {
            let (from, to) = (start.max(range.start), (start + part.size).min(range.end));
            let offset = from.saturating_sub(start);
            start += part.size;
            let segment = part.segment.clone().filter(|_| from < to)?;
            let source = Source { path: store.disk.segment(&segment), file: OnceLock::new(), _segment: segment };
            Some((Arc::new(source), offset..offset + (to - from)))
        })
        .collect();
    stream::iter(spans.into_iter().flat_map(|(source, span)| chunks(span).zip(iter::repeat(source))))
        .map(|(chunk, source)| async move {
            spawn_blocking(move || source.read(chunk).inspect_err(tell)).await.map_err(io::Error::other).flatten()
        })
        .buffered(AHEAD)
}

/// A segment being read, opened when its first chunk is.
struct Source {
    path: PathBuf,
    // Before the segment, so that the file is closed when the segment removes it.
    file: OnceLock<File>,
    /// Holds the file on disk.
    _segment: Segment,
}

impl Source {
    fn read(&self, chunk: Range<u64>) -> io::Result<Bytes> {
        let file = match self.file.get() {
            Some(file) => file,
            None => {
                let file = File::open(&self.path)?;
                self.file.get_or_init(|| file)
            }
        };
        let length = usize::try_from(chunk.end - chunk.start).map_err(io::Error::other)?;
        let mut buffer = vec![0; length];
        read_exact_at(file, &mut buffer, chunk.start)?;
        Ok(buffer.into())
    }
}

fn chunks(span: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let mut next = span.start;
    iter::from_fn(move || {
        let chunk = next..(next + CHUNK).min(span.end);
        next = chunk.end;
        (chunk.start < chunk.end).then_some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_in_chunks_that_cover_it_once() {
        let span = 7..CHUNK * 2 + 100;
        let all: Vec<_> = chunks(span.clone()).collect();
        assert_eq!(all.len(), 3);
        assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((all[0].start, all[2].end), (span.start, span.end));
        assert_eq!(chunks(5..5).count(), 0);
    }
}
