//! What Identity Center and STS say when they refuse, in the reporter's words. Tokens and keys are in none of it.

use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::{Code, Error, chain};

/// `who` was asked: `IAM Identity Center`, `AWS STS`.
pub(super) fn sort<E>(error: &SdkError<E, HttpResponse>, who: &str) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let SdkError::ServiceError(answered) = error else {
        let message = format!("{who} cannot be reached. It is tried again by itself.");
        return Error::new(Code::Offline, message).because(chain(error));
    };
    let meta = answered.err().meta();
    let (status, code) = (answered.raw().status().as_u16(), meta.code().unwrap_or(""));
    let detail = format!("{status} {code}: {}", meta.message().unwrap_or("no message"));
    let (code, message) = match code {
        "ExpiredToken" | "ExpiredTokenException" | "UnauthorizedException" | "InvalidGrantException" => {
            (Code::SignInNeeded, "Your sign-in has run out. Sign in again; what was sent is kept.".to_owned())
        }
        "InvalidClientTokenId" | "SignatureDoesNotMatch" | "UnrecognizedClientException" | "InvalidAccessKeyId" => {
            (Code::WrongCredentials, format!("{who} does not accept the keys. Enter them again, then retry."))
        }
        "AccessDenied" | "AccessDeniedException" | "ForbiddenException" | "ResourceNotFoundException" => {
            (Code::AccessDenied, format!("{who} does not let you have these rights. Ask IT for the role, then retry."))
        }
        "RequestTimeTooSkewed" | "RequestExpired" => (
            Code::ClockSkewed,
            "This computer's clock is wrong, and AWS refuses it. Set the time, then retry.".to_owned(),
        ),
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "SlowDownException" => {
            (Code::Throttled, format!("{who} asked to slow down. It goes on in a moment."))
        }
        _ if status >= 500 => (Code::Offline, format!("{who} stumbled. It is tried again by itself.")),
        _ => (Code::StoreRefused, format!("{who} refused.")),
    };
    Error::new(code, message).because(detail)
}

/// Nobody waits for a silent server for ever.
pub(super) async fn in_time<T>(who: &str, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    const ANSWERS: std::time::Duration = std::time::Duration::from_secs(30);
    match tokio::time::timeout(ANSWERS, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::new(Code::Offline, format!("{who} does not answer. It is tried again by itself."))),
    }
}
