//! A proxy that meddles with what a client sends, and requests written by hand: what no SDK would send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

/// What the proxy does to the bytes from the client.
#[derive(Clone, Copy)]
pub enum Meddling {
    /// Changes the first `from` into `to`, of the same length, after the head of the request.
    Change { from: &'static [u8], to: &'static [u8] },
    /// Drops both connections once this many bytes have come.
    CutAfter(usize),
}

/// Listens on a port of its own and passes everything on to `server`. The address is what clients are to connect to;
/// whoever signs must sign for it, so this only works because the server takes every host to be itself.
pub async fn proxy(server: SocketAddr, meddling: Meddling) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass(client, server, meddling));
        }
    });
    address
}

async fn pass(client: TcpStream, server: SocketAddr, meddling: Meddling) {
    let server = TcpStream::connect(server).await.expect("the server");
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    let mut seen = 0;
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
        let bytes = &mut buffer[..length];
        seen += length;
        match meddling {
            Meddling::Change { from, to } => {
                if let Some(at) = bytes.windows(from.len()).position(|window| window == from) {
                    bytes[at..at + to.len()].copy_from_slice(to);
                }
            }
            Meddling::CutAfter(limit) if seen > limit => break,
            Meddling::CutAfter(_) => {}
        }
        if to_server.write_all(bytes).await.is_err() {
            break;
        }
    }
    if let Meddling::CutAfter(_) = meddling {
        back.abort();
    }
}

/// Sends `request` as it is and returns the whole answer. The request must ask for the connection to be closed.
pub async fn raw(server: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server).await.expect("the server");
    stream.write_all(request).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// [`raw`] for a URL: the line of the request and the headers that are needed.
pub async fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let url: http::Uri = url.parse().expect("a URL");
    let host = url.authority().expect("a host").as_str();
    let path = url.path_and_query().expect("a path").as_str();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    head += &format!("content-length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let port = url.port_u16().expect("a port");
    raw(([127, 0, 0, 1], port).into(), &[head.as_bytes(), b"\r\n", body].concat()).await
}

/// The status of an answer from [`raw`].
pub fn status(answer: &str) -> u16 {
    answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).expect("a status line")
}
