//! Our own HTTP transport under the AWS SDK: HTTP/1.1 only, one pool of connections a lane, every socket ours, so that
//! bytes are counted when the other side's TCP has acknowledged them and a stalled request is cut off on its own. The
//! SDK's connector offers none of that. Retries are not made here, nor by the SDK: the drivers own them.

mod dial;
mod figures;
mod obstacle;
mod pool;
mod proxy;
mod socket;
mod stall;
mod system;
mod throttle;
mod tls;
mod tls_stream;
mod trust;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use http_body_util::BodyExt;
use rustls::ClientConfig;

use self::dial::Dial;
use self::figures::Figures;
pub use self::figures::Seen;
pub(crate) use self::obstacle::Obstacle;
use self::pool::Pool;
use self::proxy::Proxies;
pub use self::socket::{Meter, Moved};
use self::stall::Stalled;
pub(crate) use self::throttle::{Throttle, Throttles, Turns};
use crate::error::Result;
use crate::portal;
use crate::uplink::{Uplink, Uplinks};

/// What all lanes' transports share. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct Common {
    tls: Arc<ClientConfig>,
    throttles: Arc<Throttles>,
    uplinks: Arc<Uplinks>,
    names: Names,
    proxies: Arc<Proxies>,
}

/// The addresses that were last found for a host and port.
type Names = Arc<Mutex<HashMap<(String, u16), Vec<SocketAddr>>>>;

impl Common {
    pub(crate) fn new(uplinks: Arc<Uplinks>) -> Result<Common> {
        let tls = Arc::new(tls::config()?);
        let (names, proxies) = (Names::default(), Arc::new(Proxies::found()));
        Ok(Common { tls, throttles: Arc::default(), uplinks, names, proxies })
    }

    /// Whether the proxy that leads to this host by https can be connected to; `None` where none does, or none that could
    /// be asked.
    pub(crate) async fn proxy_answers(&self, host: &str, limit: Duration) -> Option<bool> {
        let to = format!("https://{host}/").parse().ok()?;
        let proxy = self.proxies.set_for(&to).await.ok()??;
        tracing::debug!(?proxy, "is asked whether it is there");
        let dial = Dial::new(Arc::default(), self, None);
        Some(tokio::time::timeout(limit, dial.reaches(&to)).await.is_ok_and(|took| took.is_some()))
    }

    /// Another one where another proxy is set, or is shown something else, or the network is another.
    pub(crate) async fn outlook(&self) -> u64 {
        let proxy = self.proxies.set_for(&Uri::from_static("https://s3.amazonaws.com/")).await.ok().flatten();
        let uplinks = self.uplinks.clone();
        let uplink = tokio::task::spawn_blocking(move || uplinks.preferred()).await.ok().flatten();
        let mut hasher = DefaultHasher::new();
        (proxy, uplink.map(|uplink| (uplink.name, uplink.addresses, uplink.network))).hash(&mut hasher);
        hasher.finish()
    }

    pub(crate) fn uplinks(&self) -> &Uplinks {
        &self.uplinks
    }

    /// What all connections may move.
    pub(crate) fn throttles(&self) -> &Throttles {
        &self.throttles
    }
}

/// One lane's transport. Cheap to clone; clones share the pool.
#[derive(Clone)]
pub struct Wire {
    pool: Pool,
    meter: Arc<Meter>,
    figures: Arc<Figures>,
    dial: Dial,
}

impl Wire {
    /// Its connections go through this network only; or, without one, through whichever the system prefers.
    pub(crate) fn new(common: &Common, bound: Option<Uplink>) -> Wire {
        let meter = Arc::new(Meter::default());
        let dial = Dial::new(meter.clone(), common, bound);
        let figures = Arc::new(Figures::default());
        Wire { pool: Pool::new(dial.clone(), common.tls.clone(), figures.clone()), meter, figures, dial }
    }

    /// The uplink that its connections go through, as far as the last one tells.
    pub(crate) fn uplink(&self) -> Option<Uplink> {
        self.dial.uplink()
    }

    /// Connections to where the last request went are opened ahead, so that `wanted` lie ready.
    pub fn open_ahead(&self, wanted: usize) {
        self.pool.open_ahead(wanted);
    }

    /// So many connections are opened beside the next request's own.
    pub fn open_beside_next(&self, wanted: usize) {
        self.pool.open_beside_next(wanted);
    }

    /// Whether a connection to where the last request went can be opened within `limit`.
    pub async fn reach(&self, limit: Duration) -> bool {
        self.pool.reach(limit).await
    }

    /// How long it takes now to open a connection to where the last request went, without any handshake above TCP's.
    pub async fn connects_in(&self, limit: Duration) -> Option<Duration> {
        self.pool.connects_in(limit).await
    }

    /// The network is another one: what is under way ends with the network's error, and all begins with new connections.
    pub fn renew(&self) {
        self.meter.forget_bare();
        self.pool.renew();
    }

    /// The next request opens a connection of its own, though others are open.
    pub fn open_anew(&self) {
        self.pool.leave();
    }

    /// What its requests met with since this process began.
    pub fn figures(&self) -> Seen {
        self.figures.seen()
    }

    /// What its connections have moved.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(e) => return HttpConnectorFuture::ready(Err(ConnectorError::user(e.into()))),
        };
        let uri = request.uri().clone();
        let (pool, figures) = (self.pool.clone(), self.figures.clone());
        HttpConnectorFuture::new(async move {
            match pool.send(request).await {
                // A hotel's sign-in page, not the store: as good as no network. What it is, the probe finds out.
                Ok(answer) if portal::is_strangers(&uri, answer.status().as_u16(), answer.headers()) => {
                    figures.failed();
                    Err(ConnectorError::io(Box::new(Stranger(answer.status()))))
                }
                Ok(answer) => {
                    if figures::is_failure(answer.status()) {
                        figures.failed();
                    }
                    let broken_off = move |e| {
                        figures.failed();
                        e
                    };
                    HttpResponse::try_from(answer.map(|body| SdkBody::from_body_1_x(body.map_err(broken_off))))
                        .map_err(|e| ConnectorError::other(e.into(), None))
                }
                Err(e) => {
                    figures.failed();
                    Err(sorted(e))
                }
            }
        })
    }
}

/// The SDK tells what to do with an error by its kind. All of hyper's that reach us here are the network's, but for a
/// body of ours that broke off, which the driver learns from the body itself.
fn sorted(error: BoxError) -> ConnectorError {
    if error.is::<Stalled>() {
        return ConnectorError::timeout(error);
    }
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error.as_ref());
    while let Some(e) = cause {
        if e.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_user) {
            return ConnectorError::user(error);
        }
        cause = e.source();
    }
    ConnectorError::io(error)
}

#[derive(Debug, thiserror::Error)]
#[error("somebody else answered in the store's place: {0}")]
struct Stranger(http::StatusCode);
