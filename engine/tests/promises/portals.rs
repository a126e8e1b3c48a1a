//! A network that wants somebody to sign in first is told from a store that is gone; when it lets the store through,
//! transfers go on by themselves, and nothing of the portal's is taken for the store's.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::support::{Bench, error_of, is_done};
use rushes_engine::error::Code;
use rushes_engine::transfer::{Status, Why};
use rushes_rig::practice::Practice;
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const PAGE: &str = "http://portal.hotel.example/sign-in?from=rushes";

/// What the network answers in the store's place.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answers {
    /// Nothing: everything passes.
    Passes,
    Redirect,
    Page,
    Required,
    Nonsense,
}

impl Answers {
    fn words(self) -> String {
        let head = match self {
            Answers::Passes => return String::new(),
            Answers::Redirect => format!("302 Found\r\nLocation: {PAGE}"),
            Answers::Page => "200 OK\r\nContent-Type: text/html".to_owned(),
            Answers::Required => "511 Network Authentication Required\r\nContent-Type: text/html".to_owned(),
            Answers::Nonsense => "302 Found\r\nLocation: javascript:alert(document.cookie)".to_owned(),
        };
        format!("HTTP/1.1 {head}\r\nContent-Length: 22\r\nConnection: close\r\n\r\n<html>sign in</html>\r\n")
    }
}

/// The network between here and a store.
struct Hotel {
    address: SocketAddr,
    answers: watch::Sender<Answers>,
    /// Heads of the requests that it answered itself.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Hotel {
    async fn before(bucket: &Bucket) -> Hotel {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, store) = (listener.local_addr().unwrap(), bucket.address().to_owned());
        let (answers, heard) = watch::channel(Answers::Passes);
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let noted = heads.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, store.clone(), heard.clone(), noted.clone()));
            }
        });
        Hotel { address, answers, heads }
    }

    fn bucket(&self, bucket: &Bucket) -> Bucket {
        Bucket { endpoint: format!("http://{}", self.address), ..bucket.clone() }
    }
}

async fn carry(
    mut stream: TcpStream,
    store: String,
    mut heard: watch::Receiver<Answers>,
    noted: Arc<Mutex<Vec<String>>>,
) {
    let now = *heard.borrow_and_update();
    if now == Answers::Passes {
        let Ok(mut to) = TcpStream::connect(store).await else { return };
        // When the network changes its mind, what passed is cut.
        tokio::select! {
            _ = copy_bidirectional(&mut stream, &mut to) => {}
            _ = heard.changed() => {}
        }
        return;
    }
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(n) if n > 0 => head.extend_from_slice(&piece[..n]),
            _ => return,
        }
    }
    noted.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
    let _ = stream.write_all(now.words().as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_is_waited_for_and_shows_where_to_sign_in() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let hotel = Hotel::before(practice.bucket()).await;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 20_000_000, 1).unwrap();
    let bench = Bench::open(&scratch.join("home"), &hotel.bucket(practice.bucket())).await;
    hotel.answers.send_replace(Answers::Redirect);
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    let at_portal = |row: &rushes_engine::api::TransferRow| {
        matches!(row.status, Status::Waiting { why: Why::Portal, until: None, .. })
    };
    let row = bench.until(id, "waiting to sign in", at_portal).await;
    assert_eq!(row.portal.as_deref(), Some(PAGE));
    assert_eq!(error_of(&row).code, Code::CaptivePortal);
    assert!(error_of(&row).message.contains("sign in first"), "{row:#?}");

    // What was asked to find out said nothing that is secret.
    let heads = hotel.heads.lock().unwrap().clone();
    let asked: Vec<&String> = heads.iter().filter(|head| head.starts_with("GET / HTTP/1.1\r\n")).collect();
    assert!(!asked.is_empty(), "{heads:?}");
    for head in asked {
        let lower = head.to_ascii_lowercase();
        assert!(!lower.contains("authorization") && !lower.contains("x-amz") && !lower.contains("cookie"), "{head}");
    }

    // Another clip does not go and find out for itself.
    let second = scratch.join("second.mxf");
    footage::random(&second, 1_000, 2).unwrap();
    let second = bench.add(&[&second]).await.unwrap().transfers[0];
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert!(matches!(bench.row(second).await.status, Status::Queued));

    hotel.answers.send_replace(Answers::Passes);
    let row = bench.until(id, "done after the sign-in", is_done).await;
    assert_eq!((row.portal, row.key.as_str()), (None, "clip.mxf"));
    bench.until(second, "done after the sign-in", is_done).await;
    assert!(practice.bucket().witness().unwrap().same("clip.mxf", &clip).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_a_portal_is_taken_for_the_stores() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let hotel = Hotel::before(practice.bucket()).await;
    let bench = Bench::open(&scratch.join("home"), &hotel.bucket(practice.bucket())).await;
    for (n, answers) in [Answers::Page, Answers::Required, Answers::Nonsense].into_iter().enumerate() {
        let name = format!("clip_{n}.mxf");
        let clip = scratch.join(&name);
        footage::random(&clip, 6_000_000, n as u64).unwrap();
        hotel.answers.send_replace(answers);
        let id = bench.add(&[&clip]).await.unwrap().transfers[0];
        let row = bench.until(id, "waiting", |row| row.portal.is_some()).await;
        // What is no address to open gives way to the one that the portal answers at.
        assert_eq!(row.portal.as_deref(), Some(format!("http://{}/", hotel.address).as_str()), "{answers:?}");
        hotel.answers.send_replace(Answers::Passes);
        let row = bench.until(id, "done", is_done).await;
        // A page in the place of "no such object" would have made it a second one of the name.
        assert_eq!(row.key, name, "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_comes_in_the_midst_loses_nothing() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let hotel = Hotel::before(practice.bucket()).await;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, 60_000_000, 1).unwrap();
    let bench = Bench::open(&scratch.join("home"), &hotel.bucket(practice.bucket())).await;
    bench.set_limits(Some(12_000_000), None).await;
    let id = bench.add(&[&clip]).await.unwrap().transfers[0];
    let acked = bench.until(id, "begun", |row| row.acked > 0).await.acked;
    hotel.answers.send_replace(Answers::Required);
    let row = bench.until(id, "waiting to sign in", |row| row.portal.is_some()).await;
    assert!(row.acked >= acked, "{row:#?}");
    hotel.answers.send_replace(Answers::Passes);
    bench.set_limits(None, None).await;
    assert!(is_done(&bench.until(id, "done", is_done).await));
    assert!(practice.bucket().witness().unwrap().same("clip.mxf", &clip).await.unwrap());
}
