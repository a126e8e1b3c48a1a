//! Newsroom files in the real window: opened by a double click, by a link and by a drop, shown before anything is so, and
//! signed in to afterwards.

mod support;

use rushes_rig::seaweed::{Seaweed, Wishes};
use rushes_rig::trap::{Trap, own_address};
use rushes_rig::until;
use rushes_rig::window::{App, Window};
use support::{SOON, User};

/// As a desktop starts it for a file or a link: the copy that runs is handed it.
async fn opens(user: &User, app: &App, what: &str) {
    let mut second = std::process::Command::new(&app.binary);
    second.arg(what);
    let mut second = user.desktop.launch(second, &app.env).unwrap();
    until("the second one has left", SOON, async || second.ended()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_a_link_and_a_drop_are_shown_and_ask_nobody_until_somebody_signs_in() {
    let user = User::sits_down().await.unwrap();
    let address = own_address().expect("this computer is on a network");
    let wishes = Wishes { https: true, address: Some(address), ..Wishes::default() };
    let store = Seaweed::start_as(&user.scratch, wishes).await.unwrap();
    let bucket = store.secure().unwrap();
    let trap = Trap::set().unwrap();
    let mut app = user.app();
    app.env = app.env.with("SSL_CERT_FILE", bucket.ca.as_ref().unwrap());
    let window = Window::open(&user.desktop, &app).await.unwrap();
    let frame = user.desktop.window("Rushes", SOON).await.unwrap();
    frame.resize(1280, 800).await.unwrap();
    frame.move_to(0, 0).await.unwrap();
    window.find("welcome").await.unwrap();

    let says = |endpoint: &str| {
        let (name, region) = (&bucket.name, &bucket.region);
        format!(
            "rushes = 1\n[newsroom]\nname = \"Nairobi\"\nbucket = \"{name}\"\nregion = \"{region}\"\nendpoint = \"{endpoint}\"\n"
        )
    };
    // A name and a folder that an address writes otherwise.
    let file = user.scratch.folder("from IT").join("Nairobi é.rushes");
    std::fs::write(&file, says(&format!("https://{}", trap.outside().unwrap()))).unwrap();
    opens(&user, &app, file.to_str().unwrap()).await;
    window
        .text("newsroom-file", SOON, |text| text.contains("A newsroom file") && text.contains("Trust and add"))
        .await
        .unwrap();
    window.click("newsroom-file-no").await.unwrap();
    window.gone("newsroom-file", SOON).await.unwrap();
    assert_eq!(window.count("welcome").await.unwrap(), 1, "it was taken without a word");

    // The same as an address of a file, trusted, and not signed in to.
    let as_address = format!("file://{}", file.to_str().unwrap().replace(' ', "%20").replace('é', "%C3%A9"));
    opens(&user, &app, &as_address).await;
    window.click("newsroom-file-yes").await.unwrap();
    window.text("newsroom-dialog", SOON, |text| text.contains("Sign in to Nairobi")).await.unwrap();
    window.click("form-cancel").await.unwrap();
    window.text("profile-switcher", SOON, |text| text.contains("Not signed in yet")).await.unwrap();

    // IT's mistake is mended by a link; this time somebody signs in.
    let good = user.scratch.join("good.rushes");
    std::fs::write(&good, says(&bucket.endpoint)).unwrap();
    opens(&user, &app, &link(&good)).await;
    window.text("newsroom-file-warning", SOON, |text| text.contains("your existing keys")).await.unwrap();
    window.click("newsroom-file-yes").await.unwrap();
    window.fill("form-access-key", &bucket.keys.id).await.unwrap();
    window.fill("form-secret-key", &bucket.keys.secret).await.unwrap();
    window.click("form-save").await.unwrap();
    window.text("profile-switcher", SOON, |text| text.contains(&bucket.name)).await.unwrap();

    // Dropped, it is no clip; and what would lead elsewhere is told.
    user.drags(&[&file]).await.unwrap();
    let wanted = |text: &str| text.contains("your existing keys for Nairobi");
    window.text("newsroom-file-warning", SOON, wanted).await.unwrap();
    window.click("newsroom-file-yes").await.unwrap();
    window.text("profile-switcher", SOON, |text| text.contains("Not signed in yet")).await.unwrap();
    assert_eq!(window.count("transfer-row").await.unwrap(), 0, "it was sent");
    assert_eq!(trap.caught(), 0, "somebody asked where the file leads");
    window.close().await.unwrap();
}

/// Of the file itself: nothing is fetched.
fn link(file: &std::path::Path) -> String {
    use base64::Engine as _;
    let text = std::fs::read(file).unwrap();
    format!("rushes://newsroom?file={}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text))
}
