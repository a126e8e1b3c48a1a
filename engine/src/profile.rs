//! One newsroom's connection: bucket, region, how it is reached, key template. Holds no secret. Checking what a user
//! typed is here; where profiles are kept is `journal`, where their keys are is `credentials`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::keys::{KeyExample, Spread};
pub use crate::ways_in::{CredentialsFrom, IdentityCenter, Role, RoleBy};
use crate::{clock, deadline, keys};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// What the user calls it, and its identity.
    pub name: String,
    /// The office that this computer belongs to; `{bureau}` of the key template.
    pub bureau: String,
    pub bucket: String,
    pub region: String,
    /// For an S3-compatible store; absent for AWS.
    pub endpoint: Option<String>,
    /// S3 Transfer Acceleration, for AWS only.
    pub accelerate: bool,
    /// See `keys`.
    pub key_template: String,
    /// See `ways_in`.
    pub credentials: CredentialsFrom,
    /// The newsroom's time zone, by its IANA name: deadlines and limits are meant in it. Absent: this computer's.
    #[serde(default)]
    pub zone: Option<String>,
    /// The ways to the bucket beside the plain one. See `route`.
    #[serde(default)]
    pub routes: Routes,
}

/// The ways to a bucket that IT has set up, beside the plain one. None of it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", default)]
pub struct Routes {
    /// AWS's names that have IPv6 addresses too.
    pub dual_stack: bool,
    /// An S3-compatible store that names buckets before its host, not in the path.
    pub host_style: bool,
    /// An interface endpoint's address, such as `https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com`.
    pub private_link: Option<String>,
    /// A multi-region access point's ARN.
    pub multi_region: Option<String>,
    pub cloudfront: Option<CloudFront>,
    pub replica: Option<Replica>,
    /// All parts of an upload go by one way: AWS takes them by several, but says so nowhere.
    pub one_way_uploads: bool,
}

/// A distribution in front of the bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct CloudFront {
    /// `d111111abcdef8.cloudfront.net`, or a name of the agency's own.
    pub domain: String,
    pub signer: Signer,
}

/// Who signs addresses of a distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Signer {
    /// The agency's Lambda function behind this function URL, which is asked with the user's own keys. A call by the
    /// function's name would not tell it who asks.
    Grant { function: String },
    /// A key pair, by its ID at AWS; the private half is in the keychain.
    #[serde(rename_all = "camelCase")]
    KeyPair { key_pair_id: String },
    /// The distribution asks for no signature.
    Nobody,
}

/// A second bucket, which the first one copies to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Replica {
    pub bucket: String,
    pub region: String,
    /// For an S3-compatible store; absent for AWS.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// It copies back, and IT allows uploads to it while the first region is down.
    #[serde(default)]
    pub takes_uploads: bool,
}

/// A profile as the window lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct ProfileRow {
    pub profile: Profile,
    /// The time zone that holds, by its IANA name: the profile's, or this computer's.
    pub zone: String,
    pub in_use: bool,
    /// Why its keys could not be had when they were last asked for, and what to do.
    pub trouble: Option<Error>,
    /// It came by a newsroom file, and nobody has signed in to it yet.
    pub needs_keys: bool,
}

/// What a key template that somebody types comes to, or why it cannot be one.
pub fn check_template(template: &str, bureau: &str) -> Result<Vec<KeyExample>> {
    keys::examples(template.trim(), bureau.trim(), clock::here())
}

impl Profile {
    /// How its template spreads keys over prefixes, if it does.
    pub fn spread(&self) -> Option<Spread> {
        keys::Template::parse(&self.key_template).ok()?.spread()
    }

    /// Such as the practice newsroom's.
    pub fn is_on_this_computer(&self) -> bool {
        self.endpoint
            .as_deref()
            .and_then(|endpoint| url::Url::parse(endpoint).ok())
            .is_some_and(|url| is_loopback(&url))
    }

    /// The hosts that are asked in its name, but for AWS's own: nobody but AWS's own sees a bucket's keys there.
    pub fn goes_to(&self) -> BTreeSet<&str> {
        let edge = self.routes.cloudfront.as_ref();
        let function = edge.and_then(|edge| match &edge.signer {
            Signer::Grant { function } => Some(function.as_str()),
            Signer::KeyPair { .. } | Signer::Nobody => None,
        });
        let named = [
            self.endpoint.as_deref(),
            self.routes.private_link.as_deref(),
            self.routes.replica.as_ref().and_then(|replica| replica.endpoint.as_deref()),
            edge.map(|edge| edge.domain.as_str()),
            function,
        ];
        named.into_iter().flatten().collect()
    }

    /// Keys that were entered for it as it was stay only where it goes on asking the hosts that it asked: whoever can change
    /// a newsroom could else name a host of their own, and be signed for.
    pub fn keeps_its_keys(&self, before: &Profile) -> bool {
        self.goes_to().is_subset(&before.goes_to())
    }

    /// The second bucket as a newsroom of its own, for uploads while the first one's region is down; `None` where IT has not
    /// allowed that.
    pub(crate) fn second(&self) -> Option<Profile> {
        let replica = self.routes.replica.clone().filter(|replica| replica.takes_uploads)?;
        Some(Profile {
            name: second_of(&self.name),
            bucket: replica.bucket,
            region: replica.region,
            endpoint: replica.endpoint,
            accelerate: false,
            routes: Routes::default(),
            ..self.clone()
        })
    }

    /// Trims, and says in a sentence what cannot be.
    pub fn checked(mut self) -> Result<Profile> {
        for field in [&mut self.name, &mut self.bureau, &mut self.bucket, &mut self.region, &mut self.key_template] {
            *field = field.trim().to_owned();
        }
        self.endpoint =
            self.endpoint.take().map(|e| e.trim().trim_end_matches('/').to_owned()).filter(|e| !e.is_empty());
        let bad = |sentence: &str| Err(Error::new(Code::BadInput, sentence));
        if self.name.is_empty() || self.name.chars().count() > 80 || self.name.chars().any(char::is_control) {
            return bad("Give the newsroom a name of at most 80 characters.");
        }
        if of_second(&self.name).is_some() {
            return bad("Give the newsroom another name: that one stands for its second bucket.");
        }
        if !is_bucket_name(&self.bucket) {
            return bad("That is not a bucket's name: 3 to 63 small letters, digits, dots and hyphens.");
        }
        if !is_region(&self.region) {
            return bad("Give the bucket's region, such as eu-west-1.");
        }
        if let Some(endpoint) = &self.endpoint {
            check_endpoint(endpoint)?;
            if self.accelerate {
                return bad("Transfer Acceleration works with AWS only; leave the endpoint empty to use it.");
            }
        }
        if self.accelerate && self.bucket.contains('.') {
            return bad("Transfer Acceleration does not work for a bucket with a dot in its name.");
        }
        self.routes = self.routes.checked(self.endpoint.is_some())?;
        self.credentials = self.credentials.checked()?;
        keys::Template::parse(&self.key_template)?.check_bureau(&self.bureau)?;
        self.zone = self.zone.take().map(|zone| zone.trim().to_owned()).filter(|zone| !zone.is_empty());
        if let Some(zone) = &self.zone {
            deadline::zone_named(zone)?;
        }
        Ok(self)
    }
}

impl Routes {
    fn checked(mut self, has_endpoint: bool) -> Result<Routes> {
        let bad = |sentence: &str| Err(Error::new(Code::BadInput, sentence));
        let trimmed = |field: &mut Option<String>| {
            *field =
                field.take().map(|text| text.trim().trim_end_matches('/').to_owned()).filter(|text| !text.is_empty());
        };
        trimmed(&mut self.private_link);
        trimmed(&mut self.multi_region);
        let aws_only = self.dual_stack || self.private_link.is_some() || self.multi_region.is_some();
        if has_endpoint && aws_only {
            return bad(
                "IPv6 names, private links and multi-region access points are AWS's; leave the endpoint empty to use them.",
            );
        }
        if self.host_style && !has_endpoint {
            return bad(
                "Naming buckets before the host is a choice for endpoints other than AWS, which always does so.",
            );
        }
        if let Some(link) = &self.private_link {
            check_endpoint(link)?;
        }
        if self.multi_region.as_deref().is_some_and(|arn| !is_access_point(arn)) {
            return bad(
                "A multi-region access point is named by its ARN: arn:aws:s3::123456789012:accesspoint/alias.mrap.",
            );
        }
        if let Some(edge) = &mut self.cloudfront {
            edge.domain = edge.domain.trim().trim_end_matches('/').to_ascii_lowercase();
            if !is_host(&edge.domain) {
                return bad("Give the distribution's domain alone, such as d111111abcdef8.cloudfront.net.");
            }
            let named = |text: &str| {
                !text.is_empty()
                    && text.len() <= 170
                    && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_:".contains(c))
            };
            match &edge.signer {
                Signer::Grant { function } if function_region(function).is_none() => {
                    return bad("Give the grant function's URL, such as https://abc123.lambda-url.eu-west-1.on.aws.");
                }
                Signer::KeyPair { key_pair_id } if !named(key_pair_id) => {
                    return bad("Give the key pair's ID, such as K2JCJMDEHXQW5F.");
                }
                _ => {}
            }
        }
        if let Some(replica) = &mut self.replica {
            replica.bucket = replica.bucket.trim().to_owned();
            replica.region = replica.region.trim().to_owned();
            if !is_bucket_name(&replica.bucket) || !is_region(&replica.region) {
                return bad("Give the replica's bucket and its region.");
            }
            if let Some(endpoint) = &replica.endpoint {
                check_endpoint(endpoint)?;
            }
        }
        Ok(self)
    }
}

/// What stands behind a newsroom's name in that of its second bucket.
const SECOND: &str = " (second bucket)";

/// The newsroom whose second bucket this name stands for.
pub(crate) fn of_second(name: &str) -> Option<&str> {
    name.strip_suffix(SECOND)
}

/// The name that stands for a newsroom's second bucket.
pub(crate) fn second_of(name: &str) -> String {
    format!("{name}{SECOND}")
}

/// The newsroom that a transfer is of: its own name, or that of which this is the second bucket's.
pub(crate) fn newsroom(name: &str) -> &str {
    of_second(name).unwrap_or(name)
}

/// The region of a Lambda function's URL; `None` of anything else: keys are shown to nobody but AWS.
pub(crate) fn function_region(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let (scheme, path, rest) = (url.scheme(), url.path(), (url.query(), url.fragment(), url.password(), url.port()));
    if scheme != "https" || path != "/" || rest != (None, None, None, None) || !url.username().is_empty() {
        return None;
    }
    let labels: Vec<&str> = url.host_str()?.split('.').collect();
    let ["lambda-url", region, "on", "aws"] = labels.get(1..)? else { return None };
    is_region(region).then(|| (*region).to_owned())
}

pub(crate) fn is_region(region: &str) -> bool {
    !region.is_empty() && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// `arn:aws:s3::123456789012:accesspoint/alias.mrap`, in any of AWS's partitions.
fn is_access_point(arn: &str) -> bool {
    let words: Vec<&str> = arn.split(':').collect();
    let [scheme, partition, service, region, account, resource] = words[..] else { return false };
    let alias = resource.strip_prefix("accesspoint/").and_then(|alias| alias.strip_suffix(".mrap"));
    scheme == "arn"
        && partition.starts_with("aws")
        && service == "s3"
        && region.is_empty()
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && alias.is_some_and(|alias| !alias.is_empty() && alias.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// A name, or one with a port; no scheme, path or user.
fn is_host(domain: &str) -> bool {
    let url = url::Url::parse(&format!("https://{domain}"));
    url.is_ok_and(|url| {
        url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.has_host()
    })
}

pub(crate) fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn is_bucket_name(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// Plain HTTP is for this computer alone: keys sign requests, they don't hide footage.
pub(crate) fn check_endpoint(endpoint: &str) -> Result<()> {
    let not_an_address =
        || Error::new(Code::BadInput, "The endpoint is not an address such as https://s3.example.com; correct it.");
    let url = url::Url::parse(endpoint).map_err(|e| not_an_address().because(e))?;
    let loopback = is_loopback(&url);
    if url.host().is_none() {
        return Err(not_an_address());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(Error::new(
            Code::BadInput,
            "The endpoint may hold no user name, password or query; keys go into the keychain.",
        ));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        "http" => Err(Error::new(
            Code::BadInput,
            "Plain http would show your footage to everybody on the way; use https. (http is taken for this computer only.)",
        )),
        _ => Err(not_an_address()),
    }
}

#[cfg(test)]
impl Profile {
    /// An agency's bucket at AWS. What a test is about it says itself.
    pub(crate) fn example() -> Profile {
        Profile {
            name: "Nairobi".into(),
            bureau: "Nairobi".into(),
            bucket: "agency-footage".into(),
            region: "eu-west-1".into(),
            endpoint: None,
            accelerate: false,
            key_template: keys::NEWSROOM_TEMPLATE.into(),
            credentials: CredentialsFrom::Lent,
            zone: None,
            routes: Routes::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_endpoint(endpoint: &str) -> Result<Profile> {
        Profile { endpoint: Some(endpoint.into()), credentials: CredentialsFrom::Keychain, ..Profile::example() }
            .checked()
    }

    #[test]
    fn plain_http_is_for_this_computer_alone() {
        for taken in [
            "https://s3.example.com",
            "http://127.0.0.1:9000/",
            "http://localhost:1",
            "http://[::1]:2",
            "http://s3.localhost:3",
        ] {
            assert!(with_endpoint(taken).is_ok(), "{taken}");
        }
        for refused in [
            "http://s3.example.com",
            "http://127.0.0.1.example.com",
            "ftp://x",
            "s3.example.com",
            "https://u:p@x",
            "https://x?y",
        ] {
            assert_eq!(with_endpoint(refused).unwrap_err().code, Code::BadInput, "{refused}");
        }
        assert_eq!(with_endpoint("").unwrap().endpoint, None);
    }

    #[test]
    fn keys_are_shown_to_no_function_but_awss() {
        assert_eq!(function_region("https://abc.lambda-url.eu-west-1.on.aws/").as_deref(), Some("eu-west-1"));
        for other in [
            "http://abc.lambda-url.eu-west-1.on.aws",
            "https://abc.lambda-url.eu-west-1.on.aws.example.com",
            "https://abc.lambda-url.eu-west-1.on.aws/x",
            "https://abc.lambda-url.eu-west-1.on.aws:8443",
            "https://u@abc.lambda-url.eu-west-1.on.aws",
            "https://lambda-url.eu-west-1.on.aws",
            "grant",
        ] {
            assert_eq!(function_region(other), None, "{other}");
        }
    }

    #[test]
    fn a_zone_is_one_that_is_known() {
        let profile = with_endpoint("").unwrap();
        assert_eq!(Profile { zone: Some(" ".into()), ..profile.clone() }.checked().unwrap().zone, None);
        let zurich = Profile { zone: Some(" Europe/Zurich".into()), ..profile.clone() }.checked().unwrap();
        assert_eq!(zurich.zone.as_deref(), Some("Europe/Zurich"));
        assert_eq!(Profile { zone: Some("MEZ?".into()), ..profile }.checked().unwrap_err().code, Code::BadInput);
    }

    #[test]
    fn acceleration_is_refused_where_aws_cannot_do_it() {
        let profile = Profile { endpoint: None, accelerate: true, ..with_endpoint("https://x").unwrap() };
        assert!(profile.clone().checked().is_ok());
        assert!(Profile { bucket: "has.a.dot".into(), ..profile.clone() }.checked().is_err());
        assert!(Profile { endpoint: Some("https://x".into()), ..profile }.checked().is_err());
    }

    #[test]
    fn keys_that_are_here_are_shown_to_no_other_host() {
        let own = Profile { endpoint: Some("https://s3.example.com".into()), ..Profile::example() };
        assert!(own.keeps_its_keys(&own));
        assert!(Profile { bureau: "Goma".into(), ..own.clone() }.keeps_its_keys(&own));
        // AWS may be asked by everybody.
        assert!(Profile { endpoint: None, ..own.clone() }.keeps_its_keys(&own));
        let with = |routes: Routes| Profile { routes, ..own.clone() };
        let replica = Replica {
            bucket: "copy".into(),
            region: "x".into(),
            endpoint: Some("https://else.example".into()),
            takes_uploads: false,
        };
        let edge = CloudFront { domain: "d.example".into(), signer: Signer::Nobody };
        for other in [
            Profile { endpoint: Some("https://s3.example.com.else".into()), ..own.clone() },
            with(Routes { private_link: Some("https://vpce.example".into()), ..Routes::default() }),
            with(Routes { replica: Some(replica), ..Routes::default() }),
            with(Routes { cloudfront: Some(edge), ..Routes::default() }),
        ] {
            assert!(!other.keeps_its_keys(&own), "{other:?}");
        }
    }
}
