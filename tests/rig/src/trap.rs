//! Addresses that nobody should ask: listeners that count who connects, on this computer and on its own network.
//! May not live here: why nobody should.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Listens until the process ends.
#[derive(Debug)]
pub struct Trap {
    addresses: Vec<SocketAddr>,
    /// Those of the trap's own test among them.
    caught: Arc<AtomicUsize>,
    tests: usize,
}

impl Trap {
    /// On loopback of both kinds, and where this computer is reached from outside. Each is tried: a trap that catches nobody
    /// proves nothing.
    pub fn set() -> Result<Trap> {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let caught = Arc::new(AtomicUsize::new(0));
        let mut addresses = Vec::new();
        for address in loopback.into_iter().chain(own_address()) {
            let Ok(listener) = TcpListener::bind((address, 0)) else { continue };
            addresses.push(listener.local_addr()?);
            let caught = caught.clone();
            thread::spawn(move || {
                for connection in listener.incoming() {
                    caught.fetch_add(1, Ordering::SeqCst);
                    drop(connection);
                }
            });
        }
        for address in &addresses {
            TcpStream::connect_timeout(address, Duration::from_secs(5)).context("a trap that nobody can reach")?;
        }
        let tests = addresses.len();
        for _ in 0..500 {
            if caught.load(Ordering::SeqCst) >= tests {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        ensure!(caught.load(Ordering::SeqCst) == tests, "a trap that does not count");
        Ok(Trap { addresses, caught, tests })
    }

    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The one that others could reach, if this computer has such an address.
    pub fn outside(&self) -> Option<SocketAddr> {
        self.addresses.iter().copied().find(|address| !address.ip().is_loopback())
    }

    /// How often somebody has connected.
    pub fn caught(&self) -> usize {
        self.caught.load(Ordering::SeqCst) - self.tests
    }
}

/// The address that this computer is reached at from outside, if it is on a network. Nothing is sent to find it out.
pub fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // Set aside for documentation: nobody is there.
    socket.connect((Ipv4Addr::new(203, 0, 113, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_loopback() && !address.is_unspecified())
}
