//! Every call of `calls.tsv` on every policy, by a simulator that is not ours, beside what `needed.toml` says; and whether
//! anything in the policies could be left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::Rushesctl;
use rushes_rig::{Scratch, npm};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{BUREAU, TEMPLATE};

const CALLS: &str = include_str!("calls.tsv");
const NEEDED: &str = include_str!("needed.toml");
const OWN_BUREAU_ONLY: &str = "reporter, own bureau only";

/// A newsroom with every way that a policy is about.
const NEWSROOM: [&str; 20] = [
    "--bucket",
    "agency-footage",
    "--region",
    "eu-west-1",
    "--accelerate",
    "--multi-region",
    "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
    "--cloudfront",
    "d111111abcdef8.cloudfront.net",
    "--cloudfront-signer",
    "grant:https://abc123.lambda-url.eu-west-1.on.aws",
    "--replica",
    "agency-footage-us@us-east-1",
    "--replica-takes-uploads",
    "profile",
    "policies",
    "--grant-function",
    "arn:aws:lambda:eu-west-1:123456789012:function:grant",
    "--kms-key",
    "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
];

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct Simulated {
    pub calls: usize,
    pub policies: usize,
    pub allowed: usize,
    pub denied: usize,
    /// Allowed and not needed, or the other way round.
    pub off: Vec<Value>,
    /// What the simulator finds wrong with the policies or the calls.
    pub wrong: Vec<Value>,
    /// Single actions on single resources, and those without which nothing that is needed would be refused.
    pub grains: usize,
    pub idle: Vec<Value>,
}

#[derive(Deserialize)]
struct Table {
    needed: Vec<Needed>,
}

#[derive(Deserialize)]
struct Needed {
    roles: Vec<String>,
    actions: Vec<String>,
    places: Vec<String>,
}

#[derive(Deserialize)]
struct Answers {
    answers: BTreeMap<String, Vec<Option<bool>>>,
    wrong: Vec<Value>,
}

pub async fn all(scratch: &Scratch, ctl: &Rushesctl) -> Result<Simulated> {
    let folder = scratch.folder("policies");
    write(ctl, &folder, &[]).await?;
    let narrow = scratch.folder("narrow");
    write(ctl, &narrow, &["--own-bureau-only", "--role", "reporter"]).await?;
    fs::rename(narrow.join("reporter.json"), folder.join(format!("{OWN_BUREAU_ONLY}.json")))?;

    let calls: Vec<(&str, &str, &str)> = CALLS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split('\t');
            Some((words.next()?, words.next()?, words.next()?))
        })
        .collect::<Option<_>>()
        .context("a call without its words")?;
    let needed = needed(&calls)?;
    let scratch = scratch.folder("simulated");
    let said = tokio::task::spawn_blocking({
        let (scratch, folder) = (scratch.clone(), folder.clone());
        move || simulate(&scratch, &folder)
    })
    .await??;

    let mut simulated = Simulated { calls: calls.len(), wrong: said.wrong, ..Simulated::default() };
    for (role, answers) in &said.answers {
        simulated.policies += 1;
        for (i, ((place, action, resource), answer)) in calls.iter().zip(answers).enumerate() {
            let wanted = needed.contains(&(role.as_str(), action, place));
            match answer {
                Some(true) if wanted => simulated.allowed += 1,
                Some(false) if !wanted => simulated.denied += 1,
                said => simulated.off.push(
                    json!({ "role": role, "call": i, "action": action, "on": resource, "needed": wanted, "allowed": said }),
                ),
            }
        }
    }
    ensure!(simulated.policies == 5, "{} policies", simulated.policies);
    let variants = scratch.join("variants");
    let grains = cut_up(&folder, &variants)?;
    let said = tokio::task::spawn_blocking(move || simulate(&scratch, &variants)).await??;
    simulated.grains = grains.len();
    for (variant, grain) in grains {
        let answers = said.answers.get(&variant).context("a policy that was not tried")?;
        let role = variant.split('~').next().unwrap_or("");
        let misses = |((place, action, _), answer): (&(&str, &str, &str), &Option<bool>)| {
            needed.contains(&(role, action, place)) && *answer != Some(true)
        };
        if !calls.iter().zip(answers).any(misses) {
            simulated.idle.push(grain);
        }
    }
    Ok(simulated)
}

async fn write(ctl: &Rushesctl, folder: &Path, more: &[&str]) -> Result<()> {
    let into = folder.display().to_string();
    let place = ["--bureau", BUREAU, "--template", TEMPLATE, "--into", &into];
    ctl.run(&[&NEWSROOM[..], &place, more].concat()).await?.ok()?;
    Ok(())
}

/// Each a role, an action and a place. One that is in no call would be tried by nobody.
fn needed(calls: &[(&str, &str, &str)]) -> Result<BTreeSet<(&'static str, &'static str, &'static str)>> {
    let table: &'static Table = Box::leak(Box::new(toml::from_str(NEEDED)?));
    let mut all = BTreeSet::new();
    for needed in &table.needed {
        for (action, place) in needed.actions.iter().flat_map(|a| needed.places.iter().map(move |p| (a, p))) {
            let is_tried = calls.iter().any(|(in_place, is, _)| is == action && in_place == place);
            ensure!(is_tried, "{action} at {place} is needed and in no call");
            all.extend(needed.roles.iter().map(|role| (role.as_str(), action.as_str(), place.as_str())));
        }
    }
    Ok(all)
}

fn simulate(scratch: &Path, policies: &Path) -> Result<Answers> {
    let (script, list) = (scratch.join("simulate.mjs"), scratch.join("calls.tsv"));
    fs::write(&script, include_str!("simulate.mjs"))?;
    fs::write(&list, CALLS)?;
    let output = Command::new("node").arg(&script).arg(npm::iam_simulate()?).arg(policies).arg(&list).output()?;
    ensure!(output.status.success(), "node: {}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Each policy without one action on one resource, as files; and what was left out of each.
fn cut_up(policies: &Path, variants: &Path) -> Result<Vec<(String, Value)>> {
    fs::create_dir_all(variants)?;
    let mut all = Vec::new();
    for found in fs::read_dir(policies)? {
        let path = found?.path();
        let role = path.file_stem().context("a name")?.to_string_lossy().into_owned();
        let policy: Value = serde_json::from_slice(&fs::read(&path)?)?;
        let statements = policy["Statement"].as_array().context("statements")?;
        for (i, statement) in statements.iter().enumerate() {
            let words = |key: &str| -> Result<Vec<String>> { Ok(serde_json::from_value(statement[key].clone())?) };
            for (action, resource) in words("Action")?
                .iter()
                .flat_map(|a| words("Resource").unwrap_or_default().into_iter().map(move |r| (a.clone(), r)))
            {
                let mut left = statements.clone();
                left.remove(i);
                let without = |key: &str, one: &str, other_key: &str, other: Vec<String>| -> Result<Value> {
                    let mut part = statement.clone();
                    part[key] = json!(words(key)?.into_iter().filter(|word| word != one).collect::<Vec<_>>());
                    part[other_key] = json!(other);
                    Ok(part)
                };
                // All other actions on all resources, and this one on all others.
                let parts = [
                    without("Action", &action, "Resource", words("Resource")?)?,
                    without("Resource", &resource, "Action", vec![action.clone()])?,
                ];
                let is_some = |part: &Value| ["Action", "Resource"].iter().all(|key| part[*key] != json!([]));
                for (n, mut part) in parts.into_iter().filter(is_some).enumerate() {
                    part["Sid"] = json!(format!("Rest{n}"));
                    left.push(part);
                }
                let name = format!("{role}~{}", all.len());
                let variant = json!({ "Version": policy["Version"], "Statement": left });
                fs::write(variants.join(format!("{name}.json")), variant.to_string())?;
                all.push((name, json!({ "role": role, "action": action, "resource": resource })));
            }
        }
    }
    Ok(all)
}
