//! Which files of a watch folder are meant: the folder's own patterns, and what other programs are still making or keep for
//! themselves. Pure.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::add::{is_litter, is_system_litter};
use crate::api::WatchFolder;
use crate::error::{Code, Error, Result};

/// What was sent is moved here, and nothing in it is looked at.
pub(super) const SENT: &str = "Sent";
/// A card's hash lists, which no camera writes.
pub(super) const LISTS: &str = "ascmhl";

#[derive(Debug)]
pub(super) struct Filter {
    only: Option<GlobSet>,
    except: GlobSet,
}

impl Filter {
    pub(super) fn of(folder: &WatchFolder) -> Result<Filter> {
        let only = (!folder.only.is_empty()).then(|| set(&folder.only)).transpose()?;
        Ok(Filter { only, except: set(&folder.except)? })
    }

    /// Whether a file is meant: `place` is its path within the folder.
    pub(super) fn wants(&self, place: &Path) -> bool {
        let name = place.file_name().map(Path::new).unwrap_or(place);
        let is_in = |set: &GlobSet| set.is_match(place) || set.is_match(name);
        self.only.as_ref().is_none_or(is_in) && !is_in(&self.except)
    }
}

fn set(globs: &[String]) -> Result<GlobSet> {
    let bad = |glob: &str, e: globset::Error| {
        Error::new(Code::BadInput, format!("{glob} is not a pattern. Write it as *.mxf, or CLIP/**.")).because(e)
    };
    let mut all = GlobSetBuilder::new();
    for glob in globs {
        // Cards and cameras write names in whatever case they like.
        let built = GlobBuilder::new(glob).literal_separator(true).case_insensitive(true).build();
        all.add(built.map_err(|e| bad(glob, e))?);
    }
    all.build().map_err(|e| bad(&globs.join(", "), e))
}

/// Whether a name is nobody's footage: hidden, or what rsync, browsers and editors make until they are done. In a card's
/// structure every name has its place, and only the systems' own litter is left out; and receipts, which go to the bucket by
/// themselves: what a card's own receipt brought to it must not be taken for something new on the card.
pub(super) fn is_passed_over(name: &str, in_card: bool) -> bool {
    if name.eq_ignore_ascii_case(LISTS) {
        return true;
    }
    if in_card {
        return is_system_litter(name);
    }
    let lower = name.to_ascii_lowercase();
    name.starts_with('.')
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
        // Vim tries with it whether a folder can be written.
        || name == "4913"
        || is_litter(name)
        || [".partial", ".filepart", ".download", ".swp", ".swo", ".swx", ".lock", ".aspera-ckpt", ".tmp~"]
            .iter()
            .any(|ending| lower.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(only: &[&str], except: &[&str]) -> Filter {
        let all = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>();
        Filter { only: (!only.is_empty()).then(|| set(&all(only)).unwrap()), except: set(&all(except)).unwrap() }
    }

    #[test]
    fn patterns_are_of_names_and_of_places() {
        for (only, except, place, wanted) in [
            (&[][..], &[][..], "a.mxf", true),
            (&["*.mxf"], &[], "a.MXF", true),
            (&["*.mxf"], &[], "CLIP/a.mxf", true),
            (&["*.mxf"], &[], "a.xml", false),
            (&["CLIP/*"], &[], "CLIP/a.mxf", true),
            (&["CLIP/*"], &[], "CLIP/sub/a.mxf", false),
            (&["CLIP/**"], &[], "CLIP/sub/a.mxf", true),
            (&[], &["PROXY/**"], "PROXY/a.mp4", false),
            (&["*.mxf"], &["*_old*"], "a_old.mxf", false),
        ] {
            assert_eq!(filter(only, except).wants(Path::new(place)), wanted, "{only:?} {except:?} {place}");
        }
        assert_eq!(set(&["[".to_owned()]).unwrap_err().code, Code::BadInput);
    }

    #[test]
    fn what_is_still_being_made_is_passed_over() {
        for name in [
            ".clip.mxf.Ab12Cd",
            "clip.mxf.part",
            "clip.mxf~",
            ".#clip.txt",
            "#clip.txt#",
            "a.tmp",
            ".a.swp",
            "b.swp",
            "a.crdownload",
            "a.filepart",
            ".DS_Store",
            "Thumbs.db",
            "._a.mxf",
            "~$a.docx",
            "4913",
            ".goutputstream-X",
        ] {
            assert!(is_passed_over(name, false), "{name}");
        }
        for name in ["clip.mxf", "C0001.MP4", "part.mxf", "INDEX.XML", "a.part.mxf", "tmp"] {
            assert!(!is_passed_over(name, false), "{name}");
        }
        assert!(!is_passed_over(".card", true) && is_passed_over("._C0001.MP4", true));
    }
}
