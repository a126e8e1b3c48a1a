//! Key templates: a path such as `{bureau}/{date}/{slug}/{name}`, checked as it is typed and filled for each file. Pure.
//! A field left empty takes its whole segment away.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::{Fields, Recorded, Spread, checked, safe_path, safe_segment};
use crate::error::{Code, Error, Result};

const MAX_TEMPLATE_CHARS: usize = 300;

/// What a template may name. Who sends a clip is not among it: a computer knows the name of an account, which on most is
/// not the name of anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum Field {
    Bureau,
    /// When the drop was made, where the computer is: `2026-11-22`, its year, month and day, `1942` and `19`.
    Date,
    Year,
    Month,
    Day,
    Time,
    Hour,
    Slug,
    Story,
    Desk,
    /// What the clip says of itself, or its sidecars: of a card, its first clip for all of it.
    Timecode,
    Camera,
    Codec,
    Name,
}

const FIELDS: [(&str, Field); 14] = [
    ("bureau", Field::Bureau),
    ("date", Field::Date),
    ("year", Field::Year),
    ("month", Field::Month),
    ("day", Field::Day),
    ("time", Field::Time),
    ("hour", Field::Hour),
    ("slug", Field::Slug),
    ("story", Field::Story),
    ("desk", Field::Desk),
    ("timecode", Field::Timecode),
    ("camera", Field::Camera),
    ("codec", Field::Codec),
    ("name", Field::Name),
];

#[derive(Debug)]
enum Piece {
    Text(String),
    Field(Field),
}

/// A parsed key template: segments of pieces, and where keys are spread.
#[derive(Debug)]
pub struct Template {
    segments: Vec<Vec<Piece>>,
    spread: Option<Spread>,
}

/// When a drop was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    At(DateTime),
    /// Left open, where the question is whether two drops mean the same place.
    Open,
}

/// What fills a template beside the drop's own fields.
pub struct Facts<'a> {
    pub bureau: &'a str,
    pub when: When,
    pub fields: &'a Fields,
    pub recorded: &'a Recorded,
    /// The file's path within the drop, `/` between folders.
    pub name: &'a str,
}

fn bad<T>(sentence: impl Into<String>) -> Result<T> {
    Err(Error::new(Code::BadInput, sentence))
}

impl Template {
    pub fn parse(template: &str) -> Result<Template> {
        if template.chars().count() > MAX_TEMPLATE_CHARS {
            return bad(format!("The key template is longer than {MAX_TEMPLATE_CHARS} characters; shorten it."));
        }
        let mut segments = Vec::new();
        let mut spread = None;
        for segment in template.split('/') {
            if let Some(over) = spread_of(segment)? {
                let spread = spread.replace(Spread { over, depth: segments.len() });
                if spread.is_some() {
                    return bad("The key template may spread keys once only; take one {spread:…} away.");
                }
                continue;
            }
            let pieces = pieces(segment)?;
            if pieces.is_empty() {
                return bad("The key template may not begin or end with /, nor have two in a row.");
            }
            segments.push(pieces);
        }
        let ends_with_name = matches!(segments.last().and_then(|s| s.last()), Some(Piece::Field(Field::Name)));
        let names = segments.iter().flatten().filter(|p| matches!(p, Piece::Field(Field::Name))).count();
        let is_last = spread.is_some_and(|spread| spread.depth == segments.len());
        if names != 1 || !ends_with_name || is_last {
            return bad("The key template must end with {name}, so that every clip has a key of its own.");
        }
        let template = Template { segments, spread };
        template.check_spread()?;
        Ok(template)
    }

    /// The bureau's folder is what IT's policies and alerts go by: it comes first, and is the same for all of its clips.
    fn check_spread(&self) -> Result<()> {
        let Some(spread) = self.spread else { return Ok(()) };
        let Some((Some([Piece::Field(Field::Bureau)]), before)) =
            self.segments[..spread.depth].split_last().map(|(last, before)| (Some(last.as_slice()), before))
        else {
            return bad(format!(
                "{{spread:{0}}} must come right after {{bureau}}: {{bureau}}/{{spread:{0}}}/…",
                spread.over
            ));
        };
        let is_fixed =
            |segment: &Vec<Piece>| matches!(segment.as_slice(), [Piece::Text(text)] if !safe_segment(text).is_empty());
        if !before.iter().all(is_fixed) {
            return bad(format!(
                "Before {{bureau}}/{{spread:{}}} only plain words may stand, so that a bureau has one folder.",
                spread.over
            ));
        }
        Ok(())
    }

    /// How it spreads keys over prefixes, if it does.
    pub fn spread(&self) -> Option<Spread> {
        self.spread
    }

    /// The folders that every key of a bureau begins with, whatever the drop: `Nairobi/` of `{bureau}/{date}/{name}`. Empty
    /// where the first folder is another one from drop to drop.
    pub fn prefix(&self, bureau: &str) -> String {
        let mut prefix = String::new();
        for (depth, segment) in self.segments.iter().enumerate() {
            if self.spread.is_some_and(|spread| spread.depth == depth) {
                return prefix;
            }
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

    /// What a drop must be asked for.
    pub fn asks(&self) -> Vec<Field> {
        let mut asked = Vec::new();
        for piece in self.segments.iter().flatten() {
            if let Piece::Field(field @ (Field::Slug | Field::Story | Field::Desk)) = piece
                && !asked.contains(field)
            {
                asked.push(*field);
            }
        }
        asked
    }

    /// Whether a clip must be looked into before it has a key.
    pub fn reads_clips(&self) -> bool {
        self.names(|field| matches!(field, Field::Timecode | Field::Camera | Field::Codec))
    }

    /// Whether a slug has its place in the key.
    pub fn has_slug(&self) -> bool {
        self.names(|field| field == Field::Slug)
    }

    fn names(&self, is: impl Fn(Field) -> bool) -> bool {
        self.segments.iter().flatten().any(|piece| matches!(piece, Piece::Field(field) if is(*field)))
    }

    /// Whether it has a place for the bureau and the bureau has a name: what is spread needs both.
    pub fn check_bureau(&self, bureau: &str) -> Result<()> {
        if self.spread.is_some() && safe_segment(bureau).is_empty() {
            return bad("{spread:…} comes after the bureau's folder: give the newsroom a bureau.");
        }
        Ok(())
    }

    /// The key for one file. An error only where it is longer than S3 takes, or where there is no bureau to spread under.
    pub fn fill(&self, facts: &Facts<'_>) -> Result<String> {
        let Some(spread) = self.spread else { return checked(filled(&self.segments, facts)) };
        self.check_bureau(facts.bureau)?;
        let (head, rest) = self.segments.split_at(spread.depth);
        let (head, rest) = (filled(head, facts), filled(rest, facts));
        checked(format!("{head}/{}/{rest}", spread.shard(&rest)))
    }
}

/// `{spread:16}`: a segment of its own.
fn spread_of(segment: &str) -> Result<Option<u32>> {
    if !segment.contains("{spread}") && !segment.contains("{spread:") {
        return Ok(None);
    }
    let Some(number) = segment.strip_prefix("{spread").and_then(|rest| rest.strip_suffix('}')) else {
        return bad("{spread:16} must be a folder of its own: {bureau}/{spread:16}/…");
    };
    let number = number.strip_prefix(':').and_then(|number| number.parse().ok());
    match number {
        Some(over @ Spread::FEWEST..=Spread::MOST) => Ok(Some(over)),
        _ => bad(format!(
            "Say over how many folders keys are spread, {} to {}, such as {{spread:16}}.",
            Spread::FEWEST,
            Spread::MOST
        )),
    }
}

fn pieces(segment: &str) -> Result<Vec<Piece>> {
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
        let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = FIELDS.iter().map(|(known, _)| *known).collect();
            return bad(format!("The key template knows {} and spread, but not {{{name}}}.", known.join(", ")));
        };
        pieces.push(Piece::Field(*field));
        rest = &rest[close + 1..];
    }
    if rest.contains('}') {
        return bad(format!("The key template has a }} without its {{: {segment}"));
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

fn filled(segments: &[Vec<Piece>], facts: &Facts<'_>) -> String {
    let mut key = String::new();
    for segment in segments {
        let mut filled = String::new();
        let mut hollow = true;
        for piece in segment {
            let value = match piece {
                Piece::Text(text) => safe_segment(text),
                Piece::Field(field) => value(*field, facts),
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
    key
}

fn value(field: Field, facts: &Facts<'_>) -> String {
    let when = |format: &str| match facts.when {
        When::At(at) => at.strftime(format).to_string(),
        When::Open => {
            let named = FIELDS.iter().find(|(_, known)| *known == field).map_or("", |(name, _)| *name);
            format!("{{{named}}}")
        }
    };
    match field {
        Field::Bureau => safe_segment(facts.bureau),
        Field::Date => when("%Y-%m-%d"),
        Field::Year => when("%Y"),
        Field::Month => when("%m"),
        Field::Day => when("%d"),
        Field::Time => when("%H%M"),
        Field::Hour => when("%H"),
        Field::Slug => safe_segment(&facts.fields.slug),
        Field::Story => safe_segment(&facts.fields.story),
        Field::Desk => safe_segment(&facts.fields.desk),
        Field::Timecode => safe_segment(&facts.recorded.timecode),
        Field::Camera => safe_segment(&facts.recorded.camera),
        Field::Codec => safe_segment(&facts.recorded.codec),
        Field::Name => safe_path(facts.name),
    }
}
