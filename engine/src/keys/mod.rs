//! Object keys: what a drop is asked, keys under a plain prefix, and what any key must hold to. Pure. Key templates are in
//! `template`, what they come to in `example`, the spreading of keys over prefixes in `spread`. The other way, from hostile
//! keys to local file names, is `names`.
//!
//! Template keys are safe ASCII, since awkward characters break signed CDN addresses; the real name stands in the
//! object's metadata. Under a plain prefix names stay as they are, for scripts that look for them.

mod example;
mod spread;
mod template;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

pub use example::{KeyExample, examples};
pub use spread::Spread;
pub(crate) use spread::{behind, is_shard, shards_in};
pub use template::{Facts, Field, Template, When};

/// S3's limit for a key, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;
/// What a field may hold, in characters.
const MAX_FIELD_CHARS: usize = 120;

/// The default for a newsroom's own bucket.
pub const NEWSROOM_TEMPLATE: &str = "{bureau}/{date}/{slug}/{name}";
/// Files under their own names.
pub const PLAIN_TEMPLATE: &str = "{name}";

/// What Rushes keeps in a bucket for itself. No clip's key begins so, and no list shows what does.
pub const OWN: &str = ".rushes/";
/// Claims: this, and then the key that is claimed. The bureau comes right behind it, so that what IT lets a bureau do under
/// `BUREAU/*` it lets it do with claims under `.rushes/claims/BUREAU/*`.
pub const CLAIMS: &str = ".rushes/claims/";

/// What a drop is asked once, as far as the template needs it. Empty is skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", default)]
pub struct Fields {
    pub slug: String,
    pub story: String,
    pub desk: String,
}

/// What a clip says of itself, as far as a template may name it. Empty is skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    pub timecode: String,
    pub camera: String,
    pub codec: String,
}

impl Fields {
    pub fn checked(self) -> Result<Fields> {
        for (field, value) in [("slug", &self.slug), ("story", &self.story), ("desk", &self.desk)] {
            if value.chars().count() > MAX_FIELD_CHARS {
                return Err(Error::new(
                    Code::BadInput,
                    format!("The {field} is longer than {MAX_FIELD_CHARS} characters; shorten it."),
                ));
            }
        }
        Ok(self)
    }
}

/// The key for a file under a plain prefix: the name as it is, without what S3 or its clients take for something else.
pub fn under_prefix(prefix: &str, name: &str) -> Result<String> {
    let prefix = prefix.trim_start_matches('/');
    let clean = |s: &str| -> String { s.chars().map(|c| if c.is_control() { '_' } else { c }).collect() };
    let mut key = clean(prefix);
    if !key.is_empty() && !key.ends_with('/') {
        key.push('/');
    }
    key.push_str(&clean(name));
    checked(key)
}

fn checked(key: String) -> Result<String> {
    let bad = |sentence: &str| Err(Error::new(Code::BadInput, sentence));
    if key.len() > MAX_KEY_BYTES {
        return bad(
            "The clip's folders and name are longer together than S3 allows (1,024 bytes). Shorten a folder's name.",
        );
    }
    if is_own(&key) {
        return bad("What is under .rushes/ in a bucket is Rushes' own. Choose another folder's name.");
    }
    Ok(key)
}

/// Whether the object is no clip but something that Rushes keeps for itself.
pub fn is_own(key: &str) -> bool {
    key.starts_with(OWN)
}

/// Whether the object is no clip: what Rushes keeps for itself, and hash lists of cards, ours and other tools'.
pub fn is_kept_out(key: &str) -> bool {
    is_own(key) || is_hash_list(key)
}

/// Hash lists of ASC MHL, their chains, and the folders of such.
fn is_hash_list(key: &str) -> bool {
    key.rsplit_once('/').is_some_and(|(folder, _)| folder.rsplit('/').next() == Some("ascmhl"))
}

/// Where a key's claim stands. `None` where its name would be longer than S3 takes.
pub fn claim_of(key: &str) -> Option<String> {
    Some(format!("{CLAIMS}{key}")).filter(|claim| claim.len() <= MAX_KEY_BYTES)
}

/// The `n`th name to try for a key that is taken: `clip.mxf`, `clip-2.mxf`, `clip-3.mxf`. Where keys are spread, all of them
/// have the first one's shard.
pub fn numbered(key: &str, n: u32) -> String {
    if n < 2 {
        return key.to_owned();
    }
    let name_at = key.rfind('/').map_or(0, |i| i + 1);
    match key[name_at..].rfind('.') {
        Some(dot) if dot > 0 => {
            let dot = name_at + dot;
            format!("{}-{n}{}", &key[..dot], &key[dot..])
        }
        _ => format!("{key}-{n}"),
    }
}

fn safe_path(path: &str) -> String {
    let safe: Vec<String> = path.split('/').map(safe_segment).filter(|s| !s.is_empty()).collect();
    if safe.is_empty() { "unnamed".to_owned() } else { safe.join("/") }
}

/// Letters, digits, `.`, `_` and `-`; other scripts by their sound, spaces and the rest as `_`.
fn safe_segment(text: &str) -> String {
    let mut safe = String::new();
    for c in deunicode::deunicode(text.trim()).chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
        if c != '_' || !safe.ends_with('_') {
            safe.push(c);
        }
    }
    // A segment of dots means a folder to too many programs.
    if !safe.is_empty() && safe.chars().all(|c| c == '.') {
        return "_".repeat(safe.len());
    }
    safe
}
