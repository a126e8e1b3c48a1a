//! Which ways a profile has, and why one is closed.

use super::prices::Price;
use super::*;
use crate::profile::{CloudFront, CredentialsFrom, Profile, Replica, Routes, Signer};

fn profile() -> Profile {
    Profile { key_template: "{name}".into(), credentials: CredentialsFrom::Keychain, ..Profile::example() }
}

fn with_all() -> Profile {
    let routes = Routes {
        dual_stack: true,
        host_style: false,
        private_link: Some("https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com".into()),
        multi_region: Some("arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap".into()),
        cloudfront: Some(CloudFront { domain: "d111111abcdef8.cloudfront.net".into(), signer: Signer::Nobody }),
        replica: Some(Replica {
            bucket: "agency-footage-us".into(),
            region: "us-east-1".into(),
            endpoint: None,
            takes_uploads: false,
        }),
        one_way_uploads: false,
    };
    Profile { accelerate: true, routes, ..profile() }.checked().unwrap()
}

fn kinds(profile: &Profile) -> Vec<Kind> {
    all(profile, &Said::default()).iter().map(Way::kind).collect()
}

fn route(profile: &Profile, kind: Kind, said: Said) -> Route {
    let way = all(profile, &said).into_iter().find(|way| way.kind() == kind).unwrap();
    way.open().unwrap()
}

fn why_closed(profile: &Profile, kind: Kind, said: Said) -> String {
    match all(profile, &said).into_iter().find(|way| way.kind() == kind).unwrap() {
        Way::Closed(_, why) => why,
        Way::Open(route) => panic!("{route:?}"),
    }
}

#[test]
fn a_profile_has_the_ways_that_it_was_set_up_with() {
    assert_eq!(kinds(&profile()), [Kind::Direct]);
    assert_eq!(kinds(&Profile { endpoint: Some("https://s3.example.com".into()), ..profile() }), [Kind::Endpoint]);
    let every = [
        Kind::PrivateLink,
        Kind::Accelerated,
        Kind::CloudFront,
        Kind::Direct,
        Kind::DualStack,
        Kind::MultiRegion,
        Kind::Replica,
    ];
    assert_eq!(kinds(&with_all()), every);
}

#[test]
fn parts_of_an_upload_go_only_by_ways_that_lead_to_its_bucket() {
    let profile = with_all();
    let joins = |kind| {
        let route = route(&profile, kind, Said::default());
        route.can.put && route.joins_uploads()
    };
    assert!([Kind::PrivateLink, Kind::Accelerated, Kind::Direct, Kind::DualStack].into_iter().all(joins));
    assert!(![Kind::CloudFront, Kind::MultiRegion, Kind::Replica].into_iter().any(joins));
    // Two-way replication opens it for whole files, and still not for parts.
    let two_way = Said { two_way: true, ..Said::default() };
    let multi_region = route(&profile, Kind::MultiRegion, two_way);
    assert!(multi_region.can.put && !multi_region.joins_uploads());
}

#[test]
fn acceleration_says_why_it_is_closed() {
    let dotted = Profile { bucket: "agency.footage".into(), accelerate: true, ..profile() };
    assert!(why_closed(&dotted, Kind::Accelerated, Said::default()).contains("dot in its name"));
    let off = Said { acceleration: Some(Acceleration::Suspended), ..Said::default() };
    let accelerated = Profile { accelerate: true, ..profile() };
    assert!(why_closed(&accelerated, Kind::Accelerated, off).contains("is off for agency-footage"));
    assert_eq!(route(&accelerated, Kind::Accelerated, Said::default()).can, Can::ALL);
}

#[test]
fn a_bucket_with_a_dot_is_named_in_the_path_and_others_before_the_host() {
    let by_path =
        |bucket: &str| match route(&Profile { bucket: bucket.into(), ..profile() }, Kind::Direct, Said::default())
            .address
        {
            Address::S3 { by_path, .. } => by_path,
            Address::Edge { .. } => panic!("an edge"),
        };
    assert!(by_path("agency.footage") && !by_path("agency-footage"));
}

#[test]
fn a_replica_is_another_bucket() {
    let mut profile = with_all();
    if let Some(replica) = &mut profile.routes.replica {
        replica.bucket.clone_from(&profile.bucket);
    }
    assert!(why_closed(&profile, Kind::Replica, Said::default()).contains("own bucket"));
}

#[test]
fn what_a_clip_has_cost() {
    let price = Price { up: 0.04, down: 0.09 };
    assert!((price.of(500_000_000, 0) - 0.02).abs() < 1e-9);
    assert!((price.of(0, 1_000_000_000) - 0.09).abs() < 1e-9);
}
