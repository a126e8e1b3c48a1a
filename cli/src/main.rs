//! `rushesctl`: parses, asks the engine, shows. No transfer logic lives here.

mod args;
mod bucket;
mod cards;
mod follow;
mod limit;
mod newsroom_file;
mod policies;
mod receipts;
mod routes;
mod show;
mod sign_in;
mod support;
mod urgency;
mod verbs;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use rushes_engine::Scope;
use rushes_engine::attach::Connection;
use rushes_engine::error::Result;
use rushes_engine::home::Home;

use args::Cli;
use show::Show;

fn main() -> ExitCode {
    rushes_engine::dumps::off();
    rushes_engine::dumps::close();
    // Clap ends the process with 2 on a usage error.
    let cli = Cli::parse().checked().unwrap_or_else(|error| error.exit());
    let show = Show::new(cli.json);
    log_to_stderr();
    let runtime = match rushes_engine::threads::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            show.error(&error);
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(run(&cli, &show));
    // A read that waits for a slow disk or a keychain must not hold the command open.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            show.error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Whether all that was asked for is done.
async fn run(cli: &Cli, show: &Show) -> Result<bool> {
    // Whoever watches carries all that there is.
    let watches = matches!(cli.verb, args::Verb::Watch { verb: None, install: false, uninstall: false });
    let scope = if watches { Scope::Unseen } else { Scope::Asked };
    let connection = Connection::open(Home::of_this_user()?, scope).await?;
    let done = tokio::select! {
        done = verbs::run(cli, show, &connection) => done,
        () = asked_to_end() => {
            show.stopped();
            // Nothing else ends a watch.
            Ok(watches)
        }
    };
    // Others may have asked this process's engine for transfers: it stays until they are done.
    if done.is_ok() && !watches {
        follow::until_idle(&connection, &show.all_followed()).await;
    }
    connection.close().await;
    done
}

/// Ctrl-C, or the system's own word to a program that it started.
async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return,
            _ = term.recv() => return,
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// `RUSHES_LOG=debug` shows what our own crates do, and nobody else's: an SDK's log may hold signed requests.
fn log_to_stderr() {
    let Ok(level) = std::env::var("RUSHES_LOG") else { return };
    let filter = format!("off,rushes_engine={level},rushes_practice={level}");
    if let Ok(filter) = tracing_subscriber::EnvFilter::try_new(filter) {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
}
