//! Newsroom files, `NAME.rushes`: one newsroom as IT hands it to the bureaus. A small TOML text that holds no secret, read
//! strictly: it comes from outside, and whoever wrote it may want footage and keys to go to them. What it says is judged in
//! `words` and `places`, shown in `shown`, and taken over, where somebody trusts it, in `accept`. This file is pure; only
//! `disk` touches the disk.

mod accept;
mod disk;
mod places;
mod shown;
#[cfg(test)]
mod tests;
mod words;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use crate::api::{NewsroomFile, NewsroomPreview};
use crate::error::{Code, Error, Result};
use crate::keys::NEWSROOM_TEMPLATE;
use crate::names;
use crate::profile::Profile;

pub(crate) use accept::{WITHHELD, accept, is_busy, preview, release};
pub use disk::{is_named_so, read};

/// What the files end with, without the dot.
pub const ENDING: &str = "rushes";
/// The most that is read, in bytes: a newsroom is a few hundred.
pub const LONGEST: usize = 64 << 10;
/// The scheme of links that hold a file.
pub const SCHEME: &str = "rushes://";
/// What stands before the file in a link.
const LINK: &str = "rushes://newsroom?file=";
/// The version of the format that this Rushes writes, and the newest that it reads.
const FORMAT: i64 = 1;
const HEAD: &str = "# A newsroom of Rushes. It holds no secret: whoever opens it signs in with keys of their own.\n\
                    # Open it with Rushes, drop it on its window, or: rushesctl profile import FILE\n";

/// A file that was read: what it says, checked as if it had been typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    pub profile: Profile,
    /// Of its text, in hexadecimal: what is trusted is exactly this.
    pub sha256: String,
}

/// What was given from outside: a file's text, or a link that holds it.
pub fn open(given: &str) -> Result<Opened> {
    let text = text_of(given)?;
    if text.len() > LONGEST {
        return Err(too_long());
    }
    words::refuse_tricks(&text, true)?;
    words::refuse_depth(&text)?;
    let mut file: Table = toml::from_str(&text).map_err(|e| unreadable(e.message()))?;
    match file.remove("rushes") {
        Some(Value::Integer(FORMAT)) => {}
        Some(Value::Integer(newer)) if newer > FORMAT => {
            let sentence = "This newsroom file was made for a newer Rushes. Update Rushes, then open it again.";
            return Err(bad(sentence).because(format!("format {newer}, this one reads {FORMAT}")));
        }
        _ => return Err(bad("This is not a newsroom file of Rushes.")),
    }
    let Some(Value::Table(mut said)) = file.remove("newsroom") else {
        return Err(unreadable("it names no newsroom"));
    };
    if let Some(other) = file.keys().next() {
        return Err(unknown(other));
    }
    words::check(&said)?;
    for (name, usual) in [
        ("bureau", Value::from("")),
        ("accelerate", Value::from(false)),
        ("keyTemplate", Value::from(NEWSROOM_TEMPLATE)),
        ("credentials", Value::from("keychain")),
    ] {
        said.entry(name).or_insert(usual);
    }
    if said.get("credentials") == Some(&Value::from("lent")) {
        return Err(bad("Lent keys are a command's own. A newsroom file cannot ask for them."));
    }
    let said = Value::Table(said);
    let profile: Profile = said.clone().try_into().map_err(|e: toml::de::Error| unreadable(e.message()))?;
    let known = Value::try_from(&profile).map_err(Error::internal)?;
    if let Some(path) = words::not_in(&said, &known) {
        return Err(unknown(&path));
    }
    let profile = profile.checked()?;
    places::refuse(&profile)?;
    Ok(Opened { profile, sha256: sha256(text.as_bytes()) })
}

/// A newsroom's file, to be handed on.
pub fn write(profile: &Profile) -> Result<NewsroomFile> {
    if profile.is_on_this_computer() {
        return Err(bad(
            "This newsroom's bucket is on this computer: nobody else could reach it by a file. Choose another newsroom.",
        ));
    }
    let said = Value::try_from(profile).map_err(Error::internal)?;
    let file = Table::from_iter([("rushes".to_owned(), Value::Integer(FORMAT)), ("newsroom".to_owned(), said)]);
    let text = format!("{HEAD}{}", toml::to_string_pretty(&file).map_err(Error::internal)?);
    // What is handed on is what others can open.
    if open(&text)?.profile != *profile {
        return Err(Error::internal("a newsroom's file does not say the same as the newsroom"));
    }
    let link = format!("{LINK}{}", URL_SAFE_NO_PAD.encode(&text));
    let stem = names::local_name(&profile.name.replace(['/', '\\'], "_"));
    Ok(NewsroomFile { file_name: format!("{stem}.{ENDING}"), text, link })
}

/// As it would be shown where there is no newsroom yet.
pub fn shown_alone(opened: &Opened) -> Result<NewsroomPreview> {
    shown::preview(opened, &[])
}

/// Nothing is fetched: a link holds the file itself.
fn text_of(given: &str) -> Result<Cow<'_, str>> {
    let given = given.strip_prefix('\u{feff}').unwrap_or(given);
    if !given.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME)) {
        return Ok(given.into());
    }
    // Some systems put a slash before the question mark.
    let held = given.strip_prefix(LINK).or_else(|| given.strip_prefix("rushes://newsroom/?file="));
    let held = held.ok_or_else(|| bad("This link is of no kind that Rushes knows."))?;
    if held.len() > LONGEST.div_ceil(3) * 4 {
        return Err(too_long());
    }
    let broken = || bad("This link is damaged. Ask for it again, or for the newsroom's file.");
    let bytes = URL_SAFE_NO_PAD.decode(held.trim_end_matches('=')).map_err(|_| broken())?;
    String::from_utf8(bytes).map(Cow::from).map_err(|_| broken())
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bad(sentence: impl Into<String>) -> Error {
    Error::new(Code::BadInput, sentence)
}

fn too_long() -> Error {
    bad("This is too long for a newsroom file. Ask whoever made it for another.")
}

/// The cause may hold what the file says, and never much of it.
fn unreadable(cause: &str) -> Error {
    bad("This newsroom file cannot be read. Ask whoever made it for another.").because(words::short(cause))
}

fn unknown(path: &str) -> Error {
    let sentence = "This newsroom file says something that this Rushes does not know. Update Rushes, or ask whoever made \
                    the file for another.";
    bad(sentence).because(words::short(path))
}
