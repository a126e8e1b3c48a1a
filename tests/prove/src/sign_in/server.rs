//! A small HTTP server of this process, on loopback. May not live here: what it answers.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// Ends when dropped.
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start<F>(answer: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static) -> Result<Server>
    where
        F: Future<Output = Result<Answer>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let serve = service_fn(|request| {
                        let answer = answer.clone();
                        async move {
                            let said = answer(request).await;
                            Ok::<_, Infallible>(said.unwrap_or_else(|error| failed(&error)))
                        }
                    });
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), serve).await;
                });
            }
        });
        Ok(Server { address, task })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn whole(body: impl Into<Bytes>) -> BoxBody<Bytes, hyper::Error> {
    Full::new(body.into()).map_err(|never| match never {}).boxed()
}

pub fn json(status: StatusCode, body: &Value) -> Result<Answer> {
    let answer = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    Ok(answer.body(whole(body.to_string()))?)
}

/// A refusal as AWS's REST services with JSON say it.
pub fn refusal(status: StatusCode, code: &str) -> Result<Answer> {
    let mut answer = json(status, &serde_json::json!({ "error": code, "message": code }))?;
    answer.headers_mut().insert("x-amzn-errortype", code.parse()?);
    Ok(answer)
}

fn failed(error: &anyhow::Error) -> Answer {
    eprintln!("{error:?}");
    let mut answer = Response::new(whole(""));
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    answer
}
