//! What is taken, what is refused, and what is said of it.

use proptest::prelude::*;

use super::shown::{looks_like, preview};
use super::*;
use crate::api::{NewsroomChange, NewsroomPreview};
use crate::profile::{CloudFront, CredentialsFrom, Replica, Routes, Signer};

fn nairobi() -> Profile {
    Profile {
        credentials: CredentialsFrom::Keychain,
        zone: Some("Africa/Nairobi".into()),
        routes: Routes {
            dual_stack: true,
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

/// A file that says this of its newsroom, beside a name, a bucket and a region.
fn file(more: &str) -> String {
    format!("rushes = 1\n[newsroom]\nname = \"Nairobi\"\nbucket = \"agency-footage\"\nregion = \"eu-west-1\"\n{more}")
}

fn shown(text: &str, here: &[Profile]) -> NewsroomPreview {
    preview(&open(text).unwrap(), here).unwrap()
}

#[test]
fn what_is_handed_on_says_all_that_was_and_can_be_opened_as_file_and_as_link() {
    let made = write(&nairobi()).unwrap();
    assert_eq!(made.file_name, "Nairobi.rushes");
    assert_eq!(open(&made.text).unwrap().profile, nairobi());
    assert_eq!(open(&made.link).unwrap(), open(&made.text).unwrap());
    assert_eq!(open(&made.text).unwrap().sha256, sha256(made.text.as_bytes()));
    // Windows writes its own line ends, and a mark before them.
    assert_eq!(open(&format!("\u{feff}{}", made.text.replace('\n', "\r\n"))).unwrap().profile, nairobi());
    let here = Profile { endpoint: Some("http://127.0.0.1:9000".into()), routes: Routes::default(), ..nairobi() };
    assert!(write(&here).unwrap_err().message.contains("on this computer"));
    assert!(write(&Profile::example()).is_err(), "lent keys are nobody else's");
    assert_eq!(write(&Profile { name: "../Ü/x".into(), ..nairobi() }).unwrap().file_name, ".._Ü_x.rushes");
}

#[test]
fn a_file_of_a_few_lines_has_the_usual_for_the_rest() {
    let profile = open(&file("")).unwrap().profile;
    assert_eq!((profile.key_template.as_str(), profile.credentials), (NEWSROOM_TEMPLATE, CredentialsFrom::Keychain));
    assert_eq!((profile.endpoint, profile.accelerate, profile.routes), (None, false, Routes::default()));
}

#[test]
fn what_is_not_known_or_not_meant_for_this_version_is_refused() {
    let said = |text: &str| open(text).unwrap_err();
    assert!(said("rushes = 2\n[hall]\nx = 1").message.contains("newer Rushes"));
    for other in ["", "x = 1", "rushes = \"1\"", "rushes = 0", "[newsroom]\nname = \"x\"", "{}", "\u{0}"] {
        assert_eq!(said(other).code, Code::BadInput, "{other}");
    }
    for (more, path) in [
        ("secretAccessKey = \"x\"", "secretAccessKey"),
        ("[newsroom.routes]\ndoor = true", "routes.door"),
        (
            "[newsroom.routes.cloudfront]\ndomain = \"d.example.com\"\nsigner = { by = \"nobody\", key = \"x\" }",
            "routes.cloudfront.signer.key",
        ),
        ("[alerts]\nx = 1", "alerts"),
    ] {
        let refused = said(&file(more));
        assert!(refused.message.contains("does not know") && refused.detail == path, "{refused:?}");
        assert!(!refused.to_string().contains("\"x\""));
    }
    assert!(said(&file("credentials = \"lent\"")).message.contains("Lent"));
    assert!(said(&file("credentials = \"moon\"")).code == Code::BadInput);
    assert!(said(&file(&"#".repeat(LONGEST))).message.contains("too long"));
    assert!(said(&file("zone = \"../../etc/passwd\"")).code == Code::BadInput);
}

#[test]
fn hidden_characters_and_letters_that_pose_as_others_are_refused() {
    for trick in ["\u{202e}", "\\u202e", "\\u0007", "\u{200b}", "\\u2066", "\u{fe0f}", "\\U000e0041", "\u{7f}"] {
        let text = file("").replace("Nairobi", &format!("Nai{trick}robi"));
        assert!(open(&text).unwrap_err().message.contains("hidden characters"), "{trick}");
    }
    let cyrillic = open(&file("endpoint = \"https://s3.\u{430}gency.example\"")).unwrap_err();
    assert!(cyrillic.message.contains("another script"), "{cyrillic}");
    assert!(open(&file("bureau = \"Найроби\"")).is_ok());
}

#[test]
fn a_file_leads_nowhere_on_this_computer() {
    for address in [
        "http://127.0.0.1:9000",
        "https://localhost",
        "https://LOCALHOST.",
        "https://x.localhost",
        "https://0.0.0.0",
        "https://[::1]:9",
        "https://[::]",
        "https://[::ffff:127.0.0.1]",
        "https://2130706433",
        "https://0x7f.1",
        "https://127.1",
        "https://169.254.169.254",
        "https://[fd00:ec2::254]",
        "https://[64:ff9b::7f00:1]",
        "https://[2002:7f00:1::]",
        "https://metadata.google.internal",
        "https://[fe80::1]",
        "https://0177.0.0.1",
    ] {
        let ways = [
            format!("endpoint = \"{address}\""),
            format!("[newsroom.routes]\nprivateLink = \"{address}\""),
            format!("[newsroom.routes.replica]\nbucket = \"abc\"\nregion = \"x\"\nendpoint = \"{address}\""),
            format!(
                "[newsroom.routes.cloudfront]\ndomain = \"{}\"\nsigner = {{ by = \"nobody\" }}",
                address.split_once("//").unwrap().1
            ),
        ];
        for more in ways {
            let refused = open(&file(&more)).expect_err(&more);
            assert!(refused.message.contains("this computer"), "{more}: {refused}");
        }
    }
    // Plain http is for this computer alone, and so for no file.
    assert!(open(&file("endpoint = \"http://s3.example.com\"")).is_err());
}

#[test]
fn tables_within_tables_do_not_end_the_program() {
    let deep = "a.".repeat(20_000);
    let arrays = "[".repeat(30_000);
    let headers: String = (1..600).map(|n| format!("[newsroom.{}a]\n", "a.".repeat(n % 60))).collect();
    let lines = format!("a = {}", "[\n".repeat(30_000));
    for text in [
        format!("rushes = 1\n{deep}a = 1"),
        format!("a = {arrays}"),
        headers,
        lines,
        format!("a = {}", "{a=".repeat(9_000)),
    ] {
        assert_eq!(open(&text).unwrap_err().code, Code::BadInput);
    }
}

#[test]
fn a_new_newsroom_is_shown_whole() {
    let made = write(&nairobi()).unwrap();
    let preview = shown(&made.text, &[]);
    assert_eq!((preview.change, preview.name.as_str()), (NewsroomChange::New, "Nairobi"));
    let said: Vec<(&str, &str)> = preview.lines.iter().map(|l| (l.label.as_str(), l.value.as_str())).collect();
    for line in [
        ("Newsroom", "Nairobi"),
        ("Bucket", "agency-footage"),
        ("Region", "eu-west-1"),
        ("IPv6 names", "Yes"),
        ("CloudFront domain", "d111111abcdef8.cloudfront.net"),
        ("Grant function", "https://abc123.lambda-url.eu-west-1.on.aws"),
        ("Replica bucket", "agency-footage-us"),
        ("Uploads to the replica", "Yes"),
        ("Time zone", "Africa/Nairobi"),
    ] {
        assert!(said.contains(&line), "{line:?} is not in {said:?}");
    }
    assert!(preview.lines.iter().all(|line| line.was.is_none()) && preview.confirm.is_empty());
    assert_eq!(shown(&made.text, &[nairobi()]).change, NewsroomChange::Nothing);
}

#[test]
fn whatever_leads_elsewhere_is_told_apart_from_habits() {
    let of = |changed: Profile| {
        let made = write(&changed).unwrap();
        shown(&made.text, &[nairobi()])
    };
    let details = Profile { key_template: "{name}".into(), bureau: "Nakuru".into(), zone: None, ..nairobi() };
    let details = of(details);
    assert_eq!(details.change, NewsroomChange::Details);
    assert!(!details.warnings.iter().any(|warning| warning.grave));
    let zone = details.lines.iter().find(|line| line.label == "Time zone").unwrap();
    assert_eq!((zone.value.as_str(), zone.was.as_deref()), ("", Some("Africa/Nairobi")));

    let routes = |routes: Routes| Profile { routes, ..nairobi() };
    let edge = nairobi().routes.cloudfront.unwrap();
    let replica = nairobi().routes.replica.unwrap();
    let other = Signer::Grant { function: "https://evil.lambda-url.eu-west-1.on.aws".into() };
    let plain = Routes { dual_stack: false, ..nairobi().routes };
    for moved in [
        Profile { bucket: "other-footage".into(), ..nairobi() },
        Profile { region: "us-east-1".into(), ..nairobi() },
        Profile { endpoint: Some("https://s3.example.com".into()), routes: plain, ..nairobi() },
        routes(Routes { private_link: Some("https://vpce.example.com".into()), ..nairobi().routes }),
        routes(Routes { cloudfront: None, ..nairobi().routes }),
        routes(Routes {
            cloudfront: Some(CloudFront { domain: "d2.cloudfront.net".into(), ..edge.clone() }),
            ..nairobi().routes
        }),
        routes(Routes { cloudfront: Some(CloudFront { signer: other, ..edge }), ..nairobi().routes }),
        routes(Routes {
            replica: Some(Replica { endpoint: Some("https://r.example.com".into()), ..replica.clone() }),
            ..nairobi().routes
        }),
        routes(Routes { replica: Some(Replica { bucket: "elsewhere".into(), ..replica }), ..nairobi().routes }),
    ] {
        let shown = of(moved.clone());
        assert_eq!(shown.change, NewsroomChange::Places, "{moved:?}");
        let grave: Vec<_> = shown.warnings.iter().filter(|warning| warning.grave).collect();
        assert!(grave.len() == 1 && grave[0].text.contains("your existing keys"), "{:?}", shown.warnings);
        assert!(shown.lines.iter().any(|line| line.was.is_some()));
    }
}

#[test]
fn what_is_seen_stands_for_the_file_and_for_what_is_here() {
    let made = write(&nairobi()).unwrap().text;
    let (alone, beside) = (shown(&made, &[]), shown(&made, &[Profile { bureau: "x".into(), ..nairobi() }]));
    assert_eq!(alone.sha256, beside.sha256);
    assert_ne!(alone.seen, beside.seen);
    assert_ne!(alone.seen, shown(&format!("{made}\n"), &[]).seen);
}

#[test]
fn names_that_people_would_take_for_each_other_are_told() {
    for (one, other) in [
        ("Nairobi", "NAIROBI"),
        ("Nairobi", "N\u{430}irobi"),
        ("Nairobi bureau", "Nairobi  bureau"),
        ("Nairobi", "Nairobi."),
        ("Lagos", "Iagos"),
    ] {
        assert!(looks_like(one, other), "{one} {other}");
    }
    assert!(!looks_like("Nairobi", "Nakuru"));
    let here = [Profile { name: "NAIROBI".into(), ..nairobi() }];
    let warned = shown(&file(""), &here).warnings;
    assert!(
        warned.iter().any(|warning| warning.grave && warning.text.contains("looks the same: NAIROBI")),
        "{warned:?}"
    );
}

#[test]
fn an_offices_own_network_and_strangers_are_told_and_aws_is_not() {
    let warned =
        |more: &str| shown(&file(more), &[]).warnings.into_iter().map(|w| w.text).collect::<Vec<_>>().join("\n");
    assert_eq!(warned(""), "");
    assert_eq!(
        warned("[newsroom.routes]\nprivateLink = \"https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com\""),
        ""
    );
    assert!(warned("endpoint = \"https://10.1.2.3\"").contains("office's own network"));
    assert!(warned("endpoint = \"https://s3.amazonaws.com.example.com\"").contains("Not everything goes to AWS"));
    assert!(warned("endpoint = \"https://evilamazonaws.com\"").contains("Not everything goes to AWS"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_what_is_taken_can_be_handed_on(
        name in "[\\PC]{0,90}", endpoint in "(https?://)?[a-z0-9.:\\[\\]@/?#-]{0,40}", template in "[a-z{}/.]{0,40}", cut in 0usize..400
    ) {
        let value = |text: &str| Value::from(text).to_string();
        let text = file(&format!("endpoint = {}\nkeyTemplate = {}\nbureau = {}\n", value(&endpoint), value(&template), value(&name)));
        let whole = open(&text);
        if let Ok(opened) = &whole {
            prop_assert_eq!(&open(&write(&opened.profile).unwrap().text).unwrap().profile, &opened.profile);
        }
        let cut = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= cut).last().unwrap_or(0);
        let _ = open(&text[..cut]);
        let _ = open(&format!("rushes://newsroom?file={}", &text[cut..]));
    }
}
