//! What is said to a link while it is up, and what it answers: a line of text each way.
//! Pure. May not live here: who does what is ordered.

use std::fmt::{Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Error, bail, ensure};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// From now on, and for so long, nothing gets through, without a word. Zero ends one.
    Outage(Duration),
    /// For so long, whoever sends a TCP packet is told that its connection is gone.
    Reset(Duration),
    /// Percent.
    Loss(f64),
    /// Mb/s; 0 is as fast as this computer.
    Rate(f64),
    /// Milliseconds, one way.
    Delay(f64),
    Stats,
}

impl Display for Order {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Order::Outage(length) => write!(f, "outage {}", length.as_secs_f64()),
            Order::Reset(length) => write!(f, "reset {}", length.as_secs_f64()),
            Order::Loss(percent) => write!(f, "loss {percent}"),
            Order::Rate(mbit) => write!(f, "rate {mbit}"),
            Order::Delay(ms) => write!(f, "delay {ms}"),
            Order::Stats => write!(f, "stats"),
        }
    }
}

impl FromStr for Order {
    type Err = Error;

    fn from_str(line: &str) -> Result<Order, Error> {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let figure = || -> Result<f64, Error> {
            let figure: f64 = rest.trim().parse().with_context(|| format!("{word} takes a figure, not {rest:?}"))?;
            ensure!(figure.is_finite() && figure >= 0.0, "{word} takes no {figure}");
            Ok(figure)
        };
        let length = || Ok::<_, Error>(Duration::try_from_secs_f64(figure()?)?);
        Ok(match word {
            "outage" => Order::Outage(length()?),
            "reset" => Order::Reset(length()?),
            "loss" => Order::Loss(figure()?.min(100.0)),
            "rate" => Order::Rate(figure()?),
            "delay" => Order::Delay(figure()?),
            "stats" => Order::Stats,
            _ => bail!("no order is called {word:?}"),
        })
    }
}

/// What one direction has seen since the link came up. Bytes are those of IP packets, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    pub offered_packets: u64,
    pub offered_bytes: u64,
    /// What arrived.
    pub carried_packets: u64,
    pub carried_bytes: u64,
    /// By chance.
    pub lost_packets: u64,
    /// Found the queue full.
    pub dropped_packets: u64,
    pub outage_packets: u64,
    pub reset_packets: u64,
    /// How much later than it should a packet arrived, at worst, since last asked: the machine's own doing.
    pub late_us: u64,
}

impl Flow {
    /// What came since then.
    #[must_use]
    pub fn since(&self, then: &Flow) -> Flow {
        Flow {
            offered_packets: self.offered_packets - then.offered_packets,
            offered_bytes: self.offered_bytes - then.offered_bytes,
            carried_packets: self.carried_packets - then.carried_packets,
            carried_bytes: self.carried_bytes - then.carried_bytes,
            lost_packets: self.lost_packets - then.lost_packets,
            dropped_packets: self.dropped_packets - then.dropped_packets,
            outage_packets: self.outage_packets - then.outage_packets,
            reset_packets: self.reset_packets - then.reset_packets,
            late_us: self.late_us,
        }
    }
}

/// Both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// From the client.
    pub up: Flow,
    /// To the client.
    pub down: Flow,
    /// What the link itself has cost, if it is a process of ours.
    pub cpu_seconds: f64,
}

impl Stats {
    /// What came since then.
    #[must_use]
    pub fn since(&self, then: &Stats) -> Stats {
        Stats {
            up: self.up.since(&then.up),
            down: self.down.since(&then.down),
            cpu_seconds: self.cpu_seconds - then.cpu_seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_survive_the_pipe() {
        let orders = [
            Order::Outage(Duration::from_millis(10_500)),
            Order::Reset(Duration::from_secs(1)),
            Order::Loss(0.1),
            Order::Rate(200.0),
            Order::Delay(90.0),
            Order::Stats,
        ];
        for order in orders {
            assert_eq!(order.to_string().parse::<Order>().unwrap(), order);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for line in ["", "outage", "outage soon", "loss -1", "rate inf", "delay NaN", "fly 3", "outage 1e300"] {
            assert!(line.parse::<Order>().is_err(), "{line}");
        }
    }

    #[test]
    fn stats_are_subtracted_field_by_field() {
        let flow = |n| Flow { offered_packets: n, offered_bytes: n * 10, carried_packets: n, ..Flow::default() };
        let then = Stats { up: flow(1), down: flow(2), cpu_seconds: 0.5 };
        let now = Stats { up: flow(5), down: flow(3), cpu_seconds: 1.5 };
        let came = now.since(&then);
        assert_eq!((came.up.offered_bytes, came.down.carried_packets, came.cpu_seconds), (40, 1, 1.0));
    }
}
