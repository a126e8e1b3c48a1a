//! Signatures of ours at the front door, by a key pair and by a grant: right ones, wrong ones, and a distribution that does
//! not do as it should. Whatever becomes of them, the clip lands.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rushes_bench::clips::Clips;
use rushes_rig::env::Env;
use rushes_rig::{footage, seaweed};
use serde::Serialize;
use serde_json::json;
use tokio::runtime::Handle;

use super::edge::{Behind, Edge, Manner};
use super::grant::{self, Grants};
use super::keys::Pair;
use super::{DOMAIN, FUNCTION, crosscheck, stand_in};
use crate::evidence::Shown;
use crate::routes::front::{Front, Server};
use crate::routes::stage::{HOME, Stage};
use crate::routes::world::{self, CLOUDFRONT, REGION_FROM_EDGE};
use crate::routes::{Goals, aside};

const CLIP: u64 = 60_000_000;
/// One that is replaced while it is fetched.
const LONG_CLIP: u64 = 150_000_000;
const ARRIVED: u64 = 30_000_000;
const HOUR: i64 = 3_600;

/// Who signs, and what.
enum Signs<'a> {
    Nobody,
    Pair(&'a Pair),
    Grant(Grants),
}

/// One download, and what must come of it.
struct Case<'a> {
    name: &'static str,
    signs: Signs<'a>,
    manner: Manner,
    /// None if all is well, and the edge carries it.
    says: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    name: &'static str,
    passes: bool,
    landed: bool,
    /// That the edge sent, some of them to nobody.
    bytes: u64,
    /// That came to the office, by all ways.
    arrived: u64,
    said: String,
}

struct Scene {
    stage: Stage,
    clips: Clips,
    right: Pair,
}

impl Scene {
    fn open(goals: &Goals, bytes: u64) -> Result<Scene> {
        let stage = Stage::open_to(&goals.terrain, true)?;
        stage.world.plug(1, false)?;
        let clips = Clips::make(&stage.scratch, 1, bytes)?;
        let clip = std::fs::read(&clips.paths()[0])?;
        stage.witness(async |bucket| bucket.put("there/clip-1.mxf", clip).await)?;
        let right = Pair::make(&stage.scratch.fresh("keys")?, "K2JCJMDEHXQW5F")?;
        Ok(Scene { stage, clips, right })
    }

    fn edge(&self, manner: Manner) -> Result<Edge> {
        let (stage, behind) = (&self.stage, Behind::Region(REGION_FROM_EDGE));
        Edge::start(stage, &stage.world.edge, CLOUDFRONT, behind, manner, &[&self.right])
    }

    /// What the grant function grants to the office's keys, where all is well.
    fn grants(&self) -> Grants {
        Grants {
            access_key: self.stage.bucket().keys.id,
            region: HOME.to_owned(),
            resource: format!("https://{DOMAIN}/there/*"),
            lasts: HOUR,
            ip: None,
            key_pair_id: self.right.id.clone(),
            private: self.right.private.clone(),
            hash: "SHA256".to_owned(),
        }
    }

    /// The function's address at AWS, with TLS.
    fn function(&self) -> Result<Front> {
        let server = Server {
            names: vec![FUNCTION.to_owned()],
            listen: vec![format!("{}:443 ssl", world::FUNCTION)],
            body: format!("location / {{ proxy_pass http://{}; }}", grant::LISTENS),
        };
        Front::start(&self.stage.scratch, "function", &self.stage.world.region, &self.stage.tls, "", &[server])
    }

    fn words(signs: &Signs<'_>) -> Vec<String> {
        let signer = match signs {
            Signs::Nobody => "nobody".to_owned(),
            Signs::Pair(pair) => format!("pair:{}", pair.id),
            Signs::Grant(_) => format!("grant:https://{FUNCTION}/"),
        };
        let words =
            ["--bucket", seaweed::BUCKET, "--region", HOME, "--cloudfront", DOMAIN, "--cloudfront-signer", &signer];
        words.iter().chain(&["--json"]).map(|word| (*word).to_owned()).collect()
    }

    /// Fetches the clip once.
    fn fetch(&self, case: &Case<'_>) -> Result<Outcome> {
        let stage = &self.stage;
        let edge = self.edge(case.manner)?;
        // What one clip does not come by is no matter of its way, and told to IT alone.
        let mut ctl = stage.ctl()?.with(&Env::new().with("RUSHES_LOG", "info"));
        let _granting = match &case.signs {
            Signs::Nobody => None,
            Signs::Pair(pair) => {
                ctl = ctl.with(&Env::new().with("RUSHES_CLOUDFRONT_KEY", pair.pem()?));
                None
            }
            Signs::Grant(grants) => Some(grant::start(&stage.world.region, &stage.scratch.fresh("grant")?, grants)?),
        };
        let into = stage.scratch.fresh("into")?;
        let folder = into.display().to_string();
        let words = Scene::words(&case.signs);
        let say = |more: &[&str]| -> Vec<String> {
            words.iter().cloned().chain(more.iter().map(|word| (*word).to_owned())).collect()
        };
        let mut running = ctl.spawn(&say(&["get", "there/clip-1.mxf", "--into", &folder]))?;
        // Who waits looks at the ways meanwhile, and is told why one is closed.
        let before = stage.world.through(0)?.1;
        let (began, mut why) = (Instant::now(), String::new());
        while running.is_running()? {
            ensure!(began.elapsed() < Duration::from_secs(120), "it took too long");
            let ways = Handle::current().block_on(ctl.run(&say(&["routes"])))?;
            let closed = ways.lines.iter().filter(|way| way["kind"] == "cloudFront" && way["why"].is_string());
            why.extend(closed.filter_map(|way| way["why"].as_str()).take(1).map(|why| format!("{why}\n")));
            std::thread::sleep(Duration::from_millis(500));
        }
        let got = Handle::current().block_on(running.wait(Duration::from_secs(10)))?;
        let (bytes, arrived) = (edge.sent()?, stage.world.through(0)?.1 - before);
        let clip = into.join("clip-1.mxf");
        let landed = got.status == Some(0) && footage::same(&clip, Path::new(&self.clips.paths()[0]))?;
        let said = format!("{why}{}", got.stderr);
        let passes = landed
            && match case.says {
                Some(says) => said.contains(says),
                // What is left is for the other way, and what both were asked for at the end.
                None => bytes > CLIP / 2,
            };
        eprintln!(
            "    {}: landed {landed}, {} MB by the edge, {} MB arrived, {}",
            case.name,
            bytes / 1_000_000,
            arrived / 1_000_000,
            verdict(passes)
        );
        Ok(Outcome { name: case.name, passes, landed, bytes, arrived, said })
    }
}

pub async fn row(goals: &Goals) -> Result<Shown> {
    let goals = goals.clone();
    aside(move || {
        let scene = Scene::open(&goals, CLIP)?;
        let (same, of) = crosscheck::like_botocore(&scene.right)?;
        let folder = scene.stage.scratch.fresh("signatures")?;
        let (taken, of_them) = crosscheck::openssl_takes(&scene.right, &folder)?;
        eprintln!("    botocore: {same} of {of}, openssl: {taken} of {of_them}");

        let stranger = Pair::make(&scene.stage.scratch.fresh("keys")?, &scene.right.id)?;
        let (held, of_door) = {
            let _edge = scene.edge(Manner::Ranges)?;
            let clip = scene.clips.paths().remove(0);
            stand_in::check(&scene.stage, "there/clip-1.mxf", Path::new(&clip), &scene.right, &stranger)?
        };
        eprintln!("    the stand-in: {held} of {of_door}");

        let function = scene.function()?;
        let mut outcomes = Vec::new();
        for case in cases(&scene, &stranger) {
            outcomes.push(scene.fetch(&case).with_context(|| case.name)?);
        }
        drop((function, scene));
        outcomes.push(replaced(&goals)?);

        let well = outcomes.iter().filter(|outcome| outcome.passes).count();
        let failed: Vec<&str> = outcomes.iter().filter(|outcome| !outcome.passes).map(|outcome| outcome.name).collect();
        let failed = if failed.is_empty() { String::new() } else { format!(" (not: {})", failed.join(", ")) };
        let passes = same == of && taken == of_them && held == of_door && well == outcomes.len();
        let figure = format!(
            "{same} of {of} as botocore's, {taken} of {of_them} hold with OpenSSL; the stand-in: {held} of {of_door}; {well} of {} as they should{failed}",
            outcomes.len()
        );
        Ok(Shown { figure, passes, samples: json!(outcomes) })
    })
    .await
}

fn cases<'a>(scene: &'a Scene, stranger: &'a Pair) -> Vec<Case<'a>> {
    let right = scene.grants();
    let case = |name, signs, says| Case { name, signs, manner: Manner::Ranges, says };
    let granted = |name, grants, says| case(name, Signs::Grant(grants), says);
    let elsewhere = format!("https://{DOMAIN}/elsewhere/*");
    vec![
        case("a key pair's", Signs::Pair(&scene.right), None),
        granted("a grant's, SHA-256", right.clone(), None),
        granted("a grant's, SHA-1", Grants { hash: "SHA1".to_owned(), ..right.clone() }, None),
        granted("for this office's address", Grants { ip: Some("10.88.1.1".to_owned()), ..right.clone() }, None),
        granted("one that ends soon, and is asked for again", Grants { lasts: 120, ..right.clone() }, None),
        granted("expired", Grants { lasts: -60, ..right.clone() }, Some(EXPIRED)),
        granted("another path", Grants { resource: elsewhere, ..right.clone() }, Some(OTHER_PATH)),
        granted(
            "another office's address",
            Grants { ip: Some("192.0.2.0/24".to_owned()), ..right.clone() },
            Some(OTHER_OFFICE),
        ),
        granted("an unknown key", Grants { key_pair_id: "KNOBODYKNOWS".to_owned(), ..right.clone() }, Some(UNKNOWN)),
        granted("not for this caller", Grants { access_key: "AKIASOMEBODYELSE".to_owned(), ..right }, Some(NO_GRANT)),
        case("nobody's", Signs::Nobody, Some(NOBODY)),
        case("a key that is not the pair's", Signs::Pair(stranger), Some(STRANGER)),
        Case {
            manner: Manner::WholeBodies,
            says: Some(WHOLE),
            ..case("200 for a range", Signs::Pair(&scene.right), None)
        },
    ]
}

const EXPIRED: &str = "ran out at";
const OTHER_PATH: &str = "/elsewhere/* and not for this clip";
const OTHER_OFFICE: &str = "is for computers at 192.0.2.0/24";
const UNKNOWN: &str = "does not know the key pair KNOBODYKNOWS";
const NO_GRANT: &str = "grants you nothing, or your keys may not do lambda:InvokeFunctionUrl";
const NOBODY: &str = "wants signed addresses, and nobody signs them";
const STRANGER: &str = "refuses what is signed with the key pair K2JCJMDEHXQW5F";
const WHOLE: &str = "answered a range with the whole clip";
const REPLACED: &str = "changed meanwhile";

/// Another clip takes the place of one that is being fetched: what the edge has of both must not become one file.
fn replaced(goals: &Goals) -> Result<Outcome> {
    let scene = Scene::open(goals, LONG_CLIP)?;
    let edge = scene.edge(Manner::Ranges)?;
    let stage = &scene.stage;
    let signs = Signs::Pair(&scene.right);
    let ctl = stage.ctl()?.with(&Env::new().with("RUSHES_CLOUDFRONT_KEY", scene.right.pem()?));
    let into = stage.scratch.fresh("into")?;
    let folder = into.display().to_string();
    let words =
        [Scene::words(&signs), ["get", "there/clip-1.mxf", "--into", &folder].map(str::to_owned).to_vec()].concat();
    let other = stage.scratch.join("other");
    footage::random(&other, LONG_CLIP, 99)?;
    let other = std::fs::read(other)?;
    let mut running = ctl.spawn(&words)?;
    let began = Instant::now();
    while stage.world.through(0)?.1 < ARRIVED {
        ensure!(running.is_running()? && began.elapsed() < Duration::from_secs(60), "it was over before");
        std::thread::sleep(Duration::from_millis(100));
    }
    stage.witness(async |bucket| bucket.put("there/clip-1.mxf", other).await)?;
    let ended = Handle::current().block_on(running.wait(Duration::from_secs(goals.limit_seconds)))?;
    let said = [ended.stdout, ended.stderr].join("\n");
    // Nothing may stand there under the clip's name.
    let landed = into.join("clip-1.mxf").is_file();
    let passes = !landed && ended.status != Some(0) && said.contains(REPLACED);
    let arrived = stage.world.through(0)?.1;
    eprintln!("    replaced meanwhile: landed {landed}, {}", verdict(passes));
    Ok(Outcome { name: "replaced meanwhile", passes, landed, bytes: edge.sent()?, arrived, said })
}

const fn verdict(passes: bool) -> &'static str {
    if passes { "as it should" } else { "not as it should" }
}
