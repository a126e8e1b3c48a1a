//! Opens connections: every address that a name has, spread over the connections, the next tried when one is slow to
//! answer (RFC 8305's way, simply).

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use http::Uri;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};

use super::socket::{Meter, Socket};
use super::throttle::Throttles;
use crate::uplink::{Uplink, Uplinks};

/// For one address. A far office over satellite takes two seconds to shake hands.
const CONNECT: Duration = Duration::from_secs(15);
/// How long an address has before the next is tried beside it.
const NEXT: Duration = Duration::from_millis(300);

#[derive(Clone)]
pub(super) struct Dial {
    meter: Arc<Meter>,
    throttles: Arc<Throttles>,
    uplinks: Arc<Uplinks>,
    /// What the last connection goes through.
    last: Arc<Mutex<Option<Uplink>>>,
    /// Where in the list of addresses the next connection begins.
    turn: Arc<AtomicUsize>,
}

impl Dial {
    pub(super) fn new(meter: Arc<Meter>, throttles: Arc<Throttles>, uplinks: Arc<Uplinks>) -> Dial {
        Dial { meter, throttles, uplinks, last: Arc::default(), turn: Arc::default() }
    }

    /// What the last connection goes through.
    pub(super) fn uplink(&self) -> Option<Uplink> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_uplink(&self, stream: &TcpStream) -> String {
        let uplink = stream.local_addr().ok().and_then(|local| self.uplinks.of(local.ip().to_canonical()));
        let name = uplink.as_ref().map_or_else(String::new, |uplink| uplink.name.clone());
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = uplink;
        name
    }

    /// A connection that counts and keeps to the limits.
    pub(super) async fn open(&self, uri: &Uri) -> io::Result<Socket> {
        let stream = self.connect(uri).await?;
        stream.set_nodelay(true)?;
        // A peer that vanished without a word is noticed even where nothing is being sent.
        let alive = TcpKeepalive::new().with_time(Duration::from_secs(20)).with_interval(Duration::from_secs(5));
        SockRef::from(&stream).set_tcp_keepalive(&alive)?;
        let uplink = self.note_uplink(&stream);
        Ok(Socket::new(stream, self.meter.clone(), self.throttles.clone(), uplink))
    }

    pub(super) async fn connect(&self, uri: &Uri) -> io::Result<TcpStream> {
        let host = host(uri).ok_or_else(|| io::Error::other("the address names no host"))?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let mut addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
        if addresses.is_empty() {
            return Err(io::Error::other(format!("{host} has no address")));
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % addresses.len();
        addresses.rotate_left(turn);

        let mut untried = addresses.into_iter();
        let mut tries = FuturesUnordered::new();
        let mut last = io::Error::other("no address was tried");
        loop {
            if let Some(address) = untried.next() {
                tries.push(tokio::time::timeout(CONNECT, TcpStream::connect(address)));
            }
            let patience = if untried.len() > 0 { NEXT } else { CONNECT };
            match tokio::time::timeout(patience, tries.next()).await {
                Ok(Some(Ok(Ok(stream)))) => return Ok(stream),
                Ok(Some(Ok(Err(e)))) => last = e,
                Ok(Some(Err(_))) | Err(_) => last = io::ErrorKind::TimedOut.into(),
                Ok(None) if untried.len() == 0 => return Err(last),
                Ok(None) => {}
            }
        }
    }
}

/// As names are looked up, and as certificates have them: an IPv6 address without its brackets.
pub(super) fn host(uri: &Uri) -> Option<&str> {
    uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']'))
}
