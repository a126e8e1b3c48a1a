//! Hash lists and chains read from XML that anybody may have written: no entities, no document types, nothing deep, long or
//! endless, and no path that leads out of its folder. What the standard does not name is passed over.

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::{NsReader, XmlVersion};

use super::hash::Format;
use super::list::{
    Action, CHAIN_NAMESPACE, Entry, Folder, Generation, Hash, HashList, InBucket, NAMESPACE, OURS, is_within,
};
use crate::error::{Code, Error, Result};

/// A list of the most files that are sent at once is shorter.
pub(super) const LONGEST: u64 = 256 << 20;
/// The standard's lists are five deep.
const DEEPEST: usize = 32;
/// Of a name, a hash, a pattern.
const LONGEST_TEXT: usize = 16 << 10;
const MOST_ENTRIES: usize = 500_000;

pub(super) fn bad(cause: impl std::fmt::Display) -> Error {
    Error::new(Code::BadInput, "That is no hash list of ASC MHL, or a damaged one.").because(cause)
}

/// What an element is, by its namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Lists,
    Chains,
    Ours,
    Nobodys,
}

/// Walks through the elements: `begin` hears each with the names of those around it, `end` each with its text.
fn walk(
    from: impl BufRead,
    mut begin: impl FnMut(&[String], Whose, &BytesStart<'_>) -> Result<()>,
    mut end: impl FnMut(&[String], &str, u64) -> Result<()>,
) -> Result<()> {
    let mut reader = NsReader::from_reader(from.take(LONGEST));
    reader.config_mut().expand_empty_elements = true;
    let (mut around, mut text, mut buffer) = (Vec::<String>::new(), String::new(), Vec::new());
    let mut seen_root = false;
    loop {
        let at = reader.buffer_position();
        let (resolved, event) = reader.read_resolved_event_into(&mut buffer).map_err(bad)?;
        match event {
            Event::Start(element) => {
                let whose = match resolved {
                    ResolveResult::Bound(Namespace(NAMESPACE)) => Whose::Lists,
                    ResolveResult::Bound(Namespace(CHAIN_NAMESPACE)) => Whose::Chains,
                    ResolveResult::Bound(Namespace(OURS)) => Whose::Ours,
                    _ => Whose::Nobodys,
                };
                if around.is_empty() && std::mem::replace(&mut seen_root, true) {
                    return Err(bad("two documents in one"));
                }
                if around.len() >= DEEPEST {
                    return Err(bad("too deep"));
                }
                let mark = if whose == Whose::Ours { "rushes:" } else { "" };
                let name = if whose == Whose::Nobodys { "?" } else { element.local_name().into_inner() };
                around.push(format!("{mark}{name}"));
                text.clear();
                begin(&around, whose, &element)?;
            }
            Event::End(_) => {
                end(&around, &text, at)?;
                around.pop();
                text.clear();
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::CData(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => match &*reference {
                "lt" => text.push('<'),
                "gt" => text.push('>'),
                "amp" => text.push('&'),
                "apos" => text.push('\''),
                "quot" => text.push('"'),
                _ => text.push(reference.resolve_char_ref().map_err(bad)?.ok_or_else(|| bad("an entity"))?),
            },
            Event::DocType(_) => return Err(bad("a document type")),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Empty(_) => {}
            Event::Eof if seen_root && around.is_empty() => return Ok(()),
            Event::Eof => return Err(bad("it ends too early, or is too long")),
        }
        if text.len() > LONGEST_TEXT {
            // Spaces between elements are no one's text.
            if !text.trim().is_empty() {
                return Err(bad("a text that is too long"));
            }
            text.clear();
        }
        buffer.clear();
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>> {
    let Some(found) = element.try_get_attribute(name).map_err(bad)? else { return Ok(None) };
    let value = found.normalized_value(XmlVersion::Implicit1_0).map_err(bad)?;
    if value.len() > LONGEST_TEXT {
        return Err(bad("an attribute that is too long"));
    }
    Ok(Some(value.into_owned()).filter(|value| !value.is_empty()))
}

/// What of a list is being read.
#[derive(Default)]
struct Reading {
    list: HashList,
    file: Option<Entry>,
    folder: Option<Folder>,
    action: Option<Action>,
}

/// One generation.
pub(super) fn hash_list(from: impl BufRead) -> Result<HashList> {
    let reading = std::cell::RefCell::new(Reading::default());
    let begin = |around: &[String], whose: Whose, element: &BytesStart<'_>| {
        if around.len() == 1 && (whose != Whose::Lists || around[0] != "hashlist") {
            return Err(bad("it begins as something else"));
        }
        reading.borrow_mut().begin(around, element)
    };
    let end = |around: &[String], text: &str, _: u64| reading.borrow_mut().end(around, text);
    walk(from, begin, end)?;
    Ok(reading.into_inner().list)
}

impl Reading {
    fn begin(&mut self, around: &[String], element: &BytesStart<'_>) -> Result<()> {
        match names(around).as_slice() {
            ["hashlist", "hashes", "hash"] => {
                self.file = Some(Entry {
                    path: String::new(),
                    size: None,
                    modified: None,
                    hashes: Vec::new(),
                    previous: None,
                    object: None,
                });
            }
            ["hashlist", "hashes", "directoryhash"] | ["hashlist", "processinfo", "roothash"] => {
                self.folder = Some(Folder { path: String::new(), content: String::new(), structure: String::new() });
            }
            ["hashlist", "hashes", "hash", "path"] => {
                if let Some(file) = &mut self.file {
                    file.size = attribute(element, "size")?.and_then(|size| size.parse().ok());
                    file.modified = attribute(element, "lastmodificationdate")?;
                }
            }
            ["hashlist", "hashes", "hash", format] if Format::named(format).is_some() => {
                self.action = attribute(element, "action")?.and_then(|action| Action::named(&action));
            }
            ["hashlist", "hashes", "hash", "metadata", "rushes:object"] => {
                if let Some(file) = &mut self.file {
                    file.object = object(element)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, around: &[String], text: &str) -> Result<()> {
        match names(around).as_slice() {
            ["hashlist", "hashes", "hash", "path"] => {
                if let Some(file) = &mut self.file {
                    file.path = within(text)?;
                }
            }
            ["hashlist", "hashes", "hash", "previousPath"] => {
                if let Some(file) = &mut self.file {
                    file.previous = Some(within(text)?);
                }
            }
            ["hashlist", "hashes", "directoryhash", "path"] => {
                if let Some(folder) = &mut self.folder {
                    folder.path = within(text.trim_end_matches('/'))?;
                }
            }
            ["hashlist", .., "directoryhash" | "roothash", "content", "xxh128"] => {
                if let Some(folder) = &mut self.folder {
                    folder.content = text.trim().to_owned();
                }
            }
            ["hashlist", .., "directoryhash" | "roothash", "structure", "xxh128"] => {
                if let Some(folder) = &mut self.folder {
                    folder.structure = text.trim().to_owned();
                }
            }
            ["hashlist", "hashes", "hash", format] => {
                if let (Some(file), Some(format)) = (&mut self.file, Format::named(format)) {
                    file.hashes.push(Hash { format, value: text.trim().to_owned(), action: self.action.take() });
                }
            }
            ["hashlist", "hashes", "hash"] => match self.file.take() {
                Some(file) if !file.path.is_empty() => self.list.files.push(file),
                _ => return Err(bad("a hash of nothing")),
            },
            ["hashlist", "hashes", "directoryhash"] | ["hashlist", "processinfo", "roothash"] => {
                self.list.folders.extend(self.folder.take());
            }
            ["hashlist", "processinfo", "ignore", "pattern"] => self.list.ignored.push(text.to_owned()),
            _ => {}
        }
        if self.list.files.len() + self.list.folders.len() + self.list.ignored.len() > MOST_ENTRIES {
            return Err(bad("too many files"));
        }
        Ok(())
    }
}

fn names(around: &[String]) -> Vec<&str> {
    around.iter().map(String::as_str).collect()
}

fn within(path: &str) -> Result<String> {
    if is_within(path) { Ok(path.to_owned()) } else { Err(bad("a path that leads out of the folder")) }
}

/// `None` where it does not say where: that is somebody else's, whatever it calls itself.
fn object(element: &BytesStart<'_>) -> Result<Option<InBucket>> {
    let (bucket, key) = (attribute(element, "bucket")?, attribute(element, "key")?);
    let checksum = attribute(element, "algorithm")?.zip(attribute(element, "checksum")?);
    let (version, etag) = (attribute(element, "version")?, attribute(element, "etag")?);
    let proved_at = attribute(element, "provedat")?.unwrap_or_default();
    Ok(bucket.zip(key).map(|(bucket, key)| InBucket { bucket, key, version, checksum, etag, proved_at }))
}

/// A chain, and where in it the next generation belongs: before its last tag.
pub(super) fn chain(text: &[u8]) -> Result<(Vec<Generation>, usize)> {
    let all = std::cell::RefCell::new((Vec::<Generation>::new(), 0));
    let begin = |around: &[String], whose: Whose, element: &BytesStart<'_>| {
        if around.len() == 1 && (whose != Whose::Chains || around[0] != "ascmhldirectory") {
            return Err(bad("it begins as something else"));
        }
        if let ["ascmhldirectory", "hashlist"] = names(around).as_slice() {
            let number = attribute(element, "sequencenr")?.and_then(|number| number.parse().ok()).unwrap_or(0);
            all.borrow_mut().0.push(Generation { number, file: String::new(), c4: String::new() });
        }
        Ok(())
    };
    let end = |around: &[String], text: &str, at: u64| {
        let mut all = all.borrow_mut();
        match names(around).as_slice() {
            ["ascmhldirectory", "hashlist", "path"] => {
                let file = within(text)?;
                if let Some(last) = all.0.last_mut() {
                    last.file = file;
                }
            }
            ["ascmhldirectory", "hashlist", "c4"] => {
                if let Some(last) = all.0.last_mut() {
                    last.c4 = text.trim().to_owned();
                }
            }
            ["ascmhldirectory"] => all.1 = usize::try_from(at).map_err(bad)?,
            _ => {}
        }
        if all.0.len() > MOST_ENTRIES {
            return Err(bad("too many generations"));
        }
        Ok(())
    };
    // Some editors mark a text by its first three bytes.
    let plain = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    walk(plain, begin, end)?;
    let (generations, end) = all.into_inner();
    let end = end + text.len() - plain.len();
    if !text.get(end..).is_some_and(|rest| rest.starts_with(b"</")) {
        return Err(bad("a chain of nothing"));
    }
    Ok((generations, end))
}
