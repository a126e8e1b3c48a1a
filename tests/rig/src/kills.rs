//! A command killed as a power cut would do it, again and again, until it is let run to its end.
//! May not live here: what must be true afterwards.

use std::ffi::OsStr;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::ctl::{Ended, Rushesctl};

/// Longer than any of it takes.
const ENDED_WITHIN: Duration = Duration::from_secs(300);

/// What a campaign did.
#[derive(Debug)]
pub struct Killed {
    /// How long after its start each run was killed. Runs that ended before are not among them.
    pub at: Vec<Duration>,
    /// The last run, which nobody killed.
    pub last: Ended,
}

/// Runs the command once for each moment and kills it then, with SIGKILL; then once more, to its end.
pub async fn kill_at(ctl: &Rushesctl, arguments: &[impl AsRef<OsStr>], moments: &[Duration]) -> Result<Killed> {
    let mut at = Vec::new();
    for moment in moments {
        let begun = Instant::now();
        let mut running = ctl.spawn(arguments)?;
        tokio::time::sleep(*moment).await;
        if running.is_running()? {
            at.push(begun.elapsed());
            running.kill()?;
        }
        // Dropped, it is dead and gone.
    }
    let last = ctl.spawn(arguments)?.wait(ENDED_WITHIN).await?;
    Ok(Killed { at, last })
}
