//! What a window or a command line may ask of the engine. The same calls whether the engine runs in this process or in
//! another one that owns the data directory (see `attach`); the shapes are in `asks`, `rows`, `support` and `tested`.

pub mod asks;
pub mod newsroom_files;
pub mod receipts;
pub mod rows;
pub mod support;
pub mod tested;

use crate::error::Error;
use crate::keys::{Field, Fields};
use crate::limit::LimitSettings;
use crate::profile::ProfileRow;
use crate::transfer::{BatchId, TransferId};

pub use asks::*;
pub use newsroom_files::*;
pub use receipts::*;
pub use rows::*;
pub use support::*;
pub use tested::*;

/// Served by `engine::serve`. Every call may be repeated: none does its work twice.
#[tarpc::service]
pub trait Rushes {
    /// What changed after `since`, or within half a minute an update that says nothing did. `since` 0 asks for all.
    async fn updates(since: u64) -> Update;

    async fn add_files(request: AddFiles) -> Result<Added, Error>;
    async fn fetch_clips(request: FetchClips) -> Result<Added, Error>;
    /// For all of `ids`, or for none: an action that one of them does not allow is refused for all.
    async fn act(action: Action, ids: Vec<TransferId>) -> Result<(), Error>;

    /// For all of `ids`, or for none.
    async fn set_breaking(ids: Vec<TransferId>, breaking: bool) -> Result<(), Error>;
    /// `by` is a time of day in each transfer's newsroom; absent, there is no deadline any more.
    async fn set_deadline(ids: Vec<TransferId>, by: Option<String>) -> Result<(), Error>;

    async fn limits() -> LimitsRow;
    /// Holds at once.
    async fn set_limits(settings: LimitSettings) -> Result<(), Error>;

    /// The ways to a profile's bucket, over each network; closed ones too. Absent: the profile in use.
    async fn routes(profile: Option<String>) -> Result<Vec<WayRow>, Error>;

    /// Compares the ways of a profile by a small download over each, one after the other. Refused while transfers move.
    async fn test_routes(profile: Option<String>) -> Result<RouteTest, Error>;
    /// The last tests, the newest first.
    async fn route_tests(profile: Option<String>) -> Result<Vec<RouteTest>, Error>;

    async fn transfer(id: TransferId) -> Result<TransferRow, Error>;

    /// Makes the receipt of a batch that came as one folder and is done: `receipt_state` says how far it is.
    async fn receipt(batch: BatchId) -> Result<(), Error>;
    /// Absent of a batch that did not come as one folder.
    async fn receipt_state(batch: BatchId) -> Option<ReceiptState>;
    /// Asks the bucket about at most 1,000 objects of a receipt, without their bytes.
    async fn compare(profile: Option<String>, objects: Vec<ObjectInReceipt>) -> Result<Vec<Compared>, Error>;

    /// One stretch of what is known of the bucket of the profile in use.
    async fn footage(query: FootageQuery) -> Result<FootagePage, Error>;
    /// List the bucket now.
    async fn look_again() -> Result<(), Error>;
    /// Part of the bucket as it is now, by key. `after` is the last key of the part before.
    async fn list(profile: Option<String>, prefix: String, after: Option<String>) -> Result<Listing, Error>;
    async fn clip_details(key: String) -> Result<ClipDetails, Error>;

    async fn profiles() -> Vec<ProfileRow>;
    /// Asks the bucket whether profile and keys work before it keeps either.
    async fn save_profile(request: SaveProfile) -> Result<(), Error>;
    async fn use_profile(name: String) -> Result<(), Error>;
    /// Its keys, transfers and watch folders go with it. Refused while it has transfers that are not ended.
    async fn rename_profile(from: String, to: String) -> Result<(), Error>;
    /// Also takes its keys out of the keychain. Refused while it has transfers that are not ended.
    async fn remove_profile(name: String) -> Result<(), Error>;
    /// What a newsroom file would do. `given` is its text, or a link that holds it. Asks nobody but this computer.
    async fn preview_newsroom(given: String) -> Result<NewsroomPreview, Error>;
    /// Takes it over as it was shown. Where keys or footage would go elsewhere, the keys that are here are dropped first.
    async fn accept_newsroom(request: AcceptNewsroom) -> Result<(), Error>;
    async fn export_newsroom(name: String) -> Result<NewsroomFile, Error>;
    /// Keys that are held in memory only: of a profile whose credentials are lent, or where the keychain cannot be used.
    async fn lend_keys(profile: String, keys: Keys) -> Result<(), Error>;

    /// Asks IAM Identity Center for a sign-in in the browser.
    async fn begin_sign_in(wanted: BeginSignIn) -> Result<DeviceSignIn, Error>;
    /// Waits up to half a minute for somebody to say yes there. An error ends the sign-in.
    async fn sign_in_state(id: String) -> Result<SignInState, Error>;
    /// The roles that the person who signed in may have in one of the accounts.
    async fn sign_in_roles(id: String, account: String) -> Result<Vec<String>, Error>;
    async fn give_up_sign_in(id: String);
    /// Six digits of the MFA device of a profile's role.
    async fn give_code(profile: String, code: String) -> Result<(), Error>;
    /// Takes all that is kept of a profile's keys from this computer. The profile stays.
    async fn sign_out(profile: String) -> Result<(), Error>;

    /// What the key template of the profile in use asks of a drop, and what was answered last time.
    async fn drop_asks() -> Result<(Vec<Field>, Fields), Error>;

    /// Keeps a watch folder; answers with its ID.
    async fn save_watch_folder(folder: WatchFolder) -> Result<i64, Error>;
    /// What was sent from it stays known.
    async fn remove_watch_folder(id: i64) -> Result<(), Error>;
    async fn watch_folders() -> Vec<WatchFolder>;

    /// What support needs to know, without a name or a secret.
    async fn support() -> Result<Support, Error>;
}
