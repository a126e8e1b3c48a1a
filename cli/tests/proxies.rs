//! Through an agency's proxy, which is one that we did not write: what is set is kept to, what it refuses is told apart,
//! and nothing goes around it. The store's name is known to the proxy alone.

mod support;

use std::path::Path;
use std::time::Duration;

use rushes_rig::authority::certify_names;
use rushes_rig::ctl::Rushesctl;
use rushes_rig::env::Env;
use rushes_rig::forward::{Forward, Wishes};
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::seaweed::{self, Seaweed};
use rushes_rig::store::Bucket;
use rushes_rig::{Scratch, footage};
use support::{code, ctl, words};
use tokio::sync::OnceCell;

const STORE: &str = "s3.agency.test";
const SHOWN: &str = "desk:s3cret!";
/// As it stands in an address.
const SHOWN_IN_URL: &str = "desk:s3cret%21";

/// The store, once for all tests here; the rig ends it with this process.
struct Agency {
    scratch: Scratch,
    seaweed: Seaweed,
}

/// Each test has clips of its own names in it.
static AGENCY: OnceCell<Agency> = OnceCell::const_new();

impl Agency {
    async fn open() -> &'static Agency {
        let open = async || {
            let scratch = Scratch::new();
            let wishes = seaweed::Wishes { https: true, domains: vec![STORE.to_owned()], ..Default::default() };
            let seaweed = Seaweed::start_as(&scratch, wishes).await.unwrap();
            Agency { scratch, seaweed }
        };
        AGENCY.get_or_init(open).await
    }

    /// By a name that nobody but the proxy knows.
    fn bucket(&self) -> Bucket {
        let secure = self.seaweed.secure().unwrap();
        let (_, port) = secure.address().rsplit_once(':').unwrap();
        Bucket { endpoint: format!("https://{STORE}:{port}"), ..secure.clone() }
    }

    async fn proxy(&self, wishes: Wishes) -> Forward {
        Forward::start(&self.scratch, Wishes { knows: vec![STORE.to_owned()], ..wishes }).await.unwrap()
    }
}

/// The bucket's environment, and nobody's proxy but this.
fn env(bucket: &Bucket, proxy: &str) -> Env {
    let names = ["HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];
    let bare = names.into_iter().fold(bucket.env(), |env, name| env.without(name));
    bare.without("XDG_CURRENT_DESKTOP").with("https_proxy", proxy)
}

fn put(bucket: &Bucket, clip: &Path) -> Vec<String> {
    words(bucket, &["--patience", "1", "put", clip.to_str().unwrap()])
}

async fn refused(ctl: &Rushesctl, words: &[String]) -> (String, String) {
    let ended = ctl.run(words).await.unwrap();
    assert_eq!(ended.status, Some(1), "{ended:#?}");
    assert!(!format!("{ended:?}").contains("cret"), "{ended:#?}");
    (code(&ended).to_owned(), ended.stdout)
}

/// Whether any file below the folder holds this.
fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, text);
        }
        std::fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn footage_goes_up_and_comes_down_through_it_and_goes_on_after_a_cut() {
    let agency = Agency::open().await;
    let (scratch, bucket) = (Scratch::new(), agency.bucket());
    let forward = agency.proxy(Wishes { asks_for: Some(SHOWN.into()), ..Wishes::default() }).await;
    // What it carries is counted before it.
    let link = Proxy::start(&forward.address()).await.unwrap();
    let ctl = ctl(&scratch).with(&env(&bucket, &format!("http://{SHOWN_IN_URL}@{}", link.address())));
    let (clip, size) = (scratch.join("cut.mxf"), 40_000_000);
    footage::random(&clip, size, 1).unwrap();

    // So that the proxy keeps up: what lies in it is lost with it.
    link.limit(Some(16_000_000), None);
    let mut running = ctl.spawn(&words(&bucket, &["put", clip.to_str().unwrap()])).unwrap();
    let begun = |line: &serde_json::Value| line["acked"].as_u64() > Some(0);
    running.line("parts are acknowledged", Duration::from_secs(60), begun).await.unwrap();
    link.cut();
    // What was cut says so in its own words; whoever tries anew after that meets with the proxy.
    let sentence = format!("The proxy {} cannot be reached.", link.address());
    let says = |line: &serde_json::Value| line["error"]["message"].as_str().is_some_and(|m| m.starts_with(&sentence));
    let waits = running.line("it waits for the proxy", Duration::from_secs(60), says).await.unwrap();
    assert_eq!((waits["state"].as_str(), waits["error"]["code"].as_str()), (Some("waiting"), Some("offline")));
    link.heal();
    let ended = running.wait(Duration::from_secs(60)).await.unwrap().ok().unwrap();
    assert!(link.carried().up >= size);
    // It goes on where it was.
    let kept = waits["acked"].as_u64();
    let mut later = ended.lines.iter().skip_while(|line| !says(line));
    let again = later.find(|line| line["state"] == "running").unwrap();
    assert!(kept > Some(0) && again["acked"].as_u64() >= kept, "{kept:?}: {again:#}");

    let down = scratch.folder("down");
    let get = words(&bucket, &["get", "cut.mxf", "--into", down.to_str().unwrap()]);
    ctl.run(&get).await.unwrap().ok().unwrap();
    assert!(footage::same(&clip, &down.join("cut.mxf")).unwrap());
    assert!(link.carried().down >= size);
    assert!(!holds(ctl.home(), "s3cret") && !holds(ctl.home(), "ZGVzazp"), "what the proxy is shown was written down");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_refuses_is_told_apart() {
    let agency = Agency::open().await;
    let (scratch, bucket) = (Scratch::new(), agency.bucket());
    let wishes =
        Wishes { asks_for: Some(SHOWN.into()), forbids: vec!["s3.forbidden.test".into()], ..Wishes::default() };
    let forward = agency.proxy(wishes).await;
    let link = Proxy::start(&forward.address()).await.unwrap();
    let clip = scratch.join("refused.mxf");
    footage::random(&clip, 3_000_000, 2).unwrap();
    let put = put(&bucket, &clip);
    let with = |proxy: String| ctl(&scratch).with(&env(&bucket, &proxy));

    // It is asked little more than once, however many clips are in line: many wrong answers may lock somebody's account.
    let mut many = put.clone();
    for n in 0..8 {
        let clip = scratch.join(format!("clip_{n}.mxf"));
        footage::random(&clip, 1_000, n).unwrap();
        many.push(clip.display().to_string());
    }
    let (is, said) = refused(&with(format!("http://desk:wrong@{}", link.address())), &many).await;
    assert!(is == "proxyCredentials" && said.contains("does not accept the name and password"), "{said}");
    assert!(link.carried().connections <= 4, "{:?}", link.carried());
    let (is, said) = refused(&with(format!("http://{}", link.address())), &put).await;
    assert!(is == "proxyCredentials" && said.contains("asks for a name and password"), "{said}");

    let right = with(format!("http://{SHOWN_IN_URL}@{}", link.address()));
    let forbidden = Bucket { endpoint: "https://s3.forbidden.test".into(), ..bucket.clone() };
    let (is, said) = refused(&right, &self::put(&forbidden, &clip)).await;
    assert!(is == "proxyRefused" && said.contains("does not let Rushes reach s3.forbidden.test."), "{said}");
    // A host that it does not know either.
    let unknown = Bucket { endpoint: "https://s3.nowhere.invalid".into(), ..bucket.clone() };
    let (is, said) = refused(&right, &self::put(&unknown, &clip)).await;
    assert!(is == "offline" && said.contains("cannot reach s3.nowhere.invalid."), "{said}");
    let (is, said) = refused(&with("socks5://127.0.0.1:1".into()), &put).await;
    assert!(is == "proxyRefused" && said.contains("https_proxy names no proxy"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_without_goes_without() {
    let agency = Agency::open().await;
    let (scratch, bucket) = (Scratch::new(), agency.bucket());
    let forward = agency.proxy(Wishes::default()).await;
    let link = Proxy::start(&forward.address()).await.unwrap();
    let clip = scratch.join("without.mxf");
    footage::random(&clip, 3_000_000, 3).unwrap();
    let proxied = env(&bucket, &format!("http://{}", link.address()));
    let ctl = ctl(&scratch);

    // Nobody else knows the name.
    let (is, _) =
        refused(&ctl.clone().with(&proxied.clone().with("NO_PROXY", "agency.test")), &put(&bucket, &clip)).await;
    assert_eq!((&*is, link.carried().connections), ("offline", 0));
    // A store on this computer is reached without asking anybody.
    let practice = Practice::start(&scratch).await.unwrap();
    let here = practice.bucket();
    ctl.clone().with(&env(here, "http://127.0.0.1:9")).run(&put(here, &clip)).await.unwrap().ok().unwrap();

    ctl.with(&proxied.with("NO_PROXY", "agency.test:1")).run(&put(&bucket, &clip)).await.unwrap().ok().unwrap();
    assert!(link.carried().up >= 3_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_spoken_to_by_tls_where_its_address_says_so_and_an_authority_comes_from_aws_config() {
    let agency = Agency::open().await;
    let (scratch, bucket) = (Scratch::new(), agency.bucket());
    let shown = certify_names(&scratch, &["localhost", "127.0.0.1"]).unwrap();
    let wishes = Wishes { asks_for: Some(SHOWN.into()), certificate: Some(shown.clone()), ..Wishes::default() };
    let forward = agency.proxy(wishes).await;
    let clip = scratch.join("secure.mxf");
    footage::random(&clip, 12_000_000, 4).unwrap();
    let proxied = env(&bucket, &format!("https://{SHOWN_IN_URL}@{}", forward.address()));
    let ctl = ctl(&scratch);

    // The store's authority is trusted here, and the proxy's is not.
    let (is, said) = refused(&ctl.clone().with(&proxied), &put(&bucket, &clip)).await;
    assert!(is == "untrustedCertificate" && said.contains("issued by rushes-rig test authority"), "{said}");
    assert!(said.contains("If your agency inspects traffic, ask IT"), "{said}");

    let both = [bucket.ca.as_ref().unwrap(), &shown.authority].map(|path| std::fs::read_to_string(path).unwrap());
    let (bundle, config) = (scratch.join("agency.pem"), scratch.join("aws-config"));
    std::fs::write(&bundle, both.concat()).unwrap();
    std::fs::write(&config, format!("[profile desk]\nca_bundle = {}\n", bundle.display())).unwrap();
    let by_profile = proxied.without("AWS_CA_BUNDLE").without("SSL_CERT_FILE");
    let by_profile = by_profile.with("AWS_CONFIG_FILE", &config).with("AWS_PROFILE", "desk");
    ctl.with(&by_profile).run(&put(&bucket, &clip)).await.unwrap().ok().unwrap();
}
