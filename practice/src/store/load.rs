//! Opening: the descriptions on disk become the state in memory, and what a kill left behind is swept.
//! May not live here: any change of what is described.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::buckets::BucketFacts;
use super::disk::{BucketFolder, Disk, UploadFolder};
use super::object::{Object, Part};
use super::uploads::Upload;
use super::{Bucket, State};

/// Reads all descriptions. Those that cannot be used are logged and left alone: whatever they once were, they are
/// the user's.
pub(super) fn load(disk: &Disk) -> io::Result<State> {
    let mut loading = Loading { disk, segments: HashSet::new(), unusable: 0 };
    let mut state = State::default();
    for folder in entries(&disk.buckets())? {
        if let Some((name, bucket)) = loading.bucket(&folder)? {
            state.buckets.insert(name, bucket);
        }
    }
    for leftover in entries(&disk.tmp())? {
        fs::remove_file(leftover)?;
    }
    if loading.unusable == 0 {
        loading.sweep_segments()?;
    } else {
        // What they refer to is not known, so no segment may go.
        tracing::warn!(count = loading.unusable, "descriptions that cannot be used; no files are swept");
    }
    Ok(state)
}

struct Loading<'a> {
    disk: &'a Disk,
    /// IDs of those that something refers to.
    segments: HashSet<String>,
    unusable: usize,
}

impl Loading<'_> {
    fn bucket(&mut self, path: &Path) -> io::Result<Option<(String, Bucket)>> {
        let Some(id) = path.file_name().and_then(OsStr::to_str) else { return Ok(None) };
        let folder = self.disk.bucket(id);
        if !folder.description().exists() {
            // A bucket that was being made or removed.
            fs::remove_dir_all(path)?;
            return Ok(None);
        }
        let Some(facts) = self.read::<BucketFacts>(&folder.description())? else { return Ok(None) };
        let objects = self.objects(&folder)?;
        let uploads = self.uploads(&folder, &objects)?;
        let bucket = Bucket { id: id.to_owned(), region: facts.region, created: facts.created, objects, uploads };
        Ok(Some((facts.name, bucket)))
    }

    fn objects(&mut self, folder: &BucketFolder) -> io::Result<BTreeMap<String, Arc<Object>>> {
        let mut objects = BTreeMap::new();
        for path in entries(&folder.objects())? {
            let Some(object) = self.read::<Object>(&path)? else { continue };
            if self.has_bytes(&object.parts) {
                self.refer(&object.parts);
                objects.insert(object.key.clone(), Arc::new(object));
            } else {
                self.leave_out(&path, "its bytes are missing");
            }
        }
        Ok(objects)
    }

    fn uploads(
        &mut self,
        folder: &BucketFolder,
        objects: &BTreeMap<String, Arc<Object>>,
    ) -> io::Result<BTreeMap<String, Upload>> {
        let mut uploads = BTreeMap::new();
        for path in entries(&folder.uploads())? {
            let Some(id) = path.file_name().and_then(OsStr::to_str) else { continue };
            let upload_folder = folder.upload(id);
            if !upload_folder.description().exists() {
                // Aborted or completed; or not yet begun.
                fs::remove_dir_all(&path)?;
                continue;
            }
            let Some(mut upload) = self.read::<Upload>(&upload_folder.description())? else { continue };
            if objects.get(&upload.key).is_some_and(|object| object.upload.as_deref() == Some(id)) {
                // Killed between publishing the object and taking the upload off the list.
                fs::remove_dir_all(&path)?;
                continue;
            }
            upload.parts = self.parts(&path, &upload_folder)?;
            uploads.insert(id.to_owned(), upload);
        }
        Ok(uploads)
    }

    fn parts(&mut self, path: &Path, folder: &UploadFolder) -> io::Result<BTreeMap<u16, Part>> {
        let mut parts = BTreeMap::new();
        for path in entries(path)?.into_iter().filter(|path| *path != folder.description()) {
            let Some(part) = self.read::<Part>(&path)? else { continue };
            if self.has_bytes(std::slice::from_ref(&part)) {
                self.refer(std::slice::from_ref(&part));
                parts.insert(part.number, part);
            } else {
                self.leave_out(&path, "its bytes are missing");
            }
        }
        Ok(parts)
    }

    /// None when the description cannot be used.
    fn read<T: DeserializeOwned>(&mut self, path: &Path) -> io::Result<Option<T>> {
        match serde_json::from_slice(&fs::read(path)?) {
            Ok(description) => Ok(Some(description)),
            Err(error) => {
                self.leave_out(path, &error.to_string());
                Ok(None)
            }
        }
    }

    fn leave_out(&mut self, path: &Path, why: &str) {
        tracing::warn!(path = %path.display(), why, "a description cannot be used");
        self.unusable += 1;
    }

    fn has_bytes(&self, parts: &[Part]) -> bool {
        parts.iter().all(|part| match &part.segment {
            Some(segment) => fs::metadata(self.disk.segment(segment)).is_ok_and(|file| file.len() == part.size),
            None => part.size == 0,
        })
    }

    fn refer(&mut self, parts: &[Part]) {
        self.segments.extend(parts.iter().filter_map(|part| Some(part.segment.as_ref()?.id().to_owned())));
    }

    /// Removes bodies that were coming in when the process was killed, and those of overwritten objects that somebody
    /// still read.
    fn sweep_segments(&self) -> io::Result<()> {
        let mut swept = 0;
        for path in entries(&self.disk.segments())? {
            let known = path.file_name().and_then(OsStr::to_str).is_some_and(|id| self.segments.contains(id));
            if !known {
                fs::remove_file(path)?;
                swept += 1;
            }
        }
        if swept > 0 {
            tracing::info!(swept, "removed files that nothing refers to");
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}
