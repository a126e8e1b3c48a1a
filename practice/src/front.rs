//! Between hyper and s3s: what every answer gets, what every request leaves, and two things that s3s does not do.
//! May not live here: anything about a particular S3 call.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, EXPECT, HeaderValue, SERVER};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use s3s::service::S3Service;
use s3s::{Body, HttpError};
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use crate::keys::random_text;

/// How much of a refused body is still read: clients that are in the midst of sending would lose the answer if the
/// connection were closed on them.
const DRAIN_BYTES: u64 = 64 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// Answers one request.
pub(crate) async fn answer(
    service: S3Service,
    mut request: http::Request<Incoming>,
) -> Result<http::Response<Body>, HttpError> {
    let begun = Instant::now();
    if let Some(authorization) = request.headers_mut().get_mut(AUTHORIZATION) {
        // Not to be seen in anybody's debug output.
        authorization.set_sensitive(true);
    }
    let method = request.method().clone();
    let awaits_go_ahead = request.headers().contains_key(EXPECT);
    let (parts, body) = request.into_parts();
    let body = SharedBody(Arc::new(Mutex::new(body)));
    let request = http::Request::from_parts(parts, Body::http_body(body.clone()));

    // s3s calls every refusal an error, and tells of presigned URLs and right signatures when it is asked to debug.
    let mut response = service.call(request).with_subscriber(NoSubscriber::new()).await?;

    // A client that awaits "100 Continue" has not begun to send, and takes the answer as it is.
    if !response.status().is_success() && !awaits_go_ahead && !body.is_end_stream() {
        tokio::spawn(drain(body));
    }
    escape_controls(&mut response);
    let id = random_text(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", 16);
    // The query is left out: the one of a presigned URL is as good as a key.
    // The path is left out too: it names a clip.
    tracing::debug!(%method, status = response.status().as_u16(), id = id.as_str(), took = ?begun.elapsed());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-amz-request-id", id);
    }
    response.headers_mut().insert(SERVER, HeaderValue::from_static("rushes-practice"));
    Ok(response)
}

/// Writes control characters of names as XML references, as S3 does: raw, parsers refuse them or read something else.
fn escape_controls(response: &mut http::Response<Body>) {
    let is_xml = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/xml");
    // Every control character in the XML comes from a name: s3s writes none of its own.
    let is_raw = |byte: &u8| *byte < 0x20 && *byte != b'\t' && *byte != b'\n';
    let Some(xml) = response.body().bytes().filter(|xml| is_xml && xml.iter().any(is_raw)) else { return };
    let mut escaped = Vec::with_capacity(xml.len() + 64);
    for byte in xml {
        if is_raw(&byte) {
            escaped.extend_from_slice(format!("&#x{byte:X};").as_bytes());
        } else {
            escaped.push(byte);
        }
    }
    *response.body_mut() = Body::from(escaped);
}

/// Reads what is left of a body, within bounds, while the answer goes out.
async fn drain(mut body: SharedBody) {
    let rest = async {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let Some(after) = left.checked_sub(frame.data_ref().map_or(0, |data| data.len() as u64)) else { break };
            left = after;
        }
    };
    // Past the time the connection is closed, which is all that can be done.
    let _ = tokio::time::timeout(DRAIN_TIME, rest).await;
}

/// A request's body that can still be read when s3s has dropped it.
#[derive(Clone)]
struct SharedBody(Arc<Mutex<Incoming>>);

impl http_body::Body for SharedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}
