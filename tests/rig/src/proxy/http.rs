//! Where one HTTP/1.1 message ends and the next begins, in bytes as they pass.
//! May not live here: what is done about it.

/// More than any S3 client or server sends.
const LONGEST_HEAD: usize = 64 * 1024;

/// One direction of a connection.
#[derive(Default)]
pub(super) struct Messages {
    state: State,
    /// The beginning of a head, or of a line between chunks.
    held: Vec<u8>,
}

#[derive(Default)]
enum State {
    #[default]
    Head,
    /// The head was given out; [`Messages::body`] is to say what follows.
    Asked,
    Sized(u64),
    ChunkLine,
    ChunkBytes(u64),
    Trailers,
    UntilClosed,
    Ended,
    /// Not HTTP, or none that is understood.
    Opaque,
}

pub(super) enum Piece<'a> {
    /// A whole head, with its empty line. [`Messages::body`] must be called before the next piece is taken.
    Head(Vec<u8>),
    /// As on the wire, with what holds chunks apart.
    Body(&'a [u8]),
    /// The message is whole.
    End,
    /// To be passed on and not understood, like all that follows.
    Opaque(Vec<u8>),
}

pub(super) enum Body {
    None,
    Sized(u64),
    Chunked,
    UntilClosed,
}

impl Messages {
    /// The next piece, cut off the front of `input`. None when more bytes are needed.
    pub(super) fn take<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        match &mut self.state {
            State::Ended => {
                self.state = State::Head;
                return Some(Piece::End);
            }
            State::Asked => unreachable!("the body of the last head was not told"),
            _ if input.is_empty() => return None,
            State::Head => return self.head(input),
            State::Opaque => return Some(Piece::Opaque(cut(input, u64::MAX).to_vec())),
            State::UntilClosed => return Some(Piece::Body(cut(input, u64::MAX))),
            State::Sized(left) => {
                let bytes = cut(input, *left);
                *left -= bytes.len() as u64;
                if *left == 0 {
                    self.state = State::Ended;
                }
                return Some(Piece::Body(bytes));
            }
            State::ChunkBytes(left) => {
                let bytes = cut(input, *left);
                *left -= bytes.len() as u64;
                if *left == 0 {
                    self.state = State::ChunkLine;
                }
                return Some(Piece::Body(bytes));
            }
            State::ChunkLine | State::Trailers => {}
        }
        Some(self.line(input))
    }

    /// What follows the head that was just taken.
    pub(super) fn body(&mut self, body: &Body) {
        self.state = match body {
            Body::None | Body::Sized(0) => State::Ended,
            Body::Sized(bytes) => State::Sized(*bytes),
            Body::Chunked => State::ChunkLine,
            Body::UntilClosed => State::UntilClosed,
        };
    }

    /// From here on nothing is understood.
    pub(super) fn give_up(&mut self) {
        self.state = State::Opaque;
    }

    /// Whether the end of the connection is the end of a message.
    pub(super) fn ends_when_closed(&self) -> bool {
        matches!(self.state, State::UntilClosed)
    }

    fn head<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        // The empty line may have begun in what is held already.
        let seen = self.held.len().saturating_sub(3);
        let known = self.held.len();
        self.held.extend_from_slice(input);
        let end = self.held[seen..].windows(4).position(|four| four == b"\r\n\r\n").map(|at| seen + at + 4);
        match end {
            Some(end) => {
                *input = &input[end - known..];
                self.held.truncate(end);
                self.state = State::Asked;
                Some(Piece::Head(std::mem::take(&mut self.held)))
            }
            // Methods and HTTP/1.1 begin with a capital letter; TLS does not.
            None if !self.held[0].is_ascii_uppercase() || self.held.len() > LONGEST_HEAD => {
                *input = &[];
                self.state = State::Opaque;
                Some(Piece::Opaque(std::mem::take(&mut self.held)))
            }
            None => {
                *input = &[];
                None
            }
        }
    }

    /// A line that gives a chunk's size, or one of the trailers; or the beginning of one.
    fn line<'a>(&mut self, input: &mut &'a [u8]) -> Piece<'a> {
        let newline = input.iter().position(|byte| *byte == b'\n');
        let bytes = cut(input, newline.map_or(u64::MAX, |at| at as u64 + 1));
        self.held.extend_from_slice(bytes);
        if newline.is_some() {
            let line = std::mem::take(&mut self.held);
            let line = String::from_utf8_lossy(&line);
            let line = line.trim();
            self.state = match self.state {
                State::Trailers if line.is_empty() => State::Ended,
                State::Trailers => State::Trailers,
                _ => match u64::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16) {
                    Ok(0) => State::Trailers,
                    // And the line's end after the bytes.
                    Ok(size) => State::ChunkBytes(size + 2),
                    Err(_) => State::Opaque,
                },
            };
        }
        Piece::Body(bytes)
    }
}

/// At most `most` bytes off the front.
fn cut<'a>(input: &mut &'a [u8], most: u64) -> &'a [u8] {
    let count = usize::try_from(most).unwrap_or(usize::MAX).min(input.len());
    let (bytes, rest) = input.split_at(count);
    *input = rest;
    bytes
}

/// The first line's words: method and target, or version and status.
pub(super) fn first_words(head: &[u8]) -> (String, String) {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ').map(str::to_owned);
    (words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

/// What the head's own headers say of the body. None if they say nothing.
pub(super) fn stated_body(head: &[u8]) -> Option<Body> {
    let head = String::from_utf8_lossy(head);
    let header = |name: &str| {
        let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    if header("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().ends_with("chunked")) {
        return Some(Body::Chunked);
    }
    header("content-length")?.parse().ok().map(Body::Sized)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Heads and ends as they are seen, with the bytes of bodies, when `wire` comes in pieces of `size`.
    fn seen(wire: &[u8], size: usize) -> Vec<String> {
        let mut messages = Messages::default();
        let (mut seen, mut body) = (Vec::new(), Vec::new());
        for mut input in wire.chunks(size) {
            while let Some(piece) = messages.take(&mut input) {
                match piece {
                    Piece::Head(head) => {
                        seen.push(first_words(&head).1);
                        messages.body(&stated_body(&head).unwrap_or(Body::None));
                    }
                    Piece::Body(bytes) => body.extend_from_slice(bytes),
                    Piece::End => {
                        seen.push(format!("end of {}", String::from_utf8(std::mem::take(&mut body)).unwrap()))
                    }
                    Piece::Opaque(bytes) => seen.push(format!("{} opaque", bytes.len())),
                }
            }
        }
        seen
    }

    #[test]
    fn messages_are_told_apart_however_they_are_cut() {
        let wire = b"PUT /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nhost: h\r\n\r\n\
            PUT /c HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nx-sum: 1\r\n\r\nHEAD /d HTTP/1.1\r\n\r\n";
        let chunks = "end of 3;x=y\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n";
        for size in [1, 2, 3, 7, 1000] {
            assert_eq!(seen(wire, size), ["/a", "end of hello", "/b", "end of ", "/c", chunks, "/d", "end of "]);
        }
    }

    #[test]
    fn what_is_not_http_passes_as_it_is() {
        assert_eq!(seen(b"\x16\x03\x01 and so on", 1000), ["13 opaque"]);
    }
}
