//! What the rooms of a running engine share: the journal, the board, the transfers in memory, the ways to the bucket.
//! Changes of status are made here and nowhere else: in memory, in the journal and on the board at once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::api::About;
use crate::clock;
use crate::compare::Comparing;
use crate::credentials::Purse;
use crate::drive;
use crate::error::{Code, Error, Result};
use crate::home::Home;
use crate::journal::{Journal, settings, transfers, uploads, watching};
use crate::keys::Spread;
use crate::lane::{self, Best, Lane, Lanes, Memory, OneWay, Slots};
use crate::limit::LimitSettings;
use crate::live::{Live, One};
use crate::marks;
use crate::newsroom_file;
use crate::portal::Portals;
use crate::profile::{self, Profile};
use crate::receipt::{self, Receipts};
use crate::route::{Acceleration, Kind};
use crate::s3::{Offers, Store};
use crate::second::{self, Stray};
use crate::sign_in::SignIns;
use crate::transfer::{self, BatchId, Change, Direction, Life, Status, Transfer, TransferId, UnixMs, Why};
use crate::update::Board;
use crate::uplink::Uplinks;
use crate::wire::{Common, Throttle, Throttles};
use crate::wishes;

/// What a store offers is found out again after this long: stores are updated.
const OFFERS_HOLD_MS: i64 = 7 * 24 * 3600 * 1000;
/// The setting that names the profile in use.
pub(crate) const IN_USE: &str = "profile in use";
/// The setting that says what the lanes' numbers stand for.
const LANES: &str = "lanes";
/// The setting that says what lanes carried on which network.
const MEMORY: &str = "what lanes carried";
/// And the most that they carried for a while.
const BEST: &str = "what lanes carried at best";

pub(crate) struct Core {
    pub home: Home,
    pub journal: Journal,
    pub board: Board,
    pub uplinks: Arc<Uplinks>,
    pub lanes: Lanes,
    memory: Mutex<Memory>,
    best: Mutex<Best>,
    best_before: Mutex<Memory>,
    pub purse: Purse,
    pub sign_ins: SignIns,
    /// Somebody changed something that the conductor should look at.
    pub wake: Notify,
    pub closing: CancellationToken,
    up: Slots,
    down: Slots,
    live: Mutex<Live>,
    profiles: Mutex<Profiles>,
    setting_up: Mutex<()>,
    pub limits: Mutex<LimitSettings>,
    /// What watch folders keep to, each by its ID.
    pub folder_limits: Throttles,
    pub portals: Portals,
    /// See `second`.
    pub strays: Mutex<Vec<Stray>>,
    pub comparing: Comparing,
    pub receipts: Receipts,
    /// Held while claims are taken back from the bucket: one that was given up must not take a new one's place with it.
    pub claims: AsyncMutex<()>,
}

#[derive(Default)]
struct Profiles {
    all: Vec<Profile>,
    in_use: Option<String>,
}

impl Core {
    pub(crate) async fn open(home: Home) -> Result<Core> {
        marks::of_installation(&home.installation()?);
        let journal = Journal::open(&home.journal())?;
        let all = journal.read(settings::profiles).await?;
        let in_use = journal.read(|c| settings::setting(c, IN_USE)).await?;
        let limits = journal.read(|c| settings::setting(c, wishes::LIMITS)).await?.unwrap_or_default();
        let names = journal.read(|c| settings::setting(c, LANES)).await?.unwrap_or_default();
        let memory = journal.read(|c| settings::setting(c, MEMORY)).await?.unwrap_or_default();
        let strays = journal.read(|c| settings::setting(c, second::STRAYS)).await?.unwrap_or_default();
        let best_before = journal.read(|c| settings::setting(c, BEST)).await?.unwrap_or_default();
        let withheld: BTreeSet<String> =
            journal.read(|c| settings::setting(c, newsroom_file::WITHHELD)).await?.unwrap_or_default();
        let uplinks = Arc::new(Uplinks::default());
        let common = Common::new(uplinks.clone())?;
        let purse = Purse::new(home.clone(), common.clone());
        withheld.iter().for_each(|newsroom| purse.withhold(newsroom));
        Ok(Core {
            home,
            purse,
            sign_ins: SignIns::default(),
            journal,
            board: Board::new(),
            lanes: Lanes::new(common, names),
            memory: Mutex::new(memory),
            best: Mutex::default(),
            best_before: Mutex::new(best_before),
            uplinks,
            wake: Notify::new(),
            closing: CancellationToken::new(),
            up: Slots::of_wholes(),
            down: Slots::default(),
            live: Mutex::default(),
            profiles: Mutex::new(Profiles { all, in_use }),
            setting_up: Mutex::default(),
            limits: Mutex::new(limits),
            folder_limits: Throttles::default(),
            portals: Portals::default(),
            strays: Mutex::new(strays),
            comparing: Comparing::default(),
            receipts: Receipts::default(),
            claims: AsyncMutex::default(),
        })
    }

    pub(crate) fn slots(&self, direction: Direction) -> &Slots {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    /// Whether any request is under way.
    pub(crate) fn in_flight(&self) -> bool {
        self.up.used() + self.down.used() > 0
    }

    /// Whether a lane has a request under way.
    pub(crate) fn uses(&self, lane: u32) -> bool {
        self.up.uses(lane) || self.down.uses(lane)
    }

    /// Whether something should be moving on a lane.
    pub(crate) fn moves(&self, lane: u32) -> bool {
        self.up.moves(lane) || self.down.moves(lane)
    }

    /// Whether a lane could be given up in either direction: its profile has another one there.
    pub(crate) fn has_other(&self, lane: &Lane) -> bool {
        self.up.has_other(lane.id) || self.down.has_other(lane.id)
    }

    /// A lane is not reached. In each direction in which its profile has another, nothing more begins on it; where it is the
    /// last one it is kept, and waits. Answers with whether it was given up anywhere, and everywhere where something flies.
    pub(crate) fn give_up(&self, lane: u32) -> (bool, bool) {
        let (up, down) = (self.up.give_up(lane), self.down.give_up(lane));
        (up || down, (up || !self.up.uses(lane)) && (down || !self.down.uses(lane)))
    }

    pub(crate) fn revive(&self, lane: u32) {
        self.up.revive(lane);
        self.down.revive(lane);
    }

    /// What was learnt of the link is of another one.
    pub(crate) fn forget_pace(&self) {
        self.up.forget();
        self.down.forget();
        self.best().forget();
    }

    /// The bucket asked for patience: whoever heard it, all heed it.
    pub(crate) fn slow_down(&self) {
        self.up.slow_down();
        self.down.slow_down();
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at or touches one transfer, and nothing else.
    pub(crate) fn with<T>(&self, id: TransferId, look: impl FnOnce(&mut One) -> T) -> Result<T> {
        self.live().with(id, look).ok_or_else(|| no_transfer(id))
    }

    /// Applies a change to one transfer, or says why it cannot be.
    pub(crate) fn change(&self, id: TransferId, change: Change) -> Result<()> {
        let now = clock::now();
        let (batch, news) = {
            let mut live = self.live();
            let changed = live.with(id, |one| self.apply(one, change, now)).ok_or_else(|| no_transfer(id))??;
            (changed.0, changed.1 && live.standing().is_over(changed.0))
        };
        if news {
            self.tell_of_batch(batch);
            receipt::batch_done(self, batch);
        }
        self.board.show();
        self.wake.notify_one();
        Ok(())
    }

    /// In memory, in the journal and on the board. Answers with its batch, and whether it has ended with this.
    fn apply(&self, one: &mut One, change: Change, now: UnixMs) -> Result<(BatchId, bool)> {
        let id = one.transfer.id;
        let before = one.transfer.life.status.clone();
        transfer::apply(&mut one.transfer.life, change, now)?;
        let life = one.transfer.life.clone();
        self.note_life(id, &life);
        match &life.status {
            Status::Done { .. } => {
                one.acked = one.transfer.size;
                second::note(self, &one.transfer);
            }
            Status::Cancelled => one.parts.clear(),
            Status::Running if before != Status::Running => one.begun = self.beginning(one),
            _ => {}
        }
        if life.status.is_ended() {
            one.eta = None;
            self.journal.note(move |c| transfers::drop_plan(c, id));
        }
        if !matches!(life.status, Status::Waiting { why: Why::Portal, .. }) {
            one.portal = None;
        }
        self.board.put(one.row());
        let news = life.status != before;
        if news
            && let Status::Failed { error } = &life.status
            && !one.is_seen_to(error)
        {
            let body = format!("{}: {}", one.transfer.name, error.message);
            self.board.tell(About::NeedsYou, "A transfer needs you".into(), body);
        }
        Ok((one.transfer.batch, news && life.status.is_ended()))
    }

    fn note_life(&self, id: TransferId, life: &Life) {
        let life = life.clone();
        self.journal.note(move |c| transfers::set_life(c, id, &life));
    }

    /// All of a batch has ended: that is told.
    fn tell_of_batch(&self, batch: BatchId) {
        let live = self.live();
        let (mut up, mut down, mut name, mut card) = (0u32, 0u32, String::new(), None);
        for one in live.of_batch(batch) {
            match &one.transfer.life.status {
                Status::Done { .. } => {
                    name.clone_from(&one.transfer.name);
                    card.clone_from(&one.transfer.card);
                    if one.transfer.direction == Direction::Up { up += 1 } else { down += 1 }
                }
                Status::Cancelled => {}
                _ => return,
            }
        }
        drop(live);
        let (count, place) = if up > 0 { (up, "in the bucket") } else { (down, "on this computer") };
        if count == 0 {
            return;
        }
        let body = match (card, count) {
            (Some(card), n) => format!("{}: all {n} files of the card are {place} and checked.", card.name),
            (None, 1) => format!("{name} is {place} and checked."),
            (None, n) => format!("{n} clips are {place} and checked."),
        };
        self.board.tell(About::BatchDone, if up > 0 { "Sent".into() } else { "Downloaded".into() }, body);
    }

    /// What all that goes up from a transfer's watch folder keeps to.
    pub(crate) fn folder_limit(&self, transfer: &Transfer) -> Option<Arc<Throttle>> {
        Some(self.folder_limits.on(&transfer.folder?.to_string()).1)
    }

    /// How long what is written in a transfer's watch folder must be unchanged, where nobody can tell who writes: as that
    /// folder says, if it says so.
    pub(crate) async fn folder_quiet(&self, transfer: &Transfer) -> Result<Option<Duration>> {
        let Some(id) = transfer.folder else { return Ok(None) };
        let folders = self.journal.read(watching::folders).await?;
        let seconds = folders.into_iter().find(|folder| folder.id == id).and_then(|folder| folder.quiet_seconds);
        Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
    }

    /// Gives up what was sent or fetched of a transfer, so that it begins again.
    pub(crate) async fn forget_progress(&self, id: TransferId) -> Result<()> {
        let transfer = self.with(id, |one| {
            one.parts.clear();
            one.acked = 0;
            one.kept = 0;
            one.claimed = false;
            one.sent_here = Default::default();
            one.again = 0;
            one.transfer.look = None;
            one.transfer.clone()
        })?;
        if transfer.direction == Direction::Down && transfer.held.is_some() {
            crate::sink::discard(&transfer.path).await?;
            self.with(id, |one| one.transfer.held = None)?;
        }
        let facts = self.with(id, |one| one.transfer.clone())?;
        self.journal
            .write(move |c| {
                uploads::give_up_begun(c, id)?;
                transfers::set_plan(c, id, &[])?;
                transfers::set_facts(c, &facts)
            })
            .await
    }

    /// Whether another of our live transfers has this key.
    pub(crate) fn is_claimed(&self, bucket: &str, key: &str, except: TransferId) -> bool {
        self.live().is_claimed(bucket, key, except)
    }

    /// Aborts, apart from everything else, what was given up.
    pub(crate) fn sweep(self: &Arc<Self>) {
        tokio::spawn(drive::sweep(self.clone()));
    }

    // ---- profiles

    fn known(&self) -> MutexGuard<'_, Profiles> {
        self.profiles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn profiles(&self) -> (Vec<Profile>, Option<String>) {
        let known = self.known();
        (known.all.clone(), known.in_use.clone())
    }

    /// The named profile, or the one in use.
    pub(crate) fn profile(&self, name: Option<&str>) -> Result<Profile> {
        let known = self.known();
        let Some(name) = name.or(known.in_use.as_deref()) else {
            return Err(Error::new(
                Code::NotFound,
                "No newsroom is set up yet. Connect a bucket, or use the practice newsroom.",
            ));
        };
        let named = |name: &str| known.all.iter().find(|p| p.name == name).cloned();
        let second = || named(profile::of_second(name)?)?.second();
        named(name)
            .or_else(second)
            .ok_or_else(|| Error::new(Code::NotFound, format!("There is no newsroom named {name}.")))
    }

    /// How the keys of a profile are spread over prefixes, if they are.
    pub(crate) fn spread_of(&self, profile: &str) -> Option<Spread> {
        self.profile(Some(profile)).ok()?.spread()
    }

    pub(crate) async fn keep_profile(&self, profile: Profile) -> Result<()> {
        let kept = profile.clone();
        self.journal.write(move |c| settings::save_profile(c, &kept)).await?;
        let mut known = self.known();
        self.lanes.forget(&profile.name);
        known.all.retain(|p| p.name != profile.name);
        known.all.push(profile);
        known.all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    /// It has another name in the journal already, and has it in memory from now on.
    pub(crate) fn renamed(&self, from: &str, after: Profile) {
        let to = after.name.clone();
        {
            let mut known = self.known();
            self.lanes.forget(from);
            if let Some(names) = self.lanes.renamed(from, &to) {
                self.journal.note(move |c| settings::set_setting(c, LANES, &names));
            }
            known.all.retain(|p| p.name != from);
            known.all.push(after);
            known.all.sort_by(|a, b| a.name.cmp(&b.name));
            if known.in_use.as_deref() == Some(from) {
                known.in_use = Some(to.clone());
                let set = to.clone();
                self.journal.note(move |c| settings::set_setting(c, IN_USE, &set));
            }
        }
        let ids: Vec<TransferId> = {
            let live = self.live();
            live.all()
                .filter(|one| profile::newsroom(&one.transfer.profile) == from)
                .map(|one| one.transfer.id)
                .collect()
        };
        for id in ids {
            let _ = self.with(id, |one| {
                let is_second = profile::of_second(&one.transfer.profile).is_some();
                one.transfer.profile = if is_second { profile::second_of(&to) } else { to.clone() };
                self.board.put(one.row());
            });
        }
    }

    pub(crate) async fn drop_profile(&self, name: &str) -> Result<()> {
        let dropped = name.to_owned();
        self.journal.write(move |c| settings::remove_profile(c, &dropped)).await?;
        let mut known = self.known();
        self.lanes.forget(name);
        known.all.retain(|p| p.name != name);
        if known.in_use.as_deref() == Some(name) {
            known.in_use = None;
        }
        Ok(())
    }

    pub(crate) async fn set_in_use(&self, name: String) -> Result<()> {
        let set = name.clone();
        self.journal.write(move |c| settings::set_setting(c, IN_USE, &set)).await?;
        self.known().in_use = Some(name);
        Ok(())
    }

    /// A profile's lanes, set up where they were not.
    pub(crate) fn lanes_of(&self, profile: &str) -> Result<Arc<[Arc<Lane>]>> {
        match self.lanes.of(profile) {
            Some(lanes) => Ok(lanes),
            None => self.set_lanes_up(profile),
        }
    }

    /// Sets them up, or anew for what has changed. One at a time: slots must not be opened for what was so a moment ago.
    pub(crate) fn set_lanes_up(&self, profile: &str) -> Result<Arc<[Arc<Lane>]>> {
        let _alone = self.setting_up.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.profile(Some(profile))?;
        let (lanes, names) = self.lanes.set_up(&found, &self.purse);
        if let Some(names) = names {
            self.journal.note(move |c| settings::set_setting(c, LANES, &names));
        }
        let one_way = self.goes_one_way(&found);
        let memory = self.memory();
        for direction in [Direction::Up, Direction::Down] {
            let remembered = |lane: &Lane| memory.of(&self.network_of(lane)?, &lane.name, direction);
            self.slots(direction).open(profile, lane::opened(profile, &lanes, direction, one_way, remembered));
        }
        drop(memory);
        self.note_metered();
        Ok(lanes)
    }

    /// Whether all parts of an upload go by one way: IT wants it so, or the bucket does.
    fn goes_one_way(&self, profile: &Profile) -> OneWay {
        match profile.routes.one_way_uploads {
            _ if self.lanes.is_one_way(&profile.name) => OneWay::Control,
            true => OneWay::Best,
            false => OneWay::No,
        }
    }

    /// Where an upload is begun and completed.
    pub(crate) fn upload_store(&self, profile: &str) -> Result<Store> {
        let one_way = self.goes_one_way(&self.profile(Some(profile))?);
        let lanes = self.lanes_of(profile)?;
        lane::upload_control(profile, &lanes, one_way)?.store().cloned()
    }

    /// The bucket does not know an upload by a lane that it knows by another: from now on uploads go one way.
    pub(crate) fn go_one_way(&self, profile: &str) -> Result<()> {
        tracing::warn!(profile, "the bucket takes parts of an upload by one way only");
        self.lanes.go_one_way(profile);
        self.set_lanes_up(profile).map(|_| ())
    }

    fn network_of(&self, lane: &Lane) -> Option<String> {
        // As the system has it now: when the lane was set up it may not have known its gateway.
        let uplink = match &lane.uplink {
            Some(bound) => self.uplinks.others().into_iter().find(|now| now.is_same_as(bound)),
            None => self.uplinks.preferred(),
        };
        uplink?.network
    }

    /// Bytes a millisecond that a lane carried at best for a while: since this network was joined, or when it last was.
    pub(crate) fn best_of(&self, lane: &Lane, direction: Direction) -> Option<f64> {
        let now = self.best().of(lane.id, direction);
        now.or_else(|| self.best_before().of(&self.network_of(lane)?, &lane.name, direction))
    }

    pub(crate) fn best(&self) -> MutexGuard<'_, Best> {
        self.best.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn best_before(&self) -> MutexGuard<'_, Memory> {
        self.best_before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the lanes carried in a direction is kept for the next start on these networks.
    pub(crate) fn remember_lanes(&self, direction: Direction) {
        let now = clock::now();
        let mut memory = self.memory();
        let mut best = self.best_before();
        let before = (memory.clone(), best.clone());
        for lane in self.lanes.all() {
            let Some(network) = self.network_of(&lane) else { continue };
            if let Some(carried) = self.slots(direction).learnt(lane.id) {
                memory.put(&network, &lane.name, direction, carried, now);
            }
            if let Some(most) = self.best().of(lane.id, direction) {
                best.put(&network, &lane.name, direction, most, now);
            }
        }
        if (&*memory, &*best) != (&before.0, &before.1) {
            let (kept, most) = (memory.clone(), best.clone());
            self.journal.note(move |c| {
                settings::set_setting(c, MEMORY, &kept)?;
                settings::set_setting(c, BEST, &most)
            });
        }
    }

    /// What the bucket said of its acceleration.
    pub(crate) fn note_acceleration(&self, profile: &str, said: Acceleration) {
        if self.lanes.note_acceleration(profile, said) {
            // It may have been taken off the list meanwhile.
            let _ = self.set_lanes_up(profile);
        }
    }

    /// The bucket does not take what comes by this lane's route.
    pub(crate) fn close_way(&self, lane: &Lane, why: &Error) {
        match lane.route.kind {
            Kind::Accelerated => self.note_acceleration(&lane.profile, Acceleration::Suspended),
            Kind::CloudFront => self.note_edge(&lane.profile, Some(why.message.clone())),
            _ => {}
        }
    }

    /// An edge does not let the profile read, or may be asked again.
    pub(crate) fn note_edge(&self, profile: &str, closed: Option<String>) {
        if self.lanes.note_edge(profile, closed) {
            let _ = self.set_lanes_up(profile);
        }
    }

    /// Where a profile's bucket is asked: everything but the bytes of clips.
    pub(crate) fn store(&self, profile: &str) -> Result<Store> {
        lane::control(profile, &self.lanes_of(profile)?)?.store().cloned()
    }

    /// New keys: what was made with the old ones is made again.
    pub(crate) fn forget_store(&self, profile: &str) {
        self.lanes.forget(profile);
    }

    /// What the profile's store checks uploads with: known for AWS, remembered of others, `None` where the next upload
    /// must find out.
    pub(crate) async fn offers(&self, profile: &str) -> Result<Option<Offers>> {
        let profile = self.profile(Some(profile))?;
        let Some(endpoint) = profile.endpoint else { return Ok(Some(Offers::WholeCrc64)) };
        let since = clock::now() - OFFERS_HOLD_MS;
        self.journal.read(move |c| settings::offers(c, &endpoint, &profile.bucket, since)).await
    }

    /// An upload has found out.
    pub(crate) fn remember_offers(&self, profile: &str, offers: Offers) -> Result<()> {
        let profile = self.profile(Some(profile))?;
        let Some(endpoint) = profile.endpoint else { return Ok(()) };
        self.journal.note(move |c| settings::save_offers(c, &endpoint, &profile.bucket, offers, clock::now()));
        Ok(())
    }
}

pub(crate) fn no_transfer(id: TransferId) -> Error {
    Error::new(Code::NotFound, format!("There is no transfer {id}."))
}
