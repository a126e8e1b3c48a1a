//! The threads on which the rig's own servers run, apart from the test's: a test that blocks must not stop the store
//! that it waits for.
//! May not live here: anything that knows what runs.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("rushes-rig")
            .enable_all()
            .build()
            .expect("threads can be started")
    })
}

pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    runtime().spawn(future)
}

/// Runs `future` there and blocks until it is done, for `Drop` and for handles that are not async. May be called from
/// any thread but the rig's own.
///
/// Returns None if it took longer than `within`; it then goes on by itself.
pub(crate) fn finish<F>(within: Duration, future: F) -> Option<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (done, waiting) = mpsc::sync_channel(1);
    runtime().spawn(async move {
        // Nobody waits any more when this fails.
        let _ = done.send(future.await);
    });
    waiting.recv_timeout(within).ok()
}
