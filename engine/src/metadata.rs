//! What an object says about itself in S3's metadata: what the drop was told, and what the clip tells. Headers are ASCII:
//! the rest is percent-encoded. S3 takes 2 KB in all, names and values.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::keys::Fields;
use crate::media::Media;

/// S3's 2 KB, with some room.
const MOST: usize = 2_000;
/// What one value may take.
const LONGEST: usize = 360;
/// Metadata travels in headers.
const IN_HEADERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b' ').remove(b'.').remove(b'-').remove(b'_').remove(b':');

pub(crate) type Metadata = BTreeMap<String, String>;

/// Of a file that was dropped.
pub(crate) fn of(bureau: &str, fields: &Fields, name: &str) -> Metadata {
    let mut metadata = Metadata::new();
    for (fact, value) in
        [("name", name), ("bureau", bureau), ("slug", &fields.slug), ("story", &fields.story), ("desk", &fields.desk)]
    {
        put(&mut metadata, fact, value);
    }
    metadata
}

/// With what the clip tells of itself. What the drop was told stays.
pub(crate) fn tell(metadata: &mut Metadata, media: &Media) {
    for (fact, value) in [
        ("timecode", &media.timecode),
        ("duration", &media.duration),
        ("codec", &media.codec),
        ("camera", &media.camera),
        ("slug", &media.slug),
        ("location", &media.location),
    ] {
        if let Some(value) = value {
            put(metadata, fact, value);
        }
    }
}

fn put(metadata: &mut Metadata, fact: &str, value: &str) {
    let name = format!("rushes-{fact}");
    let taken: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    let room = MOST.saturating_sub(taken + name.len()).min(LONGEST);
    let value = in_header(value.trim(), room);
    if !value.is_empty() {
        metadata.entry(name).or_insert(value);
    }
}

fn in_header(value: &str, room: usize) -> String {
    let mut encoded = String::new();
    for c in value.chars() {
        let piece = utf8_percent_encode(c.encode_utf8(&mut [0; 4]), IN_HEADERS).to_string();
        if encoded.len() + piece.len() > room {
            break;
        }
        encoded.push_str(&piece);
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_clip_tells_never_takes_the_place_of_what_was_said() {
        let fields = Fields { slug: "Market fire".into(), ..Fields::default() };
        let mut metadata = of("Nairobi", &fields, "Überflug.mxf");
        let media = Media { slug: Some("C0001".into()), timecode: Some("10:21:05;00".into()), ..Media::default() };
        tell(&mut metadata, &media);
        let said = |name: &str| metadata.get(name).map(String::as_str);
        assert_eq!(said("rushes-slug"), Some("Market fire"));
        assert_eq!(said("rushes-name"), Some("%C3%9Cberflug.mxf"));
        assert_eq!(said("rushes-timecode"), Some("10:21:05%3B00"));
        assert_eq!(said("rushes-story"), None);
    }

    #[test]
    fn it_is_two_kilobytes_at_most() {
        let long = "é".repeat(500);
        let fields = Fields { slug: long.clone(), story: long.clone(), desk: long.clone() };
        let mut metadata = of(&long, &fields, &long);
        let all = Some(long);
        let media = Media {
            timecode: all.clone(),
            duration: all.clone(),
            codec: all.clone(),
            camera: all.clone(),
            slug: all.clone(),
            location: all,
        };
        tell(&mut metadata, &media);
        let taken: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(taken <= 2_048, "{taken}");
    }
}
