//! Sony XDCAM: `XDROOT/{Clip,Sub,Edit,General,…}` of memory cards in exFAT and UDF, `BPAV/{CLPR,TAKR}` of those in FAT,
//! `PROAV` of the first discs, and `Clip/C0001.MXF` of discs, which have no folder around it.

use super::{at_pair, has_ending, is_numbered};

const IN_XDROOT: [&str; 8] = ["CLIP", "SUB", "EDIT", "GENERAL", "TAKE", "THMBNL", "USERDATA", "LOCAL"];
const FILES: [&str; 7] =
    ["MEDIAPRO.XML", "CUEUP.XML", "DISCMETA.XML", "INDEX.XML", "ALIAS.XML", "STATUS.BIN", "CUEUP.BIN"];

pub(super) fn begins(names: &[String]) -> Option<usize> {
    let in_xdroot = |next: &str| IN_XDROOT.contains(&next) || FILES.contains(&next);
    let in_bpav = |next: &str| matches!(next, "CLPR" | "TAKR") || FILES.contains(&next);
    let in_proav = |next: &str| matches!(next, "CLPR" | "EDTR" | "GENERAL") || FILES.contains(&next);
    let on_disc = |next: &str| is_clips_own(next);
    at_pair(names, "XDROOT", in_xdroot)
        .or_else(|| at_pair(names, "BPAV", in_bpav))
        .or_else(|| at_pair(names, "PROAV", in_proav))
        .or_else(|| at_pair(names, "CLIP", on_disc).filter(|at| *at + 2 == names.len() && is_alone(names, *at)))
}

/// `C0001.MXF`, `C0001M01.XML`, `C0001.BIM`: names that other folders of clips do not have.
fn is_clips_own(name: &str) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let stem = stem.strip_suffix("M01").unwrap_or(stem);
    is_numbered(stem, "C", 4) && stem.len() == 5 && matches!(ending, "MXF" | "XML" | "BIM" | "PPN" | "SMI")
}

/// Not in the folder of the same name of P2 or Sony MP4.
fn is_alone(names: &[String], at: usize) -> bool {
    !at.checked_sub(1).is_some_and(|above| matches!(names[above].as_str(), "CONTENTS" | "M4ROOT"))
}

pub(super) fn is_clip(names: &[String]) -> bool {
    // Proxies are in Sub.
    let in_clips = names.iter().any(|name| matches!(name.as_str(), "CLIP" | "CLPR"));
    in_clips && has_ending(names, &["MXF", "MP4"])
}
