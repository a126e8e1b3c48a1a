//! The documents, by what must and must not stand in them.

use serde_json::Value;

use super::*;
use crate::profile::{CloudFront, Replica, Routes, Signer};

const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:grant";

/// With every way that a policy is about.
fn rich() -> Profile {
    Profile {
        accelerate: true,
        routes: Routes {
            multi_region: Some("arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap".into()),
            cloudfront: Some(CloudFront {
                domain: "d111111abcdef8.cloudfront.net".into(),
                signer: Signer::Grant { function: "https://abc123.lambda-url.eu-west-1.on.aws".into() },
            }),
            replica: Some(Replica {
                bucket: "agency-footage-us".into(),
                region: "us-east-1".into(),
                endpoint: None,
                takes_uploads: true,
            }),
            ..Routes::default()
        },
        ..Profile::example()
    }
}

fn wishes() -> Wishes {
    Wishes { grant_function: Some(FUNCTION.into()), ..Wishes::default() }
}

fn of(role: Role, profile: &Profile, wishes: &Wishes) -> Value {
    let all = policies(profile, wishes).unwrap();
    let written = all.into_iter().find(|written| written.role == role).unwrap();
    serde_json::from_str(&written.policy.text()).unwrap()
}

/// Every action with every resource, and whether there is a condition.
fn allowed(policy: &Value) -> Vec<(String, String, bool)> {
    let mut all = Vec::new();
    for statement in policy["Statement"].as_array().unwrap() {
        for action in statement["Action"].as_array().unwrap() {
            for resource in statement["Resource"].as_array().unwrap() {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                all.push((text(action), text(resource), !statement["Condition"].is_null()));
            }
        }
    }
    all
}

fn resources(policy: &Value, action: &str) -> Vec<String> {
    allowed(policy).into_iter().filter(|(is, _, _)| is == action).map(|(_, resource, _)| resource).collect()
}

#[test]
fn every_document_is_one_that_iam_takes() {
    let keys = Wishes { kms_keys: vec!["arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab".into()], ..wishes() };
    for own_bureau_only in [false, true] {
        for written in policies(&rich(), &Wishes { own_bureau_only, ..keys.clone() }).unwrap() {
            let policy: Value = serde_json::from_str(&written.policy.text()).unwrap();
            assert_eq!(policy["Version"], "2012-10-17");
            let statements = policy["Statement"].as_array().unwrap();
            let sids: Vec<&str> = statements.iter().map(|statement| statement["Sid"].as_str().unwrap()).collect();
            assert!(
                sids.iter().all(|sid| sid.chars().all(|c| c.is_ascii_alphanumeric()) && sid.len() > 10),
                "{sids:?}"
            );
            assert!(sids.iter().all(|sid| sids.iter().filter(|other| other == &sid).count() == 1), "{sids:?}");
            assert!(statements.iter().all(|statement| statement["Effect"] == "Allow"));
            for (action, resource, _) in allowed(&policy) {
                assert!(!action.contains('*') && resource.starts_with("arn:aws:") && resource != "*", "{action}");
                // A star only at the end, and below a bucket or an access point.
                let stars = resource.matches('*').count();
                assert!(stars == 0 || stars == 1 && resource.ends_with("/*"), "{resource}");
            }
            // A managed policy has 6144 characters at the most, white space apart.
            assert!(policy.to_string().len() <= 6144, "{}", written.file_name());
        }
    }
}

#[test]
fn puts_go_under_the_own_bureau_and_deletes_to_its_claims() {
    let bureaus = [
        ("Nairobi", "Nairobi"),
        ("São Paulo / Rio", "Sao_Paulo_Rio"),
        ("*", "_"),
        ("..", "__"),
        ("${aws:username}", "_aws_username_"),
    ];
    for (bureau, folder) in bureaus {
        let profile = Profile { bureau: bureau.into(), ..rich() };
        for role in [Role::Reporter, Role::Ingest] {
            let policy = of(role, &profile, &wishes());
            let expected: Vec<String> = [folder.to_owned(), format!(".rushes/claims/{folder}")]
                .iter()
                .flat_map(|under| {
                    ["agency-footage", "agency-footage-us"].map(|bucket| format!("arn:aws:s3:::{bucket}/{under}/*"))
                })
                .collect();
            let mut put = resources(&policy, action::PUT);
            put.dedup();
            // For clips, for their parts, for claims.
            assert_eq!(put, [&expected[..2], &expected].concat(), "{bureau}");
            assert_eq!(resources(&policy, action::DELETE), expected[2..], "{bureau}");
            assert_eq!(resources(&policy, action::ABORT), expected[..2], "{bureau}");
        }
    }
    for role in [Role::Editor, Role::It] {
        let policy = of(role, &rich(), &wishes());
        assert!(resources(&policy, action::PUT).is_empty() && resources(&policy, action::DELETE).is_empty());
    }
}

#[test]
fn at_aws_no_key_writes_over_footage_and_other_stores_get_no_condition_that_they_do_not_know() {
    for role in [Role::Reporter, Role::Ingest] {
        let policy = of(role, &rich(), &wishes());
        let puts = |statement: &&Value| {
            let is_claim = statement["Sid"].as_str().unwrap().starts_with("Claim");
            !is_claim && statement["Action"].as_array().unwrap().iter().any(|action| action == action::PUT)
        };
        let conditions: Vec<&Value> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .filter(puts)
            .map(|statement| &statement["Condition"])
            .collect();
        assert_eq!(conditions.len(), 2);
        assert_eq!(conditions[0]["Null"]["s3:if-none-match"][0], "false");
        assert_eq!(conditions[1]["Bool"]["s3:ObjectCreationOperation"][0], "false");
    }
    let elsewhere = Profile { endpoint: Some("https://s3.example.com".into()), ..Profile::example() };
    assert!(!of(Role::Ingest, &elsewhere, &Wishes::default()).to_string().contains("if-none-match"));
}

#[test]
fn who_browses_reads_all_and_who_does_not_reads_what_it_sent() {
    let all = ["arn:aws:s3:::agency-footage/*", "arn:aws:s3:::agency-footage-us/*"];
    let access_point = "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap/object/*";
    for role in [Role::Reporter, Role::Editor] {
        let policy = of(role, &rich(), &wishes());
        let read = resources(&policy, action::GET);
        assert!(all.iter().chain([&access_point]).all(|one| read.contains(&(*one).to_owned())), "{read:?}");
        assert!(allowed(&policy).iter().all(|(action, _, only)| action != action::LIST || !only));
    }
    let own = Wishes { own_bureau_only: true, ..wishes() };
    for policy in [of(Role::Ingest, &rich(), &wishes()), of(Role::Reporter, &rich(), &own)] {
        let read = resources(&policy, action::GET);
        assert!(read.iter().all(|one| one.ends_with("Nairobi/*")), "{read:?}");
        let lists = policy["Statement"].as_array().unwrap().iter().filter(|one| one["Action"][0] == action::LIST);
        let lists: Vec<&Value> = lists.collect();
        assert_eq!(lists.len(), 1);
        assert_eq!(lists[0]["Condition"]["StringLike"]["s3:prefix"][0], "Nairobi/*");
        assert!(resources(&policy, action::LIST_UPLOADS).is_empty());
    }
    let it = of(Role::It, &rich(), &wishes());
    assert!(resources(&it, action::GET).is_empty());
    assert_eq!(resources(&it, action::LIST_UPLOADS).len(), 2);
}

#[test]
fn a_replica_that_takes_no_uploads_is_only_read() {
    let mut profile = rich();
    profile.routes.replica.as_mut().unwrap().takes_uploads = false;
    let reporter = of(Role::Reporter, &profile, &wishes());
    assert!(resources(&reporter, action::PUT).iter().all(|one| !one.contains("agency-footage-us")));
    assert!(resources(&reporter, action::GET).iter().any(|one| one == "arn:aws:s3:::agency-footage-us/*"));
    let ingest = of(Role::Ingest, &profile, &wishes());
    assert!(allowed(&ingest).iter().all(|(_, resource, _)| !resource.contains("agency-footage-us")));
}

#[test]
fn what_a_profile_does_not_have_is_in_no_policy() {
    for written in policies(&Profile::example(), &Wishes::default()).unwrap() {
        let text = written.policy.text();
        assert!(!text.contains("lambda:") && !text.contains("kms:") && !text.contains("accesspoint"), "{text}");
        assert!(written.role == Role::It || !text.contains(action::ACCELERATION));
        assert!(written.notes.is_empty());
    }
}

#[test]
fn the_grant_function_is_called_by_its_url_alone_and_by_its_own_name() {
    let policy = of(Role::Editor, &rich(), &wishes());
    let of_lambda: Vec<_> =
        allowed(&policy).into_iter().filter(|(action, _, _)| action.starts_with("lambda:")).collect();
    assert_eq!(of_lambda.len(), 2);
    assert!(of_lambda.iter().all(|(_, resource, only)| resource == FUNCTION && *only), "{of_lambda:?}");
    for role in [Role::Ingest, Role::It] {
        assert!(!of(role, &rich(), &wishes()).to_string().contains("lambda:"));
    }
    for wrong in [
        None,
        Some("arn:aws:lambda:eu-west-1:123456789012:function:*"),
        Some("arn:aws:lambda:us-east-1:123456789012:function:grant"),
        Some("arn:aws:s3:::agency-footage"),
        Some("grant"),
    ] {
        let wishes = Wishes { grant_function: wrong.map(str::to_owned), ..Wishes::default() };
        assert_eq!(policies(&rich(), &wishes).unwrap_err().code, crate::error::Code::BadInput, "{wrong:?}");
    }
}

#[test]
fn a_key_of_the_agencys_own_is_used_by_s3_alone() {
    let wishes = |arn: &str| Wishes { kms_keys: vec![arn.to_owned()], ..Wishes::default() };
    let arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd";
    let policy = of(Role::Editor, &Profile::example(), &wishes(arn));
    let its = policy["Statement"].as_array().unwrap().iter().find(|one| one["Action"][0] == action::DECRYPT).unwrap();
    assert_eq!(its["Condition"]["StringEquals"]["kms:ViaService"][0], "s3.cn-north-1.amazonaws.com.cn");
    assert!(resources(&policy, action::DATA_KEY).is_empty());
    assert_eq!(resources(&of(Role::Ingest, &Profile::example(), &wishes(arn)), action::DATA_KEY), [arn]);
    for wrong in ["*", "arn:aws:kms:eu-west-1:123456789012:key/*", "arn:aws:kms:eu-west-1:123456789012:alias/x"] {
        assert!(policies(&Profile::example(), &wishes(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn a_template_that_keeps_no_bureaus_apart_is_said() {
    let notes = |template: &str, bureau: &str| {
        let profile = Profile { key_template: template.into(), bureau: bureau.into(), ..Profile::example() };
        policies(&profile, &Wishes::default()).unwrap().remove(0).notes
    };
    assert!(notes("{bureau}/{name}", "Nairobi").is_empty() && notes("raw/{bureau}/{name}", "Nairobi").is_empty());
    assert!(notes("{name}", "Nairobi")[0].contains("whole bucket"));
    assert!(notes("{bureau}/{name}", "")[0].contains("whole bucket"));
    assert!(notes("raw/{date}/{name}", "Nairobi")[0].contains("under raw/"));
    // A claim stands under the key that it claims.
    let profile = Profile { key_template: "raw/{bureau}/{name}".into(), ..Profile::example() };
    let deletes = resources(&of(Role::Ingest, &profile, &Wishes::default()), action::DELETE);
    assert_eq!(deletes, ["arn:aws:s3:::agency-footage/.rushes/claims/raw/Nairobi/*"]);
    let profile = Profile { key_template: "{name}".into(), ..Profile::example() };
    let ingest = of(Role::Ingest, &profile, &Wishes::default());
    assert_eq!(resources(&ingest, action::PUT)[0], "arn:aws:s3:::agency-footage/*");
    // No prefix to hold it to.
    assert!(!ingest.to_string().contains("s3:prefix"));
}

#[test]
fn arns_are_those_of_the_regions_partition() {
    for (region, partition) in [
        ("eu-west-1", "aws"),
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
    ] {
        let profile = Profile { region: region.into(), ..Profile::example() };
        let policy = of(Role::Editor, &profile, &Wishes::default());
        assert_eq!(resources(&policy, action::GET), [format!("arn:{partition}:s3:::agency-footage/*")], "{region}");
    }
}

#[test]
fn a_profile_from_elsewhere_brings_no_wildcard() {
    let mut profile = Profile::example();
    for arn in ["arn:aws*:s3::123456789012:accesspoint/alias.mrap", "arn:aws:s3::123456789012:accesspoint/a?.mrap"] {
        profile.routes.multi_region = Some(arn.into());
        assert!(policies(&profile, &Wishes::default()).is_err(), "{arn}");
    }
}
