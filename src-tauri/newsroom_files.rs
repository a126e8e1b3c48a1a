//! Newsroom files on their way into the window, however they come: dropped, opened by a double click, or held by a
//! `rushes://` link. They are read here and shown there; what they say is the engine's matter.

use std::path::{Path, PathBuf};

use rushes_engine::newsroom_file::{self, SCHEME};

/// The text of a newsroom file, where that is what was given and nothing else. Whatever is of that name and is not plainly
/// one of ours is footage, as all else is.
pub(crate) fn alone(paths: &[PathBuf]) -> Option<String> {
    let [path] = paths else { return None };
    if !newsroom_file::is_named_so(path) {
        return None;
    }
    newsroom_file::read(path).ok().filter(|text| says_so(text))
}

/// Whether a text says that it is a newsroom file. Such a one is never sent, whatever else is wrong with it.
fn says_so(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim_start);
    lines.any(|line| line.strip_prefix("rushes").is_some_and(|rest| rest.trim_start().starts_with('=')))
}

/// The links among a command line's arguments.
pub(crate) fn links(arguments: &[String]) -> Vec<String> {
    arguments.iter().skip(1).filter(|argument| is_link(argument)).cloned().collect()
}

pub(crate) fn is_link(argument: &str) -> bool {
    argument.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

/// What an argument names: a path, or the address of a file, as some desktops hand it over.
pub(crate) fn named(argument: &str, folder: &Path) -> PathBuf {
    let address = tauri::Url::parse(argument).ok().filter(|url| url.scheme() == "file");
    address.and_then(|url| url.to_file_path().ok()).unwrap_or_else(|| folder.join(argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newsroom_file_is_one_that_says_so_and_comes_alone() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let ours = write("Nairobi.RUSHES", "# A newsroom\r\n rushes = 1\n");
        assert!(alone(std::slice::from_ref(&ours)).is_some());
        assert!(alone(&[ours.clone(), ours]).is_none());
        assert!(alone(&[write("x.toml", "rushes = 1")]).is_none());
        assert!(alone(&[write("clip.rushes", "rushes of the day\nnot = ours")]).is_none());
        assert!(alone(&[write("long.rushes", &format!("rushes = 1\n{}", "#".repeat(70_000)))]).is_none());
        assert!(alone(&[folder.path().join("missing.rushes")]).is_none());
    }

    #[test]
    fn arguments_are_links_addresses_or_paths() {
        let arguments = ["rushes", "rushes://newsroom?file=x", "--flag", "RUSHES://x", "clip.mxf"].map(str::to_owned);
        assert_eq!(links(&arguments), ["rushes://newsroom?file=x", "RUSHES://x"]);
        let at = Path::new("/footage");
        assert_eq!(named("clip.mxf", at), Path::new("/footage/clip.mxf"));
        assert_eq!(named("/a/b.rushes", at), Path::new("/a/b.rushes"));
        if cfg!(unix) {
            assert_eq!(named("file:///a/b%20c.rushes", at), Path::new("/a/b c.rushes"));
        }
    }
}
