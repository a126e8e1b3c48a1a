//! What is taken of the files that are whole: those that were sent before are passed over, the others become transfers.

use std::path::{Path, PathBuf};

use super::folder::Following;
use super::known;
use super::looking::Looked;
use super::underway::InBucket;
use crate::add::{Found, add_watched};
use crate::api::Afterwards;
use crate::cards::card_root;
use crate::error::{Code, Result};
use crate::journal::watching::{self, Sight};
use crate::profile::Profile;
use crate::transfer::{Status, TransferId};

impl Following<'_> {
    pub(super) async fn take(&mut self, looked: Looked) -> Result<()> {
        if looked.whole.is_empty() && looked.recordings.is_empty() {
            return Ok(());
        }
        let mut profile = self.core.profile(Some(&self.folder.profile))?;
        if let Some(template) = &self.folder.key_template {
            profile.key_template.clone_from(template);
        }
        for mut files in looked.whole {
            let is_card = files.first().is_some_and(|(place, _)| card_root(place).is_some());
            if !is_card {
                files.truncate(self.underway.room());
            }
            let files = files.into_iter().map(|(place, sight)| (self.root.join(place), sight)).collect();
            let (new, before) = known::sort(self.core, &self.folder.profile, files).await?;
            for (path, sight, taken) in before {
                self.pass_over(&path, &sight, &taken).await?;
            }
            self.send(&profile, new, false).await?;
        }
        for (place, sight) in looked.recordings {
            self.send(&profile, vec![(self.root.join(place), sight)], true).await?;
        }
        Ok(())
    }

    fn place_of(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.root).unwrap_or(path).to_owned()
    }

    /// It was sent before, from here or from elsewhere: not again.
    async fn pass_over(&mut self, path: &Path, sight: &Sight, taken: &watching::Taken) -> Result<()> {
        let (id, at, now) = (taken.id, path.to_owned(), *sight);
        let pending = self.folder.afterwards != Afterwards::Leave;
        self.core.journal.write(move |c| watching::moved(c, id, &at, &now, pending)).await?;
        let place = self.place_of(path);
        if let Some(seen) = &mut self.seen {
            seen.done_with(&place, sight);
        }
        self.row.skipped += 1;
        if let Some(Status::Done { proof, .. }) = &taken.status {
            let file = InBucket { transfer: taken.transfer, place, sight: *sight, proof: proof.clone() };
            self.underway.see_to(self.core, self.folder, self.root, file).await;
        }
        Ok(())
    }

    async fn send(&mut self, profile: &Profile, files: Vec<(PathBuf, Sight)>, recording: bool) -> Result<()> {
        if files.is_empty() || self.is_sent(profile, &files, recording).await? {
            return Ok(());
        }
        // One name that cannot be a key must not hold the others.
        for file in files {
            let _ = self.is_sent(profile, &[file], recording).await?;
        }
        Ok(())
    }

    /// Whether they became transfers. One alone that cannot is put aside, and said.
    async fn is_sent(&mut self, profile: &Profile, files: &[(PathBuf, Sight)], recording: bool) -> Result<bool> {
        let found = |(path, sight): &(PathBuf, Sight)| {
            let place = self.place_of(path);
            let name: Vec<String> = place.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
            (Found { path: path.clone(), name: name.join("/"), size: sight.size, recording }, *sight)
        };
        let all = files.iter().map(found).collect();
        let error = match add_watched(self.core, self.folder, profile, all).await {
            Ok(added) => {
                self.taken(files, &added.transfers, recording);
                return Ok(true);
            }
            Err(error) if matches!(error.code, Code::BadInput | Code::TooLarge) => error,
            Err(error) => return Err(error),
        };
        if let [(path, sight)] = files {
            let place = self.place_of(path);
            if let Some(seen) = &mut self.seen {
                seen.done_with(&place, sight);
                seen.refused.insert(place, error.message);
            }
        }
        Ok(false)
    }

    fn taken(&mut self, files: &[(PathBuf, Sight)], transfers: &[TransferId], recording: bool) {
        for ((path, sight), transfer) in files.iter().zip(transfers) {
            let place = self.place_of(path);
            if let Some(seen) = &mut self.seen {
                if recording {
                    seen.shot.insert(place.clone());
                } else {
                    seen.done_with(&place, sight);
                }
            }
            self.underway.put(*transfer, place, *sight);
        }
    }
}
