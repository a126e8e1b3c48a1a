//! Hostile calls: each command with arguments that are wrong, too many, too long, or of somebody else; and the commands of
//! Tauri's plugins, none of which the window may call.

use anyhow::{Context, Result};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rushes_rig::footage;
use rushes_rig::window::Window;
use serde_json::{Value, json};

use super::outward::Listener;
use crate::person::{Person, SOON};

const SEED: u64 = 5;
/// Calls that are made in one script.
const AT_ONCE: usize = 50;
/// A driver's message should not be larger. Longer texts are made in the page of what stands for them.
const LONG_TEXT: &str = "\u{1}LONG";

/// Calls them one after the other, and tells which the shell refused. `\u{1}LONG` becomes two million letters, a list of it
/// a long list.
const CALL: &str = "
    const [calls, done] = arguments;
    const grown = (v) => v === '\\u0001LONG' ? 'x'.repeat(2e6)
      : Array.isArray(v) ? (v[0] === '\\u0001LONG' ? Array(200001).fill(v[1]) : v.map(grown))
      : v && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([k, w]) => [k, grown(w)])) : v;
    (async () => {
      const said = [];
      for (const [name, given] of calls) {
        try {
          const answer = await window.__TAURI_INTERNALS__.invoke(name, grown(given));
          said.push([false, JSON.stringify(answer ?? null).slice(0, 200)]);
        } catch (e) {
          said.push([true, (typeof e === 'string' ? e : JSON.stringify(e)).slice(0, 300)]);
        }
      }
      done(said);
    })();";

async fn call(window: &Window, calls: &[(String, Value)]) -> Result<Vec<Value>> {
    let mut said = Vec::new();
    for some in calls.chunks(AT_ONCE) {
        let answers =
            window.client().execute_async(CALL, vec![json!(some)]).await.context("the page did not answer")?;
        for ((name, given), answer) in some.iter().zip(answers.as_array().context("no answers")?) {
            let given: String = given.to_string().chars().take(300).collect();
            said.push(json!({ "command": name, "given": given, "refused": answer[0], "said": answer[1] }));
        }
    }
    Ok(said)
}

/// The whole table, and then `count` of its calls with one argument replaced by nonsense.
pub async fn hostile(person: &Person, window: &Window, listener: &Listener, count: u32) -> Result<Vec<Value>> {
    // Dropped, and its question left open: a path that the window may name, for arguments that are wrong beside it.
    let held = person.scratch.join("held.mxf");
    footage::random(&held, 1_000_000, 3)?;
    rushes_rig::drag::files(&person.desktop, &[&held], (640, 520)).await?;
    window.attribute("drop-sheet", "data-testid", SOON, |id| id.is_some()).await?;
    let held = held.display().to_string();
    let secret = person.scratch.join("user/.ssh/id_rsa");
    std::fs::create_dir_all(secret.parent().context("a folder")?)?;
    std::fs::write(&secret, "a private key")?;
    let profiles = window
        .client()
        .execute_async("window.__TAURI_INTERNALS__.invoke('profiles').then(arguments[0])", vec![])
        .await?;
    let table = table(&held, &secret.display().to_string(), &profiles[0]["profile"], listener);
    let mut said = call(window, &table).await?;

    let mut rng = StdRng::seed_from_u64(SEED);
    let nonsense = nonsense();
    let mut random = Vec::new();
    while random.len() < count as usize {
        let (name, given) = table.choose(&mut rng).context("a table")?;
        let Some(given) = given.as_object() else { continue };
        let names: Vec<&String> = given.keys().collect();
        let mut given = given.clone();
        if let Some(argument) = names.choose(&mut rng) {
            let fits = |value: &&Value| is_wrong(name, value);
            let wrong: Vec<&Value> = nonsense.iter().filter(fits).collect();
            given.insert((*argument).clone(), (*wrong.choose(&mut rng).context("nonsense")?).clone());
        }
        random.push((name.clone(), Value::Object(given)));
    }
    said.extend(call(window, &random).await?);

    // Nothing of it was sent, and what was in the hand still is.
    window.click("drop-skip").await?;
    person.waits_for_done(window, 2, SOON).await?;
    Ok(said)
}

/// What is right for one command may be nonsense for another.
fn is_wrong(command: &str, value: &Value) -> bool {
    match command {
        "watch" => !value.is_null(),
        "act" | "set_breaking" | "set_deadline" => {
            !value.is_null() && value.as_array().is_none_or(|all| !all.is_empty())
        }
        _ => true,
    }
}

fn nonsense() -> Vec<Value> {
    vec![
        json!(null),
        json!(-1),
        json!(1.5),
        json!(9e18),
        json!("../../etc/passwd"),
        json!("a\r\nx-amz-acl: public-read"),
        json!("<script>alert(1)</script>"),
        json!(LONG_TEXT),
        json!([LONG_TEXT, "x"]),
        json!([]),
        json!([[[[[]]]]]),
        json!({}),
        json!({ "__proto__": { "owned": 1 } }),
        json!({ "constructor": LONG_TEXT }),
    ]
}

fn table(held: &str, secret: &str, practice: &Value, listener: &Listener) -> Vec<(String, Value)> {
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
        table.push(("watch", json!({ "folder": { "path": path, "profile": practice["name"], "fields": {} } })));
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
    for name in
        ["updates", "lend_keys", "list", "transfer", "eval", "invoke", "", "../act", "Act", "act\0", "__proto__"]
    {
        table.push((name, json!({})));
    }
    table.into_iter().map(|(name, given)| (name.to_owned(), given)).collect()
}

pub async fn of_plugins(window: &Window) -> Result<Vec<Value>> {
    let some = json!({ "url": "https://example.com", "path": "/etc/passwd", "label": "main", "value": true, "event": "x",
        "payload": 1, "handler": 1, "target": { "kind": "Any" }, "options": { "title": "x", "label": "two", "url": "https://example.com" },
        "program": "sh", "message": "x", "paths": ["/etc/passwd"], "directory": 6, "name": "x", "rid": 1, "flags": 31 });
    let names = [
        "opener|open_url",
        "opener|open_path",
        "opener|reveal_item_in_dir",
        "dialog|open",
        "dialog|save",
        "dialog|message",
        "dialog|ask",
        "dialog|confirm",
        "notification|notify",
        "notification|is_permission_granted",
        "notification|request_permission",
        "window-state|save_window_state",
        "window-state|restore_state",
        "window-state|filename",
        "shell|execute",
        "shell|open",
        "shell|spawn",
        "fs|read_file",
        "fs|read_text_file",
        "fs|write_file",
        "fs|read_dir",
        "http|fetch",
        "process|exit",
        "process|restart",
        "updater|check",
        "clipboard-manager|read_text",
        "os|hostname",
        "window|create",
        "window|get_all_windows",
        "window|title",
        "window|set_title",
        "window|close",
        "window|hide",
        "webview|create_webview",
        "webview|create_webview_window",
        "webview|get_all_webviews",
        "webview|internal_toggle_devtools",
        "webview|set_webview_zoom",
        "webview|print",
        "event|listen",
        "event|emit",
        "event|emit_to",
        "event|unlisten",
        "path|resolve_directory",
        "path|resolve",
        "path|join",
        "app|version",
        "app|name",
        "app|tauri_version",
        "app|app_hide",
        "app|set_app_theme",
        "menu|new",
        "menu|popup",
        "tray|new",
        "tray|get_by_id",
        "image|from_path",
        "image|new",
        "resources|close",
        "single-instance|x",
        "__TAURI_CHANNEL__|fetch",
    ];
    let calls: Vec<(String, Value)> = names.iter().map(|name| (format!("plugin:{name}"), some.clone())).collect();
    let mut said = call(window, &calls).await?;
    for one in &mut said {
        // The channel's own call answers only what it holds under a number, and that it holds nothing.
        let is_of_channel = one["command"] == "plugin:__TAURI_CHANNEL__|fetch";
        let by_rule =
            one["said"].as_str().is_some_and(|said| said.contains("not allowed") || said.contains("not found"));
        one["refused"] = json!(one["refused"] == true && (by_rule || is_of_channel));
    }
    Ok(said)
}
