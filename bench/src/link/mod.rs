//! A far link between two networks on this computer: `tc netem` where the kernel has it, else a process of ours. The
//! client's network and the server's know nothing but each other; addresses are the same on every link.
//! May not live here: what is sent over it.

mod emulator;
mod namespace;
mod netem;
mod order;
mod path;
mod ping;
mod profile;
mod pump;
mod reset;
mod streams;

use std::fmt::{Display, Formatter};
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;

pub use emulator::{VERB as EMULATE, emulate};
pub use namespace::{Namespace, here_async, sweep};
pub use order::{Flow, Order, Stats};
pub use ping::{Ping, Pings};
pub use profile::{Profile, Terms};
pub use streams::{Streams, goodput};

use emulator::Emulator;
use netem::Netem;

/// The client's address.
pub const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 1));
/// The server's.
pub const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 2));

/// The device in each namespace of a link.
const DEVICE: &str = "wan0";

/// What a client's system lets a connection hold, whatever this one is set to: smallest, first, largest.
const SEND_BUFFER: &str = "4096 16384 4194304";
const RECEIVE_BUFFER: &str = "4096 131072 6291456";

/// How a sender finds its pace, at both ends. What an application sets for itself has precedence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Congestion {
    /// The default of macOS, Windows and most Linux systems.
    #[default]
    Cubic,
    Bbr,
}

impl Display for Congestion {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Congestion::Cubic => "cubic",
            Congestion::Bbr => "bbr",
        })
    }
}

impl FromStr for Congestion {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Congestion> {
        match name {
            "cubic" => Ok(Congestion::Cubic),
            "bbr" => Ok(Congestion::Bbr),
            _ => bail!("{name} is neither cubic nor bbr"),
        }
    }
}

/// Down, with all that runs on it, when dropped.
#[derive(Debug)]
pub struct Link {
    profile: Profile,
    congestion: Congestion,
    // Before the namespaces that it stands in.
    carrier: Carrier,
    client: Namespace,
    server: Namespace,
}

/// One end of a way that packets are carried: a device of that name in that network.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    pub namespace: &'a Namespace,
    pub device: &'a str,
}

/// What carries packets between two ends, as terms have it. Has no addresses of its own.
#[derive(Debug)]
pub enum Carrier {
    Kernel(Netem),
    Emulator(Emulator),
}

impl Carrier {
    /// Makes both devices.
    pub fn between(here: End<'_>, there: End<'_>, terms: &Terms) -> Result<Carrier> {
        Ok(match netem::is_there(here.namespace) {
            true => Carrier::Kernel(Netem::start(here, there, terms)?),
            false => Carrier::Emulator(Emulator::start(here, there, terms)?),
        })
    }

    /// What it answers: figures, if it was asked for any.
    pub fn order(&self, order: Order) -> Result<Option<Stats>> {
        match self {
            Carrier::Kernel(netem) => netem.order(&order),
            Carrier::Emulator(emulator) => emulator.order(&order),
        }
    }
}

/// A plain wire: as fast as this computer.
pub fn wire(here: End<'_>, there: End<'_>) -> Result<()> {
    let (network, its) = (here.namespace.name(), there.namespace.name());
    let (device, peer) = (here.device, there.device);
    namespace::ip(["link", "add", device, "netns", network, "type", "veth", "peer", "name", peer, "netns", its])
}

impl Link {
    /// Both ends can reach each other when it returns.
    pub fn up(profile: &Profile, congestion: Congestion) -> Result<Link> {
        namespace::sweep();
        let (client, server) = (Namespace::create("client")?, Namespace::create("server")?);
        let terms = &profile.terms;
        let end = |namespace| End { namespace, device: DEVICE };
        let carrier = Carrier::between(end(&client), end(&server), terms)?;
        let link = Link { profile: profile.clone(), congestion, carrier, client, server };
        link.configure(&link.client, CLIENT, SERVER).context("the client's end")?;
        link.configure(&link.server, SERVER, CLIENT).context("the server's end")?;
        Ok(link)
    }

    fn configure(&self, end: &Namespace, own: IpAddr, other: IpAddr) -> Result<()> {
        let (own, peer, other) = (own.to_string(), format!("{other}/32"), other.to_string());
        let mtu = pump::MTU.to_string();
        // A burst must not be dropped before it reaches the link, whose queue is to be the only one.
        end.ip(["link", "set", DEVICE, "mtu", &mtu, "txqueuelen", "10000", "up"])?;
        end.ip(["addr", "add", &own, "peer", &peer, "dev", DEVICE])?;
        // By route: a namespace may not choose cubic as its default where the system's is another.
        let congestion = self.congestion.to_string();
        end.ip(["route", "replace", &other, "dev", DEVICE, "src", &own, "congctl", &congestion])?;
        end.sysctl("net/ipv4/tcp_wmem", SEND_BUFFER)?;
        end.sysctl("net/ipv4/tcp_rmem", RECEIVE_BUFFER)?;
        // What one run has learnt of the link must not help the next.
        end.sysctl("net/ipv4/tcp_no_metrics_save", "1")
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    pub fn congestion(&self) -> Congestion {
        self.congestion
    }

    /// The bureau's end.
    pub fn client(&self) -> &Namespace {
        &self.client
    }

    /// The store's.
    pub fn server(&self) -> &Namespace {
        &self.server
    }

    /// From now on, and for so long, nothing gets through, without a word.
    pub fn outage(&self, length: Duration) -> Result<()> {
        self.order(Order::Outage(length)).map(|_| ())
    }

    /// For so long, whoever sends on a TCP connection is told that it is gone. On netem: all are, once.
    pub fn reset(&self, length: Duration) -> Result<()> {
        self.order(Order::Reset(length)).map(|_| ())
    }

    /// Each way.
    pub fn loss(&self, percent: f64) -> Result<()> {
        self.order(Order::Loss(percent)).map(|_| ())
    }

    /// Each way; 0 is as fast as this computer.
    pub fn rate(&self, mbit: f64) -> Result<()> {
        self.order(Order::Rate(mbit)).map(|_| ())
    }

    /// Each way, from the next packet on.
    pub fn delay(&self, length: Duration) -> Result<()> {
        self.order(Order::Delay(length.as_secs_f64() * 1e3)).map(|_| ())
    }

    /// Since the link came up.
    pub fn stats(&self) -> Result<Stats> {
        self.order(Order::Stats)?.context("the link tells no figures")
    }

    /// Begins to measure how long a small packet takes there and back.
    pub fn ping(&self) -> Result<Ping> {
        Ping::start(&self.client, &self.server)
    }

    fn order(&self, order: Order) -> Result<Option<Stats>> {
        self.carrier.order(order)
    }
}
