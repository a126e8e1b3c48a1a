//! What stands between here and the store and is neither: a proxy, a certificate that nobody here trusts, plain HTTP. Each
//! has a sentence of its own, since each is somebody else's to mend. A proxy is named by host and port; the name and password
//! that it was shown are in none of this.

use std::error::Error as StdError;
use std::io;

use rustls::CertificateError;

use super::trust::Untrusted;
use crate::error::{Code, Error};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Obstacle {
    #[error("the proxy {proxy}: {cause}")]
    ProxyGone { proxy: String, cause: String },
    /// It asks who we are. `gave`: and was told; `takes`: what it takes other than a name and password, where it takes none.
    #[error("the proxy {proxy} answered 407, takes: {}", if takes.is_empty() { "Basic" } else { takes })]
    ProxyAsks { proxy: String, gave: bool, takes: String },
    #[error("the proxy {proxy} answered {status} for {host}")]
    ProxyForbids { proxy: String, host: String, status: u16 },
    /// It is there, and the store is not, as far as it can tell.
    #[error("the proxy {proxy} answered {status} for {host}")]
    ProxyFails { proxy: String, host: String, status: u16 },
    /// What is set is no proxy that we could use; that goes for everything, since going past it would surprise somebody.
    #[error("{set} is not http://HOST:PORT or https://HOST:PORT")]
    NoSuchProxy { set: &'static str },
    #[error("{host}: {cause}, issued by {issuer}")]
    Untrusted { host: String, issuer: String, cause: String },
    /// It would be trusted at another time, or for another name.
    #[error("{host}: {cause}")]
    WrongCertificate { host: String, is_late: bool, cause: String },
    #[error("plain http to {host}")]
    Plain { host: String },
}

impl Obstacle {
    /// That among the causes of an error, if there is one.
    pub(crate) fn within<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Obstacle> {
        let mut cause = Some(error);
        while let Some(e) = cause {
            if let Some(obstacle) = e.downcast_ref() {
                return Some(obstacle);
            }
            cause = e.source();
        }
        None
    }

    /// What ended a handshake with `host`, where that was its certificate.
    pub(super) fn of_handshake(host: &str, error: &io::Error) -> Option<Obstacle> {
        let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        let rustls::Error::InvalidCertificate(wrong) = error else { return None };
        let (host, cause) = (host.to_owned(), error.to_string());
        Some(match wrong {
            CertificateError::Other(other) if let Some(untrusted) = other.0.downcast_ref::<Untrusted>() => {
                Obstacle::Untrusted { host, issuer: untrusted.issuer.clone(), cause: untrusted.cause.to_string() }
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Obstacle::WrongCertificate { host, is_late: true, cause },
            _ => Obstacle::WrongCertificate { host, is_late: false, cause },
        })
    }

    /// In the reporter's words.
    pub(crate) fn told(&self) -> Error {
        let (code, sentence) = match self {
            Obstacle::ProxyGone { proxy, .. } => (
                Code::Offline,
                format!(
                    "The proxy {proxy} cannot be reached. It goes on by itself when that is back; away from the agency's network, turn the proxy off."
                ),
            ),
            Obstacle::ProxyAsks { proxy, takes, .. } if !takes.is_empty() => (
                Code::ProxyCredentials,
                format!(
                    "The proxy {proxy} takes only {takes}, which Rushes cannot do. Ask IT to let this computer through, then retry."
                ),
            ),
            Obstacle::ProxyAsks { proxy, gave: true, .. } => (
                Code::ProxyCredentials,
                format!("The proxy {proxy} does not accept the name and password. Correct them, then retry."),
            ),
            Obstacle::ProxyAsks { proxy, .. } => (
                Code::ProxyCredentials,
                format!("The proxy {proxy} asks for a name and password. Ask IT for them, then retry."),
            ),
            Obstacle::ProxyForbids { proxy, host, .. } => (
                Code::ProxyRefused,
                format!(
                    "The proxy {proxy} does not let Rushes reach {host}. Ask IT to allow it; then it goes on by itself."
                ),
            ),
            Obstacle::ProxyFails { proxy, host, .. } => {
                (Code::Offline, format!("The proxy {proxy} cannot reach {host}. It goes on by itself when it can."))
            }
            Obstacle::NoSuchProxy { set } => (
                Code::ProxyRefused,
                format!("{set} names no proxy that Rushes can use. Correct it, then start Rushes again."),
            ),
            Obstacle::Untrusted { issuer, .. } => (
                Code::UntrustedCertificate,
                format!(
                    "The network shows a certificate that this computer does not trust (issued by {issuer}). If your agency inspects traffic, ask IT to install its certificate; then it goes on by itself."
                ),
            ),
            Obstacle::WrongCertificate { host, is_late: true, .. } => (
                Code::UntrustedCertificate,
                format!(
                    "By this computer's clock the certificate of {host} does not hold today. Set the time; if that is right, ask IT."
                ),
            ),
            Obstacle::WrongCertificate { host, .. } => (
                Code::UntrustedCertificate,
                format!("The network shows a certificate that is not good for {host}. Ask IT; it is tried again."),
            ),
            Obstacle::Plain { host } => (
                Code::BadInput,
                format!("Plain http to {host} would show your footage to everybody on the way; use https."),
            ),
        };
        Error::new(code, sentence).because(self)
    }
}
