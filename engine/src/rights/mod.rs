//! Least privilege: the IAM policies that the people and computers of a newsroom need, and no more than those. Made from the
//! newsroom's profile. Pure; who may do what, and why, is in docs/RIGHTS.md.

pub mod action;
mod document;
mod places;
mod role;
#[cfg(test)]
mod tests;

pub use document::{Policy, Statement};
pub use places::CLAIMS;
pub use role::Role;

use crate::error::Result;
use crate::profile::Profile;
use places::Places;

/// What a profile does not say.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Reporters neither list nor read what other bureaus sent.
    pub own_bureau_only: bool,
    /// The ARN of the function that signs for CloudFront.
    pub grant_function: Option<String>,
    /// The ARNs of the agency's own keys that the buckets are encrypted with.
    pub kms_keys: Vec<String>,
}

/// One role's policy, and what IT must know of it.
#[derive(Clone, Debug)]
pub struct Written {
    pub role: Role,
    pub policy: Policy,
    pub notes: Vec<String>,
}

impl Written {
    pub fn file_name(&self) -> String {
        format!("{}.json", self.role.name())
    }
}

/// All four.
pub fn policies(profile: &Profile, wishes: &Wishes) -> Result<Vec<Written>> {
    let places = Places::of(profile, wishes)?;
    Ok(Role::ALL
        .into_iter()
        .map(|role| Written { role, policy: role::policy(role, &places, wishes), notes: notes(role, &places) })
        .collect())
}

fn notes(role: Role, places: &Places) -> Vec<String> {
    let mut notes = Vec::new();
    if !matches!(role, Role::Reporter | Role::Ingest) {
        return notes;
    }
    if places.is_whole_bucket() {
        notes.push(
            "Keys of this newsroom do not begin with {bureau} or another folder that stays the same, so this policy is \
             about the whole bucket. Begin the key template with {bureau}/ to keep bureaus apart."
                .to_owned(),
        );
    } else if places.is_shared {
        notes.push(format!(
            "All bureaus put under {} in this newsroom. Begin the key template with {{bureau}}/ to keep them apart.",
            places.own
        ));
    }
    notes
}
