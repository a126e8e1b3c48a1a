//! What an S3-compatible store really supports, found out instead of assumed. AWS is known.

use std::collections::HashMap;

use super::multipart::PartSum;
use super::{Answer, Offers, Refusal, Store};
use crate::error::Code;
use crate::integrity::Crc64;
use crate::parts::Part;
use crate::source::Source;

/// Never becomes an object: its upload is aborted.
const PROBE_KEY: &str = ".rushes-checksum-probe";

impl Store {
    /// Sends one small part with a checksum in the trailer to an upload that is then aborted: nothing of it is ever seen
    /// in the bucket. The store must store the bytes without the trailer's framing and answer with their checksum.
    pub(crate) async fn find_offers(&self, probe: &Source) -> Answer<Offers> {
        if self.endpoint.is_none() {
            return Ok(Offers::WholeCrc64);
        }
        let upload_id = match self.create(PROBE_KEY, HashMap::new(), Offers::WholeCrc64).await {
            Ok(upload_id) => upload_id,
            Err(refusal) if stumbled_over_it(&refusal) => return Ok(Offers::PartMd5),
            Err(refusal) => return Err(refusal),
        };
        let answer = self.probe(&upload_id, probe).await;
        self.abort(PROBE_KEY, &upload_id).await?;
        answer
    }

    async fn probe(&self, upload_id: &str, probe: &Source) -> Answer<Offers> {
        let part = Part { number: 1, offset: 0, length: probe.look.size };
        let (body, tap) = probe.body(part);
        let acked = match self.put_part(PROBE_KEY, upload_id, part, body, PartSum::Crc64Trailer).await {
            Ok(acked) => acked,
            Err(refusal) if stumbled_over_it(&refusal) => return Ok(Offers::PartMd5),
            Err(refusal) => return Err(refusal),
        };
        let listed = self.list_parts(PROBE_KEY, upload_id).await?;
        let whole = listed.iter().any(|p| p.number == 1 && p.size == part.length);
        let summed = |crc: Option<Crc64>| crc.is_some() && crc == tap.crc();
        Ok(if whole && summed(acked.crc) { Offers::WholeCrc64 } else { Offers::PartMd5 })
    }
}

/// Whether the store may have stumbled over the checksum itself, rather than over the bucket or the keys.
fn stumbled_over_it(refusal: &Refusal) -> bool {
    refusal.status.is_some() && refusal.error.code == Code::StoreRefused
}
