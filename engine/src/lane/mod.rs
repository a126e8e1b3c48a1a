//! Lanes: an uplink and a route each, with connections of their own. Which there are of a profile, and by which of them the
//! bucket is asked, is here; how many requests fly on them and whose they are, in `slots`; what they carry, in `measure`.

mod best;
mod change;
mod measure;
mod memory;
mod preempt;
mod slots;
mod state;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cloudfront::Edge;
use crate::credentials::{Caller, Purse};
use crate::error::{Code, Error, Result};
use crate::parts::Part;
use crate::profile::{Profile, newsroom, second_of};
use crate::reach::LookOut;
use crate::route::{self, Acceleration, Address, Kind, Route, Said, Way};
use crate::s3::{Answer, Range, Store};
use crate::transfer::Direction;
use crate::uplink::Uplink;
use crate::wire::{Common, Moved, Wire};

pub(crate) use best::Best;
pub(crate) use change::{Changes, ask};
pub(crate) use measure::measure;
pub(crate) use memory::Memory;
pub(crate) use preempt::{DROP, Gate};
pub(crate) use slots::{Slot, Slots};
pub(crate) use state::{Opened, Want};

/// The lane of a part whose lane nobody knows any more.
pub(crate) const UNKNOWN_LANE: u32 = 0;

/// One way of one profile, over one uplink.
pub(crate) struct Lane {
    /// From 1; the same after a restart.
    pub id: u32,
    pub name: Name,
    pub profile: Arc<str>,
    pub route: Route,
    /// The network that it is bound to. Absent: whichever the system prefers.
    pub uplink: Option<Uplink>,
    pub wire: Wire,
    at: At,
    /// Shared by all that had this number and these connections.
    pub look_out: Arc<LookOut>,
}

/// What its connections lead to.
enum At {
    Store(Store),
    Edge(Box<Edge>),
}

/// What a lane's number stands for, from run to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Name {
    pub profile: String,
    pub kind: Kind,
    /// By the system's name; empty for whichever it prefers.
    #[serde(default)]
    pub uplink: String,
}

/// Every lane there is.
pub(crate) struct Lanes {
    common: Common,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Number 1 is the first.
    names: Vec<Name>,
    /// The last of each number, though its profile may have other lanes since: what is under way ends on it.
    by_id: BTreeMap<u32, Arc<Lane>>,
    of: HashMap<String, Of>,
    /// What was found out of profiles' buckets.
    said: HashMap<String, Said>,
    /// Profiles whose bucket did not take parts of one upload by several ways.
    one_way: HashSet<String>,
}

/// One profile's.
struct Of {
    /// Over the preferred network first; of each network in the order of their kinds.
    lanes: Arc<[Arc<Lane>]>,
    /// The closed ones among them.
    ways: Vec<Way>,
    /// The networks beside the preferred one.
    others: Vec<Uplink>,
    /// The store is on this computer: no network leads there.
    is_here: bool,
}

impl Lanes {
    pub(crate) fn new(common: Common, names: Vec<Name>) -> Lanes {
        Lanes { common, known: Mutex::new(Known { names, ..Known::default() }) }
    }

    /// The profile's lanes, where they are set up.
    pub(crate) fn of(&self, profile: &str) -> Option<Arc<[Arc<Lane>]>> {
        self.locked().of.get(profile).map(|of| of.lanes.clone())
    }

    /// Sets a profile's lanes up: each of its ways, over the network that the system prefers and over each of the others.
    /// Answers with them, and with the names where there are new ones.
    pub(crate) fn set_up(&self, profile: &Profile, purse: &Purse) -> (Arc<[Arc<Lane>]>, Option<Vec<Name>>) {
        let caller = purse.caller(profile);
        let is_here = profile.is_on_this_computer();
        let others = if is_here { Vec::new() } else { self.common.uplinks().others() };
        let mut known = self.locked();
        let ways = route::all(profile, &known.said.get(&profile.name).cloned().unwrap_or_default());
        let before = known.names.len();
        let name: Arc<str> = profile.name.as_str().into();
        let routes: Vec<Route> = ways.iter().cloned().filter_map(Way::open).collect();
        let uplinks: Vec<Option<Uplink>> = std::iter::once(None).chain(others.iter().cloned().map(Some)).collect();
        let each = uplinks.iter().flat_map(|uplink| routes.iter().map(move |route| (uplink.clone(), route.clone())));
        let lane = |(uplink, route): (Option<Uplink>, Route)| {
            let (id, lane) = known.number(&profile.name, route.kind, uplink.as_ref());
            // Connections outlive what is said of a profile, and of a network that is still the same.
            let is_same = |before: &&Arc<Lane>| match (&before.uplink, &uplink) {
                (Some(before), Some(now)) => before.is_same_as(now),
                (before, now) => before.is_none() && now.is_none(),
            };
            let before = known.by_id.get(&id).filter(is_same);
            let wire = before.map_or_else(|| Wire::new(&self.common, uplink.clone()), |before| before.wire.clone());
            let look_out = before.map_or_else(Arc::default, |before| before.look_out.clone());
            let at = match (&route.address, &profile.routes.cloudfront) {
                (Address::Edge { .. }, Some(edge)) => {
                    let apart = Wire::new(&self.common, uplink.clone());
                    At::Edge(Box::new(Edge::new(profile, edge, purse, caller.provider(), &wire, apart)))
                }
                (address, _) => At::Store(Store::new(profile, address, caller.clone(), &wire)?),
            };
            let lane = Arc::new(Lane { id, name: lane, profile: name.clone(), route, uplink, wire, at, look_out });
            known.by_id.insert(id, lane.clone());
            Some(lane)
        };
        let lanes: Arc<[Arc<Lane>]> = each.filter_map(lane).collect();
        known.of.insert(profile.name.clone(), Of { lanes: lanes.clone(), ways, others, is_here });
        let names = (known.names.len() > before).then(|| known.names.clone());
        (lanes, names)
    }

    /// What was set up with other keys, or for what the profile was, is set up anew when it is next asked for; its second
    /// bucket's as well.
    pub(crate) fn forget(&self, profile: &str) {
        let mut known = self.locked();
        known.of.retain(|name, _| newsroom(name) != profile);
        // It may have been said of another bucket, or to other keys.
        known.said.retain(|name, _| newsroom(name) != profile);
        known.one_way.retain(|name| newsroom(name) != profile);
    }

    /// Numbers go on standing for the same lanes under a profile's new name. Answers with all names, where that changed any.
    pub(crate) fn renamed(&self, from: &str, to: &str) -> Option<Vec<Name>> {
        let mut known = self.locked();
        let mut is_news = false;
        for name in known.names.iter_mut().filter(|name| newsroom(&name.profile) == from) {
            name.profile = if name.profile == from { to.to_owned() } else { second_of(to) };
            is_news = true;
        }
        is_news.then(|| known.names.clone())
    }

    /// The ways that a profile has and cannot go, with why.
    pub(crate) fn closed(&self, profile: &str) -> Vec<(Kind, String)> {
        let closed = |way: &Way| match way {
            Way::Closed(kind, why) => Some((*kind, why.clone())),
            Way::Open(_) => None,
        };
        self.locked().of.get(profile).map(|of| of.ways.iter().filter_map(closed).collect()).unwrap_or_default()
    }

    /// Profiles that are set up over other networks than these.
    pub(crate) fn over_others_than(&self, networks: &[Uplink]) -> Vec<String> {
        let known = self.locked();
        let are_same =
            |of: &Of| of.others.len() == networks.len() && of.others.iter().zip(networks).all(|(a, b)| a.is_same_as(b));
        let other = |of: &Of| !of.is_here && !are_same(of);
        known.of.iter().filter(|(_, of)| other(of)).map(|(profile, _)| profile.clone()).collect()
    }

    /// Profiles whose acceleration nobody has asked the bucket about.
    pub(crate) fn not_asked(&self) -> Vec<String> {
        let known = self.locked();
        let accelerated = |of: &Of| of.ways.iter().any(|way| way.kind() == Kind::Accelerated);
        let wanted = known.of.iter().filter(|(profile, of)| {
            accelerated(of) && known.said.get(*profile).is_none_or(|said| said.acceleration.is_none())
        });
        wanted.map(|(profile, _)| profile.clone()).collect()
    }

    /// Profiles whose bucket said that its acceleration is off.
    pub(crate) fn suspended(&self) -> Vec<String> {
        let known = self.locked();
        let is_off = |profile: &String| {
            known.said.get(profile).is_some_and(|said| said.acceleration == Some(Acceleration::Suspended))
        };
        known.of.keys().filter(|profile| is_off(profile)).cloned().collect()
    }

    /// Whether the bucket was found not to take parts of one upload by several ways.
    pub(crate) fn is_one_way(&self, profile: &str) -> bool {
        self.locked().one_way.contains(profile)
    }

    pub(crate) fn go_one_way(&self, profile: &str) {
        self.locked().one_way.insert(profile.to_owned());
    }

    /// Answers whether that is news.
    pub(crate) fn note_acceleration(&self, profile: &str, acceleration: Acceleration) -> bool {
        let mut known = self.locked();
        let said = known.said.entry(profile.to_owned()).or_default();
        said.acceleration.replace(acceleration) != Some(acceleration)
    }

    /// An edge does not let this profile read, for this reason; or, after a while, it may be asked again. Answers whether
    /// that is news.
    pub(crate) fn note_edge(&self, profile: &str, closed: Option<String>) -> bool {
        let mut known = self.locked();
        let said = known.said.entry(profile.to_owned()).or_default();
        let is_news = said.edge != closed;
        said.edge = closed;
        is_news
    }

    /// Profiles whose edge did not let them read.
    pub(crate) fn edges_closed(&self) -> Vec<String> {
        let known = self.locked();
        known.said.iter().filter(|(_, said)| said.edge.is_some()).map(|(profile, _)| profile.clone()).collect()
    }

    /// A profile's bucket, by connections that nobody else uses: to find out whether it answers.
    pub(crate) fn apart(&self, profile: &Profile, caller: Caller) -> Result<Store> {
        let mut routes = route::all(profile, &Said::default()).into_iter().filter_map(Way::open);
        let control = routes.find(|route| route.can.list && route.kind != Kind::Accelerated);
        let wire = Wire::new(&self.common, None);
        let store = control.and_then(|route| Store::new(profile, &route.address, caller, &wire));
        store.ok_or_else(|| no_way(&profile.name))
    }

    /// What all connections share: their limits among it.
    pub(crate) fn common(&self) -> &Common {
        &self.common
    }

    /// All that were set up since this process began.
    pub(crate) fn all(&self) -> Vec<Arc<Lane>> {
        self.locked().by_id.values().cloned().collect()
    }

    pub(crate) fn get(&self, id: u32) -> Result<Arc<Lane>> {
        let lane = self.locked().by_id.get(&id).cloned();
        lane.ok_or_else(|| Error::internal(format!("lane {id} was never set up")))
    }

    /// What all connections have moved since this process began. Never falls.
    pub(crate) fn moved(&self) -> Moved {
        self.all().iter().fold(Moved::default(), |sum, lane| sum + lane.wire.meter().moved())
    }

    /// Bytes of requests' bodies that the other side's TCP has, and that no store has answered for yet.
    pub(crate) fn under_way(&self) -> u64 {
        self.all().iter().map(|lane| lane.wire.meter().under_way()).sum()
    }

    /// The longest round trip of any path that is in use, and the least of any, as they were at the last look.
    pub(crate) fn path(&self) -> Option<(Duration, Duration)> {
        let paths = self.all().into_iter().filter_map(|lane| lane.wire.meter().path());
        paths.reduce(|a, b| (a.0.max(b.0), a.1.min(b.1)))
    }

    /// The network that connections go through: of the busiest lane, where there are several.
    pub(crate) fn uplink(&self) -> Option<Uplink> {
        let used =
            self.all().into_iter().filter_map(|lane| Some((lane.wire.meter().connections(), lane.wire.uplink()?)));
        used.max_by_key(|(connections, _)| *connections).map(|(_, uplink)| uplink)
    }

    /// The network is another one: all begins with new connections.
    pub(crate) fn renew(&self) {
        self.all().iter().for_each(|lane| lane.wire.renew());
    }

    fn locked(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn number(&mut self, profile: &str, kind: Kind, uplink: Option<&Uplink>) -> (u32, Name) {
        let uplink = uplink.map(|uplink| uplink.name.clone()).unwrap_or_default();
        let name = Name { profile: profile.to_owned(), kind, uplink };
        let place = self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name.clone());
            self.names.len() - 1
        });
        (place as u32 + 1, name)
    }
}

impl Lane {
    /// The bucket by this lane. One that leads to an edge gives bytes and nothing else.
    pub(crate) fn store(&self) -> Result<&Store> {
        match &self.at {
            At::Store(store) => Ok(store),
            At::Edge(_) => Err(no_way(&self.profile)),
        }
    }

    /// Part of exactly the version that `etag` names.
    pub(crate) async fn get(&self, key: &str, etag: &str, range: Part) -> Answer<Range> {
        match &self.at {
            At::Store(store) => store.get(key, etag, range).await,
            At::Edge(edge) => edge.get(key, etag, range).await,
        }
    }

    /// What it says of an object holds: it leads to the profile's own bucket, and no cache is before it.
    pub(crate) fn is_home(&self) -> bool {
        self.route.joins_uploads()
    }

    fn carries(&self, direction: Direction) -> bool {
        match direction {
            // Parts of one upload go by ways that lead to one bucket.
            Direction::Up => self.route.can.put && self.route.joins_uploads(),
            Direction::Down => self.route.can.get,
        }
    }

    fn opened(&self, direction: Direction, remembered: Option<f64>) -> Opened {
        let price = match direction {
            Direction::Up => self.route.price.up,
            Direction::Down => self.route.price.down,
        };
        let rank = self.route.kind as u32;
        let uplink = self.uplink.as_ref().map(|uplink| uplink.name.clone()).unwrap_or_default();
        let alive = !self.look_out.is_dead();
        Opened { lane: self.id, profile: self.profile.clone(), uplink, rank, price, remembered, alive }
    }
}

/// Whether all parts of an upload go by one way, and by which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OneWay {
    No,
    /// As IT wants it: the best that takes uploads as a whole.
    Best,
    /// As it was found out in the middle of one: the way by which uploads are begun.
    Control,
}

/// Of a profile's lanes, those that carry bytes in this direction; with what each is remembered to carry. Where uploads go
/// `one_way`, only those by the way that they are begun on.
pub(crate) fn opened(
    profile: &str,
    lanes: &[Arc<Lane>],
    direction: Direction,
    one_way: OneWay,
    remembered: impl Fn(&Lane) -> Option<f64>,
) -> Vec<Opened> {
    let only = match direction {
        Direction::Up if one_way != OneWay::No => {
            upload_control(profile, lanes, one_way).ok().map(|lane| lane.route.kind)
        }
        _ => None,
    };
    let carry = lanes.iter().filter(|lane| lane.carries(direction) && only.is_none_or(|kind| kind == lane.route.kind));
    carry.map(|lane| lane.opened(direction, remembered(lane))).collect()
}

/// The lane by which an upload is begun and completed. Where uploads go one way, the best that takes them as a whole.
pub(crate) fn upload_control<'a>(profile: &str, lanes: &'a [Arc<Lane>], one_way: OneWay) -> Result<&'a Arc<Lane>> {
    if one_way != OneWay::Best {
        return control(profile, lanes);
    }
    let may = |lane: &&Arc<Lane>| lane.route.can.list && lane.carries(Direction::Up);
    let alive = lanes.iter().filter(may).find(|lane| !lane.look_out.is_dead());
    alive.or_else(|| lanes.iter().find(may)).ok_or_else(|| no_way(profile))
}

/// The lane by which a profile's bucket is asked: one that is reached, and not acceleration, which is for objects alone.
pub(crate) fn control<'a>(profile: &str, lanes: &'a [Arc<Lane>]) -> Result<&'a Arc<Lane>> {
    let may = |lane: &&Arc<Lane>| lane.route.can.list && lane.route.kind != Kind::Accelerated;
    let alive = lanes.iter().filter(may).find(|lane| !lane.look_out.is_dead());
    alive.or_else(|| lanes.iter().find(may)).ok_or_else(|| no_way(profile))
}

fn no_way(profile: &str) -> Error {
    Error::new(Code::BadInput, format!("{profile} has no way to its bucket. IT mends that in the newsroom's settings."))
}
