//! Links that really come up. They need root, so they are run by hand: `cargo test -p rushes-bench -- --ignored`.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use rushes_bench::link::{Congestion, Link, Profile, SERVER, Terms};

const SECOND: Duration = Duration::from_secs(1);

fn link(terms: Terms) -> Link {
    Link::up(&Profile { name: "test".to_owned(), terms }, Congestion::Cubic).unwrap()
}

fn terms() -> Terms {
    Terms { rate_mbit: Some(100.0), delay_ms: 20.0, loss_percent: 0.0, queue_ms: 100.0 }
}

/// The client's end and the server's.
fn connected(link: &Link) -> (TcpStream, TcpStream) {
    let listener = link.server().enter(|| TcpListener::bind(SocketAddr::new(SERVER, 0)).unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let here = link.client().enter(|| TcpStream::connect(address).unwrap()).unwrap();
    let there = listener.accept().unwrap().0;
    for end in [&here, &there] {
        // So that a link that does not do as told fails the test, instead of hanging it.
        end.set_read_timeout(Some(10 * SECOND)).unwrap();
    }
    (here, there)
}

/// How long a byte takes there and back.
fn echo((here, there): &mut (TcpStream, TcpStream)) -> Duration {
    let began = Instant::now();
    let mut byte = [7];
    here.write_all(&byte).unwrap();
    there.read_exact(&mut byte).unwrap();
    there.write_all(&byte).unwrap();
    here.read_exact(&mut byte).unwrap();
    began.elapsed()
}

fn median_ping(link: &Link) -> f64 {
    let ping = link.ping().unwrap();
    std::thread::sleep(2 * SECOND);
    ping.stop().quantile(0.5).unwrap()
}

fn namespaces() -> String {
    String::from_utf8(Command::new("ip").args(["netns", "list"]).output().unwrap().stdout).unwrap()
}

#[test]
#[ignore = "needs root"]
fn delay_and_rate_are_as_told_and_can_be_changed() {
    let link = link(terms());
    let ms = median_ping(&link);
    assert!((40.0..45.0).contains(&ms), "{ms}");
    link.delay(Duration::from_millis(100)).unwrap();
    let ms = median_ping(&link);
    assert!((200.0..206.0).contains(&ms), "{ms}");
    link.delay(Duration::from_millis(5)).unwrap();
    link.rate(8.0).unwrap();

    let (mut here, mut there) = connected(&link);
    let sender = std::thread::spawn(move || here.write_all(&vec![0; 2_000_000]).unwrap());
    let began = Instant::now();
    there.read_exact(&mut vec![0; 2_000_000]).unwrap();
    let took = began.elapsed().as_secs_f64();
    sender.join().unwrap();
    assert!((2.0..2.5).contains(&took), "2 MB at 8 Mb/s took {took} s");
    let up = link.stats().unwrap().up;
    assert!(up.carried_bytes > 2_000_000 && up.carried_packets > 1000, "{up:?}");
}

#[test]
#[ignore = "needs root"]
fn an_outage_swallows_and_ends() {
    let link = link(terms());
    let mut ends = connected(&link);
    assert!(echo(&mut ends) < SECOND);
    link.outage(2 * SECOND).unwrap();
    let took = echo(&mut ends);
    assert!((2 * SECOND..8 * SECOND).contains(&took), "{took:?}");
    assert!(link.stats().unwrap().up.outage_packets > 0);
}

#[test]
#[ignore = "needs root"]
fn a_reset_ends_connections_and_lets_new_ones_be() {
    let link = link(terms());
    let mut ends = connected(&link);
    echo(&mut ends);
    link.reset(SECOND / 2).unwrap();
    ends.0.write_all(b"footage").unwrap();
    let error = ends.0.read(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    std::thread::sleep(SECOND);
    echo(&mut connected(&link));
}

#[test]
#[ignore = "needs root"]
fn loss_is_seen_by_pings() {
    let link = link(Terms { loss_percent: 100.0, ..terms() });
    let ping = link.ping().unwrap();
    std::thread::sleep(SECOND);
    link.loss(0.0).unwrap();
    std::thread::sleep(SECOND);
    let pings = ping.stop();
    assert!((8..=13).contains(&pings.lost()), "{pings:?}");
}

#[test]
#[ignore = "needs root"]
fn a_link_is_gone_when_it_is_dropped_and_after_a_panic() {
    let (name, mut sleeper) = {
        let link = link(terms());
        let sleeper = link.client().enter(|| Command::new("sleep").arg("600").spawn().unwrap()).unwrap();
        assert!(namespaces().contains(link.client().name()));
        (link.client().name().to_owned(), sleeper)
    };
    assert!(!sleeper.wait().unwrap().success(), "what runs in it ends with it");
    let panicked = std::thread::spawn(|| {
        let link = link(terms());
        std::panic::resume_unwind(Box::new(link.server().name().to_owned()));
    });
    let other = *panicked.join().unwrap_err().downcast::<String>().unwrap();
    let left = namespaces();
    assert!(!left.contains(&name) && !left.contains(&other), "{left}");
}
