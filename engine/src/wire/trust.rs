//! Whom TLS trusts: rustls' own judge over the roots that were found. What it does not trust it says with the name of
//! whoever signed it, since that name tells IT which box is in the way.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};

/// Of an issuer's name, as it is shown: it is a stranger's text.
const LONGEST: usize = 80;

/// Signed by nobody that this computer trusts.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub(super) struct Untrusted {
    pub issuer: String,
    pub cause: rustls::Error,
}

#[derive(Debug)]
pub(super) struct Judge(pub Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let said = self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        said.map_err(|cause| match cause {
            // The second where somebody else goes by the name of one who is trusted.
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                // The last of the chain that was shown is the nearest to its root.
                let untrusted = Untrusted { issuer: issuer(intermediates.last().unwrap_or(end_entity)), cause };
                rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(untrusted))))
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Who signed it, by its own word: the common name, or else the organisation.
fn issuer(certificate: &CertificateDer<'_>) -> String {
    let named = x509_parser::parse_x509_certificate(certificate).ok().and_then(|(_, parsed)| {
        let issuer = parsed.issuer();
        let name = issuer.iter_common_name().chain(issuer.iter_organization()).find_map(|name| name.as_str().ok());
        name.map(|name| name.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>())
    });
    named.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "somebody unnamed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_named_in_a_line_however_it_calls_itself() {
        let signed_by = |name: &str| {
            let mut params = rcgen::CertificateParams::new(vec!["s3.example".to_owned()]).unwrap();
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            let key = rcgen::KeyPair::generate().unwrap();
            params.self_signed(&key).unwrap().der().clone()
        };
        assert_eq!(issuer(&signed_by("Agency inspection CA")), "Agency inspection CA");
        assert_eq!(issuer(&signed_by("one\r\ntwo\u{1b}[31m")), "onetwo[31m");
        assert_eq!(issuer(&signed_by(&"x".repeat(500))).len(), LONGEST);
        assert_eq!(issuer(&CertificateDer::from(vec![1, 2, 3])), "somebody unnamed");
    }
}
