//! Policies word for word, and signatures that hold. Cross-checked with other signers by `make prove TOPIC=routes`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::LineEnding;
use rsa::signature::Verifier;
use rsa::{RsaPrivateKey, RsaPublicKey};

use super::*;

fn pair() -> (KeyPair, RsaPublicKey) {
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 1_024).unwrap();
    let pem = key.to_pkcs1_pem(LineEnding::LF).unwrap();
    (KeyPair::new("K2JCJMDEHXQW5F", &pem).unwrap(), key.to_public_key())
}

fn bytes(text: &str) -> Vec<u8> {
    STANDARD.decode(text.replace('-', "+").replace('_', "=").replace('~', "/")).unwrap()
}

#[test]
fn policies_are_word_for_word_as_cloudfront_has_them() {
    let canned = Policy::canned("https://d111111abcdef8.cloudfront.net/a.mxf", 1_357_034_400);
    assert_eq!(
        canned.text().unwrap(),
        r#"{"Statement":[{"Resource":"https://d111111abcdef8.cloudfront.net/a.mxf","Condition":{"DateLessThan":{"AWS:EpochTime":1357034400}}}]}"#
    );
    let custom = Policy {
        resource: "https://d111111abcdef8.cloudfront.net/manila/*".into(),
        until: 1_357_034_400,
        from: Some(1_357_030_000),
        ip: Some("192.0.2.4".into()),
    };
    assert_eq!(
        custom.text().unwrap(),
        r#"{"Statement":[{"Resource":"https://d111111abcdef8.cloudfront.net/manila/*","Condition":{"DateLessThan":{"AWS:EpochTime":1357034400},"IpAddress":{"AWS:SourceIp":"192.0.2.4/32"},"DateGreaterThan":{"AWS:EpochTime":1357030000}}}]}"#
    );
    assert!(canned.is_canned() && !custom.is_canned());
}

#[test]
fn a_signature_holds_for_its_policy_alone() {
    let (pair, public) = pair();
    let policy = Policy::canned("https://d.cloudfront.net/a.mxf", 9);
    let other = Policy::canned("https://d.cloudfront.net/b.mxf", 9);
    let one = pair.sign(&policy, Hash::Sha1).unwrap();
    let key = VerifyingKey::<sha1_for_rsa::Sha1>::new(public.clone());
    let signature = Signature::try_from(bytes(&one.signature).as_slice()).unwrap();
    assert!(key.verify(policy.text().unwrap().as_bytes(), &signature).is_ok());
    assert!(key.verify(other.text().unwrap().as_bytes(), &signature).is_err());
    let two = pair.sign(&policy, Hash::Sha256).unwrap();
    let key = VerifyingKey::<rsa::sha2::Sha256>::new(public);
    let signature = Signature::try_from(bytes(&two.signature).as_slice()).unwrap();
    assert!(key.verify(policy.text().unwrap().as_bytes(), &signature).is_ok());
}

#[test]
fn what_stands_behind_an_address_and_in_cookies() {
    let (pair, _) = pair();
    let address = resource("d.cloudfront.net", "manila/flood 1.mxf").unwrap();
    let canned = pair.sign(&Policy::canned(address.as_str(), 9), Hash::Sha256).unwrap().on(&address);
    // Printed, it tells neither whose clip it is nor how to read it.
    assert_eq!(format!("{canned} {canned:?}"), "https://d.cloudfront.net/… https://d.cloudfront.net/…");
    let canned = canned.expose();
    // As AWS's own signers write it: nothing of it is encoded once more.
    assert!(canned.query().unwrap().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_~=&".contains(&b)));
    let names: Vec<String> = canned.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm"]);
    let wide = Policy { resource: "https://d.cloudfront.net/manila/*".into(), ..Policy::canned("", 9) };
    let wide = pair.sign(&wide, Hash::Sha1).unwrap();
    assert!(!format!("{wide:?}").contains(&wide.signature[..8]) && !format!("{wide:?}").contains(&wide.policy[..8]));
    let names: Vec<String> = wide.on(&address).expose().query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["Policy", "Signature", "Key-Pair-Id"]);
    let cookies: Vec<&str> = wide.cookies().into_iter().map(|(name, _)| name).collect();
    assert_eq!(cookies, ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"]);
}

#[test]
fn keys_from_the_bucket_stay_in_their_place() {
    for (key, path) in [
        ("manila/flood 1.mxf", "/manila/flood%201.mxf"),
        ("a?b=c#d", "/a%3Fb%3Dc%23d"),
        ("//x", "///x"),
        ("ü%2e", "/%C3%BC%252e"),
        (".../..a", "/.../..a"),
    ] {
        let address = resource("d.cloudfront.net", key).unwrap();
        assert_eq!((address.path(), address.query(), address.fragment()), (path, None, None), "{key}");
        assert_eq!(address.host_str(), Some("d.cloudfront.net"));
    }
    for key in ["../../etc/passwd", "a/./b", "a/.."] {
        assert!(resource("d.cloudfront.net", key).is_err(), "{key}");
    }
}

#[test]
fn a_key_that_is_none_is_refused_and_not_shown() {
    let error = KeyPair::new("K", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----").unwrap_err();
    assert!(!format!("{error:?}").contains("c2VjcmV0"));
    assert_eq!(format!("{:?}", pair().0), "KeyPair(K2JCJMDEHXQW5F)");
}

#[test]
fn what_a_resource_covers() {
    let covers = |resource: &str, address: &str| Policy::canned(resource, 9).covers(address);
    for (resource, address) in [
        ("https://d/a.mxf", "https://d/a.mxf"),
        ("https://d/manila/*", "https://d/manila/2026/a.mxf"),
        ("https://d/*/a?.mxf", "https://d/x/y/a1.mxf"),
        ("http*://d/*", "https://d/"),
        ("*", ""),
    ] {
        assert!(covers(resource, address), "{resource} {address}");
    }
    for (resource, address) in [
        ("https://d/a.mxf", "https://d/a.mxf2"),
        ("https://d/manila/*", "https://d/manil/a.mxf"),
        ("https://d/a?.mxf", "https://d/a.mxf"),
        ("", "x"),
    ] {
        assert!(!covers(resource, address), "{resource} {address}");
    }
    // No pattern takes long.
    assert!(!covers(&"*a".repeat(2_000), &"b".repeat(20_000)));
}

#[test]
fn what_another_has_signed_is_read_and_shown_as_it_is() {
    let (pair, _) = pair();
    let policy =
        Policy { resource: "https://d/manila/*".into(), until: 99, from: Some(1), ip: Some("192.0.2.0/24".into()) };
    let signed = pair.sign(&policy, Hash::Sha256).unwrap();
    let given = Signed::given(signed.key_pair_id.clone(), signed.policy.clone(), signed.signature.clone(), signed.hash);
    let given = given.unwrap();
    assert_eq!(given.cookies(), signed.cookies());
    assert_eq!(Policy::parse(&given.text().unwrap()), Some(policy));
    // It goes into a header: nothing else may.
    assert_eq!(Signed::given("K".into(), "a\r\nb: c".into(), "s".into(), Hash::Sha1), None);
    assert_eq!(Policy::parse(br#"{"Statement":[]}"#), None);
    assert_eq!(Policy::parse(b"{"), None);
}
