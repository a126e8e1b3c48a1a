//! The real window, through WebDriver, with a real drag, a real keychain and real stores.

mod support;

use anyhow::Context;
use rushes_rig::ctl::Rushesctl;
use rushes_rig::practice::Practice;
use rushes_rig::proxy::Proxy;
use rushes_rig::window::Window;
use rushes_rig::{footage, until};
use support::{LATER, SOON, User, all_done, connects, states};

#[tokio::test(flavor = "multi_thread")]
async fn a_reporter_tries_the_practice_newsroom_drops_clips_and_fetches_one_back() {
    let user = User::sits_down().await.unwrap();
    let window = user.opens_rushes().await.unwrap();
    window.click("welcome-practice").await.unwrap();
    window.text("profile-switcher", SOON, |text| text.contains("Practice newsroom")).await.unwrap();

    let folder = user.scratch.folder("drop");
    let clips =
        ["MKR_fire_01.mxf", "interview é cam B.mov", "<img src=x onerror=alert(1)>.mp4"].map(|n| folder.join(n));
    for (i, clip) in clips.iter().enumerate() {
        footage::random(clip, 7_000_000 * (i as u64 + 1), i as u64).unwrap();
    }
    let card = user.scratch.folder("drop/CARD");
    footage::random(&card.join("A001.mxf"), 3_000_000, 9).unwrap();
    let mut dropped: Vec<_> = clips.to_vec();
    dropped.push(card);
    user.drags(&dropped).await.unwrap();
    window.fill("drop-field-slug", "Market fire").await.unwrap();
    window.press("drop-field-slug", "\u{e007}").await.unwrap();
    all_done(&window, 4).await.unwrap();
    let names: Vec<String> = states(&window).await.unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["<img src=x onerror=alert(1)>.mp4", "A001.mxf", "MKR_fire_01.mxf", "interview é cam B.mov"]);
    let proofs = window.texts("row-proof").await.unwrap();
    assert!(proofs.len() == 4 && proofs.iter().all(|proof| proof.contains("CRC64NVME")), "{proofs:?}");
    user.desktop.notification("4 clips are in the bucket", SOON).await.unwrap();

    window.click("nav-footage").await.unwrap();
    window.click("look-again").await.unwrap();
    window.press("footage-search", "fire_01").await.unwrap();
    until("the clip alone is shown", SOON, async || Ok((window.count("footage-card").await? == 1).then_some(())))
        .await
        .unwrap();
    window.click("footage-card").await.unwrap();
    window.text("proof-box", SOON, |text| text.contains("CRC64NVME")).await.unwrap();
    window.click("footage-download").await.unwrap();
    window.click("nav-transfers").await.unwrap();
    all_done(&window, 5).await.unwrap();
    assert!(footage::same(&clips[0], &user.downloads().join("MKR_fire_01.mxf")).unwrap());
    window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_routes_are_looked_at_and_tested_from_the_sidebar() {
    let user = User::sits_down().await.unwrap();
    let window = user.opens_rushes().await.unwrap();
    window.click("welcome-practice").await.unwrap();
    window.text("profile-switcher", SOON, |text| text.contains("Practice newsroom")).await.unwrap();
    let clip = user.scratch.join("harbour.mxf");
    footage::random(&clip, 24_000_000, 4).unwrap();
    user.drags(&[&clip]).await.unwrap();
    window.click("drop-skip").await.unwrap();
    all_done(&window, 1).await.unwrap();
    window.click("routes").await.unwrap();
    window.text("route-state", SOON, |text| text.starts_with("Stands by")).await.unwrap();
    assert_eq!(window.count("route-row").await.unwrap(), 1);
    assert_eq!(window.count("route-test").await.unwrap(), 0);
    window.click("routes-test").await.unwrap();
    window.text("route-test", SOON, |text| text.contains("Mb/s") && text.contains("first byte")).await.unwrap();
    // The figures of the lane itself are of real requests, the test's among them.
    window.text("route-connect", SOON, |text| text.ends_with("ms")).await.unwrap();
    window.press("routes-close", "\u{e00c}").await.unwrap();
    window.gone("routes-sheet", SOON).await.unwrap();

    // By keys alone, and what was found is still there.
    let keys = "window.dispatchEvent(new KeyboardEvent('keydown', { key: 'l', ctrlKey: true }))";
    window.script(keys, vec![]).await.unwrap();
    until("the test is remembered", SOON, async || Ok((window.count("route-test").await? == 1).then_some(())))
        .await
        .unwrap();
    window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_are_said_beside_the_form_and_right_ones_open_the_newsroom() {
    let user = User::sits_down().await.unwrap();
    let practice = Practice::start(&user.scratch).await.unwrap();
    let window = user.opens_rushes().await.unwrap();
    window.click("welcome-connect").await.unwrap();
    connects(&window, practice.bucket(), "not-the-secret").await.unwrap();
    window.text("form-error", SOON, |text| text.contains("does not accept the keys")).await.unwrap();
    window.fill("form-secret-key", &practice.bucket().keys.secret).await.unwrap();
    window.click("form-save").await.unwrap();
    window.text("profile-switcher", SOON, |text| text.contains("Nairobi")).await.unwrap();
    let page = window.script("return document.documentElement.outerHTML", vec![]).await.unwrap().to_string();
    assert!(!page.contains(&practice.bucket().keys.secret), "the secret stands in the page");
    window.close().await.unwrap();
}

/// A newsroom behind a slow link, with one clip on its way.
async fn under_way(user: &User, practice: &Practice, proxy: &Proxy) -> (Window, std::path::PathBuf) {
    let window = user.opens_rushes().await.unwrap();
    window.click("welcome-connect").await.unwrap();
    connects(&window, &practice.bucket().through(proxy), &practice.bucket().keys.secret).await.unwrap();
    window.text("profile-switcher", SOON, |text| text.contains("Nairobi")).await.unwrap();
    proxy.limit(Some(4_000_000), None);
    let clip = user.scratch.join("long.mxf");
    footage::random(&clip, 40_000_000, 1).unwrap();
    user.drags(&[&clip]).await.unwrap();
    window.click("drop-skip").await.unwrap();
    window.attribute("transfer-row", "data-state", SOON, |state| state == Some("running")).await.unwrap();
    (window, clip)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_is_paused_resumed_and_cancelled_by_its_buttons() {
    let user = User::sits_down().await.unwrap();
    let practice = Practice::start(&user.scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let (window, _) = under_way(&user, &practice, &proxy).await;
    window.click("row-pause").await.unwrap();
    window.attribute("transfer-row", "data-state", SOON, |state| state == Some("paused")).await.unwrap();
    // What the slow link had in its buffers still goes through; then nothing.
    until("nothing goes up any more", SOON, async || {
        let before = proxy.carried().up;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Ok((proxy.carried().up == before).then_some(()))
    })
    .await
    .unwrap();
    window.click("row-resume").await.unwrap();
    window.attribute("transfer-row", "data-state", SOON, |state| state == Some("running")).await.unwrap();
    window.click("row-menu").await.unwrap();
    window.click("row-cancel").await.unwrap();
    window.click("confirm-yes").await.unwrap();
    window.attribute("transfer-row", "data-state", SOON, |state| state == Some("cancelled")).await.unwrap();
    assert!(practice.bucket().witness().unwrap().unfinished().await.unwrap().is_empty());
    window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_window_while_bytes_move_leaves_it_running_and_starting_again_shows_it() {
    let user = User::sits_down().await.unwrap();
    let practice = Practice::start(&user.scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let (window, clip) = under_way(&user, &practice, &proxy).await;
    let frame = user.desktop.window("Rushes", SOON).await.unwrap();
    frame.close_away(SOON).await.unwrap();
    let told = user.desktop.notification("Rushes goes on", SOON).await;
    told.with_context(|| window.said()).unwrap();
    proxy.heal();
    user.desktop.notification("long.mxf is in the bucket", LATER).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let key = witness.keys("").await.unwrap().pop().unwrap();
    assert!(witness.same(&key, &clip).await.unwrap());

    // A second start shows the first one's window, and hands it its files.
    let other = user.scratch.join("opened.mxf");
    footage::random(&other, 1_000_000, 2).unwrap();
    let app = user.app();
    let mut second = std::process::Command::new(&app.binary);
    second.arg(&other);
    let mut second = user.desktop.launch(second, &app.env).unwrap();
    until("the second one has left", SOON, async || second.ended()).await.unwrap();
    until("the window is shown again", SOON, async || Ok(frame.is_shown().then_some(()))).await.unwrap();
    window.click("drop-skip").await.unwrap();
    all_done(&window, 2).await.unwrap();
    window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_app_goes_on_where_it_was_and_a_command_line_sees_the_same() {
    let user = User::sits_down().await.unwrap();
    let practice = Practice::start(&user.scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let (window, clip) = under_way(&user, &practice, &proxy).await;
    until("some of it is there", LATER, async || {
        let uploads = practice.bucket().witness()?.unfinished().await?;
        let Some(upload) = uploads.first() else { return Ok(None) };
        Ok((!practice.bucket().witness()?.parts(upload).await?.is_empty()).then_some(()))
    })
    .await
    .unwrap();
    window.kill_app().await.unwrap();
    drop(window);

    let window = user.opens_rushes().await.unwrap();
    window.attribute("transfer-row", "data-state", SOON, |state| state == Some("running")).await.unwrap();
    let built = std::path::Path::new(env!("CARGO_BIN_EXE_rushes")).with_file_name("rushesctl");
    if built.exists() {
        let ctl = Rushesctl::new(&user.scratch, built).unwrap().at(&user.home()).with(user.desktop.env());
        let listed = ctl.run(&["transfers", "--json"]).await.unwrap().ok().unwrap();
        assert_eq!(listed.lines[0]["name"], "long.mxf", "{listed:#?}");
    }
    proxy.heal();
    all_done(&window, 1).await.unwrap();
    let witness = practice.bucket().witness().unwrap();
    let key = witness.keys("").await.unwrap().pop().unwrap();
    assert!(witness.same(&key, &clip).await.unwrap());
    assert!(witness.unfinished().await.unwrap().is_empty());
    window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clip_dropped_on_the_field_for_it_is_breaking_and_the_other_one_yields() {
    let user = User::sits_down().await.unwrap();
    let practice = Practice::start(&user.scratch).await.unwrap();
    let proxy = Proxy::before(practice.bucket()).await.unwrap();
    let (window, _) = under_way(&user, &practice, &proxy).await;
    let (next, hot) = (user.scratch.join("next.mxf"), user.scratch.join("hot.mxf"));
    footage::random(&next, 80_000_000, 3).unwrap();
    footage::random(&hot, 80_000_000, 2).unwrap();
    user.drags(&[&next]).await.unwrap();
    window.click("drop-skip").await.unwrap();
    rushes_rig::drag::files(&user.desktop, &[&hot], (640, 720)).await.unwrap();
    window.click("drop-skip").await.unwrap();
    window.text("row-is-breaking", SOON, |text| text.eq_ignore_ascii_case("breaking")).await.unwrap();
    // The breaking one stands first, and the other says why it waits.
    until("the next one yields", LATER, async || {
        let rows = window.texts("transfer-row").await?;
        let yields = |row: &String| row.contains("next.mxf") && row.contains("Yields to breaking");
        Ok((rows[0].contains("hot.mxf") && rows.iter().any(yields)).then_some(()))
    })
    .await
    .unwrap();

    window.click("limit").await.unwrap();
    window.fill("limit-up", "24").await.unwrap();
    window.click("limit-save").await.unwrap();
    window.text("limit-in-force", SOON, |text| text.contains("Limited to 24")).await.unwrap();
    // The limit holds before its sheet has closed; a press meanwhile would go for the old one.
    window.gone("limit-sheet", SOON).await.unwrap();
    window.click("limit").await.unwrap();
    window.click("limit-clear").await.unwrap();
    window.gone("limit-in-force", SOON).await.unwrap();
    proxy.heal();
    all_done(&window, 3).await.unwrap();
    window.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_gone_wrong_names_no_file_calls_no_plugin_and_reaches_nobody() {
    let user = User::sits_down().await.unwrap();
    let window = user.opens_rushes().await.unwrap();
    window.click("welcome-practice").await.unwrap();
    window.text("profile-switcher", SOON, |text| text.contains("Practice newsroom")).await.unwrap();
    let refused = async |command: &str, given: serde_json::Value| {
        let call = "window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1])
            .then((said) => arguments[2](null), (no) => arguments[2](JSON.stringify(no)))";
        let said = window.client().execute_async(call, vec![command.into(), given]).await.unwrap();
        said.as_str().unwrap_or_else(|| panic!("{command} was carried out")).to_owned()
    };
    let plain = serde_json::json!({ "by": "prefix", "prefix": "" });
    let add = serde_json::json!({ "request": { "profile": null, "paths": ["/etc/passwd"], "place": plain } });
    assert!(refused("add_files", add).await.contains("was not given"));
    let fetch = serde_json::json!({ "request": { "profile": null, "keys": ["x"], "into": "/etc" } });
    assert!(refused("fetch_clips", fetch).await.contains("was not given"));
    for command in ["plugin:event|listen", "plugin:app|version", "plugin:dialog|open", "plugin:opener|open_url"] {
        let said = refused(command, serde_json::json!({ "event": "x", "url": "https://example.com" })).await;
        assert!(said.contains("not allowed") || said.contains("not found"), "{command}: {said}");
    }

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let to = format!("http://{}/", listener.local_addr().unwrap());
    let reach = "const to = arguments[0]; fetch(to, { mode: 'no-cors' }).catch(() => {}); new Image().src = to;
        navigator.sendBeacon(to); location = to;
        for (const rel of ['preconnect', 'prefetch', 'stylesheet']) {
          const link = document.createElement('link');
          link.rel = rel; link.href = to; document.head.append(link);
        }";
    window.script(reach, vec![to.into()]).await.unwrap();
    let came = tokio::time::timeout(std::time::Duration::from_secs(2), listener.accept()).await;
    assert!(came.is_err(), "somebody was reached");

    // It goes on as before, and shows all that support would get.
    let clip = user.scratch.join("Amina.mxf");
    footage::random(&clip, 3_000_000, 5).unwrap();
    user.drags(&[&clip]).await.unwrap();
    window.click("drop-skip").await.unwrap();
    all_done(&window, 1).await.unwrap();
    window.click("profile-switcher").await.unwrap();
    window.click("support").await.unwrap();
    window.find("support-sheet").await.unwrap();
    let all = window.script("return document.querySelector('[data-testid=support-sheet]').textContent", vec![]).await;
    let all = all.unwrap().to_string();
    assert!(all.contains("transfers.json") && all.contains("done") && !all.contains("Amina"), "{all}");
    window.close().await.unwrap();
}
