//! Folders and files.

use std::fs;
use std::time::Instant;

use anyhow::Result;
use rushes_rig::{Scratch, footage};

#[test]
fn a_scratch_folder_goes_with_what_is_in_it() -> Result<()> {
    let scratch = Scratch::new();
    fs::write(scratch.folder("some/where").join("file"), "text")?;
    let path = scratch.path().to_owned();
    assert!(path.is_dir());
    drop(scratch);
    assert!(!path.exists() || std::env::var_os("RUSHES_KEEP").is_some());
    Ok(())
}

#[test]
fn random_files_are_the_same_for_the_same_seed_only() -> Result<()> {
    let scratch = Scratch::new();
    let [one, again, other] = ["one", "again", "other"].map(|name| scratch.join(name));
    let bytes = 3_333_333;
    footage::random(&one, bytes, 1)?;
    footage::random(&again, bytes, 1)?;
    footage::random(&other, bytes, 2)?;
    assert_eq!(fs::metadata(&one)?.len(), bytes);
    assert!(footage::same(&one, &again)?);
    assert!(!footage::same(&one, &other)?);
    let made = fs::read(&one)?;
    let pages: std::collections::HashSet<&[u8]> = made.chunks(4096).collect();
    assert_eq!(pages.len(), made.len().div_ceil(4096), "no page is like another");

    let begun = Instant::now();
    footage::random(&one, 500_000_000, 3)?;
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    Ok(())
}

#[test]
fn mp4_plays_and_has_just_the_size() -> Result<()> {
    let scratch = Scratch::new();
    for bytes in [300_000, 2_000_000, 30_000_001, 500_000_000] {
        let path = scratch.join(format!("{bytes}.mp4"));
        footage::mp4(&path, bytes)?;
        assert_eq!(fs::metadata(&path)?.len(), bytes);
        let (format, seconds) = footage::probe(&path)?;
        assert!(format.contains("mp4") && seconds > 0.5, "{bytes}: {format}, {seconds} s");
    }
    Ok(())
}

#[test]
fn mxf_plays_and_has_about_the_size() -> Result<()> {
    let scratch = Scratch::new();
    for bytes in [1_000_000, 8_000_000, 500_000_000] {
        let path = scratch.join(format!("{bytes}.mxf"));
        footage::mxf(&path, bytes)?;
        let (format, seconds) = footage::probe(&path)?;
        assert!(format == "mxf" && seconds > 0.5, "{bytes}: {format}, {seconds} s");
    }
    let (one, other) = (scratch.join("one.mxf"), scratch.join("other.mxf"));
    footage::mxf(&one, 8_000_000)?;
    footage::mxf(&other, 8_000_000)?;
    assert!(!footage::same(&one, &other)?, "two clips are two clips");
    Ok(())
}
