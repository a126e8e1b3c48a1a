//! Watch folders without a window: kept, listed, followed. That they are watched whenever somebody logs on is in `logon`.

mod logon;

use std::collections::HashMap;
use std::path::Path;

use rushes_engine::api::{Afterwards, TransferRow, WatchFolder, WatchRow};
use rushes_engine::attach::Connection;
use rushes_engine::error::{Code, Error, Result};
use rushes_engine::keys::Fields;
use rushes_engine::transfer::Direction;

use crate::args::{After, Cli, WatchAdd, WatchVerb};
use crate::bucket::{Ready, ready};
use crate::limit::bytes;
use crate::show::{Show, printable};
use crate::verbs::text_of;

pub async fn run(
    cli: &Cli,
    (install, uninstall): (bool, bool),
    verb: Option<&WatchVerb>,
    connection: &Connection,
    show: &Show,
) -> Result<bool> {
    match verb {
        None if install => {
            show.line(&logon::install(connection.home().path())?);
            Ok(true)
        }
        None if uninstall => {
            show.line(&logon::uninstall()?);
            Ok(true)
        }
        None => {
            let kept = folders(connection).await?;
            if kept.is_empty() {
                return Err(Error::new(Code::NotFound, "No folder is watched yet. Add one: rushesctl watch add PATH"));
            }
            let ready = ready_for(cli, connection, &kept).await?;
            follow(connection, ready, show).await
        }
        Some(WatchVerb::Add(asked)) => add(cli, asked, connection, show).await,
        Some(WatchVerb::List) => {
            for row in rows(connection).await? {
                tell(&row, show);
            }
            Ok(true)
        }
        Some(WatchVerb::Remove { folder }) => {
            let named = std::path::absolute(folder).unwrap_or_default();
            let is_it = |kept: &&WatchFolder| folder == &kept.id.to_string() || is_at(kept, &named);
            let kept = folders(connection).await?;
            let id = kept.iter().find(is_it).map(|kept| kept.id).ok_or_else(|| {
                Error::new(Code::NotFound, format!("{folder} is not watched. `rushesctl watch list` shows what is."))
            })?;
            connection.call(id, async |engine, context, id| engine.remove_watch_folder(context, id).await).await??;
            Ok(true)
        }
    }
}

/// By its name as it was said, or as the system resolves that.
fn is_at(kept: &WatchFolder, path: &Path) -> bool {
    let there = Path::new(&kept.path);
    there == path || std::fs::canonicalize(path).is_ok_and(|real| real == there)
}

async fn folders(connection: &Connection) -> Result<Vec<WatchFolder>> {
    connection.call((), async |engine, context, ()| engine.watch_folders(context).await).await
}

async fn rows(connection: &Connection) -> Result<Vec<WatchRow>> {
    Ok(connection.call((), async |engine, context, ()| engine.updates(context, 0).await).await?.watching)
}

async fn add(cli: &Cli, asked: &WatchAdd, connection: &Connection, show: &Show) -> Result<bool> {
    let path = text_of(&asked.path)?;
    let ready = ready(&cli.place, connection).await?;
    let profile = match &ready.profile {
        Some(profile) => profile.clone(),
        None => {
            let all = connection.call((), async |engine, context, ()| engine.profiles(context).await).await?;
            let used = all.into_iter().find(|row| row.in_use).map(|row| row.profile.name);
            used.ok_or_else(|| Error::new(Code::NotFound, "No newsroom is in use. Say which, with --profile."))?
        }
    };
    let kept = folders(connection).await?;
    let before = kept.iter().find(|kept| is_at(kept, Path::new(&path)));
    let folder = WatchFolder {
        id: before.map_or(0, |kept| kept.id),
        path,
        profile,
        key_template: asked.key_template.clone(),
        fields: Fields { slug: asked.slug.clone(), story: asked.story.clone(), desk: asked.desk.clone() },
        only: asked.only.clone(),
        except: asked.except.clone(),
        breaking: asked.breaking,
        afterwards: match asked.afterwards {
            After::Leave => Afterwards::Leave,
            After::Move => Afterwards::Move,
            After::Delete => Afterwards::Delete,
        },
        limit: bytes(asked.limit)?,
        while_shot: asked.while_shot,
        quiet_seconds: asked.quiet,
        stopped: asked.stopped,
    };
    let id = connection
        .call(folder, async |engine, context, folder| engine.save_watch_folder(context, folder).await)
        .await??;
    for row in rows(connection).await?.iter().filter(|row| row.folder.id == id) {
        tell(row, show);
    }
    Ok(true)
}

/// The newsrooms that files go to; keys from the environment are lent to the one that is described.
async fn ready_for(cli: &Cli, connection: &Connection, kept: &[WatchFolder]) -> Result<Vec<Ready>> {
    if cli.place.is_described() {
        return Ok(vec![ready(&cli.place, connection).await?]);
    }
    let mut profiles: Vec<&String> = kept.iter().map(|folder| &folder.profile).collect();
    profiles.sort();
    profiles.dedup();
    let mut all = Vec::new();
    for profile in profiles {
        let place = crate::args::Bucket { profile: Some(profile.clone()), ..cli.place.clone() };
        all.push(ready(&place, connection).await?);
    }
    Ok(all)
}

/// Tells what happens until interrupted.
async fn follow(connection: &Connection, ready: Vec<Ready>, show: &Show) -> Result<bool> {
    let mut told: HashMap<i64, WatchRow> = HashMap::new();
    let (mut since, mut generation) = (0, connection.generation());
    loop {
        let update =
            connection.call(since, async |engine, context, since| engine.updates(context, since).await).await?;
        if connection.generation() != generation {
            // The window that ran the engine has left, and this process took over.
            generation = connection.generation();
            for one in &ready {
                one.lend(connection).await?;
            }
        }
        let begins = since == 0;
        since = update.seq;
        let moved = |row: &&TransferRow| row.direction == Direction::Up && !(begins && row.status.is_ended());
        show.progress(update.rows.iter().filter(moved));
        for row in update.watching {
            // When it was last looked at alone is no news, but for the first time.
            let news = WatchRow { last_look: row.last_look.map(|_| 0), ..row.clone() };
            if told.get(&row.folder.id) != Some(&news) {
                told.insert(row.folder.id, news);
                tell(&row, show);
            }
        }
    }
}

fn tell(row: &WatchRow, show: &Show) {
    if show.json() {
        return show.object(row);
    }
    let folder = &row.folder;
    let mut line = format!("{:>5}  {} → {}", folder.id, printable(&folder.path), printable(&folder.profile));
    line.push_str(&format!(" · {} sent", row.sent));
    for (count, word) in [(row.settling, "settling"), (row.open, "still written"), (row.skipped, "sent before")] {
        if count > 0 {
            line.push_str(&format!(", {count} {word}"));
        }
    }
    if folder.stopped {
        line.push_str(" · not watched now");
    }
    show.line(&line);
    let sentences = row.trouble.iter().map(|trouble| &trouble.message).chain(&row.by_looks);
    sentences.for_each(|sentence| show.line(&format!("       {}", printable(sentence))));
    for held in &row.held {
        show.line(&format!("       {}: {}", printable(&held.name), printable(&held.why)));
    }
}
