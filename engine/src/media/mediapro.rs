//! `MEDIAPRO.XML`: the index of a Sony card. Of each clip it tells little; it is for clips whose own sidecar is lost.

use roxmltree::Node;

use super::xml::attribute;
use super::{Media, plain, timing};

pub(super) fn read(profile: Node<'_, '_>, stem: &str) -> Media {
    let camera = attribute(profile, &["Properties", "System"], "systemKind");
    // "PXW-Z280 ver.2.01"
    let camera = camera.and_then(|said| plain(said.split(" ver.").next().unwrap_or(&said)));
    let is_it = |node: &Node<'_, '_>| {
        let file = node.attribute("uri").and_then(|uri| uri.rsplit('/').next()).unwrap_or_default();
        node.tag_name().name() == "Material" && file.rsplit_once('.').map_or(file, |(stem, _)| stem) == stem
    };
    let Some(clip) = profile.descendants().find(is_it) else { return Media { camera, ..Media::default() } };
    let rate = clip.attribute("fps").and_then(timing::rate);
    Media {
        duration: clip.attribute("dur").zip(rate).and_then(|(count, rate)| timing::frames(count, rate)),
        codec: clip.attribute("videoType").and_then(plain),
        camera,
        ..Media::default()
    }
}
