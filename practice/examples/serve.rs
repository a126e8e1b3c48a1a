//! Serves a practice newsroom until it is interrupted: for trying it by hand with other S3 clients, and for the test
//! that kills it.
//!
//! `cargo run -p rushes-practice --example serve -- FOLDER [PORT]`
//!
//! Prints one line of JSON once it is served, with the address and the keys: those of the variables PRACTICE_KEY_ID
//! and PRACTICE_SECRET where both are set, otherwise fresh ones. RUST_LOG says what is logged, to standard error.

use std::env;
use std::error::Error;
use std::path::Path;

use rushes_practice::{BUCKET, Keys, REGION, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().ok_or("usage: serve FOLDER [PORT]")?;
    let port = arguments.next().map(|port| port.parse()).transpose()?;
    let keys = match (env::var("PRACTICE_KEY_ID"), env::var("PRACTICE_SECRET")) {
        (Ok(access_key_id), Ok(secret)) => Keys { access_key_id, secret_access_key: secret.into() },
        _ => Keys::fresh(),
    };

    let serving = serve(Path::new(&folder), keys.clone(), port).await?;
    serving.fill().await?;
    println!(
        "{}",
        serde_json::json!({
            "endpoint": serving.endpoint(),
            "region": REGION,
            "bucket": BUCKET,
            "access_key_id": keys.access_key_id,
            "secret_access_key": keys.secret_access_key.as_str(),
        })
    );
    tokio::signal::ctrl_c().await?;
    serving.stop().await;
    Ok(())
}
