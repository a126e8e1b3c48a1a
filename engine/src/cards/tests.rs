//! Layouts as cameras write them, and names that mean harm.

use proptest::prelude::*;

use super::*;

/// A path within a drop, and of which root and kind it is.
const PATHS: &[(&str, Option<(&str, Kind)>)] = &[
    ("A001/XDROOT/Clip/C0001.MXF", Some(("A001", Kind::Xdcam))),
    ("A001/XDROOT/Clip/C0001M01.XML", Some(("A001", Kind::Xdcam))),
    ("A001/XDROOT/Sub/C0001S01.MXF", Some(("A001", Kind::Xdcam))),
    ("A001/XDROOT/MEDIAPRO.XML", Some(("A001", Kind::Xdcam))),
    ("a001/xdroot/clip/c0001.mxf", Some(("a001", Kind::Xdcam))),
    ("XDROOT/Clip/C0001.MXF", Some(("XDROOT", Kind::Xdcam))),
    ("card/BPAV/CLPR/709_0001_01/709_0001_01.MP4", Some(("card", Kind::Xdcam))),
    ("card/BPAV/CUEUP.XML", Some(("card", Kind::Xdcam))),
    ("DISC/Clip/C0003.MXF", Some(("DISC", Kind::Xdcam))),
    ("DISC/Clip/C0003M01.XML", Some(("DISC", Kind::Xdcam))),
    ("DISC/PROAV/CLPR/C0001/C0001V01.MXF", Some(("DISC", Kind::Xdcam))),
    ("2026/P2/CONTENTS/CLIP/0001AB.XML", Some(("2026/P2", Kind::P2))),
    ("P2/CONTENTS/VIDEO/0001AB.MXF", Some(("P2", Kind::P2))),
    ("P2/contents/audio/0001AB00.mxf", Some(("P2", Kind::P2))),
    ("P2/LASTCLIP.TXT", Some(("P2", Kind::P2))),
    ("LASTCLIP.TXT", Some(("CONTENTS", Kind::P2))),
    ("CONTENTS/ICON/0001AB.BMP", Some(("CONTENTS", Kind::P2))),
    ("CARD/PRIVATE/AVCHD/BDMV/STREAM/00000.MTS", Some(("CARD", Kind::Avchd))),
    ("CARD/PRIVATE/AVCHD/AVCHDTN/THUMB.TDT", Some(("CARD", Kind::Avchd))),
    ("CARD/AVCHD/BDMV/CLIPINF/00000.CPI", Some(("CARD", Kind::Avchd))),
    ("CARD/BDMV/PLAYLIST/00000.MPL", Some(("CARD", Kind::Avchd))),
    ("BDMV/INDEX.BDM", Some(("BDMV", Kind::Avchd))),
    ("XF/CONTENTS/CLIPS001/AA0001/AA000101.MXF", Some(("XF", Kind::Canon))),
    ("XF/CONTENTS/CLIPS002/A002C001_261122_CANON/A002C001_261122_CANON.MXF", Some(("XF", Kind::Canon))),
    ("EOS/DCIM/100CANON/MVI_0001.MP4", Some(("EOS", Kind::Canon))),
    ("EOS/DCIM/101_1122/MVI_0007.MP4", Some(("EOS", Kind::Canon))),
    ("R5/DCIM/100EOSR5/A001C001.CRM", Some(("R5", Kind::Canon))),
    ("C400/XFVC/REEL_001/A_0001C001H261122.MP4", Some(("C400", Kind::Canon))),
    ("FX/PRIVATE/M4ROOT/CLIP/C0001.MP4", Some(("FX", Kind::SonyMp4))),
    ("FX/PRIVATE/M4ROOT/CLIP/C0001M01.XML", Some(("FX", Kind::SonyMp4))),
    ("FX/M4ROOT/THMBNL/C0001T01.JPG", Some(("FX", Kind::SonyMp4))),
    ("M4ROOT/MEDIAPRO.XML", Some(("M4ROOT", Kind::SonyMp4))),
    // Folders that only look like a card's.
    ("clip.mxf", None),
    ("Clip/interview.mxf", None),
    ("Clip/C0001/other.mxf", None),
    ("CONTENTS/notes.txt", None),
    ("app/Contents/MacOS/app", None),
    ("phone/DCIM/100APPLE/IMG_0001.MOV", None),
    ("drone/DCIM/100MEDIA/DJI_0001.MP4", None),
    ("PRIVATE/letters.txt", None),
    ("XDROOT", None),
    ("", None),
];

#[test]
fn a_card_is_told_by_its_layout_in_any_case() {
    for (path, wanted) in PATHS {
        let wanted = wanted.map(|(root, kind)| (PathBuf::from(root), kind));
        assert_eq!(card_root(Path::new(path)), wanted, "{path}");
    }
}

fn of<'a>(files: &[&'a str]) -> Vec<(String, Kind, u32, Vec<&'a str>)> {
    let found = sorted(files.iter().copied());
    let named = |card: Found| {
        let files = card.files.iter().map(|i| files[*i]).collect();
        (card.root.display().to_string(), card.kind, card.clips, files)
    };
    found.into_iter().map(named).collect()
}

#[test]
fn all_under_a_cards_root_is_the_cards_and_nothing_else_is() {
    let files = [
        "day/A/CONTENTS/AUDIO/0001AB00.MXF",
        "day/A/CONTENTS/CLIP/0001AB.XML",
        "day/A/CONTENTS/VIDEO/0001AB.MXF",
        "day/A/LASTCLIP.TXT",
        "day/A/readme.txt",
        "day/B/XDROOT/Clip/C0001.MXF",
        "day/B/XDROOT/Clip/C0002.MXF",
        "day/B/XDROOT/Sub/C0001S01.MXF",
        "day/interview.mov",
    ];
    let cards = of(&files);
    assert_eq!(cards[0], ("day/A".into(), Kind::P2, 1, files[..5].to_vec()));
    assert_eq!(cards[1], ("day/B".into(), Kind::Xdcam, 2, files[5..8].to_vec()));
    assert_eq!(cards.len(), 2);
}

#[test]
fn a_sony_card_with_marks_of_others_is_one_card() {
    let files = [
        "FX6/DCIM/.keep",
        "FX6/PRIVATE/AVCHD/AVCHDTN/THUMB.TDT",
        "FX6/PRIVATE/M4ROOT/CLIP/C0001.MP4",
        "FX6/PRIVATE/M4ROOT/CLIP/C0001M01.XML",
    ];
    assert_eq!(of(&files), [("FX6".into(), Kind::SonyMp4, 1, files.to_vec())]);
}

#[test]
fn without_a_folder_around_it_a_card_takes_only_its_own() {
    let files = ["CONTENTS/CLIP/0001AB.XML", "CONTENTS/VIDEO/0001AB.MXF", "LASTCLIP.TXT", "interview.mov"];
    assert_eq!(of(&files), [("CONTENTS".into(), Kind::P2, 1, files[..3].to_vec())]);
}

#[test]
fn a_card_of_stills_is_none() {
    assert!(of(&["EOS/DCIM/100CANON/IMG_0001.JPG", "EOS/DCIM/CANONMSC/M0100.CTG"]).is_empty());
}

#[test]
fn hostile_names_are_names() {
    for path in [
        "../../CONTENTS/CLIP/x.xml",
        "/CONTENTS/CLIP/x.xml",
        "CONTENTS/CLIP/CONTENTS/CLIP/\u{202e}x.xml",
        "A/CLIPS\u{e9}/é",
    ] {
        if let Some((root, _)) = card_root(Path::new(path)) {
            assert!(root.is_relative() && !root.components().any(|part| part == Component::ParentDir), "{path}");
        }
    }
}

proptest! {
    #[test]
    fn a_root_is_above_or_at_what_it_holds(path in "([A-Za-z0-9./é_-]|CONTENTS/|CLIP/|DCIM/|100CANON/|BDMV/|STREAM/|XDROOT/|PRIVATE/){0,12}") {
        if let Some((root, _)) = card_root(Path::new(&path)) {
            prop_assert!(!root.as_os_str().is_empty());
        }
        let cards = sorted([path.as_str(), "a/b.mov"].into_iter());
        prop_assert!(cards.iter().all(|card| card.clips as usize <= card.files.len()));
    }
}
