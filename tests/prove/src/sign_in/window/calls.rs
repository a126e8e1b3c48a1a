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
use super::table;
use crate::person::{Person, SOON};

const SEED: u64 = 5;
/// Calls that are made in one script.
const AT_ONCE: usize = 50;
/// A driver's message should not be larger. Longer texts are made in the page of what stands for them.
pub const LONG_TEXT: &str = "\u{1}LONG";

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
    let table = table::of(&held, &secret.display().to_string(), &profiles[0]["profile"], listener);
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
