//! A lane's connections: idle ones are used again, the last used first; new ones are opened ahead of need while the
//! link is being filled, since a handshake over a far link takes three round trips. Requests come and go one at a time
//! on each; nothing here retries what the other side may have begun to do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_types::body::SdkBody;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::dial::{self, Dial};
use super::figures::Figures;
use super::obstacle::Obstacle;
use super::proxy;
use super::socket::Counts;
use super::stall;
use super::tls_stream::TlsStream;

/// S3 itself closes idle connections after about 20 s; ours are dropped before they can be found closed.
const IDLE: Duration = Duration::from_secs(15);
/// Of an answer's head and body that is read at once: a few TLS records.
const READ: usize = 64 << 10;

/// Cheap to clone; clones share the connections.
#[derive(Clone)]
pub(super) struct Pool {
    dial: Dial,
    tls: Arc<ClientConfig>,
    figures: Arc<Figures>,
    shared: Arc<Mutex<Shared>>,
}

type Origin = (Scheme, Authority);

#[derive(Default)]
struct Shared {
    idle: HashMap<Origin, Vec<Idle>>,
    /// Connections of an earlier generation are not used again.
    generation: u64,
    /// Being opened ahead, for whom.
    opening: HashMap<Origin, usize>,
    /// Where the last request went.
    last: Option<Origin>,
    /// So many are opened ahead with the next request.
    beside_next: usize,
    /// One has become idle.
    freed: Arc<Notify>,
    /// Every connection's own task.
    tasks: Vec<AbortHandle>,
}

impl Shared {
    fn lay_by(&mut self, origin: Origin, connection: Connection) {
        self.idle.entry(origin).or_default().push(Idle { connection, since: Instant::now() });
        self.freed.notify_one();
    }
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl Idle {
    fn is_good(&self) -> bool {
        self.since.elapsed() < IDLE && self.connection.sender.is_ready()
    }
}

struct Connection {
    sender: SendRequest<SdkBody>,
    counts: Arc<Counts>,
    generation: u64,
    life: Life,
}

/// Ends the connection's own task when the request that it carries is given up: dropping the sender alone would leave it
/// trying to send.
struct Life(Option<AbortHandle>);

impl Drop for Life {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

impl Pool {
    pub(super) fn new(dial: Dial, tls: Arc<ClientConfig>, figures: Arc<Figures>) -> Pool {
        Pool { dial, tls, figures, shared: Arc::default() }
    }

    /// Sends one request. Gives it up, with its connection, when that moves no byte for too long or when this future is
    /// dropped.
    pub(super) async fn send(&self, request: Request<SdkBody>) -> Result<Response<Incoming>, BoxError> {
        let origin = origin(request.uri())?;
        let mut request = in_origin_form(request)?;
        let beside = {
            let mut shared = self.locked();
            shared.last = Some(origin.clone());
            std::mem::take(&mut shared.beside_next)
        };
        self.open_ahead(beside);
        loop {
            let idle = self.idle(&origin);
            let reused = idle.is_some();
            let mut connection = match idle {
                Some(connection) => connection,
                None => self.first_of(&origin).await?,
            };
            let body = request.body().content_length().unwrap_or(0);
            let patience = stall::patience(request.method(), body);
            connection.counts.begin(body);
            let asked = Instant::now();
            let answer = tokio::select! {
                answer = connection.sender.try_send_request(request) => answer,
                stalled = stall::watch(&connection.counts, patience) => return Err(Box::new(stalled)),
            };
            match answer {
                Ok(answer) => {
                    if body == 0 {
                        self.figures.answered(asked.elapsed());
                    }
                    self.keep(origin, connection);
                    return Ok(answer);
                }
                // It was closed while it lay idle, and nothing of the request was sent.
                Err(mut unsent) => match unsent.take_message() {
                    Some(again) if reused => request = again,
                    _ => return Err(unsent.into_error().into()),
                },
            }
        }
    }

    /// As [`open_ahead`](Pool::open_ahead), as soon as the next request has said where it goes.
    pub(super) fn open_beside_next(&self, wanted: usize) {
        self.locked().beside_next = wanted;
    }

    /// Sees that about `wanted` connections to where the last request went are open or being opened beyond those in use.
    pub(super) fn open_ahead(&self, wanted: usize) {
        let mut shared = self.locked();
        let Some(origin) = shared.last.clone() else { return };
        let idle = shared.idle.get_mut(&origin).map_or(0, |idle| {
            idle.retain(Idle::is_good);
            idle.len()
        });
        let opening = shared.opening.entry(origin.clone()).or_default();
        let missing = wanted.saturating_sub(idle + *opening);
        *opening += missing;
        drop(shared);
        for _ in 0..missing {
            let (pool, origin) = (self.clone(), origin.clone());
            tokio::spawn(async move {
                let opened = pool.open(&origin).await;
                let mut shared = pool.locked();
                if let Some(opening) = shared.opening.get_mut(&origin) {
                    *opening -= 1;
                }
                if let Ok(connection) = opened {
                    shared.lay_by(origin, connection);
                }
            });
        }
    }

    /// Whether a TCP connection to where the last request went can be opened within `limit`.
    pub(super) async fn reach(&self, limit: Duration) -> bool {
        self.locked().last.is_none() || self.connects_in(limit).await.is_some()
    }

    /// In how long one can be opened now. `None` where that takes longer than `limit`, or nothing was asked for yet.
    pub(super) async fn connects_in(&self, limit: Duration) -> Option<Duration> {
        let origin = self.locked().last.clone()?;
        let uri = uri_of(&origin).ok()?;
        tokio::time::timeout(limit, self.dial.reaches(&uri)).await.ok().flatten()
    }

    /// Those that lie idle are closed; those in use are not used again.
    pub(super) fn leave(&self) {
        let mut shared = self.locked();
        shared.generation += 1;
        shared.idle.clear();
    }

    /// Every connection is of the past: those in use end with an error, idle ones are closed.
    pub(super) fn renew(&self) {
        self.leave();
        self.locked().tasks.drain(..).for_each(|task| task.abort());
    }

    fn idle(&self, origin: &Origin) -> Option<Connection> {
        let mut shared = self.locked();
        let generation = shared.generation;
        let idle = shared.idle.get_mut(origin)?;
        idle.retain(Idle::is_good);
        let last = idle.pop()?.connection;
        (last.generation == generation).then_some(last)
    }

    /// A new one, or one that becomes idle before the new one is there.
    async fn first_of(&self, origin: &Origin) -> Result<Connection, BoxError> {
        let own = self.open(origin);
        tokio::pin!(own);
        let freed = self.locked().freed.clone();
        loop {
            tokio::select! {
                biased;
                () = freed.notified() => {
                    if let Some(connection) = self.idle(origin) {
                        return Ok(connection);
                    }
                }
                opened = &mut own => return opened,
            }
        }
    }

    async fn open(&self, origin: &Origin) -> Result<Connection, BoxError> {
        let generation = self.locked().generation;
        let uri = uri_of(origin)?;
        let host = dial::host(&uri).unwrap_or_default();
        if origin.0 != Scheme::HTTPS && !proxy::is_here(host) {
            return Err(Obstacle::Plain { host: host.to_owned() }.into());
        }
        let proxy = self.dial.proxy(&uri).await?;
        let dialled = self.dial.open(&uri, proxy.as_ref()).await;
        let (socket, dialled) = match &proxy {
            Some(proxy) => dialled.map_err(|e| Obstacle::ProxyGone { proxy: proxy.name(), cause: e.to_string() })?,
            None => dialled?,
        };
        let there = Instant::now();
        let counts = socket.counts().clone();
        let (mut sender, life) = match &proxy {
            Some(proxy) if proxy.speaks_tls() => {
                let socket = self.secure(socket, proxy.uri()).await?;
                self.begin(self.dial.through(socket, proxy, &uri).await?, &uri).await?
            }
            Some(proxy) => self.begin(self.dial.through(socket, proxy, &uri).await?, &uri).await?,
            None => self.begin(socket, &uri).await?,
        };
        sender.ready().await?;
        self.figures.connected(dialled + there.elapsed());
        Ok(Connection { sender, counts, generation, life })
    }

    /// HTTP with the host at the other end of the stream, in the clear or not as its address says.
    async fn begin<S>(&self, stream: S, uri: &Uri) -> Result<(SendRequest<SdkBody>, Life), BoxError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if uri.scheme() == Some(&Scheme::HTTPS) {
            self.speak(self.secure(stream, uri).await?).await
        } else {
            self.speak(stream).await
        }
    }

    async fn secure<S>(&self, stream: S, uri: &Uri) -> Result<TlsStream<S>, BoxError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let host = dial::host(uri).unwrap_or_default();
        let name = ServerName::try_from(host.to_owned())?;
        let secured = TlsStream::connect(stream, self.tls.clone(), name).await;
        secured.map_err(|e| match Obstacle::of_handshake(host, &e) {
            Some(obstacle) => obstacle.into(),
            None => e.into(),
        })
    }

    /// HTTP over an open stream, by a task of its own.
    async fn speak<S>(&self, stream: S) -> Result<(SendRequest<SdkBody>, Life), BoxError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let http = http1::Builder::new().max_buf_size(READ).handshake(TokioIo::new(stream));
        let (sender, connection) = http.await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
        let task = task.abort_handle();
        self.remember(task.clone());
        Ok((sender, Life(Some(task))))
    }

    fn remember(&self, task: AbortHandle) {
        let mut shared = self.locked();
        shared.tasks.retain(|task| !task.is_finished());
        shared.tasks.push(task);
    }

    /// Once the answer's body is read, the connection is idle.
    fn keep(&self, origin: Origin, connection: Connection) {
        let pool = self.clone();
        tokio::spawn(async move {
            let Connection { mut sender, counts, generation, mut life } = connection;
            // From here on it ends by itself: with its body, or when its reader drops that.
            let task = life.0.take();
            let ready = sender.ready().await;
            counts.end();
            if ready.is_err() {
                return;
            }
            let mut shared = pool.locked();
            if generation == shared.generation {
                shared.lay_by(origin, Connection { sender, counts, generation, life: Life(task) });
            }
        });
    }

    fn locked(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn uri_of(origin: &Origin) -> Result<Uri, http::Error> {
    Uri::builder().scheme(origin.0.clone()).authority(origin.1.clone()).path_and_query("/").build()
}

fn origin(uri: &Uri) -> Result<Origin, BoxError> {
    match (uri.scheme(), uri.authority()) {
        (Some(scheme), Some(authority)) => Ok((scheme.clone(), authority.clone())),
        _ => Err("a request without a scheme or a host".into()),
    }
}

/// As HTTP/1.1 has it on the wire: the path, and the host as a header.
fn in_origin_form(mut request: Request<SdkBody>) -> Result<Request<SdkBody>, BoxError> {
    let uri = request.uri();
    if !request.headers().contains_key(header::HOST) {
        let usual = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let host = uri.host().unwrap_or_default();
        let host = match uri.port_u16().filter(|port| *port != usual) {
            Some(port) => HeaderValue::from_str(&format!("{host}:{port}"))?,
            None => HeaderValue::from_str(host)?,
        };
        request.headers_mut().insert(header::HOST, host);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse()?;
    *request.uri_mut() = path;
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::wire::{Common, Wire};

    #[tokio::test]
    async fn nothing_goes_in_the_clear_to_another_computer() {
        let wire = Wire::new(&Common::new(Arc::default()).unwrap(), None);
        for to in ["http://192.0.2.1/bucket/key", "http://s3.example.com/bucket", "http://127.0.0.1.example/"] {
            let request = Request::put(to).body(SdkBody::from("footage")).unwrap();
            let refused = wire.pool.send(request).await.unwrap_err();
            let told = refused.downcast_ref::<Obstacle>().map(Obstacle::told).unwrap();
            assert_eq!(told.code, Code::BadInput, "{to}: {told}");
        }
    }
}
