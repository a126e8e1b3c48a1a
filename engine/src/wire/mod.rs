//! Our own HTTP transport under the AWS SDK: HTTP/1.1 only, one pool of connections a lane, every socket ours, so that
//! bytes are counted when the other side's TCP has acknowledged them and a stalled request is cut off on its own. The
//! SDK's connector offers none of that. Retries are not made here, nor by the SDK: the drivers own them.

mod dial;
mod socket;
mod throttle;
mod tls;
mod unacked;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use self::dial::Dial;
use self::socket::Counts;
pub use self::socket::{Meter, Moved};
use self::throttle::Throttle;
use crate::error::Result;
use crate::portal;

/// A request whose connection moves no byte for this long while bytes are waiting to be acknowledged is cut off.
const STALLED: Duration = Duration::from_secs(20);
/// And one that has sent everything, when no answer begins for this long. S3 may think for a while over a Complete.
const NO_ANSWER: Duration = Duration::from_secs(90);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// S3 itself closes idle connections after about 20 s; ours are dropped before they can be found closed.
const IDLE: Duration = Duration::from_secs(15);

/// One lane's transport. Cheap to clone; clones share the pool.
#[derive(Clone)]
pub struct Wire {
    client: Client<HttpsConnector<Dial>, SdkBody>,
    meter: Arc<Meter>,
    throttle: Arc<Throttle>,
}

impl Wire {
    pub fn new() -> Result<Wire> {
        let meter = Arc::new(Meter::default());
        let throttle = Arc::new(Throttle::default());
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::config()?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Dial::new(meter.clone(), throttle.clone()));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Wire { client, meter, throttle })
    }

    /// What its connections may move.
    pub(crate) fn throttle(&self) -> &Throttle {
        &self.throttle
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
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(e) => return HttpConnectorFuture::ready(Err(ConnectorError::user(e.into()))),
        };
        let uri = request.uri().clone();
        let connection = capture_connection(&mut request);
        let answer = self.client.request(request);
        HttpConnectorFuture::new(async move {
            let answer = tokio::select! {
                answer = answer => answer,
                // The request's future is dropped with the select, and its connection with it.
                idle = stalled(connection) => return Err(ConnectorError::timeout(Box::new(idle))),
            };
            match answer {
                // A hotel's sign-in page, not the store: as good as no network. What it is, the probe finds out.
                Ok(answer) if portal::is_strangers(&uri, answer.status().as_u16(), answer.headers()) => {
                    Err(ConnectorError::io(Box::new(Stranger(answer.status()))))
                }
                Ok(answer) => HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                    .map_err(|e| ConnectorError::other(e.into(), None)),
                Err(e) => Err(sorted(e.into())),
            }
        })
    }
}

/// The SDK tells what to do with an error by its kind. All of hyper's that reach us here are the network's, but for a
/// body of ours that broke off, which the driver learns from the body itself.
fn sorted(error: BoxError) -> ConnectorError {
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
#[error("no byte moved for {} s", .0.as_secs())]
struct Stalled(Duration);

#[derive(Debug, thiserror::Error)]
#[error("somebody else answered in the store's place: {0}")]
struct Stranger(http::StatusCode);

/// Comes back when the request's connection has moved nothing for too long. Not before there is a connection: dialling
/// has its own limit.
async fn stalled(connection: CaptureConnection) -> Stalled {
    let mut connection = connection;
    let counts = loop {
        let known = connection.connection_metadata().as_ref().and_then(|connected| {
            let mut extras = http::Extensions::new();
            connected.get_extras(&mut extras);
            extras.get::<Arc<Counts>>().cloned()
        });
        match known {
            Some(counts) => break counts,
            None => {
                let _ = connection.wait_for_connection_metadata().await;
            }
        }
    };
    let mut last = counts.moved();
    let mut since = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let moved = counts.moved();
        if moved != last {
            (last, since) = (moved, Instant::now());
        }
        let patience = if counts.waits_for_acks() { STALLED } else { NO_ANSWER };
        if since.elapsed() >= patience {
            return Stalled(patience);
        }
    }
}
