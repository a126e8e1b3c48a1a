//! Signed in, and safe to carry: who may use Rushes and its buckets, and what an attacker, a thief or a curious bucket could
//! do to them. Rows only; what they run on is in the files beside this one.

mod audits;
mod center;
mod computer;
mod gate;
mod hostile;
mod keychain;
mod ledger;
mod policies;
mod secrets;
mod server;
mod signature;
mod spread;
mod sts;
mod twins;
mod ways;
mod window;

pub use hostile::fuzz;
use serde::Deserialize;

use crate::evidence::Evidence;

#[derive(Clone, Debug, Deserialize)]
pub struct Goals {
    /// How long keys hold in the row that renews them in the middle of a transfer.
    expiry_seconds: u64,
    /// Of each kind of hostile input, and how long each fuzzer runs.
    hostile: u32,
    fuzz_seconds: u64,
    /// S3 calls that the policies are tried on.
    calls: usize,
    /// Twins that are written at the same moment, and how large.
    twins: u32,
    twin_bytes: u64,
    /// Keys made from a template with `{spread:N}`.
    keys: u32,
    spread: u32,
    /// How far a prefix may be from its share of them.
    share_off: f64,
}

pub async fn prove(evidence: &Evidence) {
    let Some(goals) = evidence.goals::<Goals>() else { return };
    let goal = format!(
        "signs in, lists, puts, gets; renewed in mid-transfer at an expiry of {} s without losing a part",
        goals.expiry_seconds
    );
    evidence.row(1, "each way in", &goal, ways::row(&goals)).await;
    let what = "gnome-keyring under a session bus of its own: set, read, rename, sign out, locked, absent";
    let goal = "as said; after sign-out the keychain holds nothing of ours";
    evidence.row(2, what, goal, keychain::row()).await;
    let what = "the secret of every kind, searched wherever it could be";
    evidence.row(3, what, "0 hits; core dumps off", secrets::row()).await;
    let goal = format!(
        "{} of each, fuzzers ≥ {} min each; 0 panics, 0 writes outside the folder, 0 requests to unconfirmed addresses",
        goals.hostile,
        goals.fuzz_seconds / 60
    );
    evidence.row(4, "hostile newsroom files, templates and keys", &goal, hostile::row(&goals)).await;
    let what = "a page gone wrong in the real window: remote and inline script, leaving, hostile calls";
    evidence.row(5, what, "all refused; 0 connections; it works as before", window::row(&goals)).await;
    let goal = format!(
        "every needed call allowed, every other of a list of ≥ {} denied; the app works with exactly these",
        goals.calls
    );
    evidence.row(6, "least privilege: the IAM policies that Rushes writes", &goal, policies::row(&goals)).await;
    let goal = format!("{} pairs of objects, none overwritten, no part sent twice", goals.twins);
    let what = "two laptops that write the same name at the same moment";
    evidence.row(7, what, &goal, twins::row(&goals)).await;
    let goal = format!(
        "each prefix within {:.0} % of its share; BUREAU/ covers all of its keys; browsed as one tree",
        goals.share_off * 100.0
    );
    let what = format!("{} keys spread over {} prefixes", goals.keys, goals.spread);
    evidence.row(8, &what, &goal, spread::row(&goals)).await;
    let what = "what is built in: cargo-deny, npm audit, RustSec's advisories";
    evidence.row(9, what, "clean, or each exception explained", audits::row(&goals)).await;
}
