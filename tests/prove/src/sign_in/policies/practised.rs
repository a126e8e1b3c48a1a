//! The command line with each role's keys, on SeaweedFS, which enforces actions, resources and conditions of IAM policies:
//! what a role's day is made of works with exactly its policy, all else is refused in a sentence that names the permission.
//! And what a stranger could do with the same keys and another client.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::{Ended, Rushesctl};
use rushes_rig::keychain::Keychain;
use rushes_rig::seaweed::{self, Seaweed, User, Wishes};
use rushes_rig::store::{Bucket, Witness};
use rushes_rig::{Scratch, footage};
use serde::Serialize;

use super::{BUREAU, TEMPLATE};

/// Several parts.
const CLIP: u64 = 17_000_000;
const ROLES: [&str; 4] = ["reporter", "editor", "ingest", "it"];
const THEIRS: &str = "Manila/2026-11-22/flood/theirs.mxf";

/// One thing that was tried.
#[derive(Debug, Serialize)]
pub struct Step {
    role: String,
    what: String,
    pub as_expected: bool,
    said: String,
}

struct Day<'a> {
    ctl: Rushesctl,
    /// With the role's keys.
    bucket: Bucket,
    role: &'static str,
    owner: &'a Witness,
    clip: &'a str,
    steps: Vec<Step>,
}

pub async fn all(scratch: &Scratch, ctl: &Rushesctl) -> Result<Vec<Step>> {
    let policies = scratch.fresh("practised")?;
    let into = policies.display().to_string();
    // An endpoint of its own: AWS's conditions on puts are none that this store knows.
    let words = ["profile", "policies", "--bucket", seaweed::BUCKET, "--region", "us-east-1"];
    let place = ["--endpoint", "https://s3.invalid", "--bureau", BUREAU, "--template", TEMPLATE, "--into", &into];
    ctl.run(&[&words[..], &place].concat()).await?.ok()?;
    let mut users = BTreeMap::new();
    for role in ROLES {
        users.insert(role, User::new(role, &fs::read_to_string(policies.join(format!("{role}.json")))?));
    }
    let wishes = Wishes { users: users.values().cloned().collect(), ..Wishes::default() };
    let seaweed = Seaweed::start_as(scratch, wishes).await?;
    let owner = seaweed.bucket().witness()?;
    owner.put(THEIRS, vec![7; 6_000_000]).await?;
    let keychain = Keychain::unlocked(scratch).await?;
    let clip = scratch.join("clip.mxf");
    footage::random(&clip, CLIP, 6)?;
    let clip = clip.display().to_string();

    let mut steps = Vec::new();
    for role in ROLES {
        let keys = users[role].keys.clone();
        let bucket = Bucket { keys, ..seaweed.bucket().clone() };
        let ctl = ctl.clone().at(&scratch.fresh(role)?).with(keychain.env()).with(&bucket.env());
        let mut day = Day { ctl, bucket, role, owner: &owner, clip: &clip, steps: Vec::new() };
        day.begins().await?;
        match role {
            "reporter" => day.of_reporter(scratch).await?,
            "editor" => day.of_editor(scratch).await?,
            "ingest" => day.of_ingest().await?,
            _ => day.of_it().await?,
        }
        steps.extend(day.steps);
    }
    let left = owner.unfinished().await?;
    ensure!(left.is_empty(), "unfinished uploads are left: {left:?}");
    ensure!(owner.get(THEIRS).await?.len() == 6_000_000, "another bureau's clip is not what it was");
    Ok(steps)
}

impl Day<'_> {
    fn note(&mut self, what: &str, as_expected: bool, said: impl ToString) {
        let said = said.to_string();
        if !as_expected {
            eprintln!("    {} {what}: {said}", self.role);
        }
        let (role, what) = (self.role.to_owned(), what.to_owned());
        self.steps.push(Step { role, what, as_expected, said });
    }

    async fn run(&self, words: &[&str]) -> Result<Ended> {
        self.ctl.run(&[words, &["--json"]].concat()).await
    }

    async fn works(&mut self, what: &str, words: &[&str]) -> Result<Ended> {
        let ended = self.run(words).await?;
        self.note(what, ended.status == Some(0), format!("{}{}", ended.stdout, ended.stderr));
        Ok(ended)
    }

    /// In a sentence that says what is missing, and where.
    async fn is_refused(&mut self, what: &str, words: &[&str], action: &str, at: &str) -> Result<()> {
        let ended = self.run(words).await?;
        let said = format!("{}{}", ended.stdout, ended.stderr);
        let sentence = format!("Your keys may not do {action} in {at}. Ask IT for that permission, then retry.");
        let names_it = said.contains(&sentence) && said.contains("accessDenied");
        self.note(what, ended.status == Some(1) && names_it, said);
        Ok(())
    }

    /// Asked by a client that is not the product's.
    fn refused<T>(&mut self, what: &str, answer: Result<T>) {
        let error = answer.err().map(|error| format!("{error:#}"));
        let is_refusal = error.as_ref().is_some_and(|error| error.contains("AccessDenied") || error.contains("403"));
        self.note(
            &format!("a stranger with these keys: {what}"),
            is_refusal,
            error.unwrap_or_else(|| "done".to_owned()),
        );
    }

    /// The connection is tried when a newsroom is added.
    async fn begins(&mut self) -> Result<()> {
        let options = self.bucket.options();
        let place = ["profile", "add", "Newsroom", "--bureau", BUREAU, "--template", TEMPLATE];
        let ended = self.ctl.run(&[&place[..], &options].concat()).await?;
        self.note("adds the newsroom", ended.status == Some(0), ended.stderr);
        Ok(())
    }

    /// Sends a clip of several parts. Answers with its key.
    async fn sends(&mut self) -> Result<String> {
        let clip = self.clip;
        let ended = self.works("sends a clip of several parts", &["put", clip, "--slug", self.role]).await?;
        let key = ended.rows().first().and_then(|row| row["key"].as_str().map(str::to_owned)).context("no key")?;
        let is_there = key.starts_with("Nairobi/20") && self.owner.same(&key, clip.as_ref()).await?;
        self.note("it is in the bucket, under the own bureau", is_there, &key);
        let again =
            self.works("the same clip again is found there and not sent", &["put", clip, "--slug", self.role]).await?;
        let is_found = again.rows().first().is_some_and(|row| row["key"] == key.as_str());
        self.note("it keeps its key", is_found, again.stdout);
        Ok(key)
    }

    async fn puts_elsewhere(&mut self) -> Result<()> {
        let (clip, bucket) = (self.clip, seaweed::BUCKET);
        for (to, folder) in [("Manila", "Manila"), ("Nairobi-East/raw", "Nairobi-East")] {
            let (what, at) = (format!("puts to {to}"), format!("{bucket}/{folder}/"));
            self.is_refused(&what, &["put", clip, "--to", to], "s3:PutObject", &at).await?;
        }
        Ok(())
    }

    async fn as_a_stranger(&mut self, own: &str) -> Result<()> {
        let witness = self.bucket.witness()?;
        self.refused("deletes an own clip", witness.delete(own).await);
        self.refused("deletes another's", witness.delete(THEIRS).await);
        self.refused("writes over another's", witness.put(THEIRS, "x").await);
        let client = witness.client();
        let (bucket, open) = (self.bucket.name.clone(), r#"{"Version":"2012-10-17","Statement":[]}"#);
        let changed = client.put_bucket_policy().bucket(&bucket).policy(open).send().await;
        self.refused("changes the bucket's policy", changed.map_err(|error| anyhow::anyhow!("{error:?}")));
        let gone = client.delete_bucket().bucket(bucket).send().await;
        self.refused("deletes the bucket", gone.map_err(|error| anyhow::anyhow!("{error:?}")));
        Ok(())
    }

    async fn claims(&mut self) -> Result<()> {
        let witness = self.bucket.witness()?;
        let (own, other) = (".rushes/claims/Nairobi/one", ".rushes/claims/Manila/one");
        self.owner.put(other, "theirs").await?;
        let claimed = witness.put(own, "claimed").await;
        let read = witness.get(own).await;
        let given_back = witness.delete(own).await;
        let works = claimed.is_ok() && read.is_ok() && given_back.is_ok();
        self.note("claims a key and gives the claim back", works, format!("{claimed:?} {read:?} {given_back:?}"));
        self.refused("takes another bureau's claim away", witness.delete(other).await);
        self.refused("claims under another bureau", witness.put(".rushes/claims/Manila/two", "mine").await);
        Ok(())
    }

    async fn of_reporter(&mut self, scratch: &Scratch) -> Result<()> {
        let own = self.sends().await?;
        self.puts_elsewhere().await?;
        let listed = self.works("browses all bureaus", &["ls"]).await?;
        let all = listed.stdout.contains(THEIRS) && listed.stdout.contains(&own);
        self.note("sees the own clips and others'", all, listed.stdout);
        let into = scratch.fresh("reporter-into")?.display().to_string();
        self.works("fetches another bureau's clip", &["get", THEIRS, "--into", &into]).await?;
        self.claims().await?;
        self.as_a_stranger(&own).await
    }

    async fn of_editor(&mut self, scratch: &Scratch) -> Result<()> {
        let listed = self.works("browses all bureaus", &["ls"]).await?;
        self.note("sees them", listed.stdout.contains(THEIRS), listed.stdout);
        let into = scratch.fresh("editor-into")?.display().to_string();
        self.works("fetches a clip", &["get", THEIRS, "--into", &into]).await?;
        let (clip, at) = (self.clip, format!("{}/Nairobi/", seaweed::BUCKET));
        self.is_refused("puts a clip", &["put", clip], "s3:PutObject", &at).await?;
        self.puts_elsewhere().await?;
        self.as_a_stranger("Nairobi/x").await
    }

    async fn of_ingest(&mut self) -> Result<()> {
        let own = self.sends().await?;
        self.puts_elsewhere().await?;
        let listed = self.works("lists its own bureau", &["ls", "Nairobi/"]).await?;
        self.note("sees what it sent", listed.stdout.contains(&own), listed.stdout);
        let bucket = seaweed::BUCKET;
        self.is_refused("lists the bucket", &["ls"], "s3:ListBucket", bucket).await?;
        self.is_refused("lists another bureau", &["ls", "Manila/"], "s3:ListBucket", &format!("{bucket}/Manila/"))
            .await?;
        let at = format!("{bucket}/Manila/");
        self.is_refused("fetches another bureau's clip", &["get", THEIRS], "s3:GetObject", &at).await?;
        let witness = self.bucket.witness()?;
        self.refused("lists unfinished uploads", witness.unfinished().await);
        self.claims().await?;
        self.as_a_stranger(&own).await
    }

    async fn of_it(&mut self) -> Result<()> {
        let listed = self.works("lists the bucket", &["ls"]).await?;
        self.note("sees all by name", listed.stdout.contains(THEIRS), listed.stdout);
        let (clip, at) = (self.clip, format!("{}/Manila/", seaweed::BUCKET));
        self.is_refused("fetches a clip", &["get", THEIRS], "s3:GetObject", &at).await?;
        let own = format!("{}/Nairobi/", seaweed::BUCKET);
        // What is there may not be looked at either, so putting is what is refused.
        self.is_refused("puts a clip", &["put", clip], "s3:PutObject", &own).await?;
        let upload = self.owner.begin("Manila/left.mxf").await?;
        self.owner.put_part(&upload, 1, vec![1; 100]).await?;
        let witness = self.bucket.witness()?;
        let swept = async {
            ensure!(witness.unfinished().await?.contains(&upload), "it is not listed");
            ensure!(witness.parts(&upload).await?.len() == 1, "its part is not listed");
            witness.abort(&upload).await
        };
        let swept = swept.await;
        self.note("ends an upload that another left unfinished", swept.is_ok(), format!("{swept:?}"));
        self.as_a_stranger("Nairobi/x").await
    }
}
