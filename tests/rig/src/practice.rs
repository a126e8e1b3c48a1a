//! The practice newsroom's store, served by this process on a scratch folder.
//! May not live here: anything that the practice crate should do itself.

use std::time::Duration;

use anyhow::{Context, Result};
use rushes_practice::{BUCKET, REGION, Serving, serve};

use crate::store::{Bucket, Keys};
use crate::{Scratch, runtime};

/// Longer than it takes by its own word.
const STOPPED_WITHIN: Duration = Duration::from_secs(5);

/// Serves until dropped. Its requests are counted by a [`Proxy`](crate::proxy::Proxy) before it.
#[derive(Debug)]
pub struct Practice {
    bucket: Bucket,
    serving: Option<Serving>,
}

impl Practice {
    pub async fn start(scratch: &Scratch) -> Result<Practice> {
        let root = scratch.fresh("practice")?;
        let keys = rushes_practice::Keys::fresh();
        let known = Keys { id: keys.access_key_id.clone(), secret: keys.secret_access_key.to_string() };
        let serving = runtime::spawn(async move { serve(&root, keys, None).await }).await?;
        let serving = serving.context("serving the practice newsroom")?;
        let bucket = Bucket {
            endpoint: serving.endpoint(),
            region: REGION.to_owned(),
            name: BUCKET.to_owned(),
            keys: known,
            ca: None,
        };
        Ok(Practice { bucket, serving: Some(serving) })
    }

    /// The bucket that is there from the start, empty.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            runtime::finish(STOPPED_WITHIN, serving.stop());
        }
    }
}
