//! Which proxy leads to an address, and what it is shown: by the environment as curl reads it, or else by the system's
//! settings. This computer itself is reached without any. How one is spoken to is in `tunnel`.

mod desktop;
mod tunnel;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex as Turn;

use super::obstacle::Obstacle;

/// What the system said serves for so long; then it is asked again, behind whoever needs it.
const HOLDS: Duration = Duration::from_secs(10);
/// Who is the first to ask waits for the system's answer, and goes without after this.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a proxy does not accept it is not shown again for so long, however many clips are in line: it may count, and lock an
/// account.
const SHY: Duration = Duration::from_secs(20);

/// Where AWS's own computers get their keys, on the machine's own link: by plain http, and never by a proxy.
const OWN_LINK: [&str; 5] = ["169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"];

/// A proxy, and what it is shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Proxy {
    uri: Uri,
    basic: Option<HeaderValue>,
}

impl Proxy {
    /// Its scheme, host and port; nothing secret.
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn speaks_tls(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// As people are told of it.
    pub(super) fn name(&self) -> String {
        self.uri.authority().map(ToString::to_string).unwrap_or_default()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Which proxies there are, as far as anybody has said.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    /// What the environment says holds for this process's life.
    by_environment: Option<Arc<Rules>>,
    by_system: Mutex<Option<(Instant, Arc<Rules>)>>,
    /// Whoever asks the system.
    asking: Turn<()>,
    /// Who did not let us in last, and when.
    refused: Mutex<Option<(Instant, Proxy, Obstacle)>>,
}

impl Proxies {
    pub(super) fn found() -> Proxies {
        Proxies { by_environment: Rules::of_environment(said).map(Arc::new), ..Proxies::default() }
    }

    /// The one that leads to this address; `None` where it is reached without.
    pub(super) async fn to(self: &Arc<Self>, uri: &Uri) -> Result<Option<Proxy>, Obstacle> {
        let proxy = self.set_for(uri).await?;
        match &*self.refused.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((at, by, said)) if at.elapsed() < SHY && proxy.as_ref() == Some(by) => Err(said.clone()),
            _ => Ok(proxy),
        }
    }

    /// The same stream, with the host at its other end.
    pub(super) async fn through<S>(&self, stream: S, proxy: &Proxy, to: &Uri) -> Result<S, Obstacle>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        tunnel::through(stream, proxy, to).await.inspect_err(|said| {
            if matches!(said, Obstacle::ProxyAsks { .. }) {
                let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
                *refused = Some((Instant::now(), proxy.clone(), said.clone()));
            }
        })
    }

    /// The same, whether or not it let us in.
    pub(super) async fn set_for(self: &Arc<Self>, uri: &Uri) -> Result<Option<Proxy>, Obstacle> {
        if is_here(uri.host().unwrap_or_default()) {
            return Ok(None);
        }
        self.rules().await.to(uri)
    }

    async fn rules(self: &Arc<Self>) -> Arc<Rules> {
        if let Some(rules) = &self.by_environment {
            return rules.clone();
        }
        let known = self.locked().clone();
        match known {
            Some((at, rules)) if at.elapsed() < HOLDS => rules,
            Some((_, rules)) => {
                let proxies = self.clone();
                tokio::spawn(async move { proxies.ask().await });
                rules
            }
            None => self.ask().await,
        }
    }

    async fn ask(&self) -> Arc<Rules> {
        let _turn = self.asking.lock().await;
        // Somebody may have asked meanwhile.
        if let Some((at, rules)) = self.locked().clone()
            && at.elapsed() < HOLDS
        {
            return rules;
        }
        let asked = tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(Rules::of_system)).await;
        let before = self.locked().clone().map(|(_, rules)| rules);
        let rules = asked.ok().and_then(Result::ok).map(Arc::new).or(before).unwrap_or_default();
        *self.locked() = Some((Instant::now(), rules.clone()));
        rules
    }

    fn locked(&self) -> MutexGuard<'_, Option<(Instant, Arc<Rules>)>> {
        self.by_system.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One source's settings.
#[derive(Debug, Default)]
struct Rules {
    matcher: Option<Matcher>,
    /// Which hosts go without at one port only, as matchers that catch all but those.
    at_ports: Vec<(u16, Matcher)>,
    /// The setting that names something other than a proxy.
    unusable: Option<&'static str>,
}

impl Rules {
    /// `None` where the environment names no proxy. As curl has it, small letters go first. Nothing of ours goes by plain
    /// http, so `http_proxy` is for others.
    fn of_environment(said: impl Fn(&str) -> Option<String>) -> Option<Rules> {
        let first = |names: [&'static str; 4]| names.into_iter().find_map(|name| Some((name, said(name)?)));
        let (variable, proxy) = first(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?;
        let rules = Rules::new(&proxy, &without(&said), variable);
        tracing::info!(variable, proxy = ?rules.somewhere(), "a proxy is named by the environment");
        Some(rules)
    }

    fn of_system() -> Rules {
        let none = without(&said);
        if let Some(found) = desktop::settings() {
            let no = [found.without, none].join(",");
            return Rules::new(&found.https, &no, "The system's proxy setting");
        }
        // macOS and Windows; nothing elsewhere. It reads NO_PROXY by itself.
        Rules { matcher: Some(Matcher::from_system()), ..Rules::at_ports(&none) }
    }

    fn new(proxy: &str, no: &str, set: &'static str) -> Rules {
        let alone = Matcher::builder().https(proxy).build();
        let is_usable = alone.intercept(&Uri::from_static("https://rushes.invalid/")).is_some_and(is_http);
        let without: Vec<&str> = entries(no).filter(|(_, port)| port.is_none()).map(|(host, _)| host).collect();
        // Whom what cannot be used would have been for, must be known all the same.
        let proxy = if is_usable { proxy } else { "http://unusable.invalid" };
        Rules {
            matcher: Some(Matcher::builder().https(proxy).no(without.join(",")).build()),
            unusable: (!is_usable).then_some(set),
            ..Rules::at_ports(no)
        }
    }

    fn at_ports(no: &str) -> Rules {
        let at = |host: &str| Matcher::builder().all("http://any.invalid").no(host).build();
        let at_ports = entries(no).filter_map(|(host, port)| Some((port?, at(host)))).collect();
        Rules { at_ports, ..Rules::default() }
    }

    fn to(&self, uri: &Uri) -> Result<Option<Proxy>, Obstacle> {
        let Some(found) = self.matcher.as_ref().and_then(|matcher| matcher.intercept(uri)) else { return Ok(None) };
        let port = uri.port_u16().unwrap_or(443);
        if self.at_ports.iter().any(|(at, others)| *at == port && others.intercept(uri).is_none()) {
            return Ok(None);
        }
        if let Some(set) = self.unusable {
            return Err(Obstacle::NoSuchProxy { set });
        }
        if !is_http(found.clone()) {
            return Err(Obstacle::NoSuchProxy { set: "The system's proxy setting" });
        }
        Ok(Some(Proxy { uri: found.uri().clone(), basic: found.basic_auth().cloned() }))
    }

    /// For the log.
    fn somewhere(&self) -> Option<Proxy> {
        self.to(&Uri::from_static("https://rushes.invalid/")).ok().flatten()
    }
}

fn is_http(proxy: Intercept) -> bool {
    let scheme = proxy.uri().scheme();
    scheme == Some(&Scheme::HTTP) || scheme == Some(&Scheme::HTTPS)
}

fn said(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn without(said: &impl Fn(&str) -> Option<String>) -> String {
    said("no_proxy").or_else(|| said("NO_PROXY")).unwrap_or_default()
}

/// Of a list of hosts that go without: each, as the matcher takes it, and the port where it names one.
fn entries(no: &str) -> impl Iterator<Item = (&str, Option<u16>)> {
    let entries = no.split(|c: char| c == ',' || c == ';' || c.is_whitespace()).filter(|entry| !entry.is_empty());
    entries.map(|entry| {
        let (host, port) = match entry.rsplit_once(':') {
            // Of a bare IPv6 address it is a part.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => (entry, None),
            },
            _ => (entry, None),
        };
        // As desktops write it: *.example.com.
        let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        (host.trim_start_matches('[').trim_end_matches(']'), port)
    })
}

/// This computer, or the link on which AWS's computers get their keys. What is here needs no proxy, and no TLS.
pub(super) fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(ip) => is_here_ip(ip),
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

pub(super) fn is_here_ip(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || OWN_LINK.iter().any(|own| own.parse() == Ok(ip))
}

#[cfg(test)]
mod tests;
