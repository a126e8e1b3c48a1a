//! Keys by table and by property.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

static UNTOLD: Recorded = Recorded { timecode: String::new(), camera: String::new(), codec: String::new() };

fn facts<'a>(fields: &'a Fields, name: &'a str) -> Facts<'a> {
    Facts { bureau: "Nairobi", when: When::At(date(2026, 11, 22).at(9, 5, 0, 0)), fields, recorded: &UNTOLD, name }
}

fn fill(template: &str, slug: &str, name: &str) -> String {
    let fields = Fields { slug: slug.into(), ..Fields::default() };
    Template::parse(template).unwrap().fill(&facts(&fields, name)).unwrap()
}

#[test]
fn a_field_left_empty_takes_its_segment_away() {
    let t = NEWSROOM_TEMPLATE;
    assert_eq!(fill(t, "Market fire", "MKR 01.mxf"), "Nairobi/2026-11-22/Market_fire/MKR_01.mxf");
    assert_eq!(fill(t, "", "MKR_01.mxf"), "Nairobi/2026-11-22/MKR_01.mxf");
    assert_eq!(fill("{date}/s-{slug}/{name}", "", "a.mp4"), "2026-11-22/a.mp4");
    assert_eq!(fill("raw/{slug}_{name}", "", "a.mp4"), "raw/_a.mp4");
    assert_eq!(fill("{year}/{month}/{day}/{hour}/{time}-{name}", "", "a.mp4"), "2026/11/22/09/0905-a.mp4");
}

#[test]
fn what_a_clip_tells_of_itself_has_a_place_and_falls_away_untold() {
    let template = Template::parse("{bureau}/{camera}/{codec}/{timecode}-{name}").unwrap();
    assert!(template.reads_clips() && !template.has_slug());
    let (fields, hostile) = (Fields::default(), Recorded { camera: "../../Sony".into(), ..UNTOLD.clone() });
    let recorded = Recorded { timecode: "10:21:05:00".into(), camera: "Sony PXW-Z280".into(), codec: "h264".into() };
    let fill = |recorded: &Recorded| template.fill(&Facts { recorded, ..facts(&fields, "a.mxf") }).unwrap();
    assert_eq!(fill(&recorded), "Nairobi/Sony_PXW-Z280/h264/10_21_05_00-a.mxf");
    assert_eq!(fill(&UNTOLD), "Nairobi/-a.mxf");
    assert_eq!(fill(&hostile), "Nairobi/.._.._Sony/-a.mxf");
}

#[test]
fn template_keys_are_safe_and_folders_stay() {
    assert_eq!(fill("{name}", "", "card é/CLIP/Über clip #1.mxf"), "card_e/CLIP/Uber_clip_1.mxf");
    assert_eq!(fill("{name}", "", "../../x"), "__/__/x");
    assert_eq!(fill("{slug}/{name}", "a/b", "..."), "a_b/___");
    assert_eq!(fill("{name}", "", "новости.mp4"), "novosti.mp4");
}

#[test]
fn a_template_that_cannot_be_is_refused_in_a_sentence() {
    for (bad, says) in [
        ("", "begin or end with /"),
        ("/{name}", "begin or end with /"),
        ("{date}/", "begin or end with /"),
        ("a//{name}", "two in a row"),
        ("{slug}", "must end with {name}"),
        ("{name}/x", "must end with {name}"),
        ("{name}{name}", "must end with {name}"),
        ("{who}/{name}", "but not {who}"),
        ("{slug/{name}", "a { without its }"),
        ("{slug/x", "a { without its }"),
        ("slug}/{name}", "a } without its {"),
        ("{bureau}/{spread}/{name}", "over how many folders"),
        ("{bureau}/{spread:1}/{name}", "2 to 256"),
        ("{bureau}/{spread:257}/{name}", "2 to 256"),
        ("{bureau}/{spread:x}/{name}", "2 to 256"),
        ("{bureau}/s{spread:16}/{name}", "folder of its own"),
        ("{bureau}{spread:16}/{name}", "folder of its own"),
        ("{spread:16}/{name}", "right after {bureau}"),
        ("{date}/{spread:16}/{name}", "right after {bureau}"),
        ("x-{bureau}/{spread:16}/{name}", "right after {bureau}"),
        ("{bureau}/{date}/{spread:16}/{name}", "right after {bureau}"),
        ("{date}/{bureau}/{spread:16}/{name}", "only plain words"),
        ("{bureau}/{spread:16}/{spread:16}/{name}", "once only"),
        ("{bureau}/{name}/{spread:16}", "must end with {name}"),
    ] {
        let sentence = Template::parse(bad).expect_err(bad).message;
        assert!(sentence.contains(says), "{bad}: {sentence}");
    }
    assert!(Template::parse(&format!("{}/{{name}}", "x".repeat(300))).is_err());
}

#[test]
fn a_taken_key_gets_a_number_before_its_ending() {
    assert_eq!(numbered("a/b.c/clip.mxf", 1), "a/b.c/clip.mxf");
    assert_eq!(numbered("a/b.c/clip.mxf", 2), "a/b.c/clip-2.mxf");
    assert_eq!(numbered("a/b.c/clip", 3), "a/b.c/clip-3");
    assert_eq!(numbered(".hidden", 2), ".hidden-2");
}

#[test]
fn a_prefix_keeps_names_verbatim() {
    assert_eq!(under_prefix("", "é <b>.mp4").unwrap(), "é <b>.mp4");
    assert_eq!(under_prefix("/in", "a/b.mp4").unwrap(), "in/a/b.mp4");
    assert_eq!(under_prefix("in/", "a\n.mp4").unwrap(), "in/a_.mp4");
    assert!(under_prefix("", &"x".repeat(1025)).is_err());
}

#[test]
fn what_is_rushes_own_is_no_clips_key() {
    assert!(under_prefix(".rushes", "a.mp4").is_err());
    assert!(Template::parse(".rushes/{name}").unwrap().fill(&facts(&Fields::default(), "a.mp4")).is_err());
    assert!(under_prefix("in", ".rushes/a.mp4").is_ok());
    assert_eq!(claim_of("Nairobi/a.mxf").unwrap(), ".rushes/claims/Nairobi/a.mxf");
    assert!(claim_of(&"x".repeat(1020)).is_none());
}

#[test]
fn a_spread_key_has_its_shard_behind_the_bureau_and_is_shown_without() {
    let spread = Template::parse("{bureau}/{spread:16}/{date}/{slug}/{name}").unwrap();
    let fields = Fields { slug: "Fire".into(), ..Fields::default() };
    let key = spread.fill(&facts(&fields, "a.mxf")).unwrap();
    // The first digit of: printf %s 2026-11-22/Fire/a.mxf | sha256sum
    assert_eq!(key, "Nairobi/spread-0d/2026-11-22/Fire/a.mxf");
    let how = spread.spread().unwrap();
    assert_eq!(how.shown(&key), "Nairobi/2026-11-22/Fire/a.mxf");
    assert_eq!(how.shown(&numbered(&key, 2)), "Nairobi/2026-11-22/Fire/a-2.mxf");
    for as_it_is in [
        "Nairobi/2026-11-22/a.mxf",
        "Nairobi/spread-0A/a",
        "Nairobi/spread-0/a",
        "spread-0a/a",
        "Nairobi/spread-0a",
        "a",
    ] {
        assert_eq!(how.shown(as_it_is), as_it_is);
    }
    let deep = Template::parse("raw/{bureau}/{spread:256}/{name}").unwrap();
    let key = deep.fill(&facts(&fields, "a.mxf")).unwrap();
    assert!(
        key.starts_with("raw/Nairobi/spread-") && deep.spread().unwrap().shown(&key) == "raw/Nairobi/a.mxf",
        "{key}"
    );
    let nowhere = Facts { bureau: " ", ..facts(&fields, "a.mxf") };
    assert!(spread.fill(&nowhere).unwrap_err().message.contains("give the newsroom a bureau"));
}

#[test]
fn keys_spread_evenly_and_one_bureau_keeps_its_prefix() {
    let template = Template::parse("{bureau}/{spread:16}/{date}/{name}").unwrap();
    let fields = Fields::default();
    let mut shares = std::collections::HashMap::<String, u32>::new();
    for n in 0..16_000 {
        let name = format!("MKR_{n:05}.mxf");
        let key = template.fill(&facts(&fields, &name)).unwrap();
        let (head, shard, _) = template.spread().unwrap().split(&key).unwrap();
        assert_eq!(head, "Nairobi/");
        *shares.entry(shard.to_owned()).or_default() += 1;
    }
    assert_eq!(shares.len(), 16);
    assert!(shares.values().all(|share| (850..1150).contains(share)), "{shares:?}");
}

#[test]
fn two_drops_of_one_file_mean_the_same_place_whenever_they_are_made() {
    let fields = Fields::default();
    let template = Template::parse("{bureau}/{spread:16}/{date}/{time}/{name}").unwrap();
    let open = template.fill(&Facts { when: When::Open, ..facts(&fields, "a.mxf") }).unwrap();
    assert!(open.ends_with("/{date}/{time}/a.mxf"), "{open}");
}

#[test]
fn examples_are_what_real_drops_get() {
    let now = date(2026, 11, 22).at(9, 5, 0, 0);
    let keys = |template: &str, bureau: &str| -> Vec<(String, String)> {
        examples(template, bureau, now).unwrap().into_iter().map(|e| (e.what, e.key)).collect()
    };
    let said =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    assert_eq!(
        keys(NEWSROOM_TEMPLATE, "São Tomé"),
        said(&[
            ("With slug", "Sao_Tome/2026-11-22/Market_fire/MKR_fire_01.mxf"),
            ("Slug left empty", "Sao_Tome/2026-11-22/MKR_fire_01.mxf"),
            ("Überflug Hafen #2 (neu).mp4", "Sao_Tome/2026-11-22/Market_fire/Uberflug_Hafen_2_neu_.mp4"),
        ])
    );
    assert_eq!(keys("{name}", "").len(), 2);
    assert!(examples("{bureau}/{spread:16}/{name}", "", now).unwrap_err().message.contains("a bureau"));
}

fn is_safe(key: &str) -> bool {
    let segment = |s: &str| {
        !s.is_empty() && s != "." && s != ".." && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    key.len() <= MAX_KEY_BYTES && key.split('/').all(segment)
}

/// Pieces of which most templates that somebody types are made, and some that nobody should.
fn templates() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "{bureau}", "{date}", "{year}", "{month}", "{day}", "{time}", "{hour}", "{slug}", "{story}", "{desk}", "{name}",
            "{spread:16}", "{spread:0}", "{", "}", "/", "..", "raw", "é #", " ",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    prop_oneof![
        prop::collection::vec(piece.clone(), 0..8).prop_map(|pieces| pieces.join("/")),
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat()),
        Just("{bureau}/{spread:16}/{date}/{slug}/{name}".to_owned()),
    ]
}

proptest! {
    #[test]
    fn any_template_and_drop_come_to_a_sentence_or_a_safe_key(
        template in templates(),
        bureau in "\\PC{0,20}",
        slug in "\\PC{0,20}",
        name in "\\PC{0,40}|[a-z/. ]{0,40}",
    ) {
        let template = match Template::parse(&template) {
            Ok(template) => template,
            Err(error) => {
                prop_assert_eq!(error.code, Code::BadInput);
                prop_assert!(!error.message.is_empty());
                return Ok(());
            }
        };
        let fields = Fields { slug: slug.clone(), story: slug, ..Fields::default() };
        let when = When::At(date(2026, 11, 22).at(9, 5, 0, 0));
        match template.fill(&Facts { bureau: &bureau, when, fields: &fields, recorded: &UNTOLD, name: &name }) {
            Ok(key) => {
                prop_assert!(is_safe(&key), "{}", key);
                prop_assert!(is_safe(&numbered(&key, 12)) || key.len() + 3 > MAX_KEY_BYTES, "{}", key);
                if let Some(spread) = template.spread() {
                    let (head, shard, rest) = spread.split(&key).expect("a shard");
                    prop_assert_eq!(spread.shard(rest), shard);
                    prop_assert_eq!(spread.shown(&key), format!("{head}{rest}"));
                }
            }
            Err(error) => prop_assert_eq!(error.code, Code::BadInput),
        }
    }

    #[test]
    fn any_bucket_key_can_be_shown(key in "\\PC{0,60}|[a-f0-9/spread-]{0,40}", depth in 1usize..4) {
        let spread = Spread { over: 16, depth };
        let shown = spread.shown(&key);
        prop_assert!(shown.len() <= key.len());
        if let Some((head, shard, rest)) = spread.split(&key) {
            prop_assert_eq!(format!("{head}{shard}/{rest}"), key);
        }
    }
}

#[test]
fn what_all_keys_of_a_bureau_begin_with_is_whole_folders() {
    let prefix = |template: &str, bureau: &str| Template::parse(template).unwrap().prefix(bureau);
    assert_eq!(prefix(NEWSROOM_TEMPLATE, "São Paulo"), "Sao_Paulo/");
    assert_eq!(prefix("raw/{bureau}/{name}", "Nairobi"), "raw/Nairobi/");
    assert_eq!(prefix("raw/{date}/{bureau}/{name}", "Nairobi"), "raw/");
    assert_eq!(prefix("office-{bureau}/{name}", "Nairobi"), "office-Nairobi/");
    assert_eq!(prefix("raw/{bureau}/{spread:16}/{name}", "Nairobi"), "raw/Nairobi/");
    // Whoever begins with Nairobi-2 would be in it.
    assert_eq!(prefix("{bureau}-{date}/{name}", "Nairobi"), "");
    assert_eq!(prefix("{bureau}/raw/{name}", ""), "raw/");
    assert_eq!(prefix(PLAIN_TEMPLATE, "Nairobi"), "");
    for awkward in ["*", "a?b", "${aws:username}", "../..", "Нью-Йорк", "x/*"] {
        let prefix = prefix(NEWSROOM_TEMPLATE, awkward);
        let fields = Fields::default();
        let key = Template::parse("{bureau}/{name}").unwrap();
        let key = key.fill(&Facts { bureau: awkward, ..facts(&fields, "a.mxf") }).unwrap();
        assert!(key.starts_with(&prefix) && !prefix.contains(['*', '?', '$']), "{awkward}: {prefix}, {key}");
    }
}

#[test]
fn hash_lists_of_cards_are_no_clips() {
    for kept_out in
        ["in/A001/ascmhl/0001_A001_2026-11-22_194200Z.mhl", "ascmhl/ascmhl_chain.xml", "in/A001/ascmhl/", ".rushes/x"]
    {
        assert!(is_kept_out(kept_out), "{kept_out}");
    }
    for clip in ["in/A001/a.mxf", "ascmhl", "in/ascmhl.mxf", "in/my-ascmhl/a.mhl", "in/ascmhl/sub/a.mxf"] {
        assert!(!is_kept_out(clip), "{clip}");
    }
}
