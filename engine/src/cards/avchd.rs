//! AVCHD, of several makers: `PRIVATE/AVCHD/BDMV/{STREAM,CLIPINF,PLAYLIST}`, also without the folders around BDMV.

use super::{at_pair, has_ending};

const IN_BDMV: [&str; 9] = [
    "STREAM",
    "CLIPINF",
    "PLAYLIST",
    "BACKUP",
    "INDEX.BDM",
    "INDEX.BDMV",
    "MOVIEOBJ.BDM",
    "MOVIEOBJECT.BDMV",
    "AUXDATA",
];

pub(super) fn begins(names: &[String]) -> Option<usize> {
    let bdmv = at_pair(names, "BDMV", |next| IN_BDMV.contains(&next));
    // Thumbnails and the like are in AVCHD, beside BDMV.
    let avchd = at_pair(names, "PRIVATE", |next| next == "AVCHD").filter(|at| at + 2 < names.len());
    let above = |at: usize, name: &str| at.checked_sub(1).filter(|above| names[*above] == name).unwrap_or(at);
    avchd.or_else(|| Some(above(above(bdmv?, "AVCHD"), "PRIVATE")))
}

pub(super) fn is_clip(names: &[String]) -> bool {
    at_pair(names, "BDMV", |next| next == "STREAM").is_some() && has_ending(names, &["MTS", "M2TS"])
}
