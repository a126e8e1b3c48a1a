//! Each way in, through the real `rushesctl`: signs in, lists, puts and gets; and a clip that takes longer than its keys
//! hold, of which no part is lost or sent twice.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_rig::child::Child;
use rushes_rig::ctl::Rushesctl;
use rushes_rig::env::Env;
use rushes_rig::keychain::Keychain;
use rushes_rig::ports::Port;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage, pypi};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::center::{self, Center};
use super::gate::Gate;
use super::ledger::Ledger;
use super::server::Server;
use super::{Goals, computer, sts};
use crate::built;
use crate::evidence::Shown;

/// Slow enough that the clip takes several times as long as its keys hold; of so many parts that they cannot all be under way
/// with the first ones.
const UP_MBIT: &str = "16";
const CLIP: u64 = 260_000_000;
const SMALL: u64 = 300_000;
/// For the slow clip, which takes some two and a half minutes.
const LONG: Duration = Duration::from_secs(900);

/// A way in, and what a computer needs for it.
struct Way {
    name: &'static str,
    ledger: Ledger,
    /// For `profile add`.
    words: Vec<String>,
    env: Env,
    /// What somebody at the terminal would type.
    typed: Option<&'static str>,
    /// Its keys are renewed.
    ends: bool,
    /// The store refuses them before they end, as they say.
    early: bool,
    _servers: Vec<Server>,
    center: Option<Center>,
    door: Option<sts::Door>,
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let scratch = Scratch::new();
    let moto = Moto::start(&scratch).await?;
    let life = Duration::from_secs(goals.expiry_seconds);
    let seaweed = Seaweed::start(&scratch).await?;
    let ways = ways(&scratch, moto.address, life).await?;
    let tries = ways.into_iter().map(|way| tried(&scratch, seaweed.bucket(), way));
    let mut samples = futures::future::try_join_all(tries).await?;
    samples.push(practice(&scratch).await?);
    let good = samples.iter().filter(|sample| sample["good"] == true).count();
    let renewed: Vec<u64> =
        samples.iter().filter_map(|sample| sample["sets of keys in the slow clip"].as_u64()).collect();
    let names: Vec<&str> = samples.iter().filter(|s| s["good"] != true).filter_map(|s| s["way"].as_str()).collect();
    let sets = renewed.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let mut figure = format!(
        "{good} of {} ways; {sets} sets of keys of {} s in one clip each; 0 parts lost, 0 sent twice",
        samples.len(),
        goals.expiry_seconds
    );
    if !names.is_empty() {
        figure = format!("{good} of {} ways (not: {})", samples.len(), names.join(", "));
    }
    Ok(Shown { figure, passes: good == samples.len(), samples: json!(samples) })
}

async fn ways(scratch: &Scratch, moto: std::net::SocketAddr, life: Duration) -> Result<Vec<Way>> {
    let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let plain = |name, ledger: &Ledger| Way {
        name,
        ledger: ledger.clone(),
        words: Vec::new(),
        env: Env::new(),
        typed: None,
        ends: true,
        early: false,
        _servers: Vec::new(),
        center: None,
        door: None,
    };
    let mut ways = Vec::new();

    let ledger = Ledger::default();
    ledger.enter_lasting("AKIATYPEDIN", "typed-in-secret");
    let env = Env::new().with("AWS_ACCESS_KEY_ID", "AKIATYPEDIN").with("AWS_SECRET_ACCESS_KEY", "typed-in-secret");
    ways.push(Way { env, ends: false, ..plain("access keys", &ledger) });

    let ledger = Ledger::default();
    let (center, server) = Center::open(ledger.clone(), life, life * 2).await?;
    let env = Env::new().with("AWS_ENDPOINT_URL_SSO_OIDC", server.url()).with("AWS_ENDPOINT_URL_SSO", server.url());
    let chosen =
        words(&["--identity-center", center::START, "--account", center::ACCOUNTS[0].0, "--role", center::ROLES[1]]);
    ways.push(Way {
        words: chosen,
        env,
        _servers: vec![server],
        center: Some(center),
        ..plain("Identity Center", &ledger)
    });

    let ledger = Ledger::default();
    ledger.enter_lasting("AKIAREPORTER", "reporter-secret");
    let (door, server) = sts::Door::open(ledger.clone(), moto, life).await?;
    let env = Env::new()
        .with("AWS_ENDPOINT_URL_STS", server.url())
        .with("AWS_ACCESS_KEY_ID", "AKIAREPORTER")
        .with("AWS_SECRET_ACCESS_KEY", "reporter-secret");
    let arn = "arn:aws:iam::123456789012:role/reporter";
    let role = words(&["--assume-role", arn, "--external-id", sts::EXTERNAL_ID, "--mfa", sts::MFA]);
    let way = plain("role with MFA and external ID", &ledger);
    ways.push(Way { words: role, env, typed: Some(sts::CODE), _servers: vec![server], door: Some(door), ..way });

    // Real files of the AWS tools: one with keys, one with a program that brings them.
    let ledger = Ledger::default();
    ledger.enter_lasting("AKIAINFILE", "secret-in-a-file");
    let server = computer::open(ledger.clone(), life, Duration::ZERO).await?;
    let (config, credentials, program) =
        (scratch.join("aws-config"), scratch.join("aws-credentials"), scratch.join("process.py"));
    let url = format!("{}/process", server.url());
    std::fs::write(
        &program,
        format!("import urllib.request\nprint(urllib.request.urlopen('{url}').read().decode())\n"),
    )?;
    std::fs::write(&config, format!("[profile renewing]\ncredential_process = python3 {}\n", program.display()))?;
    std::fs::write(
        &credentials,
        "[plain]\naws_access_key_id = AKIAINFILE\naws_secret_access_key = secret-in-a-file\n",
    )?;
    let env = Env::new().with("AWS_CONFIG_FILE", &config).with("AWS_SHARED_CREDENTIALS_FILE", &credentials);
    let way = plain("profile of the AWS tools", &ledger);
    ways.push(Way { words: words(&["--aws-profile", "plain"]), env: env.clone(), ends: false, ..way });
    let way = plain("profile with credential_process", &ledger);
    ways.push(Way { words: words(&["--aws-profile", "renewing"]), env, _servers: vec![server], ..way });

    let ledger = Ledger::default();
    let server = computer::open(ledger.clone(), life, Duration::ZERO).await?;
    let token = scratch.join("container-token");
    std::fs::write(&token, computer::TOKEN)?;
    let env = Env::new()
        .with("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/container", server.url()))
        .with("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token);
    ways.push(Way { words: words(&["--computer"]), env, _servers: vec![server], ..plain("container", &ledger) });

    // The store's clock is half a minute ahead: it refuses what this computer holds to be good.
    let ledger = Ledger::default();
    let server = computer::open(ledger.clone(), life, life / 2).await?;
    let env = Env::new().with("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url());
    let way = plain("instance, whose keys end early", &ledger);
    ways.push(Way { words: words(&["--computer"]), env, early: true, _servers: vec![server], ..way });
    Ok(ways)
}

async fn tried(scratch: &Scratch, store: &Bucket, way: Way) -> Result<Value> {
    let name = way.name;
    let tried = try_way(scratch, store, way).await;
    Ok(tried.unwrap_or_else(|error| {
        eprintln!("    {name}: {error:#}");
        json!({ "way": name, "good": false, "error": format!("{error:?}") })
    }))
}

async fn try_way(scratch: &Scratch, store: &Bucket, way: Way) -> Result<Value> {
    let (gate, door) = Gate::open(way.ledger.clone(), store).await?;
    let keychain = Keychain::unlocked(scratch).await?;
    // Nobody else's keys are in the environment.
    let clean = ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let clean = clean.iter().fold(Env::new(), |env, name| env.without(name));
    let ctl = Rushesctl::new(scratch, built::binary("rushesctl")?)?.with(keychain.env()).with(&clean);
    let for_sign_in = ctl.clone().with(&way.env);
    // What was typed in is in the keychain from then on.
    let afterwards = match way.words.first().map(String::as_str) {
        None | Some("--assume-role") => {
            let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
            for_sign_in.clone().with(&keys.iter().fold(Env::new(), |env, name| env.without(name)))
        }
        _ => for_sign_in.clone(),
    };

    let endpoint = door.url();
    let mut add = vec![
        "--json",
        "--endpoint",
        &endpoint,
        "--region",
        &store.region,
        "--bucket",
        &store.name,
        "profile",
        "add",
        "Rig",
    ];
    add.extend(way.words.iter().map(String::as_str));
    sign_in(&for_sign_in, &add, &way).await.context("signing in")?;
    afterwards.run(&["profile", "use", "Rig"]).await?.ok()?;

    // Lists, puts, gets.
    let folder = scratch.fresh("clips")?;
    let small = clip(&folder, "small.mxf", SMALL, 1)?;
    let prefix = format!("{}/", way.name.replace([' ', ','], "-"));
    put(&afterwards, &small, &prefix, Duration::from_secs(120)).await.context("putting")?;
    let listed = afterwards.run(&["--json", "ls", &prefix]).await?.ok()?;
    let keys: Vec<&str> = listed.lines.iter().filter_map(|line| line["key"].as_str()).collect();
    ensure!(keys.len() == 1, "listed {keys:?}");
    let into = scratch.fresh("down")?;
    let into_text = into.display().to_string();
    afterwards.run(&["--json", "get", keys[0], "--into", &into_text]).await?.ok()?;
    ensure!(footage::same(&small, &into.join("small.mxf"))?, "it came down otherwise");

    // A clip that outlasts its keys.
    let mut sample = json!({ "way": way.name, "good": true });
    if way.ends {
        afterwards.run(&["limit", "set", "--up", UP_MBIT]).await?.ok()?;
        let before = (way.ledger.figures(), gate.counts());
        let slow = clip(&folder, "slow.mxf", CLIP, 2)?;
        let began = std::time::Instant::now();
        put(&afterwards, &slow, &prefix, LONG).await.context("the slow clip")?;
        let (sets, refused) = way.ledger.figures();
        let slow_key = format!("{prefix}slow.mxf");
        afterwards.run(&["--json", "get", &slow_key, "--into", &into_text]).await?.ok()?;
        ensure!(footage::same(&slow, &into.join("slow.mxf"))?, "the slow clip came down otherwise");
        let counts = gate.counts();
        let parts = counts.parts.len() - before.1.parts.len();
        let twice = counts.parts.values().filter(|times| **times > 1).count();
        let (sets, refused) = (sets - before.0.0, refused - before.0.1);
        let expected = CLIP.div_ceil(5 << 20) as usize;
        eprintln!(
            "    {}: {parts} parts by {sets} sets of keys, {refused} refusals, {:.0} s",
            way.name,
            began.elapsed().as_secs_f64()
        );
        sample["seconds"] = json!(began.elapsed().as_secs());
        sample["parts"] = json!(parts);
        sample["parts sent twice"] = json!(twice);
        sample["sets of keys in the slow clip"] = json!(sets);
        sample["requests refused as expired"] = json!(refused);
        ensure!(parts >= expected && twice == 0, "{parts} parts of {expected}, {twice} sent twice");
        ensure!(sets >= 2, "the clip was over before its keys");
        // Ahead of time: nothing is refused, unless the store's clock is another.
        ensure!(way.early == (refused > 0), "{refused} requests were refused as expired");
        ensure!(counts.refused.keys().all(|code| *code == "ExpiredToken"), "{:?}", counts.refused);
    }
    if let Some(center) = &way.center {
        let (renewals, _) = center.figures();
        sample["access tokens renewed"] = json!(renewals);
        ensure!(renewals > 0, "the sign-in itself was never renewed");
        afterwards.run(&["sign-out", "Rig"]).await?.ok()?;
        ensure!(center.figures().1, "Identity Center was not told");
        let after = afterwards.run(&["--json", "ls"]).await?;
        ensure!(after.status == Some(1) && after.stdout.contains("signInNeeded"), "{}", after.stdout);
    }
    if let Some(door) = &way.door {
        let asked = door.asked();
        sample["roles assumed"] = json!(asked.roles);
        ensure!(asked.sessions == 1 && asked.roles >= 2, "{asked:?}");
    }
    Ok(sample)
}

/// As a person does: in the browser, or with a code at the terminal.
async fn sign_in(ctl: &Rushesctl, add: &[&str], way: &Way) -> Result<()> {
    if let Some(code) = way.typed {
        // A wrong one first.
        let wrong = ctl.run_with_input(add, "000000\n").await?;
        ensure!(wrong.status == Some(1) && wrong.stdout.contains("signInNeeded"), "{}", wrong.stdout);
        return ctl.run_with_input(add, &format!("{code}\n")).await?.ok().map(|_| ());
    }
    if way.center.is_none() {
        return ctl.run(add).await?.ok().map(|_| ());
    }
    let mut running = ctl.spawn(add)?;
    let said = running.line("the page to open", Duration::from_secs(30), |line| line["page"].is_string()).await?;
    ensure!(said["code"] == "ABCD-EFGH", "{said}");
    browse(said["page"].as_str().context("a page")?).await?;
    running.wait(Duration::from_secs(60)).await?.ok().map(|_| ())
}

/// The person's browser.
pub async fn browse(page: &str) -> Result<()> {
    let url = url::Url::parse(page)?;
    let address = (url.host_str().context("a host")?.to_owned(), url.port().context("a port")?);
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let ask = format!("GET {}?{} HTTP/1.0\r\n\r\n", url.path(), url.query().unwrap_or(""));
    stream.write_all(ask.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(answer.contains(" 200 "), "{answer}");
    Ok(())
}

async fn put(ctl: &Rushesctl, clip: &Path, prefix: &str, within: Duration) -> Result<()> {
    let path = clip.display().to_string();
    let ended = ctl.spawn(&["--json", "put", &path, "--to", prefix])?.wait(within).await?.ok()?;
    let rows = ended.rows();
    let proved = ["wholeObject", "eachPart"].contains(&rows[0]["proof"]["by"].as_str().unwrap_or(""));
    ensure!(rows.len() == 1 && proved, "{rows:?}");
    Ok(())
}

fn clip(folder: &Path, name: &str, bytes: u64, seed: u64) -> Result<PathBuf> {
    let path = folder.join(name);
    footage::random(&path, bytes, seed)?;
    Ok(path)
}

/// The practice newsroom asks nobody for anything.
async fn practice(scratch: &Scratch) -> Result<Value> {
    let keychain = Keychain::unlocked(scratch).await?;
    let ctl = Rushesctl::new(scratch, built::binary("rushesctl")?)?.with(keychain.env());
    ctl.run(&["profile", "use", "Practice newsroom"]).await?.ok()?;
    let small = clip(&scratch.fresh("clips")?, "practice.mxf", SMALL, 3)?;
    put(&ctl, &small, "rig/", Duration::from_secs(60)).await?;
    let listed = ctl.run(&["--json", "ls", "rig/"]).await?.ok()?;
    let good = listed.lines.len() == 1;
    Ok(json!({ "way": "none (practice newsroom)", "good": good }))
}

/// moto, for its STS.
pub struct Moto {
    address: std::net::SocketAddr,
    _child: Child,
    _port: Port,
}

impl Moto {
    pub fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    pub async fn start(scratch: &Scratch) -> Result<Moto> {
        let port = Port::claim()?;
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port.number()));
        let mut command = Command::new(pypi::moto()?.join("bin/moto_server"));
        command.args(["-H", "127.0.0.1", "-p", &port.number().to_string()]);
        let mut child = Child::start(command, &Env::new(), scratch.path())?;
        child
            .ready("moto answers", Duration::from_secs(60), async || {
                Ok(tokio::net::TcpStream::connect(address).await.is_ok().then_some(()))
            })
            .await?;
        Ok(Moto { address, _child: child, _port: port })
    }
}
