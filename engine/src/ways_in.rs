//! How somebody is known to the store: the ways in that a profile may name, and what of them cannot be. Shapes and checks,
//! pure; none of it is secret. What comes of a way in is in `credentials`.

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

/// Where a profile's keys come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum CredentialsFrom {
    /// Access keys, kept in the keychain.
    Keychain,
    /// Lent by the process that asked, for as long as both live. For scripts; such a profile is not listed.
    Lent,
    /// The role of the container or cloud instance that this computer is. For ingest boxes; nothing is kept.
    Computer,
    /// A person's sign-in in the browser; its tokens are in the keychain.
    IdentityCenter(IdentityCenter),
    /// A profile of the AWS tools on this computer, read whenever keys are needed and never copied.
    AwsProfile { name: String },
    /// A role that is assumed, and again before it runs out.
    Role(Role),
}

/// IAM Identity Center: where a person signs in, and as what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct IdentityCenter {
    /// The agency's start page, such as `https://agency.awsapps.com/start`.
    pub start_url: String,
    /// Identity Center's own region, which may be another than the bucket's.
    pub region: String,
    /// The account's twelve digits; empty until it is chosen.
    #[serde(default)]
    pub account: String,
    /// The permission set's name; empty until it is chosen.
    #[serde(default)]
    pub role: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// `arn:aws:iam::123456789012:role/reporter`
    pub arn: String,
    /// What the role's owner asks for, where the role is another agency's.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The serial number or ARN of the MFA device whose code must be given once in a day and a half.
    #[serde(default)]
    pub mfa: Option<String>,
    #[serde(default)]
    pub by: RoleBy,
}

/// Who assumes a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "camelCase")]
pub enum RoleBy {
    /// Access keys in the keychain.
    #[default]
    Keys,
    /// The role of this container or instance.
    Computer,
}

impl CredentialsFrom {
    /// Something of it is in the keychain.
    pub fn is_kept(&self) -> bool {
        match self {
            CredentialsFrom::Keychain | CredentialsFrom::IdentityCenter(_) => true,
            CredentialsFrom::Role(role) => role.by == RoleBy::Keys,
            CredentialsFrom::Lent | CredentialsFrom::Computer | CredentialsFrom::AwsProfile { .. } => false,
        }
    }

    /// Access keys are typed in for it.
    pub fn takes_keys(&self) -> bool {
        matches!(self, CredentialsFrom::Keychain)
            || matches!(self, CredentialsFrom::Role(role) if role.by == RoleBy::Keys)
    }

    /// Trims, and says in a sentence what cannot be.
    pub(crate) fn checked(mut self) -> Result<CredentialsFrom> {
        let bad = |sentence: &str| Err(Error::new(Code::BadInput, sentence));
        match &mut self {
            CredentialsFrom::Keychain | CredentialsFrom::Lent | CredentialsFrom::Computer => {}
            CredentialsFrom::IdentityCenter(center) => {
                for field in [&mut center.start_url, &mut center.region, &mut center.account, &mut center.role] {
                    *field = field.trim().to_owned();
                }
                if !is_page(&center.start_url) {
                    return bad(
                        "Give the start page of IAM Identity Center, such as https://agency.awsapps.com/start.",
                    );
                }
                if !crate::profile::is_region(&center.region) {
                    return bad("Give the region of IAM Identity Center, such as eu-west-1.");
                }
                if !center.account.is_empty() && !is_account(&center.account) {
                    return bad("An account is named by its twelve digits.");
                }
                if !center.role.is_empty() && !is_word(&center.role, 64) {
                    return bad("That is no role's name; choose one from the list.");
                }
            }
            CredentialsFrom::AwsProfile { name } => {
                *name = name.trim().to_owned();
                if name.is_empty() || name.len() > 128 || name.chars().any(|c| c.is_control() || "[]".contains(c)) {
                    return bad("Give the name of a profile of the AWS tools, as it stands in ~/.aws/config.");
                }
            }
            CredentialsFrom::Role(role) => {
                role.arn = role.arn.trim().to_owned();
                let trimmed = |field: &mut Option<String>| {
                    *field = field.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
                };
                trimmed(&mut role.external_id);
                trimmed(&mut role.mfa);
                if !is_role(&role.arn) {
                    return bad("A role is named by its ARN: arn:aws:iam::123456789012:role/reporter.");
                }
                if role.external_id.as_deref().is_some_and(|id| id.len() < 2 || !is_identifier(id, 1224)) {
                    return bad("That is no external ID: 2 to 1,224 letters, digits and + = , . @ : / - _.");
                }
                if role.mfa.as_deref().is_some_and(|serial| serial.len() < 9 || !is_identifier(serial, 256)) {
                    return bad("Give the MFA device's ARN, or the serial number on its back.");
                }
                if role.mfa.is_some() && role.by == RoleBy::Computer {
                    return bad("A container's or instance's role has no MFA device; leave it empty.");
                }
            }
        }
        Ok(self)
    }
}

/// Shown in a browser, so https; on this computer, where tests serve it, plain http will do.
fn is_page(page: &str) -> bool {
    url::Url::parse(page).is_ok_and(|url| {
        let safe = url.scheme() == "https" || url.scheme() == "http" && crate::profile::is_loopback(&url);
        safe && url.has_host() && url.username().is_empty() && url.password().is_none()
    })
}

fn is_account(account: &str) -> bool {
    account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
}

fn is_word(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c))
}

fn is_identifier(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@:/-_".contains(c))
}

/// `arn:aws:iam::123456789012:role/path/name`, in any of AWS's partitions.
fn is_role(arn: &str) -> bool {
    let words: Vec<&str> = arn.split(':').collect();
    let [scheme, partition, service, region, account, resource] = words[..] else { return false };
    scheme == "arn"
        && partition.starts_with("aws")
        && (service, region) == ("iam", "")
        && is_account(account)
        && resource.strip_prefix("role/").is_some_and(|name| is_identifier(name, 576) && !name.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn center(start_url: &str, account: &str) -> CredentialsFrom {
        CredentialsFrom::IdentityCenter(IdentityCenter {
            start_url: start_url.into(),
            region: "eu-west-1".into(),
            account: account.into(),
            role: String::new(),
        })
    }

    fn role(arn: &str, mfa: Option<&str>) -> CredentialsFrom {
        let (external_id, mfa) = (Some(" ".to_owned()), mfa.map(str::to_owned));
        CredentialsFrom::Role(Role { arn: arn.into(), external_id, mfa, by: RoleBy::Keys })
    }

    #[test]
    fn what_cannot_be_a_way_in_is_said() {
        assert!(center("https://agency.awsapps.com/start", "").checked().is_ok());
        assert!(center(" https://agency.awsapps.com/start ", "123456789012").checked().is_ok());
        for page in ["http://agency.awsapps.com/start", "agency.awsapps.com", "javascript:1", "https://u:p@x", ""] {
            assert!(center(page, "").checked().is_err(), "{page} was taken");
        }
        assert!(center("https://agency.awsapps.com/start", "12345").checked().is_err());
        assert!(role("arn:aws:iam::123456789012:role/news/reporter", None).checked().is_ok());
        assert!(
            role("arn:aws-cn:iam::123456789012:role/r", Some("arn:aws:iam::123456789012:mfa/ann")).checked().is_ok()
        );
        for arn in
            ["reporter", "arn:aws:iam::1:role/r", "arn:aws:iam::123456789012:user/u", "arn:aws:iam::123456789012:role/"]
        {
            assert!(role(arn, None).checked().is_err(), "{arn} was taken");
        }
        assert!(role("arn:aws:iam::123456789012:role/r", Some("1234")).checked().is_err());
        assert!(CredentialsFrom::AwsProfile { name: "a]\n[b".into() }.checked().is_err());
    }

    /// Journals and newsroom files have them so.
    #[test]
    fn a_way_in_is_written_as_it_always_was() {
        assert_eq!(serde_json::to_string(&CredentialsFrom::Keychain).unwrap(), "\"keychain\"");
        assert_eq!(serde_json::from_str::<CredentialsFrom>("\"lent\"").unwrap(), CredentialsFrom::Lent);
        let text = r#"{"role":{"arn":"arn:aws:iam::123456789012:role/r"}}"#;
        let CredentialsFrom::Role(role) = serde_json::from_str(text).unwrap() else { panic!("{text}") };
        assert_eq!((role.mfa, role.by), (None, RoleBy::Keys));
    }
}
