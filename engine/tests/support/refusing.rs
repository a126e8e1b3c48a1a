//! Stands before a store, refuses or holds what is put under `.rushes/`, and passes all else on as it is, so that
//! signatures hold.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rushes_rig::store::Bucket;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};

type Store = Client<HttpConnector, Incoming>;
type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// What becomes of a claim that is put.
#[derive(Clone)]
enum Claims {
    Get(u16, &'static str),
    /// It waits until a key was looked for, and then for something to happen.
    WaitFor(watch::Sender<bool>, Arc<Mutex<Option<BoxFuture<'static, ()>>>>),
}

/// The same bucket, for keys that get this answer when they would claim. For as long as the test runs.
pub async fn claims(bucket: &Bucket, status: u16, code: &'static str) -> Bucket {
    before(bucket, Claims::Get(status, code)).await
}

/// The same bucket, where something happens after the first look at a key and before the first claim of one.
pub async fn between_look_and_claim(bucket: &Bucket, happens: impl Future<Output = ()> + Send + 'static) -> Bucket {
    before(bucket, Claims::WaitFor(watch::Sender::new(false), Arc::new(Mutex::new(Some(happens.boxed()))))).await
}

async fn before(bucket: &Bucket, claims: Claims) -> Bucket {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = Bucket { endpoint: format!("http://{}", listener.local_addr().unwrap()), ..bucket.clone() };
    let (store, to): (Store, _) = (Client::builder(TokioExecutor::new()).build_http(), bucket.endpoint.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (store, to, claims) = (store.clone(), to.clone(), claims.clone());
            tokio::spawn(async move {
                let serve = service_fn(|request| {
                    let (store, to, claims) = (store.clone(), to.clone(), claims.clone());
                    async move { Ok::<_, Infallible>(answer(store, &to, request, claims).await) }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), serve).await;
            });
        }
    });
    there
}

async fn answer(store: Store, to: &str, mut request: Request<Incoming>, claims: Claims) -> Response<Body> {
    let whole = |status: u16, body: String| {
        let body = Full::from(body).map_err(|never| match never {}).boxed_unsync();
        Response::builder().status(status).body(body).unwrap()
    };
    if request.method() == Method::PUT && request.uri().path().contains("/.rushes/") {
        match &claims {
            Claims::Get(status, code) => {
                let _ = request.into_body().collect().await;
                return whole(*status, format!("<Error><Code>{code}</Code><Message>No.</Message></Error>"));
            }
            Claims::WaitFor(looked, happens) => {
                looked.subscribe().wait_for(|looked| *looked).await.unwrap();
                if let Some(happens) = happens.lock().await.take() {
                    happens.await;
                }
            }
        }
    }
    let is_look = request.method() == Method::HEAD && request.uri().path().ends_with(".mxf");
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    *request.uri_mut() = format!("{to}{target}").parse().unwrap();
    let answered = store.request(request).await;
    if let (true, Claims::WaitFor(looked, _)) = (is_look, &claims) {
        looked.send_replace(true);
    }
    match answered {
        Ok(answer) => answer.map(BodyExt::boxed_unsync),
        Err(error) => whole(502, error.to_string()),
    }
}
