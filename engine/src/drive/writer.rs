//! Puts one request's bytes on the disk, in the order they came: one piece is written while the next comes in. Sums them
//! part by part, and knows how far the disk has them. Nothing of requests lives here.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::integrity::{Crc64, Crc64Sum};
use crate::sink::Sink;
use crate::stretch::Stretch;

/// A stretch of one part that is on the disk, and the sum of its bytes.
pub(super) type Laid = (Stretch, Crc64);

pub(super) struct Writer {
    sink: Sink,
    /// The length of the plan's parts but the last: a sum is of one part's bytes.
    each: u64,
    /// How much is collected before it is written.
    piece: u64,
    /// Came, and is not being written yet.
    held: VecDeque<Bytes>,
    /// Where the stretch that is summed began, how far the disk has it, how far it is being written and how far it came.
    begun: u64,
    written: u64,
    writing: u64,
    came: u64,
    sum: Crc64Sum,
    under_way: Option<JoinHandle<Result<Crc64Sum>>>,
}

impl Writer {
    pub(super) fn new(sink: Sink, each: u64, piece: usize, at: u64) -> Writer {
        Writer {
            sink,
            each,
            piece: piece as u64,
            held: VecDeque::new(),
            begun: at,
            written: at,
            writing: at,
            came: at,
            sum: Crc64Sum::default(),
            under_way: None,
        }
    }

    /// Where what is not told of as laid begins, and how far the disk has what came.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn take(&mut self, bytes: Bytes) {
        self.came += bytes.len() as u64;
        self.held.push_back(bytes);
    }

    /// Writes where enough came for a piece, and the rest too once `all` came. Answers with what became laid, a part's end
    /// at a time: ask again until it is `None`. After an error this writer is of no more use.
    pub(super) async fn go_on(&mut self, all: bool) -> Result<Option<Laid>> {
        loop {
            let border = (self.writing / self.each + 1) * self.each;
            let to = self.came.min(border).min(self.writing + self.piece);
            let is_due = to - self.writing == self.piece || to == border || all && to > self.writing;
            if !is_due {
                return if all { self.settle().await } else { Ok(None) };
            }
            if let Some(laid) = self.settle().await? {
                return Ok(Some(laid));
            }
            let piece = self.cut(to - self.writing);
            let (sink, at, sum) = (self.sink.clone(), self.writing, std::mem::take(&mut self.sum));
            self.writing = to;
            self.under_way = Some(tokio::task::spawn_blocking(move || sink.write(&piece, at, sum)));
        }
    }

    /// Waits for what is being written.
    async fn settle(&mut self) -> Result<Option<Laid>> {
        let Some(under_way) = self.under_way.take() else { return Ok(None) };
        self.sum = under_way.await.map_err(Error::internal)??;
        self.written = self.writing;
        Ok(self.written.is_multiple_of(self.each).then(|| self.laid()).flatten())
    }

    /// What the disk has beyond what was told of.
    pub(super) fn laid(&mut self) -> Option<Laid> {
        let stretch = Stretch { at: self.begun, end: self.written };
        self.begun = self.written;
        (stretch.length() > 0).then(|| (stretch, std::mem::take(&mut self.sum).value()))
    }

    /// The first bytes that are held.
    fn cut(&mut self, mut length: u64) -> Vec<Bytes> {
        let mut piece = Vec::with_capacity(self.held.len());
        while length > 0
            && let Some(mut bytes) = self.held.pop_front()
        {
            let part = bytes.split_to(bytes.len().min(length as usize));
            length -= part.len() as u64;
            piece.push(part);
            if !bytes.is_empty() {
                self.held.push_front(bytes);
            }
        }
        piece
    }
}
