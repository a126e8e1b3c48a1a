//! Carries one direction's packets from one TUN device to the other, each when the path says.
//! May not live here: what the path says; orders.
//!
//! It shares two cores with what it measures, so it wakes at ticks that are short beside the delay, not for each
//! packet, takes and gives all that is due in one go, and allocates nothing once it runs.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tun_rs::{GROTable, IDEAL_BATCH_SIZE, SyncDevice, VIRTIO_NET_HDR_LEN};

use super::order::Flow;
use super::path::{Fate, Path};
use super::profile::Terms;
use super::reset::reset;

/// Of the devices' packets.
pub const MTU: usize = 1500;
/// How often it looks, at most and at least, beside a long delay.
const TICKS: [Duration; 2] = [Duration::from_micros(100), Duration::from_millis(1)];
/// Beside a delay shorter than this it waits for each packet.
const SHORT_DELAY: Duration = Duration::from_millis(2);
/// How long it sleeps when nothing is on its way.
const IDLE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// Read in one go; what came meanwhile is read in the next, after what is due has been delivered.
const READS: usize = 256;
/// Delivered in one go.
const DELIVERED: usize = 64;
/// A packet that was joined from several, with the header that says so.
const JOINED: usize = VIRTIO_NET_HDR_LEN + 65_535;

/// What can change while it runs.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub terms: Terms,
    pub outage_until: Duration,
    pub reset_until: Duration,
}

/// What both directions and whoever gives orders see.
#[derive(Debug)]
pub struct Shared {
    pub began: Instant,
    pub weather: Mutex<Weather>,
    pub flows: [Mutex<Flow>; 2],
}

impl Shared {
    fn weather(&self) -> Weather {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
struct Frame(Box<[u8; MTU]>);

impl AsRef<[u8]> for Frame {
    fn as_ref(&self) -> &[u8] {
        &*self.0
    }
}

impl AsMut<[u8]> for Frame {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut *self.0
    }
}

/// A packet on its way.
struct Flying {
    due: Duration,
    size: usize,
    frame: Frame,
}

pub struct Pump<'a> {
    shared: &'a Shared,
    flow: &'a Mutex<Flow>,
    from: &'a SyncDevice,
    to: &'a SyncDevice,
    path: Path,
    flying: VecDeque<Flying>,
    /// Empty frames, for those that took off.
    spare: Vec<Frame>,
    read: Vec<u8>,
    frames: Vec<Frame>,
    sizes: Vec<usize>,
    given: Vec<Vec<u8>>,
    joined: GROTable,
}

impl<'a> Pump<'a> {
    /// `direction` 0 is from the client.
    pub fn new(shared: &'a Shared, direction: usize, from: &'a SyncDevice, to: &'a SyncDevice) -> Pump<'a> {
        let blank = Frame(Box::new([0; MTU]));
        Pump {
            shared,
            flow: &shared.flows[direction],
            from,
            to,
            path: Path::new(rand::random()),
            flying: VecDeque::with_capacity(1 << 13),
            spare: Vec::with_capacity(1 << 13),
            read: vec![0; JOINED],
            frames: vec![blank; IDEAL_BATCH_SIZE],
            sizes: vec![0; IDEAL_BATCH_SIZE],
            given: (0..DELIVERED).map(|_| Vec::with_capacity(JOINED + VIRTIO_NET_HDR_LEN)).collect(),
            joined: GROTable::default(),
        }
    }

    /// For ever.
    pub fn run(mut self) -> Result<()> {
        loop {
            self.wait(&self.shared.weather().terms)?;
            // It may have changed meanwhile.
            let weather = self.shared.weather();
            let mut came = Flow::default();
            self.take(&weather, &mut came)?;
            self.deliver(&weather, &mut came);
            add(&mut self.flow.lock().unwrap_or_else(PoisonError::into_inner), &came);
        }
    }

    fn wait(&self, terms: &Terms) -> Result<()> {
        let until = match self.flying.front() {
            None => IDLE,
            Some(_) if terms.delay() >= SHORT_DELAY => {
                std::thread::sleep((terms.delay() / 100).clamp(TICKS[0], TICKS[1]));
                return Ok(());
            }
            Some(first) => {
                let left = first.due.saturating_sub(self.shared.began.elapsed()).min(Duration::from_secs(1));
                Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() }
            }
        };
        match poll(&mut [PollFd::new(self.from, PollFlags::IN)], Some(&until)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error).context("poll"),
        }
    }

    /// Reads what has set out.
    fn take(&mut self, weather: &Weather, came: &mut Flow) -> Result<()> {
        let now = self.shared.began.elapsed();
        for _ in 0..READS {
            let count = match self.from.recv_multiple(&mut self.read, &mut self.frames, &mut self.sizes, 0) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("reading a TUN device"),
            };
            for index in 0..count {
                self.admit(index, now, weather, came);
            }
        }
        Ok(())
    }

    fn admit(&mut self, index: usize, now: Duration, weather: &Weather, came: &mut Flow) {
        let size = self.sizes[index];
        came.offered_packets += 1;
        came.offered_bytes += size as u64;
        if now < weather.reset_until {
            came.reset_packets += 1;
            let mut answer = vec![0; VIRTIO_NET_HDR_LEN];
            if reset(&self.frames[index].as_ref()[..size], &mut answer) {
                // An answer that the device does not take is one more lost packet.
                let _ = self.from.send_multiple(&mut self.joined, &mut [answer], VIRTIO_NET_HDR_LEN);
            }
            return;
        }
        if now < weather.outage_until {
            came.outage_packets += 1;
            return;
        }
        match self.path.admit(&weather.terms, now, size) {
            Fate::Lost => came.lost_packets += 1,
            Fate::Dropped => came.dropped_packets += 1,
            Fate::Arrives(due) => {
                let spare = self.spare.pop().unwrap_or_else(|| Frame(Box::new([0; MTU])));
                let frame = std::mem::replace(&mut self.frames[index], spare);
                self.flying.push_back(Flying { due, size, frame });
            }
        }
    }

    /// Hands over what is due.
    fn deliver(&mut self, weather: &Weather, came: &mut Flow) {
        let now = self.shared.began.elapsed();
        loop {
            let mut count = 0;
            while count < DELIVERED && self.flying.front().is_some_and(|first| first.due <= now) {
                let Some(Flying { due, size, frame }) = self.flying.pop_front() else { break };
                if now < weather.outage_until {
                    came.outage_packets += 1;
                } else {
                    let given = &mut self.given[count];
                    given.clear();
                    given.resize(VIRTIO_NET_HDR_LEN, 0);
                    given.extend_from_slice(&frame.as_ref()[..size]);
                    came.carried_packets += 1;
                    came.carried_bytes += size as u64;
                    came.late_us = came.late_us.max((now - due).as_micros() as u64);
                    count += 1;
                }
                self.spare.push(frame);
            }
            if count == 0 {
                return;
            }
            // The other side may be going down; then nobody misses them.
            let _ = self.to.send_multiple(&mut self.joined, &mut self.given[..count], VIRTIO_NET_HDR_LEN);
        }
    }
}

fn add(flow: &mut Flow, came: &Flow) {
    flow.offered_packets += came.offered_packets;
    flow.offered_bytes += came.offered_bytes;
    flow.carried_packets += came.carried_packets;
    flow.carried_bytes += came.carried_bytes;
    flow.lost_packets += came.lost_packets;
    flow.dropped_packets += came.dropped_packets;
    flow.outage_packets += came.outage_packets;
    flow.reset_packets += came.reset_packets;
    flow.late_us = flow.late_us.max(came.late_us);
}
