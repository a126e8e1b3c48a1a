//! Panasonic P2: `CONTENTS/{CLIP,VIDEO,AUDIO,ICON,PROXY,VOICE}` and `LASTCLIP.TXT` beside it. A clip is spread over these
//! folders; the XML in CLIP names it.

use super::{at_pair, has_ending};

pub(super) const CONTENTS: &str = "CONTENTS";
const FOLDERS: [&str; 7] = ["CLIP", "VIDEO", "AUDIO", "ICON", "PROXY", "VOICE", "AVCLIP"];

pub(super) fn begins(names: &[String]) -> Option<usize> {
    let last = names.len().checked_sub(1)?;
    at_pair(names, CONTENTS, |next| FOLDERS.contains(&next)).or_else(|| (names[last] == "LASTCLIP.TXT").then_some(last))
}

pub(super) fn is_clip(names: &[String]) -> bool {
    at_pair(names, CONTENTS, |next| next == "CLIP").is_some_and(|at| at + 3 == names.len())
        && has_ending(names, &["XML"])
}
