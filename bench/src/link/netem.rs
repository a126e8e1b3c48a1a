//! The link where the kernel can make it: a veth pair with `tc netem` on either end.
//! May not live here: links of our own.

use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use super::namespace::{Namespace, run};
use super::order::{Flow, Order, Stats};
use super::profile::Terms;
use super::{End, wire};

const MTU: f64 = 1500.0;
/// For links without a rate, whose queue never fills.
const DEEP: f64 = 100_000.0;

#[derive(Debug)]
pub struct Netem {
    /// Namespaces and devices.
    ends: [(String, String); 2],
    /// The terms, and until when nothing gets through.
    weather: Arc<Mutex<(Terms, Option<Instant>)>>,
}

/// Whether this kernel has it.
pub fn is_there(namespace: &Namespace) -> bool {
    let mut tc = namespace.command("tc");
    run(tc.args(["qdisc", "replace", "dev", "lo", "root", "netem", "delay", "0ms"])).is_ok()
        && run(namespace.command("tc").args(["qdisc", "del", "dev", "lo", "root"])).is_ok()
}

impl Netem {
    pub fn start(here: End<'_>, there: End<'_>, terms: &Terms) -> Result<Netem> {
        wire(here, there)?;
        for end in [here, there] {
            // Else a whole bundle of packets would be lost as one.
            end.namespace.ip(["link", "set", "dev", end.device, "gso_max_segs", "1"])?;
        }
        let owned = |end: End<'_>| (end.namespace.name().to_owned(), end.device.to_owned());
        let netem = Netem { ends: [owned(here), owned(there)], weather: Arc::new(Mutex::new((*terms, None))) };
        netem.set(terms, false)?;
        Ok(netem)
    }

    pub fn order(&self, order: &Order) -> Result<Option<Stats>> {
        let mut weather = self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        match *order {
            Order::Stats => return Ok(Some(Stats { up: self.seen(0)?, down: self.seen(1)?, cpu_seconds: 0.0 })),
            Order::Reset(_) => {
                for (end, _) in &self.ends {
                    run(Command::new("ip").args(["netns", "exec", end, "ss", "-K", "-t"]))?;
                }
                return Ok(None);
            }
            Order::Outage(length) => {
                weather.1 = Some(Instant::now() + length);
                self.end_outage_after(length);
            }
            Order::Loss(percent) => weather.0.loss_percent = percent,
            Order::Rate(mbit) => weather.0.rate_mbit = (mbit > 0.0).then_some(mbit),
            Order::Delay(ms) => weather.0.delay_ms = ms,
        }
        let is_out = weather.1.is_some_and(|until| until > Instant::now());
        self.set(&weather.0, is_out)?;
        Ok(None)
    }

    fn set(&self, terms: &Terms, is_out: bool) -> Result<()> {
        self.ends.iter().try_for_each(|end| set(end, terms, is_out))
    }

    fn end_outage_after(&self, length: Duration) {
        let (ends, weather) = (self.ends.clone(), self.weather.clone());
        std::thread::spawn(move || {
            std::thread::sleep(length);
            let mut weather = weather.lock().unwrap_or_else(PoisonError::into_inner);
            // Another outage may have begun meanwhile.
            if weather.1.take_if(|until| *until <= Instant::now()).is_some() {
                // The link may be down for good by now.
                let _ = ends.iter().try_for_each(|end| set(end, &weather.0, false));
            }
        });
    }

    /// What the end's queue has seen. It does not tell chance from a full queue.
    fn seen(&self, end: usize) -> Result<Flow> {
        let (namespace, device) = &self.ends[end];
        let tc = ["netns", "exec", namespace, "tc", "-s", "-j", "qdisc", "show", "dev", device];
        let output = Command::new("ip").args(tc).output()?;
        flow(&serde_json::from_slice(&output.stdout).context("tc's JSON")?)
    }
}

fn set((namespace, device): &(String, String), terms: &Terms, is_out: bool) -> Result<()> {
    let words = words(terms, is_out);
    let tc = ["netns", "exec", namespace, "tc", "qdisc", "replace", "dev", device, "root"];
    run(Command::new("ip").args(tc).args(words))
}

fn words(terms: &Terms, is_out: bool) -> Vec<String> {
    // What is on its way counts as queued.
    let held = (terms.delay() + terms.queue()).as_secs_f64();
    let limit = terms.rate().map_or(DEEP, |rate| (held * rate / 8.0 / MTU).ceil());
    let loss = if is_out { 100.0 } else { terms.loss_percent };
    let mut words = vec!["netem".to_owned(), "limit".to_owned(), limit.to_string()];
    words.extend(["delay".to_owned(), format!("{}ms", terms.delay_ms)]);
    words.extend(["loss".to_owned(), format!("{loss}%")]);
    if let Some(mbit) = terms.rate_mbit {
        words.extend(["rate".to_owned(), format!("{mbit}mbit")]);
    }
    words
}

fn flow(qdiscs: &Value) -> Result<Flow> {
    let figure = |name: &str| qdiscs[0][name].as_u64().with_context(|| format!("tc tells no {name}"));
    let (packets, bytes, drops) = (figure("packets")?, figure("bytes")?, figure("drops")?);
    Ok(Flow {
        offered_packets: packets + drops,
        offered_bytes: bytes + drops * MTU as u64,
        carried_packets: packets,
        carried_bytes: bytes,
        lost_packets: drops,
        ..Flow::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUREAU: Terms = Terms { rate_mbit: Some(200.0), delay_ms: 90.0, loss_percent: 0.1, queue_ms: 100.0 };

    #[test]
    fn terms_become_words_for_tc() {
        assert_eq!(words(&BUREAU, false).join(" "), "netem limit 3167 delay 90ms loss 0.1% rate 200mbit");
        assert!(words(&BUREAU, true).join(" ").contains("loss 100%"));
        assert!(!words(&Terms { rate_mbit: None, ..BUREAU }, false).contains(&"rate".to_owned()));
    }

    #[test]
    fn figures_are_read() {
        let said = serde_json::json!([{ "kind": "netem", "bytes": 15_000, "packets": 10, "drops": 2 }]);
        let flow = flow(&said).unwrap();
        assert_eq!((flow.offered_packets, flow.offered_bytes, flow.carried_bytes), (12, 18_000, 15_000));
    }
}
