//! What a reporter may send to support without fear, as it is shown before it is kept. Shapes only; it is made in
//! `support`.

use serde::{Deserialize, Serialize};

/// The files of a bundle, whole: nothing is kept that was not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Support {
    pub files: Vec<SupportFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct SupportFile {
    pub name: String,
    /// What it holds and what was left out, in a sentence.
    pub holds: String,
    pub text: String,
}
