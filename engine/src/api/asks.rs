//! What the window and the command line may ask: the shapes of requests. Bounds are checked where a request is served.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::keys::Fields;
use crate::profile::Profile;
use crate::transfer::{BatchId, TransferId, UnixMs};

/// Files and folders to send, as one batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct AddFiles {
    /// Absent: the profile in use.
    pub profile: Option<String>,
    /// Absolute paths. A folder brings all that is in it and keeps its structure.
    pub paths: Vec<String>,
    pub place: Place,
    #[serde(default)]
    pub hurry: Hurry,
    /// They are recordings that are written still: they go up meanwhile, and are whole when their writer has left.
    #[serde(default)]
    pub growing: bool,
}

/// How much a drop hurries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Hurry {
    pub breaking: bool,
    /// A time of day, such as `18:00`: the next one in the newsroom's time zone.
    pub by: Option<String>,
}

/// Where in the bucket files go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Place {
    /// By the profile's key template, with these for its fields.
    Template { fields: Fields },
    /// Under this prefix, as they are named.
    Prefix { prefix: String },
}

/// Objects to fetch, as one batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct FetchClips {
    pub profile: Option<String>,
    pub keys: Vec<String>,
    /// An absolute path. Absent: the user's Downloads folder.
    pub into: Option<String>,
}

/// What an `AddFiles` or `FetchClips` became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Added {
    pub batch: BatchId,
    /// In the order of the request; transfers that were under way already are among them.
    pub transfers: Vec<TransferId>,
    /// Files that were left out by rule: system litter such as .DS_Store.
    pub left_out: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Action {
    Pause,
    Resume,
    Cancel,
    Retry,
    Forget,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct FootageQuery {
    /// Words that must all occur in the key, in any case.
    pub text: String,
    /// Only clips modified at or after this moment.
    pub since: Option<i64>,
    pub offset: u32,
    pub limit: u32,
}

/// A profile to keep, with keys where they are given.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct SaveProfile {
    pub profile: Profile,
    /// Go into the keychain. Absent: those that are there stay, unless the profile leads elsewhere than it did.
    pub keys: Option<Keys>,
    /// A sign-in in the browser that somebody has said yes to: its tokens go into the keychain.
    #[serde(default)]
    pub sign_in: Option<String>,
    /// Six digits of the role's MFA device.
    #[serde(default)]
    pub code: Option<String>,
    /// All this is held in memory until Rushes is closed, and not in the keychain.
    #[serde(default)]
    pub in_memory: bool,
}

impl fmt::Debug for SaveProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaveProfile({:?}, …)", self.profile)
    }
}

impl SaveProfile {
    /// With nothing given beside it.
    pub fn of(profile: Profile) -> SaveProfile {
        SaveProfile { profile, keys: None, sign_in: None, code: None, in_memory: false }
    }
}

/// Where somebody wants to sign in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct BeginSignIn {
    /// IAM Identity Center's start page.
    pub start_url: String,
    pub region: String,
}

/// A sign-in that waits for somebody's browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct DeviceSignIn {
    pub id: String,
    /// Shown here and in the browser: people compare them.
    pub code: String,
    /// To be opened in the browser; https.
    pub page: String,
    pub until: UnixMs,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum SignInState {
    Waiting,
    SignedIn { accounts: Vec<Account> },
}

/// An account at AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    pub name: String,
}

/// Access keys on their way in. There is no request that reads them back.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    pub access_key_id: String,
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub secret_access_key: Zeroizing<String>,
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub session_token: Option<Zeroizing<String>>,
    /// The private half of a key pair that signs CloudFront addresses, in PEM; for profiles that sign by themselves.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloudfront_key: Option<Zeroizing<String>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({}, …)", self.access_key_id)
    }
}

/// A folder whose footage goes up by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct WatchFolder {
    /// The journal's; 0: a new one.
    pub id: i64,
    /// Absolute.
    pub path: String,
    pub profile: String,
    /// Absent: the profile's own.
    pub key_template: Option<String>,
    pub fields: Fields,
    /// Globs on names, and on paths within the folder. Empty: everything.
    pub only: Vec<String>,
    pub except: Vec<String>,
    /// What comes from it goes before all else.
    pub breaking: bool,
    pub afterwards: Afterwards,
    /// Bytes a second, for all that goes up from it.
    pub limit: Option<u64>,
    /// Recordings go up while they are shot.
    pub while_shot: bool,
    /// How long a file must be unchanged where the system cannot tell who writes. Absent: chosen by the file system.
    pub quiet_seconds: Option<u32>,
    /// Kept, but not watched now.
    pub stopped: bool,
}

/// What happens to a file once it is in the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Afterwards {
    #[default]
    Leave,
    /// Into the folder "Sent" within the watch folder.
    Move,
    /// Only once the whole is proved.
    Delete,
}
