//! Two laptops that write the same name at the same moment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::Rushesctl;
use rushes_rig::proxy::{Proxy, Request};
use rushes_rig::seaweed::{self, Seaweed};
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage, until};
use serde_json::{Value, json};

use super::Goals;
use crate::built;
use crate::evidence::Shown;
use crate::person::{LONG, SOON};

/// So many of them begin at once: the disk holds no more at a time.
const AT_ONCE: u32 = 5;
/// What is less than this is the byte by which a store is found out.
const PROBE: u64 = 4_096;

/// A laptop: a home of its own, and its own line to the store.
struct Laptop {
    ctl: Rushesctl,
    proxy: Proxy,
    bucket: Bucket,
    clips: PathBuf,
}

impl Laptop {
    async fn new(scratch: &Scratch, bucket: &Bucket, name: &str) -> Result<Laptop> {
        let proxy = Proxy::before(bucket).await?;
        let bucket = bucket.through(&proxy);
        let ctl = Rushesctl::new(scratch, built::binary("rushesctl")?)?.with(&bucket.env());
        Ok(Laptop { ctl, proxy, bucket, clips: scratch.folder(name) })
    }

    fn clip(&self, n: u32) -> PathBuf {
        self.clips.join(name(n))
    }
}

fn name(n: u32) -> String {
    format!("clip-{n:03}.mxf")
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let laptops =
        [Laptop::new(&scratch, seaweed.bucket(), "one").await?, Laptop::new(&scratch, seaweed.bucket(), "two").await?];
    let mut tally = Tally::default();
    let all: Vec<u32> = (0..goals.twins).collect();
    for (round, some) in all.chunks(AT_ONCE as usize).enumerate() {
        tally.round(&seaweed, &laptops, some, goals.twin_bytes).await?;
        // A volume's room is given back once enough of it is free.
        if round % 4 == 3 {
            seaweed.vacuum().await?;
        }
    }
    let witness = seaweed.bucket().witness()?;
    let (claims, unfinished) = (witness.claims().await?.len(), witness.unfinished().await?.len());
    let expected = 2 * u64::from(goals.twins) * goals.twin_bytes;
    let passes = tally.pairs == goals.twins
        && tally.overwritten == 0
        && tally.twice == 0
        && claims + unfinished == 0
        && tally.firsts.iter().all(|first| *first > 0);
    let figure = format!(
        "{} pairs of objects, each its sender's; {} overwritten, {} parts sent twice; {:.0} MB of parts for {:.0} MB; the \
         first name went {} : {} times to each laptop; {claims} claims and {unfinished} uploads left",
        tally.pairs,
        tally.overwritten,
        tally.twice,
        tally.sent as f64 / 1e6,
        expected as f64 / 1e6,
        tally.firsts[0],
        tally.firsts[1],
    );
    let samples = json!({
        "pairs": tally.samples, "part_bytes": tally.sent, "of": expected, "store": seaweed::BUCKET, "at_once": AT_ONCE,
    });
    Ok(Shown { figure, passes, samples })
}

#[derive(Default)]
struct Tally {
    pairs: u32,
    overwritten: u32,
    twice: usize,
    sent: u64,
    /// How often each laptop got the name that both wanted.
    firsts: [u32; 2],
    samples: Vec<Value>,
}

impl Tally {
    /// A few pairs, all of whose first requests reach the store at one moment.
    async fn round(&mut self, seaweed: &Seaweed, laptops: &[Laptop; 2], some: &[u32], bytes: u64) -> Result<()> {
        let mut running = Vec::new();
        for (i, laptop) in laptops.iter().enumerate() {
            let mut words: Vec<String> = laptop.bucket.options().map(str::to_owned).into();
            words.extend(["--json".to_owned(), "put".to_owned()]);
            for n in some {
                footage::random(&laptop.clip(*n), bytes, u64::from(*n) * 2 + i as u64)?;
                words.push(laptop.clip(*n).display().to_string());
            }
            laptop.proxy.forget_requests();
            laptop.proxy.stall();
            running.push(laptop.ctl.spawn(&words)?);
        }
        until("both laptops are at the door", SOON, async || {
            Ok(laptops.iter().all(|laptop| laptop.proxy.carried().open > 0).then_some(()))
        })
        .await?;
        laptops.iter().for_each(|laptop| laptop.proxy.pass());
        let mut rows: Vec<Vec<Value>> = Vec::new();
        for one in running {
            rows.push(one.wait(LONG).await?.ok()?.rows());
        }
        let witness = seaweed.bucket().witness()?;
        for n in some {
            let keys: Vec<String> = (0..2)
                .map(|i| {
                    let row = rows[i].iter().find(|row| row["name"] == name(*n).as_str()).context("no row")?;
                    row["key"].as_str().map(str::to_owned).context("no key")
                })
                .collect::<Result<_>>()?;
            let mut whole = true;
            for (key, laptop) in keys.iter().zip(laptops) {
                whole &= witness.same(key, &laptop.clip(*n)).await?;
            }
            let second = name(*n).replace(".mxf", "-2.mxf");
            let is_pair = whole && (keys == [name(*n), second.clone()] || keys == [second.clone(), name(*n)]);
            self.pairs += u32::from(is_pair);
            self.overwritten += u32::from(!whole);
            self.firsts[usize::from(keys[1] == name(*n))] += 1;
            self.samples.push(json!(keys));
            for (key, laptop) in keys.iter().zip(laptops) {
                witness.delete(key).await?;
                std::fs::remove_file(laptop.clip(*n))?;
            }
        }
        for laptop in laptops {
            self.count(&laptop.proxy.requests())?;
        }
        Ok(())
    }

    /// The store answered for each part of each clip once. The last of an upload may be begun a second time where it is slow:
    /// that is in the bytes.
    fn count(&mut self, requests: &[Request]) -> Result<()> {
        let mut parts: BTreeMap<(String, String), usize> = BTreeMap::new();
        for request in requests.iter().filter(|r| r.method == "PUT" && r.target.contains("partNumber=")) {
            self.sent += request.sent;
            let (path, query) = request.target.split_once('?').context("a part's query")?;
            let number = query.split('&').find(|word| word.starts_with("partNumber=")).context("a part's number")?;
            if request.sent > PROBE && request.status == Some(200) {
                *parts.entry((path.to_owned(), number.to_owned())).or_default() += 1;
            }
        }
        ensure!(!parts.is_empty(), "no part was seen");
        self.twice += parts.values().filter(|times| **times > 1).count();
        Ok(())
    }
}
