//! Canon: `CONTENTS/CLIPS001/…` of XF and XF-AVC, `XFVC/REEL_…` of the cameras after them, and `DCIM/100CANON` or
//! `DCIM/101_1122` of those that write MP4. A card of stills is none: it has no clip.

use super::{at_pair, has_ending, is_numbered};

pub(super) fn begins(names: &[String]) -> Option<usize> {
    let clips = |next: &str| is_numbered(next, "CLIPS", 3) || matches!(next, "CANONXF" | "INDEX.MIF");
    at_pair(names, "CONTENTS", clips)
        .or_else(|| at_pair(names, "XFVC", |next| next.starts_with("REEL_")))
        .or_else(|| at_pair(names, "DCIM", is_folder).filter(|at| at + 2 < names.len()))
}

/// A number from 100 on, and then Canon's name, or the month and day.
fn is_folder(name: &str) -> bool {
    if name == "CANONMSC" {
        return true;
    }
    let (Some(number), Some(rest)) = (name.get(..3), name.get(3..)) else { return false };
    number.bytes().all(|b| b.is_ascii_digit())
        && (rest == "CANON"
            || rest.starts_with("EOS")
            || rest == "_MMDD"
            || rest.len() == 5 && is_numbered(rest, "_", 4))
}

pub(super) fn is_clip(names: &[String]) -> bool {
    has_ending(names, &["MXF", "MP4", "MOV", "CRM"])
}
