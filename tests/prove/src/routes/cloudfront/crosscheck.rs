//! Our signatures beside others': botocore's, byte for byte, over SHA-1; and OpenSSL, which botocore's signer cannot replace
//! there, over SHA-256.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngCore as _};
use rushes_engine::cloudfront::{Hash, KeyPair, Policy, resource};
use rushes_rig::pypi;
use serde::Serialize;
use serde_json::json;
use url::Url;

use super::DOMAIN;
use super::keys::{Pair, from_addresses, said};

const SIGNS: &str = include_str!("aws_signer.py");
/// Of each kind.
const CASES: usize = 20;

/// What is signed for. Without a resource of its own the policy is a canned one.
#[derive(Debug, Serialize)]
struct Case {
    address: Url,
    resource: Option<String>,
    until: i64,
    from: Option<i64>,
    ip: Option<String>,
}

impl Case {
    fn random(is_canned: bool) -> Result<Case> {
        let mut random = rand::rng();
        let letters: Vec<char> = "abcXYZ019 _-~.+&=?#%*'()/äß漢".chars().collect();
        let mut word = |count| (0..count).filter_map(|_| letters.choose(&mut random)).collect::<String>();
        // A segment of dots alone has no address.
        let key = format!("manila/x{}/y{}.mxf", word(12), word(12)).replace("/.", "/x.");
        let address = resource(DOMAIN, &key)?;
        let until = 1_800_000_000 + i64::from(random.random_range(0..1_000_000));
        if is_canned {
            return Ok(Case { address, resource: None, until, from: None, ip: None });
        }
        let wide = if random.random() { format!("https://{DOMAIN}/manila/*") } else { format!("{address}*") };
        let number = random.next_u32();
        let ip = std::net::Ipv4Addr::from(number);
        let ip = if number.is_multiple_of(2) { ip.to_string() } else { format!("{ip}/24") };
        let (from, ip) = (random.random::<bool>().then(|| until - 7_200), random.random::<bool>().then_some(ip));
        Ok(Case { address, resource: Some(wide), until, from, ip })
    }

    fn policy(&self) -> Policy {
        match self.resource.clone() {
            None => Policy::canned(self.address.as_str(), self.until),
            Some(resource) => Policy { resource, until: self.until, from: self.from, ip: self.ip.clone() },
        }
    }
}

/// How many addresses of ours are botocore's, byte for byte.
pub fn like_botocore(pair: &Pair) -> Result<(usize, usize)> {
    let cases: Vec<Case> = (0..CASES).map(|number| Case::random(number % 2 == 0)).collect::<Result<_>>()?;
    let mut python = Command::new(pypi::aws()?.join("bin/python"));
    python.args(["-c", SIGNS]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().context("python")?;
    let asked = json!({ "id": pair.id, "private": pair.private, "cases": cases });
    python.stdin.take().context("a pipe")?.write_all(asked.to_string().as_bytes())?;
    let output = python.wait_with_output()?;
    ensure!(output.status.success(), "botocore: {}", output.status);
    let theirs: Vec<String> = serde_json::from_slice(&output.stdout)?;
    ensure!(theirs.len() == cases.len(), "botocore signs {} of {}", theirs.len(), cases.len());
    let signer = KeyPair::new(&pair.id, &pair.pem()?)?;
    let mut same = 0;
    for (case, theirs) in cases.iter().zip(&theirs) {
        let ours = signer.sign(&case.policy(), Hash::Sha1)?.on(&case.address).expose().clone();
        match ours.as_str() == theirs {
            true => same += 1,
            false => eprintln!("    ours: {ours}\n    botocore's: {theirs}"),
        }
    }
    Ok((same, cases.len()))
}

/// How many signatures of ours OpenSSL takes, and refuses for another policy.
pub fn openssl_takes(pair: &Pair, folder: &Path) -> Result<(usize, usize)> {
    let signer = KeyPair::new(&pair.id, &pair.pem()?)?;
    let mut right = 0;
    for number in 0..CASES {
        let case = Case::random(number % 2 == 0)?;
        let policy = case.policy();
        let signed = signer.sign(&policy, Hash::Sha256)?;
        let signature = from_addresses(&signed.signature).context("base64")?;
        let file = folder.join(format!("signature-{number}"));
        std::fs::write(&file, signature)?;
        let other = Policy { until: policy.until + 1, ..policy.clone() };
        let verify = |text: &str| verifies(pair, &file, text);
        right += usize::from(verify(&policy.text()?)? && !verify(&other.text()?)?);
    }
    Ok((right, CASES))
}

fn verifies(pair: &Pair, signature: &Path, text: &str) -> Result<bool> {
    let mut command = Command::new("openssl");
    command.args(["dgst", "-sha256", "-verify", said(&pair.public_pem), "-signature", said(signature)]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    child.stdin.take().context("a pipe")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    match (output.status.success(), said.trim()) {
        (true, "Verified OK") => Ok(true),
        (false, "Verification failure" | "Verification Failure") => Ok(false),
        _ => anyhow::bail!("openssl dgst -verify: {} {said}", output.status),
    }
}
