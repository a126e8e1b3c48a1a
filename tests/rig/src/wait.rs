//! Waiting: a condition is asked again and again until it holds or a deadline passes.
//! May not live here: any wait of a fixed length that hopes.

use std::fmt::Display;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often a condition is asked. Short beside everything that is waited for.
const BETWEEN: Duration = Duration::from_millis(15);

/// Asks `held` until it gives something, and returns that.
///
/// Errors: that `what` did not come about within `within`; or at once the error of `held`, which is for what can never
/// come right by waiting.
pub async fn until<T>(
    what: impl Display,
    within: Duration,
    mut held: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        // Looked at before the question, so that the last one is asked after the deadline: on a busy machine the
        // asker may not have run for a while.
        let late = Instant::now() >= deadline;
        if let Some(got) = held().await? {
            return Ok(got);
        }
        if late {
            bail!("waited {within:?} in vain: {what}");
        }
        tokio::time::sleep(BETWEEN).await;
    }
}
