//! Serving: the lock on the folder, the port, the connections, and the end of them.
//! May not live here: what a request means.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::access::{OneKey, Signed};
use crate::host::Localhost;
use crate::s3::Practice;
use crate::store::{NotOpened, Store};
use crate::{BUCKET, Keys, Trouble, clips, front};

/// How long requests under way may take to end once [`Serving::stop`] is called.
const GRACE: Duration = Duration::from_millis(1500);
/// How long [`Serving::stop`] may take in all.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Forms posted by browsers are read into memory by s3s, so they are kept small. Nothing in Rushes posts one.
const FORM_LIMIT: u64 = 16 * 1024 * 1024;

/// A practice newsroom being served. Dropped, it stops like with [`Serving::stop`], but nobody waits for it.
pub struct Serving {
    address: SocketAddr,
    root: PathBuf,
    store: Arc<Store>,
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<()>,
    released: oneshot::Receiver<()>,
}

/// What `served.json` in the folder says, to this program's next start and to other processes.
#[derive(Default, Serialize, Deserialize)]
struct Whereabouts {
    port: u16,
    /// False while starting and after stopping. After a kill it stays true, but then nobody holds the lock.
    serving: bool,
}

/// Opens the practice newsroom in `root`, or makes one there, and serves it on 127.0.0.1.
///
/// `port` None takes the port of last time if it is free, otherwise any that is. The bucket [`BUCKET`] is there from
/// the start. The folder is held by this process until the returned [`Serving`] has stopped.
///
/// Errors: [`Trouble::ServedAlready`] when somebody else holds the folder, with the address to attach to;
/// [`Trouble::PortTaken`] when `port` is given and not free; otherwise what the disk or the network says.
pub async fn serve(root: &Path, keys: Keys, port: Option<u16>) -> Result<Serving, Trouble> {
    let folder = |source| Trouble::Folder { path: root.to_owned(), source };
    let path = root.to_owned();
    let opened = spawn_blocking(move || open(&path)).await.map_err(|error| folder(io::Error::other(error)))?;
    let (store, released) = match opened {
        Ok(opened) => opened,
        Err(NotOpened::Held) => return Err(Trouble::ServedAlready { endpoint: endpoint_of(root) }),
        Err(NotOpened::Disk(error)) => return Err(folder(error)),
    };

    let last = Whereabouts::read(root);
    // Until the port is known nobody should be sent to the old one.
    Whereabouts { serving: false, ..last }.write(root).map_err(folder)?;
    let listener = listen(port, last.port).await?;
    let address = listener.local_addr().map_err(Trouble::Listen)?;
    Whereabouts { port: address.port(), serving: true }.write(root).map_err(folder)?;

    let service = service(&store, &keys);
    let (stop, stopped) = oneshot::channel();
    let accepting = tokio::spawn(accept(listener, service, stopped));
    tracing::info!(%address, "the practice newsroom is served");
    Ok(Serving { address, root: root.to_owned(), store, stop, accepting, released })
}

impl Serving {
    /// `http://127.0.0.1:PORT`
    pub fn endpoint(&self) -> String {
        endpoint(self.address.port())
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts the sample clips into the bucket, those whose key is not there yet. Only once per folder: a user who
    /// deleted them does not get them back.
    ///
    /// Returns how many were put.
    pub async fn fill(&self) -> Result<usize, Trouble> {
        clips::fill(&self.store).await.map_err(Trouble::Fill)
    }

    /// Stops: no new connections, a short grace for requests under way, then the end. Takes two seconds at most;
    /// when it returns, the folder is free, unless the disk itself hangs.
    pub async fn stop(self) {
        let deadline = Instant::now() + STOP_WITHIN;
        let Self { root, store, stop, accepting, released, .. } = self;
        let last = Whereabouts::read(&root);
        if let Err(error) = (Whereabouts { serving: false, ..last }).write(&root) {
            tracing::warn!(%error, "could not note that the practice newsroom is not served any more");
        }
        // It listens for as long as it runs, so this can only fail when it has ended by itself.
        let _ = stop.send(());
        if timeout_at(deadline, accepting).await.is_err() {
            tracing::warn!("connections did not end in time");
        }
        drop(store);
        if timeout_at(deadline, released).await.is_err() {
            tracing::warn!("the disk is still busy; the folder is free when it is done");
        }
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").field("address", &self.address).field("root", &self.root).finish_non_exhaustive()
    }
}

type Opened = (Arc<Store>, oneshot::Receiver<()>);

fn open(root: &Path) -> Result<Opened, NotOpened> {
    let (store, released) = Store::open(root)?;
    if store.bucket(BUCKET).is_err() {
        store.create_bucket(BUCKET, None).map_err(|refusal| NotOpened::Disk(io::Error::other(refusal)))?;
    }
    Ok((store, released))
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Where the process that holds `root` serves it, unless it is only just starting or stopping.
fn endpoint_of(root: &Path) -> Option<String> {
    let whereabouts = Whereabouts::read(root);
    whereabouts.serving.then(|| endpoint(whereabouts.port))
}

impl Whereabouts {
    /// A file that is missing or not understood says nothing.
    fn read(root: &Path) -> Self {
        let read = std::fs::read(root.join("served.json"));
        read.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    fn write(&self, root: &Path) -> io::Result<()> {
        // Beside the descriptions being written, where a kill's leftovers are swept.
        let mut file = tempfile::NamedTempFile::new_in(root.join("tmp"))?;
        serde_json::to_writer(&mut file, self)?;
        file.persist(root.join("served.json"))?;
        Ok(())
    }
}

async fn listen(asked: Option<u16>, last: u16) -> Result<TcpListener, Trouble> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match asked {
        Some(port) => bind(port).await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Trouble::PortTaken { port },
            _ => Trouble::Listen(error),
        }),
        // `last` is 0 the first time, which is any port.
        None => match bind(last).await {
            Ok(listener) => Ok(listener),
            Err(_) => bind(0).await.map_err(Trouble::Listen),
        },
    }
}

fn service(store: &Arc<Store>, keys: &Keys) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Practice { store: Arc::clone(store) });
    builder.set_auth(OneKey::new(keys));
    builder.set_access(Signed);
    builder.set_host(Localhost);
    let mut config = S3Config::default();
    config.post_object_max_file_size = FORM_LIMIT;
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    builder.build()
}

/// Accepts until told to stop, then sees the connections to their end.
async fn accept(listener: TcpListener, service: S3Service, mut stopped: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Small answers must not wait for the client's acknowledgement of the last one.
                    let _ = stream.set_nodelay(true);
                    let service = service.clone();
                    let answer = service_fn(move |request| front::answer(service.clone(), request));
                    // HTTP/1.1 only, like S3. Without a timer hyper has no timeouts: slow clients are fine.
                    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                    connections.spawn(graceful.watch(connection));
                }
                Err(error) => {
                    // Most likely out of file descriptors: others will be closed soon.
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    drop(listener);
    let _ = timeout(GRACE, graceful.shutdown()).await;
    connections.shutdown().await;
}
