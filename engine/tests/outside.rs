//! Nothing that comes from outside makes Rushes panic or break a promise: the corpus as it is, changed, and bytes that mean
//! nothing. `make prove TOPIC=sign-in ROW=4` runs the same for much longer.

use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rushes_engine::outside::{KINDS, Kind};
use rushes_rig::mutate::{Mutator, corpus};

const LONG: Duration = Duration::from_secs(2);
/// The same inputs each time: no commit is refused by chance. The evidence makes new ones.
const SEED: u64 = 2026;

fn kind(name: &str) -> Kind {
    KINDS.into_iter().find(|kind| kind.name == name).unwrap()
}

fn takes_all(name: &str) {
    let kind = kind(name);
    let corpus = corpus(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus").join(name)).unwrap();
    corpus.iter().for_each(|input| (kind.take)(input));
    let (mut mutator, begun) = (Mutator::new(SEED, corpus), Instant::now());
    while begun.elapsed() < LONG {
        let input = mutator.input();
        let take = || (kind.take)(&input);
        assert!(catch_unwind(take).is_ok(), "{name}, seed {SEED}: {}", input.escape_ascii());
    }
}

#[test]
fn newsroom_files() {
    takes_all("newsroom-files");
}

#[test]
fn templates() {
    takes_all("templates");
}

#[test]
fn keys() {
    takes_all("keys");
}

#[test]
fn listings() {
    takes_all("listings");
}

#[test]
fn grants() {
    takes_all("grants");
}

#[test]
fn journal() {
    takes_all("journal");
}

#[test]
fn sidecars() {
    takes_all("sidecars");
}

#[test]
fn receipts() {
    takes_all("receipts");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn bytes_that_mean_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        KINDS.into_iter().for_each(|kind| (kind.take)(&bytes));
    }
}
