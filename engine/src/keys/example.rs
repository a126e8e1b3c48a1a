//! What a key template comes to, shown while it is typed. Pure: the same parsing and filling as of real drops.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::{Facts, Field, Fields, Recorded, Template, When};
use crate::error::Result;

const NAME: &str = "MKR_fire_01.mxf";
const AWKWARD: &str = "Überflug Hafen #2 (neu).mp4";

/// Where one clip would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct KeyExample {
    /// What it is an example of, in a few words.
    pub what: String,
    pub key: String,
}

/// A few keys that the template makes, or why it cannot be one.
pub fn examples(template: &str, bureau: &str, now: DateTime) -> Result<Vec<KeyExample>> {
    let template = Template::parse(template)?;
    template.check_bureau(bureau)?;
    let given = Fields { slug: "Market fire".into(), story: "Election".into(), desk: "World".into() };
    let none = Fields::default();
    let told = Recorded { timecode: "10:21:05:00".into(), camera: "Sony PXW-Z280".into(), codec: "h264 High".into() };
    let of = |what: String, fields: &Fields, recorded: &Recorded, name: &str| -> Result<KeyExample> {
        let key = template.fill(&Facts { bureau, when: When::At(now), fields, recorded, name })?;
        Ok(KeyExample { what, key })
    };
    let example = |what: String, fields: &Fields, name: &str| of(what, fields, &told, name);
    let asked: Vec<&str> = template.asks().iter().map(|field| word(*field)).collect();
    let mut examples = Vec::new();
    if asked.is_empty() {
        examples.push(example("A clip".into(), &none, NAME)?);
    } else {
        examples.push(example(format!("With {}", asked.join(" and ")), &given, NAME)?);
        examples.push(example(format!("{} left empty", capital(&asked.join(" and "))), &none, NAME)?);
    }
    if template.reads_clips() {
        examples.push(of("A clip that tells nothing of itself".into(), &given, &Recorded::default(), NAME)?);
    }
    examples.push(example(AWKWARD.to_owned(), &given, AWKWARD)?);
    Ok(examples)
}

fn word(field: Field) -> &'static str {
    match field {
        Field::Slug => "slug",
        Field::Story => "story",
        _ => "desk",
    }
}

fn capital(words: &str) -> String {
    let (first, rest) = words.split_at(words.len().min(1));
    first.to_uppercase() + rest
}
