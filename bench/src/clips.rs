//! The files that are moved: alike, as large as a camera's clips, and nothing that a tool could make smaller.
//! May not live here: who moves them.

use std::path::PathBuf;

use anyhow::Result;
use rushes_rig::{Scratch, footage};

#[derive(Clone, Debug)]
pub struct Clips {
    pub folder: PathBuf,
    pub names: Vec<String>,
    pub bytes_each: u64,
}

impl Clips {
    /// In a folder of their own.
    pub fn make(scratch: &Scratch, count: usize, bytes_each: u64) -> Result<Clips> {
        let folder = scratch.folder(format!("clips-{count}x{bytes_each}"));
        let names: Vec<String> = (1..=count).map(|number| format!("clip-{number}.mxf")).collect();
        for (seed, name) in (1..).zip(&names) {
            footage::random(&folder.join(name), bytes_each, seed)?;
        }
        Ok(Clips { folder, names, bytes_each })
    }

    /// Where they are, as a command line is told.
    pub fn paths(&self) -> Vec<String> {
        self.names.iter().map(|name| self.folder.join(name).display().to_string()).collect()
    }

    /// Together.
    pub fn bytes(&self) -> u64 {
        self.bytes_each * self.names.len() as u64
    }
}
