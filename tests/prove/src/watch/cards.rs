//! Cards as cameras leave them, essence by ffmpeg and sidecars in their makers' schemas, put by the shipped command line and
//! looked at by a client that is not ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rushes_rig::ctl::Rushesctl;
use rushes_rig::seaweed::Seaweed;
use rushes_rig::store::Witness;
use rushes_rig::{Scratch, footage};
use serde_json::{Value, json};
use walkdir::WalkDir;

use super::Goals;
use crate::built;
use crate::evidence::Shown;

const LONG: Duration = Duration::from_secs(300);
const SLUG: &str = "Market fire";
/// What every clip must say of itself.
const TOLD: [&str; 4] = ["rushes-timecode", "rushes-duration", "rushes-codec", "rushes-camera"];

pub async fn row(goals: &Goals) -> Result<Shown> {
    let scratch = Scratch::new();
    let seaweed = Seaweed::start(&scratch).await?;
    let bucket = seaweed.bucket();
    let (p2, xdcam) = (scratch.folder("P2_A001"), scratch.folder("XDCAM_B002"));
    for n in 1..=goals.card_clips {
        xdcam_clip(&xdcam, n, goals.card_seconds)?;
    }
    make_p2(&p2, goals)?;
    xdcam_card(&xdcam, goals)?;

    let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?.with(&bucket.env());
    let mut put: Vec<String> = bucket.options().map(str::to_owned).into();
    put.extend(["--json", "put", "--to", "in"].map(str::to_owned));
    put.extend([&p2, &xdcam].map(|card| card.display().to_string()));
    let ended = ctl.spawn(&put)?.wait(LONG).await?.ok()?;
    ensure!(ended.rows().is_empty(), "files of a card have rows of their own: {:#?}", ended.rows());
    let listed = ctl.run(&["--json", "transfers"]).await?.ok()?.lines;

    let witness = bucket.witness()?;
    let mut samples = Vec::new();
    let mut passes = listed.len() == 2;
    for (card, kind) in [(&p2, "p2"), (&xdcam, "xdcam")] {
        let sample = looked_at(&witness, card, kind, goals, &listed).await?;
        passes &= sample["one row"] == true && sample["exact"] == sample["files"] && sample["untold"] == json!([]);
        samples.push(sample);
    }
    let figure = samples.iter().map(|s| {
        format!(
            "{}: {} row, {} of {} files exact under their structure, {} of {} essence files tell {}",
            s["kind"].as_str().unwrap_or_default(),
            s["rows"],
            s["exact"],
            s["files"],
            s["told"],
            s["essence"],
            TOLD.map(|name| name.trim_start_matches("rushes-")).join(", "),
        )
    });
    let figure = figure.collect::<Vec<_>>().join("; ");
    Ok(Shown { figure, passes, samples: json!({ "cards": samples, "transfers": listed }) })
}

/// The card's one row, its files in the bucket, and what they say.
async fn looked_at(witness: &Witness, card: &Path, kind: &str, goals: &Goals, listed: &[Value]) -> Result<Value> {
    let name = card.file_name().context("a name")?.to_string_lossy().into_owned();
    let rows: Vec<&Value> = listed.iter().filter(|row| row["card"]["name"] == name.as_str()).collect();
    let files = files_of(card)?;
    let is_one = rows.len() == 1
        && rows[0]["state"] == "done"
        && rows[0]["card"]["kind"] == kind
        && rows[0]["card"]["clips"] == goals.card_clips
        && rows[0]["files"].as_array().is_some_and(|all| all.len() == files.len());
    let (mut exact, mut told, mut essence) = (0, 0, 0);
    let (mut untold, mut said) = (Vec::new(), Vec::new());
    for file in &files {
        let key = format!("in/{name}/{}", file.display());
        exact += u32::from(witness.same(&key, &card.join(file)).await?);
        if file.extension().is_none_or(|ending| ending != "MXF") {
            continue;
        }
        essence += 1;
        let metadata = witness.head(&key).await?.with_context(|| key.clone())?.metadata;
        let missing: Vec<&str> = TOLD.into_iter().filter(|name| !metadata.contains_key(*name)).collect();
        let has_slug = metadata.get("rushes-slug").is_some_and(|slug| slug == SLUG);
        told += u32::from(missing.is_empty() && has_slug);
        if !missing.is_empty() || !has_slug {
            untold.push(json!({ "key": key, "missing": missing, "slug": has_slug }));
        }
        said.push(json!({ "key": key, "metadata": metadata }));
    }
    let there = witness.keys(&format!("in/{name}/")).await?.len();
    ensure!(there == files.len(), "{there} objects of {} files under in/{name}/", files.len());
    Ok(json!({
        "kind": kind, "rows": rows.len(), "one row": is_one, "files": files.len(), "exact": exact,
        "essence": essence, "told": told, "untold": untold, "metadata": said,
    }))
}

/// Without its receipt, which is a row of its own, and no clip in a list.
fn files_of(card: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(card).into_iter().filter_entry(|entry| entry.file_name() != "ascmhl") {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.path().strip_prefix(card)?.to_owned());
        }
    }
    Ok(files)
}

/// `CONTENTS/{VIDEO,AUDIO,CLIP,ICON,PROXY,VOICE}`: picture and each channel of sound a file of their own, in OP-Atom.
fn p2_clip(card: &Path, n: u32, seconds: u32) -> Result<()> {
    let contents = card.join("CONTENTS");
    for folder in ["AUDIO", "CLIP", "ICON", "PROXY", "VIDEO", "VOICE"] {
        fs::create_dir_all(contents.join(folder))?;
    }
    let name = format!("{n:04}AB");
    let timecode = format!("10:{n:02}:00:00");
    let picture = format!("testsrc2=s=1920x1080:r=25,noise=alls={}:allf=t", 10 + n);
    // AVC-Intra 100.
    let codec = [
        "-c:v",
        "libx264",
        "-avcintra-class",
        "100",
        "-pix_fmt",
        "yuv422p10le",
        "-flags",
        "+ildct+ilme",
        "-x264opts",
        "tff=1",
    ];
    let video = contents.join(format!("VIDEO/{name}.MXF"));
    ffmpeg(&picture, seconds, &[&codec[..], &["-timecode", &timecode, "-f", "mxf_opatom"]].concat(), &video)?;
    for channel in 0..2 {
        let tone = format!("sine=f={}:r=48000", 440 + 110 * channel + n);
        let sound = ["-c:a", "pcm_s16le", "-ac", "1", "-mxf_audio_edit_rate", "25", "-f", "mxf_opatom"];
        ffmpeg(&tone, seconds, &sound, &contents.join(format!("AUDIO/{name}{channel:02}.MXF")))?;
    }
    fs::write(contents.join(format!("CLIP/{name}.XML")), p2_xml(&name, seconds * 25, &timecode))?;
    footage::random(&contents.join(format!("ICON/{name}.BMP")), 14_454, u64::from(n))
}

fn p2_xml(name: &str, frames: u32, timecode: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<P2Main xmlns="urn:schemas-Professional-Plug-in:P2:ClipMetadata:v3.1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <ClipContent>
    <ClipName>{name}</ClipName>
    <GlobalClipID>060A2B340101010501010D4313000000{frames:016X}0080450012345678</GlobalClipID>
    <Duration>{frames}</Duration>
    <EditUnit>1/25</EditUnit>
    <EssenceList>
      <Video ValidAudioFlag="false">
        <VideoFormat>MXF</VideoFormat>
        <Codec Class="100">AVC-I_1080/50i</Codec>
        <FrameRate>50i</FrameRate>
        <StartTimecode>{timecode}</StartTimecode>
        <StartBinaryGroup>00000000</StartBinaryGroup>
        <AspectRatio>16:9</AspectRatio>
      </Video>
      <Audio><AudioFormat>MXF</AudioFormat><SamplingRate>48000</SamplingRate><BitsPerSample>16</BitsPerSample></Audio>
      <Audio><AudioFormat>MXF</AudioFormat><SamplingRate>48000</SamplingRate><BitsPerSample>16</BitsPerSample></Audio>
    </EssenceList>
  </ClipContent>
  <ClipMetadata>
    <UserClipName>{name}</UserClipName>
    <DataSource>SHOOTING</DataSource>
    <Access><Creator>A. Otieno</Creator><CreationDate>2026-11-22T10:21:05+03:00</CreationDate></Access>
    <Device><Manufacturer>Panasonic</Manufacturer><SerialNo.>A1B2C3</SerialNo.><ModelName>AJ-PX5000</ModelName></Device>
    <Shoot><Shooter>A. Otieno</Shooter><Location><PlaceName>Nairobi</PlaceName></Location></Shoot>
    <Scenario><ProgramName>{SLUG}</ProgramName></Scenario>
    <Thumbnail><FrameOffset>0</FrameOffset><ThumbnailFormat>BMP</ThumbnailFormat></Thumbnail>
  </ClipMetadata>
</P2Main>
"#
    )
}

/// A whole P2 card.
pub(super) fn make_p2(card: &Path, goals: &Goals) -> Result<()> {
    for n in 1..=goals.card_clips {
        p2_clip(card, n, goals.card_seconds)?;
    }
    p2_card(card, goals.card_clips)
}

fn p2_card(card: &Path, clips: u32) -> Result<()> {
    Ok(fs::write(card.join("LASTCLIP.TXT"), format!("{clips:04}AB\r\n1.0\r\n{clips}\r\n"))?)
}

/// `XDROOT/{Clip,Sub,Edit,General}`: MPEG HD422 at 50 Mb/s in OP1a, beside it its metadata.
fn xdcam_clip(card: &Path, n: u32, seconds: u32) -> Result<()> {
    let root = card.join("XDROOT");
    for folder in ["Clip", "Edit", "General", "Sub", "Thmbnl"] {
        fs::create_dir_all(root.join(folder))?;
    }
    let picture = format!("testsrc2=s=1920x1080:r=25,noise=alls={}:allf=t", 10 + n);
    let timecode = format!("11:{n:02}:00:00");
    let rate =
        ["-b:v", "50M", "-minrate", "50M", "-maxrate", "50M", "-bufsize", "17825792", "-rc_init_occupancy", "17825792"];
    let codec =
        ["-c:v", "mpeg2video", "-pix_fmt", "yuv422p", "-g", "12", "-bf", "2", "-flags", "+ildct+ilme", "-top", "1"];
    let clip = root.join(format!("Clip/C{n:04}.MXF"));
    ffmpeg(&picture, seconds, &[&codec[..], &rate, &["-timecode", &timecode, "-f", "mxf"]].concat(), &clip)?;
    fs::write(root.join(format!("Clip/C{n:04}M01.XML")), nrt_xml(n, seconds * 25))?;
    footage::random(&root.join(format!("Thmbnl/C{n:04}T01.JPG")), 9_000, u64::from(n))
}

fn nrt_xml(n: u32, frames: u32) -> String {
    let (last_frame, last_second) = ((frames - 1) % 25, (frames - 1) / 25);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<NonRealTimeMeta xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.20" xmlns:lib="urn:schemas-professionalDisc:lib:ver.2.1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" lastUpdate="2026-11-22T11:21:15+03:00">
  <TargetMaterial umidRef="060A2B340101010501010D4313000000{n:016X}0080460012345678"/>
  <Duration value="{frames}"/>
  <LtcChangeTable tcFps="25" halfStep="false">
    <LtcChange frameCount="0" value="0000{n:02}11" status="increment"/>
    <LtcChange frameCount="{}" value="{last_frame:02}{last_second:02}{n:02}11" status="end"/>
  </LtcChangeTable>
  <CreationDate value="2026-11-22T11:{n:02}:00+03:00"/>
  <VideoFormat>
    <VideoRecPort port="DIRECT"/>
    <VideoFrame videoCodec="MPEG2HD422_1920_1080_HL" captureFps="50i" formatFps="50i"/>
    <VideoLayout pixel="1920" numOfVerticalLine="1080" aspectRatio="16:9"/>
  </VideoFormat>
  <Device manufacturer="Sony" modelName="PXW-Z280" serialNo="0012345"/>
  <RecordingMode type="normal" cacheRec="false"/>
  <Title usAscii="{SLUG}" international="{SLUG}"/>
</NonRealTimeMeta>
"#,
        frames - 1
    )
}

fn xdcam_card(card: &Path, goals: &Goals) -> Result<()> {
    let clips = (1..=goals.card_clips).map(|n| {
        let frames = goals.card_seconds * 25;
        format!(
            r#"    <Material uri="./Clip/C{n:04}.MXF" type="MXF" videoType="MPEG2HD422_1920_1080_HL" fps="50i" dur="{frames}" ch="0" status="none"><RelevantInfo uri="./Clip/C{n:04}M01.XML" type="XML"/></Material>"#
        )
    });
    let index = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<MediaProfile xmlns="http://xmlns.sony.net/pro/metadata/mediaprofile" createdAt="2026-11-22T11:00:00+03:00" version="2.10">
  <Properties><System systemId="0800460012345678" systemKind="PXW-Z280 ver.2.01"/></Properties>
  <Contents>
{}
  </Contents>
</MediaProfile>
"#,
        clips.collect::<Vec<_>>().join("\n")
    );
    fs::write(card.join("XDROOT/MEDIAPRO.XML"), index)?;
    Ok(fs::write(card.join("XDROOT/General/.keep.tmp"), "a card's own small file, however it is called")?)
}

/// So many seconds of a source, as this codec and container.
fn ffmpeg(source: &str, seconds: u32, how: &[&str], to: &Path) -> Result<()> {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-f", "lavfi", "-i", source]);
    command.args(["-t", &seconds.to_string()]).args(how).arg("-y").arg(to);
    let output = command.output().context("ffmpeg")?;
    ensure!(output.status.success(), "{}: {}", to.display(), String::from_utf8_lossy(&output.stderr));
    Ok(())
}
