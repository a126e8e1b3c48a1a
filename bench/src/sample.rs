//! What one run has shown, and the arithmetic on many.
//! Pure. May not live here: running, writing.

use serde::Serialize;

use crate::link::{Pings, Stats};
use crate::tools::Direction;

/// Of an IPv4 packet of a connection: 20 bytes, and 20 with 12 of options.
const HEADERS: u64 = 52;

#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    pub at: String,
    /// A profile's name, or `loopback`.
    pub link: String,
    pub congestion: String,
    pub tool: String,
    pub direction: Direction,
    pub round: usize,
    pub files: usize,
    /// Of all files.
    pub bytes: u64,
    pub wall_seconds: f64,
    pub goodput_mbit: f64,
    /// Goodput beside the link's rate, 0 to 1. None where the link has none.
    pub share: Option<f64>,
    pub cpu_seconds: f64,
    pub peak_rss_bytes: u64,
    /// What crossed the link meanwhile.
    pub wire: Option<Stats>,
    /// What was sent beyond one of each byte, TLS and HTTP included, beside the files' size.
    pub sent_again: Option<f64>,
    pub ping: Option<PingFigures>,
    /// Everything arrived and has the very bytes that set out.
    pub is_right: bool,
    /// Why not.
    pub failure: Option<String>,
    /// Processes that wanted to run in the minute before, others' included.
    pub load_before: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PingFigures {
    pub median_ms: f64,
    pub p95_ms: f64,
    pub max_ms: f64,
    pub lost: usize,
}

impl PingFigures {
    pub fn of(pings: &Pings) -> Option<PingFigures> {
        let quantile = |share| pings.quantile(share);
        let (median_ms, p95_ms, max_ms) = (quantile(0.5)?, quantile(0.95)?, quantile(1.0)?);
        Some(PingFigures { median_ms, p95_ms, max_ms, lost: pings.lost() })
    }
}

impl Sample {
    pub fn cpu_seconds_per_gb(&self) -> f64 {
        self.cpu_seconds / (self.bytes as f64 / 1e9)
    }
}

/// TCP's payload that set out in the files' direction, in bytes, retransmissions included.
pub fn payload(wire: &Stats, direction: Direction) -> u64 {
    let flow = match direction {
        Direction::Up => &wire.up,
        Direction::Down => &wire.down,
    };
    flow.offered_bytes.saturating_sub(flow.offered_packets * HEADERS)
}

/// Mb/s.
pub fn goodput(bytes: u64, seconds: f64) -> f64 {
    bytes as f64 * 8.0 / seconds / 1e6
}

/// The value that this share of them (0 to 1) does not exceed. None without any.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

/// Of an even number, half-way between the middle two.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        even if even % 2 == 0 => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
        _ => Some(sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Flow;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn quantiles() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&values, 0.95), Some(95.0));
        assert_eq!(quantile(&values, 1.0), Some(100.0));
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn headers_are_no_payload() {
        let up = Flow { offered_packets: 10, offered_bytes: 15_000, ..Flow::default() };
        let wire = Stats { up, ..Stats::default() };
        assert_eq!(payload(&wire, Direction::Up), 14_480);
        assert_eq!(payload(&wire, Direction::Down), 0);
    }

    #[test]
    fn goodput_is_in_megabits() {
        assert_eq!(goodput(500_000_000, 20.0), 200.0);
    }
}
