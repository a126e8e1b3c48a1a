//! Which files may say something of a clip, by names alone: sidecars as cameras name and place them. Pure.

use std::path::{Path, PathBuf};

/// Endings of what a camera or an edit writes clips as.
const ENDINGS: [&str; 14] =
    ["mxf", "mp4", "mov", "m4v", "mts", "m2ts", "ts", "mpg", "avi", "mkv", "wav", "crm", "3gp", "dv"];

/// Whether it is worth a look.
pub(crate) fn may_be_media(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ENDINGS.iter().any(|one| one.eq_ignore_ascii_case(ending)))
}

/// Where sidecars of the clip would be, the one that tells most first. Whether they are there is for whoever reads them.
pub(crate) fn beside(clip: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(stem)) = (clip.parent(), clip.file_stem().and_then(|stem| stem.to_str())) else {
        return Vec::new();
    };
    let mut named = Vec::new();
    let is = |folder: &Path, name: &str| folder.file_name().is_some_and(|own| own.eq_ignore_ascii_case(name));
    if let Some(above) = folder.parent() {
        // P2: picture and sound in folders of their own, named by the clip's six characters and a number.
        if ["VIDEO", "AUDIO", "PROXY", "VOICE"].iter().any(|one| is(folder, one))
            && let Some(clip) = stem.get(..6)
        {
            named.extend([above.join("CLIP").join(clip), above.join("clip").join(clip)]);
        }
        // XDCAM's proxies: `Sub/C0001S01.MXF` of `Clip/C0001.MXF`.
        if is(folder, "SUB")
            && let Some((clip, _)) = stem.rsplit_once(['S', 's'])
        {
            named.extend(["Clip", "CLIP"].map(|name| above.join(name).join(format!("{clip}M01"))));
        }
    }
    named.push(folder.join(format!("{stem}M01")));
    named.push(folder.join(stem));
    // Canon: `AA000101.MXF`, the first file of `AA0001`.
    if let Some((clip, number)) = stem.char_indices().rev().nth(1).map(|(at, _)| stem.split_at(at))
        && !clip.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
    {
        named.push(folder.join(clip));
    }
    let spelled = |path: PathBuf| ["XML", "xml"].map(|ending| with_ending(&path, ending));
    let mut all: Vec<PathBuf> = named.into_iter().flat_map(spelled).collect();
    if ["CLIP", "SUB"].iter().any(|one| is(folder, one))
        && let Some(above) = folder.parent()
    {
        all.push(above.join("MEDIAPRO.XML"));
    }
    all
}

/// Behind the whole name, which may have dots.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut whole = path.as_os_str().to_owned();
    whole.push(".");
    whole.push(ending);
    whole.into()
}
