//! Making, finding and removing buckets.
//! May not live here: what is in them.

use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};

use super::disk::{fresh_id, sync_folder};
use super::{Bucket, Refusal, Store, now};

/// What is known about a bucket besides its contents; also its description on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BucketFacts {
    pub(crate) name: String,
    /// The location constraint it was made with; None is us-east-1.
    pub(crate) region: Option<String>,
    /// Unix seconds.
    pub(crate) created: i64,
}

impl Store {
    pub(crate) fn create_bucket(&self, name: &str, region: Option<String>) -> Result<(), Refusal> {
        let facts = BucketFacts { name: name.to_owned(), region, created: now() };
        let draft = self.disk.draft(&facts)?;
        let id = fresh_id();
        let folder = self.disk.bucket(&id);

        let mut state = self.write();
        if state.buckets.contains_key(name) {
            return Err(Refusal::BucketExists);
        }
        fs::create_dir(folder.path())?;
        fs::create_dir(folder.objects())?;
        fs::create_dir(folder.uploads())?;
        draft.publish(&folder.description())?;
        let bucket = Bucket {
            id,
            region: facts.region,
            created: facts.created,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
        };
        state.buckets.insert(facts.name, bucket);
        drop(state);

        sync_folder(folder.path())?;
        sync_folder(&self.disk.buckets())?;
        Ok(())
    }

    /// Only an empty bucket goes; multipart uploads that were not completed go with it.
    pub(crate) fn delete_bucket(&self, name: &str) -> Result<(), Refusal> {
        let mut state = self.write();
        let bucket = state.bucket(name)?;
        if !bucket.objects.is_empty() {
            return Err(Refusal::BucketNotEmpty);
        }
        let folder = self.disk.bucket(&bucket.id);
        fs::remove_file(folder.description())?;
        let bucket = state.buckets.remove(name);
        drop(state);

        sync_folder(folder.path())?;
        for upload in bucket.iter().flat_map(|b| b.uploads.values()) {
            self.disk.doom(upload.parts.values().filter_map(|part| part.segment.as_ref()));
        }
        // Without its description the folder is nothing: what cannot be removed now is swept at the next opening.
        if let Err(error) = fs::remove_dir_all(folder.path()) {
            tracing::warn!(%error, "the folder of a deleted bucket could not be removed");
        }
        Ok(())
    }

    pub(crate) fn bucket(&self, name: &str) -> Result<BucketFacts, Refusal> {
        let state = self.read();
        Ok(facts(name, state.bucket(name)?))
    }

    /// In the order of their names.
    pub(crate) fn buckets(&self) -> Vec<BucketFacts> {
        self.read().buckets.iter().map(|(name, bucket)| facts(name, bucket)).collect()
    }
}

fn facts(name: &str, bucket: &Bucket) -> BucketFacts {
    BucketFacts { name: name.to_owned(), region: bucket.region.clone(), created: bucket.created }
}
