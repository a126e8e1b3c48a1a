//! What an edge or the grant function says when it gives nothing, in words that tell who mends it. CloudFront says only "Access
//! denied" for most of it: what the permission holds says why.

use jiff::Timestamp;

use super::signer::Permission;
use crate::error::{Code, Error};
use crate::rights::action;
use crate::s3::{Class, Refusal};

/// The clock is called wrong from so many seconds on.
const SKEW: i64 = 120;

fn closed(message: String, detail: String, status: Option<u16>) -> Refusal {
    Refusal { class: Class::NoWay, error: Error::new(Code::AccessDenied, message).because(detail), status }
}

/// This clip has another way to come; the lane is good for others.
pub(super) fn not_here(message: String) -> Refusal {
    Refusal { class: Class::NotHere, error: Error::new(Code::StoreRefused, message), status: None }
}

/// The keychain has no key to sign with, or cannot be asked: clips come by other ways.
pub(super) fn no_key(error: Error) -> Refusal {
    Refusal { class: Class::NoWay, error, status: None }
}

pub(super) fn grant_silent(url: &str, cause: &str) -> Refusal {
    // It may be our own network: that is no reason to close the way.
    let message =
        format!("The grant function at {url} does not answer, so CloudFront is not used. Ask IT if that stays so.");
    Refusal { class: Class::Network, error: Error::new(Code::Offline, message).because(cause), status: None }
}

/// `by_aws`: AWS itself refused the call, before the function was run.
pub(super) fn grant_refused(url: &str, status: u16, by_aws: bool) -> Refusal {
    let call = action::CALL_URL;
    let message = match status {
        401 | 403 if by_aws => {
            format!("Your keys may not do {call} on the grant function at {url}. Ask IT for that permission.")
        }
        401 | 403 => format!(
            "The grant function at {url} grants you nothing, or your keys may not do {call} on it. Ask IT for a grant."
        ),
        _ => format!("The grant function at {url} failed, so CloudFront is not used. Ask IT to look into its log."),
    };
    let detail = match by_aws {
        true => format!("it answered {status}; AWS may want {} as well", action::CALL),
        false => format!("it answered {status}"),
    };
    closed(message, detail, Some(status))
}

pub(super) fn grant_nonsense(url: &str) -> Refusal {
    let message = format!("The grant function at {url} gave no permission that CloudFront knows. Ask IT.");
    closed(message, "not a signed policy of one statement".into(), None)
}

pub(super) fn ran_out(by: &str, until: i64) -> Refusal {
    let message = format!("The permission for CloudFront that {by} gave ran out at {}. Ask IT.", time(until));
    closed(message, String::new(), None)
}

pub(super) fn other_path(domain: &str, permission: &Permission) -> Refusal {
    let granted = format!("is for {} and not for this clip", permission.policy.resource);
    let mut refusal =
        not_here(format!("The permission for CloudFront at {domain} {granted}, which comes another way."));
    // The log has no sentences, since those may name clips; this one is IT's to mend.
    refusal.error.detail = format!("the permission {granted}");
    refusal
}

/// A whole where a range was asked for.
pub(super) fn whole(domain: &str) -> Refusal {
    let message = format!(
        "CloudFront at {domain} answered a range with the whole clip, and is not used. Ask IT to let its cache policy pass ranges."
    );
    closed(message, "200 instead of 206".into(), Some(200))
}

pub(super) fn other_version(domain: &str) -> Refusal {
    not_here(format!("CloudFront at {domain} has another version of this clip, which comes another way."))
}

/// A 403, by what was shown and what the edge says: its code, and its clock as seconds since 1970.
pub(super) fn denied(domain: &str, code: &str, shown: Option<&Permission>, now: i64, clock: Option<i64>) -> Refusal {
    let theirs = clock.unwrap_or(now);
    let message = match (code, shown) {
        (_, None) => format!(
            "CloudFront at {domain} wants signed addresses, and nobody signs them for this newsroom. Ask IT for the grant function or a key pair."
        ),
        ("InvalidKey", Some(shown)) => format!(
            "CloudFront at {domain} does not know the key pair {}. Ask IT to put it into the distribution's key group.",
            shown.signed.key_pair_id
        ),
        (_, Some(shown)) if shown.policy.until <= theirs || shown.policy.from.is_some_and(|from| from > theirs) => {
            if (theirs - now).abs() > SKEW {
                format!(
                    "This computer's clock is {} min off, so that CloudFront at {domain} refuses what is signed. Set the time.",
                    (theirs - now).abs() / 60
                )
            } else {
                return ran_out(domain, shown.policy.until);
            }
        }
        (_, Some(shown)) if let Some(ip) = &shown.policy.ip => format!(
            "The permission for CloudFront at {domain} is for computers at {ip}, and this one is seen at another address. Ask IT, and think of a VPN or proxy."
        ),
        (_, Some(shown)) => format!(
            "CloudFront at {domain} refuses what is signed with the key pair {}: the private key is another's, or the bucket does not let the distribution read. Ask IT.",
            shown.signed.key_pair_id
        ),
    };
    closed(message, format!("403 {code}"), Some(403))
}

/// Any other answer.
pub(super) fn by_status(domain: &str, status: u16) -> Refusal {
    let (class, message) = match status {
        404 => (Class::NotHere, format!("CloudFront at {domain} does not find this clip, which comes another way.")),
        412 => return other_version(domain),
        416 => return other_version(domain),
        429 | 503 => (Class::Later, format!("CloudFront at {domain} asked to slow down.")),
        500.. => (Class::Again, format!("CloudFront at {domain} stumbled. It is tried again.")),
        _ => (Class::NotHere, format!("CloudFront at {domain} refused this clip, which comes another way.")),
    };
    Refusal {
        class,
        error: Error::new(Code::StoreRefused, message).because(format!("it answered {status}")),
        status: Some(status),
    }
}

fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_that_is_refused_names_the_permission() {
        let url = "https://abc123.lambda-url.eu-west-1.on.aws";
        for (status, by_aws, says) in [
            (403, true, "may not do lambda:InvokeFunctionUrl on the grant function"),
            (401, true, "may not do lambda:InvokeFunctionUrl on the grant function"),
            (403, false, "grants you nothing, or your keys may not do lambda:InvokeFunctionUrl"),
            (500, false, "Ask IT to look into its log"),
        ] {
            let refusal = grant_refused(url, status, by_aws);
            assert!(refusal.error.message.contains(says), "{}", refusal.error.message);
            assert_eq!((refusal.class, refusal.error.code), (Class::NoWay, Code::AccessDenied));
        }
        assert!(grant_refused(url, 403, true).error.detail.contains("lambda:InvokeFunction "));
    }
}
