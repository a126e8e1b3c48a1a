//! One engine a data directory: whoever comes first owns it and serves it, whoever comes later attaches, and when the
//! owner leaves, one of those who are left takes over. Callers do not notice which they are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use interprocess::local_socket::ListenerOptions;
use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
use tarpc::client::{Config, RpcError};
use tarpc::context::Context;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Json;
use tarpc::tokio_util::codec::LengthDelimitedCodec;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::api::{Rushes, RushesClient};
use crate::conductor::Scope;
use crate::engine::{Engine, Loops};
use crate::error::{Code, Error, Result};
use crate::home::Home;

/// Listing a large bucket, or waiting for a keychain that asks its user.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long an owner may take to begin to serve, or to leave.
const ARRIVAL: Duration = Duration::from_secs(15);
/// A first update of very many transfers is large.
const LARGEST_MESSAGE: usize = 512 << 20;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A way to the engine of a data directory. Cheap to clone.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    home: Home,
    scope: Scope,
    state: Mutex<Option<State>>,
    generation: AtomicU64,
}

struct State {
    client: RushesClient,
    owner: Option<Owner>,
}

/// This process runs the engine.
struct Owner {
    engine: Engine,
    loops: Loops,
    serving: JoinHandle<()>,
    _address: Address,
}

impl Connection {
    /// Owns the home's engine, or attaches to the process that does. `scope` is what an engine opened here carries.
    pub async fn open(home: Home, scope: Scope) -> Result<Connection> {
        let state = reach(&home, scope).await?;
        let inner = Inner { home, scope, state: Mutex::new(Some(state)), generation: AtomicU64::new(1) };
        Ok(Connection(Arc::new(inner)))
    }

    /// Asks the engine for `what`. Where its process has gone, the one that takes over is asked instead: every call may be repeated.
    pub async fn call<A: Clone, T, F>(&self, what: A, ask: impl Fn(RushesClient, Context, A) -> F) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, RpcError>>,
    {
        for _ in 0..3 {
            let mut context = Context::current();
            context.deadline = Instant::now() + PATIENCE;
            let (client, generation) = self.client().await?;
            match ask(client, context, what.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(RpcError::DeadlineExceeded) => {
                    return Err(Error::new(Code::Busy, "Rushes did not answer in time. Try again."));
                }
                Err(RpcError::Server(e)) => return Err(Error::internal(e)),
                Err(_) => self.lost(generation).await,
            }
        }
        Err(Error::new(Code::Busy, "Rushes was closed while it was asked. Try again."))
    }

    pub fn home(&self) -> &Home {
        &self.0.home
    }

    /// Counts how often the engine behind this connection has changed. What only a process lends must be lent again.
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// The engine, where this very process runs it.
    pub async fn engine(&self) -> Option<Engine> {
        self.0.state.lock().await.as_ref()?.owner.as_ref().map(|owner| owner.engine.clone())
    }

    /// Leaves. An engine run here stops; what it has sent is in its journal.
    pub async fn close(&self) {
        let Some(State { owner: Some(owner), .. }) = self.0.state.lock().await.take() else { return };
        owner.serving.abort();
        let _ = owner.serving.await;
        owner.engine.close(owner.loops).await;
    }

    async fn client(&self) -> Result<(RushesClient, u64)> {
        let mut state = self.0.state.lock().await;
        if state.is_none() {
            *state = Some(reach(&self.0.home, self.0.scope).await?);
            self.0.generation.fetch_add(1, Ordering::AcqRel);
        }
        let client = state.as_ref().map(|s| s.client.clone()).ok_or_else(|| Error::internal("no engine"))?;
        Ok((client, self.generation()))
    }

    async fn lost(&self, generation: u64) {
        let mut state = self.0.state.lock().await;
        // Another caller may have noticed first.
        if self.generation() == generation && state.as_ref().is_some_and(|s| s.owner.is_none()) {
            *state = None;
        }
    }
}

async fn reach(home: &Home, scope: Scope) -> Result<State> {
    let begun = Instant::now();
    loop {
        if let Some(owned) = home.own()? {
            let (engine, loops) = Engine::open(home.clone(), owned, scope).await?;
            let (listener, address) = listen(home)?;
            let serving = tokio::spawn(serve(listener, engine.clone()));
            let (ours, theirs) = tarpc::transport::channel::unbounded();
            tokio::spawn(BaseChannel::with_defaults(theirs).execute(engine.clone().serve()).for_each(|answer| async {
                tokio::spawn(answer);
            }));
            let client = RushesClient::new(Config::default(), ours).spawn();
            return Ok(State { client, owner: Some(Owner { engine, loops, serving, _address: address }) });
        }
        match attach(home).await {
            Ok(client) => return Ok(State { client, owner: None }),
            Err(Unreachable::OtherVersion(version)) => {
                return Err(Error::new(
                    Code::Busy,
                    format!("Rushes {version} is running; this is {VERSION}. Quit it, then start this one again."),
                ));
            }
            // It is just starting, or just leaving.
            Err(Unreachable::Now(cause)) if begun.elapsed() > ARRIVAL => {
                return Err(Error::new(
                    Code::Busy,
                    "Another Rushes uses this data directory and does not answer. Quit it, or restart the computer.",
                )
                .because(cause));
            }
            Err(Unreachable::Now(_)) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

enum Unreachable {
    Now(io::Error),
    OtherVersion(String),
}

impl From<io::Error> for Unreachable {
    fn from(cause: io::Error) -> Self {
        Unreachable::Now(cause)
    }
}

async fn attach(home: &Home) -> std::result::Result<RushesClient, Unreachable> {
    let known = fs::read_to_string(home.address())?;
    let (version, address) = known.split_once('\n').ok_or(io::Error::from(io::ErrorKind::InvalidData))?;
    if version != VERSION {
        return Err(Unreachable::OtherVersion(version.to_owned()));
    }
    let stream = Stream::connect(socket_name(address.trim())?).await?;
    let transport = tarpc::serde_transport::new(codec().new_framed(stream), Json::default());
    Ok(RushesClient::new(Config::default(), transport).spawn())
}

async fn serve(listener: Listener, engine: Engine) {
    loop {
        match listener.accept().await {
            Ok(stream) => {
                let transport = tarpc::serde_transport::new(codec().new_framed(stream), Json::default());
                let answers = BaseChannel::with_defaults(transport).execute(engine.clone().serve());
                tokio::spawn(answers.for_each(|answer| async {
                    tokio::spawn(answer);
                }));
            }
            Err(e) => {
                tracing::warn!(error = %e, "could not take a connection");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn codec() -> tarpc::tokio_util::codec::length_delimited::Builder {
    let mut codec = LengthDelimitedCodec::builder();
    codec.max_frame_length(LARGEST_MESSAGE);
    codec
}

/// Where this owner is reached; taken back when it leaves.
struct Address {
    file: PathBuf,
    /// The socket's folder, where the home's own path was too long for a socket.
    _folder: Option<tempfile::TempDir>,
}

impl Drop for Address {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

fn listen(home: &Home) -> Result<(Listener, Address)> {
    let opened = || -> io::Result<(Listener, Address)> {
        let (address, folder) = socket_address(home.path())?;
        let options = closed_to_others(ListenerOptions::new().name(socket_name(&address)?));
        let listener = options.create_tokio()?;
        // Written whole and then named: a reader sees an address or none.
        let mut file = tempfile::NamedTempFile::new_in(home.path())?;
        io::Write::write_all(&mut file, format!("{VERSION}\n{address}\n").as_bytes())?;
        file.persist(home.address())?;
        Ok((listener, Address { file: home.address(), _folder: folder }))
    };
    opened().map_err(|e| Error::new(Code::DiskFailed, "Rushes cannot open its socket for other windows.").because(e))
}

#[cfg(unix)]
fn socket_address(home: &Path) -> io::Result<(String, Option<tempfile::TempDir>)> {
    /// What a socket's path may have on every Unix, its end included.
    const LONGEST: usize = 100;
    let wanted = home.join("engine.sock");
    match wanted.to_str().filter(|path| path.len() <= LONGEST) {
        Some(path) => {
            // Left by an owner that was killed; the lock says that there is none now.
            match fs::remove_file(&wanted) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
                _ => Ok((path.to_owned(), None)),
            }
        }
        None => {
            let folder = tempfile::Builder::new().prefix("rushes-").tempdir()?;
            let path = folder.path().join("engine.sock").display().to_string();
            Ok((path, Some(folder)))
        }
    }
}

#[cfg(not(unix))]
fn socket_address(_: &Path) -> io::Result<(String, Option<tempfile::TempDir>)> {
    Ok((format!("rushes-{:016x}", rand::random::<u64>()), None))
}

#[cfg(unix)]
fn socket_name(address: &str) -> io::Result<interprocess::local_socket::Name<'_>> {
    use interprocess::local_socket::GenericFilePath;
    address.to_fs_name::<GenericFilePath>()
}

/// A named pipe, open to this user and the system by its default rights.
#[cfg(not(unix))]
fn socket_name(address: &str) -> io::Result<interprocess::local_socket::Name<'_>> {
    use interprocess::local_socket::GenericNamespaced;
    address.to_ns_name::<GenericNamespaced>()
}

#[cfg(unix)]
fn closed_to_others(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    use interprocess::os::unix::local_socket::ListenerOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn closed_to_others(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    options
}
