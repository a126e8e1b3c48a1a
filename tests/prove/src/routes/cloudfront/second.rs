//! What rows about caches have beside the world: a second office, a second edge on a way of its own, and a shield between
//! both edges and the region. Taken down when dropped.
//!
//! ```text
//! office 2 ═ eth0 ═ town ─ near ─ edge 2 ─┐
//!                   town ─ near ─ edge ───┴─ shield ─ region
//! ```

use std::net::{IpAddr, Ipv4Addr};

use anyhow::Result;
use rushes_bench::link::{Carrier, End, Namespace, Terms, wire};

use crate::routes::world::{Names, REGION_FROM_EDGE, Terrain, World, address, narrow};

/// The second edge, as offices reach it.
pub const EDGE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 88, 12, 2));
/// The shield, as the first edge does, and as the second.
pub const SHIELD: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(10, 88, 13, 2)), IpAddr::V4(Ipv4Addr::new(10, 88, 14, 2))];

#[derive(Debug)]
pub struct Second {
    _near: Carrier,
    _names: Names,
    pub office: Namespace,
    pub edge: Namespace,
    pub shield: Namespace,
}

impl Second {
    /// `names` are those that lead to each address, in the second office.
    pub fn up(world: &World, terrain: &Terrain, names: &[(IpAddr, Vec<String>)]) -> Result<Second> {
        let [office, edge, shield] = ["office2", "edge2", "shield"].map(Namespace::create);
        let (office, edge, shield) = (office?, edge?, shield?);
        let end = |namespace, device| End { namespace, device };
        wire(end(&office, "eth0"), end(&world.town, "office2"))?;
        address(&office, "eth0", "10.88.11.1/24")?;
        address(&world.town, "office2", "10.88.11.254/24")?;
        narrow(&office, "eth0", terrain.uplink_mbit)?;
        narrow(&world.town, "office2", terrain.uplink_mbit)?;
        office.ip(["route", "add", "default", "via", "10.88.11.254"])?;

        let (delay_ms, loss_percent) = (terrain.near_ms / 2.0, terrain.near_loss_percent);
        let terms = Terms { rate_mbit: None, delay_ms, loss_percent, queue_ms: 100.0 };
        let near = Carrier::between(end(&world.town, "near2"), end(&edge, "near0"), &terms)?;
        address(&world.town, "near2", "10.88.12.1/24")?;
        address(&edge, "near0", &format!("{EDGE}/24"))?;
        edge.ip(["route", "add", "default", "via", "10.88.12.1"])?;

        wire(end(&world.edge, "shield0"), end(&shield, "edge1"))?;
        address(&world.edge, "shield0", "10.88.13.1/24")?;
        address(&shield, "edge1", &format!("{}/24", SHIELD[0]))?;
        wire(end(&edge, "shield0"), end(&shield, "edge2"))?;
        address(&edge, "shield0", "10.88.14.1/24")?;
        address(&shield, "edge2", &format!("{}/24", SHIELD[1]))?;
        wire(end(&shield, "back0"), end(&world.region, "shield0"))?;
        address(&shield, "back0", "10.88.15.1/24")?;
        address(&world.region, "shield0", "10.88.15.2/24")?;
        // The region listens where the first edge reaches it.
        shield.ip(["route", "add", &format!("{REGION_FROM_EDGE}/32"), "via", "10.88.15.2"])?;

        for side in [&office, &edge, &shield] {
            side.sysctl("net/ipv4/conf/all/rp_filter", "0")?;
            side.sysctl("net/ipv4/tcp_no_metrics_save", "1")?;
        }
        let names = Names::write(&office, names)?;
        Ok(Second { _near: near, _names: names, office, edge, shield })
    }
}
