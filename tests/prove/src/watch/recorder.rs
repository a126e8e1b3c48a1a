//! ffmpeg as a recorder: footage like a camera's, written in real time into each of the containers.
//! May not live here: what must come of it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use rushes_rig::footage;

/// A container, how ffmpeg is asked for it, and the sound that it takes.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub name: &'static str,
    pub ending: &'static str,
    arguments: &'static [&'static str],
    sound: &'static str,
    /// It moves everything within the file at its end.
    pub shifts: bool,
}

pub const KINDS: [Kind; 5] = [
    Kind { name: "MXF OP1a", ending: "mxf", arguments: &["-f", "mxf"], sound: "pcm_s16le", shifts: false },
    Kind { name: "MPEG-TS", ending: "ts", arguments: &["-f", "mpegts"], sound: "mp2", shifts: false },
    Kind { name: "plain MP4", ending: "mp4", arguments: &["-f", "mp4"], sound: "aac", shifts: false },
    Kind {
        name: "fragmented MP4",
        ending: "mp4",
        arguments: &["-f", "mp4", "-movflags", "+frag_keyframe+empty_moov", "-frag_duration", "1000000"],
        sound: "aac",
        shifts: false,
    },
    Kind {
        name: "MP4 with faststart",
        ending: "mp4",
        arguments: &["-f", "mp4", "-movflags", "+faststart"],
        sound: "aac",
        shifts: true,
    },
];

/// What all recorders film: encoded once, so that recording costs little beside what is measured.
pub fn scene(path: &Path, seconds: u64, mbit: f64) -> Result<()> {
    footage::mxf(path, (seconds as f64 * mbit * 1e6 / 8.0) as u64)
}

pub fn record(scene: &Path, kind: Kind, into: &Path) -> Result<Child> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-i"]).arg(scene);
    ffmpeg.args(["-map", "0", "-c:v", "copy", "-c:a", kind.sound]).args(kind.arguments).arg("-y").arg(into);
    ffmpeg.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("ffmpeg")
}

/// Every frame decodes, and there are as many seconds as were filmed.
pub fn plays(clip: &Path, seconds: f64) -> Result<()> {
    let (_, there) = footage::probe(clip)?;
    ensure!((there - seconds).abs() < 2.0, "{there} s of {seconds} s");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-v", "error", "-nostdin", "-i"]).arg(clip).args(["-map", "0", "-f", "null", "-"]);
    let output = ffmpeg.output().context("ffmpeg")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && complaint.trim().is_empty(), "it does not play: {complaint}");
    Ok(())
}

/// What a recorder wrote, piece by piece as it grew past them: so that it can be told afterwards what it came back to.
/// The pieces are S3's smallest parts.
pub struct Written {
    path: PathBuf,
    sums: Vec<u64>,
}

pub const PIECE: u64 = 5 << 20;

impl Written {
    pub fn of(path: &Path) -> Written {
        Written { path: path.to_owned(), sums: Vec::new() }
    }

    /// Takes in what it has grown past since the last look.
    pub fn look(&mut self) -> Result<()> {
        let mut file = File::open(&self.path)?;
        let size = file.metadata()?.len();
        while (self.sums.len() as u64 + 1) * PIECE <= size {
            self.sums.push(sum(&mut file, self.sums.len() as u64 * PIECE)?);
        }
        Ok(())
    }

    /// Bytes, in pieces, that are not what they were; but for the first piece, to which every recorder comes back.
    pub fn changed(&self) -> Result<u64> {
        let mut file = File::open(&self.path)?;
        let mut pieces = 0;
        for (i, was) in (0..).zip(&self.sums).skip(1) {
            pieces += u64::from(sum(&mut file, i * PIECE)? != *was);
        }
        Ok(pieces * PIECE)
    }
}

/// Of the piece at an offset, as far as it goes.
fn sum(file: &mut File, offset: u64) -> Result<u64> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.take(PIECE).read_to_end(&mut bytes)?;
    Ok(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &bytes))
}
