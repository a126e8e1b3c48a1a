//! Every command with arguments that are wrong, too many, too long, or of somebody else: what each is tried with. A command
//! that there is not is refused as one that the window may not call.

use serde_json::{Value, json};

use super::calls::LONG_TEXT;
use super::outward::Listener;

/// `held` is a path that the window may name, `secret` one that it may not, `practice` the profile in use.
pub fn of(held: &str, secret: &str, practice: &Value, listener: &Listener) -> Vec<(String, Value)> {
    let mut table: Vec<(&str, Value)> = Vec::new();
    let plain = json!({ "by": "prefix", "prefix": "" });
    let slug = |slug: &str| json!({ "by": "template", "fields": { "slug": slug, "story": "", "desk": "" } });
    let add = |profile: Value, paths: Value, place: Value, by: Value| json!({ "request": { "profile": profile, "paths": paths, "place": place, "hurry": { "breaking": false, "by": by } } });
    let up = |path: &str| format!("{held}/../{path}");
    for path in [
        secret,
        "/etc/passwd",
        "/",
        "C:\\Windows",
        "../x",
        "~/.ssh/id_rsa",
        "",
        "\0",
        &up("held.mxf"),
        &up("x"),
        LONG_TEXT,
    ] {
        table.push(("add_files", add(json!(null), json!([path]), plain.clone(), json!(null))));
        table.push(("add_files", add(json!(null), json!([held, path]), plain.clone(), json!(null))));
        table.push((
            "save_watch_folder",
            json!({ "folder": {
            "id": 0, "path": path, "profile": practice["name"], "keyTemplate": null,
            "fields": { "slug": "", "story": "", "desk": "" }, "only": [], "except": [], "breaking": false,
            "afterwards": "delete", "limit": null, "whileShot": false, "quietSeconds": null, "stopped": false,
        } }),
        ));
        table.push(("remove_watch_folder", json!({ "id": path })));
        table.push(("fetch_clips", json!({ "request": { "profile": null, "keys": ["x"], "into": path } })));
    }
    for (profile, place, by) in [
        (json!("nobody"), plain.clone(), json!(null)),
        (json!(LONG_TEXT), plain.clone(), json!(null)),
        (json!(7), plain.clone(), json!(null)),
        (json!(null), json!({ "by": "nonsense" }), json!(null)),
        (json!(null), json!({ "by": "prefix", "prefix": LONG_TEXT }), json!(null)),
        (json!(null), slug("a\r\nx-amz-acl: public-read"), json!(null)),
        (json!(null), slug(LONG_TEXT), json!(null)),
        (json!(null), plain.clone(), json!("25:99")),
        (json!(null), plain.clone(), json!("18:00\n")),
        (json!(null), plain.clone(), json!(LONG_TEXT)),
        (json!(null), plain.clone(), json!(-1)),
    ] {
        table.push(("add_files", add(profile, json!([held]), place, by)));
    }
    table.push(("add_files", add(json!(null), json!([LONG_TEXT, "/etc/passwd"]), plain.clone(), json!(null))));
    for (keys, profile) in [
        (json!([]), json!(null)),
        (json!([""]), json!(null)),
        (json!([LONG_TEXT]), json!(null)),
        (json!([[LONG_TEXT, "x"]]), json!(null)),
        (json!("x"), json!(null)),
        (json!([1]), json!(null)),
        (json!(["x"]), json!("nobody")),
    ] {
        table.push(("fetch_clips", json!({ "request": { "profile": profile, "keys": keys, "into": null } })));
    }
    for ids in
        [json!([-1]), json!([999_999]), json!([9e18]), json!([1.5]), json!(["1"]), json!("1"), json!([LONG_TEXT, 1])]
    {
        for action in ["pause", "cancel", "forget", "destroy", ""] {
            table.push(("act", json!({ "action": action, "ids": ids })));
        }
        table.push(("set_breaking", json!({ "ids": ids, "breaking": true })));
        table.push(("set_deadline", json!({ "ids": ids, "by": "18:00" })));
    }
    table.push(("set_deadline", json!({ "ids": [1], "by": "tonight" })));
    table.push(("set_deadline", json!({ "ids": [1], "by": LONG_TEXT })));
    for id in [json!(-1), json!(999_999), json!(1.5), json!("/etc/passwd"), json!("http://evil.example/"), json!(null)]
    {
        table.push(("open_portal", json!({ "id": id })));
        table.push(("reveal", json!({ "id": id })));
    }
    let always =
        |up: Value| json!({ "settings": { "plan": { "always": { "up": up, "down": null }, "schedule": [] } } });
    table.extend(
        [json!(0), json!(-1), json!(1.5), json!("80"), json!(1e30), json!(12_499)].map(|up| ("set_limits", always(up))),
    );
    let span = |days: Value, from: i64, to: i64| {
        json!({ "settings": { "plan": { "always": { "up": null, "down": null }, "schedule": [
            { "days": days, "from": from, "to": to, "limits": { "up": 100_000, "down": null } }] } } })
    };
    table.push(("set_limits", span(json!([9]), 0, 60)));
    table.push(("set_limits", span(json!([1]), 0, 5_000)));
    table.push(("set_limits", span(json!([1]), -5, 60)));
    let many: serde_json::Map<String, Value> = (0..100)
        .map(|n| (format!("eth{n}"), json!({ "always": { "up": null, "down": null }, "schedule": [] })))
        .collect();
    let named = |uplinks: Value| json!({ "settings": { "plan": { "always": { "up": null, "down": null }, "schedule": [] }, "uplinks": uplinks } });
    table.push(("set_limits", named(Value::Object(many))));
    table.push(("set_limits", named(json!({ "a\nb": { "always": { "up": null, "down": null }, "schedule": [] } }))));
    for (text, offset, limit) in [
        (json!(LONG_TEXT), json!(0), json!(1)),
        (json!(1), json!(0), json!(1)),
        (json!(""), json!(-1), json!(1)),
        (json!(""), json!(0), json!(1e12)),
    ] {
        table.push(("footage", json!({ "query": { "text": text, "since": null, "offset": offset, "limit": limit } })));
    }
    for key in [json!(LONG_TEXT), json!(1), json!(null), json!("no/such/key"), json!("../../x")] {
        table.push(("clip_details", json!({ "key": key })));
    }
    // The keys of a newsroom that is here, shown to somebody else; then what is no newsroom.
    let with = |field: &str, value: Value| {
        let mut profile = practice.clone();
        profile[field] = value;
        json!({ "request": { "profile": profile, "keys": null } })
    };
    table.push(("save_profile", with("endpoint", json!(listener.url("http", "")))));
    table.push(("save_profile", with("endpoint", json!("https://evil.example"))));
    table.push(("save_profile", with("routes", json!({ "privateLink": "https://evil.example" }))));
    for endpoint in [
        "http://evil.example",
        "ftp://evil.example",
        "file:///etc",
        "https://u:p@evil.example",
        "javascript:alert(1)",
        LONG_TEXT,
    ] {
        table.push(("save_profile", with("endpoint", json!(endpoint))));
    }
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("a\nb")),
        ("name", json!(LONG_TEXT)),
        ("bucket", json!("../x")),
        ("bucket", json!("a/b?c")),
        ("region", json!("x.evil.example/")),
        ("bureau", json!(LONG_TEXT)),
        ("bureau", json!("a\nb")),
        ("keyTemplate", json!("{secret}/{name}")),
        ("keyTemplate", json!(LONG_TEXT)),
        ("zone", json!("../../etc/passwd")),
        ("credentials", json!("everybody")),
        ("accelerate", json!("yes")),
    ] {
        table.push(("save_profile", with(field, value)));
    }
    for name in [json!("nobody"), json!(LONG_TEXT), json!(1), json!(null), json!("a\u{0}b")] {
        table.push(("use_profile", json!({ "name": name })));
        table.push(("remove_profile", json!({ "name": name })));
    }
    for channel in [json!(null), json!(1), json!("x"), json!("__CHANNEL__:x"), json!("__CHANNEL__:-1"), json!({})] {
        table.push(("subscribe", json!({ "channel": channel })));
    }
    for folders in [json!(null), json!("yes"), json!(1), json!({})] {
        table.push(("pick_files", json!({ "folders": folders })));
    }
    table.extend(of_signing_in(listener));
    for name in
        ["updates", "lend_keys", "list", "transfer", "eval", "invoke", "", "../act", "Act", "act\0", "__proto__"]
    {
        table.push((name, json!({})));
    }
    table.into_iter().map(|(name, given)| (name.to_owned(), given)).collect()
}

/// Signing in, and newsrooms that come as files.
fn of_signing_in(listener: &Listener) -> Vec<(&'static str, Value)> {
    let mut table = Vec::new();
    for (start, region) in [
        (listener.url("http", "start"), "eu-west-1"),
        ("javascript:alert(1)".into(), "eu-west-1"),
        ("file:///etc/passwd".into(), "eu-west-1"),
        ("https://u:p@evil.example/start".into(), "eu-west-1"),
        (LONG_TEXT.into(), "eu-west-1"),
        ("https://agency.awsapps.com/start".into(), "evil.example/"),
        ("https://agency.awsapps.com/start".into(), "eu-west-1\r\n"),
        ("https://agency.awsapps.com/start".into(), LONG_TEXT),
    ] {
        table.push(("begin_sign_in", json!({ "wanted": { "startUrl": start, "region": region } })));
    }
    for text in [json!("nobody"), json!(LONG_TEXT), json!("http://evil.example"), json!("../x"), json!(1), json!(null)]
    {
        table.push(("open_sign_in", json!({ "id": text })));
        table.push(("sign_in_state", json!({ "id": text })));
        table.push(("sign_in_roles", json!({ "id": text, "account": text })));
        table.push(("give_code", json!({ "profile": text, "code": text })));
        table.push(("sign_out", json!({ "profile": text })));
        table.push(("rename_profile", json!({ "from": text, "to": "Practice newsroom" })));
        table.push(("preview_newsroom", json!({ "given": text })));
        table.push(("export_newsroom", json!({ "name": text })));
        table.push(("save_newsroom", json!({ "name": text })));
        let request = json!({ "given": text, "seen": "", "confirmed": [text] });
        table.push(("accept_newsroom", json!({ "request": request })));
    }
    table
}
