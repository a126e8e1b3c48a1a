//! Puts one request's bytes on the disk, in the order they came: one piece is written while the next comes in. Sums them
//! part by part, while they are still at hand. Nothing of requests lives here.

use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::integrity::{Crc64, Crc64Sum};
use crate::sink::{Piece, Sink};
use crate::stretch::Stretch;

/// A stretch of one part that is on the disk, and the sum of its bytes.
pub(super) type Laid = (Stretch, Crc64);

pub(super) struct Writer {
    sink: Sink,
    /// The length of the plan's parts but the last: a sum is of one part's bytes.
    each: u64,
    /// How much is collected before it is written.
    piece: usize,
    /// What comes in, and where it began to be summed.
    filling: Piece,
    begun: u64,
    sum: Crc64Sum,
    /// What is being written, and what is laid with it where a part ends there.
    under_way: Option<(JoinHandle<Result<Piece>>, Option<Laid>)>,
    /// One that was written: its memory is used again.
    spare: Option<Piece>,
    /// How far the disk has it.
    written: u64,
}

impl Writer {
    pub(super) fn new(sink: Sink, each: u64, piece: usize, at: u64) -> Writer {
        let filling = sink.piece(at, piece);
        let sum = Crc64Sum::default();
        Writer { sink, each, piece, filling, begun: at, sum, under_way: None, spare: None, written: at }
    }

    /// Takes what came, and writes where it is enough. Answers with what became laid, a part's end at a time. After an
    /// error this writer is of no more use.
    pub(super) async fn take(&mut self, mut bytes: &[u8]) -> Result<Vec<Laid>> {
        let mut laid = Vec::new();
        while !bytes.is_empty() {
            let at = self.filling.end();
            let border = (at / self.each + 1) * self.each;
            let room = (self.piece - self.filling.bytes().len()).min((border - at) as usize);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.filling.take(now);
            self.sum.update(now);
            bytes = later;
            if now.len() == room {
                laid.extend(self.write().await?);
            }
        }
        Ok(laid)
    }

    /// Nothing more comes: all is written. Answers also with how far the disk has it.
    pub(super) async fn finish(mut self) -> Result<(Vec<Laid>, u64)> {
        let mut laid = Vec::new();
        if !self.filling.bytes().is_empty() {
            laid.extend(self.write().await?);
        }
        laid.extend(self.settle().await?);
        laid.extend(self.laid());
        for piece in [Some(self.filling), self.spare].into_iter().flatten() {
            self.sink.lay_by(piece);
        }
        Ok((laid, self.written))
    }

    /// Begins to write what came, once what came before it is written. A piece never goes beyond a part's end.
    async fn write(&mut self) -> Result<Option<Laid>> {
        let laid = self.settle().await?;
        let end = self.filling.end();
        let next = self.spare.take().map_or_else(|| self.sink.piece(end, self.piece), |spare| spare.again_at(end));
        let piece = std::mem::replace(&mut self.filling, next);
        let with_it = if end.is_multiple_of(self.each) { self.laid() } else { None };
        let sink = self.sink.clone();
        self.under_way = Some((tokio::task::spawn_blocking(move || sink.write(piece)), with_it));
        Ok(laid)
    }

    /// Waits for what is being written.
    async fn settle(&mut self) -> Result<Option<Laid>> {
        let Some((under_way, laid)) = self.under_way.take() else { return Ok(None) };
        let piece = under_way.await.map_err(Error::internal)??;
        self.written = piece.end();
        self.spare = Some(piece);
        Ok(laid)
    }

    /// What came since the last part's end.
    fn laid(&mut self) -> Option<Laid> {
        let stretch = Stretch { at: self.begun, end: self.filling.offset() };
        self.begun = stretch.end;
        (stretch.length() > 0).then(|| (stretch, std::mem::take(&mut self.sum).value()))
    }
}
