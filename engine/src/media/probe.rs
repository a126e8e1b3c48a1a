//! The container, read by ffprobe: see docs/adr/0015. In a process of its own, with nothing but this file to open, little
//! time and a bound on what it may answer. Absent or failing, the clip goes up without what it would have said.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::{Media, camera, plain, timing};

/// A clip on a slow card is open in a second; what takes longer is not worth the wait.
const PATIENCE: Duration = Duration::from_secs(6);
const MOST_ANSWER: u64 = 256 * 1024;
/// Containers, by ffmpeg's names: none that names other files or addresses.
const FORMATS: &str = "mxf,mov,mp4,mpegts,mpeg,wav,matroska,avi,dv";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Probed {
    format: Part,
    streams: Vec<Part>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    codec_type: String,
    codec_name: Option<String>,
    profile: Option<String>,
    duration: Option<String>,
    tags: BTreeMap<String, String>,
}

pub(super) async fn probe(path: &Path) -> Media {
    let known = path.to_owned();
    if !tokio::task::spawn_blocking(move || is_container(&known)).await.unwrap_or(false) {
        return Media::default();
    }
    match tokio::time::timeout(PATIENCE, ask(path)).await {
        Ok(Ok(answer)) => read(&answer),
        Ok(Err(error)) => {
            tracing::debug!(error = ?error.kind(), "ffprobe did not answer");
            Media::default()
        }
        Err(_) => {
            tracing::debug!("ffprobe took too long");
            Media::default()
        }
    }
}

/// Bytes that mean nothing cost no process.
fn is_container(path: &Path) -> bool {
    let mut first = [0; 512];
    let read = File::open(path).and_then(|mut file| file.read(&mut first)).unwrap_or(0);
    begins_as_container(&first[..read])
}

pub(super) fn begins_as_container(first: &[u8]) -> bool {
    let at = |offset: usize, mark: &[u8]| first.get(offset..offset + mark.len()) == Some(mark);
    let boxes: [&[u8; 4]; 6] = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"];
    let is_stream =
        |offset: usize, step: usize| first.len() > offset + step && at(offset, b"G") && at(offset + step, b"G");
    at(0, &[0x06, 0x0e, 0x2b, 0x34])
        || boxes.iter().any(|name| at(4, *name))
        || is_stream(0, 188)
        || is_stream(4, 192)
        || at(0, b"RIFF")
        || at(0, b"RF64")
        || at(0, &[0x1a, 0x45, 0xdf, 0xa3])
        || at(0, &[0, 0, 1, 0xba])
        || at(0, &[0x1f, 0x07, 0x00])
}

async fn ask(path: &Path) -> std::io::Result<Vec<u8>> {
    // With `file:` before it no name is an option or an address.
    let mut file = std::ffi::OsString::from("file:");
    file.push(path);
    let mut command = Command::new("ffprobe");
    command
        .args(["-v", "quiet", "-protocol_whitelist", "file", "-format_whitelist", FORMATS])
        .args(["-probesize", "8000000", "-analyzeduration", "3000000"])
        .args(["-of", "json", "-show_format", "-show_streams", "-i"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    #[cfg(windows)]
    command.creation_flags(0x0800_0000); // no console window
    let mut child = command.spawn()?;
    let mut answer = Vec::new();
    if let Some(out) = child.stdout.take() {
        out.take(MOST_ANSWER).read_to_end(&mut answer).await?;
    }
    // Closed ears end it, where it has more to say.
    child.wait().await?;
    Ok(answer)
}

/// What ffprobe answered. Its values are the file's, and as hostile.
pub(super) fn read(answer: &[u8]) -> Media {
    let Ok(Probed { format, streams }) = serde_json::from_slice::<Probed>(answer) else { return Media::default() };
    let of = |kind: &str| streams.iter().find(|stream| stream.codec_type == kind);
    let main = of("video").or_else(|| of("audio"));
    let parts = || std::iter::once(&format).chain(&streams);
    let tag = |names: &[&str]| {
        parts()
            .flat_map(|part| names.iter().map(move |name| (part, *name)))
            .find_map(|(part, name)| plain(part.tags.get(name)?))
    };
    let duration = format.duration.as_ref().or_else(|| main?.duration.as_ref());
    // A container that ffmpeg wrote names ffmpeg, which is no camera.
    let maker = tag(&["com.apple.quicktime.make", "make", "company_name"]);
    let model = tag(&["com.apple.quicktime.model", "model", "product_name"]);
    let by_camera = ![&maker, &model].into_iter().flatten().any(|name| is_software(name));
    Media {
        timecode: tag(&["timecode"]).and_then(|said| timing::timecode(&said)),
        duration: duration.and_then(|said| timing::seconds(said.parse().ok()?)),
        codec: main.and_then(|stream| {
            let name = stream.codec_name.as_ref()?;
            let profile = stream.profile.as_ref().filter(|profile| !matches!(profile.as_str(), "unknown" | "-1"));
            plain(&profile.map_or_else(|| name.clone(), |profile| format!("{name} {profile}")))
        }),
        camera: camera(maker, model).filter(|_| by_camera),
        slug: None,
        location: tag(&["com.apple.quicktime.location.ISO6709", "location"]),
    }
}

fn is_software(name: &str) -> bool {
    let name = name.to_lowercase();
    ["ffmpeg", "lavf", "libav", "gstreamer"].iter().any(|one| name.contains(one))
}
