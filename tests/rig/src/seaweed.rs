//! SeaweedFS: a store that we did not write, and the one nearest to S3 of those that run here.
//! May not live here: what a test does with the bucket.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

use crate::authority::{self, Certificate};
use crate::child::{Child, Streams};
use crate::env::Env;
use crate::ports::Port;
use crate::store::{Bucket, Keys};
use crate::{Scratch, pypi, warden};

/// It takes four seconds by itself, most of them spent in waits of its own.
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// The bucket that is made at the start.
pub const BUCKET: &str = "rig-footage";

/// A key that is written and deleted at each start.
const PROBE: &str = "rushes-rig-probe";

/// How a SeaweedFS shall be.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Random ones otherwise.
    pub keys: Option<Keys>,
    /// Beside http: with a certificate of a throwaway authority.
    pub https: bool,
    /// Where it listens, 127.0.0.1 otherwise. One in another network is started from a thread that is in there.
    pub address: Option<IpAddr>,
    /// Names before which buckets may stand; `s3.localhost` otherwise.
    pub domains: Vec<String>,
    /// Whoever has no key may read the bucket.
    pub all_may_read: bool,
    /// Others than the owner of the keys, who may do everything: each may do what an IAM policy lets them.
    pub users: Vec<User>,
}

/// Somebody whom the store lets do what a policy says, and nothing else.
#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub keys: Keys,
    /// A policy document of IAM's. SeaweedFS knows its actions, resources and conditions.
    pub policy: String,
}

impl User {
    pub fn new(name: &str, policy: &str) -> User {
        User { name: name.to_owned(), keys: Keys::random(), policy: policy.to_owned() }
    }
}

/// Serves S3 until dropped.
#[derive(Debug)]
pub struct Seaweed {
    plain: Bucket,
    secure: Option<Bucket>,
    ports: Ports,
    weed: PathBuf,
    options: Vec<String>,
    folder: PathBuf,
    child: Option<Child>,
}

#[derive(Debug)]
struct Ports {
    master: [Port; 2],
    volume: [Port; 2],
    filer: [Port; 2],
    s3: [Port; 2],
    https: Port,
}

impl Seaweed {
    /// Ready when it returns: the bucket [`BUCKET`] is there.
    pub async fn start(scratch: &Scratch) -> Result<Seaweed> {
        Seaweed::start_as(scratch, Wishes::default()).await
    }

    pub async fn start_as(scratch: &Scratch, wishes: Wishes) -> Result<Seaweed> {
        let weed = spawn_blocking(pypi::seaweedfs).await??;
        let folder = scratch.fresh("seaweed")?;
        let keys = wishes.keys.unwrap_or_else(Keys::random);
        let address = wishes.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let named: Vec<&str> = wishes.domains.iter().map(String::as_str).collect();
        let certificate = match (wishes.https, named.is_empty()) {
            (false, _) => None,
            (true, true) => Some(authority::certify(scratch, address)?),
            (true, false) => {
                let address = address.to_string();
                Some(authority::certify_names(scratch, &[&[&*address, "localhost"], &*named].concat())?)
            }
        };
        let ports = Ports::claim()?;
        ports.sockets().iter().for_each(|socket| warden::path(socket));

        let plain = Bucket {
            endpoint: format!("http://{address}:{}", ports.s3[0].number()),
            region: "us-east-1".to_owned(),
            name: BUCKET.to_owned(),
            keys,
            ca: None,
        };
        let secure = certificate.as_ref().map(|made| Bucket {
            endpoint: format!("https://{address}:{}", ports.https.number()),
            ca: Some(made.authority.clone()),
            ..plain.clone()
        });
        write_identities(&folder, &plain.keys, wishes.all_may_read, &wishes.users)?;
        let mut options = options(&folder, address, &ports, certificate.as_ref())?;
        let domains = if wishes.domains.is_empty() { "s3.localhost".to_owned() } else { wishes.domains.join(",") };
        options.push(format!("-s3.domainName={domains}"));
        let mut seaweed = Seaweed { plain, secure, ports, weed, options, folder, child: None };
        seaweed.launch(true).await?;
        Ok(seaweed)
    }

    /// By plain http.
    pub fn bucket(&self) -> &Bucket {
        &self.plain
    }

    /// The same bucket by https, if that was wished for.
    pub fn secure(&self) -> Option<&Bucket> {
        self.secure.as_ref()
    }

    /// Kills it, as a power cut would. What it held stays on disk.
    pub fn kill(&mut self) {
        // Asked kindly it would take half a minute.
        self.child = None;
        for socket in self.ports.sockets() {
            let _ = fs::remove_file(socket);
        }
    }

    /// Starts it after [`Seaweed::kill`], on the same ports, with what it had.
    pub async fn start_again(&mut self) -> Result<()> {
        self.kill();
        self.launch(false).await
    }

    /// Gives the room of deleted objects back to the disk, which it does by itself only now and then. For tests that
    /// write more than the disk holds.
    pub async fn vacuum(&self) -> Result<()> {
        let (host, _) = self.plain.address().rsplit_once(':').context("an address")?;
        let mut stream = TcpStream::connect((host, self.ports.master[0].number())).await?;
        stream.write_all(b"GET /vol/vacuum?garbageThreshold=0.001 HTTP/1.0\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        ensure!(answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200"), "vacuum: {answer}");
        Ok(())
    }

    async fn launch(&mut self, is_new: bool) -> Result<()> {
        let mut command = Command::new(&self.weed);
        command.args(&self.options).current_dir(&self.folder);
        let env = Env::new()
            // S3 itself speaks HTTP/1.1 only; by HTTP/2 a Go client would send all parts over one connection.
            .with("GODEBUG", "http2server=0")
            // Without a key it answers server-side encryption with 500.
            .with("WEED_S3_SSE_KEY", "rushes-rig");
        let mut child = Child::start_as("weed", command, &env, &self.folder, Streams::default())?;
        let witness = self.plain.witness()?;
        let mut is_missing = is_new;
        child
            .ready("SeaweedFS answers", STARTED_WITHIN, async || {
                if is_missing {
                    is_missing = witness.create().await.is_err();
                }
                // It answers before it finds its volumes, and then fails to read what it has.
                let is_ready = !is_missing && witness.put(PROBE, "p").await.is_ok();
                Ok(is_ready.then_some(()))
            })
            .await?;
        witness.delete(PROBE).await?;
        self.child = Some(child);
        Ok(())
    }
}

impl Drop for Seaweed {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Ports {
    fn claim() -> Result<Ports> {
        let pair = || Ok::<_, anyhow::Error>([Port::claim()?, Port::claim()?]);
        Ok(Ports { master: pair()?, volume: pair()?, filer: pair()?, s3: pair()?, https: Port::claim()? })
    }

    fn by_service(&self) -> [(&'static str, &[Port; 2]); 4] {
        [("master", &self.master), ("volume", &self.volume), ("filer", &self.filer), ("s3", &self.s3)]
    }

    /// What it leaves in the temporary folder, wherever TMPDIR points.
    fn sockets(&self) -> [PathBuf; 4] {
        self.by_service()
            .map(|(service, [_, grpc])| PathBuf::from(format!("/tmp/seaweedfs-{service}-grpc-{}.sock", grpc.number())))
    }
}

/// Who is let in, and to what.
fn write_identities(folder: &Path, keys: &Keys, all_may_read: bool, users: &[User]) -> Result<()> {
    let credentials = |keys: &Keys| json!([{ "accessKey": keys.id, "secretKey": keys.secret }]);
    let actions = ["Admin", "Read", "Write", "List", "Tagging"];
    let mut known = vec![json!({ "name": "rig", "credentials": credentials(keys), "actions": actions })];
    if all_may_read {
        known.push(json!({ "name": "anonymous", "actions": [format!("Read:{BUCKET}")] }));
    }
    let of =
        |user: &User| json!({ "name": user.name, "credentials": credentials(&user.keys), "policyNames": [user.name] });
    known.extend(users.iter().map(of));
    let policies: Vec<_> = users.iter().map(|user| json!({ "name": user.name, "content": user.policy })).collect();
    let all = json!({ "identities": known, "policies": policies });
    Ok(fs::write(folder.join("identities.json"), all.to_string())?)
}

fn options(folder: &Path, address: IpAddr, ports: &Ports, certificate: Option<&Certificate>) -> Result<Vec<String>> {
    fs::create_dir_all(folder.join("store")).context("SeaweedFS's folder")?;

    // Paths are relative to the folder, where it can be: a socket's path may have 107 characters at most.
    let mut options = vec!["server".to_owned()];
    let mut say = |option: &str, value: &str| options.push(format!("-{option}={value}"));
    say("dir", "store");
    say("ip", &address.to_string());
    say("ip.bind", &address.to_string());
    say("master.telemetry", "false");
    // It is alone. By default it asks around for twenty seconds when it starts again.
    say("master.electionTimeout", "1s");
    say("master.volumeSizeLimitMB", "1024");
    say("volume.max", "50");
    say("filer", "true");
    say("filer.localSocket", "filer.sock");
    say("s3", "true");
    say("s3.localSocket", "s3.sock");
    say("s3.config", "identities.json");
    // A bucket that is missing is to be missing, as on S3.
    say("s3.autoCreateBucket", "false");
    // More listeners that it has by default.
    say("s3.port.iceberg", "0");
    say("s3.port.lance", "0");
    for (service, [port, grpc]) in ports.by_service() {
        say(&format!("{service}.port"), &port.number().to_string());
        say(&format!("{service}.port.grpc"), &grpc.number().to_string());
    }
    if let Some(made) = certificate {
        say("s3.port.https", &ports.https.number().to_string());
        say("s3.cert.file", &made.certificate.display().to_string());
        say("s3.key.file", &made.key.display().to_string());
    }
    Ok(options)
}
