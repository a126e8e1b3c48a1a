//! A link that misbehaves on demand: a TCP proxy on loopback before a server's address.
//!
//! Bytes are passed as they are, so TLS goes through it too; over plain http it also understands where requests begin
//! and end, which gives a log of them and lets it swallow an answer. The files beside this one: `http` tells messages
//! apart, `tap` keeps the log, `pump` moves the bytes.
//!
//! May not live here: anything about S3.

mod http;
mod pump;
mod tap;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::runtime;
use crate::store::Bucket;
pub use tap::Request;

/// What the kernel holds of a connection at each end. Its own choice would be megabytes, which a sender takes for sent.
const SOCKET_BUFFER: u32 = 128 * 1024;

/// A message's head is shorter than this.
const LONG: usize = 4 * 1024;

/// For a change to reach all connections. They are all in this process.
const CHANGED_WITHIN: Duration = Duration::from_secs(5);

/// Towards the server, or from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

/// What a link has carried since it was made. Bytes are those handed on; connections those accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    pub up: u64,
    pub down: u64,
    pub connections: u64,
    /// Connections that are there now.
    pub open: usize,
}

/// A proxy that listens until dropped. All that can be done to it is in [`Link`].
#[derive(Debug)]
pub struct Proxy {
    link: Link,
    address: SocketAddr,
    accepting: AbortHandle,
    /// Bound and never listening: the port stays ours while connections are refused.
    _port: TcpSocket,
}

/// A handle to a proxy's link: cheap to clone, for tasks and closures. What it is told is so for new connections when
/// the call returns, and for those that are there a moment later; what is reset is reset by then.
#[derive(Clone)]
pub struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    settings: watch::Sender<Settings>,
    /// The number of the settings by which connections are accepted, or refused.
    accepts_by: watch::Sender<u64>,
    open: watch::Sender<usize>,
    log: Arc<tap::Log>,
    up: Direction,
    down: Direction,
    connections: AtomicU64,
    swallowed: AtomicUsize,
}

struct Direction {
    carried: AtomicU64,
    /// When the link will have put what it was given so far on the wire.
    free_at: Mutex<Instant>,
    /// How many bytes it still carries before it is cut.
    left: Mutex<Option<u64>>,
    /// How many bytes it still carries as they are before one is carried wrong.
    sound: Mutex<Option<u64>>,
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    /// Counts changes.
    number: u64,
    mode: Mode,
    /// Bytes a second, of all connections together.
    up: Option<u64>,
    down: Option<u64>,
    /// Added to each way.
    delay: Duration,
    /// Connections that were accepted under a lower number are reset.
    resets: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Pass,
    Stall,
    Cut,
}

impl Proxy {
    /// Before the server at `to`, such as `127.0.0.1:20123`, passing all.
    pub async fn start(to: &str) -> Result<Proxy> {
        let to = lookup_host(to).await?.next().with_context(|| format!("{to} is no address"))?;
        // On the rig's threads, whose sockets they are.
        runtime::spawn(async move { Proxy::listen(to) }).await?
    }

    /// Before the bucket's store; `bucket.through(&proxy)` is then the way there.
    pub async fn before(bucket: &Bucket) -> Result<Proxy> {
        Proxy::start(bucket.address()).await
    }

    fn listen(to: SocketAddr) -> Result<Proxy> {
        let port = bind(([127, 0, 0, 1], 0).into())?;
        let address = port.local_addr()?;
        let settings = Settings { number: 0, mode: Mode::Pass, up: None, down: None, delay: Duration::ZERO, resets: 0 };
        let shared = Arc::new(Shared {
            settings: watch::channel(settings).0,
            accepts_by: watch::channel(0).0,
            open: watch::channel(0).0,
            log: Arc::default(),
            up: Direction::new(),
            down: Direction::new(),
            connections: AtomicU64::new(0),
            swallowed: AtomicUsize::new(0),
        });
        let listener = bind(address)?.listen(1024)?;
        let accepting = runtime::spawn(accept(listener, address, to, Arc::clone(&shared))).abort_handle();
        Ok(Proxy { link: Link { shared }, address, accepting, _port: port })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn link(&self) -> Link {
        self.link.clone()
    }
}

impl Deref for Proxy {
    type Target = Link;

    fn deref(&self) -> &Link {
        &self.link
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Link {
    /// As good as no proxy: ends [`cut`](Link::cut), [`stall`](Link::stall), limits, delay and what was to come.
    pub fn heal(&self) {
        for direction in [&self.shared.up, &self.shared.down] {
            *direction.left() = None;
        }
        self.change(|settings| {
            (settings.mode, settings.up, settings.down, settings.delay) = (Mode::Pass, None, None, Duration::ZERO);
        });
    }

    /// Ends [`cut`](Link::cut) and [`stall`](Link::stall); limits and delay stay.
    pub fn pass(&self) {
        self.change(|settings| settings.mode = Mode::Pass);
    }

    /// Resets all connections and refuses new ones.
    pub fn cut(&self) {
        let changed = self.change(|settings| (settings.mode, settings.resets) = (Mode::Cut, settings.number));
        self.wait_for_resets(changed);
    }

    /// Resets all connections, once.
    pub fn reset(&self) {
        let changed = self.change(|settings| settings.resets = settings.number);
        self.wait_for_resets(changed);
    }

    /// Accepts connections and moves nothing, on them or on those that are there.
    pub fn stall(&self) {
        self.change(|settings| settings.mode = Mode::Stall);
    }

    /// Carries at most so many bytes a second each way, of all connections together. None is no limit.
    pub fn limit(&self, up: Option<u64>, down: Option<u64>) {
        self.change(|settings| (settings.up, settings.down) = (up, down));
    }

    /// Adds this to each way, so twice this to a round trip. Making a connection stays instant.
    pub fn delay(&self, each_way: Duration) {
        self.change(|settings| settings.delay = each_way);
    }

    /// Carries so many bytes more that way and then cuts, by itself and in the midst of whatever it carries.
    pub fn cut_after(&self, way: Way, bytes: u64) {
        *self.shared.direction(way).left() = Some(bytes);
    }

    /// Carries so many bytes more that way and then one of them wrong, in the midst of a message long enough.
    pub fn damage_after(&self, way: Way, bytes: u64) {
        *locked(&self.shared.direction(way).sound) = Some(bytes);
    }

    /// The next request whose "METHOD target" contains `part`, such as `POST /bucket/key?uploadId=`, reaches the server
    /// whole and is answered there, but the client gets a reset instead of the answer. Over plain http.
    ///
    /// Called twice, it swallows two answers.
    pub fn swallow_answer(&self, part: &str) {
        self.shared.log.swallow(part);
    }

    /// How many answers were swallowed so far.
    pub fn swallowed(&self) -> usize {
        self.shared.swallowed.load(Relaxed)
    }

    pub fn carried(&self) -> Carried {
        Carried {
            up: self.shared.up.carried.load(Relaxed),
            down: self.shared.down.carried.load(Relaxed),
            connections: self.shared.connections.load(Relaxed),
            open: *self.shared.open.borrow(),
        }
    }

    /// The requests that went by since the start, or since they were forgotten, in the order in which they ended. Over
    /// plain http.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.requests()
    }

    pub fn forget_requests(&self) {
        self.shared.log.forget();
    }

    /// Makes the change and waits until new connections are accepted, or refused, by it.
    fn change(&self, change: impl FnOnce(&mut Settings)) -> u64 {
        let mut number = 0;
        self.shared.settings.send_modify(|settings| {
            settings.number += 1;
            change(settings);
            number = settings.number;
        });
        let mut accepts_by = self.shared.accepts_by.subscribe();
        runtime::finish(CHANGED_WITHIN, async move {
            // Fails when the proxy is gone, which is as good.
            let _ = accepts_by.wait_for(|by| *by >= number).await;
        });
        number
    }

    /// Waits until the connections that were there before are gone.
    fn wait_for_resets(&self, number: u64) {
        let shared = Arc::clone(&self.shared);
        runtime::finish(CHANGED_WITHIN, async move {
            let mut open = shared.open.subscribe();
            // If somebody lets connections pass meanwhile, there may be new ones.
            let changed = || shared.settings.borrow().number > number;
            let _ = open.wait_for(|open| *open == 0 || changed()).await;
        });
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("settings", &*self.shared.settings.borrow()).finish_non_exhaustive()
    }
}

impl Shared {
    fn direction(&self, way: Way) -> &Direction {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }

    /// Cuts, for a connection of its own that must not wait for its own end.
    fn cut(&self) {
        self.settings.send_modify(|settings| {
            settings.number += 1;
            (settings.mode, settings.resets) = (Mode::Cut, settings.number);
        });
    }
}

impl Direction {
    fn new() -> Direction {
        Direction {
            carried: AtomicU64::new(0),
            free_at: Mutex::new(Instant::now()),
            left: Mutex::default(),
            sound: Mutex::default(),
        }
    }

    fn left(&self) -> MutexGuard<'_, Option<u64>> {
        locked(&self.left)
    }

    /// Makes a byte wrong when it is time for that.
    fn damage(&self, bytes: &mut [u8]) {
        let mut sound = locked(&self.sound);
        match &mut *sound {
            Some(left) if *left > bytes.len() as u64 || bytes.len() < LONG => {
                *left = left.saturating_sub(bytes.len() as u64)
            }
            Some(_) => {
                bytes[LONG - 1] ^= 0x20;
                *sound = None;
            }
            None => {}
        }
    }

    /// When these bytes will have gone over a link of this many bytes a second, after all that it was given before.
    fn reserve(&self, bytes: usize, rate: Option<u64>) -> Instant {
        let now = Instant::now();
        let Some(rate) = rate else { return now };
        let mut free_at = locked(&self.free_at);
        *free_at = now.max(*free_at) + Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
        *free_at
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bind(address: SocketAddr) -> Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    // So that the listener and the one that keeps its port can both be bound.
    socket.set_reuseport(true)?;
    // Given on to the connections that are accepted.
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(listener: TcpListener, address: SocketAddr, to: SocketAddr, shared: Arc<Shared>) {
    let mut settings = shared.settings.subscribe();
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let now = *settings.borrow_and_update();
        match now.mode {
            // Closed, it refuses; those that nobody had accepted yet are reset.
            Mode::Cut => listener = None,
            Mode::Pass | Mode::Stall if listener.is_none() => {
                listener = bind(address).and_then(|socket| Ok(socket.listen(1024)?)).ok();
            }
            Mode::Pass | Mode::Stall => {}
        }
        shared.accepts_by.send_replace(now.number);
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Fails only when the sender is gone, and this task holds it.
            _ = settings.changed() => {}
            accepted = accepted => match accepted {
                Ok((client, _)) => {
                    shared.connections.fetch_add(1, Relaxed);
                    connections.spawn(pump::carry(client, to, Arc::clone(&shared), Counted::new(&shared)));
                }
                // Out of file descriptors, most likely; some will be closed soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// A connection that counts as open for as long as this lives.
struct Counted(Arc<Shared>);

impl Counted {
    fn new(shared: &Arc<Shared>) -> Counted {
        shared.open.send_modify(|open| *open += 1);
        Counted(Arc::clone(shared))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

/// A connection to the server, with the same small buffers as the client's.
async fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    socket.connect(to).await
}
