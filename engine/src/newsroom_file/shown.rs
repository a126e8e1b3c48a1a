//! What a newsroom file says and would change, as people read it, and what to beware of. Pure.

use serde_json::Value;
use unicode_security::confusable_detection::skeleton;

use super::places::{self, Place, Where};
use super::{Opened, sha256};
use crate::api::{NewsroomChange, NewsroomLine, NewsroomPreview, NewsroomWarning};
use crate::error::{Error, Result};
use crate::profile::Profile;

/// What each value is called, in the order in which they are shown. What has no name here is shown under its own path, so
/// that nothing is ever taken over unseen.
const LABELS: &[(&str, &str)] = &[
    ("name", "Newsroom"),
    ("bureau", "Bureau"),
    ("endpoint", "Address"),
    ("bucket", "Bucket"),
    ("region", "Region"),
    ("credentials", "Signing in"),
    ("credentials.identityCenter.startUrl", "Sign-in page"),
    ("credentials.identityCenter.region", "Sign-in region"),
    ("credentials.identityCenter.account", "AWS account"),
    ("credentials.identityCenter.role", "Role"),
    ("credentials.awsProfile.name", "Profile of the AWS files"),
    ("credentials.role.arn", "Role"),
    ("credentials.role.externalId", "External ID"),
    ("credentials.role.mfa", "MFA device"),
    ("accelerate", "Transfer Acceleration"),
    ("routes.dualStack", "IPv6 names"),
    ("routes.hostStyle", "Bucket before the host"),
    ("routes.privateLink", "Private link"),
    ("routes.multiRegion", "Multi-region access point"),
    ("routes.cloudfront.domain", "CloudFront domain"),
    ("routes.cloudfront.signer.by", "CloudFront signer"),
    ("routes.cloudfront.signer.function", "Grant function"),
    ("routes.cloudfront.signer.keyPairId", "CloudFront key pair"),
    ("routes.replica.bucket", "Replica bucket"),
    ("routes.replica.region", "Replica region"),
    ("routes.replica.endpoint", "Replica address"),
    ("routes.replica.takesUploads", "Uploads to the replica"),
    ("routes.oneWayUploads", "Uploads by one way"),
    ("keyTemplate", "Key template"),
    ("zone", "Time zone"),
];

/// What the file would do beside the newsrooms that are here.
pub(super) fn preview(opened: &Opened, here: &[Profile]) -> Result<NewsroomPreview> {
    let Opened { profile, sha256: file } = opened;
    let before = here.iter().find(|known| known.name == profile.name);
    let (said, was) = (places::values(profile)?, before.map_or(Ok(Vec::new()), places::values)?);
    let paths = in_order(&said, &was);
    let has_changed = |path: &str| of(&said, path) != of(&was, path);
    let moved: Vec<&str> = paths.iter().copied().filter(|path| places::is_place(path) && has_changed(path)).collect();
    let change = match before {
        None => NewsroomChange::New,
        Some(_) if !paths.iter().any(|path| has_changed(path)) => NewsroomChange::Nothing,
        Some(_) if moved.is_empty() => NewsroomChange::Details,
        Some(_) => NewsroomChange::Places,
    };
    let lines = paths.iter().filter_map(|path| {
        let (value, was) = (written(path, of(&said, path)), written(path, of(&was, path)));
        let was = (before.is_some() && has_changed(path)).then_some(was);
        (!value.is_empty() || was.is_some()).then(|| NewsroomLine { label: label(path), value, was })
    });
    let known = serde_json::to_string(&before).map_err(Error::internal)?;
    let all = places::all(profile)?;
    let borrows = borrows_keys(profile)?;
    Ok(NewsroomPreview {
        name: profile.name.clone(),
        sha256: file.clone(),
        seen: sha256(format!("{file}\n{known}").as_bytes()),
        change,
        lines: lines.collect(),
        warnings: warnings(profile, before, &moved, &all, borrows, here),
        confirm: if borrows && change != NewsroomChange::Nothing { borrowed(&all) } else { Vec::new() },
    })
}

fn in_order<'a>(said: &'a [(String, Value)], was: &'a [(String, Value)]) -> Vec<&'a str> {
    let mut paths: Vec<&str> = said.iter().chain(was).map(|(path, _)| path.as_str()).collect();
    let rank = |path: &str| LABELS.iter().position(|(known, _)| *known == path).unwrap_or(LABELS.len());
    paths.sort_by_key(|path| (rank(path), *path));
    paths.dedup();
    paths
}

fn of<'a>(values: &'a [(String, Value)], path: &str) -> Option<&'a Value> {
    values.iter().find(|(known, _)| known == path).map(|(_, value)| value)
}

fn label(path: &str) -> String {
    LABELS.iter().find(|(known, _)| *known == path).map_or(path, |(_, label)| label).to_owned()
}

/// In words. What is not so is not worth a line.
fn written(path: &str, value: Option<&Value>) -> String {
    match (path, value) {
        ("endpoint", None) => "AWS".into(),
        (_, None | Some(Value::Bool(false))) => String::new(),
        (_, Some(Value::Bool(true))) => "Yes".into(),
        ("credentials", Some(Value::String(kind))) => match kind.as_str() {
            "keychain" => "Access keys, which each person enters; they stay in the keychain".into(),
            "nobody" => "Nobody signs in: the bucket is open".into(),
            "computer" => "With what this computer itself may do at AWS".into(),
            other => other.to_owned(),
        },
        ("routes.cloudfront.signer.by", Some(Value::String(by))) => match by.as_str() {
            "grant" => "The agency's grant function".into(),
            "keyPair" => "A key pair, whose private key is in the keychain".into(),
            "nobody" => "Nobody: it asks for no signature".into(),
            other => other.to_owned(),
        },
        (_, Some(Value::String(text))) => text.clone(),
        (_, Some(other)) => other.to_string(),
    }
}

/// Whether it signs with what this computer has from elsewhere, and not with what somebody enters for just this newsroom.
/// Ways to sign in that are not known here are taken to.
fn borrows_keys(profile: &Profile) -> Result<bool> {
    let credentials = &profile.credentials;
    let credentials = serde_json::to_value(credentials).map_err(Error::internal)?;
    let own = match &credentials {
        Value::String(kind) => matches!(kind.as_str(), "keychain" | "nobody"),
        // Each start page is signed in to by itself, in the browser.
        Value::Object(kind) => kind.contains_key("identityCenter"),
        _ => false,
    };
    Ok(!own)
}

/// Addresses that would get signatures of such keys, and are not plainly AWS's.
fn borrowed(all: &[Place]) -> Vec<String> {
    all.iter().filter(|place| place.gets_keys() && !place.is_awss()).map(|place| place.address.clone()).collect()
}

fn warnings(
    profile: &Profile,
    before: Option<&Profile>,
    moved: &[&str],
    all: &[Place],
    borrows: bool,
    here: &[Profile],
) -> Vec<NewsroomWarning> {
    let mut warnings = Vec::new();
    let mut warn = |grave: bool, text: String| warnings.push(NewsroomWarning { grave, text });
    let name = &profile.name;
    if before.is_some() && !moved.is_empty() {
        let what: Vec<String> = moved.iter().map(|path| label(path)).collect();
        warn(
            true,
            format!(
                "This would send your existing keys for {name} to another place: it changes {}. If you trust it, Rushes \
                 forgets those keys and asks you to sign in anew.",
                listed(&what)
            ),
        );
    }
    if before.is_none()
        && let Some(other) = here.iter().find(|other| looks_like(&other.name, name))
    {
        warn(
            true,
            format!("There is a newsroom already whose name looks the same: {}. This is another one.", other.name),
        );
    }
    let is_strange = |place: &&Place| !matches!(place.at, Where::Aws);
    let strange: Vec<String> = all.iter().filter(is_strange).map(|place| place.address.clone()).collect();
    if borrows {
        warn(
            true,
            format!(
                "It signs in with credentials that this computer has already. Whoever made the file chooses what they are \
                 used for: here, the bucket {}{}.",
                profile.bucket,
                if strange.is_empty() { " at AWS".to_owned() } else { format!(" at {}", listed(&strange)) }
            ),
        );
    }
    if let Some(place) = all.iter().find(|place| place.at == Where::Office) {
        warn(
            false,
            format!("{} is an address of an office's own network. It leads somewhere else elsewhere.", place.address),
        );
    }
    if !strange.is_empty() && !borrows {
        warn(
            false,
            format!("Not everything goes to AWS itself. Footage or signed requests go to {}.", listed(&strange)),
        );
    }
    if let Some(function) = all.iter().find(|place| place.at == Where::Aws && !place.is_awss()) {
        warn(
            false,
            format!(
                "It asks the function at {} with your keys. Functions at AWS are of whoever made them.",
                function.address
            ),
        );
    }
    warnings
}

fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Whether people would take one name for the other.
pub(super) fn looks_like(one: &str, other: &str) -> bool {
    let seen = |name: &str| -> String {
        let spaced = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>();
        // Capitals are compared as they look and as they are read.
        skeleton(&spaced.join(" ")).collect::<String>().to_lowercase()
    };
    let read = |name: &str| seen(&name.to_lowercase());
    seen(one) == seen(other) || read(one) == read(other)
}
