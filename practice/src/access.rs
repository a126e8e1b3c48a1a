//! Who may come in: one pair of keys, Signature Version 4, and all that S3 wants signed.
//! May not live here: the computing of signatures, and the clock, which are s3s's.

use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};
use url::form_urlencoded;

use crate::Keys;

/// Knows one access key.
pub(crate) struct OneKey {
    access_key_id: String,
    secret: SecretKey,
}

impl OneKey {
    pub(crate) fn new(keys: &Keys) -> Self {
        let secret = SecretKey::from(keys.secret_access_key.as_str());
        Self { access_key_id: keys.access_key_id.clone(), secret }
    }
}

#[async_trait::async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key_id {
            Ok(self.secret.clone())
        } else {
            Err(s3_error!(InvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records."))
        }
    }
}

/// Lets in whoever s3s found to have signed, in the way that S3 wants it today.
pub(crate) struct Signed;

#[async_trait::async_trait]
impl S3Access for Signed {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if cx.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }
        let Some(signed) = signed_headers(cx.headers(), cx.uri()) else {
            // s3s also takes Signature Version 2, which has no clock and which S3 gave up.
            return Err(s3_error!(
                InvalidRequest,
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
            ));
        };
        // Whoever can change an unsigned header on the way could change what the request means.
        let unsigned = cx.headers().keys().map(|name| name.as_str()).find(|name| {
            let matters = *name == "host" || name.starts_with("x-amz-") && *name != "x-amz-content-sha256";
            matters && !signed.iter().any(|signed| signed == name)
        });
        match unsigned {
            Some(name) => {
                Err(s3_error!(AccessDenied, "There were headers present in the request which were not signed: {name}"))
            }
            None => Ok(()),
        }
    }
}

/// The names of the headers that a Version 4 signature covers, from the header or from a presigned URL.
fn signed_headers(headers: &HeaderMap, uri: &Uri) -> Option<Vec<String>> {
    let names = |list: &str| list.split(';').map(str::to_ascii_lowercase).collect();
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        let fields = authorization.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256")?;
        return fields.split(',').find_map(|field| field.trim().strip_prefix("SignedHeaders=")).map(names);
    }
    form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(name, _)| name == "X-Amz-SignedHeaders")
        .map(|(_, list)| names(&list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_headers_are_found_in_the_header_and_in_a_presigned_url() {
        let mut headers = HeaderMap::new();
        let presigned: Uri = Uri::from_static("http://h/b/k?X-Amz-SignedHeaders=host%3Bx-amz-acl&X-Amz-Signature=0");
        let plain = Uri::from_static("http://h/b/k");
        assert_eq!(signed_headers(&headers, &presigned), Some(vec!["host".into(), "x-amz-acl".into()]));
        assert_eq!(signed_headers(&headers, &plain), None);
        let v4 = "AWS4-HMAC-SHA256 Credential=A/20260101/r/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0";
        headers.insert(AUTHORIZATION, v4.parse().expect("a header"));
        assert_eq!(signed_headers(&headers, &plain), Some(vec!["host".into(), "x-amz-date".into()]));
        headers.insert(AUTHORIZATION, "AWS A:signature".parse().expect("a header"));
        assert_eq!(signed_headers(&headers, &plain), None);
    }
}
