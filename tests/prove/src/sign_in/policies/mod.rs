//! The IAM policies that Rushes writes, tried on a list of calls by a simulator of IAM, and used for real: the command line
//! against a store that lets each role do what its policy says, and nothing else.

mod practised;
mod simulated;

use anyhow::{Result, ensure};
use rushes_rig::Scratch;
use rushes_rig::ctl::Rushesctl;
use serde_json::json;

use super::Goals;
use crate::built;
use crate::evidence::Shown;

const BUREAU: &str = "Nairobi";
const TEMPLATE: &str = "{bureau}/{date}/{slug}/{name}";

pub async fn row(goals: &Goals) -> Result<Shown> {
    let scratch = Scratch::new();
    let ctl = Rushesctl::new(&scratch, built::binary("rushesctl")?)?;
    let simulated = simulated::all(&scratch, &ctl).await?;
    ensure!(simulated.calls >= goals.calls, "{} calls are fewer than {}", simulated.calls, goals.calls);
    let practised = practised::all(&scratch, &ctl).await?;
    let failed: Vec<_> = practised.iter().filter(|step| !step.as_expected).collect();
    let passes =
        simulated.off.is_empty() && simulated.wrong.is_empty() && simulated.idle.is_empty() && failed.is_empty();
    let figure = format!(
        "{} calls × {} policies: {} needed and allowed, {} others denied, {} otherwise; of {} actions on resources {} can be \
         left out; {} of {} steps of the app and of a stranger with its keys as expected",
        simulated.calls,
        simulated.policies,
        simulated.allowed,
        simulated.denied,
        simulated.off.len(),
        simulated.grains,
        simulated.idle.len(),
        practised.len() - failed.len(),
        practised.len(),
    );
    Ok(Shown { figure, passes, samples: json!({ "simulated": simulated, "practised": practised }) })
}
