//! Which bucket a command means: a named profile, the one in use, or one described by options with keys lent from the
//! environment for as long as the command runs.

use rushes_engine::api::{Keys, SaveProfile};
use rushes_engine::attach::Connection;
use rushes_engine::credentials::from_environment;
use rushes_engine::error::{Code, Error, Result};
use rushes_engine::keys::PLAIN_TEMPLATE;
use rushes_engine::profile::{CloudFront, CredentialsFrom, Profile, Replica, Routes, Signer};
use rushes_newsroom::{self as newsroom, Practice};

use crate::args::{Bucket, Ways};

/// A bucket that is ready to be asked for.
pub struct Ready {
    /// `None`: the one in use.
    pub profile: Option<String>,
    lent: Option<(Profile, Keys)>,
    /// Serves while this lives.
    _practice: Option<Practice>,
}

impl Ready {
    /// Lends the keys (again): they live only as long as the engine that was lent them.
    pub async fn lend(&self, connection: &Connection) -> Result<()> {
        let Some((profile, keys)) = &self.lent else { return Ok(()) };
        connection
            .call(SaveProfile::of(profile.clone()), async |engine, context, request| {
                engine.save_profile(context, request).await
            })
            .await??;
        connection
            .call((profile.name.clone(), keys.clone()), async |engine, context, (name, keys)| {
                engine.lend_keys(context, name, keys).await
            })
            .await?
    }
}

pub async fn ready(bucket: &Bucket, connection: &Connection) -> Result<Ready> {
    if !bucket.is_described() {
        let practice = practice_if_used(bucket.profile.as_deref(), connection).await?;
        return Ok(Ready { profile: bucket.profile.clone(), lent: None, _practice: practice });
    }
    let profile = described_profile(bucket)?;
    let keys = from_environment().await?;
    let ready = Ready { profile: Some(profile.name.clone()), lent: Some((profile, keys)), _practice: None };
    ready.lend(connection).await?;
    Ok(ready)
}

/// The practice newsroom's bucket is there only while somebody serves it.
async fn practice_if_used(named: Option<&str>, connection: &Connection) -> Result<Option<Practice>> {
    let used = match named {
        Some(name) => name == newsroom::PROFILE,
        None => {
            let rows = connection.call((), async |engine, context, ()| engine.profiles(context).await).await?;
            rows.iter().any(|row| row.in_use && row.profile.name == newsroom::PROFILE)
        }
    };
    if used { Ok(Some(newsroom::open(connection).await?)) } else { Ok(None) }
}

pub fn described_profile(bucket: &Bucket) -> Result<Profile> {
    let from_environment =
        |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let name = bucket.bucket.clone().ok_or_else(|| Error::new(Code::BadInput, "Say which bucket, with --bucket."))?;
    let region = bucket.region.clone().or_else(|| from_environment(&["AWS_REGION", "AWS_DEFAULT_REGION"]));
    let endpoint = bucket.endpoint.clone().or_else(|| from_environment(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]));
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    Profile {
        name: format!("{name} at {} in {region}", endpoint.as_deref().unwrap_or("AWS")).chars().take(80).collect(),
        bureau: String::new(),
        bucket: name,
        region,
        endpoint,
        accelerate: bucket.ways.accelerate,
        key_template: PLAIN_TEMPLATE.to_owned(),
        credentials: CredentialsFrom::Lent,
        zone: None,
        routes: routes(&bucket.ways)?,
    }
    .checked()
}

/// As the options have them.
pub fn routes(ways: &Ways) -> Result<Routes> {
    let unnamed =
        || Error::new(Code::BadInput, "Name the replica's bucket and its region, such as footage-us@us-east-1.");
    let replica = |named: &str| -> Result<Replica> {
        let (bucket, region) = named.split_once('@').ok_or_else(unnamed)?;
        let (bucket, region) = (bucket.to_owned(), region.to_owned());
        Ok(Replica {
            bucket,
            region,
            endpoint: ways.replica_endpoint.clone(),
            takes_uploads: ways.replica_takes_uploads,
        })
    };
    Ok(Routes {
        dual_stack: ways.dual_stack,
        host_style: ways.host_style,
        private_link: ways.private_link.clone(),
        multi_region: ways.multi_region.clone(),
        cloudfront: ways.cloudfront.as_deref().map(|domain| cloudfront(domain, &ways.cloudfront_signer)).transpose()?,
        replica: ways.replica.as_deref().map(replica).transpose()?,
        one_way_uploads: ways.one_way_uploads,
    })
}

fn cloudfront(domain: &str, signer: &str) -> Result<CloudFront> {
    let signer = match signer.split_once(':') {
        None if signer == "nobody" => Signer::Nobody,
        Some(("grant", function)) => Signer::Grant { function: function.to_owned() },
        Some(("pair", id)) => Signer::KeyPair { key_pair_id: id.to_owned() },
        _ => {
            return Err(Error::new(
                Code::BadInput,
                "Say who signs CloudFront's addresses: nobody, grant:URL or pair:ID.",
            ));
        }
    };
    Ok(CloudFront { domain: domain.to_owned(), signer })
}
