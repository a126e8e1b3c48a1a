//! What a hash list of ASC MHL v2 says, as far as Rushes writes and reads it: files and folders with their hashes, and where
//! each file is in the bucket. Pure; XML is in `read` and `write`, the files of an `ascmhl` folder in `history`.

use super::hash::Format;

/// The standard's own names.
pub(super) const FOLDER: &str = "ascmhl";
pub(super) const CHAIN: &str = "ascmhl_chain.xml";
pub(super) const ENDING: &str = ".mhl";
pub(super) const NAMESPACE: &str = "urn:ASC:MHL:v2.0";
pub(super) const CHAIN_NAMESPACE: &str = "urn:ASC:MHL:DIRECTORY:v2.0";
/// Of what a receipt says beyond the standard, in the place that the standard has for it.
pub(super) const OURS: &str = "urn:rushes:receipt:1";

/// What a hash says of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The first of this file.
    Original,
    /// The file still has the hash that it had.
    Verified,
    Failed,
}

impl Action {
    pub(super) fn name(self) -> &'static str {
        match self {
            Action::Original => "original",
            Action::Verified => "verified",
            Action::Failed => "failed",
        }
    }

    pub(super) fn named(name: &str) -> Option<Action> {
        [Action::Original, Action::Verified, Action::Failed].into_iter().find(|action| action.name() == name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash {
    pub format: Format,
    /// As the standard writes it: hex, or a C4 ID.
    pub value: String,
    pub action: Option<Action>,
}

/// Where a file is in the bucket, and by what it was proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InBucket {
    pub bucket: String,
    pub key: String,
    pub version: Option<String>,
    /// The whole object's, which the store computed: its algorithm and value, as S3 writes them.
    pub checksum: Option<(String, String)>,
    pub etag: Option<String>,
    /// RFC 3339.
    pub proved_at: String,
}

/// One file of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Within the folder that the list is of; `/` between folders.
    pub path: String,
    pub size: Option<u64>,
    /// RFC 3339.
    pub modified: Option<String>,
    pub hashes: Vec<Hash>,
    /// Its name in the lists before this one, where it was renamed.
    pub previous: Option<String>,
    pub object: Option<InBucket>,
}

/// A folder of a list, with the hashes that its content comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Empty: the root.
    pub path: String,
    pub content: String,
    pub structure: String,
}

/// A hash list: one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashList {
    pub files: Vec<Entry>,
    pub folders: Vec<Folder>,
    /// Patterns of what is no part of it.
    pub ignored: Vec<String>,
}

/// A generation as the chain names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    pub number: u32,
    /// The name of its file.
    pub file: String,
    pub c4: String,
}

/// Whether a path of a list stays within the folder that the list is of, on every system.
pub(super) fn is_within(path: &str) -> bool {
    let is_plain = |segment: &str| !matches!(segment, "" | "." | "..");
    let leads_off = cfg!(windows) && path.contains(['\\', ':']);
    !leads_off && !path.contains('\0') && path.split('/').all(is_plain)
}

/// Whether a name can stand in XML and come back as it was.
pub(super) fn is_writable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_a_list_leads_out_of_its_folder() {
        for good in ["a.mxf", "CLIP/a b é.mxf", "..a/b", ".hidden/x"] {
            assert!(is_within(good), "{good}");
        }
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a\0b", "a/.."] {
            assert!(!is_within(bad), "{bad}");
        }
    }
}
