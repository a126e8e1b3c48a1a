//! Whether the bucket still has what a file of a card became, asked while the card is checked: with patience for a network that
//! stumbles, none for an answer.

use std::time::{Duration, Instant};

use super::card::{OnCard, Read};
use super::check::{Checked, trouble};
use super::list::{InBucket, is_writable};
use super::moment;
use super::object::{self, judge};
use crate::api::{Found, ObjectInReceipt, StoredChecksum};
use crate::clock;
use crate::core::Core;
use crate::error::{Code, Result};
use crate::journal::receipts::SentFile;
use crate::s3::{Class, Refusal};
use crate::transfer::{Proof, Status};

/// How long a network may be away before the card has to wait for somebody.
const PATIENCE: Duration = Duration::from_secs(120);

/// The bucket still has it. Keys that may not look leave it at the proof of the transfer: then `false`.
pub(super) async fn ask(core: &Core, file: &OnCard, proved: &SentFile, read: &Read) -> Checked<(InBucket, bool)> {
    let checksum = match &proved.status {
        Status::Done { proof: Proof::WholeObject { algorithm, checksum }, .. } => {
            Some((algorithm.clone(), checksum.clone()))
        }
        _ => None,
    };
    let mut object = InBucket {
        bucket: proved.bucket.clone(),
        key: proved.key.clone(),
        version: proved.sent.version.clone(),
        checksum: checksum.clone(),
        etag: proved.sent.etag.clone(),
        proved_at: moment(proved.ended_at.unwrap_or_else(clock::now)),
    };
    let texts = [Some(&object.bucket), Some(&object.key), object.version.as_ref(), object.etag.as_ref()];
    if texts.into_iter().flatten().any(|text| !is_writable(text)) {
        return trouble(format!("The key of {} holds what a hash list cannot.", file.name));
    }
    let wanted = ObjectInReceipt {
        path: file.name.clone(),
        size: read.size,
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        version: object.version.clone(),
        checksum: checksum.map(|(algorithm, value)| StoredChecksum { algorithm, value }),
        etag: object.etag.clone(),
    };
    let mut patience = Patience::begin();
    let told = loop {
        match object::ask(&core.store(&proved.profile)?, &wanted).await {
            Ok(told) => break told,
            Err(refusal) if refusal.error.code == Code::AccessDenied => return Ok((object, false)),
            Err(refusal) => patience.wait(refusal).await?,
        }
    };
    let compared = judge(&wanted, &told);
    if compared.found != Found::Same {
        return trouble(compared.sentence.unwrap_or_else(|| format!("{} is not in the bucket as it was.", file.name)));
    }
    if let Some(now) = told.now
        && object.version.is_none()
    {
        object.version = now.version.filter(|version| is_writable(version));
    }
    Ok((object, true))
}

/// Waits while the network or the store stumbles, for a while.
pub(super) struct Patience {
    begun: Instant,
    rest: Duration,
}

impl Patience {
    pub(super) fn begin() -> Patience {
        Patience { begun: Instant::now(), rest: Duration::from_millis(500) }
    }

    /// Until it may be asked again, or the refusal where that is for good.
    pub(super) async fn wait(&mut self, refusal: Refusal) -> Result<()> {
        let may_pass = matches!(refusal.class, Class::Network | Class::Again | Class::Later | Class::RanOut);
        if !may_pass || self.begun.elapsed() > PATIENCE {
            return Err(refusal.error);
        }
        tokio::time::sleep(self.rest).await;
        self.rest = (self.rest * 2).min(Duration::from_secs(10));
        Ok(())
    }
}
