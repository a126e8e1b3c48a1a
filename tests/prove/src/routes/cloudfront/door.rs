//! A small HTTP server in another network: a hidden sub-command of this program, started there and asked until it answers.
//! May not live here: what it answers.

use std::convert::Infallible;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rushes_bench::link::Namespace;
use rushes_rig::child::Child;
use rushes_rig::env::Env;
use tokio::net::TcpListener;

pub type Answer = Response<Full<Bytes>>;

/// Starts this program's sub-command in there. Ready when it returns; ends when dropped.
pub fn start(network: &Namespace, folder: &Path, words: &[String], listens: SocketAddr) -> Result<Child> {
    // Not by its path, where a newer one may stand by now.
    let mut command = network.command(format!("/proc/{}/exe", std::process::id()));
    command.args(words);
    let mut child = Child::start(command, &Env::new(), folder)?;
    let begun = Instant::now();
    while network.enter(|| TcpStream::connect(listens))?.is_err() {
        let ended = child.ended()?;
        ensure!(ended.is_none() && begun.elapsed() < Duration::from_secs(10), "{words:?}: {}", child.tail());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(child)
}

/// Answers until the process is ended.
pub async fn serve(
    listens: SocketAddr,
    answer: impl AsyncFn(Request<Incoming>) -> Result<Answer> + 'static,
) -> Result<()> {
    let listener = TcpListener::bind(listens).await.with_context(|| listens.to_string())?;
    let answer = Arc::new(answer);
    let here = tokio::task::LocalSet::new();
    here.run_until(async move {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answer = Arc::clone(&answer);
            tokio::task::spawn_local(async move {
                let serve = service_fn(|request| {
                    let answer = Arc::clone(&answer);
                    async move { Ok::<_, Infallible>(answer(request).await.unwrap_or_else(|error| failed(&error))) }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), serve).await;
            });
        }
    })
    .await
}

fn failed(error: &anyhow::Error) -> Answer {
    let _ = writeln!(std::io::stderr(), "{error:?}");
    let mut answer = Answer::default();
    *answer.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
    answer
}
