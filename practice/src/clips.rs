//! The sample clips: short, real, made by `clips/make.sh`, so that a new user has footage to look at.
//! May not live here: how an object is stored.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;

use crate::BUCKET;
use crate::store::{About, Condition, Refusal, Store, now, receive};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// One sample clip. Its key is `{bureau}/{date}/{slug}/{name}`, with the day (UTC) that its age leads to.
struct Clip {
    bureau: &'static str,
    slug: &'static str,
    name: &'static str,
    content_type: &'static str,
    /// How long ago it shall seem to have come, in seconds: so that footage of several days is there to be seen.
    age: i64,
    bytes: &'static [u8],
}

const CLIPS: [Clip; 5] = [
    Clip {
        bureau: "London",
        slug: "line-up",
        name: "LDN_line_up.mp4",
        content_type: "video/mp4",
        age: 2 * MINUTE,
        bytes: include_bytes!("../clips/LDN_line_up.mp4"),
    },
    Clip {
        bureau: "Nairobi",
        slug: "market-fire",
        name: "MKR_fire_live_shot.mxf",
        content_type: "application/mxf",
        age: HOUR,
        bytes: include_bytes!("../clips/MKR_fire_live_shot.mxf"),
    },
    Clip {
        bureau: "Kyiv",
        slug: "city-blackout",
        name: "KYV_rooftops_night.mov",
        content_type: "video/quicktime",
        age: 5 * HOUR,
        bytes: include_bytes!("../clips/KYV_rooftops_night.mov"),
    },
    Clip {
        bureau: "Lagos",
        slug: "harbour-expansion",
        name: "harbour_aerials.mp4",
        content_type: "video/mp4",
        age: DAY,
        bytes: include_bytes!("../clips/harbour_aerials.mp4"),
    },
    Clip {
        bureau: "Manila",
        slug: "typhoon-landfall",
        name: "typhoon_satellite_loop.mp4",
        content_type: "video/mp4",
        age: 3 * DAY,
        bytes: include_bytes!("../clips/typhoon_satellite_loop.mp4"),
    },
];

/// Puts those clips that are not there yet, unless that was done in this folder before. Returns how many were put.
pub(crate) async fn fill(store: &Arc<Store>) -> io::Result<usize> {
    if store.was_filled() {
        return Ok(0);
    }
    let now = now();
    let mut put = 0;
    for clip in &CLIPS {
        match clip.put(store, now).await {
            Ok(()) => put += 1,
            Err(Refusal::PreconditionFailed) => {}
            Err(refusal) => return Err(io::Error::other(refusal)),
        }
    }
    // Last: a kill before this puts what is missing the next time.
    store.mark_filled()?;
    Ok(put)
}

impl Clip {
    async fn put(&self, store: &Arc<Store>, now: i64) -> Result<(), Refusal> {
        let modified = now - self.age;
        let key = self.key(modified)?;
        let metadata = [("rushes-name", self.name), ("rushes-slug", self.slug)];
        let about = About {
            content_type: Some(self.content_type.to_owned()),
            metadata: BTreeMap::from(metadata.map(|(name, value)| (name.to_owned(), value.to_owned()))),
            ..About::default()
        };
        let body = stream::iter([Ok::<_, io::Error>(Bytes::from_static(self.bytes))]);
        let received = receive(Arc::clone(store), body, self.bytes.len() as u64, None).await?;
        store
            .run(move |store| store.put(BUCKET, &key, about, received, &Condition::Absent, Some(modified)))
            .await
            .map(drop)
    }

    fn key(&self, modified: i64) -> io::Result<String> {
        let Self { bureau, slug, name, .. } = self;
        let date = Timestamp::from_second(modified).map_err(io::Error::other)?.strftime("%Y-%m-%d");
        Ok(format!("{bureau}/{date}/{slug}/{name}"))
    }
}
