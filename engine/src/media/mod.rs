//! What a clip says of itself: start timecode, duration, codec, camera, slug and place, from the sidecars that the camera
//! wrote beside it and from the container. All of it is hostile text of bounded length. Sidecars come first: they hold the
//! camera's own words. Which files to ask is told by names (`beside`), and no file is opened that is not one of ours.

mod beside;
mod canon;
mod mediapro;
mod nrt;
pub(crate) mod outside;
mod p2;
mod probe;
#[cfg(test)]
mod tests;
mod timing;
mod xml;

use std::path::{Path, PathBuf};

use tokio::sync::Semaphore;

pub(crate) use beside::{beside, may_be_media};

/// What is kept of a value, in characters.
const LONGEST: usize = 120;
/// So many clips are looked into at once: a disk that is read by the uploads must not be kept busy by this.
static AT_ONCE: Semaphore = Semaphore::const_new(3);

/// What is known of a clip. Absent is what nobody told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Media {
    /// `10:21:05:00`, with `;` before the frames where it drops frames.
    pub timecode: Option<String>,
    /// Seconds, to the thousandth.
    pub duration: Option<String>,
    pub codec: Option<String>,
    pub camera: Option<String>,
    pub slug: Option<String>,
    pub location: Option<String>,
}

impl Media {
    /// What is missing here is taken from there.
    fn or(self, other: Media) -> Media {
        Media {
            timecode: self.timecode.or(other.timecode),
            duration: self.duration.or(other.duration),
            codec: self.codec.or(other.codec),
            camera: self.camera.or(other.camera),
            slug: self.slug.or(other.slug),
            location: self.location.or(other.location),
        }
    }

    /// The container could add something.
    fn lacks(&self) -> bool {
        self.timecode.is_none() || self.duration.is_none() || self.codec.is_none() || self.camera.is_none()
    }
}

/// What the sidecars say, and of what they leave open the container. Costs nothing where the file is no media.
pub(crate) async fn read(path: &Path, sidecars: &[PathBuf]) -> Media {
    let Ok(_turn) = AT_ONCE.acquire().await else { return Media::default() };
    let said = of_sidecars(path, sidecars).await;
    if said.lacks() { said.or(probe::probe(path).await) } else { said }
}

/// Only what the sidecars say: a few small files, for whoever is in a hurry.
pub(crate) async fn of_sidecars(path: &Path, sidecars: &[PathBuf]) -> Media {
    let (path, sidecars) = (path.to_owned(), sidecars.to_vec());
    // A panic would be a bug of ours; the clip goes up all the same.
    tokio::task::spawn_blocking(move || {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let texts = sidecars.iter().filter_map(|sidecar| xml::text_of(sidecar));
        texts.fold(Media::default(), |known, text| known.or(parse(&text, &stem)))
    })
    .await
    .unwrap_or_default()
}

/// A sidecar of any maker, about the clip of this name.
fn parse(text: &str, stem: &str) -> Media {
    let Some(document) = xml::parse(text) else { return Media::default() };
    let root = document.root_element();
    let said = match root.tag_name().name() {
        "P2Main" => p2::read(root),
        "NonRealTimeMeta" => nrt::read(root),
        "MediaProfile" => mediapro::read(root, stem),
        _ => canon::read(root),
    };
    // A camera calls each clip something; that is no slug.
    let slug = said.slug.filter(|slug| !slug.eq_ignore_ascii_case(stem));
    Media { slug, ..said }
}

/// A value as it may be shown and kept: no control characters, not too long, not empty.
fn plain(value: &str) -> Option<String> {
    let kept: String = value.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// Maker and model, the maker named once.
fn camera(maker: Option<String>, model: Option<String>) -> Option<String> {
    match (maker, model) {
        (Some(maker), Some(model)) if model.to_lowercase().starts_with(&maker.to_lowercase()) => Some(model),
        (Some(maker), Some(model)) => plain(&format!("{maker} {model}")),
        (maker, model) => model.or(maker),
    }
}
