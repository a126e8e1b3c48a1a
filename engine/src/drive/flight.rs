//! One request of a download under way: a stretch of the object, streamed into its place on the disk. Its end may be
//! drawn nearer while it flies, so that another request takes the rest.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;

use super::writer::{Laid, Writer};
use crate::error::{Code, Error};
use crate::integrity::Crc64;
use crate::lane::{Gate, Lane, Slot};
use crate::parts::Part;
use crate::s3::{Class, Refusal};
use crate::sink::Sink;
use crate::stretch::{Stretch, theft};

/// A range whose body brings no byte for this long is fetched by another connection.
const SILENT: Duration = Duration::from_secs(20);
/// How fast it is, is seen over as long as this, and up to twice as long.
const GLANCE: Duration = Duration::from_millis(500);

/// Where it stands. Shared by the request and those who may want to take some of it over.
#[derive(Debug)]
pub(super) struct Flight {
    place: Mutex<Place>,
    began: Instant,
    /// Others have taken over all that was left.
    emptied: Notify,
}

#[derive(Debug)]
struct Place {
    /// What lies before `left.at` is this request's own.
    left: Stretch,
    from: u64,
    /// How far it has told of what it wrote.
    told: u64,
    /// When the last byte came.
    moved: Instant,
    /// Where it was about a glance ago, and when; and the moment that comes after that.
    then: (Instant, u64),
    lately: (Instant, u64),
}

/// What a request tells.
pub(super) enum Told {
    /// These bytes, within one part, are on the disk.
    Written(Stretch, Crc64),
    /// It is through; its slot is free.
    Ended(Ended),
}

pub(super) enum Ended {
    Well,
    Refused(Refusal),
    Disk(Error),
}

impl Flight {
    pub(super) fn new(stretch: Stretch) -> Arc<Flight> {
        let now = Instant::now();
        Arc::new(Flight {
            place: Mutex::new(Place {
                left: stretch,
                from: stretch.at,
                told: stretch.at,
                moved: now,
                then: (now, stretch.at),
                lately: (now, stretch.at),
            }),
            began: now,
            emptied: Notify::new(),
        })
    }

    /// What it has not got yet.
    pub(super) fn left(&self) -> Stretch {
        self.locked().left
    }

    /// Bytes a millisecond, lately; `None` before anything can be said. One that was fast and only drips now is slow.
    pub(super) fn rate(&self) -> Option<f64> {
        let place = self.locked();
        if place.left.at == place.from {
            return None;
        }
        let (since, at) = if place.then.0.elapsed() >= GLANCE { place.then } else { (self.began, place.from) };
        let elapsed = since.elapsed().as_secs_f64() * 1000.0;
        (elapsed > 0.0).then(|| place.left.at.saturating_sub(at) as f64 / elapsed)
    }

    /// What it has got since it last told of something written.
    pub(super) fn unwritten(&self) -> u64 {
        let place = self.locked();
        place.left.at.saturating_sub(place.told)
    }

    /// What became laid is counted.
    async fn tell_of(
        &self,
        laid: Result<Vec<Laid>, Error>,
        number: u64,
        tell: &Sender<(u64, Told)>,
    ) -> Result<(), Ended> {
        for (stretch, sum) in laid.map_err(Ended::Disk)? {
            self.locked().told = stretch.end;
            let _ = tell.send((number, Told::Written(stretch, sum))).await;
        }
        Ok(())
    }

    /// How long what is left would take it, in milliseconds.
    pub(super) fn takes(&self) -> f64 {
        self.rate().map_or(f64::INFINITY, |rate| self.left().length() as f64 / rate)
    }

    /// Takes over what it would need long for. `silence` is how long a connection may bring nothing before it is held to
    /// stand still.
    pub(super) fn give_up_some(&self, round_trip: Duration, silence: Duration) -> Option<Stretch> {
        let rate = self.rate();
        let mut place = self.locked();
        let cut = cut(&place, rate, round_trip, silence)?;
        Some(self.end_at(&mut place, cut))
    }

    /// Its lane is left: it keeps what it brings in so many milliseconds.
    pub(super) fn leave_off(&self, keeps: f64) -> Option<Stretch> {
        let rate = self.rate().unwrap_or(0.0);
        let mut place = self.locked();
        let cut = place.left.at + (rate * keeps) as u64;
        (cut < place.left.end).then(|| self.end_at(&mut place, cut))
    }

    /// Draws its end nearer, and answers with what is others' from there on.
    fn end_at(&self, place: &mut Place, cut: u64) -> Stretch {
        let others = Stretch { at: cut, end: place.left.end };
        place.left.end = cut;
        if place.left.length() == 0 {
            self.emptied.notify_one();
        }
        others
    }

    pub(super) fn would_give_up(&self, round_trip: Duration, silence: Duration) -> bool {
        let rate = self.rate();
        cut(&self.locked(), rate, round_trip, silence).is_some()
    }

    /// Of `length` bytes that came, how many are still wanted. They are this request's from now on.
    fn reserve(&self, length: u64) -> u64 {
        let mut place = self.locked();
        let wanted = length.min(place.left.length());
        place.left.at += wanted;
        place.moved = Instant::now();
        if place.lately.0.elapsed() >= GLANCE {
            place.then = place.lately;
            place.lately = (place.moved, place.left.at);
        }
        wanted
    }

    /// Never written after all: whoever takes over begins there.
    fn back_to(&self, at: u64) {
        self.locked().left.at = at;
    }

    fn locked(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cut(place: &Place, rate: Option<f64>, round_trip: Duration, silence: Duration) -> Option<u64> {
    let rate = match rate {
        _ if place.left.length() == 0 => return None,
        _ if place.moved.elapsed() > silence => 0.0,
        Some(rate) => rate,
        // It has only begun.
        None => return None,
    };
    theft(place.left, rate, round_trip.as_secs_f64() * 1000.0)
}

/// What every request of one download needs.
#[derive(Clone)]
pub(super) struct From {
    pub lane: Arc<Lane>,
    pub sink: Sink,
    pub key: String,
    pub etag: String,
    /// The length of the plan's parts but the last.
    pub each: u64,
    /// How much is collected before it is written.
    pub piece: usize,
}

/// Flies, and tells under its number.
pub(super) async fn fly(from: From, number: u64, flight: Arc<Flight>, slot: Slot, tell: Sender<(u64, Told)>) {
    let ended = match fetch(&from, number, &flight, slot.gate(), &tell).await {
        Ok(()) => Ended::Well,
        Err(ended) => ended,
    };
    drop(slot);
    let _ = tell.send((number, Told::Ended(ended))).await;
}

async fn fetch(
    from: &From,
    number: u64,
    flight: &Flight,
    mut gate: Gate,
    tell: &Sender<(u64, Told)>,
) -> Result<(), Ended> {
    let asked = flight.left();
    let range = Part { number: 0, offset: asked.at, length: asked.length() };
    let mut body = tokio::select! {
        body = from.lane.get(&from.key, &from.etag, range) => body.map_err(Ended::Refused)?,
        () = flight.emptied.notified() => return Ok(()),
    };
    let piece = from.piece.min(asked.length() as usize).max(1);
    let mut writer = Writer::new(from.sink.clone(), from.each, piece, asked.at);
    let broken = loop {
        gate.pass().await;
        let next = tokio::select! {
            next = tokio::time::timeout(SILENT, body.next()) => next,
            () = flight.emptied.notified() => break None,
        };
        match next {
            Err(_) => break Some(broken_off("no byte came for 20 s")),
            Ok(None) => break None,
            Ok(Some(Err(refusal))) => break Some(Ended::Refused(refusal)),
            Ok(Some(Ok(bytes))) => {
                let wanted = flight.reserve(bytes.len() as u64) as usize;
                let laid = writer.take(&bytes[..wanted]).await;
                flight.tell_of(laid, number, tell).await?;
                // Beyond its end the bytes are somebody else's; the connection ends with the body.
                if wanted < bytes.len() || flight.left().length() == 0 {
                    break None;
                }
            }
        }
    };
    let (laid, written) = writer.finish().await.map_err(Ended::Disk)?;
    flight.tell_of(Ok(laid), number, tell).await?;
    flight.back_to(written);
    match broken {
        Some(broken) => Err(broken),
        None if flight.left().length() > 0 => Err(broken_off("the range ended early")),
        None => Ok(()),
    }
}

fn broken_off(cause: &str) -> Ended {
    Ended::Refused(Refusal {
        class: Class::Network,
        error: Error::new(Code::Offline, "The connection broke off. It goes on by itself.").because(cause),
        status: None,
    })
}
