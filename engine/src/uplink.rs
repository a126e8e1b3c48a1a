//! The networks that this computer is on: Ethernet, Wi-Fi, a tethered phone. Which there are, what people call them, and
//! through which of them a connection goes. It asks the system; what may go through which is `limit`'s.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use netdev::Interface;
use netdev::MacAddr;
use netdev::interface::types::InterfaceType;

use crate::api::UplinkRow;

/// An answer of the system serves for so long. One that lacks an address is asked for anew.
const HOLDS: Duration = Duration::from_secs(2);

/// One network interface that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// The system's own name, by which limits go: `wlan0`, `en0`, on Windows an identifier.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// The system's number for it.
    pub(crate) index: u32,
    pub(crate) addresses: Vec<IpAddr>,
    /// Tells this place's network from another one that the same interface was on: by its gateway, once that is known.
    pub(crate) network: Option<String>,
    /// The system sends through it what nobody has bound to another.
    is_preferred: bool,
    /// All that leaves goes through it, by a network below.
    is_tunnel: bool,
    /// A way out of this computer; not the loopback, nor a link between virtual machines.
    leads_out: bool,
}

impl Uplink {
    /// Whether what is bound to one is bound to the other as well.
    pub(crate) fn is_same_as(&self, other: &Uplink) -> bool {
        (&self.name, self.index, &self.addresses) == (&other.name, other.index, &other.addresses)
    }
}

/// What the system said last.
#[derive(Debug, Default)]
pub(crate) struct Uplinks(Mutex<Option<(Instant, Vec<Uplink>)>>);

impl Uplinks {
    /// Those that lead somewhere, for people: in the system's order.
    pub(crate) fn rows(&self) -> Vec<UplinkRow> {
        let out = self.all(|_| true).into_iter().filter(|uplink| uplink.leads_out);
        out.map(|uplink| UplinkRow { name: uplink.name, label: uplink.label }).collect()
    }

    /// The one that the system sends through what nobody has bound to another.
    pub(crate) fn preferred(&self) -> Option<Uplink> {
        self.all(|_| true).into_iter().find(|uplink| uplink.is_preferred)
    }

    /// Those that may carry something beside the one that the system prefers. None where that is a VPN: past it goes
    /// nothing.
    pub(crate) fn others(&self) -> Vec<Uplink> {
        let all = self.all(|_| true);
        if all.iter().any(|uplink| uplink.is_preferred && uplink.is_tunnel) {
            return Vec::new();
        }
        let is_other = |uplink: &Uplink| uplink.leads_out && !uplink.is_tunnel && !uplink.is_preferred;
        all.into_iter().filter(is_other).collect()
    }

    /// Through which one goes what has this address at our end. `None` where it went away meanwhile.
    pub(crate) fn of(&self, local: IpAddr) -> Option<Uplink> {
        let has_it = |uplink: &Uplink| uplink.addresses.contains(&local);
        self.all(|all| all.iter().any(has_it)).into_iter().find(has_it)
    }

    /// As the system said it lately, if that is `enough`.
    fn all(&self, enough: impl Fn(&[Uplink]) -> bool) -> Vec<Uplink> {
        let mut last = self.locked();
        match &*last {
            Some((at, all)) if at.elapsed() < HOLDS && enough(all) => all.clone(),
            _ => {
                let all: Vec<Uplink> = netdev::get_interfaces().into_iter().filter_map(known).collect();
                *last = Some((Instant::now(), all.clone()));
                all
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, Option<(Instant, Vec<Uplink>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn known(interface: Interface) -> Option<Uplink> {
    let addresses = interface.ip_addrs();
    if !interface.is_up() || addresses.is_empty() {
        return None;
    }
    let leads_out = interface.gateway.is_some() && !interface.is_loopback();
    // Until the gateway was spoken to, the system does not know it either.
    let gateway = interface.gateway.as_ref().map(|gateway| gateway.mac_addr).filter(|mac| *mac != MacAddr::zero());
    let network = gateway.map(|gateway| format!("{} {gateway}", interface.name));
    let is_tunnel = interface.is_tun() || matches!(interface.if_type, InterfaceType::Tunnel | InterfaceType::Ppp);
    let label = label(interface.if_type, is_tunnel, interface.friendly_name.as_deref(), &interface.name);
    Some(Uplink {
        index: interface.index,
        name: interface.name,
        label,
        addresses,
        network,
        is_preferred: interface.default,
        is_tunnel,
        leads_out,
    })
}

/// By what the system calls it; else by its kind, with its name since there may be two of them.
fn label(kind: InterfaceType, is_tunnel: bool, friendly: Option<&str>, name: &str) -> String {
    if let Some(friendly) = friendly.map(str::trim).filter(|friendly| !friendly.is_empty()) {
        return friendly.to_owned();
    }
    let kind = match kind {
        InterfaceType::Loopback => return "This computer".to_owned(),
        _ if is_tunnel => "VPN",
        InterfaceType::Wireless80211 => "Wi-Fi",
        InterfaceType::Wwan | InterfaceType::Wwanpp | InterfaceType::Wwanpp2 => "Mobile",
        InterfaceType::Tunnel | InterfaceType::Ppp => "VPN",
        // A phone that is tethered by its cable is one to the system as well.
        InterfaceType::Ethernet if name.starts_with("usb") || name.starts_with("enx") => "Phone or USB",
        InterfaceType::Ethernet => "Ethernet",
        _ => "Network",
    };
    format!("{kind} ({name})")
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn this_computers_own_address_is_known_and_leads_nowhere() {
        let uplinks = Uplinks::default();
        let own = uplinks.of(IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("a loopback interface");
        assert!(!own.leads_out, "{own:?}");
        assert!(uplinks.rows().iter().all(|row| row.name != own.name));
        assert_eq!(uplinks.of(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9))), None);
    }

    #[test]
    fn labels_by_table() {
        for (kind, tunnel, friendly, name, label_is) in [
            (InterfaceType::Wireless80211, false, Some("WLAN"), "{GUID}", "WLAN"),
            (InterfaceType::Wireless80211, false, None, "wlan0", "Wi-Fi (wlan0)"),
            (InterfaceType::Ethernet, false, Some(" "), "eth0", "Ethernet (eth0)"),
            (InterfaceType::Ethernet, false, None, "usb0", "Phone or USB (usb0)"),
            (InterfaceType::Wwan, false, None, "wwan0", "Mobile (wwan0)"),
            (InterfaceType::Unknown, true, None, "tun0", "VPN (tun0)"),
            (InterfaceType::Unknown, false, None, "x", "Network (x)"),
        ] {
            assert_eq!(label(kind, tunnel, friendly, name), label_is);
        }
    }
}
