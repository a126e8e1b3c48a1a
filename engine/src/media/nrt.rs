//! Sony's non-real-time metadata: `C0001M01.XML` of XDCAM and of its cameras that write MP4.

use roxmltree::Node;

use super::xml::{at, attribute, find, text};
use super::{Media, camera, plain, timing};

/// What planning and news systems call the story, in elements of their own.
const SLUGS: [&str; 4] = ["Slug", "SlugLine", "slug", "Headline"];
const PLACES: [&str; 4] = ["Location", "PlaceName", "ShootingLocation", "location"];

pub(super) fn read(meta: Node<'_, '_>) -> Media {
    let frame = |name: &str| attribute(meta, &["VideoFormat", "VideoFrame"], name);
    let rate = frame("formatFps").or_else(|| frame("captureFps")).and_then(|said| timing::rate(&said));
    let duration =
        attribute(meta, &["Duration"], "value").zip(rate).and_then(|(count, rate)| timing::frames(&count, rate));
    let device = |name: &str| attribute(meta, &["Device"], name);
    Media {
        timecode: first_timecode(meta),
        duration,
        codec: frame("videoCodec"),
        camera: camera(device("manufacturer"), device("modelName")),
        slug: SLUGS.iter().find_map(|name| said(meta, name)).or_else(|| title(meta)),
        location: PLACES.iter().find_map(|name| said(meta, name)).or_else(|| position(meta)),
    }
}

fn first_timecode(meta: Node<'_, '_>) -> Option<String> {
    let table = find(meta, "LtcChangeTable")?;
    let first = table.descendants().find(|change| change.attribute("frameCount").map(str::trim) == Some("0"))?;
    timing::smpte(first.attribute("value")?)
}

/// As the element's text, or in its attribute.
fn said(meta: Node<'_, '_>, name: &str) -> Option<String> {
    text(meta, &[name]).or_else(|| attribute(meta, &[name], "value"))
}

fn title(meta: Node<'_, '_>) -> Option<String> {
    let title = at(meta, &["Title"])?;
    let given = ["international", "usAscii", "value"].iter().find_map(|name| title.attribute(*name)).or(title.text());
    plain(given?)
}

/// Where the camera has a receiver.
fn position(meta: Node<'_, '_>) -> Option<String> {
    let item = |name: &str| {
        let is_it = |node: &Node<'_, '_>| node.tag_name().name() == "Item" && node.attribute("name") == Some(name);
        plain(meta.descendants().find(is_it)?.attribute("value")?)
    };
    let side = |name: &str| item(name).unwrap_or_default();
    let (latitude, longitude) = (item("Latitude")?, item("Longitude")?);
    plain(&format!("{latitude}{} {longitude}{}", side("LatitudeRef"), side("LongitudeRef")))
}
