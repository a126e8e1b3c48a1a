//! What a profile's policies are about, as IAM names it: buckets, folders, an access point, a function, keys. A profile may
//! come from outside, so nothing that IAM takes for a wildcard gets through.

use crate::error::{Code, Error, Result};
use crate::keys::Template;
use crate::profile::{self, Profile, Signer};

use super::Wishes;

/// Where claims of keys stand, each under the key that it claims, and so under its bureau's folder.
pub use crate::keys::CLAIMS;

pub(super) struct Places {
    /// Its own bucket's ARN.
    pub bucket: String,
    /// The second bucket's.
    pub replica: Option<String>,
    /// The second bucket takes uploads while the first one's region is down.
    pub replica_takes_uploads: bool,
    pub multi_region: Option<String>,
    /// The folders that every key of this bureau begins with, such as `Nairobi/`. Empty: the whole bucket.
    pub own: String,
    /// Whether other bureaus put into them as well.
    pub is_shared: bool,
    pub claims: String,
    /// AWS's own buckets: other stores refuse all that has a condition which they do not know.
    pub knows_conditions: bool,
    pub accelerate: bool,
    pub grant_function: Option<String>,
    /// With the service by which alone they are used.
    pub kms_keys: Vec<(String, String)>,
}

impl Places {
    pub(super) fn of(profile: &Profile, wishes: &Wishes) -> Result<Places> {
        let routes = &profile.routes;
        let template = Template::parse(&profile.key_template)?;
        let own = template.prefix(&profile.bureau);
        let is_shared = profile.bureau.is_empty() || own == template.prefix(OTHER_BUREAU);
        let arn = |bucket: &str, region: &str| format!("arn:{}:s3:::{bucket}", partition(region));
        let multi_region = routes.multi_region.as_deref().map(plain).transpose()?.map(str::to_owned);
        Ok(Places {
            bucket: arn(&profile.bucket, &profile.region),
            replica: routes.replica.as_ref().map(|replica| arn(&replica.bucket, &replica.region)),
            replica_takes_uploads: routes.replica.as_ref().is_some_and(|replica| replica.takes_uploads),
            multi_region,
            claims: format!("{CLAIMS}{own}"),
            own,
            is_shared,
            knows_conditions: profile.endpoint.is_none()
                && routes.replica.as_ref().is_none_or(|replica| replica.endpoint.is_none()),
            accelerate: profile.accelerate,
            grant_function: grant_function(profile, wishes)?,
            kms_keys: wishes.kms_keys.iter().map(|arn| kms_key(arn)).collect::<Result<_>>()?,
        })
    }

    /// All buckets that are read from.
    pub(super) fn buckets(&self) -> Vec<String> {
        [Some(self.bucket.clone()), self.replica.clone()].into_iter().flatten().collect()
    }

    /// Those that are put into.
    pub(super) fn targets(&self) -> Vec<String> {
        let replica = self.replica.clone().filter(|_| self.replica_takes_uploads);
        [Some(self.bucket.clone()), replica].into_iter().flatten().collect()
    }

    pub(super) fn is_whole_bucket(&self) -> bool {
        self.own.is_empty()
    }
}

/// A name that no bureau has, to see whether the bureau stands in what keys begin with.
const OTHER_BUREAU: &str = "another-bureau-than-any";

/// Objects under a prefix, in each of these buckets.
pub(super) fn under(buckets: &[String], prefix: &str) -> Vec<String> {
    buckets.iter().map(|bucket| format!("{bucket}/{prefix}*")).collect()
}

/// AWS's partitions have ARNs of their own; a region's name tells which one it is in.
pub(super) fn partition(region: &str) -> &'static str {
    let of = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    of.iter().find(|(begins, _)| region.starts_with(begins)).map_or("aws", |(_, partition)| partition)
}

/// The function's URL does not tell which function it is.
fn grant_function(profile: &Profile, wishes: &Wishes) -> Result<Option<String>> {
    let signer = profile.routes.cloudfront.as_ref().map(|edge| &edge.signer);
    let Some(Signer::Grant { function }) = signer else { return Ok(None) };
    let Some(arn) = wishes.grant_function.as_deref() else {
        return Err(Error::new(
            Code::BadInput,
            "A grant function signs for this newsroom's CloudFront, and its URL does not tell which function it is. Give \
             its ARN, with --grant-function.",
        ));
    };
    let words: Vec<&str> = plain(arn)?.split(':').collect();
    let [_, _, "lambda", region, _, "function", name] = words[..] else { return Err(no_function()) };
    if name.is_empty() || profile::function_region(function).as_deref() != Some(region) {
        return Err(no_function());
    }
    Ok(Some(arn.to_owned()))
}

fn no_function() -> Error {
    Error::new(
        Code::BadInput,
        "Give the grant function's ARN in the region of its URL, such as arn:aws:lambda:eu-west-1:123456789012:function:grant.",
    )
}

/// With the service that uses it: S3 in the key's region.
fn kms_key(arn: &str) -> Result<(String, String)> {
    let bad =
        || Error::new(Code::BadInput, "Give the key's ARN, such as arn:aws:kms:eu-west-1:123456789012:key/1234abcd.");
    let words: Vec<&str> = plain(arn)?.split(':').collect();
    let [_, partition, "kms", region, _, resource] = words[..] else { return Err(bad()) };
    if region.is_empty() || resource.strip_prefix("key/").is_none_or(str::is_empty) {
        return Err(bad());
    }
    let ending = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    Ok((arn.to_owned(), format!("s3.{region}.{ending}")))
}

/// Without what IAM takes for a wildcard or a variable.
fn plain(arn: &str) -> Result<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_:/.".contains(c);
    if arn.starts_with("arn:aws") && arn.chars().all(is_plain) {
        return Ok(arn);
    }
    Err(Error::new(Code::BadInput, "That is no ARN: those have no wildcards. Correct it."))
}
