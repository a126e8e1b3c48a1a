//! What AWS asks for a gigabyte, by way, in US dollars: the public list prices of one day, for a bureau's usual case. A
//! bill has the truth; these say which of two ways is dear, and what a clip has cost about.

/// The day of the table.
pub const AS_OF: &str = "2026-11-01";

/// Dollars a gigabyte (10^9 bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    pub up: f64,
    pub down: f64,
}

/// To the internet, the first 10 TB of a month.
const EGRESS: f64 = 0.09;

pub const NONE: Price = Price { up: 0.0, down: 0.0 };
pub const DIRECT: Price = Price { up: 0.0, down: EGRESS };
/// By an edge in the US, Europe or Japan; 0.08 elsewhere. Not charged where it was not likely faster.
pub const ACCELERATED: Price = Price { up: 0.04, down: EGRESS + 0.04 };
/// From an edge in the US or Europe; what the edge fetches from the bucket is free.
pub const CLOUDFRONT: Price = Price { up: 0.0, down: 0.085 };
pub const MULTI_REGION: Price = Price { up: 0.0033, down: EGRESS + 0.0033 };
/// Beside the endpoint's own hours, and the line to it.
pub const PRIVATE_LINK: Price = Price { up: 0.01, down: 0.01 };

impl Price {
    /// Dollars for so many bytes.
    pub fn of(self, up: u64, down: u64) -> f64 {
        (self.up * up as f64 + self.down * down as f64) / 1e9
    }
}
