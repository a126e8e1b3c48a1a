//! That a bundle holds what helps, and nothing that tells who filmed what.

use std::io::Read;
use std::path::Path;

use super::*;
use crate::add::add_files;
use crate::api::{AddFiles, Hurry, Place};
use crate::error::{Code, Error};
use crate::marks::Mark;
use crate::profile::{CredentialsFrom, Profile};
use crate::transfer::Change;

/// Names that must not be read by anybody else.
const TOLD: [&str; 8] =
    ["Amina Abdi", "Amina_Abdi", "whistleblower", "Goma raid", "Goma_raid", "dépêche", "depeche", "d%C3%A9p%C3%AAche"];

async fn core_with_failures(folder: &Path) -> Core {
    let core = Core::open(Home::at(folder.join("home")).unwrap()).await.unwrap();
    let profile = Profile { credentials: CredentialsFrom::Keychain, ..Profile::example() };
    core.keep_profile(profile).await.unwrap();
    let card = folder.join("Amina Abdi/whistleblower");
    fs::create_dir_all(&card).unwrap();
    for name in ["interview Amina Abdi.mxf", "dépêche.mp4"] {
        fs::write(card.join(name), "x").unwrap();
    }
    let fields = Fields { slug: "Goma raid".into(), story: "whistleblower".into(), desk: String::new() };
    let added = add_files(
        &core,
        AddFiles {
            profile: Some("Nairobi".into()),
            paths: vec![card.display().to_string()],
            place: Place::Template { fields },
            hurry: Hurry::default(),
            growing: false,
        },
    );
    for id in added.await.unwrap().transfers {
        let (path, key) = core.with(id, |one| (one.transfer.path.clone(), one.transfer.key.clone())).unwrap();
        let message = format!("Rushes may not read {}. Change its permissions, then retry.", path.display());
        let detail = format!("403 AccessDenied: {key} is not yours (request 7Q1)");
        core.change(id, Change::Start).unwrap();
        core.change(id, Change::Fail(Error::new(Code::AccessDenied, message).because(detail))).unwrap();
    }
    core
}

#[tokio::test]
async fn a_bundle_helps_and_tells_no_names() {
    let folder = tempfile::tempdir().unwrap();
    let core = core_with_failures(folder.path()).await;
    fs::create_dir_all(core.home.logs()).unwrap();
    let line =
        format!("WARN could not read {}: interview Amina Abdi.mxf\n", folder.path().join("Amina Abdi").display());
    for day in 1..=5 {
        fs::write(core.home.logs().join(format!("rushes.2026-11-0{day}.log")), line.repeat(day)).unwrap();
    }
    fs::write(core.home.logs().join("secret.txt"), "not a log").unwrap();
    let made = bundle(&core, vec![folder.path().join("Amina Abdi").display().to_string()]).await.unwrap();

    for file in &made.files {
        let told = TOLD.iter().find(|name| file.text.contains(**name) || file.name.contains(**name));
        assert_eq!(told, None, "{}:\n{}", file.name, file.text);
        assert!(!file.holds.is_empty());
    }
    let text = |name: &str| &made.files.iter().find(|file| file.name == name).unwrap().text;
    let transfers = text("transfers.json");
    assert!(transfers.contains("accessDenied") && transfers.contains("request 7Q1"), "{transfers}");
    let key = core.live().all().next().unwrap().transfer.key.clone();
    assert!(transfers.matches(&Mark(&key).to_string()).count() >= 2, "as a key and in the error: {transfers}");
    assert!(text("newsrooms.json").contains("agency-footage") && text("rushes.json").contains("version"));
    assert!(text("network.json").contains("networks") && text("limits.json").contains("plan"));
    let logs: Vec<&str> = made.files.iter().map(|f| f.name.as_str()).filter(|name| name.starts_with("logs/")).collect();
    assert_eq!(logs, ["logs/rushes.2026-11-05.log", "logs/rushes.2026-11-04.log", "logs/rushes.2026-11-03.log"]);
    assert!(text("logs/rushes.2026-11-05.log").starts_with("WARN could not read #"));
    assert!(!made.files.iter().any(|file| file.text.contains(&core.home.installation().unwrap())));
}

#[tokio::test]
async fn what_is_kept_is_what_was_shown_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let core = core_with_failures(folder.path()).await;
    let made = bundle(&core, Vec::new()).await.unwrap();
    let first = keep(&made, folder.path()).unwrap();
    let second = keep(&made, folder.path()).unwrap();
    assert_ne!(first, second);
    let mut zip = ::zip::ZipArchive::new(fs::File::open(&second).unwrap()).unwrap();
    assert_eq!(zip.len(), made.files.len());
    for file in &made.files {
        let mut text = String::new();
        zip.by_name(&file.name).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, file.text);
    }
    assert_eq!(keep(&made, &folder.path().join("missing")).unwrap_err().code, Code::DiskFailed);
}
