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
use http::uri::Scheme;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::task::JoinHandle;

use super::obstacle::Obstacle;
use super::proxy::{Proxies, Proxy, is_here_ip};
use super::socket::{Meter, Socket};
use super::system::bind;
use super::throttle::Throttles;
use super::{Common, Names};
use crate::uplink::{Uplink, Uplinks};

/// For one address. A far office over satellite takes two seconds to shake hands.
const CONNECT: Duration = Duration::from_secs(15);
/// For a name's addresses, where an answer that was had before serves as well.
const RESOLVE: Duration = Duration::from_secs(3);
/// And where there is none: the system asks the next server of names when the first one is silent for five seconds.
const RESOLVE_FIRST: Duration = CONNECT;
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
    proxies: Arc<Proxies>,
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
            proxies: common.proxies.clone(),
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

    /// What stands before this host, if anything does.
    pub(super) async fn proxy(&self, uri: &Uri) -> Result<Option<Proxy>, Obstacle> {
        self.proxies.to(uri).await
    }

    /// The same stream, through the proxy to the host.
    pub(super) async fn through<S>(&self, stream: S, proxy: &Proxy, to: &Uri) -> Result<S, Obstacle>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.proxies.through(stream, proxy, to).await
    }

    /// A connection that counts and keeps to the limits, to the host or to its proxy; and how long it took, without looking
    /// up the name.
    pub(super) async fn open(&self, uri: &Uri, proxy: Option<&Proxy>) -> io::Result<(Socket, Duration)> {
        let (stream, took) = self.connect(uri, proxy, Trust::LookedUp).await?;
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

    /// The look-up goes on where it is not waited for: who asks next has its answer.
    async fn addresses(&self, host: &str, port: u16, trust: Trust) -> io::Result<Vec<SocketAddr>> {
        let name = (host.to_owned(), port);
        let looked_up = tokio::spawn(look_up(lookup_host(name.clone()), name.clone(), self.names.clone()));
        let known = known_names(&self.names).get(&name).cloned();
        settled(looked_up, known, trust).await
    }

    /// In how long its host can be connected to: by the addresses that are known, since names may be slow where the path is
    /// not. Of a host behind a proxy this says how far that is: the path that our own connections see.
    pub(super) async fn reaches(&self, uri: &Uri) -> Option<Duration> {
        let proxy = self.proxies.set_for(uri).await.ok()?;
        self.connect(uri, proxy.as_ref(), Trust::Known).await.ok().map(|(_, took)| took)
    }

    async fn connect(&self, uri: &Uri, proxy: Option<&Proxy>, trust: Trust) -> io::Result<(TcpStream, Duration)> {
        let to = proxy.map_or(uri, Proxy::uri);
        let host = host(to).ok_or_else(|| io::Error::other("the address names no host"))?;
        let speaks_tls = to.scheme() == Some(&Scheme::HTTPS);
        let port = to.port_u16().unwrap_or(if speaks_tls { 443 } else { 80 });
        let mut addresses = self.addresses(host, port, trust).await?;
        // What goes in the clear goes to this computer, whatever somebody says that its name means.
        if proxy.is_none() && !speaks_tls {
            addresses.retain(|address| is_here_ip(address.ip()));
            if addresses.is_empty() {
                return Err(io::Error::other(format!("{host} is not on this computer")));
            }
        }
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
                Ok(Some(Ok(Ok(stream)))) => {
                    self.meter.saw(began.elapsed());
                    return Ok((stream, began.elapsed()));
                }
                Ok(Some(Ok(Err(e)))) => last = e,
                Ok(Some(Err(_))) | Err(_) => last = io::ErrorKind::TimedOut.into(),
                Ok(None) if untried.len() == 0 => return Err(last),
                Ok(None) => {}
            }
        }
    }
}

/// Which addresses of a name are gone by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// Those that were found before, if any were.
    Known,
    /// What a look-up says now, if it says so in time.
    LookedUp,
}

fn known_names(names: &Names) -> MutexGuard<'_, HashMap<(String, u16), Vec<SocketAddr>>> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn look_up(
    asked: impl Future<Output = io::Result<impl Iterator<Item = SocketAddr>>>,
    name: (String, u16),
    names: Names,
) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<SocketAddr> = asked.await?.collect();
    if found.is_empty() {
        return Err(io::Error::other(format!("{} has no address", name.0)));
    }
    known_names(&names).insert(name, found.clone());
    Ok(found)
}

/// What the look-up says; or what is known from before, where it says nothing, or not soon enough.
async fn settled(
    looked_up: JoinHandle<io::Result<Vec<SocketAddr>>>,
    known: Option<Vec<SocketAddr>>,
    trust: Trust,
) -> io::Result<Vec<SocketAddr>> {
    let patience = match known {
        Some(known) if trust == Trust::Known => return Ok(known),
        Some(_) => RESOLVE,
        None => RESOLVE_FIRST,
    };
    let said = match tokio::time::timeout(patience, looked_up).await {
        Ok(said) => said.unwrap_or_else(|e| Err(io::Error::other(e))),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    };
    said.or_else(|error| known.ok_or(error))
}

/// As names are looked up, and as certificates have them: an IPv6 address without its brackets.
pub(super) fn host(uri: &Uri) -> Option<&str> {
    uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(last: u8) -> Vec<SocketAddr> {
        vec![SocketAddr::from(([192, 0, 2, last], 443))]
    }

    /// As where the first server of names is dead.
    fn slowly(takes: Duration, names: &Names) -> JoinHandle<io::Result<Vec<SocketAddr>>> {
        let asked = async move {
            tokio::time::sleep(takes).await;
            Ok(at(2).into_iter())
        };
        tokio::spawn(look_up(asked, name(), names.clone()))
    }

    fn name() -> (String, u16) {
        ("s3.example".to_owned(), 443)
    }

    #[tokio::test]
    async fn a_name_that_nobody_knows_yet_is_waited_for_longer_than_one_that_is_known() {
        let names = Names::default();
        let takes = RESOLVE + Duration::from_secs(1);
        let both = tokio::join!(
            settled(slowly(takes, &names), None, Trust::LookedUp),
            settled(slowly(takes, &names), Some(at(1)), Trust::LookedUp),
        );
        assert_eq!((both.0.unwrap(), both.1.unwrap()), (at(2), at(1)));
    }

    #[tokio::test]
    async fn an_answer_that_was_not_waited_for_is_there_for_the_next_one() {
        let names = Names::default();
        let takes = Duration::from_millis(50);
        let known = settled(slowly(takes, &names), Some(at(1)), Trust::Known).await;
        assert_eq!(known.unwrap(), at(1));
        assert!(known_names(&names).is_empty());
        tokio::time::sleep(takes * 4).await;
        assert_eq!(known_names(&names).get(&name()), Some(&at(2)));
    }

    #[tokio::test]
    async fn what_goes_in_the_clear_goes_to_this_computer_whatever_its_name_means() {
        let common = Common::new(Arc::default()).unwrap();
        let dial = Dial::new(Arc::default(), &common, None);
        let elsewhere = ("s3.localhost".to_owned(), 80);
        known_names(&dial.names).insert(elsewhere, vec![SocketAddr::from(([192, 0, 2, 1], 80))]);
        let refused = dial.connect(&Uri::from_static("http://s3.localhost/"), None, Trust::Known).await;
        assert_eq!(refused.unwrap_err().to_string(), "s3.localhost is not on this computer");
    }

    #[tokio::test]
    async fn a_look_up_that_fails_leaves_what_is_known() {
        let failed = || tokio::spawn(async { Err(io::ErrorKind::NotFound.into()) });
        assert_eq!(settled(failed(), Some(at(1)), Trust::LookedUp).await.unwrap(), at(1));
        assert_eq!(settled(failed(), None, Trust::Known).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
