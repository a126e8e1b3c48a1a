//! The verbs, each a few calls of the engine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rushes_engine::api::{Action, AddFiles, FetchClips, Hurry, Place, TransferRow};
use rushes_engine::attach::Connection;
use rushes_engine::credentials::{self, SERVICE};
use rushes_engine::error::{Code, Error, Result};
use rushes_engine::keys::Fields;
use rushes_engine::profile::Profile;
use rushes_engine::transfer::TransferId;
use rushes_newsroom as newsroom;

use crate::args::{Cli, ProfileVerb, Verb};
use crate::bucket::{self, Ready, ready};
use crate::follow::{ask, follow};
use crate::show::{Show, printable};
use crate::{limit, newsroom_file, policies, receipts, routes, sign_in, support, urgency, watch};

pub async fn run(cli: &Cli, show: &Show, connection: &Connection) -> Result<bool> {
    let patience = Duration::from_secs(cli.patience);
    match &cli.verb {
        Verb::Put { paths, to, slug, story, desk, breaking, by, growing } => {
            let ready = ready(&cli.place, connection).await?;
            let place = match to {
                Some(prefix) => Place::Prefix { prefix: prefix.clone() },
                None => {
                    Place::Template { fields: Fields { slug: slug.clone(), story: story.clone(), desk: desk.clone() } }
                }
            };
            let paths = paths.iter().map(|path| text_of(path)).collect::<Result<Vec<_>>>()?;
            let request = AddFiles {
                profile: ready.profile.clone(),
                paths,
                place,
                hurry: Hurry { breaking: *breaking, by: by.clone() },
                growing: *growing,
            };
            let added = connection
                .call(request, async |engine, context, request| engine.add_files(context, request).await)
                .await??;
            let done = follow(connection, Some(&ready), show, &added.transfers, patience).await?;
            if done {
                receipts::after(connection, show, &added.transfers).await?;
            }
            Ok(done)
        }
        Verb::Get { keys, into } => {
            let ready = ready(&cli.place, connection).await?;
            let request = FetchClips { profile: ready.profile.clone(), keys: keys.clone(), into: Some(text_of(into)?) };
            let added = connection
                .call(request, async |engine, context, request| engine.fetch_clips(context, request).await)
                .await??;
            follow(connection, Some(&ready), show, &added.transfers, patience).await
        }
        Verb::Ls { prefix } => {
            let ready = ready(&cli.place, connection).await?;
            list(connection, &ready, prefix, show).await
        }
        Verb::Transfers => {
            show.list(&rows(connection).await?);
            Ok(true)
        }
        Verb::Receipt { batch } => receipts::make(cli, connection, show, *batch).await,
        Verb::Verify { receipt, files } => receipts::verify(cli, connection, show, receipt, *files).await,
        Verb::Pause(ids) => {
            ask(connection, Action::Pause, ids.ids.clone()).await?;
            show_them(connection, show, &ids.ids).await
        }
        Verb::Cancel(ids) => {
            let _ready = ready_for(cli, connection, &ids.ids).await?;
            ask(connection, Action::Cancel, ids.ids.clone()).await?;
            follow(connection, None, show, &ids.ids, patience).await?;
            let rows = rows(connection).await?;
            Ok(rows
                .iter()
                .filter(|row| ids.ids.contains(&row.id))
                .all(|row| row.status == rushes_engine::transfer::Status::Cancelled))
        }
        Verb::Resume(ids) => go_on(cli, connection, show, Action::Resume, &ids.ids, patience).await,
        Verb::Retry(ids) => go_on(cli, connection, show, Action::Retry, &ids.ids, patience).await,
        Verb::Breaking { ids, off } => urgency::breaking(connection, show, &ids.ids, !off).await,
        Verb::Deadline { id, by } => urgency::deadline(connection, show, *id, by).await,
        Verb::Limit(verb) => limit::run(verb, connection, show).await,
        Verb::Watch { install, uninstall, verb } => {
            watch::run(cli, (*install, *uninstall), verb.as_ref(), connection, show).await
        }
        Verb::Routes { test } => {
            let ready = ready(&cli.place, connection).await?;
            if *test {
                routes::test(connection, ready.profile, show).await
            } else {
                routes::show(connection, ready.profile, show).await
            }
        }
        Verb::Profile(verb) => profile(cli, verb, connection, show).await,
        Verb::SignIn { name } => sign_in::again(connection, show, name.as_deref()).await,
        Verb::SignOut { name } => sign_in::out(connection, name.as_deref()).await,
        Verb::Support { into } => support::run(into.as_deref(), connection, show).await,
        Verb::Practice { print_keys } => practice(connection, show, *print_keys).await,
    }
}

async fn go_on(
    cli: &Cli,
    connection: &Connection,
    show: &Show,
    action: Action,
    ids: &[TransferId],
    patience: Duration,
) -> Result<bool> {
    let ready = ready_for(cli, connection, ids).await?;
    ask(connection, action, ids.to_vec()).await?;
    follow(connection, ready.first(), show, ids, patience).await
}

/// The buckets that these transfers belong to.
pub async fn ready_for(cli: &Cli, connection: &Connection, ids: &[TransferId]) -> Result<Vec<Ready>> {
    if cli.place.bucket.is_some() || cli.place.endpoint.is_some() {
        return Ok(vec![ready(&cli.place, connection).await?]);
    }
    let mut profiles: Vec<String> =
        rows(connection).await?.into_iter().filter(|row| ids.contains(&row.id)).map(|row| row.profile).collect();
    profiles.sort();
    profiles.dedup();
    let mut all = Vec::new();
    for profile in profiles {
        let place = crate::args::Bucket { profile: Some(profile), ..cli.place.clone() };
        all.push(ready(&place, connection).await?);
    }
    Ok(all)
}

pub async fn rows(connection: &Connection) -> Result<Vec<TransferRow>> {
    Ok(connection.call((), async |engine, context, ()| engine.updates(context, 0).await).await?.rows)
}

pub async fn show_them(connection: &Connection, show: &Show, ids: &[TransferId]) -> Result<bool> {
    let asked: Vec<TransferRow> = rows(connection).await?.into_iter().filter(|row| ids.contains(&row.id)).collect();
    show.list(&asked);
    Ok(true)
}

async fn list(connection: &Connection, ready: &Ready, prefix: &str, show: &Show) -> Result<bool> {
    let mut after: Option<String> = None;
    loop {
        let page = connection
            .call(
                (ready.profile.clone(), prefix.to_owned(), after),
                async |engine, context, (profile, prefix, after)| engine.list(context, profile, prefix, after).await,
            )
            .await??;
        page.clips.iter().for_each(|clip| show.clip(clip));
        match page.clips.last() {
            Some(last) if page.more => after = Some(last.key.clone()),
            _ => return Ok(true),
        }
    }
}

async fn profile(cli: &Cli, verb: &ProfileVerb, connection: &Connection, show: &Show) -> Result<bool> {
    match verb {
        ProfileVerb::List => {
            let rows = connection.call((), async |engine, context, ()| engine.profiles(context).await).await?;
            for row in rows {
                if show.json() {
                    show.object(&row);
                } else {
                    let mark = if row.in_use { "*" } else { " " };
                    let p = &row.profile;
                    show.line(&format!(
                        "{mark} {}  {} · {} · {}{}",
                        printable(&p.name),
                        p.bucket,
                        p.region,
                        p.endpoint.as_deref().unwrap_or("AWS"),
                        if row.needs_keys { " · not signed in yet" } else { "" }
                    ));
                }
            }
            Ok(true)
        }
        ProfileVerb::Add { name, bureau, template, zone, way_in } => {
            let bucket = cli
                .place
                .bucket
                .clone()
                .ok_or_else(|| Error::new(Code::BadInput, "Say which bucket, with --bucket."))?;
            let region = cli.place.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
            let profile = Profile {
                name: name.clone(),
                bureau: bureau.clone(),
                bucket,
                credentials: sign_in::way_in(way_in, &region),
                region,
                endpoint: cli.place.endpoint.clone(),
                accelerate: cli.place.ways.accelerate,
                key_template: template.clone(),
                zone: zone.clone(),
                routes: bucket::routes(&cli.place.ways)?,
            };
            sign_in::save(connection, show, profile.checked()?).await
        }
        ProfileVerb::Rename { from, to } => {
            connection
                .call((from.clone(), to.clone()), async |engine, context, (from, to)| {
                    engine.rename_profile(context, from, to).await
                })
                .await??;
            Ok(true)
        }
        ProfileVerb::Export { name, to, link } => {
            newsroom_file::export(connection, show, name, to.as_deref(), *link).await
        }
        ProfileVerb::Import { file, yes_sha256, confirm } => {
            let trusted = newsroom_file::Trusted { sha256: yes_sha256.as_deref(), addresses: confirm };
            newsroom_file::import(connection, show, file, trusted).await
        }
        ProfileVerb::Policies(asked) => policies::run(cli, asked, connection, show).await,
        ProfileVerb::Use { name } => {
            if name == newsroom::PROFILE {
                // Makes it where it does not exist yet.
                newsroom::open(connection).await?;
            }
            connection
                .call(name.clone(), async |engine, context, name| engine.use_profile(context, name).await)
                .await??;
            Ok(true)
        }
        ProfileVerb::Remove { name } => {
            connection
                .call(name.clone(), async |engine, context, name| engine.remove_profile(context, name).await)
                .await??;
            Ok(true)
        }
    }
}

async fn practice(connection: &Connection, show: &Show, print_keys: bool) -> Result<bool> {
    let home = rushes_engine::home::Home::of_this_user()?;
    let practice = newsroom::open(connection).await?;
    if print_keys {
        let keys = practice.keys();
        show.line(&format!("AWS_ACCESS_KEY_ID={}", keys.access_key_id));
        show.line(&format!("AWS_SECRET_ACCESS_KEY={}", keys.secret_access_key.as_str()));
        return Ok(true);
    }
    let account = credentials::account(&home, newsroom::PROFILE)?;
    let place =
        format!("the keychain, service {SERVICE}, account {account}; rushesctl practice --print-keys prints them");
    if show.json() {
        show.object(&serde_json::json!({
            "endpoint": practice.endpoint(), "region": rushes_practice::REGION, "bucket": rushes_practice::BUCKET, "keys": place,
        }));
    } else {
        show.line(&format!("endpoint  {}", practice.endpoint()));
        show.line(&format!("region    {}", rushes_practice::REGION));
        show.line(&format!("bucket    {}", rushes_practice::BUCKET));
        show.line(&format!("keys      in {place}"));
    }
    // Until Ctrl-C.
    std::future::pending().await
}

pub fn text_of(path: &Path) -> Result<String> {
    let path: PathBuf =
        std::path::absolute(path).map_err(|e| Error::new(Code::BadInput, "That is no path.").because(e))?;
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Error::new(Code::BadInput, format!("{} is not a readable name. Put its folder instead.", path.display()))
    })
}
