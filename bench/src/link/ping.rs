//! How long small packets take across the link and back, asked ten times a second beside whatever else it carries.
//! May not live here: opinions about what is too long.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use super::namespace::Namespace;
use super::{CLIENT, SERVER};

const BETWEEN: Duration = Duration::from_millis(100);
/// How long the last ones are waited for.
const LAST: Duration = Duration::from_secs(3);
/// How soon a thread sees that it is over.
const GLANCE: Duration = Duration::from_millis(50);

/// Asks until dropped or stopped.
#[derive(Debug)]
pub struct Ping {
    /// Nothing more is asked.
    enough: Arc<AtomicBool>,
    /// Nothing more is heard.
    over: Arc<AtomicBool>,
    sent: Arc<Mutex<Vec<Instant>>>,
    threads: Vec<JoinHandle<()>>,
    answers: Arc<Mutex<Vec<f64>>>,
}

/// Round trips in milliseconds, in the order of their answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pings {
    pub sent: usize,
    pub ms: Vec<f64>,
}

impl Ping {
    pub(super) fn start(client: &Namespace, server: &Namespace) -> Result<Ping> {
        let bound = |address| -> Result<UdpSocket> {
            let socket = UdpSocket::bind(SocketAddr::new(address, 0))?;
            socket.set_read_timeout(Some(GLANCE))?;
            Ok(socket)
        };
        // A socket stays in the network that it was made in.
        let there = server.enter(|| bound(SERVER))??;
        let here = client.enter(|| bound(CLIENT))??;
        here.connect(there.local_addr()?)?;
        let asking = here.try_clone()?;

        let mut ping = Ping {
            enough: Arc::default(),
            over: Arc::default(),
            sent: Arc::default(),
            threads: Vec::new(),
            answers: Arc::default(),
        };
        let (over, sent, answers) = (ping.over.clone(), ping.sent.clone(), ping.answers.clone());
        let is_over = move || over.load(Ordering::Relaxed);
        let echo = {
            let is_over = is_over.clone();
            move || {
                let mut bytes = [0; 64];
                // Until nobody waits for an answer any more.
                while !is_over() {
                    if let Ok((count, from)) = there.recv_from(&mut bytes) {
                        // Lost here is as good as lost on the link.
                        let _ = there.send_to(&bytes[..count], from);
                    }
                }
            }
        };
        let listen = {
            let (is_over, sent) = (is_over.clone(), sent.clone());
            move || {
                let mut bytes = [0; 8];
                while !is_over() {
                    if here.recv(&mut bytes).is_err() {
                        continue;
                    }
                    let arrived = Instant::now();
                    let number = usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX);
                    if let Some(asked) = sent.lock().unwrap_or_else(PoisonError::into_inner).get(number) {
                        let took = (arrived - *asked).as_secs_f64() * 1e3;
                        answers.lock().unwrap_or_else(PoisonError::into_inner).push(took);
                    }
                }
            }
        };
        let enough = ping.enough.clone();
        let ask = move || {
            let mut next = Instant::now();
            while !enough.load(Ordering::Relaxed) {
                let number = {
                    let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
                    sent.push(Instant::now());
                    sent.len() as u64 - 1
                };
                let _ = asking.send(&number.to_le_bytes());
                next += BETWEEN;
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        };
        ping.threads = vec![std::thread::spawn(echo), std::thread::spawn(listen), std::thread::spawn(ask)];
        Ok(ping)
    }

    /// So far.
    pub fn pings(&self) -> Pings {
        Pings {
            sent: self.sent.lock().unwrap_or_else(PoisonError::into_inner).len(),
            ms: self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// All that was asked until now, once it is answered or given up.
    pub fn stop(self) -> Pings {
        self.enough.store(true, Ordering::Relaxed);
        // The one that is just being asked.
        std::thread::sleep(BETWEEN);
        let asked = self.pings().sent;
        let deadline = Instant::now() + LAST;
        while self.pings().ms.len() < asked && Instant::now() < deadline {
            std::thread::sleep(GLANCE);
        }
        self.pings()
    }
}

impl Drop for Ping {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // Its panic has been told.
            let _ = thread.join();
        }
    }
}

impl Pings {
    /// The one that this share of them (0 to 1) does not exceed. None without any.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        crate::sample::quantile(&self.ms, share)
    }

    /// Of those sent.
    pub fn lost(&self) -> usize {
        self.sent.saturating_sub(self.ms.len())
    }
}
