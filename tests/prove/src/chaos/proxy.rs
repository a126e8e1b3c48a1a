//! Stands before a store and lets requests meet their faults; all else it passes on as it is, heads included, so that
//! signatures hold.
//! May not live here: which fault a request meets.

use std::convert::Infallible;
use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rand::Rng;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::faults::{Asked, Fault, Plan, asked};

type Error = Box<dyn std::error::Error + Send + Sync>;
type AnyBody = UnsyncBoxBody<Bytes, Error>;
type Store = Client<HttpConnector, AnyBody>;
/// A line for each request: what was asked for, what it met, what was answered.
type Log = Arc<Mutex<BufWriter<File>>>;

/// How far off the clock is said to be.
const SKEW_MINUTES: i64 = 20;

/// Listens until dropped.
pub struct Proxy {
    pub address: SocketAddr,
    accepting: AbortHandle,
}

impl Proxy {
    pub async fn before(store: &str, plan: Arc<Plan>, log: &Path) -> Result<Proxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let client: Store = Client::builder(TokioExecutor::new()).build_http();
        let store = store.to_owned();
        let log: Log = Arc::new(Mutex::new(BufWriter::new(File::create(log)?)));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Broken off is a reset.
                let _ = stream.set_zero_linger();
                let (client, store, plan, log) = (client.clone(), store.clone(), plan.clone(), log.clone());
                tokio::spawn(async move {
                    let serve =
                        service_fn(|request| noted(client.clone(), store.clone(), plan.clone(), log.clone(), request));
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), serve).await;
                });
            }
        });
        Ok(Proxy { address, accepting: accepting.abort_handle() })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What a request asks for, and what it is to meet.
#[derive(Clone)]
struct Asking {
    method: String,
    target: String,
    range: String,
    fault: Option<Fault>,
}

impl Asking {
    fn of(request: &Request<Incoming>, plan: &Plan) -> Asking {
        let target = request.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned();
        let method = request.method().to_string();
        let range = request.headers().get(header::RANGE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let fault = plan.fault(&method, &target, &range);
        Asking { method, target, range, fault }
    }
}

impl fmt::Display for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = self.fault.map(Fault::name);
        write!(f, "{} {} {} {}", self.method, self.target, self.range, met.as_deref().unwrap_or("-"))
    }
}

async fn noted(
    client: Store,
    store: String,
    plan: Arc<Plan>,
    log: Log,
    request: Request<Incoming>,
) -> Result<Response<AnyBody>, Error> {
    let (asking, began) = (Asking::of(&request, &plan), jiff::Timestamp::now());
    let answer = pass(client, store, plan, asking.clone(), request).await;
    let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
    let _ = writeln!(log.lock().unwrap_or_else(PoisonError::into_inner), "{began:.3} {asking} {status}");
    answer
}

async fn pass(
    client: Store,
    store: String,
    plan: Arc<Plan>,
    Asking { method, target, fault, .. }: Asking,
    request: Request<Incoming>,
) -> Result<Response<AnyBody>, Error> {
    let asked = asked(&method, &target);
    let length = request.body().size_hint().exact().unwrap_or(0);
    // Where in a body it strikes.
    let strikes = |length: u64| rand::rng().random_range(0..length.max(1));

    let (mut head, body) = request.into_parts();
    head.uri = format!("http://{store}{target}").parse::<Uri>()?;
    let up = match fault {
        Some(fault @ (Fault::Reset | Fault::Stall | Fault::Corrupt)) if asked == Asked::Put => {
            plan.met(fault);
            Struck::by(Some((fault, strikes(length))), body)
        }
        _ => Struck::by(None, body),
    };
    if let Some(fault) = fault
        && let Some(answer) = said(fault)
    {
        plan.met(fault);
        // As S3 does it where it can: the whole request is taken first.
        let _ = up.collect().await;
        return Ok(answer?);
    }
    let answered = client.request(Request::from_parts(head, up.boxed_unsync())).await?;
    let (head, body) = answered.into_parts();
    let length = body.size_hint().exact().unwrap_or(0);
    let down = match fault {
        Some(Fault::Unheard) => {
            plan.met(Fault::Unheard);
            let _ = body.collect().await;
            return Err("nobody hears of it".into());
        }
        Some(fault @ (Fault::Reset | Fault::Stall | Fault::Truncate | Fault::Corrupt)) if asked == Asked::Get => {
            plan.met(fault);
            Struck::by(Some((fault, strikes(length))), body)
        }
        Some(Fault::Reset) if asked != Asked::Put => {
            plan.met(Fault::Reset);
            return Err("the connection was reset".into());
        }
        _ => Struck::by(None, body),
    };
    Ok(Response::from_parts(head, down.boxed_unsync()))
}

/// What is answered in the store's place.
fn said(fault: Fault) -> Option<Result<Response<AnyBody>, hyper::http::Error>> {
    let (status, code) = match fault {
        Fault::SlowDown => (503, "SlowDown"),
        Fault::InternalError => (500, "InternalError"),
        Fault::RequestTimeout => (400, "RequestTimeout"),
        Fault::Expired => (400, "ExpiredToken"),
        Fault::Skew => (403, "RequestTimeTooSkewed"),
        _ => return None,
    };
    let now = jiff::Timestamp::now();
    let shown = match fault {
        Fault::Skew => now + jiff::SignedDuration::from_mins(SKEW_MINUTES),
        _ => now,
    };
    let date = jiff::fmt::rfc2822::to_string(&shown.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>chaos</Message></Error>");
    let body = Full::from(body).map_err(|never: Infallible| match never {}).boxed_unsync();
    let answer = Response::builder().status(status).header(header::DATE, date.replace("+0000", "GMT"));
    Some(answer.header(header::CONTENT_TYPE, "application/xml").body(body))
}

/// A body that a fault strikes after so many bytes.
struct Struck {
    body: Incoming,
    fault: Option<(Fault, u64)>,
    /// Set once it stalls.
    stalled: Option<Pin<Box<tokio::time::Sleep>>>,
}

/// Longer than any client should wait for a part. Not for ever: a store may hold a Complete back while a part of the same
/// upload is still under way.
const STALLED: Duration = Duration::from_secs(60);

impl Struck {
    fn by(fault: Option<(Fault, u64)>, body: Incoming) -> Struck {
        Struck { body, fault, stalled: None }
    }
}

impl Body for Struck {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(stalled) = &mut self.stalled {
            return stalled.as_mut().poll(cx).map(|()| Some(Err("it stalled".into())));
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        };
        let Ok(mut data) = frame.into_data() else { return Poll::Ready(None) };
        if let Some((fault, left)) = &mut self.fault {
            if *left >= data.len() as u64 {
                *left -= data.len() as u64;
            } else {
                let at = *left as usize;
                match fault {
                    Fault::Corrupt => {
                        let mut bytes = data.to_vec();
                        bytes[at] ^= 0x20;
                        data = bytes.into();
                        self.fault = None;
                    }
                    Fault::Stall => {
                        self.stalled = Some(Box::pin(tokio::time::sleep(STALLED)));
                        return self.poll_frame(cx);
                    }
                    _ => return Poll::Ready(Some(Err("it broke off".into()))),
                }
            }
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.fault.is_none() && self.body.is_end_stream()
    }
}
