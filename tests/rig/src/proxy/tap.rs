//! Watches the requests and answers of one connection as they pass: keeps the log, and holds back the answer that is
//! to be swallowed.
//! May not live here: sockets and time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::Way;
use super::http::{Body, Messages, Piece, first_words, stated_body};

/// A request that went by, by plain http.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// What the server answered. None if it did not, or the connection broke before it had.
    pub status: Option<u16>,
    /// Bytes on the wire, heads included.
    pub sent: u64,
    pub received: u64,
    /// The client was not given the answer, see [`Link::swallow_answer`](super::Link::swallow_answer).
    pub swallowed: bool,
    pub begun: Instant,
}

/// What all connections write into.
#[derive(Default)]
pub(super) struct Log {
    requests: Mutex<Vec<Request>>,
    /// Parts of request lines whose answer is to be swallowed, each once.
    to_swallow: Mutex<Vec<String>>,
}

impl Log {
    pub(super) fn requests(&self) -> Vec<Request> {
        locked(&self.requests).clone()
    }

    pub(super) fn forget(&self) {
        locked(&self.requests).clear();
    }

    pub(super) fn swallow(&self, part: &str) {
        locked(&self.to_swallow).push(part.to_owned());
    }

    fn is_to_swallow(&self, method: &str, target: &str) -> bool {
        let line = format!("{method} {target}");
        let mut to_swallow = locked(&self.to_swallow);
        match to_swallow.iter().position(|part| line.contains(part)) {
            Some(at) => {
                to_swallow.remove(at);
                true
            }
            None => false,
        }
    }
}

/// Requests of one connection that were not fully answered yet, the oldest first.
struct Open {
    log: Arc<Log>,
    waiting: Mutex<VecDeque<Request>>,
}

/// One direction's view.
pub(super) struct Tap {
    way: Way,
    open: Arc<Open>,
    messages: Messages,
    /// The message that passes now is a request's, or its final answer; not an interim one such as "100 Continue".
    counts: bool,
    holds_back: bool,
}

/// Whether the connection goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Go,
    /// An answer was swallowed whole.
    Reset,
}

pub(super) fn taps(log: &Arc<Log>) -> (Tap, Tap) {
    let open = Arc::new(Open { log: Arc::clone(log), waiting: Mutex::default() });
    let tap =
        |way| Tap { way, open: Arc::clone(&open), messages: Messages::default(), counts: false, holds_back: false };
    (tap(Way::Up), tap(Way::Down))
}

impl Tap {
    /// Reads `input` and puts what is to be passed on into `output`.
    pub(super) fn pass(&mut self, mut input: &[u8], output: &mut Vec<u8>) -> Verdict {
        while let Some(piece) = self.messages.take(&mut input) {
            match piece {
                Piece::Head(head) => {
                    match self.way {
                        Way::Up => self.request(&head),
                        Way::Down => self.answer(&head),
                    }
                    self.count(head.len());
                    self.let_through(&head, output);
                }
                Piece::Body(bytes) => {
                    self.count(bytes.len());
                    self.let_through(bytes, output);
                }
                Piece::Opaque(bytes) => output.extend_from_slice(&bytes),
                Piece::End if self.way == Way::Down && self.counts => {
                    self.answered();
                    if self.holds_back {
                        return Verdict::Reset;
                    }
                }
                Piece::End => {}
            }
        }
        Verdict::Go
    }

    /// No more bytes come this way.
    pub(super) fn closed(&mut self) -> Verdict {
        if self.way == Way::Down && self.counts && self.messages.ends_when_closed() {
            self.answered();
        }
        if self.holds_back { Verdict::Reset } else { Verdict::Go }
    }

    fn request(&mut self, head: &[u8]) {
        let (method, target) = first_words(head);
        let swallowed = self.open.log.is_to_swallow(&method, &target);
        self.counts = true;
        self.messages.body(&stated_body(head).unwrap_or(Body::None));
        let begun = Instant::now();
        let request = Request { method, target, status: None, sent: 0, received: 0, swallowed, begun };
        locked(&self.open.waiting).push_back(request);
    }

    fn answer(&mut self, head: &[u8]) {
        let status = first_words(head).1.parse::<u16>().ok();
        let mut waiting = locked(&self.open.waiting);
        let (Some(request), Some(status)) = (waiting.front_mut(), status) else {
            // An answer to nothing: whatever this is, it is not ours to understand.
            self.messages.body(&Body::None);
            self.messages.give_up();
            return;
        };
        let is_interim = (100..200).contains(&status);
        self.counts = !is_interim;
        let is_empty = is_interim || request.method == "HEAD" || status == 204 || status == 304;
        let body = if is_empty { Body::None } else { stated_body(head).unwrap_or(Body::UntilClosed) };
        self.messages.body(&body);
        if !is_interim {
            request.status = Some(status);
            self.holds_back = request.swallowed;
        }
    }

    fn count(&self, bytes: usize) {
        let mut waiting = locked(&self.open.waiting);
        // A request that was answered before it was fully sent is not there any more; then the last one is another's,
        // or none. Clients of S3 do not pipeline.
        match self.way {
            Way::Up => waiting.back_mut().into_iter().for_each(|request| request.sent += bytes as u64),
            Way::Down => waiting.front_mut().into_iter().for_each(|request| request.received += bytes as u64),
        }
    }

    fn let_through(&self, bytes: &[u8], output: &mut Vec<u8>) {
        if !self.holds_back {
            output.extend_from_slice(bytes);
        }
    }

    fn answered(&self) {
        if let Some(request) = locked(&self.open.waiting).pop_front() {
            locked(&self.open.log.requests).push(request);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut waiting = locked(&self.waiting);
        // Its answer never came whole, so there was nothing to swallow.
        let broken = waiting.drain(..).map(|request| Request { swallowed: false, ..request });
        locked(&self.log.requests).extend(broken);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(tap: &mut Tap, wire: &str) -> (String, Verdict) {
        let mut output = Vec::new();
        let verdict = tap.pass(wire.as_bytes(), &mut output);
        (String::from_utf8(output).unwrap(), verdict)
    }

    #[test]
    fn an_answer_is_swallowed_whole_but_not_the_go_ahead_before_it() {
        let log = Arc::new(Log::default());
        log.swallow("POST /b/k?uploadId=");
        let (mut up, mut down) = taps(&log);
        let post = "POST /b/k?uploadId=1 HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";
        assert_eq!(passed(&mut up, post), (post.to_owned(), Verdict::Go));
        let interim = "HTTP/1.1 100 Continue\r\n\r\n";
        assert_eq!(passed(&mut down, interim), (interim.to_owned(), Verdict::Go));
        assert_eq!(passed(&mut up, "xml"), ("xml".to_owned(), Verdict::Go));
        let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n \r\n";
        assert_eq!(passed(&mut down, answer), (String::new(), Verdict::Go));
        assert!(log.requests().is_empty(), "the answer is not whole yet");
        assert_eq!(passed(&mut down, "0\r\n\r\n"), (String::new(), Verdict::Reset));
        let request = &log.requests()[0];
        assert_eq!((request.status, request.swallowed), (Some(200), true));
        assert!(!log.is_to_swallow("POST", "/b/k?uploadId=1"), "only the next one is");
    }

    #[test]
    fn requests_are_logged_with_their_answers_and_bytes() {
        let log = Arc::new(Log::default());
        let (mut up, mut down) = taps(&log);
        let head = "HEAD /k HTTP/1.1\r\n\r\n";
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n";
        passed(&mut up, head);
        passed(&mut down, answer);
        passed(&mut up, "PUT /k HTTP/1.1\r\ncontent-length: 10\r\n\r\nhalf of");
        drop((up, down));
        let requests = log.requests();
        assert_eq!((requests[0].status, requests[0].received), (Some(200), answer.len() as u64));
        assert_eq!((requests[1].method.as_str(), requests[1].status), ("PUT", None));
    }
}
