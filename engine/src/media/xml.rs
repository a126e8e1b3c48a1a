//! Sidecars as XML: bounded in size and in nodes, without a document type, so without entities of its own or of others.
//! May not live here: what the elements mean.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use roxmltree::{Document, Node, ParsingOptions};

use super::plain;

/// A camera's sidecar is a few kilobytes; the index of a full card is not a megabyte.
const MOST_BYTES: u64 = 2 * 1024 * 1024;
const MOST_NODES: u32 = 100_000;

/// Off the async threads.
pub(super) fn text_of(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn parse(text: &str) -> Option<Document<'_>> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text.trim_start_matches('\u{feff}'), options).ok()
}

/// The first element of this name below, whatever its namespace.
pub(super) fn find<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.descendants().find(|below| below.is_element() && below.tag_name().name() == name)
}

/// By its path of names, each anywhere below the one before.
pub(super) fn at<'a, 'i>(node: Node<'a, 'i>, path: &[&str]) -> Option<Node<'a, 'i>> {
    path.iter().try_fold(node, |node, name| find(node, name))
}

pub(super) fn text(node: Node<'_, '_>, path: &[&str]) -> Option<String> {
    plain(at(node, path)?.text()?)
}

pub(super) fn attribute(node: Node<'_, '_>, path: &[&str], name: &str) -> Option<String> {
    plain(at(node, path)?.attribute(name)?)
}
