//! What a request may hold: how many, how long, and no characters that mean something to a terminal or a header. Whoever
//! asks may be a page gone wrong, or a script. Pure; what a request *means* is checked where it is carried out.

use serde_json::Value;

use crate::api::{AddFiles, FetchClips, FootageQuery, ObjectInReceipt, WatchFolder};
use crate::error::{Code, Error, Result};
use crate::keys::{Fields, MAX_KEY_BYTES};
use crate::limit::{LEAST, LimitSettings};
use crate::profile::Profile;
use crate::transfer::TransferId;

/// Of files, clips or transfers at once.
const MOST: usize = 200_000;
/// Of a path: what Windows takes at most, in bytes of UTF-8.
const LONGEST_PATH: usize = 3 * 32_767;
/// Of a setting, and of what is searched for.
const LONGEST_TEXT: usize = 2_048;
/// Of a newsroom's name, in bytes: 80 characters, and what names its second bucket.
const LONGEST_NAME: usize = 400;
/// Such as 18:00.
const LONGEST_TIME: usize = 40;
const MOST_NETWORKS: usize = 64;
/// Of what is asked about at once.
const MOST_OBJECTS: usize = 1_000;
/// Of a watch folder, in each of its lists together.
const MOST_GLOBS: usize = 200;
/// A day, in seconds.
const MOST_QUIET: u32 = 86_400;

fn bad<T>(sentence: &str) -> Result<T> {
    Err(Error::new(Code::BadInput, sentence))
}

pub(crate) fn ids(ids: &[TransferId]) -> Result<()> {
    if ids.len() > MOST {
        return bad("That is more than 200,000 transfers. Choose fewer.");
    }
    Ok(())
}

pub(crate) fn name(name: Option<&String>) -> Result<()> {
    if name.is_some_and(|name| name.len() > LONGEST_NAME) {
        return bad("That is not a newsroom's name.");
    }
    Ok(())
}

pub(crate) fn time(by: Option<&String>) -> Result<()> {
    if by.is_some_and(|by| by.len() > LONGEST_TIME || by.chars().any(char::is_control)) {
        return bad("That is not a time of day. Say it as 18:00.");
    }
    Ok(())
}

pub(crate) fn key(key: &str) -> Result<()> {
    if key.len() > MAX_KEY_BYTES {
        return bad("That is longer than a key can be.");
    }
    Ok(())
}

/// Of a receipt that somebody has.
pub(crate) fn objects(objects: &[ObjectInReceipt]) -> Result<()> {
    if objects.len() > MOST_OBJECTS {
        return bad("That is more than 1,000 objects at once.");
    }
    objects.iter().try_for_each(|object| {
        key(&object.key)?;
        let texts = [Some(&object.bucket), object.version.as_ref(), object.etag.as_ref()];
        if object.key.is_empty() || texts.into_iter().flatten().any(|text| typed(text).is_err()) {
            return bad("That is not an object of a bucket.");
        }
        Ok(())
    })
}

fn path(path: &str) -> Result<()> {
    if path.len() > LONGEST_PATH || path.contains('\0') {
        return bad("That is not a path.");
    }
    Ok(())
}

fn fields(fields: &Fields) -> Result<()> {
    if [&fields.slug, &fields.story, &fields.desk].into_iter().any(|value| value.chars().any(char::is_control)) {
        return bad("Slug, story and desk are each one line of text.");
    }
    Ok(())
}

pub(crate) fn add_files(request: &AddFiles) -> Result<()> {
    if request.paths.len() > MOST {
        return bad("That is more than 200,000 files. Drop a smaller folder.");
    }
    name(request.profile.as_ref())?;
    time(request.hurry.by.as_ref())?;
    request.paths.iter().try_for_each(|one| path(one))?;
    match &request.place {
        crate::api::Place::Template { fields: given } => fields(given),
        crate::api::Place::Prefix { prefix } => key(prefix),
    }
}

pub(crate) fn fetch_clips(request: &FetchClips) -> Result<()> {
    if request.keys.len() > MOST {
        return bad("That is more than 200,000 clips. Choose fewer.");
    }
    name(request.profile.as_ref())?;
    request.into.iter().try_for_each(|into| path(into))?;
    request.keys.iter().try_for_each(|one| key(one))
}

pub(crate) fn query(query: &FootageQuery) -> Result<()> {
    if query.text.len() > LONGEST_TEXT {
        return bad("That is too long to search for.");
    }
    Ok(())
}

pub(crate) fn watch(folder: &WatchFolder) -> Result<()> {
    name(Some(&folder.profile))?;
    path(&folder.path)?;
    fields(&folder.fields)?;
    let globs = || folder.only.iter().chain(&folder.except);
    if globs().count() > MOST_GLOBS {
        return bad("That is more than 200 patterns. Use fewer, wider ones.");
    }
    if globs().any(|glob| glob.is_empty() || glob.len() > LONGEST_TEXT || glob.chars().any(char::is_control)) {
        return bad("A pattern is empty, too long, or more than one line.");
    }
    if folder.limit.is_some_and(|limit| limit < LEAST) {
        return bad("A limit must leave at least 0.1 Mb/s; stop watching the folder to send nothing.");
    }
    if folder.quiet_seconds.is_some_and(|seconds| !(1..=MOST_QUIET).contains(&seconds)) {
        return bad("A file can be waited for from 1 second to a day.");
    }
    if folder.key_template.as_ref().is_some_and(|template| template.len() > LONGEST_TEXT) {
        return bad("That is too long for a key template.");
    }
    Ok(())
}

pub(crate) fn limits(settings: &LimitSettings) -> Result<()> {
    if settings.uplinks.len() > MOST_NETWORKS || settings.metered.len() > MOST_NETWORKS {
        return bad("That is more than 64 networks.");
    }
    Ok(())
}

/// Every text of it, whatever a profile may come to hold.
pub(crate) fn profile(profile: &Profile) -> Result<()> {
    fn is_plain(value: &Value) -> bool {
        match value {
            Value::String(text) => text.len() <= LONGEST_TEXT && !text.chars().any(char::is_control),
            Value::Array(all) => all.len() <= MOST_NETWORKS && all.iter().all(is_plain),
            Value::Object(all) => all.values().all(is_plain),
            _ => true,
        }
    }
    if !is_plain(&serde_json::to_value(profile).map_err(Error::internal)?) {
        return bad("A field of this newsroom is too long, or more than one line.");
    }
    Ok(())
}

/// What somebody types or pastes to sign in.
pub(crate) fn typed(text: &str) -> Result<()> {
    if text.len() > LONGEST_TEXT || text.chars().any(char::is_control) {
        return bad("That is too long, or more than one line.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Hurry, Place};
    use crate::profile::Routes;

    fn added(paths: Vec<String>, place: Place, by: Option<&str>) -> Result<()> {
        let hurry = Hurry { breaking: false, by: by.map(str::to_owned) };
        add_files(&AddFiles { profile: None, paths, place, hurry, growing: false })
    }

    #[test]
    fn what_nobody_would_send_is_refused_before_anything_is_looked_at() {
        let none = || Place::Prefix { prefix: String::new() };
        let slug = |slug: &str| Place::Template { fields: Fields { slug: slug.into(), ..Fields::default() } };
        assert!(added(vec!["/a/ü\u{1f3a5}.mxf".into()], slug("Market fire"), Some("18:00")).is_ok());
        for refused in [
            added(vec!["/a".into(); MOST + 1], none(), None),
            added(vec!["/".repeat(LONGEST_PATH + 1)], none(), None),
            added(vec!["/a\0b".into()], none(), None),
            added(vec![], Place::Prefix { prefix: "x".repeat(1025) }, None),
            added(vec![], slug("a\r\nx-amz-acl: public-read"), None),
            added(vec![], none(), Some("18:00\n")),
            added(vec![], none(), Some(&"1".repeat(41))),
            ids(&vec![1; MOST + 1]),
            key(&"k".repeat(1025)),
            name(Some(&"n".repeat(401))),
            query(&FootageQuery { text: "x".repeat(3000), ..FootageQuery::default() }),
            fetch_clips(&FetchClips { profile: None, keys: vec!["k".repeat(2000)], into: None }),
        ] {
            assert_eq!(refused.unwrap_err().code, Code::BadInput);
        }
    }

    #[test]
    fn no_text_of_a_newsroom_is_a_novel_or_more_than_a_line() {
        let good = Profile::example();
        assert!(profile(&good).is_ok());
        assert!(profile(&Profile { bureau: "x".repeat(3000), ..good.clone() }).is_err());
        assert!(profile(&Profile { key_template: "a\n{name}".into(), ..good.clone() }).is_err());
        let routes = Routes { private_link: Some("https://x/\u{7f}".into()), ..Routes::default() };
        assert!(profile(&Profile { routes, ..good }).is_err());
    }
}
