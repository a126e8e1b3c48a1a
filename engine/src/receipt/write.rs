//! Hash lists and chains as XML, as the standard's schema has them. Pure.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::hash::Format;
use super::list::{CHAIN_NAMESPACE, Entry, Folder, Generation, HashList, NAMESPACE, OURS};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One generation. `now` is RFC 3339.
pub(super) fn hash_list(list: &HashList, host: &str, now: &str) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hashlist version=\"2.0\" xmlns=\"{NAMESPACE}\">\n  <creatorinfo>\n    \
         <creationdate>{now}</creationdate>\n    <hostname>{}</hostname>\n    <tool version=\"{VERSION}\">Rushes</tool>\n  \
         </creatorinfo>\n  <processinfo>\n    <process>in-place</process>\n",
        escape(host)
    );
    if let Some(root) = list.folders.iter().find(|folder| folder.path.is_empty()) {
        xml.push_str(&format!("    <roothash>\n{}    </roothash>\n", sums(root, now)));
    }
    xml.push_str("    <ignore>\n");
    for pattern in &list.ignored {
        let _ = writeln!(xml, "      <pattern>{}</pattern>", escape(pattern));
    }
    xml.push_str("    </ignore>\n  </processinfo>\n  <hashes>\n");
    list.files.iter().for_each(|file| xml.push_str(&entry(file, now)));
    for folder in list.folders.iter().filter(|folder| !folder.path.is_empty()) {
        let (path, sums) = (escape(&folder.path), sums(folder, now));
        let _ = write!(xml, "    <directoryhash>\n      <path>{path}</path>\n{sums}    </directoryhash>\n");
    }
    xml.push_str("  </hashes>\n</hashlist>\n");
    xml
}

fn sums(folder: &Folder, now: &str) -> String {
    let name = Format::OURS.name();
    let sum = |what: &str, value: &str| {
        format!("      <{what}>\n        <{name} hashdate=\"{now}\">{}</{name}>\n      </{what}>\n", escape(value))
    };
    sum("content", &folder.content) + &sum("structure", &folder.structure)
}

fn entry(file: &Entry, now: &str) -> String {
    let mut xml = String::from("    <hash>\n      <path");
    put(&mut xml, "size", file.size.map(|size| size.to_string()).as_deref());
    put(&mut xml, "lastmodificationdate", file.modified.as_deref());
    let _ = writeln!(xml, ">{}</path>", escape(&file.path));
    let mut hashes = file.hashes.clone();
    hashes.sort_by_key(|hash| hash.format);
    for hash in &hashes {
        let name = hash.format.name();
        let _ = write!(xml, "      <{name}");
        put(&mut xml, "action", hash.action.map(|action| action.name()));
        let _ = writeln!(xml, " hashdate=\"{now}\">{}</{name}>", escape(&hash.value));
    }
    if let Some(previous) = &file.previous {
        let _ = writeln!(xml, "      <previousPath>{}</previousPath>", escape(previous));
    }
    if let Some(object) = &file.object {
        let _ = write!(xml, "      <metadata>\n        <rushes:object xmlns:rushes=\"{OURS}\"");
        put(&mut xml, "bucket", Some(&object.bucket));
        put(&mut xml, "key", Some(&object.key));
        put(&mut xml, "version", object.version.as_deref());
        put(&mut xml, "algorithm", object.checksum.as_ref().map(|(algorithm, _)| algorithm.as_str()));
        put(&mut xml, "checksum", object.checksum.as_ref().map(|(_, value)| value.as_str()));
        put(&mut xml, "etag", object.etag.as_deref());
        put(&mut xml, "provedat", Some(&object.proved_at));
        xml.push_str("/>\n      </metadata>\n");
    }
    xml.push_str("    </hash>\n");
    xml
}

fn put(xml: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = write!(xml, " {name}=\"{}\"", escape(value));
    }
}

/// A chain with one generation more. Whatever else another tool has put into it stays as it is. `before`: a chain as it is,
/// and where in it the next generation belongs.
pub(super) fn chain(before: Option<(&str, usize)>, next: &Generation) -> String {
    let Generation { number, file, c4 } = next;
    // With the namespace said again: the chain may have it under a prefix.
    let line = format!(
        "  <hashlist xmlns=\"{CHAIN_NAMESPACE}\" sequencenr=\"{number}\">\n    <path>{}</path>\n    <c4>{c4}</c4>\n  \
         </hashlist>\n",
        escape(file)
    );
    match before {
        Some((text, at)) if text.is_char_boundary(at) => format!("{}{line}{}", &text[..at], &text[at..]),
        _ => format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ascmhldirectory xmlns=\"{CHAIN_NAMESPACE}\">\n{line}\
             </ascmhldirectory>\n"
        ),
    }
}
