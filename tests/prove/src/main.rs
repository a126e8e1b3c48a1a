//! The evidence: `rushes-prove TOPIC [ROW]` runs the rows of a capability for real and prints a line for each;
//! `rushes-prove story` is what `make run` shows where there is no display. Rows are told apart by topic, a folder each.

mod built;
mod chaos;
mod evidence;
mod main_job;
mod person;
mod picture;
mod routes;
mod sign_in;
mod speed;
mod story;
mod watch;

use std::process::ExitCode;

use evidence::Evidence;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        match words[..] {
            ["story"] => match story::tell().await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("The story ended badly: {error:?}");
                    ExitCode::FAILURE
                }
            },
            ["chaos", ref seeds @ ..] => speed::chaos(seeds).await,
            // Servers that rows start in networks of their own.
            ["verifier", ref rest @ ..] => ended(routes::cloudfront::verifier::serve(rest).await),
            ["fuzz", ref rest @ ..] => ended(sign_in::fuzz(rest)),
            ["grant", ref rest @ ..] => ended(routes::cloudfront::grant::serve(rest).await),
            [topic @ ("main-job" | "speed" | "routes" | "sign-in" | "watch"), ref rest @ ..] => run(topic, rest).await,
            _ => {
                eprintln!(
                    "rushes-prove story | chaos [SEED…] | main-job [ROW] | speed [ROW] | routes [ROW] | sign-in [ROW] | watch [ROW]"
                );
                ExitCode::from(2)
            }
        }
    })
}

fn ended(served: anyhow::Result<()>) -> ExitCode {
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn run(topic: &str, rest: &[&str]) -> ExitCode {
    let only = match rest {
        [] => None,
        [row] => match row.parse() {
            Ok(row) => Some(row),
            Err(_) => {
                eprintln!("{row} is no row's number");
                return ExitCode::from(2);
            }
        },
        _ => return ExitCode::from(2),
    };
    let evidence = match Evidence::begin(topic, only) {
        Ok(evidence) => evidence,
        Err(error) => {
            eprintln!("{error:?}");
            return ExitCode::FAILURE;
        }
    };
    match topic {
        "speed" => speed::prove(&evidence).await,
        "routes" => routes::prove(&evidence).await,
        "sign-in" => sign_in::prove(&evidence).await,
        "watch" => watch::prove(&evidence).await,
        _ => main_job::prove(&evidence).await,
    }
    if evidence.all_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
