//! Signing in without a display: what is asked of the person at the terminal, or of whatever stands in for one. Secrets come
//! from the environment or from standard input, never from an argument, which every user of the computer can read.

use std::io::{BufRead, IsTerminal};

use rushes_engine::api::{Account, BeginSignIn, Keys, SaveProfile, SignInState};
use rushes_engine::attach::Connection;
use rushes_engine::credentials::{self, from_environment};
use rushes_engine::error::{Code, Error, Result};
use rushes_engine::profile::{CredentialsFrom, IdentityCenter, Profile, ProfileRow, Role, RoleBy};
use zeroize::Zeroizing;

use crate::args::WayIn;
use crate::show::{Show, printable};

/// As the options have it. `region` is the bucket's.
pub fn way_in(options: &WayIn, region: &str) -> CredentialsFrom {
    if let Some(start_url) = &options.identity_center {
        return CredentialsFrom::IdentityCenter(IdentityCenter {
            start_url: start_url.clone(),
            region: options.identity_center_region.clone().unwrap_or_else(|| region.to_owned()),
            account: options.account.clone().unwrap_or_default(),
            role: options.role.clone().unwrap_or_default(),
        });
    }
    if let Some(arn) = &options.assume_role {
        return CredentialsFrom::Role(Role {
            arn: arn.clone(),
            external_id: options.external_id.clone(),
            mfa: options.mfa.clone(),
            by: if options.computer { RoleBy::Computer } else { RoleBy::Keys },
        });
    }
    match &options.aws_profile {
        Some(name) => CredentialsFrom::AwsProfile { name: name.clone() },
        None if options.computer => CredentialsFrom::Computer,
        None => CredentialsFrom::Keychain,
    }
}

/// Asks whatever its way in needs, and has it kept.
pub async fn save(connection: &Connection, show: &Show, profile: Profile) -> Result<bool> {
    let mut request = SaveProfile::of(profile);
    match &request.profile.credentials {
        CredentialsFrom::IdentityCenter(center) => {
            let (id, center) = in_browser(connection, show, center.clone()).await?;
            request.sign_in = Some(id);
            request.profile.credentials = CredentialsFrom::IdentityCenter(center);
        }
        way if way.takes_keys() => {
            request.keys = Some(keys_for_keeping().await?);
            if matches!(way, CredentialsFrom::Role(Role { mfa: Some(_), .. })) {
                request.code = Some(code()?);
            }
        }
        // What signs CloudFront's addresses is IT's, whoever signs in.
        _ => {
            request.keys = credentials::cloudfront_key_from_environment().map(|key| Keys {
                access_key_id: String::new(),
                secret_access_key: Zeroizing::default(),
                session_token: None,
                cloudfront_key: Some(key),
            });
        }
    }
    connection.call(request, async |engine, context, request| engine.save_profile(context, request).await).await??;
    Ok(true)
}

pub async fn again(connection: &Connection, show: &Show, name: Option<&str>) -> Result<bool> {
    let profile = named(connection, name).await?.profile;
    match &profile.credentials {
        CredentialsFrom::Role(Role { mfa: Some(_), .. }) => {
            let code = code()?;
            connection
                .call((profile.name, code), async |engine, context, (name, code)| {
                    engine.give_code(context, name, code).await
                })
                .await??;
            Ok(true)
        }
        CredentialsFrom::Lent => {
            Err(Error::new(Code::BadInput, "The keys of this bucket come from the command that names it."))
        }
        _ => save(connection, show, profile).await,
    }
}

pub async fn out(connection: &Connection, name: Option<&str>) -> Result<bool> {
    let name = named(connection, name).await?.profile.name;
    connection.call(name, async |engine, context, name| engine.sign_out(context, name).await).await??;
    Ok(true)
}

async fn named(connection: &Connection, name: Option<&str>) -> Result<ProfileRow> {
    let rows = connection.call((), async |engine, context, ()| engine.profiles(context).await).await?;
    let mut rows = rows.into_iter();
    match name {
        Some(name) => rows
            .find(|row| row.profile.name == name)
            .ok_or_else(|| Error::new(Code::NotFound, format!("There is no newsroom named {}.", printable(name)))),
        None => rows
            .find(|row| row.in_use)
            .ok_or_else(|| Error::new(Code::NotFound, "No newsroom is in use. Name one.".to_owned())),
    }
}

/// Waits for somebody's browser, then for the choice of account and role where there is one.
async fn in_browser(
    connection: &Connection,
    show: &Show,
    mut center: IdentityCenter,
) -> Result<(String, IdentityCenter)> {
    let wanted = BeginSignIn { start_url: center.start_url.clone(), region: center.region.clone() };
    let begun =
        connection.call(wanted, async |engine, context, wanted| engine.begin_sign_in(context, wanted).await).await??;
    if show.json() {
        show.object(&begun);
    } else {
        show.line(&format!("Open {} and see that it shows {}", printable(&begun.page), printable(&begun.code)));
    }
    let accounts = loop {
        let state = connection
            .call(begun.id.clone(), async |engine, context, id| engine.sign_in_state(context, id).await)
            .await??;
        if let SignInState::SignedIn { accounts } = state {
            break accounts;
        }
    };
    if center.account.is_empty() {
        let shown = |account: &Account| format!("{}  {}", account.id, account.name);
        center.account = choose("account", &accounts, shown, "--account")?.id.clone();
    }
    if center.role.is_empty() {
        let asked = (begun.id.clone(), center.account.clone());
        let roles = connection
            .call(asked, async |engine, context, (id, account)| engine.sign_in_roles(context, id, account).await)
            .await??;
        center.role = choose("role", &roles, String::clone, "--role")?.clone();
    }
    Ok((begun.id, center))
}

/// The only one; or the one that somebody at the terminal says.
fn choose<'a, T>(what: &str, all: &'a [T], shown: impl Fn(&T) -> String, option: &str) -> Result<&'a T> {
    match all {
        [] => Err(Error::new(Code::AccessDenied, format!("You have no {what} at AWS. Ask IT for one."))),
        [only] => Ok(only),
        _ if !std::io::stdin().is_terminal() => {
            let names: Vec<String> = all.iter().map(|one| printable(&shown(one)).to_string()).collect();
            Err(Error::new(Code::BadInput, format!("Say which {what}, with {option}: {}.", names.join(", "))))
        }
        _ => {
            for (i, one) in all.iter().enumerate() {
                eprintln!("{}) {}", i + 1, printable(&shown(one)));
            }
            eprint!("Which {what}? ");
            let answer = line()?;
            let chosen = answer.parse::<usize>().ok().and_then(|n| all.get(n.checked_sub(1)?));
            chosen.ok_or_else(|| Error::new(Code::BadInput, "That is none of them."))
        }
    }
}

fn line() -> Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().lock().read_line(&mut line).map_err(nothing)?;
    Ok(Zeroizing::new(line.trim().to_owned()))
}

fn nothing(cause: std::io::Error) -> Error {
    Error::new(Code::BadInput, "Nothing was given.").because(cause)
}

fn code() -> Result<String> {
    if std::io::stdin().is_terminal() {
        eprint!("Code of the MFA device: ");
    }
    Ok(line()?.to_string())
}

async fn keys_for_keeping() -> Result<Keys> {
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_some() {
        return from_environment().await;
    }
    let asked = |what: &str| -> Result<Zeroizing<String>> {
        if !std::io::stdin().is_terminal() {
            return line();
        }
        let answer = rpassword::prompt_password(format!("{what}: ")).map_err(nothing)?;
        Ok(Zeroizing::new(Zeroizing::new(answer).trim().to_owned()))
    };
    let id = asked("Access key ID")?;
    let secret = asked("Secret access key")?;
    let cloudfront_key = credentials::cloudfront_key_from_environment();
    Ok(Keys { access_key_id: id.to_string(), secret_access_key: secret, session_token: None, cloudfront_key })
}
