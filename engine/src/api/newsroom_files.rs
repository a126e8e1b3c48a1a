//! Newsroom files as they are shown before anybody trusts them, and the word that somebody does.

use serde::{Deserialize, Serialize};

/// What a newsroom file would do here. Nothing was asked of any network to find it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct NewsroomPreview {
    pub name: String,
    /// Of the file, in hexadecimal, as `sha256sum` prints it.
    pub sha256: String,
    /// Stands for all that is shown, what is here already among it: `AcceptNewsroom` is held to it.
    pub seen: String,
    pub change: NewsroomChange,
    /// Everything that the file says, and everything that it would take away.
    pub lines: Vec<NewsroomLine>,
    pub warnings: Vec<NewsroomWarning>,
    /// Addresses that would get requests signed with credentials that this computer has already. Each must be agreed to by
    /// itself.
    pub confirm: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum NewsroomChange {
    /// There is no newsroom of this name yet.
    New,
    /// It is here already, just so.
    Nothing,
    /// Names and habits only: keys stay.
    Details,
    /// Keys or footage would go elsewhere: the keys that are here are dropped, and asked for anew.
    Places,
}

/// One thing that the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct NewsroomLine {
    pub label: String,
    /// Empty where the file takes it away.
    pub value: String,
    /// What it is now, where the file would change it; empty where it is nothing now.
    pub was: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct NewsroomWarning {
    /// Somebody may mean harm.
    pub grave: bool,
    pub text: String,
}

/// Somebody trusts a newsroom file, as it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct AcceptNewsroom {
    /// The file's text, or a link that holds it.
    pub given: String,
    /// Of its preview. Where the file or the newsroom here is another one by now, it must be shown again.
    pub seen: String,
    /// Of `NewsroomPreview::confirm`, what was agreed to.
    pub confirmed: Vec<String>,
}

/// A newsroom, to be handed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct NewsroomFile {
    /// Safe for every system.
    pub file_name: String,
    pub text: String,
    /// The same as a link.
    pub link: String,
}
