//! Sidecars as cameras write them, shortened, and ones that mean harm.

use super::*;

const P2: &str = include_str!("../../../tests/corpus/sidecars/p2.xml");
const XDCAM: &str = include_str!("../../../tests/corpus/sidecars/xdcam.xml");
const XAVC: &str = include_str!("../../../tests/corpus/sidecars/xavc.xml");
const CANON: &str = include_str!("../../../tests/corpus/sidecars/canon.xml");
const MEDIAPRO: &str = include_str!("../../../tests/corpus/sidecars/mediapro.xml");

fn media(said: [&str; 6]) -> Media {
    let [timecode, duration, codec, camera, slug, location] =
        said.map(|said| (!said.is_empty()).then(|| said.to_owned()));
    Media { timecode, duration, codec, camera, slug, location }
}

#[test]
fn what_sidecars_say() {
    for (text, stem, wanted) in [
        (P2, "0001AB", ["10:21:05:00", "10.000", "AVC-I_1080/50i", "Panasonic AJ-PX5000", "Market fire", "Nairobi"]),
        (XDCAM, "C0001", ["10:21:05:00", "10.000", "MPEG2HD422_1920_1080_HL", "Sony PXW-Z280", "Harbour rescue", ""]),
        (
            XAVC,
            "C0001",
            ["01:02:03;04", "10.010", "AVC_3840_2160_HP@L51", "Sony ILME-FX6V", "", "1:17:32.1S 36:49:18.4E"],
        ),
        (CANON, "AA0001", ["09:58:59:24", "20.000", "MPEG-2 Long GOP", "Canon XF305", "Budget", "Berne"]),
        (MEDIAPRO, "C0002", ["", "4.000", "MPEG2HD422_1920_1080_HL", "PXW-Z280", "", ""]),
        (MEDIAPRO, "C0009", ["", "", "", "PXW-Z280", "", ""]),
    ] {
        assert_eq!(parse(text, stem), media(wanted), "{stem}");
    }
}

#[test]
fn a_sidecar_that_means_harm_says_nothing() {
    let entity = r#"<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><P2Main><ClipMetadata><Scenario><ProgramName>&x;</ProgramName></Scenario></ClipMetadata></P2Main>"#;
    let bomb = r#"<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><P2Main>&b;</P2Main>"#;
    let deep = "<a>".repeat(200_000);
    let wide = format!("<P2Main>{}</P2Main>", "<a/>".repeat(200_000));
    for text in [entity, bomb, &deep, &wide, "", "<", "<P2Main>", "\0\0"] {
        assert_eq!(parse(text, "x"), Media::default());
    }
    let long = format!("<P2Main><Scenario><ProgramName>{}\n\u{85}</ProgramName></Scenario></P2Main>", "é".repeat(5000));
    assert_eq!(parse(&long, "x").slug.map(|slug| slug.chars().count()), Some(LONGEST));
}

#[test]
fn a_deep_sidecar_that_is_whole_breaks_nothing() {
    let deep = 40_000;
    let text = format!("{}{}", "<a>".repeat(deep), "</a>".repeat(deep));
    // In a thread as small as those that read them.
    let read = std::thread::Builder::new().stack_size(2 << 20).spawn(move || parse(&text, "x")).unwrap();
    assert_eq!(read.join().unwrap(), Media::default());
}

#[test]
fn what_ffprobe_answers() {
    let answer = br#"{"streams":[{"codec_type":"audio","codec_name":"pcm_s24le"},
        {"codec_type":"video","codec_name":"mpeg2video","profile":"4:2:2","duration":"10.000000","tags":{"timecode":"10:21:05;02"}}],
        "format":{"duration":"10.000000","tags":{"company_name":"FFmpeg","product_name":"OP1a Muxer"}}}"#;
    let said = probe::read(answer);
    assert_eq!(said.timecode.as_deref(), Some("10:21:05;02"));
    assert_eq!(said.duration.as_deref(), Some("10.000"));
    assert_eq!((said.codec.as_deref(), said.camera.as_deref()), (Some("mpeg2video 4:2:2"), None));
    assert_eq!(probe::read(b"{\"streams\": 3}"), Media::default());
}

#[test]
fn timecodes() {
    assert_eq!(timing::smpte("00052110").as_deref(), Some("10:21:05:00"));
    assert_eq!(timing::smpte("44030201").as_deref(), Some("01:02:03;04"));
    assert_eq!(timing::smpte("9f999999"), None);
    assert_eq!(timing::smpte("é234567"), None);
    assert_eq!(timing::timecode("25:00:00:00"), None);
    assert_eq!(timing::timecode("10:00:00:0é"), None);
    assert_eq!(timing::rate("50i"), Some(25.0));
    assert_eq!(timing::frames("250", 25.0).as_deref(), Some("10.000"));
}

#[test]
fn where_sidecars_are() {
    let names =
        |clip: &str| -> Vec<String> { beside(Path::new(clip)).iter().map(|p| p.display().to_string()).collect() };
    assert!(names("/A/CONTENTS/VIDEO/0001AB.MXF").contains(&"/A/CONTENTS/CLIP/0001AB.XML".into()));
    assert!(names("/A/CONTENTS/AUDIO/0001AB00.MXF").contains(&"/A/CONTENTS/CLIP/0001AB.XML".into()));
    assert_eq!(names("/A/XDROOT/Clip/C0001.MXF")[0], "/A/XDROOT/Clip/C0001M01.XML");
    assert!(names("/A/XDROOT/Clip/C0001.MXF").contains(&"/A/XDROOT/MEDIAPRO.XML".into()));
    assert!(names("/A/XDROOT/Sub/C0001S01.MXF").contains(&"/A/XDROOT/Clip/C0001M01.XML".into()));
    assert!(
        names("/A/CONTENTS/CLIPS001/AA0001/AA000101.MXF").contains(&"/A/CONTENTS/CLIPS001/AA0001/AA0001.XML".into())
    );
    assert!(names("/").is_empty());
    let _ = names("/é/é");
    assert!(may_be_media("a.MXF") && !may_be_media("a.xml") && !may_be_media("mxf"));
}

#[test]
fn containers_are_told_by_their_first_bytes() {
    for first in [&b"\x06\x0e\x2b\x34\x02\x05"[..], b"\0\0\0\x18ftypmp42", b"RIFF\0\0\0\0WAVE"] {
        assert!(probe::begins_as_container(first));
    }
    for first in [&b""[..], b"#EXTM3U\nhttp://192.0.2.1/x", b"ffconcat version 1.0", b"<?xml"] {
        assert!(!probe::begins_as_container(first));
    }
}
