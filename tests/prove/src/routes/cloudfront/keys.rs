//! Key pairs of a key group, made by OpenSSL, and signatures by it: nothing of the product's signer has a part in them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Files of one pair.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Its name at AWS.
    pub id: String,
    /// PKCS#1 in PEM, which botocore's examples take too.
    pub private: PathBuf,
    /// PKCS#1 in DER.
    pub public: PathBuf,
    /// PEM, for OpenSSL itself.
    pub public_pem: PathBuf,
}

impl Pair {
    pub fn make(folder: &Path, id: &str) -> Result<Pair> {
        let file = |end: &str| folder.join(format!("{id}.{end}"));
        let (private, public, public_pem) = (file("key"), file("der"), file("pem"));
        openssl(&["genrsa", "-traditional", "-out", said(&private), "2048"])?;
        let read = ["rsa", "-in", said(&private)];
        openssl(&[&read[..], &["-RSAPublicKey_out", "-outform", "DER", "-out", said(&public)]].concat())?;
        openssl(&[&read[..], &["-pubout", "-out", said(&public_pem)]].concat())?;
        Ok(Pair { id: id.to_owned(), private, public, public_pem })
    }

    /// The private half as a profile's keychain has it.
    pub fn pem(&self) -> Result<String> {
        std::fs::read_to_string(&self.private).with_context(|| self.private.display().to_string())
    }
}

/// What OpenSSL signs with that key, over `SHA1` or `SHA256`.
pub fn sign(private: &Path, hash: &str, text: &str) -> Result<Vec<u8>> {
    use std::io::Write as _;
    let mut command = Command::new("openssl");
    command.args(["dgst", &format!("-{}", hash.to_ascii_lowercase()), "-sign"]).arg(private);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().context("a pipe")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "openssl dgst: {}", output.status);
    Ok(output.stdout)
}

/// Base64 as CloudFront has it in addresses and cookies.
pub fn for_addresses(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "-").replace('=', "_").replace('/', "~")
}

/// And back.
pub fn from_addresses(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.replace('-', "+").replace('_', "=").replace('~', "/")).ok()
}

/// Seconds since 1970.
pub fn now() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?)
}

pub fn said(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

fn openssl(words: &[&str]) -> Result<()> {
    let output = Command::new("openssl").args(words).output().context("openssl")?;
    ensure!(output.status.success(), "openssl {}: {}", words[0], String::from_utf8_lossy(&output.stderr));
    Ok(())
}
