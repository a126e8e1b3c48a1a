//! A proxy that meddles with what a client sends, and requests written by hand: what no SDK would send.

use std::net::SocketAddr;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

use crate::common::{B, Practice};

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

/// A PUT signed with Signature Version 4 by hand: with any hash of the payload, and any headers besides.
pub async fn signed_put(
    practice: &Practice,
    key: &str,
    payload: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> String {
    let address = practice.serving.address();
    let now = Timestamp::now();
    let (time, day) = (now.strftime("%Y%m%dT%H%M%SZ").to_string(), now.strftime("%Y%m%d").to_string());
    let host = address.to_string();
    let mut signed = vec![("host", &*host), ("x-amz-content-sha256", payload), ("x-amz-date", &*time)];
    signed.extend(headers);
    signed.sort_unstable();
    let canonical: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let request = format!("PUT\n/{B}/{key}\n\n{canonical}\n{names}\n{payload}");
    let scope = format!("{day}/us-east-1/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let secret = format!("AWS4{}", practice.keys.secret_access_key.as_str()).into_bytes();
    let key_of_day = scope.split('/').fold(secret, |key, part| hmac::<Sha256>(&key, part.as_bytes()));
    let signature = hex(&hmac::<Sha256>(&key_of_day, to_sign.as_bytes()));
    let id = &practice.keys.access_key_id;
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    let mut sent: Vec<_> = signed.into_iter().filter(|(name, _)| *name != "host").collect();
    sent.push(("authorization", &authorization));
    self::request("PUT", &format!("http://{address}/{B}/{key}"), &sent, body).await
}

pub fn hmac<D: Digest>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |with: u8| (0..64).map(|i| key.get(i).copied().unwrap_or(0) ^ with).collect::<Vec<u8>>();
    let inner = D::new().chain_update(pad(0x36)).chain_update(message).finalize();
    D::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
