//! Captive portals: networks of hotels and cafés that answer in the store's place until somebody signs in. What an answer
//! is, is decided by the pure functions here; the one request that finds out goes to the profile's own endpoint, over
//! plain HTTP, and says nothing that is secret. What comes back is hostile until proved otherwise.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HOST, LOCATION, SERVER, USER_AGENT};
use http::{HeaderMap, Request, Uri};
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::error::{Code, Error};
use crate::profile::Profile;
use crate::wire::Common;

/// A portal is near; who does not answer within this is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// Transfers fail by the handful: one answer serves them all.
const HOLDS: Duration = Duration::from_secs(3);
/// Longer than any page of sign-in we know; an address that is longer is not shown.
const LONGEST_URL: usize = 2048;

/// Whether this answer to a signed request cannot be the store's: a redirect to another host, a page where an object was
/// asked for, "network authentication required", and nothing of S3 about it. Errors with a page are left to the caller:
/// proxies in front of stores answer with those too.
pub(crate) fn is_strangers(asked: &Uri, status: u16, headers: &HeaderMap) -> bool {
    if speaks_s3(headers) {
        return false;
    }
    match status {
        511 => true,
        301 | 302 | 303 | 307 | 308 => {
            redirect(&asked.to_string(), headers).is_some_and(|to| to.host != asked.host().map(bare))
        }
        200..=299 => is_page(headers) && !headers.contains_key(ETAG),
        _ => false,
    }
}

/// The page on which to sign in, where the answer to the plain question at `asked` is a portal's. An address that is not
/// fit to be opened gives way to `asked`, which the portal answers in a browser just as well.
pub(crate) fn sign_in_page(asked: &Url, status: u16, headers: &HeaderMap) -> Option<String> {
    if speaks_s3(headers) {
        return None;
    }
    let to = redirect(asked.as_str(), headers);
    let elsewhere = to.as_ref().is_some_and(|to| to.host.as_deref() != asked.host_str().map(bare).as_deref());
    let is_portal = match status {
        511 => true,
        301 | 302 | 303 | 307 | 308 => elsewhere,
        200..=299 => is_page(headers),
        _ => false,
    };
    is_portal.then(|| to.filter(|_| elsewhere).and_then(|to| to.fit).unwrap_or_else(|| asked.to_string()))
}

struct To {
    host: Option<String>,
    /// The whole address, where it may be opened in a browser.
    fit: Option<String>,
}

fn redirect(asked: &str, headers: &HeaderMap) -> Option<To> {
    let location = headers.get(LOCATION)?;
    let to = location.to_str().ok().and_then(|location| Url::parse(asked).ok()?.join(location).ok());
    // What is no address at all leads elsewhere, and nowhere that we would go.
    let Some(to) = to else { return Some(To { host: None, fit: None }) };
    let fit = matches!(to.scheme(), "http" | "https")
        && to.has_host()
        && to.username().is_empty()
        && to.password().is_none()
        && to.as_str().len() <= LONGEST_URL;
    Some(To { host: to.host_str().map(bare), fit: fit.then(|| to.to_string()) })
}

/// As hosts are compared.
fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

fn speaks_s3(headers: &HeaderMap) -> bool {
    let server = headers.get(SERVER).and_then(|server| server.to_str().ok()).unwrap_or_default();
    headers.keys().any(|name| name.as_str().starts_with("x-amz-"))
        || ["AmazonS3", "MinIO", "SeaweedFS", "Ceph"].iter().any(|known| server.starts_with(known))
}

fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.trim_start().to_ascii_lowercase();
    kind.starts_with("text/html") || kind.starts_with("application/xhtml")
}

/// Where to ask without a secret: the endpoint's host, over plain HTTP.
pub(crate) fn question(profile: &Profile) -> Option<Url> {
    let Some(endpoint) = &profile.endpoint else {
        let above = if profile.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        return Url::parse(&format!("http://s3.{}.{above}/", profile.region)).ok();
    };
    let mut url = Url::parse(endpoint).ok()?;
    if url.scheme() != "http" {
        url.set_port(None).ok()?;
        url.set_scheme("http").ok()?;
    }
    url.set_path("/");
    Some(url)
}

/// What the reporter is told.
pub(crate) fn wants_sign_in(cause: &Error) -> Error {
    let sentence = "This network wants you to sign in first (hotel or café Wi-Fi). Sign in, then it goes on by itself.";
    Error::new(Code::CaptivePortal, sentence).because(cause)
}

/// What was last found, by profile.
#[derive(Debug, Default)]
pub(crate) struct Portals(Mutex<HashMap<String, (Instant, Option<String>)>>);

impl Portals {
    /// Asks once whether a portal stands between here and the profile's endpoint, and answers with its page.
    pub(crate) async fn look(&self, profile: &Profile, network: &Common) -> Option<String> {
        // Held while asking: whoever comes meanwhile takes the same answer.
        let mut found = self.0.lock().await;
        if let Some((at, page)) = found.get(&profile.name)
            && at.elapsed() < HOLDS
        {
            return page.clone();
        }
        let page = match question(profile) {
            // Past a proxy that is there goes nothing. One that is not may be hidden by a portal as much as the store.
            Some(url) if network.proxy_answers(url.host_str().unwrap_or_default(), PATIENCE).await == Some(true) => {
                None
            }
            Some(url) => ask(&url).await,
            None => None,
        };
        found.insert(profile.name.clone(), (Instant::now(), page.clone()));
        page
    }
}

async fn ask(url: &Url) -> Option<String> {
    let request = Request::get(url.as_str())
        .header(HOST, url[url::Position::BeforeHost..url::Position::AfterPort].to_owned())
        .header(USER_AGENT, "Rushes")
        .body(Empty::<Bytes>::new())
        .ok()?;
    // A pool of its own: nothing of this connection is ever used for a signed request.
    let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = tokio::time::timeout(PATIENCE, client.request(request)).await.ok()?.ok()?;
    let page = sign_in_page(url, answer.status().as_u16(), answer.headers());
    tracing::info!(
        host = url.host_str(),
        status = answer.status().as_u16(),
        portal = page.is_some(),
        "asked whether a portal is in the way"
    );
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_portal_is_told_from_a_store() {
        let asked = Url::parse("http://s3.example.com/").unwrap();
        let long = format!("http://p.example/{}", "a".repeat(3000));
        let own = Some("http://s3.example.com/");
        for (status, given, page) in [
            (302, vec![("location", "http://portal.hotel/login?m=1")], Some("http://portal.hotel/login?m=1")),
            (307, vec![("location", "https://portal.hotel/")], Some("https://portal.hotel/")),
            (302, vec![("location", "//portal.hotel/x")], Some("http://portal.hotel/x")),
            (511, vec![], own),
            (511, vec![("location", "http://10.0.0.1/")], Some("http://10.0.0.1/")),
            (200, vec![("content-type", "Text/HTML; charset=utf-8")], own),
            // What no browser should be sent to.
            (302, vec![("location", "javascript:alert(1)")], own),
            (302, vec![("location", "file:///etc/passwd")], own),
            (302, vec![("location", "http://user:secret@portal.hotel/")], own),
            (302, vec![("location", long.as_str())], own),
            (302, vec![("location", "http://[nonsense")], own),
            // None of these is a portal.
            (302, vec![("location", "https://s3.example.com/")], None),
            (302, vec![("location", "/login")], None),
            (302, vec![], None),
            (307, vec![("location", "https://aws.amazon.com/s3/"), ("x-amz-request-id", "1")], None),
            (200, vec![("content-type", "text/html"), ("server", "MinIO")], None),
            (200, vec![("content-type", "application/xml")], None),
            (403, vec![("content-type", "application/xml")], None),
            (502, vec![("content-type", "text/html")], None),
        ] {
            assert_eq!(sign_in_page(&asked, status, &headers(&given)).as_deref(), page, "{status} {given:?}");
        }
    }

    #[test]
    fn a_strangers_answer_to_a_signed_request_is_never_taken_for_the_stores() {
        let asked: Uri = "http://127.0.0.1:9000/bucket/key?partNumber=1".parse().unwrap();
        for (status, given, strange) in [
            (200, vec![("content-type", "text/html")], true),
            (200, vec![("content-type", "text/html"), ("etag", "\"1\"")], false),
            (200, vec![("content-type", "text/html"), ("x-amz-request-id", "1")], false),
            (200, vec![], false),
            (302, vec![("location", "http://portal.hotel/")], true),
            (307, vec![("location", "http://127.0.0.1:9001/bucket/key")], false),
            (
                301,
                vec![("x-amz-bucket-region", "eu-west-1"), ("location", "https://s3.eu-west-1.amazonaws.com")],
                false,
            ),
            (511, vec![], true),
            (503, vec![("content-type", "text/html")], false),
        ] {
            assert_eq!(is_strangers(&asked, status, &headers(&given)), strange, "{status} {given:?}");
        }
    }

    #[test]
    fn the_question_goes_to_the_endpoints_host_and_to_no_other() {
        let profile = |endpoint: Option<&str>, region: &str| Profile {
            name: "n".into(),
            bureau: String::new(),
            bucket: "secret-bucket".into(),
            region: region.into(),
            endpoint: endpoint.map(str::to_owned),
            accelerate: false,
            key_template: "{name}".into(),
            credentials: crate::profile::CredentialsFrom::Lent,
            zone: None,
            routes: Default::default(),
        };
        for (endpoint, region, asked) in [
            (None, "eu-west-1", "http://s3.eu-west-1.amazonaws.com/"),
            (None, "cn-north-1", "http://s3.cn-north-1.amazonaws.com.cn/"),
            (Some("https://s3.example.com:8443/path"), "x", "http://s3.example.com/"),
            (Some("http://127.0.0.1:9000"), "x", "http://127.0.0.1:9000/"),
        ] {
            assert_eq!(question(&profile(endpoint, region)).unwrap().as_str(), asked);
        }
    }
}
