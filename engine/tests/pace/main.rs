//! What is measured by the clock: limits, stalls, comparisons of lanes, what overtakes what. One after the other, and
//! nothing of ../promises beside it.

mod compare;
mod limits;
mod stalls;
#[path = "../support/mod.rs"]
mod support;
mod urgency;

use tokio::sync::Mutex;

/// Each measures time: side by side they would measure each other.
static ALONE: Mutex<()> = Mutex::const_new(());
