//! Newsroom files on the disk: the one file of this room that reads it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{ENDING, LONGEST, bad, too_long};
use crate::error::{Code, Error, Result, disk};

/// Whether its name says that it is one.
pub fn is_named_so(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
}

/// Its text. A device, a pipe or a folder of that name is none, and no more is read than a newsroom file may hold.
pub fn read(path: &Path) -> Result<String> {
    let looked = path.metadata().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Error::new(Code::SourceMissing, format!("{} is not there.", path.display())).because(e)
        }
        _ => disk("read", path, &e),
    })?;
    if !looked.is_file() {
        return Err(bad(format!("{} is not a file.", path.display())));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| disk("read", path, &e))?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(|e| disk("read", path, &e))?;
    if bytes.len() > LONGEST {
        return Err(too_long());
    }
    String::from_utf8(bytes).map_err(|_| bad("This is not a newsroom file of Rushes: it is no text."))
}
