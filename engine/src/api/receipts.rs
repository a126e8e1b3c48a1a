//! Receipts of cards: how far one is, what one says of an object, and what the bucket has of it. Shapes only.

use serde::{Deserialize, Serialize};

use crate::api::StoredChecksum;
use crate::transfer::UnixMs;

/// How far the receipt of a card is. Only `Safe` says that the card may be wiped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum ReceiptState {
    /// There is none yet.
    None,
    /// The card is read again and compared with what the bucket holds. Bytes.
    Checking {
        #[serde(default)]
        read: u64,
        /// 0: not known yet.
        #[serde(default)]
        of: u64,
    },
    /// All of the card is in the bucket, proved, and the card still holds just that.
    Safe {
        /// Where the receipt is on this computer.
        path: String,
        at: UnixMs,
        /// What is otherwise than usual: such as that the card is write-protected, and the receipt kept elsewhere.
        remark: Option<String>,
    },
    Trouble {
        sentence: String,
    },
}

impl ReceiptState {
    /// It is being made.
    pub fn is_checking(&self) -> bool {
        matches!(self, ReceiptState::Checking { .. })
    }
}

/// What a receipt says of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectInReceipt {
    /// The file's path within the card.
    pub path: String,
    pub size: u64,
    pub bucket: String,
    pub key: String,
    pub version: Option<String>,
    pub checksum: Option<StoredChecksum>,
    pub etag: Option<String>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Found {
    /// As the receipt says.
    Same,
    /// Nothing is at its key.
    Missing,
    /// Something else is at its key.
    Replaced,
    /// The very version that was proved is told to be otherwise than it was.
    Different,
    /// It is there, and the bucket tells nothing to compare it by.
    Unproved,
    /// The file beside the receipt is gone or cannot be read.
    FileMissing,
    /// The file beside the receipt is not what it was.
    FileChanged,
}

/// A file of a receipt, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    pub path: String,
    pub key: String,
    pub found: Found,
    /// For people, where it is not the same, or where there is more to say.
    pub sentence: Option<String>,
}
