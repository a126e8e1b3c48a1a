//! The log file: what our own crates say, a file a day, a week of them. Other crates are left out: an SDK's log may hold
//! signed requests.

use rushes_engine::home::Home;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::EnvFilter;

const DAYS: usize = 7;

/// Writes until the answer is dropped. Without a place to write there is no log, and that must not keep anybody from
/// sending footage.
pub(crate) fn start(home: &Home) -> Option<WorkerGuard> {
    let level = std::env::var("RUSHES_LOG").unwrap_or_else(|_| "info".into());
    let filter = format!(
        "off,rushes={level},rushes_shell={level},rushes_engine={level},rushes_practice={level},rushes_newsroom={level}"
    );
    let filter = EnvFilter::try_new(filter).ok()?;
    std::fs::create_dir_all(home.logs()).inspect_err(|e| eprintln!("Rushes writes no log: {e}")).ok()?;
    let files = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("rushes")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(home.logs())
        .inspect_err(|e| eprintln!("Rushes writes no log: {e}"))
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).init();
    Some(guard)
}
