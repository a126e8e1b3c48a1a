//! Canon's XF clips, and any other sidecar in XML: what is told under names that say what they mean.

use roxmltree::Node;

use super::{Media, camera, plain, timing};

pub(super) fn read(root: Node<'_, '_>) -> Media {
    let rate = any(root, &["EditUnit"]).and_then(|unit| timing::edit_rate(&unit));
    let rate = rate.or_else(|| any(root, &["FrameRate", "formatFps"]).and_then(|said| timing::rate(&said)));
    Media {
        timecode: any(root, &["StartTimecode", "StartTimeCode", "StartTC", "Timecode"])
            .and_then(|said| timing::timecode(&said)),
        duration: any(root, &["Duration"]).zip(rate).and_then(|(count, rate)| timing::frames(&count, rate)),
        codec: any(root, &["VideoCodec", "Codec", "VideoFormat"]),
        camera: camera(any(root, &["Manufacturer"]), any(root, &["ModelName", "Model", "CameraModel"])),
        slug: any(root, &["Slug", "UserClipName", "Title"]),
        location: any(root, &["PlaceName", "Location"]),
    }
}

/// The text of the first element that has one of these names, or its `value`.
fn any(root: Node<'_, '_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let mut named = root.descendants().filter(|node| node.is_element() && node.tag_name().name() == *name);
        named.find_map(|node| node.text().and_then(plain).or_else(|| node.attribute("value").and_then(plain)))
    })
}
