//! Opens connections: every address that a name has, spread over the connections, the next tried when one is slow to
//! answer (RFC 8305's way, simply).

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::stream::{FuturesUnordered, StreamExt};
use http::Uri;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream, lookup_host};

use super::socket::{Meter, Socket};
use super::system::bind;
use super::throttle::Throttles;
use super::{Common, Names};
use crate::uplink::{Uplink, Uplinks};

/// For one address. A far office over satellite takes two seconds to shake hands.
const CONNECT: Duration = Duration::from_secs(15);
/// For a name's addresses. An answer that was had before serves as well.
const RESOLVE: Duration = Duration::from_secs(3);
/// How long an address has before the next is tried beside it.
const NEXT: Duration = Duration::from_millis(300);

#[derive(Clone)]
pub(super) struct Dial {
    meter: Arc<Meter>,
    throttles: Arc<Throttles>,
    uplinks: Arc<Uplinks>,
    /// The only network that connections go through. Absent: the one that the system prefers.
    bound: Option<Uplink>,
    /// What was last answered for a name: a network that dies takes the answers with it, though other networks are there.
    names: Names,
    /// What the last connection goes through.
    last: Arc<Mutex<Option<Uplink>>>,
    /// Where in the list of addresses the next connection begins.
    turn: Arc<AtomicUsize>,
}

impl Dial {
    pub(super) fn new(meter: Arc<Meter>, common: &Common, bound: Option<Uplink>) -> Dial {
        Dial {
            meter,
            throttles: common.throttles.clone(),
            uplinks: common.uplinks.clone(),
            bound,
            names: common.names.clone(),
            last: Arc::default(),
            turn: Arc::default(),
        }
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

    /// A connection that counts and keeps to the limits; and how long it took, without looking up the name.
    pub(super) async fn open(&self, uri: &Uri) -> io::Result<(Socket, Duration)> {
        let (stream, took) = self.connect(uri).await?;
        stream.set_nodelay(true)?;
        // A peer that vanished without a word is noticed even where nothing is being sent.
        let alive = TcpKeepalive::new().with_time(Duration::from_secs(20)).with_interval(Duration::from_secs(5));
        SockRef::from(&stream).set_tcp_keepalive(&alive)?;
        let uplink = self.note_uplink(&stream);
        Ok((Socket::new(stream, self.meter.clone(), self.throttles.clone(), uplink), took))
    }

    async fn connect_to(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let socket = if to.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
        if let Some(uplink) = &self.bound {
            bind(&socket, uplink, to)?;
        }
        socket.connect(to).await
    }

    async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = tokio::time::timeout(RESOLVE, lookup_host((host, port))).await;
        let error = match found.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(found) => {
                let found: Vec<SocketAddr> = found.collect();
                if !found.is_empty() {
                    self.known_names().insert((host.to_owned(), port), found.clone());
                    return Ok(found);
                }
                io::Error::other(format!("{host} has no address"))
            }
            Err(error) => error,
        };
        self.known_names().get(&(host.to_owned(), port)).cloned().ok_or(error)
    }

    fn known_names(&self) -> MutexGuard<'_, HashMap<(String, u16), Vec<SocketAddr>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn connect(&self, uri: &Uri) -> io::Result<(TcpStream, Duration)> {
        let host = host(uri).ok_or_else(|| io::Error::other("the address names no host"))?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let mut addresses = self.addresses(host, port).await?;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % addresses.len();
        addresses.rotate_left(turn);
        // A first packet that is lost costs a second before the system sends it again; a second try costs a packet.
        if let [only] = addresses[..] {
            addresses.push(only);
        }

        let began = Instant::now();
        let mut untried = addresses.into_iter();
        let mut tries = FuturesUnordered::new();
        let mut last = io::Error::other("no address was tried");
        loop {
            if let Some(address) = untried.next() {
                tries.push(tokio::time::timeout(CONNECT, self.connect_to(address)));
            }
            let patience = if untried.len() > 0 { NEXT } else { CONNECT };
            match tokio::time::timeout(patience, tries.next()).await {
                Ok(Some(Ok(Ok(stream)))) => return Ok((stream, began.elapsed())),
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
