//! The stand-in's front door and cache by themselves, asked by a client that is not Rushes with what OpenSSL has signed:
//! rows that rely on them would show little if these let everything through, or nothing.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::DOMAIN;
use super::keys::{Pair, for_addresses, now, sign};
use crate::routes::stage::Stage;

const ASKS: &str = include_str!("ask.py");
/// Across two slices of the cache.
const RANGE: std::ops::Range<usize> = 1_048_000..2_100_000;

struct Question {
    what: &'static str,
    address: String,
    cookies: String,
    /// CloudFront's code, or none where it is to be answered with the range.
    refused: Option<&'static str>,
}

/// How many questions are answered as they should be, of how many.
pub fn check(stage: &Stage, key: &str, clip: &Path, pair: &Pair, stranger: &Pair) -> Result<(usize, usize)> {
    let questions = questions(&format!("https://{DOMAIN}/{key}"), pair, stranger)?;
    let range = format!("bytes={}-{}", RANGE.start, RANGE.end - 1);
    let asked = questions.iter().map(|q| json!([q.address, { "Range": range, "Cookie": q.cookies }]));
    let mut python = stage.world.at_office(Path::new("python3"));
    python.args(["-c", ASKS]).arg(&stage.tls.authority).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn()?;
    let all = Value::Array(asked.collect()).to_string();
    python.stdin.take().context("a pipe")?.write_all(all.as_bytes())?;
    let output = python.wait_with_output()?;
    ensure!(output.status.success(), "python: {}", output.status);
    let answers: Vec<(u16, HashMap<String, String>, String)> = serde_json::from_slice(&output.stdout)?;
    let clip = std::fs::read(clip)?;
    let whole = format!("bytes {}-{}/{}", RANGE.start, RANGE.end - 1, clip.len());
    let mut right = 0;
    for (question, (status, headers, body)) in questions.iter().zip(&answers) {
        let body = STANDARD.decode(body)?;
        let is_right = match question.refused {
            Some(code) => *status == 403 && contains(&body, &format!("<Error><Code>{code}</Code><Message>")),
            None => {
                *status == 206
                    && headers.get("content-range") == Some(&whole)
                    && headers.contains_key("etag")
                    && body == clip[RANGE]
            }
        };
        if !is_right {
            eprintln!("    {}: {status} {headers:?} {:.300}", question.what, String::from_utf8_lossy(&body));
        }
        right += usize::from(is_right);
    }
    Ok((right, questions.len()))
}

fn contains(body: &[u8], what: &str) -> bool {
    String::from_utf8_lossy(body).contains(what)
}

fn questions(address: &str, pair: &Pair, stranger: &Pair) -> Result<Vec<Question>> {
    let now = now()?;
    let (later, before) = (now + 600, now - 600);
    let mut questions = Vec::new();
    let mut ask = |what, query: &str, cookies: &str, refused| {
        let address = if query.is_empty() { address.to_owned() } else { format!("{address}?{query}") };
        questions.push(Question { what, address, cookies: cookies.to_owned(), refused });
    };
    let signed =
        |pair: &Pair, hash: &str, text: &str| Ok::<_, anyhow::Error>(for_addresses(&sign(&pair.private, hash, text)?));
    let statement = |resource: &str, condition: Value| {
        // In this order, without a space: what CloudFront makes of a canned one.
        format!(r#"{{"Statement":[{{"Resource":"{resource}","Condition":{condition}}}]}}"#)
    };
    let until = |at: i64| json!({ "DateLessThan": { "AWS:EpochTime": at } });
    let canned = |pair: &Pair, resource: &str, at: i64, id: &str| {
        let signature = signed(pair, "SHA1", &statement(resource, until(at)))?;
        Ok::<_, anyhow::Error>(format!("Expires={at}&Signature={signature}&Key-Pair-Id={id}"))
    };
    let custom = |text: &str, hash: &str| {
        let policy = for_addresses(text.as_bytes());
        let query = format!("Policy={policy}&Signature={}&Key-Pair-Id={}", signed(pair, hash, text)?, pair.id);
        Ok::<_, anyhow::Error>(if hash == "SHA1" { query } else { format!("{query}&Hash-Algorithm={hash}") })
    };
    let cookies =
        |query: &str| query.split('&').map(|pair| format!("CloudFront-{pair}")).collect::<Vec<_>>().join("; ");

    ask("nothing", "", "", Some("MissingKey"));
    ask("canned", &canned(pair, address, later, &pair.id)?, "", None);
    ask("canned, expired", &canned(pair, address, before, &pair.id)?, "", Some("AccessDenied"));
    ask(
        "canned, of another address",
        &canned(pair, &format!("{address}x"), later, &pair.id)?,
        "",
        Some("AccessDenied"),
    );
    ask("canned, by a stranger", &canned(stranger, address, later, &pair.id)?, "", Some("AccessDenied"));
    ask("canned, of an unknown key", &canned(pair, address, later, "KNOBODYKNOWS")?, "", Some("InvalidKey"));
    let longer = canned(pair, address, later, &pair.id)?.replace(&later.to_string(), &(later + 1).to_string());
    ask("canned, made longer", &longer, "", Some("AccessDenied"));

    let folder = format!("https://{DOMAIN}/there/*");
    let mut narrow = until(later);
    narrow["IpAddress"] = json!({ "AWS:SourceIp": "10.88.0.0/16" });
    narrow["DateGreaterThan"] = json!({ "AWS:EpochTime": before });
    let narrow = statement(&format!("https://{DOMAIN}/there/clip-?.m*"), narrow);
    ask("custom", &custom(&narrow, "SHA1")?, "", None);
    ask("custom, SHA-256", &custom(&narrow, "SHA256")?, "", None);
    let wrong_hash = custom(&narrow, "SHA256")?.replace("&Hash-Algorithm=SHA256", "");
    ask("custom, another hash than said", &wrong_hash, "", Some("AccessDenied"));
    let mut early = until(later);
    early["DateGreaterThan"] = json!({ "AWS:EpochTime": later - 60 });
    ask("custom, not yet", &custom(&statement(&folder, early), "SHA1")?, "", Some("AccessDenied"));
    let mut other = until(later);
    other["IpAddress"] = json!({ "AWS:SourceIp": "192.0.2.0/24" });
    ask("custom, another office", &custom(&statement(&folder, other), "SHA1")?, "", Some("AccessDenied"));
    ask("custom, no policy", &custom("not a policy", "SHA1")?, "", Some("MalformedPolicy"));

    let all = custom(&statement(&folder, until(later)), "SHA256")?;
    ask("cookies", "", &cookies(&all), None);
    let elsewhere = custom(&statement(&format!("https://{DOMAIN}/else/*"), until(later)), "SHA1")?;
    ask("cookies, another path", "", &cookies(&elsewhere), Some("AccessDenied"));
    let expired = canned(pair, address, before, &pair.id)?;
    ask("an address that is wrong beside cookies that are right", &expired, &cookies(&all), Some("AccessDenied"));
    Ok(questions)
}
