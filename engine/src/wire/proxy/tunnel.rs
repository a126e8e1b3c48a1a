//! The way through a proxy: it is asked to connect to the store, and from then on carries bytes that it cannot read. What it
//! refuses is told apart by who can mend it.

use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Proxy;
use crate::wire::obstacle::Obstacle;

/// A proxy may try several addresses of the store's before it says that none answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same stream, from here on with the host of `to` at its other end.
pub(super) async fn through<S>(stream: S, proxy: &Proxy, to: &Uri) -> Result<S, Obstacle>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let gone = |cause: String| Obstacle::ProxyGone { proxy: proxy.name(), cause };
    let (answer, parts) = match tokio::time::timeout(PATIENCE, ask(stream, proxy, to)).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(cause)) => return Err(gone(cause.to_string())),
        Err(_) => return Err(gone("no answer to CONNECT".to_owned())),
    };
    match parts {
        // TLS lets the client speak first: what has come already is nobody's.
        Some((stream, read)) if read.is_empty() => Ok(stream),
        Some(_) => Err(gone("it sent something before it was spoken to".to_owned())),
        None => Err(refused(proxy, to, answer.0, &answer.1)),
    }
}

type Answered<S> = ((StatusCode, HeaderMap), Option<(S, Bytes)>);

async fn ask<S>(stream: S, proxy: &Proxy, to: &Uri) -> Result<Answered<S>, Box<dyn std::error::Error + Send + Sync>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let authority = format!("{}:{}", to.host().unwrap_or_default(), to.port_u16().unwrap_or(443));
    let mut request = Request::connect(authority.as_str())
        .header(HOST, authority.as_str())
        .header(USER_AGENT, "Rushes")
        .body(Empty::<Bytes>::new())?;
    if let Some(basic) = &proxy.basic {
        request.headers_mut().insert(PROXY_AUTHORIZATION, basic.clone());
    }
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Both at once, in this task: given up, it takes the connection with it.
    let connection = connection.with_upgrades();
    tokio::pin!(connection);
    let answered = async {
        let answer = sender.send_request(request).await?;
        let head = (answer.status(), answer.headers().clone());
        let upgraded = if head.0.is_success() { Some(hyper::upgrade::on(answer).await?) } else { None };
        Ok::<_, hyper::Error>((head, upgraded))
    };
    tokio::pin!(answered);
    let (head, upgraded) = tokio::select! {
        answered = &mut answered => answered?,
        // Its end may be what the other waits for, with or without an error of its own.
        _ = &mut connection => answered.await?,
    };
    let Some(upgraded) = upgraded else { return Ok((head, None)) };
    let parts = upgraded.downcast::<TokioIo<S>>().map_err(|_| "another stream than the one that was opened")?;
    Ok((head, Some((parts.io.into_inner(), parts.read_buf))))
}

fn refused(proxy: &Proxy, to: &Uri, status: StatusCode, headers: &HeaderMap) -> Obstacle {
    let (name, host) = (proxy.name(), to.host().unwrap_or_default().to_owned());
    let status_is = status.as_u16();
    match status {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            let takes = takes(headers);
            Obstacle::ProxyAsks { proxy: name, gave: proxy.basic.is_some(), takes }
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Obstacle::ProxyFails { proxy: name, host, status: status_is }
        }
        _ if status.is_client_error() => Obstacle::ProxyForbids { proxy: name, host, status: status_is },
        _ => Obstacle::ProxyFails { proxy: name, host, status: status_is },
    }
}

/// The ways to sign in that it takes, where a name and password are none of them. Of each only its name, and only such as
/// we know: the rest is a stranger's text.
fn takes(headers: &HeaderMap) -> String {
    let said = headers.get_all(PROXY_AUTHENTICATE).iter().filter_map(|way| way.to_str().ok());
    let said: Vec<String> = said.flat_map(|ways| ways.split(',')).map(|way| way.trim().to_ascii_lowercase()).collect();
    let takes = |name: &str| said.iter().any(|way| way.split(' ').next() == Some(name));
    if said.is_empty() || takes("basic") {
        return String::new();
    }
    let known = [("negotiate", "Kerberos"), ("ntlm", "NTLM"), ("digest", "Digest")];
    let known: Vec<&str> = known.into_iter().filter(|(name, _)| takes(name)).map(|(_, shown)| shown).collect();
    if known.is_empty() { "another kind of sign-in".to_owned() } else { known.join(" or ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proxy_refuses_by_table() {
        let proxy = Proxy { uri: Uri::from_static("http://p.example:3128/"), basic: None };
        let to = Uri::from_static("https://s3.example/");
        let said = |status: u16, takes: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for way in takes {
                headers.append(PROXY_AUTHENTICATE, http::HeaderValue::from_static(way));
            }
            let error = refused(&proxy, &to, StatusCode::from_u16(status).unwrap(), &headers).told();
            (error.code.name(), error.message)
        };
        for (status, takes, code, says) in [
            (407, &["Basic realm=\"x\""][..], "proxyCredentials", "asks for a name and password"),
            (407, &[], "proxyCredentials", "asks for a name and password"),
            (407, &["Negotiate", "NTLM", "basic realm=\"a, b\""], "proxyCredentials", "asks for a name"),
            (407, &["Negotiate", "NTLM"], "proxyCredentials", "takes only Kerberos or NTLM, which"),
            (407, &["<script>"], "proxyCredentials", "takes only another kind of sign-in, which"),
            (403, &[], "proxyRefused", "The proxy p.example:3128 does not let Rushes reach s3.example."),
            (405, &[], "proxyRefused", "does not let Rushes reach s3.example."),
            (502, &[], "offline", "The proxy p.example:3128 cannot reach s3.example."),
            (504, &[], "offline", "cannot reach"),
            // A page in its place.
            (302, &[], "offline", "cannot reach"),
        ] {
            let (is, message) = said(status, takes);
            assert_eq!(is, code, "{status} {takes:?}");
            assert!(message.contains(says), "{message}");
        }
    }

    #[tokio::test]
    async fn a_proxy_that_hangs_up_or_speaks_nonsense_is_gone() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let proxy = Proxy { uri: Uri::from_static("http://p.example:3128/"), basic: None };
        for (answer, is_through) in [
            ("", false),
            ("SSH-2.0-x\r\n", false),
            ("HTTP/1.1 200 OK\r\n\r\nsurprise", false),
            ("HTTP/1.1 200 Connection established\r\n\r\n", true),
            ("HTTP/1.0 200 OK\r\nVia: x\r\n\r\n", true),
        ] {
            let (ours, mut theirs) = tokio::io::duplex(4096);
            let other = tokio::spawn(async move {
                let mut asked = vec![0; 4096];
                let n = theirs.read(&mut asked).await.unwrap();
                theirs.write_all(answer.as_bytes()).await.unwrap();
                (String::from_utf8_lossy(&asked[..n]).into_owned(), answer.is_empty().then(|| drop(theirs)))
            });
            let led = through(ours, &proxy, &Uri::from_static("https://s3.example/key")).await;
            assert_eq!(led.is_ok(), is_through, "{answer:?}: {:?}", led.err());
            let (asked, _) = other.await.unwrap();
            assert!(asked.starts_with("CONNECT s3.example:443 HTTP/1.1\r\n"), "{asked}");
            assert!(!asked.to_ascii_lowercase().contains("proxy-authorization"));
        }
    }
}
