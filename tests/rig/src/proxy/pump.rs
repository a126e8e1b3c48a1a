//! One connection: bytes from each end to the other, at the pace that the link allows.
//! May not live here: what a test can ask for.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep_until};

use super::tap::{Tap, Verdict, taps};
use super::{Counted, Mode, Shared, Way, connect};

/// What is read at once. On a limited link less, so that bytes trickle and a change is soon felt.
const READ: usize = 64 * 1024;
const SMALLEST_READ: u64 = 1460;
const READS_A_SECOND: u64 = 50;

/// What is on the way at most on a link with a delay. Without one, a single read is.
const ON_THE_WAY: usize = 4 * 1024 * 1024;

/// The connection ended otherwise than by both sides closing: both are to see a reset.
struct Broken;

pub(super) async fn carry(mut client: TcpStream, to: SocketAddr, shared: Arc<Shared>, counted: Counted) {
    let mut settings = shared.settings.subscribe();
    let accepted = settings.borrow().number;
    let reset = async || {
        let (mut settings, mut accepts_by) = (shared.settings.subscribe(), shared.accepts_by.subscribe());
        // Cut already, if it was accepted at that very moment. Fails only when the link is gone, and this holds it.
        let is_reset = settings.wait_for(|now| now.resets > accepted || now.mode == Mode::Cut).await;
        let Ok(number) = is_reset.map(|now| now.number) else { return };
        // Whoever sees the reset shall find that new connections are refused.
        let _ = accepts_by.wait_for(|by| *by >= number).await;
    };

    let connected = async {
        let _ = settings.wait_for(|now| now.mode != Mode::Stall).await;
        connect(to).await.ok()
    };
    let mut server = tokio::select! {
        server = connected => server,
        () = reset() => None,
    };
    let is_whole = match &mut server {
        Some(server) => tokio::select! {
            joined = join(&mut client, server, &shared) => joined.is_ok(),
            () = reset() => false,
        },
        None => false,
    };
    if !is_whole {
        // Closing then is a reset.
        let _ = client.set_zero_linger();
        let _ = server.as_ref().map(TcpStream::set_zero_linger);
    }
    drop((client, server));
    // Not before they are closed.
    drop(counted);
}

async fn join(client: &mut TcpStream, server: &mut TcpStream, shared: &Shared) -> Result<(), Broken> {
    // What comes shall go at once.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (up, down) = taps(&shared.log);
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    tokio::try_join!(
        pump(from_client, to_server, Way::Up, up, shared),
        pump(from_server, to_client, Way::Down, down, shared),
    )?;
    Ok(())
}

/// Bytes that are on the way.
struct Chunk {
    bytes: Vec<u8>,
    arrives: Instant,
    /// When the link has carried it, once it is its turn.
    carried: Option<Instant>,
}

async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    way: Way,
    mut tap: Tap,
    shared: &Shared,
) -> Result<(), Broken> {
    let mut settings = shared.settings.subscribe();
    let direction = shared.direction(way);
    let mut queue = VecDeque::<Chunk>::new();
    let (mut queued, mut closed) = (0, false);
    let mut buffer = vec![0; READ];
    loop {
        let now = *settings.borrow_and_update();
        if now.mode == Mode::Stall {
            settings.changed().await.map_err(|_| Broken)?;
            continue;
        }
        let rate = match way {
            Way::Up => now.up,
            Way::Down => now.down,
        };

        let mut due = None;
        if let Some(chunk) = queue.front_mut() {
            if chunk.carried.is_none() && chunk.arrives <= Instant::now() {
                chunk.carried = Some(direction.reserve(chunk.bytes.len(), rate));
            }
            let at = chunk.carried.unwrap_or(chunk.arrives);
            if chunk.carried.is_some() && at <= Instant::now() {
                write(&mut to, &chunk.bytes, way, shared).await?;
                queued -= chunk.bytes.len();
                queue.pop_front();
                continue;
            }
            due = Some(at);
        } else if closed {
            // It may be closed already.
            let _ = to.shutdown().await;
            return Ok(());
        }

        let room = if now.delay.is_zero() { queue.is_empty() } else { queued < ON_THE_WAY };
        let size = match rate {
            Some(rate) => (rate / READS_A_SECOND).clamp(SMALLEST_READ, READ as u64) as usize,
            None => READ,
        };
        tokio::select! {
            biased;
            changed = settings.changed() => changed.map_err(|_| Broken)?,
            // Before writing, so that a slow link does not hold up what is on the way.
            read = from.read(&mut buffer[..size]), if room && !closed => {
                let count = read.map_err(|_| Broken)?;
                let mut bytes = Vec::new();
                let verdict = if count > 0 { tap.pass(&buffer[..count], &mut bytes) } else { tap.closed() };
                closed = count == 0;
                if verdict == Verdict::Reset {
                    shared.swallowed.fetch_add(1, Relaxed);
                    return Err(Broken);
                }
                if !bytes.is_empty() {
                    direction.damage(&mut bytes);
                    queued += bytes.len();
                    queue.push_back(Chunk { bytes, arrives: Instant::now() + now.delay, carried: None });
                }
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
        }
    }
}

async fn write(to: &mut WriteHalf<'_>, bytes: &[u8], way: Way, shared: &Shared) -> Result<(), Broken> {
    let direction = shared.direction(way);
    let (allowed, is_last) = match &mut *direction.left() {
        None => (bytes.len(), false),
        Some(left) => {
            let allowed = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
            *left -= allowed as u64;
            (allowed, *left == 0)
        }
    };
    // Counted first: whoever has received them may look at once.
    direction.carried.fetch_add(allowed as u64, Relaxed);
    let mut left = &bytes[..allowed];
    while !left.is_empty() {
        match to.write(left).await {
            Ok(count) if count > 0 => left = &left[count..],
            _ => {
                direction.carried.fetch_sub(left.len() as u64, Relaxed);
                return Err(Broken);
            }
        }
    }
    if is_last {
        *direction.left() = None;
        shared.cut();
        // This connection is reset with all others.
        std::future::pending::<()>().await;
    }
    Ok(())
}
