//! A sidecar or ffprobe's answer, with any bytes: for `crate::outside`.

use super::{LONGEST, Media, parse, probe, timing};

/// Whatever it says: bounded, one line, and times that are times.
pub(crate) fn take(bytes: &[u8]) {
    check(parse(&String::from_utf8_lossy(bytes), "C0001"));
    check(probe::read(bytes));
    let _ = probe::begins_as_container(bytes);
}

fn check(media: Media) {
    let Media { timecode, duration, codec, camera, slug, location } = media;
    for value in [&timecode, &duration, &codec, &camera, &slug, &location].into_iter().flatten() {
        assert!(!value.trim().is_empty() && value.chars().count() <= LONGEST, "{value:?}");
        assert!(!value.chars().any(char::is_control), "{value:?}");
    }
    assert!(timecode.is_none_or(|said| timing::timecode(&said).is_some()));
    assert!(duration.is_none_or(|said| said.parse::<f64>().is_ok_and(|said| said >= 0.0)));
}
