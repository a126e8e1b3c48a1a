//! What the reference tool, ascmhl 1.2, computes and accepts, and what is refused of what others wrote.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::card::{self, Card, Reading};
use super::check::folders;
use super::hash::{Format, Sum, c4};
use super::history::{self, History};
use super::keep::folder_in_bucket;
use super::list::{Action, Entry, FOLDER, Folder, Hash, HashList, InBucket};
use super::{open, read, write};
use crate::api::Found;

const NOW: &str = "2026-11-22T19:42:00Z";

fn sum(format: Format, bytes: &[u8]) -> String {
    let mut sum = Sum::new(format);
    sum.update(bytes);
    sum.value()
}

#[test]
fn hashes_are_the_reference_tools() {
    for (format, value) in [
        (Format::Xxh128, "06b05ab6733a618578af5f94892f3950"),
        (Format::Xxh3, "78af5f94892f3950"),
        (Format::Xxh64, "44bc2cf5ad770999"),
        (Format::Md5, "900150983cd24fb0d6963f7d28e17f72"),
        (Format::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (Format::C4, "c45S4rnaTNWonxss1u8LzsaJdEph1AJhWUF4sh2waXKMsutyfAxg4ybUeuXVWS9HdNcEypmeXn8FZGonD4w1rj9DZp"),
    ] {
        assert_eq!(sum(format, b"abc"), value, "{format:?}");
        assert_eq!(Format::named(format.name()), Some(format));
    }
    assert_eq!(c4(b""), "c459dsjfscH38cYeXXYogktxf4Cd9ibshE3BHUo6a58hBXmRQdZrAkZzsWcbWtDg5oQstpDuni4Hirj75GEmTc1sFT");
}

/// A card of which the reference tool has made a list.
fn made(root: &Path) -> Card {
    fs::create_dir_all(root.join("CLIP/EMPTY")).unwrap();
    fs::create_dir_all(root.join("SUB")).unwrap();
    for (name, bytes) in [("CLIP/a.mxf", "abc"), ("CLIP/b.mxf", ""), ("INDEX.XML", "<x/>"), ("SUB/é n.txt", "é")] {
        fs::write(root.join(name), bytes).unwrap();
    }
    for litter in [".DS_Store", "._x", "Thumbs.db", "CLIP/.ds_store"] {
        fs::write(root.join(litter), "litter").unwrap();
    }
    card::walk(root).unwrap()
}

fn content(card: &Card) -> HashMap<String, u128> {
    let read =
        |path: &Path| card::read(path, &[Format::OURS], &Reading::default()).unwrap().unwrap().hashes[0].1.clone();
    card.files.iter().map(|file| (file.name.clone(), u128::from_str_radix(&read(&file.path), 16).unwrap())).collect()
}

#[test]
fn folders_hash_as_the_reference_tool_has_it() {
    let scratch = tempfile::tempdir().unwrap();
    let card = made(scratch.path());
    let names: Vec<&str> = card.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["CLIP/a.mxf", "CLIP/b.mxf", "INDEX.XML", "SUB/é n.txt"], "litter is passed over");
    let all = folders(&card, &content(&card));
    let of = |path: &str| all.iter().find(|folder| folder.path == path).unwrap();
    for (path, content, structure) in [
        ("CLIP/EMPTY", "99aa06d3014798d86001c324468d497f", "99aa06d3014798d86001c324468d497f"),
        ("CLIP", "88dc7279bfe9778c804c6601135d629a", "cb0c75bd0d6e9ee830046a99c3ca989e"),
        ("SUB", "2d1d4936f42f91913c405c00582b95e9", "982030ceec769ba6452fbbc271367249"),
        ("", "de9700eb9f00267801b103abd0aab182", "d917fab75a40dc3fc0a518d24f81027c"),
    ] {
        assert_eq!((of(path).content.as_str(), of(path).structure.as_str()), (content, structure), "{path}");
    }
}

fn entry(path: &str, value: &str) -> Entry {
    Entry {
        path: path.into(),
        size: Some(3),
        modified: Some(NOW.into()),
        hashes: vec![Hash { format: Format::Xxh128, value: value.into(), action: Some(Action::Original) }],
        previous: None,
        object: Some(InBucket {
            bucket: "agency-footage".into(),
            key: "Nairobi/CARD/a & \"b\" <é>.mxf".into(),
            version: Some("3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY".into()),
            checksum: Some(("CRC64NVME".into(), "AAAAAAAAAAA=".into())),
            etag: Some("\"e-2\"".into()),
            proved_at: NOW.into(),
        }),
    }
}

fn list(value: &str) -> HashList {
    HashList {
        files: vec![entry("CLIP/a & <é> \"b\".mxf", value)],
        folders: vec![Folder { path: String::new(), content: "aa".into(), structure: "bb".into() }],
        ignored: vec![".DS_Store".into(), "._*".into()],
    }
}

#[test]
fn what_is_written_is_read_again() {
    let list = list("06b05ab6733a618578af5f94892f3950");
    let xml = write::hash_list(&list, "laptop & co", NOW);
    assert_eq!(read::hash_list(xml.as_bytes()).unwrap(), list);
}

#[test]
fn hostile_lists_are_refused() {
    let good = write::hash_list(&list("00"), "h", NOW);
    let path = "CLIP/a &amp; &lt;é&gt; &quot;b&quot;.mxf";
    assert!(good.contains(path));
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]>";
    for bad in [
        good.replace(path, "../../etc/passwd"),
        good.replace(path, "/etc/passwd"),
        good.replace(path, "CLIP/&a;"),
        good.replace("<hashlist ", &format!("{bomb}<hashlist ")),
        good.replace("urn:ASC:MHL:v2.0", "urn:else"),
        good.replace(path, &"x".repeat(20_000)),
        good.replace("<creatorinfo>", &format!("<creatorinfo>{}", "<x>".repeat(40))),
        good[..good.len() - 20].to_owned(),
        format!("{good}{good}"),
        String::new(),
    ] {
        assert!(read::hash_list(bad.as_bytes()).is_err(), "{}", bad.chars().take(300).collect::<String>());
    }
}

#[test]
fn a_generation_is_added_and_none_is_written_over() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("CARD");
    fs::create_dir(&root).unwrap();
    let add = |value: &str, stamp: &str| {
        let next = History::load(&root).unwrap().next(&root, &list(value), "h", stamp, NOW);
        history::put(&root, &next).unwrap()
    };
    let first = add("11", "2026-11-22_194200Z");
    assert_eq!(first.file_name().unwrap(), "0001_CARD_2026-11-22_194200Z.mhl");
    let before = fs::read(&first).unwrap();
    // Another tool's chain, with more in it than we know.
    let chain = root.join(FOLDER).join("ascmhl_chain.xml");
    let text = fs::read_to_string(&chain).unwrap().replace("<c4>", "<note>theirs</note><c4>");
    fs::write(&chain, text).unwrap();
    let second = add("22", "2026-11-22_194201Z");
    assert_eq!(second.file_name().unwrap(), "0002_CARD_2026-11-22_194201Z.mhl");
    assert_eq!(fs::read(&first).unwrap(), before);
    assert!(fs::read_to_string(&chain).unwrap().contains("<note>theirs</note>"));
    let history = History::load(&root).unwrap();
    assert_eq!(history.lists.len(), 2);
    // The newest word counts.
    let opened = open(&root).unwrap();
    assert_eq!((opened.files(), opened.objects().len()), (1, 1));
    // One that was changed, or is gone, is found by the chain.
    fs::write(&first, "x").unwrap();
    assert!(History::load(&root).unwrap_err().message.contains("0001_CARD"));
    fs::remove_file(&first).unwrap();
    assert!(open(&root).unwrap_err().message.contains("is not there"));
}

#[test]
fn a_changed_or_missing_file_beside_a_receipt_is_told() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    fs::create_dir(root.join("CLIP")).unwrap();
    let (same, cut, gone) = ("CLIP/same.mxf", "CLIP/changed.mxf", "CLIP/gone.mxf");
    let abc = sum(Format::Xxh128, b"abc");
    let list = HashList { files: [same, cut, gone].map(|name| entry(name, &abc)).into(), ..HashList::default() };
    fs::write(root.join(same), "abc").unwrap();
    fs::write(root.join(cut), "abd").unwrap();
    let receipt = root.join("r.mhl");
    fs::write(&receipt, write::hash_list(&list, "h", NOW)).unwrap();
    let mut all = Vec::new();
    open(&receipt).unwrap().read_beside(|one| all.push((one.path, one.found)));
    let wanted = [(cut, Found::FileChanged), (gone, Found::FileMissing), (same, Found::Same)];
    assert_eq!(all, wanted.map(|(path, found)| (path.to_owned(), found)));
}

#[cfg(unix)]
#[test]
fn nothing_on_a_card_is_passed_over_in_silence() {
    let scratch = tempfile::tempdir().unwrap();
    made(scratch.path());
    std::os::unix::fs::symlink("/etc/passwd", scratch.path().join("link.mxf")).unwrap();
    let refused = card::walk(scratch.path()).unwrap_err();
    assert!(refused.message.starts_with("link.mxf"), "{refused}");
}

#[test]
fn a_receipt_stands_where_its_card_does() {
    let folder = |files: &[(&str, &str)]| folder_in_bucket(files.iter().copied());
    assert_eq!(folder(&[("CLIP/a.mxf", "in/CARD/CLIP/a.mxf"), ("INDEX.XML", "in/CARD/INDEX.XML")]), "in/CARD");
    assert_eq!(folder(&[("CLIP/a.mxf", "a.mxf")]), "");
    assert_eq!(folder(&[]), "");
}
