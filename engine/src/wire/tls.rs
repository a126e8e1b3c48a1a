//! TLS: rustls on ring, trusting what the system trusts, or what SSL_CERT_FILE names, and AWS_CA_BUNDLE beside it.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Code, Error, Result};

pub(super) fn config() -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // Honours SSL_CERT_FILE and SSL_CERT_DIR. Some of a system's certificates are often unusable; the rest will do.
    let found = rustls_native_certs::load_native_certs();
    for problem in &found.errors {
        tracing::debug!(%problem, "a system certificate was left out");
    }
    roots.add_parsable_certificates(found.certs);
    if let Some(bundle) = std::env::var_os("AWS_CA_BUNDLE").filter(|v| !v.is_empty()) {
        let unusable = |e: &dyn std::fmt::Display| {
            Error::new(Code::BadInput, format!("AWS_CA_BUNDLE names a file that cannot be used: {}.", bundle.display()))
                .because(e)
        };
        let certificates = CertificateDer::pem_file_iter(&bundle).map_err(|e| unusable(&e))?;
        for certificate in certificates {
            roots.add(certificate.map_err(|e| unusable(&e))?).map_err(|e| unusable(&e))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
