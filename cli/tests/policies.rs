//! `profile policies`: what it prints, what it writes, what it does not write over.

mod support;

use rushes_rig::Scratch;
use serde_json::Value;
use support::{code, ctl};

const BUCKET: [&str; 8] =
    ["profile", "policies", "--bucket", "agency-footage", "--region", "eu-west-1", "--bureau", "São Paulo"];
const TEMPLATE: [&str; 2] = ["--template", "{bureau}/{date}/{name}"];

#[tokio::test(flavor = "multi_thread")]
async fn policies_of_a_bucket_that_is_described_need_neither_keys_nor_a_newsroom() {
    let scratch = Scratch::new();
    let ctl = ctl(&scratch);
    let one = ctl.run(&[&BUCKET[..], &TEMPLATE, &["--role", "ingest"]].concat()).await.unwrap().ok().unwrap();
    let policy: Value = serde_json::from_str(&one.stdout).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    assert_eq!(policy["Statement"][0]["Resource"][0], "arn:aws:s3:::agency-footage/Sao_Paulo/*");
    assert!(one.stderr.is_empty(), "{}", one.stderr);

    let all = ctl.run(&[&BUCKET[..], &["--json"]].concat()).await.unwrap().ok().unwrap();
    let roles: Vec<&str> = all.lines.iter().map(|line| line["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["reporter", "editor", "ingest", "it"]);
    // Without a template of their own, bureaus are not kept apart, and that is said.
    assert!(all.lines[0]["notes"][0].as_str().unwrap().contains("whole bucket"));
    let said = ctl.run(&BUCKET).await.unwrap().ok().unwrap();
    assert!(said.stderr.contains("whole bucket") && said.stdout.contains("ingest.json"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_has_changed_in_a_file_is_not_written_over() {
    let scratch = Scratch::new();
    let ctl = ctl(&scratch);
    let folder = scratch.join("made/policies");
    let into = folder.display().to_string();
    let words = [&BUCKET[..], &TEMPLATE, &["--into", &into, "--json"]].concat();
    for _ in 0..2 {
        assert_eq!(ctl.run(&words).await.unwrap().ok().unwrap().lines.len(), 4);
    }
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["editor.json", "ingest.json", "it.json", "reporter.json"]);
    std::fs::write(folder.join("reporter.json"), "{}").unwrap();
    let refused = ctl.run(&words).await.unwrap();
    assert_eq!((refused.status, code(&refused)), (Some(1), "badInput"));
    assert_eq!(std::fs::read_to_string(folder.join("reporter.json")).unwrap(), "{}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_cannot_be_made_of_is_said() {
    let scratch = Scratch::new();
    let ctl = ctl(&scratch);
    let grant = "grant:https://abc123.lambda-url.eu-west-1.on.aws";
    let edge = ["--cloudfront", "d111111abcdef8.cloudfront.net", "--cloudfront-signer", grant];
    for (words, wanted, says) in [
        ([&BUCKET[..], &edge].concat(), "badInput", "--grant-function"),
        ([&BUCKET[..], &["--kms-key", "arn:aws:kms:*:123456789012:key/*"]].concat(), "badInput", "no wildcards"),
        ([&BUCKET[..], &["--template", "{bureau"]].concat(), "badInput", "without its }"),
        (vec!["profile", "policies"], "notFound", "--bucket"),
        (vec!["profile", "policies", "Nobody's"], "notFound", "no newsroom named Nobody's"),
    ] {
        let ended = ctl.run(&[&words[..], &["--json"]].concat()).await.unwrap();
        assert_eq!((ended.status, code(&ended)), (Some(1), wanted), "{words:?}");
        assert!(ended.stdout.contains(says), "{words:?}: {}", ended.stdout);
    }
    let both = [&BUCKET[..], &["Nairobi"]].concat();
    assert_eq!(ctl.run(&both).await.unwrap().status, Some(2), "a newsroom and a bucket");
}
