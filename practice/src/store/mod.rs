//! The storage: buckets, objects and multipart uploads on plain files under one folder, and in memory beside them.
//!
//! What is durably true lies on disk as one small JSON description for each bucket, object, upload and part, published
//! by one atomic rename; bytes lie in segments that never change. The memory is a copy of the descriptions, in the
//! order that S3 lists them. Both change together, under one lock, at the moment of publishing: that is where
//! preconditions are decided, so two writers never both win.
//!
//! May not live here: HTTP, XML, signatures, and anything named in `s3s`.

mod buckets;
mod disk;
mod intake;
mod listing;
mod load;
mod object;
mod objects;
mod reader;
mod refusal;
mod sums;
mod uploads;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

pub(crate) use buckets::BucketFacts;
pub(crate) use intake::{Received, receive};
pub(crate) use listing::{Request as ListRequest, UploadsRequest};
pub(crate) use object::{About, Object, Part, Tag};
pub(crate) use objects::Condition;
pub(crate) use reader::stream;
pub(crate) use refusal::Refusal;
pub(crate) use sums::{Algorithm, Kind, Sum};
pub(crate) use uploads::{Claim, Finish, Upload, Whole};

use disk::Disk;

/// One folder of buckets, held by this process alone.
///
/// Every job that touches the disk holds an `Arc` of this, so the lock on the folder is free exactly when no job can
/// write any more. Fields are dropped in this order: first the lock, then the word that it is free.
pub(crate) struct Store {
    state: RwLock<State>,
    disk: Disk,
    _lock: File,
    _released: oneshot::Sender<()>,
}

/// The descriptions in memory.
#[derive(Default)]
struct State {
    /// By name.
    buckets: BTreeMap<String, Bucket>,
}

struct Bucket {
    /// Names its folder; names of buckets do not.
    id: String,
    /// The location constraint it was made with.
    region: Option<String>,
    /// Unix seconds.
    created: i64,
    /// By key. `String` orders by UTF-8 bytes, which is the order of S3's lists.
    objects: BTreeMap<String, Arc<Object>>,
    /// By upload ID.
    uploads: BTreeMap<String, Upload>,
}

/// Why a folder cannot be opened.
pub(crate) enum NotOpened {
    /// Another process, or another part of this one, holds it.
    Held,
    Disk(io::Error),
}

impl From<io::Error> for NotOpened {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Store {
    /// Opens the storage in `root`, making it where it is missing, and sweeps what a kill left behind.
    ///
    /// The receiver resolves once the store is gone and its lock is free.
    pub(crate) fn open(root: &Path) -> Result<(Arc<Self>, oneshot::Receiver<()>), NotOpened> {
        std::fs::create_dir_all(root)?;
        let lock = lock(root)?;
        let disk = Disk::open(root)?;
        let state = load::load(&disk)?;
        let (released, when_released) = oneshot::channel();
        let store = Self { state: RwLock::new(state), disk, _lock: lock, _released: released };
        Ok((Arc::new(store), when_released))
    }

    /// Does `work` where it may block.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = Arc::clone(self);
        let outcome = tokio::task::spawn_blocking(move || {
            work(&store).inspect_err(|refusal| {
                if let Refusal::Disk(error) = refusal {
                    disk::tell(error);
                }
            })
        });
        outcome.await.map_err(io::Error::other)?
    }

    /// Whether the sample clips were put once. They are not put again after that: somebody may have deleted them.
    pub(crate) fn was_filled(&self) -> bool {
        self.disk.filled_mark().exists()
    }

    pub(crate) fn mark_filled(&self) -> io::Result<()> {
        File::create(self.disk.filled_mark())?.sync_all()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        // Nothing panics between two halves of a change, so what a panic left behind is whole.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn bucket(&self, name: &str) -> Result<&Bucket, Refusal> {
        self.buckets.get(name).ok_or(Refusal::NoSuchBucket)
    }

    fn bucket_mut(&mut self, name: &str) -> Result<&mut Bucket, Refusal> {
        self.buckets.get_mut(name).ok_or(Refusal::NoSuchBucket)
    }
}

/// Takes the lock that keeps other processes out. It is free again when the file is closed, also by a kill.
fn lock(root: &Path) -> Result<File, NotOpened> {
    let file = File::options().create(true).truncate(false).write(true).open(root.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(NotOpened::Held),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Unix seconds.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}
