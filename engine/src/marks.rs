//! Marks that stand for names where names must not: in logs and in what is sent to support. A clip's name, its key and its
//! path may tell who filmed what, and where. The same name has the same mark on this computer for ever; nobody who does not
//! have this computer can try names until one fits. Keeps no table: a mark cannot be turned back.

use std::fmt;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Makes marks this installation's own.
static SALT: OnceLock<String> = OnceLock::new();
/// Shorter values would be found inside of other words.
const SHORTEST: usize = 3;
/// What tells a kind of file tells nothing of who made it.
const LONGEST_ENDING: usize = 5;

/// Marks are made with this from now on. Without it they hold for this process.
pub(crate) fn of_installation(installation: &str) {
    let _ = SALT.set(installation.to_owned());
}

/// A name as it may be shown to anybody: `#1f9c03ab.mxf`.
#[derive(Clone, Copy)]
pub struct Mark<'a>(pub &'a str);

impl fmt::Display for Mark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let salt = SALT.get_or_init(|| format!("{:032x}", rand::random::<u128>()));
        let hash = Sha256::digest(format!("{salt}\n{}", self.0));
        let start = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        write!(f, "#{start:08x}")?;
        let name = self.0.rsplit(['/', '\\']).next().unwrap_or_default();
        match name.rsplit_once('.') {
            Some((start, ending)) if !start.is_empty() && is_ending(ending) => {
                write!(f, ".{}", ending.to_ascii_lowercase())
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Mark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_ending(text: &str) -> bool {
    (1..=LONGEST_ENDING).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Puts marks in the place of names that are known, wherever they stand in a text.
pub(crate) struct Marker {
    found: AhoCorasick,
    instead: Vec<String>,
}

impl Marker {
    /// `plain` are replaced by words of their own: a home folder by `~`.
    pub(crate) fn new(names: impl IntoIterator<Item = String>, plain: &[(&str, &str)]) -> Result<Marker> {
        let plain = plain.iter().map(|(what, by)| ((*what).to_owned(), (*by).to_owned()));
        let marked = names.into_iter().map(|name| {
            let mark = Mark(&name).to_string();
            (name, mark)
        });
        let all = plain.chain(marked).filter(|(what, _)| what.len() >= SHORTEST);
        let (what, instead): (Vec<String>, Vec<String>) = all.unzip();
        let found = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&what);
        Ok(Marker { found: found.map_err(Error::internal)?, instead })
    }

    pub(crate) fn on(&self, text: &str) -> String {
        self.found.replace_all(text, &self.instead)
    }
}

/// An error as it may stand in a log: its code and its cause, with marks for the names that it is about.
pub(crate) struct Unnamed<'a>(pub &'a Error, pub &'a [&'a str]);

impl fmt::Display for Unnamed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.code.name())?;
        let last = |name: &&str| name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let names = self.1.iter().map(|name| (*name).to_owned()).chain(self.1.iter().map(last));
        match Marker::new(names, &[]) {
            Ok(marker) if !self.0.detail.is_empty() => write!(f, " ({})", marker.on(&self.0.detail)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn a_mark_is_the_same_for_the_same_name_and_tells_only_its_kind() {
        let mark = |name: &str| Mark(name).to_string();
        assert_eq!(mark("Nairobi/Amina source.MXF"), mark("Nairobi/Amina source.MXF"));
        assert_ne!(mark("Nairobi/a.mxf"), mark("Nairobi/b.mxf"));
        assert!(mark("Nairobi/Amina source.MXF").ends_with(".mxf"));
        assert_eq!(mark("Nairobi/Amina source.MXF").len(), "#12345678.mxf".len());
        for whole in [".amina", "clip.of the source", "no ending", "v1.aminaabdi"] {
            assert_eq!(mark(whole).len(), "#12345678".len(), "{whole}");
        }
        assert_eq!(format!("{:?}", Mark("Amina")), mark("Amina"));
    }

    #[test]
    fn the_longest_name_is_marked_and_what_is_around_it_stays() {
        let names = ["fire", "/media/fire/amina.mxf", "amina.mxf", "x"].map(str::to_owned);
        let marker = Marker::new(names, &[("/home/amina", "~")]).unwrap();
        let text = marker.on("could not read /media/fire/amina.mxf: amina.mxf, fire; /home/amina/x is left");
        let mark = |name: &str| Mark(name).to_string();
        assert_eq!(
            text,
            format!(
                "could not read {}: {}, {}; ~/x is left",
                mark("/media/fire/amina.mxf"),
                mark("amina.mxf"),
                mark("fire")
            )
        );
    }

    #[test]
    fn an_error_in_a_log_has_its_cause_and_no_name() {
        let error =
            Error::new(Code::NoSuchKey, "amina.mxf is gone.").because("404 NoSuchKey: in/amina.mxf (request 1)");
        let said = Unnamed(&error, &["in/amina.mxf"]).to_string();
        assert!(said.starts_with("noSuchKey (404 NoSuchKey: #") && said.ends_with(".mxf (request 1))"), "{said}");
        assert!(!said.contains("amina"));
    }
}
