//! The threads that the engine's async work runs on. What blocks has threads of its own.

use std::num::NonZero;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Result};

/// One of so many processors: a single thread carries some 8 Gb/s over TLS, and the rest belongs to whoever edits beside
/// us. More threads also wake each other for every piece that comes in.
const ONE_OF: usize = 4;

/// A driver polls the SDK, which polls ways in: some forty calls deep, and more than 2 MiB where they are not optimised.
const STACK: usize = 8 << 20;

/// A runtime for an engine, with its timers and IO.
pub fn runtime() -> Result<Runtime> {
    let processors = available_parallelism().map_or(1, NonZero::get);
    Builder::new_multi_thread()
        .worker_threads(processors.div_ceil(ONE_OF))
        .thread_stack_size(STACK)
        .enable_all()
        .build()
        .map_err(Error::internal)
}
