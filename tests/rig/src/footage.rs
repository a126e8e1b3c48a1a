//! Files to move: random bytes, and media that players play.
//! May not live here: where they go.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};

use crate::workspace;

const BLOCK: usize = 1024 * 1024;
/// Each page of a random file says which one it is.
const PAGE: usize = 4096;

/// How long a piece of media is encoded at most; longer clips repeat it.
const SEGMENT_SECONDS: f64 = 4.0;
/// Bits a second. The last is what cameras write.
const RATES: [u64; 5] = [400_000, 1_200_000, 4_000_000, 15_000_000, 50_000_000];

/// Random bytes, the same for the same seed and different at every place of the file, so that parts that change places
/// or files are found out. As fast as the disk, also in a debug build.
pub fn random(path: &Path, bytes: u64, seed: u64) -> Result<()> {
    let mut block = vec![0; BLOCK];
    // The generator is slow in a debug build, so one block serves for all, and the stamps make pages differ.
    StdRng::seed_from_u64(seed).fill_bytes(&mut block);
    let mut file = File::create(path).with_context(|| path.display().to_string())?;
    let mut left = bytes;
    let mut page = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    while left > 0 {
        for stamped in block.chunks_exact_mut(PAGE) {
            page = page.wrapping_add(1);
            stamped[..8].copy_from_slice(&page.to_le_bytes());
        }
        let count = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        file.write_all(&block[..count])?;
        left -= count as u64;
    }
    Ok(())
}

/// H.264 and AAC in MP4, of just this size: a `free` box, which players skip, makes up for what ffmpeg cannot hit.
/// From 100 kB on.
pub fn mp4(path: &Path, bytes: u64) -> Result<()> {
    // A box's own head takes eight bytes.
    let made = encoded(path, bytes - bytes / 10..=bytes - 8, Kind::Mp4)?;
    let room = bytes - made;
    let mut file = File::options().append(true).open(path)?;
    file.write_all(&u32::try_from(room)?.to_be_bytes())?;
    file.write_all(b"free")?;
    std::io::copy(&mut std::io::repeat(0).take(room - 8), &mut file)?;
    Ok(())
}

/// MPEG-2 intra and PCM in MXF (OP1a), like a camera's, within 5 % of this size from 1 MB on.
pub fn mxf(path: &Path, bytes: u64) -> Result<()> {
    encoded(path, bytes - bytes / 20..=bytes + bytes / 20, Kind::Mxf).map(|_| ())
}

/// Whether both files have the same bytes.
pub fn same(one: &Path, other: &Path) -> Result<bool> {
    let open = |path: &Path| File::open(path).with_context(|| path.display().to_string());
    let (mut one, mut other) = (open(one)?, open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut ours, mut theirs) = (vec![0; BLOCK], vec![0; BLOCK]);
    loop {
        let count = one.read(&mut ours)?;
        if count == 0 {
            return Ok(true);
        }
        // One that shrank meanwhile is another file.
        if other.read_exact(&mut theirs[..count]).is_err() || ours[..count] != theirs[..count] {
            return Ok(false);
        }
    }
}

/// What ffprobe says of a file that it can read: its format's name and its length in seconds.
pub fn probe(path: &Path) -> Result<(String, f64)> {
    let what = ["-v", "error", "-show_entries", "format=format_name,duration", "-of", "default=nw=1:nk=1"];
    let output = Command::new("ffprobe").args(what).arg(path).output().context("ffprobe")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ffprobe on {}: {complaint}", path.display());
    let said = String::from_utf8(output.stdout)?;
    let mut lines = said.lines();
    let format = lines.next().context("a format")?.to_owned();
    Ok((format, lines.next().context("a length")?.parse()?))
}

#[derive(Clone, Copy)]
enum Kind {
    Mp4,
    Mxf,
}

/// A clip of a size within these: a short piece, encoded once for all tests, repeated as often as it takes. Returns the
/// size.
fn encoded(path: &Path, bytes: RangeInclusive<u64>, kind: Kind) -> Result<u64> {
    let wanted = (bytes.start() + bytes.end()) as f64 / 2.0;
    // Frames must be small beside the file for its size to be hit, so that small clips are made of poorer pieces; in
    // steps, so that there are few of them.
    let fits = wanted * 8.0 / SEGMENT_SECONDS;
    let rate = RATES.iter().rev().find(|rate| **rate as f64 <= fits).unwrap_or(&RATES[0]);
    let segment = segment(kind, *rate)?;
    let mut seconds = SEGMENT_SECONDS * wanted / fs::metadata(&segment)?.len() as f64;
    // A piece begins with more bits than it goes on with, so the first guess may be off, and the next halves what is
    // between one that was too short and one that was too long.
    let (mut short, mut long) = (seconds * 0.8, seconds * 1.2);
    let mut made = 0;
    for _ in 0..8 {
        repeated(&segment, seconds, path)?;
        made = fs::metadata(path)?.len();
        if bytes.contains(&made) {
            return Ok(made);
        }
        if made > *bytes.end() {
            long = seconds
        } else {
            short = seconds
        }
        seconds = (short + long) / 2.0;
    }
    bail!("ffmpeg made {made} bytes, not one of {bytes:?}")
}

/// The piece as often as it takes for so many seconds.
fn repeated(segment: &Path, seconds: f64, path: &Path) -> Result<()> {
    // Once more than it takes, and then cut. Where one repetition ends and the next begins must be stated: guessed, it
    // gives two frames the same time.
    let mut list = tempfile::NamedTempFile::new()?;
    for _ in 0..=(seconds / SEGMENT_SECONDS) as u64 {
        writeln!(list, "file '{}'\nduration {SEGMENT_SECONDS}", segment.display())?;
    }
    let mut ffmpeg = ffmpeg();
    ffmpeg.args(["-f", "concat", "-safe", "0", "-i"]).arg(list.path()).args(["-c", "copy", "-map", "0"]);
    // So that no two clips are the same file.
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    ffmpeg.args(["-metadata", &format!("title={name}"), "-t", &format!("{seconds:.3}"), "-y"]);
    run(ffmpeg.arg(path))
}

/// The short piece, at so many bits a second in all.
fn segment(kind: Kind, rate: u64) -> Result<PathBuf> {
    let (name, picture, codec): (_, _, &[&str]) = match kind {
        Kind::Mp4 => ("mp4", "1280x720", &["libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p"]),
        Kind::Mxf => ("mxf", "1280x720", &["mpeg2video", "-g", "1", "-pix_fmt", "yuv422p", "-qmin", "1"]),
    };
    // The encoder cannot make a large picture of few bits.
    let picture = if rate < 4_000_000 { "320x180" } else { picture };
    let file = format!("segment.{name}");
    let folder = workspace::once(&format!("footage-{name}-{rate}"), |folder| {
        let mut ffmpeg = ffmpeg();
        ffmpeg.args(["-f", "lavfi", "-i", &format!("testsrc2=s={picture}:r=25,noise=alls=40:allf=t+u")]);
        ffmpeg.args(["-f", "lavfi", "-i", "sine=f=440:r=48000"]);
        let sound: (u64, &[&str]) = match kind {
            Kind::Mp4 => (64_000, &["aac", "-b:a", "64k"]),
            Kind::Mxf => (768_000, &["pcm_s16le"]),
        };
        let video = rate.saturating_sub(sound.0).max(200_000).to_string();
        ffmpeg.arg("-c:v").args(codec);
        ffmpeg.args(["-b:v", &video, "-minrate", &video, "-maxrate", &video, "-bufsize", &video]);
        ffmpeg.arg("-c:a").args(sound.1).args(["-t", &SEGMENT_SECONDS.to_string()]);
        run(ffmpeg.arg(folder.join(&file)))
    })?;
    Ok(folder.join(file))
}

fn ffmpeg() -> Command {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-loglevel", "error", "-nostdin"]).stdin(Stdio::null());
    ffmpeg
}

fn run(ffmpeg: &mut Command) -> Result<()> {
    let output = ffmpeg.output().context("ffmpeg")?;
    ensure!(output.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
