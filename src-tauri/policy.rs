//! What the window may do, as the configuration has it, compared with what there is: the policy of its page, the commands
//! that it may call, and the page of the documentation that lists them. Tests only.

use std::collections::BTreeSet;

use serde_json::Value;

const CONFIGURATION: &str = include_str!("../tauri.conf.json");
const ON_WINDOWS: &str = include_str!("../tauri.windows.conf.json");

fn policy(configuration: &str) -> Vec<String> {
    let all: Value = serde_json::from_str(configuration).unwrap();
    let policy = all["app"]["security"]["csp"].as_str().unwrap().to_owned();
    policy.split("; ").map(str::to_owned).collect()
}

#[test]
fn the_page_runs_only_what_is_built_in_and_talks_to_the_shell_alone() {
    let said = policy(CONFIGURATION);
    for directive in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "worker-src 'none'",
        "connect-src ipc:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert!(said.iter().any(|one| one == directive), "{directive} is not in {said:?}");
    }
    assert!(!CONFIGURATION.contains("unsafe-") && !ON_WINDOWS.contains("unsafe-"));
    // Only Windows reaches the shell by a host's name.
    let alike: Vec<String> =
        policy(ON_WINDOWS).into_iter().map(|one| one.replace("http://ipc.localhost", "ipc:")).collect();
    assert_eq!(alike, said);
}

#[test]
fn the_window_may_call_our_commands_and_none_of_tauris() {
    let capability: Value = serde_json::from_str(include_str!("capabilities/window.json")).unwrap();
    assert_eq!(capability["permissions"], serde_json::json!(["window"]));
    assert_eq!(capability["windows"], serde_json::json!([crate::window::LABEL]));
    assert!(capability.get("remote").is_none());
    let all: Value = serde_json::from_str(CONFIGURATION).unwrap();
    assert_eq!(all["app"]["withGlobalTauri"], false);
    assert_eq!(all["app"]["security"]["capabilities"], serde_json::json!(["window"]));
    assert!(!include_str!("../Cargo.toml").contains("devtools"), "a release would have developer tools");
}

#[test]
fn each_command_is_permitted_by_name_and_documented() {
    let there = commands();
    assert!(there.len() > 20, "{there:?}");
    let permitted = quoted(include_str!("permissions/window.toml").split_once("commands.allow").unwrap().1, '"');
    assert_eq!(permitted, there, "src-tauri/permissions/window.toml");
    let section = include_str!("../docs/SECURITY.md").split_once("## What the window may call").unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let listed = section.lines().filter(|line| line.starts_with("| `"));
    let documented: BTreeSet<String> = listed.flat_map(|line| quoted(line.split('|').nth(1).unwrap(), '`')).collect();
    assert_eq!(documented, there, "docs/SECURITY.md");
}

/// As the generated bindings name them, which come from the list itself.
fn commands() -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let bindings = folder.path().join("bindings.ts");
    crate::commands::builder().export(specta_typescript::Typescript::default(), &bindings).unwrap();
    let text = std::fs::read_to_string(bindings).unwrap();
    let calls = text.split("__TAURI_INVOKE").skip(1).filter_map(|rest| rest.split_once("(\"")?.1.split('"').next());
    calls.map(str::to_owned).collect()
}

fn quoted(text: &str, quote: char) -> BTreeSet<String> {
    text.split(quote).skip(1).step_by(2).map(str::to_owned).collect()
}
