//! The proxy does to a connection what it is told, and nothing else.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use rushes_rig::practice::Practice;
use rushes_rig::proxy::{Proxy, Way};
use rushes_rig::{Scratch, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);
const MB: usize = 1_000_000;

/// A server that says what it hears.
async fn echo() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    Ok(address)
}

async fn said(stream: &mut TcpStream, word: &[u8]) -> Result<Duration> {
    let begun = Instant::now();
    stream.write_all(word).await?;
    let mut heard = vec![0; word.len()];
    timeout(SOON, stream.read_exact(&mut heard)).await??;
    assert_eq!(heard, word);
    Ok(begun.elapsed())
}

#[tokio::test]
async fn cut_resets_and_refuses_until_it_passes_again() -> Result<()> {
    let proxy = Proxy::start(&echo().await?).await?;
    let mut stream = TcpStream::connect(proxy.address()).await?;
    said(&mut stream, b"hello").await?;
    assert_eq!((proxy.carried().up, proxy.carried().down, proxy.carried().open), (5, 5, 1));

    proxy.cut();
    let error = stream.read_u8().await.expect_err("it was cut");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let error = TcpStream::connect(proxy.address()).await.expect_err("it is cut");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(proxy.carried().open, 0);

    proxy.pass();
    let mut stream = TcpStream::connect(proxy.address()).await?;
    said(&mut stream, b"again").await?;
    proxy.reset();
    assert!(said(&mut stream, b"hello").await.is_err(), "once more reset");
    said(&mut TcpStream::connect(proxy.address()).await?, b"hello").await?;
    assert_eq!(proxy.carried().connections, 3);
    Ok(())
}

#[tokio::test]
async fn a_closed_end_is_passed_on_as_closed() -> Result<()> {
    let proxy = Proxy::start(&echo().await?).await?;
    let mut stream = TcpStream::connect(proxy.address()).await?;
    stream.write_all(b"last words").await?;
    stream.shutdown().await?;
    let mut heard = Vec::new();
    timeout(SOON, stream.read_to_end(&mut heard)).await??;
    assert_eq!(heard, b"last words");
    until("the connection is gone", SOON, async || Ok((proxy.carried().open == 0).then_some(()))).await
}

#[tokio::test]
async fn stall_accepts_and_moves_nothing() -> Result<()> {
    let proxy = Proxy::start(&echo().await?).await?;
    let mut old = TcpStream::connect(proxy.address()).await?;
    said(&mut old, b"hello").await?;
    proxy.stall();
    let mut new = TcpStream::connect(proxy.address()).await?;
    for stream in [&mut old, &mut new] {
        stream.write_all(b"anybody?").await?;
        assert!(timeout(Duration::from_millis(200), stream.read_u8()).await.is_err(), "nothing moves");
    }
    assert_eq!(proxy.carried().up, 5);
    proxy.pass();
    for stream in [&mut old, &mut new] {
        let mut heard = [0; 8];
        timeout(SOON, stream.read_exact(&mut heard)).await??;
        assert_eq!(&heard, b"anybody?");
    }
    Ok(())
}

#[tokio::test]
async fn a_limit_holds_for_all_connections_together_and_each_way_by_itself() -> Result<()> {
    let proxy = Proxy::start(&echo().await?).await?;
    proxy.limit(Some(MB as u64), None);
    let begun = Instant::now();
    let connections = (0..4).map(|_| {
        let address = proxy.address();
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            let (mut from, mut to) = stream.split();
            let mut heard = vec![0; MB / 4];
            tokio::try_join!(to.write_all(&[1; MB / 4]), from.read_exact(&mut heard))?;
            anyhow::Ok(())
        })
    });
    for connection in connections.collect::<Vec<_>>() {
        connection.await??;
    }
    let took = begun.elapsed().as_secs_f64();
    assert!((0.95..1.6).contains(&took), "a megabyte took {took} s");

    proxy.heal();
    let mut stream = TcpStream::connect(proxy.address()).await?;
    assert!(said(&mut stream, &[1; 100_000]).await? < Duration::from_millis(90));
    Ok(())
}

#[tokio::test]
async fn a_delay_costs_a_round_trip_and_no_rate() -> Result<()> {
    let proxy = Proxy::start(&echo().await?).await?;
    proxy.delay(Duration::from_millis(100));
    let mut stream = TcpStream::connect(proxy.address()).await?;
    let took = said(&mut stream, b"hello").await?;
    assert!((200..300).contains(&took.as_millis()), "{took:?}");
    // Two megabytes there at four a second, while they also come back.
    proxy.limit(Some(4 * MB as u64), None);
    let begun = Instant::now();
    let (mut from, mut to) = stream.split();
    let mut heard = vec![0; 2 * MB];
    tokio::try_join!(to.write_all(&[1; 2 * MB]), from.read_exact(&mut heard))?;
    let took = begun.elapsed().as_millis();
    assert!((690..1000).contains(&took), "{took} ms");
    Ok(())
}

#[tokio::test]
async fn it_cuts_by_itself_after_so_many_bytes() -> Result<()> {
    let proxy = Proxy::start(&echo().await?).await?;
    proxy.cut_after(Way::Up, 300_000);
    let mut stream = TcpStream::connect(proxy.address()).await?;
    let (mut from, mut to) = stream.split();
    let more = vec![1; MB];
    let mut nothing = tokio::io::sink();
    let (_, read) = tokio::join!(to.write_all(&more), tokio::io::copy(&mut from, &mut nothing));
    assert!(read.is_err(), "it was reset");
    assert_eq!(proxy.carried().up, 300_000);
    assert!(TcpStream::connect(proxy.address()).await.is_err(), "it stays cut");
    Ok(())
}

#[tokio::test]
async fn a_swallowed_answer_leaves_the_deed_done() -> Result<()> {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await?;
    let proxy = Proxy::before(practice.bucket()).await?;
    let witness = practice.bucket().witness()?;
    let bucket = practice.bucket().through(&proxy);
    let far = bucket.witness()?;

    let upload = far.begin("clip.mxf").await?;
    far.put_part(&upload, 1, vec![9; MB]).await?;
    let etag = far.parts(&upload).await?[0].etag.clone();
    proxy.swallow_answer(&format!("POST /{}/clip.mxf?", bucket.name));
    let part = CompletedPart::builder().part_number(1).e_tag(etag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = far.client().complete_multipart_upload().bucket(&bucket.name).key(&upload.key);
    // The client tries again by itself and then gets an answer, whichever the store gives to a second Complete.
    let _ = complete.upload_id(&upload.upload_id).multipart_upload(parts).send().await;
    assert_eq!(proxy.swallowed(), 1);
    assert_eq!(witness.head("clip.mxf").await?.context("it was completed")?.size, MB as u64);

    let requests = proxy.requests();
    let swallowed = requests.iter().find(|request| request.swallowed).context("one is logged as swallowed")?;
    assert_eq!((swallowed.method.as_str(), swallowed.status), ("POST", Some(200)));
    let put = requests.iter().find(|request| request.method == "PUT").context("a part was put")?;
    assert!(put.target.contains("partNumber=1") && put.status == Some(200) && put.sent > MB as u64, "{put:?}");
    assert!(requests.iter().filter(|request| request.method == "POST").count() >= 3, "create, complete, and again");
    Ok(())
}
