//! An office with two networks, an edge near by, a far region, and what lies between them: network namespaces on this
//! computer, with the real names of AWS in the office's hosts file. No packet leaves the machine. Needs root.
//! May not live here: servers.
//!
//! ```text
//! office ═ eth0, wlan0 (so many Mb/s each) ═ town ─ near ─ edge
//!                                            ├──── far ─ region ─ a clean wire ─ edge
//!                                            └──── second, where a row asks for it
//! ```

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_bench::link::{Carrier, End, Namespace, Order, Stats, Terms, wire};
use serde::Deserialize;

/// The edge, as the office reaches it.
pub const EDGE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 3, 2));
/// The region, as the office does.
pub const REGION: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 4, 2));
/// A multi-region access point, which answers at the edge by an address of its own.
pub const ACCESS_POINT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 3, 3));
/// CloudFront, which does too.
pub const CLOUDFRONT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 3, 4));
/// The grant function, in the region.
pub const FUNCTION: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 4, 3));
/// The second region, where there is one.
pub const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 6, 2));
/// The region, as the edge reaches it.
pub const REGION_FROM_EDGE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 5, 2));

/// What the office's machine has.
pub const UPLINKS: [&str; 2] = ["eth0", "wlan0"];
/// What waits at an uplink's narrowest point, at most.
const UPLINK_QUEUE: &str = "100ms";

/// How it all is.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Terrain {
    /// Each uplink's, each way.
    pub uplink_mbit: f64,
    /// There and back.
    pub near_ms: f64,
    pub near_loss_percent: f64,
    pub far_ms: f64,
    pub far_loss_percent: f64,
}

/// A way from the town.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Near,
    Far,
}

/// Taken down when dropped.
#[derive(Debug)]
pub struct World {
    near: Carrier,
    far: Carrier,
    _names: Names,
    pub office: Namespace,
    pub edge: Namespace,
    pub region: Namespace,
    pub town: Namespace,
}

impl World {
    /// `names` are those that lead to each address, in the office.
    pub fn up(terrain: &Terrain, names: &[(IpAddr, Vec<String>)]) -> Result<World> {
        rushes_bench::link::sweep();
        let [office, town, edge, region] = ["office", "town", "edge", "region"].map(Namespace::create);
        let (office, town, edge, region) = (office?, town?, edge?, region?);
        let end = |namespace, device| End { namespace, device };
        let terms =
            |ms: f64, loss_percent| Terms { rate_mbit: None, delay_ms: ms / 2.0, loss_percent, queue_ms: 100.0 };
        let near = terms(terrain.near_ms, terrain.near_loss_percent);
        let near = Carrier::between(end(&town, "near0"), end(&edge, "near0"), &near)?;
        let far = terms(terrain.far_ms, terrain.far_loss_percent);
        let far = Carrier::between(end(&town, "far0"), end(&region, "far0"), &far)?;
        wire(end(&edge, "back0"), end(&region, "back0"))?;
        for (number, uplink) in UPLINKS.into_iter().enumerate() {
            wire(end(&office, uplink), end(&town, uplink))?;
            let net = format!("10.88.{}", number + 1);
            address(&office, uplink, &format!("{net}.1/24"))?;
            address(&town, uplink, &format!("{net}.254/24"))?;
            for side in [&office, &town] {
                narrow(side, uplink, terrain.uplink_mbit)?;
            }
            // Answers leave by the network that they are asked through.
            let (table, own) = ((100 + number).to_string(), format!("{net}.1"));
            office.ip(["rule", "add", "from", &own, "lookup", &table])?;
            lead_out(&office, number)?;
        }
        address(&town, "near0", "10.88.3.1/24")?;
        address(&edge, "near0", "10.88.3.2/24")?;
        address(&edge, "near0", "10.88.3.3/24")?;
        address(&edge, "near0", "10.88.3.4/24")?;
        address(&town, "far0", "10.88.4.1/24")?;
        address(&region, "far0", "10.88.4.2/24")?;
        address(&region, "far0", "10.88.4.3/24")?;
        address(&edge, "back0", "10.88.5.1/24")?;
        address(&region, "back0", "10.88.5.2/24")?;
        for (side, router) in [(&edge, "10.88.3.1"), (&region, "10.88.4.1")] {
            side.ip(["route", "add", "default", "via", router])?;
        }
        town.sysctl("net/ipv4/ip_forward", "1")?;
        for side in [&office, &town, &edge, &region] {
            side.sysctl("net/ipv4/conf/all/rp_filter", "0")?;
            side.sysctl("net/ipv4/tcp_no_metrics_save", "1")?;
        }
        let names = Names::write(&office, names)?;
        Ok(World { near, far, _names: names, office, edge, region, town })
    }

    /// Another region, as far from the town as that, on a way that loses nothing.
    pub fn second(&self, ms: f64) -> Result<(Carrier, Namespace)> {
        let second = Namespace::create("second")?;
        let terms = Terms { rate_mbit: None, delay_ms: ms / 2.0, loss_percent: 0.0, queue_ms: 100.0 };
        let end = |namespace| End { namespace, device: "second0" };
        let way = Carrier::between(end(&self.town), end(&second), &terms)?;
        address(&self.town, "second0", "10.88.6.1/24")?;
        address(&second, "second0", "10.88.6.2/24")?;
        second.ip(["route", "add", "default", "via", "10.88.6.1"])?;
        second.sysctl("net/ipv4/conf/all/rp_filter", "0")?;
        second.sysctl("net/ipv4/tcp_no_metrics_save", "1")?;
        Ok((way, second))
    }

    /// A program in the office, which knows AWS's names as this world has them.
    pub fn at_office(&self, program: &Path) -> Command {
        self.office.command(program)
    }

    /// What has gone by a way since it came up.
    pub fn carried(&self, path: Route) -> Result<Stats> {
        let carrier = match path {
            Route::Near => &self.near,
            Route::Far => &self.far,
        };
        carrier.order(Order::Stats)?.context("a way tells no figures")
    }

    /// Nothing gets through for so long, without a word.
    pub fn cut(&self, path: Route, length: Duration) -> Result<()> {
        let carrier = match path {
            Route::Near => &self.near,
            Route::Far => &self.far,
        };
        carrier.order(Order::Outage(length)).map(|_| ())
    }

    /// An uplink's other side goes, or is back. The office's machine still has its address and its routes.
    pub fn uplink(&self, number: usize, works: bool) -> Result<()> {
        self.town.ip(["link", "set", UPLINKS[number], if works { "up" } else { "down" }])
    }

    /// As if its cable were pulled, or put back.
    pub fn plug(&self, number: usize, is_in: bool) -> Result<()> {
        let uplink = UPLINKS[number];
        self.office.ip(["link", "set", uplink, if is_in { "up" } else { "down" }])?;
        if is_in { lead_out(&self.office, number) } else { Ok(()) }
    }

    /// Bytes that have left the office through an uplink, and come to it.
    pub fn through(&self, number: usize) -> Result<(u64, u64)> {
        let uplink = UPLINKS[number];
        let figure = |name: &str| -> Result<u64> {
            let path = format!("/sys/class/net/{uplink}/statistics/{name}");
            let output = self.office.command("cat").arg(path).output()?;
            ensure!(output.status.success(), "{uplink} tells no {name}");
            Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
        };
        Ok((figure("tx_bytes")?, figure("rx_bytes")?))
    }
}

/// The office's ways out through an uplink. What it sends is paced by cubic unless a program asks for something else, as on
/// the systems that people have: this machine's own default may be another.
fn lead_out(office: &Namespace, number: usize) -> Result<()> {
    // The first is the one that the system prefers.
    let (metric, table) = (((number + 1) * 100).to_string(), (100 + number).to_string());
    let gateway = format!("10.88.{}.254", number + 1);
    for [kind, number_of] in [["metric", &metric], ["table", &table]] {
        let uplink = UPLINKS[number];
        office
            .ip(["route", "replace", "default", "via", &gateway, "dev", uplink, kind, number_of, "congctl", "cubic"])?;
    }
    Ok(())
}

/// A script that runs the program inside, with whatever arguments it is given.
pub fn door(network: &Namespace, folder: &Path, program: &Path) -> Result<PathBuf> {
    let path = folder.join("inside");
    let name = network.name();
    fs::write(&path, format!("#!/bin/sh\nexec ip netns exec {name} '{}' \"$@\"\n", program.display()))?;
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(path)
}

pub fn address(side: &Namespace, device: &str, address: &str) -> Result<()> {
    side.ip(["addr", "add", address, "dev", device])?;
    side.ip(["link", "set", device, "mtu", "1500", "up"])
}

/// Each side sends no faster than this.
pub fn narrow(side: &Namespace, device: &str, mbit: f64) -> Result<()> {
    let mut tc = side.command("tc");
    let rate = format!("{mbit}mbit");
    tc.args(["qdisc", "add", "dev", device, "root", "tbf", "rate", &rate, "burst", "32kb", "latency", UPLINK_QUEUE]);
    let output = tc.output()?;
    ensure!(output.status.success(), "tc tbf: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// An office's hosts file, which `ip netns exec` lays over the system's.
#[derive(Debug)]
pub struct Names(PathBuf);

impl Names {
    pub fn write(office: &Namespace, names: &[(IpAddr, Vec<String>)]) -> Result<Names> {
        let folder = Path::new("/etc/netns").join(office.name());
        fs::create_dir_all(&folder)?;
        let lines = names.iter().map(|(address, names)| format!("{address} {}\n", names.join(" ")));
        fs::write(folder.join("hosts"), format!("127.0.0.1 localhost\n{}", lines.collect::<String>()))?;
        // Nobody is asked about any other name.
        fs::write(folder.join("resolv.conf"), "nameserver 127.0.0.1\n")?;
        Ok(Names(folder))
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
