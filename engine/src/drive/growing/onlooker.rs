//! Looks at a file that is being written: whether it grows, whether its writer has left, and where it is by now.

use std::time::{Duration, Instant};

use super::super::{Driven, Stop};
use crate::error::{Code, Error, Result};
use crate::recording::Whereabouts;
use crate::source::Source;
use crate::transfer::Look;
use crate::writers;

/// So often a recording is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(250);
/// Its writer is asked for only once it has not changed over so many looks: until then it has one.
const STILL: u32 = 2;
/// And after so many, only every so many looks.
const SOON: u32 = 8;
/// Where the system does not tell who writes, what has not changed for so long has ended, unless its watch folder says
/// otherwise.
const QUIET: Duration = Duration::from_secs(10);

/// What a look showed.
pub(super) enum Seen {
    Writing,
    /// Its writer has left.
    Ended,
    /// It has another name now.
    Renamed,
    /// Another file is in its place, and is looked at from now on.
    Replaced,
}

pub(super) struct Onlooker {
    pub source: Source,
    /// As it was at the last look.
    pub last: Look,
    still: u32,
    changed_at: Instant,
    quiet: Duration,
}

impl Onlooker {
    pub(super) fn at(source: Source, quiet: Option<Duration>) -> Onlooker {
        let quiet = quiet.unwrap_or(QUIET);
        Onlooker { last: source.look, source, still: 0, changed_at: Instant::now(), quiet }
    }

    /// After a moment, looks again.
    pub(super) async fn look(&mut self) -> Driven<Seen> {
        tokio::time::sleep(LOOK).await;
        match self.source.whereabouts().await? {
            Whereabouts::Here => {}
            Whereabouts::Renamed(path) => {
                self.source = self.source.as_it_is(&path, self.source.look);
                return Ok(Seen::Renamed);
            }
            Whereabouts::Replaced => {
                *self = Onlooker::at(self.source.anew().await?, Some(self.quiet));
                return Ok(Seen::Replaced);
            }
            Whereabouts::Gone => {
                // A folder that is read while a file in it gets another name may show neither.
                tokio::time::sleep(LOOK).await;
                return match self.source.whereabouts().await? {
                    Whereabouts::Gone => Err(Stop::Fail(gone(&self.source))),
                    _ => Ok(Seen::Writing),
                };
            }
        }
        // Asked before the look: what is written in between shows in it. A camera may be paused for hours.
        let asks = self.still + 1 >= STILL && (self.still < SOON || self.still.is_multiple_of(SOON));
        let writer = if asks { self.has_writer().await? } else { Some(true) };
        if self.has_changed().await? {
            return Ok(Seen::Writing);
        }
        self.still = self.still.saturating_add(1);
        Ok(match writer {
            Some(true) => Seen::Writing,
            Some(false) => Seen::Ended,
            None if self.changed_at.elapsed() >= self.quiet => Seen::Ended,
            None => Seen::Writing,
        })
    }

    /// Looks whether it is written to again.
    pub(super) async fn has_changed(&mut self) -> Result<bool> {
        let now = self.source.look_now().await?;
        let changed = !now.same_file(&self.last);
        if changed {
            (self.still, self.changed_at) = (0, Instant::now());
        }
        self.last = now;
        Ok(changed)
    }

    /// Whether it is known by now that somebody writes it: it changes, or has a writer.
    pub(super) async fn is_written(&self) -> Result<bool> {
        Ok(!self.last.same_file(&self.source.look) || self.has_writer().await? == Some(true))
    }

    async fn has_writer(&self) -> Result<Option<bool>> {
        let path = self.source.path().to_owned();
        tokio::task::spawn_blocking(move || writers::has_writer(&path)).await.map_err(Error::internal)
    }
}

fn gone(source: &Source) -> Error {
    Error::new(
        Code::SourceMissing,
        format!(
            "{} was deleted, or moved to another folder, while it was recorded. What was sent of it is kept: put it back \
             and retry, or cancel it.",
            source.path().display()
        ),
    )
}
