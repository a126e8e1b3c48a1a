//! Plain TCP connections that send as fast as they are let: what a link gives to anybody at all.
//! May not live here: S3.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use super::{Link, SERVER};

const BLOCK: usize = 128 * 1024;

/// What was asked of a link, and what it gave.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Streams {
    pub streams: usize,
    pub mbit: f64,
    /// Of the link's own process, as a share of one processor.
    pub link_cpu: f64,
}

/// Mb/s that arrive over so many connections at once from the client (or, with `down`, to it), measured for `length`
/// after `ramp`.
pub fn goodput(link: &Link, streams: usize, down: bool, ramp: Duration, length: Duration) -> Result<Streams> {
    let listener = link.server().enter(|| TcpListener::bind(SocketAddr::new(SERVER, 0)))??;
    let address = listener.local_addr()?;
    let (arrived, over) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (arrived, over) = (&arrived, &over);
        let mut connections: Vec<TcpStream> = Vec::new();
        for _ in 0..streams {
            let here = link.client().enter(|| TcpStream::connect(address))??;
            let there = listener.accept()?.0;
            connections.extend([here.try_clone()?, there.try_clone()?]);
            let (from, to) = if down { (there, here) } else { (here, there) };
            scope.spawn(move || send(from, over));
            scope.spawn(move || receive(to, arrived));
        }
        std::thread::sleep(ramp);
        let (before, began, first) = (arrived.load(Ordering::Relaxed), Instant::now(), link.stats()?);
        std::thread::sleep(length);
        let (after, took, last) = (arrived.load(Ordering::Relaxed), began.elapsed().as_secs_f64(), link.stats()?);
        over.store(true, Ordering::Relaxed);
        for connection in connections {
            // One that is broken already needs no end.
            let _ = connection.shutdown(Shutdown::Both);
        }
        let mbit = (after - before) as f64 * 8.0 / took / 1e6;
        Ok(Streams { streams, mbit, link_cpu: (last.cpu_seconds - first.cpu_seconds) / took })
    })
}

fn send(mut to: TcpStream, over: &AtomicBool) {
    let block = vec![0; BLOCK];
    while !over.load(Ordering::Relaxed) && to.write_all(&block).is_ok() {}
}

fn receive(mut from: TcpStream, arrived: &AtomicU64) {
    let mut block = vec![0; BLOCK];
    loop {
        match from.read(&mut block) {
            Ok(0) => return,
            Ok(count) => {
                arrived.fetch_add(count as u64, Ordering::Relaxed);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
