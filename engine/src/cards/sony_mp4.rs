//! Sony's cameras that write MP4 (XAVC S and the like): `PRIVATE/M4ROOT/{CLIP,SUB,THMBNL,GENERAL}`, also without PRIVATE.

use super::{at_pair, has_ending};

const IN_ROOT: [&str; 8] = ["CLIP", "SUB", "THMBNL", "GENERAL", "TAKE", "MEDIAPRO.XML", "STATUS.BIN", "INDEX.XML"];

pub(super) fn begins(names: &[String]) -> Option<usize> {
    let at = at_pair(names, "M4ROOT", |next| IN_ROOT.contains(&next))?;
    Some(at.checked_sub(1).filter(|above| names[*above] == "PRIVATE").unwrap_or(at))
}

pub(super) fn is_clip(names: &[String]) -> bool {
    at_pair(names, "M4ROOT", |next| next == "CLIP").is_some() && has_ending(names, &["MP4", "MXF"])
}
