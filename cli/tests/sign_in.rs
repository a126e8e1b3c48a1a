//! Ways in on the command line: what is read, what is kept, and what is left. Identity Center and roles are tried in the
//! proofs, where there is somebody to ask.

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use rushes_rig::Scratch;
use rushes_rig::ctl::Rushesctl;
use rushes_rig::env::Env;
use rushes_rig::keychain::Keychain;
use rushes_rig::practice::Practice;
use support::{code, place};

/// Nobody's keys are in the environment.
fn nobodys() -> Env {
    let names = ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    names.iter().fold(Env::new(), |env, name| env.without(name))
}

async fn add(ctl: &Rushesctl, practice: &Practice, words: &[&str]) -> rushes_rig::ctl::Ended {
    let mut all = place(practice.bucket());
    all.extend(["--json", "profile", "add", "Desk"].into_iter().chain(words.iter().copied()).map(str::to_owned));
    ctl.run_with_input(&all, "\n\n").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_of_the_aws_tools_is_read_whenever_it_is_needed_and_never_copied() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let keychain = Keychain::unlocked(&scratch).await.unwrap();
    let (config, credentials) = (scratch.join("config"), scratch.join("credentials"));
    let keys = practice.bucket().keys.clone();
    let write = |secret: &str| {
        let text = format!("[desk]\naws_access_key_id = {}\naws_secret_access_key = {secret}\n", keys.id);
        fs::write(&credentials, text).unwrap();
    };
    fs::write(&config, "").unwrap();
    write(&keys.secret);
    let files = Env::new().with("AWS_CONFIG_FILE", &config).with("AWS_SHARED_CREDENTIALS_FILE", &credentials);
    let ctl = support::ctl(&scratch).with(keychain.env()).with(&nobodys()).with(&files);

    add(&ctl, &practice, &["--aws-profile", "desk"]).await.ok().unwrap();
    ctl.run(&["ls"]).await.unwrap().ok().unwrap();
    write("another secret");
    assert_eq!(code(&ctl.run(&["--json", "ls"]).await.unwrap()), "wrongCredentials");
    write(&keys.secret);
    ctl.run(&["ls"]).await.unwrap().ok().unwrap();
    assert_eq!(keychain.entries("Rushes").unwrap(), 0);
    for found in walkdir::WalkDir::new(ctl.home()).into_iter().filter_map(Result::ok) {
        if found.file_type().is_file() {
            let bytes = fs::read(found.path()).unwrap();
            let secret = keys.secret.as_bytes();
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "it is in {}", found.path().display());
        }
    }

    let unknown = add(&ctl, &practice, &["--aws-profile", "nobody"]).await;
    assert_eq!(code(&unknown), "noCredentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_with_a_new_name_and_after_signing_out_nothing_of_them_is_left() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let keychain = Keychain::unlocked(&scratch).await.unwrap();
    let ctl = support::ctl(&scratch).with(keychain.env()).with(&nobodys());
    let typed = ctl.clone().with(&practice.bucket().env());
    add(&typed, &practice, &[]).await.ok().unwrap();
    let entries = keychain.entries("Rushes").unwrap();
    assert!(entries > 0);
    ctl.run(&["profile", "rename", "Desk", "Night desk"]).await.unwrap().ok().unwrap();
    ctl.run(&["--profile", "Night desk", "ls"]).await.unwrap().ok().unwrap();
    assert_eq!(keychain.entries("Rushes").unwrap(), entries);
    assert_eq!(code(&ctl.run(&["--json", "--profile", "Desk", "ls"]).await.unwrap()), "notFound");

    // Kept for one address, they are shown to no other.
    let other = Practice::start(&scratch).await.unwrap();
    let mut moved = place(other.bucket());
    moved.extend(["--json", "profile", "add", "Night desk"].map(str::to_owned));
    assert_eq!(code(&ctl.run_with_input(&moved, "\n\n").await.unwrap()), "badInput");

    ctl.run(&["sign-out", "Night desk"]).await.unwrap().ok().unwrap();
    assert_eq!(keychain.entries("Rushes").unwrap(), 0);
    assert_eq!(code(&ctl.run(&["--json", "--profile", "Night desk", "ls"]).await.unwrap()), "noCredentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_has_its_role_from_the_address_that_it_is_told() {
    let scratch = Scratch::new();
    let practice = Practice::start(&scratch).await.unwrap();
    let keychain = Keychain::absent(&scratch).await.unwrap();
    let keys = &practice.bucket().keys;
    let body = format!(
        r#"{{"AccessKeyId":"{}","SecretAccessKey":"{}","Token":"a token","Expiration":"2099-01-01T00:00:00Z"}}"#,
        keys.id, keys.secret
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut asked = [0; 4096];
            let n = stream.read(&mut asked).unwrap_or(0);
            let right = String::from_utf8_lossy(&asked[..n]).to_lowercase().contains("authorization: told");
            let status = if right { "200 OK" } else { "401 Unauthorized" };
            let head = "content-type: application/json\r\nconnection: close\r\ncontent-length:";
            let _ = write!(stream, "HTTP/1.1 {status}\r\n{head} {}\r\n\r\n{body}", body.len());
        }
    });
    let told = Env::new()
        .with("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{address}/role"))
        .with("AWS_CONTAINER_AUTHORIZATION_TOKEN", "told");
    let ctl = support::ctl(&scratch).with(keychain.env()).with(&nobodys()).with(&told);
    add(&ctl, &practice, &["--computer"]).await.ok().unwrap();
    ctl.run(&["ls"]).await.unwrap().ok().unwrap();
    let elsewhere = ctl.clone().with(&Env::new().with("AWS_CONTAINER_AUTHORIZATION_TOKEN", "somebody else's"));
    assert_eq!(code(&add(&elsewhere, &practice, &["--computer"]).await), "noCredentials");
}
