//! The bundle as one file: what was shown, zipped. Nothing that is there is written over.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::api::Support;
use crate::clock;
use crate::error::{Code, Error, Result, disk};
use crate::keys::numbered;

/// How many bundles of a day a folder takes.
const MOST: u32 = 1_000;

/// Keeps a bundle in a folder, and answers with its file.
pub fn keep(support: &Support, folder: &Path) -> Result<PathBuf> {
    let failed = |e: io::Error| disk("write the support bundle into", folder, &e);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    write(support, file.as_file()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let name = format!("rushes-support-{}.zip", clock::here().date());
    for n in 1..=MOST {
        let path = folder.join(numbered(&name, n));
        match file.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => file = e.file,
            Err(e) => return Err(failed(e.error)),
        }
    }
    Err(Error::new(Code::FolderUnwritable, "The folder is full of support bundles. Choose another."))
}

fn write(support: &Support, file: &File) -> io::Result<()> {
    let mut zip = ZipWriter::new(file);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for one in &support.files {
        zip.start_file(one.name.as_str(), options)?;
        zip.write_all(one.text.as_bytes())?;
    }
    zip.finish()?;
    Ok(())
}
