//! Hostile newsroom files through the real command line, in the home of somebody who is signed in: each is trusted by its very
//! hash, as a careless script would, and then the newsroom is used. Whatever they lead to counts who asks.

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rushes_rig::Scratch;
use rushes_rig::ctl::Rushesctl;
use rushes_rig::env::Env;
use rushes_rig::keychain::Keychain;
use rushes_rig::mutate::{Mutator, corpus};
use rushes_rig::seaweed::{Seaweed, Wishes};
use rushes_rig::store::Bucket;
use rushes_rig::trap::{Trap, own_address};
use serde_json::json;

use super::watch::Watched;
use super::{Done, has_panicked, text};
use crate::built;

const SEED: u64 = 47;
const LINK: &str = "rushes://newsroom?file=";
/// As long as what leads elsewhere is tried for, the newsroom of this name is signed in to.
const NEWSROOM: &str = "Nairobi";

struct Office {
    scratch: Scratch,
    ctl: Rushesctl,
    keys: Env,
    trap: Trap,
    panics: usize,
}

pub(super) async fn all(count: u32) -> Result<Done> {
    let scratch = Scratch::new();
    let keychain = Keychain::unlocked(&scratch).await?;
    let address = own_address().context("this computer is on no network")?;
    let wishes = Wishes { https: true, address: Some(address), ..Wishes::default() };
    let store = Seaweed::start_as(&scratch, wishes).await?;
    let bucket = store.secure().context("a store by https")?.clone();
    let user = scratch.folder("user");
    let nobodys = bucket.env().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY").with("HOME", &user);
    let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?.with(keychain.env()).with(&nobodys);
    let mut office = Office { ctl, keys: bucket.env(), trap: Trap::set()?, panics: 0, scratch };

    let add = ["profile", "add", NEWSROOM, "--template", "{name}"].map(str::to_owned);
    office
        .ctl
        .clone()
        .with(&office.keys)
        .run(&[add.to_vec(), bucket.options().map(str::to_owned).to_vec()].concat())
        .await?
        .ok()?;
    let good = office.scratch.join("good.rushes");
    office.ctl.run(&["profile", "export", NEWSROOM, "--to", text(&good)?]).await?.ok()?;
    let good = std::fs::read_to_string(good)?;

    let watched = Watched::from_now(&[&user]);
    let moved = moves(&good, &bucket, &office.trap);
    let mut done = Done::default();
    for (i, file) in moved.iter().enumerate() {
        office.leads_elsewhere(file, &good).await.with_context(|| format!("the {i}th that leads elsewhere"))?;
        done.taken += 1;
    }
    let others = hostile(count as usize, &office.trap)?;
    let mut refused_for = std::collections::BTreeMap::<String, usize>::new();
    for file in &others {
        match office.careless(file).await? {
            Ok(()) => done.taken += 1,
            Err(said) => *refused_for.entry(said).or_default() += 1,
        }
    }
    let changed = watched.changed();
    done.count = moved.len() + others.len();
    done.panics = office.panics;
    done.outside = changed.len();
    done.caught = office.trap.caught();
    ensure!(refused_for.len() > 5, "all are refused for the same: {refused_for:?}");
    let listed: Vec<String> =
        others.iter().map(|file| String::from_utf8_lossy(&file[..file.len().min(400)]).into_owned()).collect();
    done.samples =
        json!({ "led elsewhere": moved.len(), "refused for": refused_for, "files": listed, "changed": changed });
    Ok(done)
}

impl Office {
    /// Somebody is signed in, and a file leads the newsroom elsewhere: their keys are not used there, nor are they left.
    async fn leads_elsewhere(&mut self, file: &str, good: &str) -> Result<()> {
        ensure!(self.needs_keys().await? == Some(false), "nobody is signed in");
        let caught = self.trap.caught();
        let said = self.careless(file.as_bytes()).await?;
        ensure!(said.is_ok(), "it was refused: {said:?}");
        ensure!(self.needs_keys().await? == Some(true), "the keys are still there");
        ensure!(self.trap.caught() == caught, "somebody asked where it leads");
        // The old address alone does not bring the keys back.
        let back = self.careless(good.as_bytes()).await?;
        ensure!(back.is_ok() && self.needs_keys().await? == Some(true), "the keys came back: {back:?}");
        self.ctl.clone().with(&self.keys).run(&["sign-in", NEWSROOM]).await?.ok()?;
        Ok(())
    }

    async fn needs_keys(&self) -> Result<Option<bool>> {
        let listed = self.ctl.run(&["--json", "profile", "list"]).await?.ok()?;
        let row = listed.lines.into_iter().find(|line| line["profile"]["name"] == NEWSROOM);
        Ok(row.and_then(|row| row["needsKeys"].as_bool()))
    }

    /// Trusts whatever it is, uses it, and hands it on. What was said where it is refused.
    async fn careless(&mut self, file: &[u8]) -> Result<Result<(), String>> {
        let path = self.scratch.fresh("mail")?.join("x.rushes");
        std::fs::write(&path, file)?;
        let given = String::from_utf8_lossy(file);
        let (word, held) = match given.strip_prefix(LINK) {
            // A system hands a link over as a word, which holds no zero.
            Some(held) if !given.contains('\0') => {
                (given.to_string(), URL_SAFE_NO_PAD.decode(held).unwrap_or_default())
            }
            _ => (text(&path)?.to_owned(), file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file).to_vec()),
        };
        let ended = self.ctl.run(&["--json", "profile", "import", &word, "--yes-sha256", &sha256(&held)]).await?;
        self.panics += usize::from(has_panicked(&ended));
        if ended.status != Some(0) {
            let last = ended.lines.last().map(|line| line["message"].as_str().unwrap_or_default().to_owned());
            return Ok(Err(last.unwrap_or(ended.stderr)));
        }
        let name = ended.lines[0]["name"].as_str().context("a name")?.to_owned();
        for words in [&["--json", "ls"][..], &["--json", "routes"]] {
            let used = self.ctl.run(&[&["--profile", &name], words].concat()).await?;
            self.panics += usize::from(has_panicked(&used));
        }
        let folder = self.scratch.fresh("handed-on")?;
        let handed =
            self.ctl.run(&["profile", "export", "--to", text(&folder.join("it.rushes"))?, "--", &name]).await?;
        self.panics += usize::from(has_panicked(&handed));
        Ok(Ok(()))
    }
}

/// The good file, with each of its places another one in turn.
fn moves(good: &str, bucket: &Bucket, trap: &Trap) -> Vec<String> {
    let Some(elsewhere) = trap.outside() else { return Vec::new() };
    let to = format!("https://{elsewhere}");
    let endpoint = format!("endpoint = \"{}\"", bucket.endpoint);
    let host_style = "hostStyle = false";
    vec![
        good.replace(&endpoint, &format!("endpoint = \"{to}\"")),
        good.replace(&endpoint, &format!("endpoint = \"{to}/path\"")),
        good.replace(&endpoint, ""),
        good.replace(&endpoint, "").replace("dualStack = false", "dualStack = true"),
        good.replace(&endpoint, "").replace(host_style, &format!("hostStyle = false\nprivateLink = \"{to}\"")),
        good.replace(host_style, "hostStyle = true"),
        good.replace(&format!("bucket = \"{}\"", bucket.name), "bucket = \"somebody-elses\""),
        good.replace(&format!("region = \"{}\"", bucket.region), "region = \"eu-south-2\""),
        format!(
            "{good}\n[newsroom.routes.replica]\nbucket = \"abc\"\nregion = \"x\"\nendpoint = \"{to}\"\ntakesUploads = true\n"
        ),
        format!("{good}\n[newsroom.routes.cloudfront]\ndomain = \"{elsewhere}\"\nsigner = {{ by = \"nobody\" }}\n"),
        format!(
            "{good}\n[newsroom.routes.cloudfront]\ndomain = \"{elsewhere}\"\nsigner = {{ by = \"keyPair\", keyPairId = \"K2\" }}\n"
        ),
        format!(
            "{good}\n[newsroom.routes.cloudfront]\ndomain = \"{elsewhere}\"\n[newsroom.routes.cloudfront.signer]\nby = \"grant\"\nfunction = \"https://evil.lambda-url.eu-west-1.on.aws\"\n"
        ),
    ]
}

/// By hand as far as hands reach, then by chance.
fn hostile(count: usize, trap: &Trap) -> Result<Vec<Vec<u8>>> {
    let file = |name: &str, more: &str| {
        format!(
            "rushes = 1\n[newsroom]\nname = {}\nbucket = \"agency-footage\"\nregion = \"eu-west-1\"\n{more}",
            json!(name)
        )
    };
    let mut files: Vec<Vec<u8>> = Vec::new();
    let mut add = |text: String| files.push(text.into_bytes());
    for (i, address) in addresses(trap).iter().enumerate() {
        let host = address.split_once("://").map_or(address.as_str(), |(_, host)| host);
        for (j, more) in [
            format!("endpoint = {}", json!(address)),
            format!("routes.privateLink = {}", json!(address)),
            format!("routes.cloudfront = {{ domain = {}, signer = {{ by = \"nobody\" }} }}", json!(host)),
            format!("routes.cloudfront = {{ domain = \"d1.cloudfront.net\", signer = {{ by = \"grant\", function = {} }} }}", json!(address)),
            format!("routes.replica = {{ bucket = \"abc\", region = \"x\", takesUploads = true, endpoint = {} }}", json!(address)),
            format!("bucket = {}", json!(host)).replace("bucket", "zone"),
            format!("endpoint = {}\n[newsroom.credentials.awsProfile]\nname = \"default\"", json!(address)),
            format!("endpoint = {}\n[newsroom.credentials.identityCenter]\nstartUrl = {}\nregion = \"x\"\naccount = \"123456789012\"\nrole = \"x\"", json!(address), json!(address)),
        ]
        .into_iter()
        .enumerate()
        {
            add(file(&format!("Trap {i} {j}"), &more));
        }
    }
    for trick in [
        "\u{202e}",
        "\u{200b}",
        "\u{2066}",
        "\u{feff}",
        "\u{ad}",
        "\0",
        "\u{7}",
        "\u{1b}[31m",
        "\u{85}",
        "\u{e0041}",
        "\u{fe0f}",
        "\u{3164}",
    ] {
        for field in ["name", "bureau", "bucket", "region", "endpoint", "keyTemplate", "credentials", "zone", "trick"] {
            let said = format!("x{trick}y");
            add(file("Tricks", "").replace(&format!("{field} ="), "old =") + &format!("{field} = {}\n", json!(said)));
            add(file("Tricks", "") + &format!("{field}2 = '{said}'\n"));
        }
    }
    for field in
        ["name", "bureau", "bucket", "region", "endpoint", "keyTemplate", "credentials", "zone", "accelerate", "routes"]
    {
        for value in [
            "1",
            "true",
            "[]",
            "{}",
            "1979-05-27",
            "nan",
            "\"\"",
            "\"x\"",
            "[[[[[1]]]]]",
            "{a={b={c=1}}}",
            "9223372036854775807",
        ] {
            let kept: String = file("Kinds", "")
                .lines()
                .filter(|line| !line.starts_with(field))
                .map(|line| format!("{line}\n"))
                .collect();
            add(format!("{kept}{field} = {value}\n"));
        }
    }
    let whole = std::fs::read_to_string(built::workspace().join("tests/corpus/newsroom-files/full.rushes"))?;
    for part in 1..24 {
        add(whole.chars().take(whole.chars().count() * part / 24).collect());
    }
    for other in [
        NEWSROOM.to_uppercase(),
        "N\u{430}irobi".into(),
        "Nairobi ".into(),
        "../../x".into(),
        "-rf".into(),
        "Nairobi (second bucket)".into(),
        "x".repeat(81),
        String::new(),
        "Practice newsroom".into(),
    ] {
        add(file(&other, ""));
    }
    for version in ["0", "2", "-1", "1.0", "\"1\"", "99999999999999999999", "true", "[1]"] {
        add(whole.replace("rushes = 1", &format!("rushes = {version}")));
    }
    for odd in [
        String::new(),
        "\u{feff}".into(),
        "#".repeat(64 << 10),
        "#".repeat((64 << 10) + 1),
        format!("a = {}", "[".repeat(60_000)),
        format!("{}a = 1", "a.".repeat(30_000)),
        "[a]\n".repeat(9000),
        "[[a]]\n".repeat(9000),
        "\r".repeat(100),
        format!("{LINK}{}", "A".repeat(90_000)),
        LINK.into(),
        format!("{LINK}%00"),
        format!("{LINK}../../etc/passwd"),
        "rushes://elsewhere?file=x".into(),
        format!("{LINK}{}", URL_SAFE_NO_PAD.encode([0xff, 0xfe])),
        format!("{LINK}{}", URL_SAFE_NO_PAD.encode(format!("{LINK}{}", URL_SAFE_NO_PAD.encode(&whole)))),
        whole.replace("keychain", "lent"),
        format!("{whole}\nsecretAccessKey = \"x\""),
        whole.repeat(2),
        "<html>".into(),
        "{\"rushes\":1}".into(),
    ] {
        add(odd);
    }
    files.truncate(count);
    let mut mutator = Mutator::new(SEED, corpus(&built::workspace().join("tests/corpus/newsroom-files"))?);
    while files.len() < count {
        files.push(mutator.input());
    }
    Ok(files)
}

/// Every way that was thought of to say "this computer", and its own address, with the traps' ports.
fn addresses(trap: &Trap) -> Vec<String> {
    let port = trap.addresses().first().map_or(9, |address| address.port());
    let six = trap.addresses().get(1).map_or(9, |address| address.port());
    let mut all: Vec<String> = [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "x.localhost",
        "0.0.0.0",
        "0",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "127.0.0.1.",
        "169.254.169.254",
        "u:p@127.0.0.1",
        "127.0.0.1#@example.com",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
    ]
    .into_iter()
    .flat_map(|host| [format!("http://{host}:{port}"), format!("https://{host}:{port}/")])
    .collect();
    all.extend([format!("http://[::1]:{six}"), format!("https://[::1]:{six}"), format!("https://[::]:{six}")]);
    if let Some(outside) = trap.outside() {
        all.extend([
            format!("https://{outside}"),
            format!("http://{outside}"),
            format!("https://{outside}/x?y#z"),
            format!("HTTPS://{outside}"),
        ]);
    }
    all
}

fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
