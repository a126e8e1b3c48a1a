//! Stands before a store, refuses what is put under `.rushes/`, and passes all else on as it is, so that signatures hold.

use std::convert::Infallible;

use bytes::Bytes;
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

type Store = Client<HttpConnector, Incoming>;
type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// The same bucket, for keys that get this answer when they would claim. For as long as the test runs.
pub async fn claims(bucket: &Bucket, status: u16, code: &'static str) -> Bucket {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = Bucket { endpoint: format!("http://{}", listener.local_addr().unwrap()), ..bucket.clone() };
    let (store, to): (Store, _) = (Client::builder(TokioExecutor::new()).build_http(), bucket.endpoint.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (store, to) = (store.clone(), to.clone());
            tokio::spawn(async move {
                let serve = service_fn(|request| {
                    let (store, to) = (store.clone(), to.clone());
                    async move { Ok::<_, Infallible>(answer(store, &to, request, status, code).await) }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), serve).await;
            });
        }
    });
    there
}

async fn answer(store: Store, to: &str, mut request: Request<Incoming>, status: u16, code: &str) -> Response<Body> {
    let whole = |status: u16, body: String| {
        let body = Full::from(body).map_err(|never| match never {}).boxed_unsync();
        Response::builder().status(status).body(body).unwrap()
    };
    if request.method() == Method::PUT && request.uri().path().contains("/.rushes/") {
        let _ = request.into_body().collect().await;
        return whole(status, format!("<Error><Code>{code}</Code><Message>No.</Message></Error>"));
    }
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    *request.uri_mut() = format!("{to}{target}").parse().unwrap();
    match store.request(request).await {
        Ok(answer) => answer.map(BodyExt::boxed_unsync),
        Err(error) => whole(502, error.to_string()),
    }
}
