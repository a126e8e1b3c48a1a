//! Who gets a slot, and on which lane.

use super::*;

fn place(id: i64) -> Place {
    Place::new(id, &Default::default(), true, 0)
}

fn want() -> Want {
    Want { profile: "p".into(), bytes: 5 << 20, only: None, except: Vec::new() }
}

fn opened(lane: u32, uplink: &str) -> Opened {
    Opened { lane, profile: "p".into(), uplink: uplink.into(), rank: lane, price: 0.0, remembered: None, alive: true }
}

fn one_lane() -> Slots {
    let slots = Slots::default();
    slots.open("p", vec![opened(1, "eth0")]);
    slots
}

#[tokio::test]
async fn a_freed_slot_goes_to_the_first_in_the_queue_and_none_is_lost() {
    let slots = one_lane();
    let mut held = Vec::new();
    for _ in 0..slots.allowed("p") {
        held.push(slots.take(place(1), want()).await);
    }
    let late = tokio::spawn({
        let slots = slots.clone();
        async move { slots.take(place(9), want()).await }
    });
    let early = tokio::spawn({
        let slots = slots.clone();
        async move { slots.take(place(2), want()).await }
    });
    let gone = tokio::spawn({
        let slots = slots.clone();
        async move { slots.take(place(1), want()).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    gone.abort();
    let _ = gone.await;
    held.pop();
    let slot = early.await.unwrap();
    assert!(!late.is_finished());
    drop(slot);
    late.await.unwrap();
    drop(held);
    assert_eq!(slots.used(), 0);
}

#[tokio::test]
async fn when_the_bucket_asks_for_patience_no_transfer_begins_a_request_and_then_half_as_many() {
    let slots = one_lane();
    let all = slots.allowed("p");
    let first = slots.take(place(1), want()).await;
    // Every request that was under way hears it.
    for _ in 0..3 {
        slots.slow_down();
    }
    assert_eq!(slots.allowed("p"), all / 2);
    let begun = Instant::now();
    let second = tokio::time::timeout(BREATHER / 2, slots.take(place(2), want())).await;
    assert!(second.is_err(), "another transfer began a request while the bucket rested");
    let _second = slots.take(place(2), want()).await;
    assert!(begun.elapsed() >= BREATHER);
    let third = tokio::time::timeout(BREATHER / 4, slots.take(place(2), want())).await;
    assert!(third.is_err(), "more than half as many");
    drop(first);
    slots.take(place(2), want()).await;
}

#[tokio::test]
async fn two_networks_carry_at_once_and_what_is_dead_carries_nothing() {
    let slots = Slots::default();
    slots.open("p", vec![opened(1, "eth0"), opened(2, "wlan0")]);
    let mut held = vec![slots.take(place(1), want()).await, slots.take(place(1), want()).await];
    let on = |held: &[Slot], lane: u32| held.iter().filter(|slot| slot.lane() == lane).count();
    assert_eq!((on(&held, 1), on(&held, 2)), (1, 1));
    // What they carry is not known yet.
    let third = tokio::time::timeout(Duration::from_millis(50), slots.take(place(1), want())).await;
    assert!(third.is_err(), "more than one part to find out what a lane is");
    held.clear();
    assert!(slots.give_up(1));
    for _ in 0..slots.allowed("p") {
        held.push(slots.take(place(1), want()).await);
    }
    assert_eq!((on(&held, 1), on(&held, 2)), (0, slots.allowed("p")));
    // The last one is never given up.
    assert!(slots.has_other(1) && !slots.has_other(2) && !slots.give_up(2));
}

#[tokio::test]
async fn a_profile_without_a_free_lane_holds_no_other_up_and_a_lane_that_goes_gives_its_slots_back() {
    let slots = one_lane();
    slots.open("q", vec![Opened { profile: "q".into(), ..opened(2, "eth0") }]);
    let mut held = Vec::new();
    for _ in 0..slots.allowed("p") {
        held.push(slots.take(place(1), want()).await);
    }
    let stuck = tokio::time::timeout(Duration::from_millis(50), slots.take(place(1), want())).await;
    assert!(stuck.is_err(), "more than its lane has");
    let other = slots.take(place(2), Want { profile: "q".into(), ..want() }).await;
    assert_eq!(other.lane(), 2);
    slots.open("p", vec![opened(3, "eth0")]);
    assert_eq!(slots.take(place(1), want()).await.lane(), 3);
    drop((held, other));
    assert_eq!(slots.used(), 0);
}

#[tokio::test]
async fn a_lane_that_closed_while_it_carried_something_carries_again_when_it_is_opened() {
    let slots = one_lane();
    let flying = slots.take(place(1), want()).await;
    slots.open("p", vec![opened(2, "eth0")]);
    assert!(!slots.is_usable(1) && slots.uses(1));
    slots.open("p", vec![opened(1, "eth0")]);
    assert!(slots.is_usable(1));
    slots.open("p", vec![opened(2, "eth0")]);
    drop(flying);
    // Nothing is left of it.
    assert!(!slots.uses(1) && slots.locked().lanes.len() == 1);
}

#[tokio::test]
async fn what_stands_back_for_breaking_moves_nothing_and_is_not_rescued() {
    let slots = one_lane();
    slots.open("p", vec![opened(1, "eth0"), opened(2, "wlan0")]);
    let slow = slots.take(place(1), want()).await;
    assert!(slots.moves(slow.lane()));
    let breaking = crate::transfer::Urgency { breaking: true, deadline: None };
    let urgent = slots.take(Place::new(2, &breaking, true, 0), Want { only: Some(3 - slow.lane()), ..want() }).await;
    assert!(!slots.moves(slow.lane()) && slots.uses(slow.lane()) && slots.moves(urgent.lane()));
    assert_eq!(slots.rescue(TransferId::from(1), slow.lane(), "p", 5 << 20), None);
}

#[tokio::test]
async fn through_a_metered_network_goes_only_what_is_breaking() {
    let slots = Slots::default();
    slots.open("p", vec![opened(1, "eth0"), opened(2, "usb0")]);
    slots.set_metered(&[2].into());
    assert!(!slots.is_metered("p"));
    // The wire is dead: the phone is no other lane for what may not use it, and with the wire pulled it is all there is.
    assert!(!slots.give_up(1));
    slots.open("p", vec![Opened { alive: false, ..opened(1, "eth0") }, opened(2, "usb0")]);
    assert!(slots.is_metered("p"));
    let waits = tokio::spawn({
        let slots = slots.clone();
        async move { slots.take(place(1), want()).await }
    });
    let breaking = crate::transfer::Urgency { breaking: true, deadline: None };
    let slot = slots.take(Place::new(2, &breaking, true, 0), want()).await;
    assert_eq!(slot.lane(), 2);
    assert!(slots.on("p").contains(&2));
    drop(slot);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!waits.is_finished());
    slots.revive(1);
    assert_eq!(waits.await.unwrap().lane(), 1);
    // To something breaking it is one lane more.
    slots.set_metered(&Default::default());
    assert!(slots.give_up(1));
    assert_eq!(slots.take(place(3), want()).await.lane(), 2);
}
