//! What others wrote and we ship: where it is from, under which licences, and what is known against it. What cannot be asked
//! from here is named, and must be asked by the workflow. A part that did not run is never taken for a clean one.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Goals;
use crate::built;
use crate::evidence::Shown;

const WORKFLOW: &str = ".github/workflows/ci.yml";

enum Ran {
    Clean,
    Found,
    /// Why not.
    Not(String),
}

struct Audit {
    name: &'static str,
    /// As the workflow has it.
    in_workflow: &'static str,
    ran: Ran,
    said: String,
}

pub async fn row(_: &Goals) -> Result<Shown> {
    let root = built::workspace();
    let workflow = std::fs::read_to_string(root.join(WORKFLOW)).context(WORKFLOW)?;
    let audits = tokio::task::spawn_blocking({
        let root = root.clone();
        move || all(&root)
    })
    .await?;
    let exceptions = exceptions(&root)?;
    let nowhere: Vec<&str> = audits
        .iter()
        .filter(|audit| matches!(audit.ran, Ran::Not(_)) && !workflow.contains(audit.in_workflow))
        .map(|audit| audit.name)
        .collect();
    let words: Vec<String> = audits.iter().map(said).collect();
    let ran = audits.iter().filter(|audit| !matches!(audit.ran, Ran::Not(_))).count();
    let found = audits.iter().filter(|audit| matches!(audit.ran, Ran::Found)).count();
    let explained = exceptions.iter().all(|one| one["reason"].as_str().is_some_and(|reason| reason.len() > 20));
    let samples: Vec<Value> =
        audits.iter().map(|audit| json!({ "audit": audit.name, "verdict": said(audit), "said": audit.said })).collect();
    Ok(Shown {
        figure: format!("{}; exceptions: {}, each explained", words.join("; "), exceptions.len()),
        passes: ran > 0 && found == 0 && nowhere.is_empty() && explained,
        samples: json!({ "audits": samples, "exceptions": exceptions, "neither here nor in the workflow": nowhere }),
    })
}

fn said(audit: &Audit) -> String {
    match &audit.ran {
        Ran::Clean => format!("{}: clean", audit.name),
        Ran::Found => format!("{}: NOT clean", audit.name),
        Ran::Not(why) => format!("{}: not run here ({why}), in the workflow alone", audit.name),
    }
}

fn all(root: &Path) -> Vec<Audit> {
    let deny = root.join("target/tools/bin/cargo-deny");
    let deny = if deny.is_file() { deny } else { built::target().join("tools/bin/cargo-deny") };
    let run = |name, in_workflow, command: &mut Command, judge: fn(&Ended) -> Ran| {
        let (ran, said) = match ended(command.current_dir(root)) {
            Ok(ended) => (judge(&ended), ended.said),
            Err(error) => (Ran::Not("the program is not here".into()), format!("{error:#}")),
        };
        Audit { name, in_workflow, ran, said }
    };
    let deny = |what: &[&str]| {
        let mut command = Command::new(&deny);
        command.args(["--log-level", "warn", "--color", "never", "check"]).args(what);
        command
    };
    let npm = |more: &[&str]| {
        let mut command = Command::new("npm");
        command.args(["--prefix", "ui", "audit", "--json"]).args(more);
        command
    };
    vec![
        run("bans, licences, sources", "make test", &mut deny(&["bans", "licenses", "sources"]), judged),
        run("advisories by cargo-deny", "cargo-deny check advisories", &mut deny(&["advisories"]), fetched),
        run(
            "advisories by cargo audit",
            "cargo-deny check advisories",
            Command::new("cargo").args(["audit", "--quiet"]),
            fetched,
        ),
        run("npm audit of what ships", "npm audit --omit=dev", &mut npm(&["--omit=dev"]), counted),
        run("npm audit of all", "npm audit --audit-level=high", &mut npm(&["--audit-level=high"]), counted),
    ]
}

struct Ended {
    well: bool,
    said: String,
}

fn ended(command: &mut Command) -> Result<Ended> {
    let output = command.output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(Ended { well: output.status.success(), said: said.chars().take(20_000).collect() })
}

fn judged(ended: &Ended) -> Ran {
    if ended.well { Ran::Clean } else { Ran::Found }
}

/// Their database comes from the internet: where it does not, nothing was judged.
fn fetched(ended: &Ended) -> Ran {
    let said = ended.said.to_lowercase();
    let is_away =
        ["failed to fetch", "couldn't fetch", "unable to fetch", "no such command", "network", "failed to clone"];
    if ended.well {
        Ran::Clean
    } else if said.contains("no such command") {
        Ran::Not("the program is not here".into())
    } else if is_away.iter().any(|words| said.contains(words)) && !said.contains("id: rustsec-") {
        Ran::Not("its database cannot be fetched".into())
    } else {
        Ran::Found
    }
}

/// npm says how many it found, or that the registry does not answer the question.
fn counted(ended: &Ended) -> Ran {
    let Some(Ok(report)) = ended.said.find('{').map(|from| {
        let mut values = serde_json::Deserializer::from_str(&ended.said[from..]).into_iter::<Value>();
        values.next().context("nothing").and_then(|value| Ok(value?))
    }) else {
        return Ran::Not("npm gave no report".into());
    };
    match report["metadata"]["vulnerabilities"]["total"].as_u64() {
        Some(_) => judged(ended),
        None => Ran::Not("the registry does not answer it".into()),
    }
}

/// What `deny.toml` lets pass, each with its reason.
fn exceptions(root: &Path) -> Result<Vec<Value>> {
    let rules: toml::Table = toml::from_str(&std::fs::read_to_string(root.join("deny.toml"))?)?;
    let ignored = rules["advisories"]["ignore"].as_array().context("deny.toml has no list of exceptions")?;
    ensure!(ignored.iter().all(toml::Value::is_table), "an exception without a reason");
    Ok(serde_json::from_value(json!(ignored))?)
}
