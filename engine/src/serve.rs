//! The engine's answers to what `api` lets be asked. Requests are checked here: they may come from a webview.

use tarpc::context::Context;

use crate::add;
use crate::api::{
    AcceptNewsroom, Action, AddFiles, Added, BeginSignIn, ClipDetails, Compared, DeviceSignIn, FetchClips, FootagePage,
    FootageQuery, Keys, LimitsRow, Listing, NewsroomFile, NewsroomPreview, ObjectInReceipt, ReceiptState, RouteTest,
    Rushes, SaveProfile, SignInState, Support, TransferRow, Update, WatchFolder, WayRow,
};
use crate::bounds;
use crate::clock;
use crate::deadline;
use crate::engine::Engine;
use crate::error::{Code, Error, Result};
use crate::journal::{settings, transfers};
use crate::keys::{Field, Fields, Template};
use crate::lane;
use crate::limit::LimitSettings;
use crate::live::One;
use crate::newsroom_file;
use crate::profile::ProfileRow;
use crate::receipt;
use crate::support;
use crate::transfer::{BatchId, Can, Change, Status, TransferId, Urgency};

impl Rushes for Engine {
    async fn updates(self, _: Context, since: u64) -> Update {
        self.core.board.since(since).await
    }

    async fn add_files(self, _: Context, request: AddFiles) -> Result<Added> {
        bounds::add_files(&request)?;
        add::add_files(&self.core, request).await
    }

    async fn fetch_clips(self, _: Context, request: FetchClips) -> Result<Added> {
        bounds::fetch_clips(&request)?;
        add::fetch_clips(&self.core, request).await
    }

    async fn act(self, _: Context, action: Action, ids: Vec<TransferId>) -> Result<()> {
        bounds::ids(&ids)?;
        for id in &ids {
            let status = self.core.with(*id, |one| one.transfer.life.status.clone())?;
            check_allowed(action, &status)?;
        }
        for id in &ids {
            self.act_on(action, *id).await?;
        }
        if action == Action::Forget {
            let forgotten = ids.clone();
            self.core.journal.write(move |c| transfers::forget(c, &forgotten)).await?;
        }
        if action == Action::Retry {
            // What was given up by beginning anew is aborted at once.
            self.core.sweep();
        }
        self.core.board.show();
        Ok(())
    }

    async fn set_breaking(self, _: Context, ids: Vec<TransferId>, breaking: bool) -> Result<()> {
        bounds::ids(&ids)?;
        self.core.set_urgency(&ids, |one| Ok(Urgency { breaking, ..one.transfer.urgency.clone() })).await
    }

    async fn set_deadline(self, _: Context, ids: Vec<TransferId>, by: Option<String>) -> Result<()> {
        bounds::ids(&ids)?;
        bounds::time(by.as_ref())?;
        let now = clock::now();
        let with = |one: &One| {
            let zone = || self.core.zone(Some(&one.transfer.profile));
            let deadline = by.as_ref().map(|by| deadline::next(by, &zone(), now)).transpose()?;
            Ok(Urgency { deadline, ..one.transfer.urgency.clone() })
        };
        self.core.set_urgency(&ids, with).await
    }

    async fn limits(self, _: Context) -> LimitsRow {
        self.core.limits_row()
    }

    async fn set_limits(self, _: Context, settings: LimitSettings) -> Result<()> {
        bounds::limits(&settings)?;
        self.core.set_limits(settings.checked()?).await
    }

    async fn routes(self, _: Context, profile: Option<String>) -> Result<Vec<WayRow>> {
        let name = self.core.profile(profile.as_deref())?.name;
        self.core.lanes_of(&name)?;
        // What nobody asked the bucket yet is asked now.
        lane::ask(&self.core).await;
        self.core.way_rows(&name)
    }

    async fn test_routes(self, _: Context, profile: Option<String>) -> Result<RouteTest> {
        self.core.test_routes(&self.core.profile(profile.as_deref())?.name).await
    }

    async fn route_tests(self, _: Context, profile: Option<String>) -> Result<Vec<RouteTest>> {
        self.core.route_tests(&self.core.profile(profile.as_deref())?.name).await
    }

    async fn transfer(self, _: Context, id: TransferId) -> Result<TransferRow> {
        self.core.with(id, |one| one.row())
    }

    async fn receipt(self, _: Context, batch: BatchId) -> Result<()> {
        receipt::by_hand(&self.core, batch)
    }

    async fn receipt_state(self, _: Context, batch: BatchId) -> Option<ReceiptState> {
        self.core.receipts.state(batch)
    }

    async fn compare(
        self,
        _: Context,
        profile: Option<String>,
        objects: Vec<ObjectInReceipt>,
    ) -> Result<Vec<Compared>> {
        bounds::name(profile.as_ref())?;
        bounds::objects(&objects)?;
        receipt::compare(&self.core, profile.as_deref(), objects).await
    }

    async fn footage(self, _: Context, query: FootageQuery) -> Result<FootagePage> {
        bounds::query(&query)?;
        Ok(self.footage.page(&query))
    }

    async fn look_again(self, _: Context) -> Result<()> {
        self.footage.look().await
    }

    async fn list(self, _: Context, profile: Option<String>, prefix: String, after: Option<String>) -> Result<Listing> {
        bounds::key(&prefix)?;
        self.footage.list(profile.as_deref(), &prefix, after.as_deref()).await
    }

    async fn clip_details(self, _: Context, key: String) -> Result<ClipDetails> {
        bounds::key(&key)?;
        self.footage.details(&key).await
    }

    async fn profiles(self, _: Context) -> Vec<ProfileRow> {
        self.listed_profiles()
    }

    async fn save_profile(self, _: Context, request: SaveProfile) -> Result<()> {
        self.save_newsroom(request).await
    }

    async fn use_profile(self, _: Context, name: String) -> Result<()> {
        bounds::name(Some(&name))?;
        self.core.profile(Some(&name))?;
        self.core.set_in_use(name).await?;
        self.profiles_changed();
        Ok(())
    }

    async fn rename_profile(self, _: Context, from: String, to: String) -> Result<()> {
        [&from, &to].into_iter().try_for_each(|name| bounds::name(Some(name)))?;
        self.rename_newsroom(&from, &to).await
    }

    async fn remove_profile(self, _: Context, name: String) -> Result<()> {
        bounds::name(Some(&name))?;
        self.remove_newsroom(&name).await
    }

    async fn preview_newsroom(self, _: Context, given: String) -> Result<NewsroomPreview> {
        newsroom_file::preview(&self.core, &given)
    }

    async fn accept_newsroom(self, _: Context, request: AcceptNewsroom) -> Result<()> {
        if newsroom_file::accept(&self.core, &request).await? {
            self.profiles_changed();
        }
        Ok(())
    }

    async fn export_newsroom(self, _: Context, name: String) -> Result<NewsroomFile> {
        newsroom_file::write(&self.core.profile(Some(&name))?)
    }

    async fn lend_keys(self, _: Context, profile: String, keys: Keys) -> Result<()> {
        self.lend(&profile, keys)
    }

    async fn begin_sign_in(self, _: Context, wanted: BeginSignIn) -> Result<DeviceSignIn> {
        [&wanted.start_url, &wanted.region].into_iter().try_for_each(|text| bounds::typed(text))?;
        self.core.begin_sign_in(wanted).await
    }

    async fn sign_in_state(self, _: Context, id: String) -> Result<SignInState> {
        self.core.sign_in_state(&id).await
    }

    async fn sign_in_roles(self, _: Context, id: String, account: String) -> Result<Vec<String>> {
        bounds::typed(&account)?;
        self.core.sign_in_roles(&id, &account).await
    }

    async fn give_up_sign_in(self, _: Context, id: String) {
        self.core.sign_ins.give_up(&id);
    }

    async fn give_code(self, _: Context, profile: String, code: String) -> Result<()> {
        bounds::name(Some(&profile))?;
        bounds::typed(&code)?;
        self.take_code(&profile, &code).await
    }

    async fn sign_out(self, _: Context, profile: String) -> Result<()> {
        Engine::sign_out(&self, &profile).await
    }

    async fn drop_asks(self, _: Context) -> Result<(Vec<Field>, Fields)> {
        let profile = self.core.profile(None)?;
        let asks = Template::parse(&profile.key_template)?.asks();
        let last = self.core.journal.read(|c| settings::setting(c, add::LAST_FIELDS)).await?.unwrap_or_default();
        Ok((asks, last))
    }

    async fn save_watch_folder(self, _: Context, folder: WatchFolder) -> Result<i64> {
        bounds::watch(&folder)?;
        self.watch.save(folder).await
    }

    async fn remove_watch_folder(self, _: Context, id: i64) -> Result<()> {
        self.watch.remove(id).await
    }

    async fn watch_folders(self, _: Context) -> Vec<WatchFolder> {
        self.watch.folders()
    }

    async fn support(self, _: Context) -> Result<Support> {
        support::gather(&self).await
    }
}

impl Engine {
    async fn act_on(&self, action: Action, id: TransferId) -> Result<()> {
        let stop = |core: &crate::core::Core| core.with(id, |one| one.driver.as_ref().map(|driver| driver.cancel()));
        match action {
            Action::Pause => {
                self.core.change(id, Change::Pause)?;
                stop(&self.core)?;
            }
            Action::Cancel => {
                self.core.with(id, |one| one.asked_here = true)?;
                self.core.change(id, Change::Cancel)?;
                stop(&self.core)?;
            }
            Action::Resume => {
                self.core.with(id, |one| one.asked_here = true)?;
                self.core.change(id, Change::Resume)?;
            }
            Action::Retry => add::retry(&self.core, id).await?,
            Action::Forget => {
                self.core.live().remove(id);
                self.core.board.remove(id);
            }
        }
        Ok(())
    }
}

/// The same rules as the buttons, with a sentence where one does not hold.
fn check_allowed(action: Action, status: &Status) -> Result<()> {
    let can = Can::of(status);
    let (allowed, sentence) = match action {
        // Asking for what is so already is no mistake.
        Action::Pause => (can.pause || matches!(status, Status::Paused), "It cannot be paused now."),
        Action::Resume => (
            can.resume || status.is_active() || matches!(status, Status::Queued),
            "Only a paused transfer can be resumed.",
        ),
        Action::Cancel => {
            (can.cancel || matches!(status, Status::Cancelling | Status::Cancelled), "It is already done.")
        }
        Action::Retry => (can.retry, "Only a failed or waiting transfer can be retried."),
        Action::Forget => (can.forget, "It is not ended; cancel it first."),
    };
    if allowed { Ok(()) } else { Err(Error::new(Code::BadInput, sentence)) }
}
