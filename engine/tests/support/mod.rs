//! An engine under test: opened on a scratch home, given a bucket with lent keys, asked and followed. Each test file uses
//! what it needs of this.
#![allow(dead_code)]

pub mod refusing;

use std::path::Path;
use std::time::{Duration, Instant};

use rushes_engine::Scope;
use rushes_engine::api::{
    Action, AddFiles, Added, Clip, FetchClips, Hurry, Keys, Place, SaveProfile, TransferRow, Update,
};
use rushes_engine::attach::Connection;
use rushes_engine::error::{Error, Result};
use rushes_engine::home::Home;
use rushes_engine::keys::{Fields, PLAIN_TEMPLATE};
use rushes_engine::limit::{LimitSettings, Limits, Plan};
use rushes_engine::profile::{CredentialsFrom, Profile};
use rushes_engine::transfer::{Status, TransferId};
use rushes_rig::store::Bucket;

pub const PROFILE: &str = "under test";

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Bench {
    pub connection: Connection,
}

impl Bench {
    /// An engine in `home`, whose profile is of `bucket`.
    pub async fn open(home: &Path, bucket: &Bucket) -> Bench {
        let connection = Connection::open(Home::at(home).unwrap(), Scope::All).await.unwrap();
        let bench = Bench { connection };
        bench.set_profile(bucket).await.unwrap();
        bench
    }

    pub async fn set_profile(&self, bucket: &Bucket) -> Result<()> {
        self.set_template(bucket, PLAIN_TEMPLATE).await
    }

    /// As [`set_profile`](Bench::set_profile), with keys by this template.
    pub async fn set_template(&self, bucket: &Bucket, template: &str) -> Result<()> {
        let profile = Profile {
            name: PROFILE.into(),
            bureau: "Nairobi".into(),
            bucket: bucket.name.clone(),
            region: bucket.region.clone(),
            endpoint: Some(bucket.endpoint.clone()),
            accelerate: false,
            key_template: template.into(),
            credentials: CredentialsFrom::Lent,
            zone: None,
            routes: Default::default(),
        };
        let request = SaveProfile::of(profile);
        self.connection
            .call(request, async |engine, context, request| engine.save_profile(context, request).await)
            .await??;
        self.lend(&bucket.keys.id, &bucket.keys.secret).await?;
        self.connection.call((), async |engine, context, ()| engine.use_profile(context, PROFILE.into()).await).await?
    }

    pub async fn lend(&self, id: &str, secret: &str) -> Result<()> {
        let keys = Keys {
            access_key_id: id.into(),
            secret_access_key: secret.to_owned().into(),
            session_token: None,
            cloudfront_key: None,
        };
        self.connection
            .call(keys, async |engine, context, keys| engine.lend_keys(context, PROFILE.into(), keys).await)
            .await?
    }

    pub async fn add(&self, paths: &[&Path]) -> Result<Added> {
        self.add_to(paths, Place::Template { fields: Fields::default() }).await
    }

    pub async fn add_to(&self, paths: &[&Path], place: Place) -> Result<Added> {
        self.add_in_a_hurry(paths, place, Hurry::default()).await
    }

    /// One that is written still.
    pub async fn add_growing(&self, path: &Path) -> Result<Added> {
        let place = Place::Template { fields: Fields::default() };
        let paths = vec![path.display().to_string()];
        let request = AddFiles { profile: None, paths, place, hurry: Hurry::default(), growing: true };
        self.connection.call(request, async |engine, context, request| engine.add_files(context, request).await).await?
    }

    pub async fn add_in_a_hurry(&self, paths: &[&Path], place: Place, hurry: Hurry) -> Result<Added> {
        let paths = paths.iter().map(|p| p.display().to_string()).collect();
        let request = AddFiles { profile: None, paths, place, hurry, growing: false };
        self.connection.call(request, async |engine, context, request| engine.add_files(context, request).await).await?
    }

    /// Sends one file to its end.
    pub async fn send(&self, path: &Path) -> TransferRow {
        let added = self.add(&[path]).await.unwrap();
        self.at_rest(added.transfers[0]).await
    }

    pub async fn fetch(&self, keys: &[&str], into: &Path) -> Result<Added> {
        let keys = keys.iter().map(|k| (*k).to_owned()).collect();
        let request = FetchClips { profile: None, keys, into: Some(into.display().to_string()) };
        self.connection
            .call(request, async |engine, context, request| engine.fetch_clips(context, request).await)
            .await?
    }

    pub async fn list_all(&self) -> Vec<String> {
        self.list("").await.into_iter().map(|clip| clip.key).collect()
    }

    /// All under a prefix, stretch by stretch.
    pub async fn list(&self, prefix: &str) -> Vec<Clip> {
        let mut clips: Vec<Clip> = Vec::new();
        loop {
            let asked = (prefix.to_owned(), clips.last().map(|clip| clip.key.clone()));
            let listing = self
                .connection
                .call(asked, async |engine, context, (prefix, after)| engine.list(context, None, prefix, after).await)
                .await
                .unwrap()
                .unwrap();
            clips.extend(listing.clips);
            if !listing.more {
                return clips;
            }
        }
    }

    pub async fn act(&self, action: Action, id: TransferId) -> std::result::Result<(), Error> {
        self.connection
            .call((action, vec![id]), async |engine, context, (action, ids)| engine.act(context, action, ids).await)
            .await?
    }

    pub async fn set_limits(&self, up: Option<u64>, down: Option<u64>) {
        self.set_limits_by_uplink(Limits { up, down }, &[]).await;
    }

    /// Figures for all networks, and for some of their own.
    pub async fn set_limits_by_uplink(&self, general: Limits, own: &[(&str, Limits)]) {
        let plan = |always| Plan { always, schedule: Vec::new() };
        let uplinks = own.iter().map(|(uplink, limits)| ((*uplink).to_owned(), plan(*limits))).collect();
        let settings = LimitSettings { plan: plan(general), uplinks, ..LimitSettings::default() };
        self.connection
            .call(settings, async |engine, context, settings| engine.set_limits(context, settings).await)
            .await
            .unwrap()
            .unwrap();
    }

    pub async fn set_breaking(&self, id: TransferId, breaking: bool) -> Result<()> {
        self.connection
            .call((id, breaking), async |engine, context, (id, breaking)| {
                engine.set_breaking(context, vec![id], breaking).await
            })
            .await?
    }

    pub async fn set_deadline(&self, id: TransferId, by: Option<&str>) -> Result<()> {
        self.connection
            .call((id, by.map(str::to_owned)), async |engine, context, (id, by)| {
                engine.set_deadline(context, vec![id], by).await
            })
            .await?
    }

    pub async fn updates(&self, since: u64) -> Update {
        self.connection.call(since, async |engine, context, since| engine.updates(context, since).await).await.unwrap()
    }

    pub async fn row(&self, id: TransferId) -> TransferRow {
        self.connection.call(id, async |engine, context, id| engine.transfer(context, id).await).await.unwrap().unwrap()
    }

    /// Waits until the row is as asked; the last row is in the panic where it never is.
    pub async fn until(&self, id: TransferId, what: &str, is: impl Fn(&TransferRow) -> bool) -> TransferRow {
        let begun = Instant::now();
        loop {
            let row = self.row(id).await;
            if is(&row) {
                return row;
            }
            assert!(begun.elapsed() < PATIENCE, "never {what}: {row:#?}");
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    pub async fn at_rest(&self, id: TransferId) -> TransferRow {
        let rests = |row: &TransferRow| {
            row.status.is_ended()
                || matches!(row.status, Status::Failed { .. } | Status::Paused | Status::Waiting { until: None, .. })
        };
        self.until(id, "at rest", rests).await
    }

    /// As a quit does: what is acknowledged is in the journal, nothing is aborted.
    pub async fn close(self) {
        self.connection.close().await;
    }
}

pub fn is_done(row: &TransferRow) -> bool {
    matches!(row.status, Status::Done { .. })
}

pub fn error_of(row: &TransferRow) -> &Error {
    match &row.status {
        Status::Failed { error } | Status::Waiting { error, .. } => error,
        other => panic!("no error in {other:?}: {row:#?}"),
    }
}

/// Bytes of parts that went up since the log was last forgotten, by the proxy's count.
pub fn part_bytes_sent(link: &rushes_rig::proxy::Link) -> u64 {
    link.requests().iter().filter(|r| r.method == "PUT" && r.target.contains("partNumber=")).map(|r| r.sent).sum()
}
