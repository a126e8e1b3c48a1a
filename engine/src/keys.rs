//! Object keys: the key template, and keys from file names. Pure. The other way, from hostile keys to local file names,
//! is `names`.
//!
//! A template is a path such as `{bureau}/{date}/{slug}/{name}`. A field left empty takes its whole segment away.
//! Template keys are safe ASCII, since awkward characters break signed CDN addresses; the real name stands in the
//! object's metadata. Under a plain prefix names stay as they are, for scripts that look for them.

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

/// S3's limit for a key, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;
/// What a field may hold, in characters.
const MAX_FIELD_CHARS: usize = 120;

/// The default for a newsroom's own bucket.
pub const NEWSROOM_TEMPLATE: &str = "{bureau}/{date}/{slug}/{name}";
/// Files under their own names.
pub const PLAIN_TEMPLATE: &str = "{name}";

/// What a drop is asked once, as far as the template needs it. Empty is skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", default)]
pub struct Fields {
    pub slug: String,
    pub story: String,
    pub desk: String,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Field {
    Bureau,
    Date,
    Slug,
    Story,
    Desk,
    Name,
}

impl Field {
    fn named(name: &str) -> Option<Field> {
        Some(match name {
            "bureau" => Field::Bureau,
            "date" => Field::Date,
            "slug" => Field::Slug,
            "story" => Field::Story,
            "desk" => Field::Desk,
            "name" => Field::Name,
            _ => return None,
        })
    }
}

enum Piece {
    Text(String),
    Field(Field),
}

/// A parsed key template: segments of pieces.
pub struct Template(Vec<Vec<Piece>>);

/// What fills a template beside the drop's own fields.
pub struct Facts<'a> {
    pub bureau: &'a str,
    /// `2026-11-22`, or the word `{date}` itself where the question is whether two drops mean the same place.
    pub date: &'a str,
    pub fields: &'a Fields,
    /// The file's path within the drop, `/` between folders.
    pub name: &'a str,
}

impl Template {
    pub fn parse(template: &str) -> Result<Template> {
        let bad = |sentence: String| Err(Error::new(Code::BadInput, sentence));
        let mut segments = Vec::new();
        for segment in template.split('/') {
            let mut pieces = Vec::new();
            let mut rest = segment;
            while let Some(open) = rest.find('{') {
                let Some(close) = rest[open..].find('}').map(|i| open + i) else {
                    return bad(format!("The key template has a {{ without its }}: {segment}"));
                };
                if open > 0 {
                    pieces.push(Piece::Text(rest[..open].to_owned()));
                }
                let name = &rest[open + 1..close];
                match Field::named(name) {
                    Some(field) => pieces.push(Piece::Field(field)),
                    None => {
                        return bad(format!(
                            "The key template knows bureau, date, slug, story, desk and name, but not {{{name}}}."
                        ));
                    }
                }
                rest = &rest[close + 1..];
            }
            if !rest.is_empty() {
                pieces.push(Piece::Text(rest.to_owned()));
            }
            if pieces.is_empty() {
                return bad("The key template may not begin or end with /, nor have two in a row.".into());
            }
            segments.push(pieces);
        }
        let ends_with_name = matches!(segments.last().and_then(|s| s.last()), Some(Piece::Field(Field::Name)));
        let names = segments.iter().flatten().filter(|p| matches!(p, Piece::Field(Field::Name))).count();
        if names != 1 || !ends_with_name {
            return bad("The key template must end with {name}, so that every clip has a key of its own.".into());
        }
        Ok(Template(segments))
    }

    /// What a drop must be asked for.
    pub fn asks(&self) -> Vec<Field> {
        let mut asked = Vec::new();
        for piece in self.0.iter().flatten() {
            if let Piece::Field(field @ (Field::Slug | Field::Story | Field::Desk)) = piece
                && !asked.contains(field)
            {
                asked.push(*field);
            }
        }
        asked
    }

    /// The key for one file. An error only where it is longer than S3 takes.
    pub fn fill(&self, facts: &Facts<'_>) -> Result<String> {
        let mut key = String::new();
        for segment in &self.0 {
            let mut filled = String::new();
            let mut hollow = true;
            for piece in segment {
                let value = match piece {
                    Piece::Text(text) => safe_segment(text),
                    Piece::Field(Field::Bureau) => safe_segment(facts.bureau),
                    Piece::Field(Field::Date) => facts.date.to_owned(),
                    Piece::Field(Field::Slug) => safe_segment(&facts.fields.slug),
                    Piece::Field(Field::Story) => safe_segment(&facts.fields.story),
                    Piece::Field(Field::Desk) => safe_segment(&facts.fields.desk),
                    Piece::Field(Field::Name) => safe_path(facts.name),
                };
                hollow &= value.is_empty() || matches!(piece, Piece::Text(_)) && segment.len() > 1;
                filled.push_str(&value);
            }
            if hollow {
                continue;
            }
            if !key.is_empty() {
                key.push('/');
            }
            key.push_str(&filled);
        }
        checked_length(key)
    }
}

impl Template {
    /// The folders that every key of a bureau begins with, whatever the drop: `Nairobi/` of `{bureau}/{date}/{name}`. Empty
    /// where the first folder is another one from drop to drop.
    pub fn prefix(&self, bureau: &str) -> String {
        let mut prefix = String::new();
        for segment in &self.0 {
            let mut folder = String::new();
            let mut hollow = true;
            for piece in segment {
                let value = match piece {
                    Piece::Text(text) => safe_segment(text),
                    Piece::Field(Field::Bureau) => safe_segment(bureau),
                    _ => return prefix,
                };
                hollow &= value.is_empty() || matches!(piece, Piece::Text(_)) && segment.len() > 1;
                folder.push_str(&value);
            }
            if !hollow {
                prefix.push_str(&folder);
                prefix.push('/');
            }
        }
        prefix
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
    checked_length(key)
}

fn checked_length(key: String) -> Result<String> {
    if key.len() > MAX_KEY_BYTES {
        return Err(Error::new(
            Code::BadInput,
            "The clip's folders and name are longer together than S3 allows (1,024 bytes). Shorten a folder's name.",
        ));
    }
    Ok(key)
}

/// The `n`th name to try for a key that is taken: `clip.mxf`, `clip-2.mxf`, `clip-3.mxf`.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, slug: &str, name: &str) -> String {
        let fields = Fields { slug: slug.into(), ..Fields::default() };
        let facts = Facts { bureau: "Nairobi", date: "2026-11-22", fields: &fields, name };
        Template::parse(template).unwrap().fill(&facts).unwrap()
    }

    fn fill_for(template: &str, bureau: &str) -> String {
        let facts = Facts { bureau, date: "2026-11-22", fields: &Fields::default(), name: "a.mxf" };
        Template::parse(template).unwrap().fill(&facts).unwrap()
    }

    #[test]
    fn a_field_left_empty_takes_its_segment_away() {
        let t = NEWSROOM_TEMPLATE;
        assert_eq!(fill(t, "Market fire", "MKR 01.mxf"), "Nairobi/2026-11-22/Market_fire/MKR_01.mxf");
        assert_eq!(fill(t, "", "MKR_01.mxf"), "Nairobi/2026-11-22/MKR_01.mxf");
        assert_eq!(fill("{date}/s-{slug}/{name}", "", "a.mp4"), "2026-11-22/a.mp4");
        assert_eq!(fill("raw/{slug}_{name}", "", "a.mp4"), "raw/_a.mp4");
    }

    #[test]
    fn template_keys_are_safe_and_folders_stay() {
        assert_eq!(fill("{name}", "", "card é/CLIP/Über clip #1.mxf"), "card_e/CLIP/Uber_clip_1.mxf");
        assert_eq!(fill("{name}", "", "../../x"), "__/__/x");
        assert_eq!(fill("{slug}/{name}", "a/b", "..."), "a_b/___");
        assert_eq!(fill("{name}", "", "новости.mp4"), "novosti.mp4");
    }

    #[test]
    fn a_template_that_cannot_tell_clips_apart_is_refused() {
        for bad in [
            "",
            "/{name}",
            "{date}/",
            "a//{name}",
            "{slug}",
            "{name}/x",
            "{who}/{name}",
            "{name}{name}",
            "{slug/{name}",
        ] {
            assert!(Template::parse(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn a_taken_key_gets_a_number_before_its_ending() {
        assert_eq!(numbered("a/b.c/clip.mxf", 1), "a/b.c/clip.mxf");
        assert_eq!(numbered("a/b.c/clip.mxf", 2), "a/b.c/clip-2.mxf");
        assert_eq!(numbered("a/b.c/clip", 3), "a/b.c/clip-3");
        assert_eq!(numbered(".hidden", 2), ".hidden-2");
    }

    #[test]
    fn what_all_keys_of_a_bureau_begin_with_is_whole_folders() {
        let prefix = |template: &str, bureau: &str| Template::parse(template).unwrap().prefix(bureau);
        assert_eq!(prefix(NEWSROOM_TEMPLATE, "São Paulo"), "Sao_Paulo/");
        assert_eq!(prefix("raw/{bureau}/{name}", "Nairobi"), "raw/Nairobi/");
        assert_eq!(prefix("raw/{date}/{bureau}/{name}", "Nairobi"), "raw/");
        assert_eq!(prefix("office-{bureau}/{name}", "Nairobi"), "office-Nairobi/");
        // Whoever begins with Nairobi-2 would be in it.
        assert_eq!(prefix("{bureau}-{date}/{name}", "Nairobi"), "");
        assert_eq!(prefix("{bureau}/raw/{name}", ""), "raw/");
        assert_eq!(prefix(PLAIN_TEMPLATE, "Nairobi"), "");
        for awkward in ["*", "a?b", "${aws:username}", "../..", "Нью-Йорк", "x/*"] {
            let prefix = prefix(NEWSROOM_TEMPLATE, awkward);
            let key = fill_for("{bureau}/{name}", awkward);
            assert!(key.starts_with(&prefix) && !prefix.contains(['*', '?', '$']), "{awkward}: {prefix}, {key}");
        }
    }

    #[test]
    fn a_prefix_keeps_names_verbatim() {
        assert_eq!(under_prefix("", "é <b>.mp4").unwrap(), "é <b>.mp4");
        assert_eq!(under_prefix("/in", "a/b.mp4").unwrap(), "in/a/b.mp4");
        assert_eq!(under_prefix("in/", "a\n.mp4").unwrap(), "in/a_.mp4");
        assert!(under_prefix("", &"x".repeat(1025)).is_err());
    }
}
