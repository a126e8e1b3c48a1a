//! The IAM policies of a newsroom's people, printed or written into a folder. What stands in them is the engine's.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use rushes_engine::attach::Connection;
use rushes_engine::error::{Code, Error, Result, disk};
use rushes_engine::profile::Profile;
use rushes_engine::rights::{self, Wishes, Written};

use crate::args::{Cli, Policies};
use crate::bucket;
use crate::show::{Show, printable};

pub async fn run(cli: &Cli, asked: &Policies, connection: &Connection, show: &Show) -> Result<bool> {
    let mut profile = match &asked.name {
        None if cli.place.is_described() => bucket::described_profile(&cli.place)?,
        name => kept(connection, name.as_ref().or(cli.place.profile.as_ref())).await?,
    };
    if let Some(bureau) = &asked.bureau {
        profile.bureau.clone_from(bureau);
    }
    if let Some(template) = &asked.template {
        profile.key_template.clone_from(template);
    }
    let wishes = Wishes {
        own_bureau_only: asked.own_bureau_only,
        grant_function: asked.grant_function.clone(),
        kms_keys: asked.kms_key.clone(),
    };
    let mut all = rights::policies(&profile.checked()?, &wishes)?;
    if let Some(role) = asked.role {
        all.retain(|written| written.role == role.into());
    }
    let is_alone = all.len() == 1;
    for written in &all {
        match &asked.into {
            Some(folder) => write(folder, written, show)?,
            None if show.json() => {
                let (role, policy, notes) = (written.role.name(), &written.policy, &written.notes);
                show.object(&serde_json::json!({ "role": role, "policy": policy, "notes": notes }));
            }
            // Alone, it can be given to another program as it is.
            None if is_alone => show.line(written.policy.text().trim_end()),
            None => show.line(&format!("{}\n{}", written.file_name(), written.policy.text())),
        }
    }
    let mut notes: Vec<&String> = all.iter().flat_map(|written| &written.notes).collect();
    notes.dedup();
    notes.iter().for_each(|note| show.remark(note));
    Ok(true)
}

async fn kept(connection: &Connection, name: Option<&String>) -> Result<Profile> {
    let rows = connection.call((), async |engine, context, ()| engine.profiles(context).await).await?;
    let mut rows = rows.into_iter();
    let row = match name {
        Some(name) => rows.find(|row| row.profile.name == *name),
        None => rows.find(|row| row.in_use),
    };
    row.map(|row| row.profile).ok_or_else(|| {
        let sentence = match name {
            Some(name) => format!("There is no newsroom named {}.", printable(name)),
            None => "There is no newsroom yet. Say which bucket, with --bucket, --region and --bureau.".to_owned(),
        };
        Error::new(Code::NotFound, sentence)
    })
}

/// One that IT has changed since is not written over.
fn write(folder: &Path, written: &Written, show: &Show) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| disk("make", folder, &e))?;
    let (path, text) = (folder.join(written.file_name()), written.policy.text());
    match fs::read_to_string(&path) {
        Ok(there) if there == text => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::write(&path, text).map_err(|e| disk("write", &path, &e))?;
        }
        _ => {
            let sentence = format!("{} is there already and is another one. Choose another folder.", path.display());
            return Err(Error::new(Code::BadInput, sentence));
        }
    }
    if show.json() {
        show.object(&serde_json::json!({ "role": written.role.name(), "path": path, "notes": written.notes }));
    } else {
        show.line(&printable(&path.display().to_string()));
    }
    Ok(())
}
