//! Our side of TLS against a server of the same library by its usual adapter, over a pipe that carries a few bytes at a time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use proptest::prelude::*;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream as Served;

use super::TlsStream;

const HOST: &str = "store.example";

fn configs(version: &'static SupportedProtocolVersion) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
    let certificate = CertificateDer::from(made.cert);
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let ring = || Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let client = ClientConfig::builder_with_provider(ring()).with_protocol_versions(&[version]).unwrap();
    let server = ServerConfig::builder_with_provider(ring()).with_protocol_versions(&[version]).unwrap();
    let server = server.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    (Arc::new(client.with_root_certificates(roots).with_no_client_auth()), Arc::new(server))
}

/// Carries at most so many bytes at a time.
struct Chopped(DuplexStream, usize);

impl AsyncRead for Chopped {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let most = self.1;
        let mut piece = into.take(most);
        let polled = Pin::new(&mut self.0).poll_read(cx, &mut piece);
        let read = piece.filled().len();
        // What was read stands in `into`'s own memory.
        into.advance(read);
        polled
    }
}

impl AsyncWrite for Chopped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let most = bytes.len().min(self.1);
        Pin::new(&mut self.0).poll_write(cx, &bytes[..most])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Both ends of a connection, ours by pieces of at most so many bytes.
async fn connected(
    version: &'static SupportedProtocolVersion,
    piece: usize,
) -> (TlsStream<Chopped>, Served<DuplexStream>) {
    let (client, server) = configs(version);
    let (here, there) = duplex(1 << 20);
    let here = Chopped(here, piece);
    let name = ServerName::try_from(HOST).unwrap();
    let (stream, served) =
        tokio::join!(TlsStream::connect(here, client, name), TlsAcceptor::from(server).accept(there));
    (stream.unwrap(), served.unwrap())
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 % 251) as u8).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever pieces become of it on the way, both sides get what the other one sent, in its order, and its end.
    #[test]
    fn every_byte_arrives_both_ways(
        piece in prop_oneof![1usize..40, 100usize..70_000],
        up in 0usize..300_000,
        down in 0usize..300_000,
        read in 1usize..90_000,
        newest in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        // Byte by byte, less will do.
        let (up, down) = if piece < 40 { (up / 30, down / 30) } else { (up, down) };
        let (sent_up, sent_down) = (bytes(up), bytes(down));
        let (got_up, got_down) = runtime.block_on(async {
            let (mut stream, mut served) = connected(if newest { &TLS13 } else { &TLS12 }, piece).await;
            let other = async {
                let mut got = vec![0; up];
                served.read_exact(&mut got).await.unwrap();
                served.write_all(&sent_down).await.unwrap();
                served.shutdown().await.unwrap();
                // Until our side has closed too.
                let _ = served.read(&mut [0; 16]).await;
                got
            };
            let own = async {
                stream.write_all(&sent_up).await.unwrap();
                stream.flush().await.unwrap();
                let mut got = Vec::new();
                let mut part = vec![0; read];
                loop {
                    match stream.read(&mut part).await.unwrap() {
                        0 => break,
                        n => got.extend_from_slice(&part[..n]),
                    }
                }
                stream.shutdown().await.unwrap();
                got
            };
            tokio::join!(other, own)
        });
        prop_assert!(got_up == sent_up && got_down == sent_down);
    }
}

#[tokio::test]
async fn what_comes_while_we_send_waits_until_it_is_asked_for() {
    let (mut stream, mut served) = connected(&TLS13, 1 << 20).await;
    served.write_all(&bytes(200_000)).await.unwrap();
    served.flush().await.unwrap();
    stream.write_all(b"a question").await.unwrap();
    stream.flush().await.unwrap();
    let mut question = [0; 10];
    served.read_exact(&mut question).await.unwrap();
    assert_eq!(&question, b"a question");
    let mut got = vec![0; 200_000];
    stream.read_exact(&mut got).await.unwrap();
    assert_eq!(got, bytes(200_000));
}

#[tokio::test]
async fn new_keys_are_followed() {
    let (mut stream, mut served) = connected(&TLS13, 1 << 20).await;
    for round in 0..3 {
        served.get_mut().1.refresh_traffic_keys().unwrap();
        served.write_all(&bytes(50_000 + round)).await.unwrap();
        served.flush().await.unwrap();
        let mut got = vec![0; 50_000 + round];
        stream.read_exact(&mut got).await.unwrap();
        assert_eq!(got, bytes(50_000 + round));
        stream.write_all(b"thanks").await.unwrap();
        stream.flush().await.unwrap();
        served.read_exact(&mut [0; 6]).await.unwrap();
    }
}

#[tokio::test]
async fn an_end_without_a_goodbye_is_an_error_and_what_came_before_it_counts() {
    let (mut stream, mut served) = connected(&TLS13, 1 << 20).await;
    served.write_all(&bytes(70_000)).await.unwrap();
    served.flush().await.unwrap();
    drop(served);
    let mut got = vec![0; 70_000];
    stream.read_exact(&mut got).await.unwrap();
    assert_eq!(got, bytes(70_000));
    let error = stream.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_stranger_is_refused_and_told_so() {
    for (trusted, name) in [(false, HOST), (true, "another.example")] {
        let (client, server) = configs(&TLS13);
        let (stranger, _) = configs(&TLS13);
        let (here, there) = duplex(1 << 16);
        let name = ServerName::try_from(name).unwrap();
        let client = if trusted { client } else { stranger };
        let (own, other) =
            tokio::join!(TlsStream::connect(here, client, name), TlsAcceptor::from(server).accept(there));
        let error = own.err().expect("a certificate that is not for us");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        let heard = other.expect_err("no connection").to_string();
        assert!(heard.contains("alert"), "{heard}");
    }
}

#[tokio::test]
async fn bytes_that_were_tampered_with_are_an_error() {
    let (client, server) = configs(&TLS13);
    let (here, mut before) = duplex(1 << 16);
    let (mut behind, there) = duplex(1 << 16);
    // Somebody between the two, who changes one byte of what comes once it is encrypted.
    tokio::spawn(async move {
        let (mut from_us, mut to_us) = tokio::io::split(&mut before);
        let (mut from_them, mut to_them) = tokio::io::split(&mut behind);
        let up = tokio::io::copy(&mut from_us, &mut to_them);
        let down = async {
            let (mut seen, mut piece) = (0, vec![0; 4_096]);
            while let Ok(n @ 1..) = from_them.read(&mut piece).await {
                let at = 20_000usize.wrapping_sub(seen);
                if at < n {
                    piece[at] ^= 1;
                }
                seen += n;
                to_us.write_all(&piece[..n]).await.unwrap();
            }
        };
        tokio::join!(up, down).0.ok();
    });
    let name = ServerName::try_from(HOST).unwrap();
    let (stream, served) =
        tokio::join!(TlsStream::connect(here, client, name), TlsAcceptor::from(server).accept(there));
    let (mut stream, mut served) = (stream.unwrap(), served.unwrap());
    let sends = async {
        let _ = served.write_all(&bytes(60_000)).await;
        let _ = served.flush().await;
    };
    let mut got = Vec::new();
    let (_, read) = tokio::join!(sends, stream.read_to_end(&mut got));
    assert_eq!(read.unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert!(got == bytes(60_000)[..got.len()] && got.len() < 20_000, "{} bytes came before it", got.len());
}
