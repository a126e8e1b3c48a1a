//! Newsroom files on the command line: made, shown in full, and trusted by a word or by their hash.

use std::fs::File;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use rushes_engine::api::{AcceptNewsroom, NewsroomChange, NewsroomPreview};
use rushes_engine::attach::Connection;
use rushes_engine::error::{Code, Error, Result, disk};
use rushes_engine::newsroom_file::{SCHEME, read};

use crate::show::{Show, printable};

/// Writes it beside the command, or where it is told; never over another file.
pub async fn export(connection: &Connection, show: &Show, name: &str, to: Option<&Path>, link: bool) -> Result<bool> {
    let made = connection
        .call(name.to_owned(), async |engine, context, name| engine.export_newsroom(context, name).await)
        .await??;
    if link {
        show.line(&made.link);
        return Ok(true);
    }
    let path = to.map_or_else(|| PathBuf::from(&made.file_name), Path::to_owned);
    let written = File::create_new(&path).and_then(|mut file| file.write_all(made.text.as_bytes()));
    written.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::new(Code::BadInput, format!("{} is there already. Say another name with --to.", path.display()))
        }
        _ => disk("write", &path, &e),
    })?;
    if show.json() {
        show.object(&serde_json::json!({ "file": path.display().to_string(), "link": made.link }));
    } else {
        show.line(&printable(&path.display().to_string()));
    }
    Ok(true)
}

/// What makes somebody's trust unnecessary to ask for.
pub struct Trusted<'a> {
    /// The hash of just the file that is trusted.
    pub sha256: Option<&'a str>,
    /// Addresses at which credentials of this computer may be used.
    pub addresses: &'a [String],
}

pub async fn import(connection: &Connection, show: &Show, file: &Path, trusted: Trusted<'_>) -> Result<bool> {
    let given = match file.to_str() {
        Some(link) if link.starts_with(SCHEME) => link.to_owned(),
        _ => read(file)?,
    };
    let preview = connection
        .call(given.clone(), async |engine, context, given| engine.preview_newsroom(context, given).await)
        .await??;
    if show.json() {
        show.object(&preview);
    } else {
        tell(show, &preview);
    }
    if preview.change == NewsroomChange::Nothing {
        return Ok(true);
    }
    let Some(confirmed) = agreed(&preview, &trusted)? else {
        show.line("Nothing was changed.");
        return Ok(false);
    };
    let request = AcceptNewsroom { given, seen: preview.seen, confirmed };
    connection.call(request, async |engine, context, request| engine.accept_newsroom(context, request).await).await??;
    if !show.json() {
        let name = printable(&preview.name);
        show.line(&match preview.change {
            NewsroomChange::Details => format!("{name} is changed."),
            _ => format!("{name} is here. To sign in to it: rushesctl profile sign-in {}", quoted(&preview.name)),
        });
    }
    Ok(true)
}

fn tell(show: &Show, preview: &NewsroomPreview) {
    show.line(match preview.change {
        NewsroomChange::New => "A new newsroom:",
        NewsroomChange::Nothing => "This newsroom is here already, just so:",
        NewsroomChange::Details | NewsroomChange::Places => "A newsroom that is here already, and would change:",
    });
    let width = preview.lines.iter().map(|line| line.label.chars().count()).max().unwrap_or(0);
    for line in &preview.lines {
        let is = |text: &str| if text.is_empty() { "(nothing)".to_owned() } else { printable(text) };
        let was = line.was.as_deref().map_or(String::new(), |was| format!("   (now: {})", is(was)));
        show.line(&format!("  {:width$}  {}{was}", printable(&line.label), is(&line.value)));
    }
    for warning in &preview.warnings {
        show.line(&format!("{} {}", if warning.grave { "WARNING:" } else { "Note:" }, printable(&warning.text)));
    }
    show.line(&format!("sha256  {}", preview.sha256));
}

/// The addresses that were agreed to with it; `None` where somebody thought better of it.
fn agreed(preview: &NewsroomPreview, trusted: &Trusted<'_>) -> Result<Option<Vec<String>>> {
    if let Some(hash) = trusted.sha256 {
        if !hash.eq_ignore_ascii_case(&preview.sha256) {
            let sentence = "This is another file than the one that is trusted: its hash differs. Nothing was changed.";
            return Err(Error::new(Code::BadInput, sentence).because(format!("sha256 {}", preview.sha256)));
        }
        return Ok(Some(trusted.addresses.to_vec()));
    }
    if !std::io::stdin().is_terminal() {
        let sentence =
            "Nobody is here to look at it. Look at what it says; then trust it with --yes-sha256 and its hash.";
        return Err(Error::new(Code::BadInput, sentence));
    }
    for address in &preview.confirm {
        if !says_yes(&format!("Use credentials of this computer at {}?", printable(address)))? {
            return Ok(None);
        }
    }
    Ok(says_yes("Trust it?")?.then(|| preview.confirm.clone()))
}

fn says_yes(question: &str) -> Result<bool> {
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.map_err(|e| Error::new(Code::BadInput, "No answer was given.").because(e))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// As a shell takes it for one word.
fn quoted(name: &str) -> String {
    format!("'{}'", printable(name).replace('\'', r"'\''"))
}
