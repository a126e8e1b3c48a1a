//! Everything that Rushes parses from outside, each kind by one call that takes any bytes and panics where a promise does
//! not hold. What fuzzers and their proofs run on; the product itself calls none of it. May not live here: parsing.

use crate::cloudfront;
use crate::journal;
use crate::keys::{Fields, MAX_KEY_BYTES, Recorded, Template, numbered, under_prefix};
use crate::media;
use crate::names;
use crate::newsroom_file;
use crate::receipt;
use crate::s3;

/// One kind of what comes from outside.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub name: &'static str,
    pub take: fn(&[u8]),
}

/// All of them.
pub const KINDS: [Kind; 8] = [
    Kind { name: "newsroom-files", take: newsroom_file },
    Kind { name: "templates", take: template },
    Kind { name: "keys", take: key },
    Kind { name: "listings", take: listing },
    Kind { name: "grants", take: grant },
    Kind { name: "journal", take: journal::outside::take },
    Kind { name: "sidecars", take: media::outside::take },
    Kind { name: "receipts", take: receipt::take_outside },
];

/// A file or a link. What is taken leads nowhere on this computer, hides nothing, and can be handed on.
fn newsroom_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(opened) = newsroom_file::open(&text) else { return };
    assert!(!opened.profile.is_on_this_computer(), "it leads to this computer");
    let shown = newsroom_file::shown_alone(&opened).unwrap_or_else(|e| panic!("it cannot be shown: {e}"));
    for line in &shown.lines {
        assert!(!format!("{}{}", line.label, line.value).chars().any(char::is_control), "control characters are shown");
    }
    let made = newsroom_file::write(&opened.profile).unwrap_or_else(|e| panic!("it cannot be handed on: {e}"));
    for given in [&made.text, &made.link] {
        let again = newsroom_file::open(given).unwrap_or_else(|e| panic!("what was handed on cannot be opened: {e}"));
        assert_eq!(again.profile, opened.profile, "it says something else when it is handed on");
    }
    assert!(stays_in_its_folder(&made.file_name), "its name leads elsewhere");
}

/// A template, and what it is filled with. Keys of a template are plain ASCII, and no step between folders.
fn template(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let Ok(template) = Template::parse(lines.next().unwrap_or("")) else { return };
    let mut word = || lines.next().unwrap_or("").to_owned();
    let fields = Fields { slug: word(), story: word(), desk: word() };
    let (bureau, name) = (word(), word());
    let recorded = Recorded { timecode: word(), camera: word(), codec: word() };
    let when = crate::keys::When::At(jiff::civil::date(2026, 11, 22).at(19, 42, 0, 0));
    let facts = crate::keys::Facts { bureau: &bureau, when, fields: &fields, recorded: &recorded, name: &name };
    let _ = template.asks();
    let Ok(key) = template.fill(&facts) else { return };
    assert!(key.len() <= MAX_KEY_BYTES && !key.is_empty(), "a key of {} bytes", key.len());
    assert!(!key.starts_with('/') && !key.split('/').any(|segment| matches!(segment, "" | "." | "..")), "{key}");
    assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c)), "{key}");
    assert!(numbered(&key, 2) != key);
}

/// A key of a bucket: whatever it says, its file is in the folder that was chosen.
fn key(bytes: &[u8]) {
    let key = String::from_utf8_lossy(bytes);
    let name = names::local_name(&key);
    assert!(stays_in_its_folder(&name), "{key:?} becomes {name:?}");
    assert!(!name.ends_with(['.', ' ']), "{key:?} becomes {name:?}");
    let next = names::numbered(&name, 2);
    assert!(stays_in_its_folder(&next), "{key:?} becomes {next:?}");
    let part = names::part_name(&name);
    // The first may share its name with a numbered one, by chance; from then on each number has one of its own.
    assert!(names::part_name(&next) != names::part_name(&names::numbered(&name, 3)));
    assert!(stays_in_its_folder(&part) && part != name, "{key:?} becomes {part:?}");
    if let Ok(prefixed) = under_prefix("in", &key) {
        assert!(prefixed.starts_with("in/") && prefixed.len() <= MAX_KEY_BYTES);
    }
    if let Ok(address) = cloudfront::resource("d111111abcdef8.cloudfront.net", &key) {
        assert_eq!(address.host_str(), Some("d111111abcdef8.cloudfront.net"));
        assert!(address.query().is_none() && address.fragment().is_none());
    }
}

/// What a store answers when it is asked for a list.
fn listing(bytes: &[u8]) {
    let Ok(listing) = s3::outside::listed(bytes) else { return };
    for clip in listing.clips {
        assert!(stays_in_its_folder(&names::local_name(&clip.key)), "{:?}", clip.key);
    }
}

/// What a grant function answers, and what it has signed.
fn grant(bytes: &[u8]) {
    if let Some((policy, address)) = cloudfront::granted(bytes) {
        let again = cloudfront::Policy::parse(policy.text().unwrap_or_default().as_bytes());
        assert_eq!(again.map(|again| (again.resource, again.until)), Some((policy.resource, policy.until)));
        assert_eq!(
            address.expose().host_str(),
            Some("d111111abcdef8.cloudfront.net"),
            "what is granted leads elsewhere"
        );
    }
    if let Some(policy) = cloudfront::Policy::parse(bytes) {
        let _ = (policy.covers("https://d111111abcdef8.cloudfront.net/a/b.mxf"), policy.is_canned());
    }
}

fn stays_in_its_folder(name: &str) -> bool {
    let folder = std::path::Path::new("/chosen");
    let plain = !name.is_empty() && name.len() <= 255 && !name.contains(['/', '\\', '\0', ':']);
    plain && !matches!(name, "." | "..") && folder.join(name).parent() == Some(folder)
}
