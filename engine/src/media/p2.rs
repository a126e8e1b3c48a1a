//! Panasonic P2: `CONTENTS/CLIP/*.XML`, urn:schemas-Professional-Plug-in:P2:ClipMetadata of any version.

use roxmltree::Node;

use super::xml::{find, text};
use super::{Media, camera, timing};

pub(super) fn read(main: Node<'_, '_>) -> Media {
    let content = find(main, "ClipContent").unwrap_or(main);
    let about = find(content, "ClipMetadata").unwrap_or(main);
    let rate = text(content, &["EditUnit"]).and_then(|unit| timing::edit_rate(&unit));
    let duration = text(content, &["Duration"]).zip(rate).and_then(|(count, rate)| timing::frames(&count, rate));
    Media {
        timecode: text(content, &["Video", "StartTimecode"]).and_then(|said| timing::timecode(&said)),
        duration,
        codec: text(content, &["Video", "Codec"]),
        camera: camera(text(about, &["Device", "Manufacturer"]), text(about, &["Device", "ModelName"])),
        // What the desk or the reporter wrote; a clip's own name is one only where somebody gave it.
        slug: text(about, &["News", "Object"])
            .or_else(|| text(about, &["Scenario", "ProgramName"]))
            .or_else(|| text(about, &["Story"]))
            .or_else(|| given_name(content, about)),
        location: text(about, &["Location", "PlaceName"]).or_else(|| {
            let (latitude, longitude) =
                (text(about, &["Location", "Latitude"])?, text(about, &["Location", "Longitude"])?);
            super::plain(&format!("{latitude} {longitude}"))
        }),
    }
}

/// By itself the camera repeats the clip's name or its number.
fn given_name(content: Node<'_, '_>, about: Node<'_, '_>) -> Option<String> {
    let name = text(about, &["UserClipName"])?;
    let own = [text(content, &["ClipName"]), text(content, &["GlobalClipID"])];
    (!own.into_iter().flatten().any(|own| own == name)).then_some(name)
}
