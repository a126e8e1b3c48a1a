//! Which proxy leads where, by what the environment may say.

use super::*;

fn by(environment: &[(&str, &str)]) -> Option<Rules> {
    let given: Vec<(String, String)> = environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Rules::of_environment(|name| given.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()))
}

fn to(rules: &Rules, uri: &str) -> Option<String> {
    rules.to(&uri.parse().unwrap()).unwrap().map(|proxy| proxy.uri().to_string())
}

#[test]
fn variables_by_table() {
    for (environment, leads_to) in [
        (&[("https_proxy", "http://small:1"), ("HTTPS_PROXY", "http://large:1")][..], Some("http://small:1/")),
        (&[("HTTPS_PROXY", "proxy.agency.example:3128")], Some("http://proxy.agency.example:3128/")),
        (&[("HTTPS_PROXY", "https://proxy:443")], Some("https://proxy:443/")),
        (&[("ALL_PROXY", "http://all:2"), ("HTTPS_PROXY", "http://https:1")], Some("http://https:1/")),
        (&[("all_proxy", "http://all:2")], Some("http://all:2/")),
        // Nothing of ours goes by plain http.
        (&[("http_proxy", "http://plain:1"), ("HTTP_PROXY", "http://plain:1")], None),
        (&[("NO_PROXY", "*")], None),
        (&[], None),
    ] {
        let found = by(environment).and_then(|rules| to(&rules, "https://s3.eu-west-1.amazonaws.com/"));
        assert_eq!(found.as_deref(), leads_to, "{environment:?}");
    }
}

#[test]
fn who_goes_without_by_table() {
    for (no, uri, goes_without) in [
        ("amazonaws.com", "https://s3.eu-west-1.amazonaws.com/", true),
        (".amazonaws.com", "https://s3.eu-west-1.amazonaws.com/", true),
        ("*.amazonaws.com", "https://bucket.s3.AmazonAWS.com/", true),
        ("agency.example, amazonaws.com", "https://s3.amazonaws.com/", true),
        ("agency.example amazonaws.com", "https://s3.amazonaws.com/", true),
        ("azonaws.com", "https://s3.amazonaws.com/", false),
        ("10.0.0.0/8", "https://10.1.2.3:9000/", true),
        ("10.0.0.0/8", "https://11.1.2.3:9000/", false),
        ("2001:db8::/32", "https://[2001:db8::7]/", true),
        ("10.1.2.3", "https://10.1.2.3/", true),
        ("s3.example:9000", "https://s3.example:9000/", true),
        ("s3.example:9000", "https://s3.example/", false),
        ("s3.example:443", "https://s3.example/", true),
        ("[2001:db8::7]:9000", "https://[2001:db8::7]:9000/", true),
        ("*", "https://anything.example/", true),
        ("", "https://anything.example/", false),
    ] {
        let rules = by(&[("https_proxy", "http://p:1"), ("no_proxy", no)]).unwrap();
        assert_eq!(to(&rules, uri).is_none(), goes_without, "{no}: {uri}");
    }
}

#[test]
fn a_setting_that_names_no_proxy_is_not_gone_past() {
    for set in ["socks5://proxy:1080", "ftp://proxy", "http://", "not a proxy"] {
        let rules = by(&[("HTTPS_PROXY", set), ("NO_PROXY", "near.example")]).unwrap();
        let refused = rules.to(&Uri::from_static("https://s3.example/")).unwrap_err();
        assert_eq!(refused, Obstacle::NoSuchProxy { set: "HTTPS_PROXY" }, "{set}");
        assert!(rules.to(&Uri::from_static("https://near.example/")).unwrap().is_none());
    }
}

#[test]
fn what_a_proxy_is_shown_is_seen_nowhere_else() {
    let rules = by(&[("HTTPS_PROXY", "http://desk:s%40cret@proxy.agency.example:3128")]).unwrap();
    let proxy = rules.to(&Uri::from_static("https://s3.example/")).unwrap().unwrap();
    assert_eq!(proxy.basic.as_ref().unwrap(), "Basic ZGVzazpzQGNyZXQ=");
    let seen = format!("{rules:?} {proxy:?} {:?} {} {}", proxy.basic, proxy.name(), proxy.uri());
    assert!(!seen.contains("cret") && !seen.contains("ZGVzazp"), "{seen}");
    assert_eq!(proxy.name(), "proxy.agency.example:3128");
}

#[tokio::test]
async fn this_computer_is_reached_without() {
    let rules = by(&[("HTTPS_PROXY", "http://p:1")]).map(Arc::new);
    let proxies = Arc::new(Proxies { by_environment: rules, ..Proxies::default() });
    for (uri, here) in [
        ("https://127.0.0.1:9000/", true),
        ("https://[::1]/", true),
        ("https://[::ffff:127.0.0.1]/", true),
        ("https://bucket.s3.localhost:1/", true),
        ("http://169.254.169.254/latest", true),
        ("https://169.254.1.1/", false),
        ("https://localhost.example/", false),
    ] {
        assert_eq!(proxies.to(&uri.parse().unwrap()).await.unwrap().is_none(), here, "{uri}");
    }
}
