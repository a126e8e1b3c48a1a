//! TLS: rustls on ring, trusting what the system trusts, or what SSL_CERT_FILE names, and beside it what AWS's own tools are
//! told of an agency's authority: AWS_CA_BUNDLE, or the `ca_bundle` of the profile that AWS_PROFILE names.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use aws_types::os_shim_internal::{Env, Fs};
use futures::FutureExt;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::trust::Judge;
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
        add(&mut roots, Path::new(&bundle)).map_err(|e| {
            let bundle = bundle.display();
            Error::new(Code::BadInput, format!("AWS_CA_BUNDLE names a file that cannot be used: {bundle}.")).because(e)
        })?;
    } else if let Some(bundle) = bundle_of_profile() {
        // Nobody named it to Rushes: a file that is gone is no reason not to begin.
        if let Err(error) = add(&mut roots, Path::new(&bundle)) {
            tracing::warn!(bundle = %bundle.display(), error, "the AWS profile's ca_bundle cannot be used");
        }
    }
    trusting(roots)
}

/// Who trusts these, and nobody else.
pub(super) fn trusting(roots: RootCertStore) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?;
    // Without any root there is no judge, and nobody is trusted.
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots.clone()), provider).build();
    Ok(match judge {
        Ok(judge) => config.dangerous().with_custom_certificate_verifier(Arc::new(Judge(judge))).with_no_client_auth(),
        Err(_) => config.with_root_certificates(roots).with_no_client_auth(),
    })
}

fn add(roots: &mut RootCertStore, bundle: &Path) -> std::result::Result<(), String> {
    for certificate in CertificateDer::pem_file_iter(bundle).map_err(|e| e.to_string())? {
        let certificate = certificate.map_err(|e| e.to_string())?;
        roots.add(certificate).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// What `~/.aws/config` says. The SDK's own reader of it, which waits for nothing.
fn bundle_of_profile() -> Option<OsString> {
    let files = Default::default();
    let read = aws_config::profile::load(&Fs::real(), &Env::real(), &files, None).now_or_never()?;
    let profile = read.inspect_err(|error| tracing::debug!(%error, "AWS's config cannot be read")).ok()?;
    profile.get("ca_bundle").filter(|bundle| !bundle.is_empty()).map(OsString::from)
}
