//! Whether the bucket still holds what a receipt says, asked by HEAD: no byte of a clip comes down.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};

use crate::api::{Compared, Found, ObjectInReceipt};
use crate::core::Core;
use crate::error::{Code, Error, Result};
use crate::profile::second_of;
use crate::s3::{Answer, Class, Object, Store};

/// Questions at the same time: each is a round trip and hardly a byte.
const AT_ONCE: usize = 12;

/// What the bucket says of one object: at its key now, and of the version that was proved, where that is another one.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub now: Option<Object>,
    /// Absent where nobody asked, or where these keys may not.
    pub proved: Option<Option<Object>>,
}

/// Compares objects of a profile's bucket with what a receipt says of them, in its order.
pub(crate) async fn compare(
    core: &Arc<Core>,
    profile: Option<&str>,
    wanted: Vec<ObjectInReceipt>,
) -> Result<Vec<Compared>> {
    let profile = core.profile(profile)?;
    let second = core.profile(Some(&second_of(&profile.name))).ok();
    let mut stores: Vec<(String, Store)> = Vec::new();
    for of in [Some(&profile), second.as_ref()].into_iter().flatten() {
        stores.push((of.bucket.clone(), core.store(&of.name)?));
    }
    let mut asked: Vec<BoxFuture<'static, Result<Compared>>> = Vec::new();
    for object in wanted {
        let Some((_, store)) = stores.iter().find(|(bucket, _)| *bucket == object.bucket) else {
            let (bucket, name) = (&object.bucket, &profile.name);
            let sentence = format!(
                "The receipt is of the bucket {bucket}, which {name} does not have. Name its newsroom with --profile."
            );
            return Err(Error::new(Code::BadInput, sentence));
        };
        asked.push(compare_one(store.clone(), object).boxed());
    }
    futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await
}

async fn compare_one(store: Store, object: ObjectInReceipt) -> Result<Compared> {
    let told = ask(&store, &object).await.map_err(|refusal| refusal.error)?;
    Ok(judge(&object, &told))
}

pub(super) async fn ask(store: &Store, object: &ObjectInReceipt) -> Answer<Told> {
    let now = match store.head(&object.key).await {
        Ok(now) => Some(now),
        Err(refusal) if refusal.class == Class::NoObject => None,
        Err(refusal) => return Err(refusal),
    };
    let version = object.version.as_ref();
    let other = version.filter(|version| now.as_ref().is_none_or(|now| now.version.as_ref() != Some(version)));
    let Some(other) = other else { return Ok(Told { now, proved: None }) };
    let proved = match store.head_version(&object.key, other).await {
        Ok(proved) => Some(Some(proved)),
        // 400: an ID that this store never gave. 405: it is a mark that says "deleted".
        Err(refusal) if refusal.class == Class::NoObject || matches!(refusal.status, Some(400 | 405)) => Some(None),
        Err(refusal) if refusal.error.code == Code::AccessDenied => None,
        Err(refusal) => return Err(refusal),
    };
    Ok(Told { now, proved })
}

/// Whether an object has the bytes that were proved; `None` where that cannot be told.
fn is_same(wanted: &ObjectInReceipt, there: &Object) -> Option<bool> {
    if there.size != wanted.size {
        return Some(false);
    }
    let kept = there.checksum.as_ref();
    if let (Some(wanted), Some(kept)) = (&wanted.checksum, kept)
        && wanted.algorithm == kept.algorithm.name()
    {
        return Some(wanted.value == kept.value);
    }
    let etag = |etag: &str| etag.trim_matches('"').to_ascii_lowercase();
    let wanted = wanted.etag.as_deref().filter(|known| !known.is_empty())?;
    // Another ETag may be the same bytes, put together otherwise.
    (etag(wanted) == etag(&there.etag)).then_some(true)
}

pub(super) fn judge(wanted: &ObjectInReceipt, told: &Told) -> Compared {
    let (found, sentence) = verdict(wanted, told);
    Compared { path: wanted.path.clone(), key: wanted.key.clone(), found, sentence }
}

fn verdict(wanted: &ObjectInReceipt, told: &Told) -> (Found, Option<String>) {
    let key = &wanted.key;
    let kept = match &told.proved {
        Some(Some(proved)) if is_same(wanted, proved) == Some(false) => {
            let sentence = format!("The version of {key} that was proved is told to be otherwise now. Ask IT.");
            return (Found::Different, Some(sentence));
        }
        Some(Some(_)) => " The version that was proved is still kept.",
        Some(None) => " The version that was proved is gone.",
        None if wanted.version.is_some() => " Whether the version that was proved is kept, these keys may not ask.",
        None => "",
    };
    let Some(now) = &told.now else {
        return (Found::Missing, Some(format!("Nothing is at {key} any more.{kept}")));
    };
    let is_that_version = wanted.version.is_some() && now.version == wanted.version;
    match is_same(wanted, now) {
        Some(true) if wanted.version.is_none() || is_that_version => (Found::Same, None),
        Some(true) => (Found::Same, Some(format!("A newer version with the same bytes is at {key}.{kept}"))),
        Some(false) if is_that_version => (
            Found::Different,
            Some(format!("The version of {key} that was proved is told to be otherwise now. Ask IT.")),
        ),
        Some(false) => (Found::Replaced, Some(format!("Something else is at {key} now.{kept}"))),
        None if is_that_version => {
            (Found::Unproved, Some(format!("The bucket tells no checksum of {key} that could be compared.")))
        }
        None if wanted.version.is_some() => (Found::Replaced, Some(format!("Another version is at {key} now.{kept}"))),
        None => (Found::Unproved, Some(format!("The bucket tells no checksum of {key} that could be compared."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::StoredChecksum;
    use crate::integrity::{Algorithm, Checksum};

    fn wanted() -> ObjectInReceipt {
        ObjectInReceipt {
            path: "CLIP/a.mxf".into(),
            size: 7,
            bucket: "b".into(),
            key: "k".into(),
            version: Some("v1".into()),
            checksum: Some(StoredChecksum { algorithm: "CRC64NVME".into(), value: "AAAAAAAAAAA=".into() }),
            etag: Some("\"e-2\"".into()),
        }
    }

    fn there(version: Option<&str>, value: Option<&str>) -> Object {
        Object {
            size: 7,
            etag: "\"e-2\"".into(),
            version: version.map(str::to_owned),
            modified: 0,
            checksum: value.map(|value| Checksum { algorithm: Algorithm::Crc64Nvme, value: value.into() }),
            content_type: String::new(),
            storage_class: String::new(),
            metadata: Default::default(),
        }
    }

    fn found(wanted: &ObjectInReceipt, now: Option<Object>, proved: Option<Option<Object>>) -> Found {
        judge(wanted, &Told { now, proved }).found
    }

    #[test]
    fn only_the_same_bytes_are_the_same() {
        let (same, other) = (Some("AAAAAAAAAAA="), Some("AAAAAAAAAAE="));
        let wanted = wanted();
        assert_eq!(found(&wanted, Some(there(Some("v1"), same)), None), Found::Same);
        assert_eq!(found(&wanted, Some(there(Some("v1"), other)), None), Found::Different);
        assert_eq!(found(&wanted, Some(Object { size: 8, ..there(Some("v1"), same) }), None), Found::Different);
        // The proved version is still there, and something else above it.
        let kept = Some(Some(there(Some("v1"), same)));
        assert_eq!(found(&wanted, Some(there(Some("v2"), other)), kept.clone()), Found::Replaced);
        assert_eq!(found(&wanted, Some(there(Some("v2"), same)), kept.clone()), Found::Same);
        assert_eq!(found(&wanted, None, kept), Found::Missing);
        assert_eq!(found(&wanted, None, Some(None)), Found::Missing);
        // What is kept of the proved version is another size than it was.
        let cut = Some(Some(Object { size: 3, ..there(Some("v1"), same) }));
        assert_eq!(found(&wanted, Some(there(Some("v2"), same)), cut), Found::Different);
    }

    #[test]
    fn without_versions_and_checksums_the_etag_decides_or_nothing_does() {
        let plain = ObjectInReceipt { version: None, checksum: None, ..wanted() };
        assert_eq!(found(&plain, Some(there(None, None)), None), Found::Same);
        assert_eq!(found(&plain, Some(Object { etag: "\"f\"".into(), ..there(None, None) }), None), Found::Unproved);
        assert_eq!(found(&plain, Some(Object { size: 8, ..there(None, None) }), None), Found::Replaced);
        let nothing = ObjectInReceipt { etag: None, ..plain };
        assert_eq!(found(&nothing, Some(there(None, None)), None), Found::Unproved);
    }
}
