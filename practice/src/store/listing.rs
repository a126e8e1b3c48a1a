//! Lists of objects and of multipart uploads, in S3's order, page by page.
//! May not live here: how a page is spelled (`s3/lists.rs`).

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::object::Object;
use super::uploads::Upload;
use super::{Refusal, Store};

/// Which objects to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) prefix: String,
    /// Keys that share what lies between the prefix and this are told as one common prefix.
    pub(crate) delimiter: Option<String>,
    /// Only what sorts after this. A common prefix given here is skipped with all that it covers.
    pub(crate) after: Option<String>,
    /// The most entries of a page, keys and common prefixes together.
    pub(crate) limit: usize,
}

/// One page of objects.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Arc<Object>>,
    pub(crate) prefixes: Vec<String>,
    /// The last key or common prefix of this page, when there is more: where the next page begins.
    pub(crate) next: Option<String>,
}

/// Which multipart uploads to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct UploadsRequest {
    pub(crate) prefix: String,
    pub(crate) delimiter: Option<String>,
    pub(crate) after_key: Option<String>,
    /// Only with `after_key`: of that key, those that sort after this one are still listed.
    pub(crate) after_id: Option<String>,
    pub(crate) limit: usize,
}

/// One page of multipart uploads.
#[derive(Debug, Default)]
pub(crate) struct UploadsPage {
    pub(crate) uploads: Vec<Upload>,
    pub(crate) prefixes: Vec<String>,
    /// The last key or common prefix and, for a key, the last upload's ID, when there is more.
    pub(crate) next: Option<(String, String)>,
}

impl Store {
    pub(crate) fn list(&self, bucket: &str, request: &Request) -> Result<Page, Refusal> {
        Ok(page(&self.read().bucket(bucket)?.objects, request))
    }

    pub(crate) fn list_uploads(&self, bucket: &str, request: &UploadsRequest) -> Result<UploadsPage, Refusal> {
        Ok(uploads_page(self.read().bucket(bucket)?.uploads.values(), request))
    }
}

fn page(objects: &BTreeMap<String, Arc<Object>>, request: &Request) -> Page {
    let Request { prefix, delimiter, after, limit } = request;
    let mut page = Page::default();
    if *limit == 0 {
        return page;
    }
    let mut last = None;
    let mut from = beginning(prefix, delimiter.as_deref(), after.as_deref());
    while let Some((key, object)) = next(objects, &from).filter(|(key, _)| key.starts_with(prefix.as_str())) {
        if page.objects.len() + page.prefixes.len() == *limit {
            page.next = last;
            break;
        }
        if let Some(common) = common_prefix(key, prefix, delimiter.as_deref()) {
            // Whatever it covers is skipped in one step, were it ten thousand keys.
            from = past(common);
            page.prefixes.push(common.to_owned());
            last = Some(common.to_owned());
        } else {
            from = Bound::Excluded(key.clone());
            page.objects.push(Arc::clone(object));
            last = Some(key.clone());
        }
    }
    page
}

fn next<'a>(objects: &'a BTreeMap<String, Arc<Object>>, from: &Bound<String>) -> Option<(&'a String, &'a Arc<Object>)> {
    objects.range((from.clone(), Bound::Unbounded)).next()
}

/// Where a list begins.
fn beginning(prefix: &str, delimiter: Option<&str>, after: Option<&str>) -> Bound<String> {
    match after {
        Some(after) if after >= prefix => match common_prefix(after, prefix, delimiter) {
            Some(common) if common == after => past(common),
            _ => Bound::Excluded(after.to_owned()),
        },
        _ => Bound::Included(prefix.to_owned()),
    }
}

/// The first string that sorts after all that begin with `prefix`; nothing is left after the last character.
fn past(prefix: &str) -> Bound<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // The surrogates between D7FF and E000 are no characters; a range of them steps over.
        if let Some(following) = (last..=char::MAX).nth(1) {
            end.push(following);
            return Bound::Included(end);
        }
    }
    Bound::Excluded(char::MAX.to_string().repeat(1024))
}

/// The part of `key` up to and with the first `delimiter` after `prefix`.
fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: Option<&str>) -> Option<&'a str> {
    let (delimiter, rest) = (delimiter?, key.strip_prefix(prefix)?);
    rest.find(delimiter).map(|at| &key[..prefix.len() + at + delimiter.len()])
}

fn uploads_page<'a>(uploads: impl Iterator<Item = &'a Upload>, request: &UploadsRequest) -> UploadsPage {
    let UploadsRequest { prefix, delimiter, after_key, after_id, limit } = request;
    let mut wanted: Vec<&Upload> = uploads
        .filter(|upload| upload.key.starts_with(prefix.as_str()))
        .filter(|upload| match (after_key, after_id) {
            (None, _) => true,
            (Some(key), Some(id)) => (&upload.key, &upload.id) > (key, id),
            (Some(key), None) => upload.key > *key,
        })
        .filter(|upload| {
            // A common prefix that ended the last page covers more than itself.
            let common = common_prefix(&upload.key, prefix, delimiter.as_deref());
            common.is_none() || common != after_key.as_deref()
        })
        .collect();
    wanted.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));

    let mut page = UploadsPage::default();
    let mut last = None;
    for upload in wanted {
        let common = common_prefix(&upload.key, prefix, delimiter.as_deref());
        if common.is_some() && common == page.prefixes.last().map(String::as_str) {
            continue;
        }
        if page.uploads.len() + page.prefixes.len() == *limit {
            page.next = last;
            break;
        }
        if let Some(common) = common {
            page.prefixes.push(common.to_owned());
            last = Some((common.to_owned(), String::new()));
        } else {
            page.uploads.push(upload.clone());
            last = Some((upload.key.clone(), upload.id.clone()));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::super::sums::{Algorithm, Checksum, Kind};
    use super::*;

    fn bucket(keys: &[&str]) -> BTreeMap<String, Arc<Object>> {
        let object = |key: &str| Object {
            key: key.to_owned(),
            size: 0,
            etag: String::new(),
            modified: 0,
            about: Default::default(),
            checksum: Checksum { algorithm: Algorithm::Crc64Nvme, kind: Kind::FullObject, text: String::new() },
            parts: Vec::new(),
            upload: None,
        };
        keys.iter().map(|key| ((*key).to_owned(), Arc::new(object(key)))).collect()
    }

    /// All entries by pages of `limit`, common prefixes marked with `*`.
    fn all(keys: &[&str], prefix: &str, delimiter: Option<&str>, limit: usize) -> Vec<String> {
        let objects = bucket(keys);
        let mut request = Request { prefix: prefix.into(), delimiter: delimiter.map(Into::into), after: None, limit };
        let mut entries = Vec::new();
        loop {
            let page = page(&objects, &request);
            assert!(page.objects.len() + page.prefixes.len() <= limit);
            let mut these: Vec<_> = page.objects.iter().map(|o| o.key.clone()).collect();
            these.extend(page.prefixes.iter().map(|p| format!("{p}*")));
            these.sort();
            entries.extend(these);
            request.after = page.next;
            if request.after.is_none() {
                return entries;
            }
        }
    }

    #[test]
    fn keys_come_in_the_order_of_their_utf8_bytes() {
        assert_eq!(
            all(&["é", "z", "a", "B", "a/b", "a!", "😀", "\u{ffff}"], "", None, 3),
            ["B", "a", "a!", "a/b", "z", "é", "\u{ffff}", "😀"]
        );
    }

    #[test]
    fn a_common_prefix_is_told_once_whatever_the_size_of_the_page() {
        let keys = ["a/1", "a/2", "a/3", "b", "c/1", "c/2/3", "d"];
        for limit in 1..=8 {
            assert_eq!(all(&keys, "", Some("/"), limit), ["a/*", "b", "c/*", "d"], "pages of {limit}");
            assert_eq!(all(&keys, "c/", Some("/"), limit), ["c/1", "c/2/*"], "pages of {limit}");
        }
    }

    #[test]
    fn a_delimiter_may_be_long_and_may_end_in_the_last_character_of_unicode() {
        assert_eq!(all(&["a--b--c", "a--d", "a-e"], "", Some("--"), 1), ["a--*", "a-e"]);
        let last = char::MAX.to_string();
        assert_eq!(
            all(&[&format!("{last}1"), &format!("{last}2"), "a"], "", Some(&last), 1),
            ["a".to_owned(), format!("{last}*")]
        );
        assert_eq!(all(&["\u{d7ff}1", "\u{d7ff}2", "\u{e000}"], "", Some("\u{d7ff}"), 1), ["\u{d7ff}*", "\u{e000}"]);
    }

    #[test]
    fn a_marker_inside_of_a_common_prefix_still_tells_the_prefix() {
        let objects = bucket(&["a/1", "a/2", "b"]);
        let request =
            Request { delimiter: Some("/".into()), after: Some("a/1".into()), limit: 10, ..Request::default() };
        assert_eq!(page(&objects, &request).prefixes, ["a/"]);
        let nothing = Request { limit: 0, ..request };
        assert!(page(&objects, &nothing).next.is_none());
    }

    #[test]
    fn uploads_are_paged_by_key_and_by_id_within_a_key() {
        let upload = |key: &str, id: &str| Upload {
            id: id.into(),
            key: key.into(),
            initiated: 0,
            about: Default::default(),
            algorithm: None,
            kind: Kind::FullObject,
            parts: BTreeMap::new(),
        };
        let uploads = [upload("b", "3"), upload("a", "2"), upload("b", "1"), upload("c/1", "4"), upload("c/2", "5")];
        for limit in 1..6 {
            let mut request = UploadsRequest { delimiter: Some("/".into()), limit, ..UploadsRequest::default() };
            let mut seen = Vec::new();
            loop {
                let page = uploads_page(uploads.iter(), &request);
                seen.extend(page.uploads.into_iter().map(|u| format!("{} {}", u.key, u.id)));
                seen.extend(page.prefixes);
                let Some((key, id)) = page.next else { break };
                (request.after_key, request.after_id) = (Some(key), Some(id).filter(|id| !id.is_empty()));
            }
            assert_eq!(seen, ["a 2", "b 1", "b 3", "c/"], "pages of {limit}");
        }
    }
}
