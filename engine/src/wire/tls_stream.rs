//! TLS over a connection, by rustls' unbuffered interface: a quarter of a megabyte is read at once into one place and
//! decrypted there, and what is to be sent is encrypted where it is sent from. The usual adapter reads 4 KiB at a time and
//! copies each byte twice more, which was a tenth of what a download cost. Certificates, ciphers and the protocol itself
//! are rustls'; this only carries bytes.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ClientConfig;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is read at once. More than the longest record and the longest handshake message.
const INCOMING: usize = 256 << 10;
/// Of what is to be sent, so much is encrypted before it is handed on.
const AT_ONCE: usize = 64 << 10;
/// What a record costs beside its bytes, at the most; and how many bytes one holds.
const RECORD: (usize, usize) = (256, 16 << 10);

pub(super) struct TlsStream<S> {
    socket: S,
    session: UnbufferedClientConnection,
    /// As it came; `incoming.0[from..to]` is not decrypted yet.
    incoming: (Box<[u8]>, usize, usize),
    /// Encrypted; what lies before `.1` is sent.
    outgoing: (Vec<u8>, usize),
    /// Decrypted, and not asked for yet; what lies before `.1` is taken.
    left: (Vec<u8>, usize),
    /// The other side has said that nothing more comes.
    is_over: bool,
    said_goodbye: bool,
}

/// What the session did, or waits for.
enum Step {
    /// Something; it may do more.
    Did,
    /// A record that came has no room where it is to go.
    Full,
    /// So many bytes were encrypted.
    Encrypted(usize),
    /// Nothing is to be done, before more has come.
    Idle,
    /// The same, and it is not agreed on how to encrypt.
    Handshakes,
    Over,
}

/// What it may do with its turn to send.
#[derive(Clone, Copy)]
enum Turn<'a> {
    Nothing,
    Send(&'a [io::IoSlice<'a>]),
    Goodbye,
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// Errors: the socket's; or what is wrong with the other side's certificate or with what it said.
    pub(super) async fn connect(
        socket: S,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<TlsStream<S>> {
        let session = UnbufferedClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut stream = TlsStream {
            socket,
            session,
            incoming: (vec![0; INCOMING].into(), 0, 0),
            outgoing: (Vec::new(), 0),
            left: (Vec::new(), 0),
            is_over: false,
            said_goodbye: false,
        };
        std::future::poll_fn(|cx| stream.poll_handshake(cx)).await?;
        Ok(stream)
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.step(cx, &mut ReadBuf::new(&mut []), Turn::Nothing)? {
                Step::Did | Step::Full | Step::Encrypted(_) => {}
                Step::Idle => return self.poll_send(cx),
                Step::Handshakes => {
                    ready!(self.poll_send(cx))?;
                    if ready!(self.poll_fill(cx))? == 0 {
                        return Poll::Ready(Err(cut_off()));
                    }
                }
                Step::Over => return Poll::Ready(Err(cut_off())),
            }
        }
    }

    /// One step of the session over what has come. Plaintext goes into `into`, record by record while there is room for a
    /// whole one; what has none at all waits in `left`.
    fn step(&mut self, cx: &mut Context<'_>, into: &mut ReadBuf<'_>, turn: Turn<'_>) -> io::Result<Step> {
        let before = into.filled().len();
        let (bytes, from, to) = &mut self.incoming;
        let UnbufferedStatus { mut discard, state } = self.session.process_tls_records(&mut bytes[*from..*to]);
        let did = match state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                let mut step = Step::Did;
                while let Some(length) = traffic.peek_len() {
                    if length.get() > into.remaining() && into.filled().len() > before {
                        step = Step::Full;
                        break;
                    }
                    let Some(record) = traffic.next_record() else { break };
                    let record = record.map_err(invalid)?;
                    discard += record.discard;
                    let (now, later) = record.payload.split_at(record.payload.len().min(into.remaining()));
                    into.put_slice(now);
                    self.left.0.extend_from_slice(later);
                }
                Ok(step)
            }
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                let encoded = with_room(&mut self.outgoing.0, 0, |room| match data.encode(room) {
                    Err(EncodeError::InsufficientSize(needs)) => Err(Some(needs.required_size)),
                    Err(EncodeError::AlreadyEncoded) => Err(None),
                    Ok(length) => Ok(length),
                });
                encoded.map(|_| Step::Did)
            }
            // What was encoded lies in `outgoing`, and goes before all else.
            Ok(ConnectionState::TransmitTlsData(data)) => {
                data.done();
                Ok(Step::Did)
            }
            Ok(ConnectionState::WriteTraffic(mut traffic)) => match turn {
                Turn::Nothing => Ok(Step::Idle),
                Turn::Goodbye => {
                    let said = with_room(&mut self.outgoing.0, RECORD.0, |room| {
                        traffic.queue_close_notify(room).map_err(needed)
                    });
                    said.map(Step::Encrypted)
                }
                Turn::Send(slices) => {
                    encrypt(&mut self.outgoing.0, slices, |bytes, room| traffic.encrypt(bytes, room).map_err(needed))
                        .map(Step::Encrypted)
                }
            },
            Ok(ConnectionState::BlockedHandshake) => Ok(Step::Handshakes),
            Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => Ok(Step::Over),
            Ok(state) => Err(io::Error::other(format!("a client's TLS does not come to {state:?}"))),
            Err(error) => Err(invalid(error)),
        };
        *from += discard;
        if *from == *to {
            (*from, *to) = (0, 0);
        }
        if did.is_err() {
            self.tell_why(cx);
        }
        did
    }

    /// The session's word on what the other side did wrong, as far as it can be sent at once.
    fn tell_why(&mut self, cx: &mut Context<'_>) {
        let (bytes, from, to) = &mut self.incoming;
        let status = self.session.process_tls_records(&mut bytes[*from..*to]);
        if let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state {
            let _ = with_room(&mut self.outgoing.0, RECORD.0, |room| data.encode(room).map_err(|_| None));
            let _ = self.poll_send(cx);
        }
    }

    /// Reads more of what comes: so many bytes, 0 at its end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let (bytes, from, to) = &mut self.incoming;
        // Less than a record. Always from the front: with many connections only what is used of each is memory.
        if *from > 0 {
            bytes.copy_within(*from..*to, 0);
            (*from, *to) = (0, *to - *from);
        }
        if *to == bytes.len() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a TLS message without an end")));
        }
        let mut room = ReadBuf::new(&mut bytes[*to..]);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut room))?;
        let read = room.filled().len();
        *to += read;
        Poll::Ready(Ok(read))
    }

    /// Hands on all that is encrypted.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (bytes, sent) = &mut self.outgoing;
        while *sent < bytes.len() {
            let wrote = ready!(Pin::new(&mut self.socket).poll_write(cx, &bytes[*sent..]))?;
            if wrote == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *sent += wrote;
        }
        bytes.clear();
        *sent = 0;
        Poll::Ready(Ok(()))
    }

    /// The session's turn to send, once it has done all else.
    fn take_turn(&mut self, cx: &mut Context<'_>, turn: Turn<'_>) -> io::Result<usize> {
        loop {
            // What came meanwhile waits in `left` until somebody asks for it.
            match self.step(cx, &mut ReadBuf::new(&mut []), turn)? {
                Step::Encrypted(length) => return Ok(length),
                Step::Did | Step::Full => {}
                Step::Over => self.is_over = true,
                Step::Idle | Step::Handshakes => return Err(io::Error::other("TLS has no turn to send")),
            }
        }
    }
}

/// Appends to `bytes` what `write` writes into the room that it is given: at least `least` bytes, and then as much as it
/// says that it needs. Answers with how much it wrote.
fn with_room(
    bytes: &mut Vec<u8>,
    least: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<usize>>,
) -> io::Result<usize> {
    let before = bytes.len();
    let mut room = least;
    loop {
        bytes.resize(before + room, 0);
        match write(&mut bytes[before..]) {
            Ok(length) => {
                bytes.truncate(before + length);
                return Ok(length);
            }
            Err(Some(needed)) if needed > room => room = needed,
            Err(_) => {
                bytes.truncate(before);
                return Err(io::Error::other("TLS has nothing more to encrypt with"));
            }
        }
    }
}

/// As much of the slices as is sent at once; answers with how much of them that was.
fn encrypt(
    outgoing: &mut Vec<u8>,
    slices: &[io::IoSlice<'_>],
    mut encrypt: impl FnMut(&[u8], &mut [u8]) -> Result<usize, Option<usize>>,
) -> io::Result<usize> {
    let mut taken = 0;
    for slice in slices.iter().filter(|slice| !slice.is_empty()) {
        let now = &slice[..slice.len().min(AT_ONCE - taken)];
        if now.is_empty() {
            break;
        }
        let room = now.len() + (now.len() / RECORD.1 + 1) * RECORD.0;
        with_room(outgoing, room, |room| encrypt(now, room))?;
        taken += now.len();
    }
    Ok(taken)
}

fn needed(error: EncryptError) -> Option<usize> {
    match error {
        EncryptError::InsufficientSize(needs) => Some(needs.required_size),
        EncryptError::EncryptExhausted => None,
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Without a goodbye it may have been cut off by anybody on the way.
fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended in the midst of TLS")
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    /// Takes all that has come, up to the buffer's end: each piece of an answer's body wakes whoever waits for it.
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        loop {
            let (left, taken) = &mut this.left;
            if *taken < left.len() {
                let now = (left.len() - *taken).min(into.remaining());
                into.put_slice(&left[*taken..*taken + now]);
                *taken += now;
            }
            if *taken == left.len() {
                left.clear();
                *taken = 0;
            }
            if into.remaining() == 0 || this.is_over {
                return Poll::Ready(Ok(()));
            }
            match this.step(cx, into, Turn::Nothing)? {
                Step::Did => continue,
                Step::Full | Step::Encrypted(_) => return Poll::Ready(Ok(())),
                Step::Over => {
                    this.is_over = true;
                    return Poll::Ready(Ok(()));
                }
                Step::Idle | Step::Handshakes => {}
            }
            // The session may have had something to say, such as new keys. Whether that is through, sending finds out.
            if let Poll::Ready(Err(error)) = this.poll_send(cx) {
                return Poll::Ready(Err(error));
            }
            let came_before = into.filled().len() > before;
            match this.poll_fill(cx) {
                Poll::Ready(Ok(read)) if read > 0 => {}
                // What ended or broke the stream is told by the next read: what came before it counts.
                _ if came_before => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(_)) => return Poll::Ready(Err(cut_off())),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // Nothing more is encrypted before this is on its way: memory does not grow with what a slow link leaves.
        ready!(this.poll_send(cx))?;
        if slices.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        let taken = this.take_turn(cx, Turn::Send(slices))?;
        if let Poll::Ready(Err(error)) = this.poll_send(cx) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !mem::replace(&mut this.said_goodbye, true) {
            this.take_turn(cx, Turn::Goodbye)?;
        }
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
