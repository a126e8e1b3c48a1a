//! What is already on this computer: the environment and the profiles of the AWS tools, read and never copied; and the
//! role of the container or cloud instance that this computer is.

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::Region;
use zeroize::Zeroizing;

use crate::api::Keys;
use crate::error::{Code, Error, Result, chain};
use crate::profile::check_endpoint;
use crate::wire::{Common, Wire};

/// The variable with the private key that signs CloudFront addresses, in PEM.
const CLOUDFRONT_KEY: &str = "RUSHES_CLOUDFRONT_KEY";

fn config(common: &Common, region: Option<&str>) -> ProviderConfig {
    ProviderConfig::without_region()
        .with_region(region.map(|region| Region::new(region.to_owned())))
        .with_http_client(Wire::new(common, None))
        .with_retry_config(RetryConfig::standard())
}

/// The services' own variables, which AWS's tools know as well; only https, or this computer.
pub(super) fn endpoint(variable: &str) -> Result<Option<String>> {
    let Some(endpoint) = std::env::var(variable).ok().filter(|endpoint| !endpoint.is_empty()) else { return Ok(None) };
    check_endpoint(&endpoint)?;
    Ok(Some(endpoint))
}

/// A profile of the AWS tools: keys, a role, a sign-in of `aws sso login`, or a program that brings keys.
pub(super) async fn profile(common: &Common, name: &str, region: &str) -> Result<Credentials> {
    let found = ProfileFileCredentialsProvider::builder()
        .profile_name(name)
        .configure(&config(common, Some(region)))
        .build()
        .provide_credentials()
        .await;
    found.map_err(|e| {
        let sentence = format!(
            "The AWS tools' profile {name} on this computer gives no keys. Look at it with: aws sts get-caller-identity --profile {name}"
        );
        missing(e, sentence)
    })
}

/// A container's, where its environment says so; or else an instance's.
pub(super) async fn computer(common: &Common) -> Result<Credentials> {
    let is_container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let config = config(common, None);
    let found = if is_container {
        EcsCredentialsProvider::builder().configure(&config).build().provide_credentials().await
    } else {
        ImdsCredentialsProvider::builder().configure(&config).build().provide_credentials().await
    };
    found.map_err(|e| {
        let sentence = "This computer has no role at AWS: it is no container or instance, or was given none. Ask IT.";
        missing(e, sentence.to_owned())
    })
}

/// What is not there, and what cannot be asked just now, are told apart.
fn missing(cause: CredentialsError, sentence: String) -> Error {
    let detail = chain(&cause);
    match cause {
        CredentialsError::ProviderTimedOut(_) => {
            Error::new(Code::Offline, "What gives this computer its keys does not answer. It is tried again by itself.")
        }
        _ => Error::new(Code::NoCredentials, sentence),
    }
    .because(detail)
}

/// The keys of the usual AWS environment: variables first, then the profile that AWS_PROFILE names, or the default one.
/// The network is asked only where that profile itself says so.
pub async fn from_environment() -> Result<Keys> {
    let found = match EnvironmentVariableCredentialsProvider::new().provide_credentials().await {
        Ok(found) => Ok(found),
        Err(_) => {
            let config = config(&Common::new(std::sync::Arc::default())?, None);
            ProfileFileCredentialsProvider::builder().configure(&config).build().provide_credentials().await
        }
    };
    let found = found.map_err(|e| {
        Error::new(
            Code::NoCredentials,
            "No keys in the environment. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
        )
        .because(e)
    })?;
    Ok(Keys {
        access_key_id: found.access_key_id().to_owned(),
        secret_access_key: Zeroizing::new(found.secret_access_key().to_owned()),
        session_token: found.session_token().map(|t| Zeroizing::new(t.to_owned())),
        cloudfront_key: cloudfront_key_from_environment(),
    })
}

/// What signs CloudFront addresses has a variable of its own, wherever the other keys are from.
pub fn cloudfront_key_from_environment() -> Option<Zeroizing<String>> {
    std::env::var(CLOUDFRONT_KEY).ok().filter(|pem| !pem.is_empty()).map(Zeroizing::new)
}
