//! A second region with a bucket that holds what the first one's does. No server here replicates: what stands in for that
//! is the row's own putting of the same file into both, cut into the same parts, so that both say the same ETag and
//! checksum of it, as S3's copies do.
//! May not live here: what happens when a region is down.

use anyhow::{Context, Result, ensure};
use rushes_bench::link::{Carrier, Namespace};
use rushes_rig::ctl::Rushesctl;
use rushes_rig::seaweed::{Seaweed, Wishes};
use rushes_rig::store::{Bucket, Head};
use tokio::runtime::Handle;

use super::front::{Asked, Front, Server};
use super::stage::{REPLICA, REPLICA_HOME, Stage};
use super::world::{SECOND, door};
use crate::built;

/// Taken down when dropped, which is before the stage is.
pub struct Second {
    front: Front,
    seaweed: Seaweed,
    _way: Carrier,
    network: Namespace,
}

impl Second {
    /// So far from the town, there and back. Blocks.
    pub fn open(stage: &Stage, ms: f64) -> Result<Second> {
        let (way, network) = stage.world.second(ms)?;
        let domain = format!("s3.{REPLICA_HOME}.amazonaws.com");
        let keys = Some(stage.bucket().keys);
        let wishes = Wishes { keys, domains: vec![domain.clone()], ..Wishes::default() };
        let seaweed = network.enter_async(async || {
            let seaweed = Seaweed::start_as(&stage.scratch, wishes).await?;
            seaweed.bucket().named(REPLICA).witness()?.create().await?;
            Ok(seaweed)
        })?;
        let server = Server {
            names: vec![format!("*.{domain}")],
            listen: vec![format!("{SECOND}:443 ssl")],
            body: format!("location / {{ proxy_pass http://{}; }}", seaweed.bucket().address()),
        };
        let front = Front::start(&stage.scratch, "second", &network, &stage.tls, "", &[server])?;
        Ok(Second { front, seaweed, _way: way, network })
    }

    /// The file is in the first region from now on, and in this one if `is_copied`. Put from within each, so it takes no
    /// time; where it is in both, both say the same of it, or this errors.
    pub fn hold(&self, stage: &Stage, file: &str, prefix: &str, is_copied: bool) -> Result<()> {
        let first = stage.seaweed.bucket();
        put(stage, &stage.world.region, first, file, prefix)?;
        if !is_copied {
            return Ok(());
        }
        let replica = self.seaweed.bucket().named(REPLICA);
        put(stage, &self.network, &replica, file, prefix)?;
        let name = file.rsplit('/').next().unwrap_or(file);
        let key = format!("{prefix}/{name}");
        let here = head(&stage.world.region, first, &key)?;
        let there = head(&self.network, &replica, &key)?;
        let are_alike = (&here.etag, &here.crc64nvme, here.size) == (&there.etag, &there.crc64nvme, there.size);
        ensure!(are_alike, "the copy is another one: {here:?}, {there:?}");
        Ok(())
    }

    /// What was asked for under its real name.
    pub fn asked(&self) -> Result<Vec<Asked>> {
        self.front.asked()
    }
}

fn put(stage: &Stage, network: &Namespace, bucket: &Bucket, file: &str, prefix: &str) -> Result<()> {
    let folder = stage.scratch.fresh("copying")?;
    let inside = door(network, &folder, &built::release("rushesctl"))?;
    let ctl = Rushesctl::new(&stage.scratch, inside)?.with(&bucket.env());
    let words = [&bucket.options()[..], &["--json", "put", file, "--to", prefix]].concat();
    Handle::current().block_on(ctl.run(&words))?.ok().map(|_| ()).context("copying")
}

fn head(network: &Namespace, bucket: &Bucket, key: &str) -> Result<Head> {
    let found = network.enter_async(async || bucket.witness()?.head(key).await)?;
    found.with_context(|| format!("{key} is not in {}", bucket.name))
}
