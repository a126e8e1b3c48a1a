//! A test's own certificate authority, thrown away with its scratch folder.
//! May not live here: servers that use its certificates.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};

use crate::Scratch;

/// Files in PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// What clients are to trust.
    pub authority: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A certificate for servers at this address, and by the names of loopback: localhost, and buckets as subdomains of
/// s3.localhost.
pub fn certify(scratch: &Scratch, address: IpAddr) -> Result<Certificate> {
    let address = address.to_string();
    certify_names(scratch, &[&address, "localhost", "s3.localhost", "*.s3.localhost"])
}

/// A certificate for servers of these names and addresses.
pub fn certify_names(scratch: &Scratch, names: &[&str]) -> Result<Certificate> {
    let folder = scratch.fresh("tls")?;

    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "rushes-rig test authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let key = KeyPair::generate()?;
    let mut server = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    // Python's clients refuse a chain without it.
    server.use_authority_key_identifier_extension = true;
    let server = server.signed_by(&key, &authority)?;

    Ok(Certificate {
        authority: write(&folder, "authority.pem", &authority.pem())?,
        certificate: write(&folder, "server.pem", &server.pem())?,
        key: write(&folder, "server.key", &key.serialize_pem())?,
    })
}

fn write(folder: &Path, name: &str, pem: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, pem)?;
    Ok(path)
}
