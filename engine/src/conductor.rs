//! The one loop: begins drivers when slots are free, lets waiting transfers try again, retries cancellations, and has the
//! gauge draw what moved. It decides by `queue`; it sends nothing itself.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::Rng;
use tokio_util::sync::CancellationToken;

use crate::api::About;
use crate::clock;
use crate::core::Core;
use crate::drive::{self, Stop};
use crate::error::{Code, Error};
use crate::gauge::{Gauge, TICK};
use crate::lane::Changes;
use crate::live::One;
use crate::portal;
use crate::queue;
use crate::reach::{self, Sleep};
use crate::second;
use crate::transfer::{Change, Direction, TransferId, UnixMs, Why};

/// When nothing moves, unless woken.
const IDLE: Duration = Duration::from_secs(20);
/// Changes that come in a burst are looked at together.
const BREATH: Duration = Duration::from_millis(4);
const SWEEP: Duration = Duration::from_secs(300);
/// So often a refusal that nobody understands is waited out.
const MEANT: u32 = 4;
/// How often it is found out whether somebody has signed in to the network meanwhile.
const PORTAL: Duration = Duration::from_secs(5);

/// Which transfers this process carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All that are not ended: the window.
    All,
    /// All of them, and nobody looks at the footage unless somebody asks for it: an ingest box.
    Unseen,
    /// Those that somebody asks this process for: one command line.
    Asked,
}

impl Scope {
    pub(crate) fn carries_all(self) -> bool {
        self != Scope::Asked
    }
}

pub(crate) async fn conduct(core: Arc<Core>, scope: Scope) {
    let mut gauge = Gauge::default();
    let mut asked_portal: Option<Instant> = None;
    let mut swept = Instant::now();
    let mut sleep = Sleep::begin();
    let mut changes = Changes::default();
    if scope.carries_all() {
        core.sweep();
    }
    loop {
        let rest = rest(&core, &gauge);
        tokio::select! {
            () = core.closing.cancelled() => return,
            () = core.wake.notified() => tokio::time::sleep(BREATH).await,
            () = tokio::time::sleep(rest) => {}
        }
        sleep.look(&core);
        changes.look(&core);
        requeue(&core);
        look_past_portals(&core, &mut asked_portal);
        retry_cancellations(&core);
        begin(&core, scope, Direction::Up);
        begin(&core, scope, Direction::Down);
        gauge.draw(&core);
        if scope.carries_all() && swept.elapsed() > SWEEP {
            swept = Instant::now();
            core.sweep();
        }
    }
}

/// How long nothing need be looked at.
fn rest(core: &Core, gauge: &Gauge) -> Duration {
    let live = core.live();
    let standing = live.standing();
    let rest = if !standing.driven().is_empty() || gauge.is_behind() {
        TICK
    } else if !standing.cancelling().is_empty() {
        Duration::from_secs(1)
    } else if !standing.at_portal().is_empty() {
        PORTAL
    } else {
        IDLE
    };
    let next = standing.waits().first().map(|(until, _)| Duration::from_millis((until - clock::now()).max(1) as u64));
    next.map_or(rest, |next| next.min(rest))
}

/// Those whose wait is over are queued again.
fn requeue(core: &Core) {
    let now = clock::now();
    let over: Vec<TransferId> =
        core.live().standing().waits().iter().take_while(|(until, _)| *until <= now).map(|(_, id)| *id).collect();
    for id in over {
        // Refused only where the user was quicker.
        let _ = core.change(id, Change::Requeue);
    }
}

/// While transfers wait for somebody to sign in to the network: asks now and then whether that has happened, and lets
/// them go on.
fn look_past_portals(core: &Arc<Core>, asked: &mut Option<Instant>) {
    let waiting: Vec<(String, TransferId)> = {
        let live = core.live();
        let waiting = live.standing().at_portal().iter().filter_map(|id| live.get(*id));
        waiting.map(|one| (one.transfer.profile.clone(), one.transfer.id)).collect()
    };
    if waiting.is_empty() || asked.is_some_and(|at| at.elapsed() < PORTAL) {
        return;
    }
    *asked = Some(Instant::now());
    let core = core.clone();
    tokio::spawn(async move {
        let mut profiles: Vec<&str> = waiting.iter().map(|(profile, _)| profile.as_str()).collect();
        profiles.sort_unstable();
        profiles.dedup();
        for profile in profiles {
            let stands = match core.profile(Some(profile)) {
                Ok(profile) => core.portals.look(&profile, core.lanes.common()).await.is_some(),
                Err(_) => false,
            };
            // Passed, or out of reach altogether: then trying says so.
            for (_, id) in waiting.iter().filter(|(of, _)| !stands && of == profile) {
                let _ = core.change(*id, Change::Requeue);
            }
        }
    });
}

fn begin(core: &Arc<Core>, scope: Scope, direction: Direction) {
    let chosen: Vec<TransferId> = {
        let live = core.live();
        let standing = live.standing();
        // Where somebody must sign in first, nobody else need find that out.
        let held: HashSet<&str> = standing
            .at_portal()
            .iter()
            .filter_map(|id| live.get(*id))
            .map(|one| one.transfer.profile.as_str())
            .collect();
        let may = |one: &&One| {
            let ours = scope.carries_all() || one.asked_here;
            one.driver.is_some() || ours && !held.contains(one.transfer.profile.as_str())
        };
        let runnable = || standing.runnable(direction).iter().filter_map(|place| live.get(place.id)).filter(may);
        // A recording takes slots as it grows, for hours: it stands in nobody's way meanwhile, nor anybody in its.
        let line = || runnable().filter(|one| !one.grows());
        let n = queue::may_be_underway(core.slots(direction).allowed_in_all(), line().map(One::claims));
        // Beside something breaking nothing else begins, however many slots there are.
        let breaking = line().next().is_some_and(|one| one.transfer.urgency.breaking);
        let whole = line().take(n).take_while(|one| !breaking || one.transfer.urgency.breaking);
        let begins = whole.chain(runnable().filter(|one| one.grows()));
        begins.filter(|one| one.driver.is_none()).map(|one| one.transfer.id).collect()
    };
    for id in chosen {
        if core.change(id, Change::Start).is_ok() {
            drive_on(core, id);
        }
    }
}

fn drive_on(core: &Arc<Core>, id: TransferId) {
    let stop = CancellationToken::new();
    if core.with(id, |one| one.driver = Some(stop.clone())).is_err() {
        return;
    }
    let core = core.clone();
    tokio::spawn(async move {
        let ended = tokio::select! {
            () = stop.cancelled() => None,
            () = core.closing.cancelled() => None,
            ended = drive::run(core.clone(), id) => Some(ended),
        };
        let change = match ended {
            None => None,
            Some(Ok(proof)) => Some(Change::Prove(proof, core.gained(id))),
            Some(Err(Stop::Fail(error))) => Some(Change::Fail(error)),
            Some(Err(Stop::Anew)) => None,
            Some(Err(Stop::Wait(_, error))) if core.with(id, |one| is_meant(one, &error)).unwrap_or(true) => {
                Some(Change::Fail(error))
            }
            Some(Err(Stop::Wait(why, error))) => {
                let (why, error) = behind_portal(&core, id, why, error).await;
                let goes_elsewhere = why == Why::Offline && !is_in_the_way(error.code) && second::go(&core, id).await;
                if why == Why::Credentials {
                    // Its row says why, beside its name.
                    core.board.profiles_changed();
                    let title = match error.code {
                        Code::ProxyCredentials => "The proxy does not know Rushes",
                        _ => "Rushes needs your keys",
                    };
                    core.board.tell(About::NeedsYou, title.into(), error.message.clone());
                }
                if why == Why::Offline {
                    let profile = core.with(id, |one| one.transfer.profile.clone()).ok();
                    let lanes = profile.and_then(|profile| core.lanes.of(&profile));
                    lanes.iter().flat_map(|lanes| lanes.iter()).for_each(|lane| reach::look_out(&core, lane));
                }
                let until = core.with(id, |one| until(one, why, error.code)).ok().flatten();
                Some(if goes_elsewhere { Change::Requeue } else { Change::Wait { why, until, error } })
            }
        };
        let _ = core.with(id, |one| {
            one.driver = None;
            one.land();
        });
        if let Some(change) = change {
            // Refused where it was paused or cancelled at the same moment: that stands.
            let _ = core.change(id, change);
        }
        let _ = core.with(id, |one| core.board.put(one.row()));
        core.wake.notify_one();
    });
}

/// A store that is out of reach may only be hidden by a network that wants somebody to sign in first.
async fn behind_portal(core: &Core, id: TransferId, why: Why, error: Error) -> (Why, Error) {
    let profile = core.with(id, |one| one.transfer.profile.clone()).and_then(|name| core.profile(Some(&name)));
    let (Why::Offline, Ok(profile)) = (why, profile) else { return (why, error) };
    let Some(page) = core.portals.look(&profile, core.lanes.common()).await else { return (why, error) };
    let _ = core.with(id, |one| one.portal = Some(page));
    let error = portal::wants_sign_in(&error);
    if core.live().standing().at_portal().is_empty() {
        core.board.tell(About::NeedsYou, "Sign in to the network".into(), error.message.clone());
    }
    (Why::Portal, error)
}

/// The network lets nothing through to the store: that tells nothing of the bucket's region, and passes when somebody has
/// seen to it, or on another network.
fn is_in_the_way(code: Code) -> bool {
    matches!(code, Code::ProxyRefused | Code::UntrustedCertificate)
}

/// A refusal that nobody understands is waited out, and one for the time with which a request was signed; once it was said
/// so often, it is for good.
fn is_meant(one: &mut One, error: &Error) -> bool {
    let may_pass = matches!(error.code, Code::AccessDenied | Code::ClockSkewed);
    one.unclear = if may_pass { one.unclear + 1 } else { 0 };
    one.unclear > MEANT
}

/// When to try again; never by itself where only the user can help.
fn until(one: &mut One, why: Why, code: Code) -> Option<UnixMs> {
    one.waits = (one.waits + 1).min(10);
    let seconds = match why {
        // A keychain may be unlocked without a word to us.
        Why::Credentials if code == Code::KeychainUnavailable => 30,
        // Whether somebody has signed in is found out apart from it.
        Why::Credentials | Why::Portal => return None,
        Why::DiskFull | Why::Elsewhere => 10,
        Why::Offline if is_in_the_way(code) => 30,
        Why::Offline | Why::Throttled => (1u64 << one.waits.min(4)).min(15),
    };
    let jitter = rand::rng().random_range(0.75..1.25);
    Some(clock::now() + (seconds as f64 * 1000.0 * jitter) as i64)
}

fn retry_cancellations(core: &Arc<Core>) {
    let due: Vec<TransferId> = core
        .live()
        .cancelling()
        .filter(|one| one.rest_until.is_none_or(|until| until <= Instant::now()))
        .map(|one| one.transfer.id)
        .collect();
    for id in due {
        let stop = CancellationToken::new();
        if core.with(id, |one| one.driver = Some(stop)).is_err() {
            continue;
        }
        let core = core.clone();
        tokio::spawn(async move {
            let cancelled = tokio::select! {
                () = core.closing.cancelled() => return,
                cancelled = drive::cancel(core.clone(), id) => cancelled,
            };
            let _ = core.with(id, |one| {
                one.driver = None;
                one.land();
            });
            match cancelled {
                Ok(Some(proof)) => {
                    let _ = core.change(id, Change::Prove(proof, None));
                }
                Ok(None) => {
                    let _ = core.change(id, Change::Confirm);
                }
                Err(stop) => {
                    tracing::info!(id, stop = stop.word(), "a cancellation is not confirmed yet");
                    let _ = core.with(id, |one| {
                        one.waits = (one.waits + 1).min(10);
                        one.rest_until = Some(Instant::now() + Duration::from_secs(1 << one.waits.min(5)));
                    });
                }
            }
            core.wake.notify_one();
        });
    }
}
