//! The small objects that Rushes keeps in a bucket for itself: written under a condition, read with the store's own idea of how
//! old they are, deleted.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::primitives::{ByteStream, DateTime, DateTimeFormat};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;

use super::objects::millis;
use super::{Answer, Class, Refusal, Store};
use crate::rights::action;
use crate::transfer::UnixMs;

/// Nothing of ours is longer; what is, somebody else wrote.
const LONGEST: usize = 4 * 1024;

/// On which condition an object is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Only<'a> {
    /// That there is none.
    New,
    /// That it is still this version.
    Over { etag: &'a str },
}

/// One that is there.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub etag: String,
    pub body: Vec<u8>,
    /// Between the moment in which it was written and that of the answer, both by the store's clock. Absent where the store
    /// tells either not.
    pub age_ms: Option<i64>,
}

impl Store {
    pub(crate) async fn put_own(&self, key: &str, body: Vec<u8>, only: Only<'_>) -> Answer<()> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("application/json")
            .body(ByteStream::from(body));
        let put = match only {
            Only::New => put.if_none_match("*"),
            Only::Over { etag } => put.if_match(etag),
        };
        put.send().await.map(|_| ()).map_err(|e| self.refused(e, action::PUT, key))
    }

    /// A hash list or a chain, which stand under the prefix of the card that they are of. What is there stays: a bureau's
    /// keys write over nothing, and a store without conditional writes gets a name that holds the second.
    pub(crate) async fn put_list(&self, key: &str, body: Vec<u8>) -> Answer<()> {
        match self.put_list_if(key, body.clone(), true).await {
            Err(refusal) if refusal.class == Class::Unsupported => self.put_list_if(key, body, false).await,
            answer => answer,
        }
    }

    async fn put_list_if(&self, key: &str, body: Vec<u8>, only_new: bool) -> Answer<()> {
        use base64::Engine as _;
        use md5::Digest as _;
        // Every store checks it by this.
        let md5 = base64::engine::general_purpose::STANDARD.encode(md5::Md5::digest(&body));
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type("application/xml")
            .content_md5(md5)
            .set_if_none_match(only_new.then(|| "*".to_owned()))
            .body(ByteStream::from(body));
        put.send().await.map(|_| ()).map_err(|e| self.refused(e, action::PUT, key))
    }

    pub(crate) async fn get_own(&self, key: &str) -> Answer<Own> {
        let date = StoresDate::default();
        let got = self.client.get_object().bucket(&self.bucket).key(key).customize().interceptor(date.clone());
        let got = got.send().await.map_err(|e| self.refused(e, action::GET, key))?;
        if got.content_length().is_none_or(|length| length > LONGEST as i64) {
            return Err(self.nonsense("a claim that is too long"));
        }
        let written = millis(got.last_modified());
        let age_ms = date.seen().filter(|_| written > 0).map(|now| now - written);
        let etag = got.e_tag().unwrap_or("").to_owned();
        let body = got.body.collect().await.map_err(|e| Refusal {
            class: Class::Network,
            error: crate::error::Error::new(
                crate::error::Code::Offline,
                "The connection broke off. It goes on by itself.",
            )
            .because(e),
            status: None,
        })?;
        Ok(Own { etag, body: body.to_vec(), age_ms })
    }

    /// Succeeds too where there is none.
    pub(crate) async fn delete_own(&self, key: &str) -> Answer<()> {
        let answer = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        match answer.map_err(|e| self.refused(e, action::DELETE, key)) {
            Err(refusal) if refusal.class != Class::NoObject => Err(refusal),
            _ => Ok(()),
        }
    }
}

/// What time it was at the store when it answered: the SDK reads the answer's headers and tells not this one.
#[derive(Clone, Debug, Default)]
struct StoresDate(Arc<Mutex<Option<UnixMs>>>);

impl StoresDate {
    fn seen(&self) -> Option<UnixMs> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[dyn_dispatch_hint]
impl Intercept for StoresDate {
    fn name(&self) -> &'static str {
        "the store's date"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date.map(|date| millis(Some(&date)));
        Ok(())
    }
}
